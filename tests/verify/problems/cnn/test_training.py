"""The two-layer CNN: runs against plain loops, padding, batches, the rotated basis; test errors against draws."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from verify.errors import TrajectoryError
from verify.problems.cnn import training
from verify.problems.cnn.errors import (
    feature_margin,
    feature_products,
    fresh_margins,
    moments,
    population_error,
    sampled_error,
)
from verify.problems.cnn.patches import Blocks, Patches, PatchModel, draw, fresh, start
from verify.problems.cnn.training import Job, train

MODEL = PatchModel(n=4, d=60, s=3, alpha=0.3, sigma_p=0.6)


def job(model: PatchModel = MODEL, m: int = 3, seed: int = 0, **changes) -> Job:
    told = {"q": 3.0, "eta": 0.05, "lam": 0.01} | changes
    return Job(draw(model, seed), start(model, m, 0.5, seed), **told)


def flat(w) -> np.ndarray:
    return np.concatenate([np.asarray(part).ravel() for _, part in sorted(w.items())])


def own_gradient(j: Job, w: dict[str, np.ndarray], share: np.ndarray) -> dict[str, np.ndarray]:
    """By hand, one sample and neuron at a time."""
    assert isinstance(j.data, Blocks)
    g = {name: j.lam * part.copy() for name, part in w.items()}
    y, noise, alpha = np.asarray(j.data.y), np.asarray(j.data.noise), float(j.data.alpha)
    for i in range(len(y)):
        a = w["feature"][..., 0] * y[i]
        u = (w["noise"][:, :, i] * noise[i]).sum(-1) - alpha * a
        outputs = (np.maximum(a, 0) ** j.q + np.maximum(u, 0) ** j.q).sum(1)
        margin = y[i] * (outputs[0] - outputs[1])
        slope = -share[i] / (1 + np.exp(margin)) * y[i] * np.array([1.0, -1.0])[:, None] * j.q
        along, across = slope * np.maximum(a, 0) ** (j.q - 1), slope * np.maximum(u, 0) ** (j.q - 1)
        g["feature"][..., 0] += (along - alpha * across) * y[i]
        g["noise"][:, :, i] += across[..., None] * noise[i]
    return g


def end(jobs: list[Job], method: str, steps: int) -> list[dict[str, np.ndarray]]:
    (run,) = train(jobs, method, [steps])
    return run.weights


def test_gradient_descent_by_hand_and_in_the_rotated_basis():
    j = job()
    w = {name: part.copy() for name, part in j.start.items()}
    for _ in range(20):
        g = own_gradient(j, w, np.full(4, 0.25))
        w = {name: part - j.eta * g[name] for name, part in w.items()}
    np.testing.assert_allclose(flat(end([j], "gd", 20)[0]), flat(w), atol=1e-13)


@pytest.mark.parametrize("memory", [(0.8, 0.9), (0.0, 0.9), (0.0, 0.0)])
@pytest.mark.parametrize("method", ["adam", "adamw", "sign_gd"])
def test_methods_by_hand(method, memory):
    j = job(b1=memory[0], b2=memory[1], eps=1e-3)
    w = {name: part.copy() for name, part in j.start.items()}
    first, second = ({name: 0 * part for name, part in w.items()} for _ in range(2))
    for t in range(1, 11):
        g = own_gradient(j, w, np.full(4, 0.25))
        for name in w:
            slope = g[name] - (j.lam * w[name] if method == "adamw" else 0)
            first[name] = j.b1 * first[name] + (1 - j.b1) * slope
            second[name] = j.b2 * second[name] + (1 - j.b2) * slope**2
            adam = first[name] / (1 - j.b1**t) / (np.sqrt(second[name] / (1 - j.b2**t)) + j.eps)
            update = {"adam": adam, "adamw": adam + j.lam * w[name], "sign_gd": np.sign(slope)}[method]
            w[name] = w[name] - j.eta * update
    np.testing.assert_allclose(flat(end([j], method, 10)[0]), flat(w), atol=1e-11)


def test_company_and_padding_change_nothing():
    other = job(PatchModel(n=7, d=90, s=5, alpha=0.1, sigma_p=0.3, width=2), m=4, seed=1, eta=0.01, q=4.0)
    for method in ("gd", "adam"):
        alone = [flat(end([j], method, 30)[0]) for j in (job(), other)]
        together = [flat(w) for w in end([job(), other], method, 30)]
        for a, b in zip(alone, together, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("compiling", [0.0, 0.7])
@pytest.mark.parametrize("batch", [None, 2])
def test_large_runs_go_one_after_the_other_to_the_same_end(monkeypatch, batch, compiling):
    """In one program or in several: where compiling is for nothing, each of these has its own."""
    jobs = [job(seed=seed, eta=0.01 * (1 + seed), batch=batch, m=5 - seed, b1=0.9 * (seed < 2)) for seed in range(3)]
    abreast = [flat(w) for w in end(jobs, "adam", 30)]
    monkeypatch.setattr(training, "_LARGE", 1)
    monkeypatch.setattr(training, "_COMPILING", compiling)
    for a, b in zip(abreast, (flat(w) for w in end(jobs, "adam", 30)), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-12)


def test_runs_go_together_where_padding_costs_less_than_compiling():
    jobs = [job(m=m, b1=0.9, b2=b2) for m, b2 in ((40, 0.9), (3, 0.9), (41, 0.9), (40, 0.0))]
    jobs[3] = replace(jobs[3], b1=0.0)
    runs = [(j.data, j.start) for j in jobs]
    assert sorted(map(sorted, training._alike(jobs, runs, "adam", 10))) == [[0, 1, 2, 3]]
    assert sorted(map(sorted, training._alike(jobs, runs, "adam", 10**6))) == [[0, 2], [1], [3]]
    assert sorted(map(sorted, training._alike(jobs, runs, "sign_gd", 10**6))) == [[0, 2, 3], [1]]


def test_an_epoch_sees_every_sample_once():
    # With a step so small that the slopes stay, an epoch of batches adds up to that many full steps.
    j = job(eta=1e-7, lam=0.0, batch=2)
    full = job(eta=1e-7, lam=0.0)
    moved = [(flat(end([each], "gd", 2)[0]) - flat(each.start)) / 1e-7 for each in (j, full)]
    np.testing.assert_allclose(moved[0], moved[1], atol=1e-5)
    once = [(flat(end([each], "gd", 1)[0]) - flat(each.start)) / 1e-7 for each in (j, full)]
    assert np.abs(once[0] - once[1]).max() > 1e-2


def test_plain_patches_agree_with_blocks():
    j = job()
    assert isinstance(j.data, Blocks)
    n, s = MODEL.n, MODEL.s
    x = np.zeros((n, 2, 1 + n * s))
    x[:, 0, 0] = j.data.y
    x[:, 1, 0] = -0.3 * np.asarray(j.data.y)
    for i in range(n):
        x[i, 1, 1 + i * s : 1 + (i + 1) * s] = np.asarray(j.data.noise)[i]
    first = np.concatenate([j.start["feature"], j.start["noise"].reshape(2, 3, -1)], axis=-1)
    plain = Job(Patches(j.data.y, j.data.share, x), {"all": first}, j.q, j.eta, j.lam)
    found = end([plain], "gd", 20)[0]["all"]
    expected = end([j], "gd", 20)[0]
    np.testing.assert_allclose(found[..., 0], expected["feature"][..., 0], atol=1e-12)
    np.testing.assert_allclose(found[..., 1:].reshape(2, 3, n, s), expected["noise"], atol=1e-12)


def test_moments_and_bracket_agree_with_draws():
    # Small d, so that fresh points do meet the training samples' coordinates.
    model = PatchModel(n=4, d=21, s=3, alpha=0.3, sigma_p=0.6)
    w = start(model, 3, 1.0, 5)
    points = fresh(model, 40_000, 9)
    u = np.asarray(points.noise @ np.concatenate([w["noise"].reshape(6, -1), w["spare"].reshape(6, -1)], axis=1).T)
    rms, kurtosis = (a.ravel() for a in moments(w, model))
    np.testing.assert_allclose(np.sqrt(np.mean(u**2, axis=0)), rms, rtol=0.03)
    np.testing.assert_allclose(np.mean(u**4, axis=0) / rms**4, kurtosis, rtol=0.2)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_bracket_of_a_network_that_sees_the_feature_only(sign):
    w = {name: 1e-3 * part for name, part in start(MODEL, 2, 1.0, 0).items()}
    w["feature"] = sign * np.array([1.0, -1.0])[:, None, None] * np.ones((2, 2, 1))
    low, high = population_error(w, MODEL, 3)
    wrong = float(sign < 0)
    assert low <= wrong <= high
    assert high - low < 1e-6
    assert sampled_error(w, MODEL, 3, 200, 0)[0] == wrong
    assert np.sign(feature_margin(w, 3)) == sign
    np.testing.assert_allclose(feature_products(w), sign)


def test_bracket_holds_the_sampled_error_where_noise_matters():
    w = start(MODEL, 2, 1.0, 3)
    low, high = population_error(w, MODEL, 3)
    error, least, most = sampled_error(w, MODEL, 3, 4000, 1)
    assert least <= error <= most
    assert low <= most
    assert high >= least
    assert fresh_margins(w, MODEL, 3, fresh(MODEL, 7, 0)).shape == (7,)


def test_bad_input(monkeypatch):
    with pytest.raises(InputError, match="no method 'sgd'"):
        list(train([job()], "sgd", [1]))
    with pytest.raises(InputError, match="batch is 5 but there are 4 samples"):
        job(batch=5)
    with pytest.raises(InputError, match="choose eta > 0"):
        job(eta=0.0)
    shared = PatchModel(n=4, d=60, s=3, alpha=0.3, sigma_p=0.6, disjoint=False)
    for least in (1, 10_000):
        monkeypatch.setattr(training, "_LARGE", least)
        with pytest.raises(InputError, match="train them apart"):
            list(train([job(), job(shared)], "adam", [1]))


def test_divergence_is_told():
    with pytest.raises(TrajectoryError, match="not finite by step 50 in run 1"):
        list(train([job(), job(eta=1e6)], "gd", [50]))


def test_an_epoch_sees_every_sample_where_batches_do_not_divide_them():
    first = start(MODEL, 3, 0.5, 0)

    def seen(batch: int | None, seed: int) -> set[int]:
        """The samples whose noise has moved a weight after two steps."""
        j = Job(draw(MODEL, 0), first, q=3.0, eta=0.05, lam=0.0, batch=batch, seed=seed)
        moved = np.abs(end([j], "gd", 2)[0]["noise"] - first["noise"]) > 1e-12
        return set(np.flatnonzero(moved.any(axis=(0, 1, 3))))

    assert seen(None, 0) == {0, 1, 2, 3}
    # Three samples and one are an epoch of two steps.
    for seed in range(6):
        assert seen(3, seed) == {0, 1, 2, 3}
