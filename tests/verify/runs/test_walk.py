"""A walk takes the steps of a run, and readings are what naive formulas give, where those still work."""

import numpy as np
import optax
import pytest

from solvers.errors import InputError
from tests.verify.samples import binary, classes
from verify import optimizers
from verify.datasets import Dataset
from verify.errors import TrajectoryError
from verify.optimizers import PowerDecay
from verify.runs.simulation import run
from verify.runs.walk import read, walk

STEPS = PowerDecay(0.1, 1 / 2)
PAIR = Dataset([[1], [-1]], [0, 1], classes=2)
MIXED = [classes(6, 4, 3), classes(7, 3, 2), classes(5, 5, 4)]


def test_the_last_weights_are_those_of_a_run():
    optimizer = optimizers.adam(STEPS, 0.9, 0.99)
    result = run(optimizer, MIXED, loss="cross_entropy", steps=100)
    kept = walk(optimizer, MIXED, steps=int(result.time[-1]))
    for weights, last, dataset in zip(kept.weights[:, -1], result.weights, MIXED, strict=True):
        own = tuple(map(slice, dataset.weights_shape))
        np.testing.assert_allclose(weights[own], last, rtol=1e-9, atol=1e-12)
        assert np.count_nonzero(weights) == np.count_nonzero(weights[own])


@pytest.mark.parametrize(
    "optimizer",
    [
        optax.lookahead(optax.sgd(0.5), 2, 0.5),
        optax.contrib.sam(optax.sgd(0.5), optax.chain(optax.contrib.normalize(), optax.sgd(0.05))),
    ],
    ids=["lookahead", "SAM"],
)
def test_what_a_method_gives_is_kept_where_its_gradients_are_taken_elsewhere(optimizer):
    kept = walk(optimizer, [PAIR], steps=7)
    result = run(optimizer, PAIR, loss="cross_entropy", steps=7, record=[1, 2, 3, 4, 5, 6], weights=True)
    assert result.weights_at is not None
    np.testing.assert_allclose(kept.weights[0, 1:, :2, :1], result.weights_at[0], rtol=1e-12)
    np.testing.assert_allclose(np.cumsum(kept.updates, axis=1), kept.weights[:, 1:], rtol=1e-12)
    assert not kept.updates[0, 0].any()  # slow weights, and those before the step aside, wait for the second step


def test_the_first_steps_by_hand():
    kept = walk(optimizers.sign_gd(0.5), [PAIR], steps=3)
    np.testing.assert_array_equal(kept.weights[0, :, 0, 0], [0, 0.5, 1, 1.5])
    np.testing.assert_array_equal(kept.weights[0, :, 1, 0], [0, -0.5, -1, -1.5])
    np.testing.assert_array_equal(kept.updates[0, :, :2, 0], [[0.5, -0.5]] * 3)


def test_start_weights_are_started_from():
    start = np.array([[1.0], [2.0]])
    kept = walk(optimizers.sign_gd(0.5), [PAIR], steps=2, w0=[start])
    np.testing.assert_array_equal(kept.weights[0, 0, :2, :1], start)
    np.testing.assert_array_equal(kept.weights[0, 2, :2, :1], start + np.array([[1.0], [-1.0]]))


def test_binary_data_walk_too():
    # Of the samples 1 and 2 the slopes are q1, q2 = 1 / (1 + e^w), 1 / (1 + e^2w).
    data = [Dataset([[1], [-2]], [1, -1])]
    kept = walk(optimizers.sign_gd(0.5), data, steps=2, loss="logistic")
    np.testing.assert_array_equal(kept.weights[0, :, 0], [0, 0.5, 1])
    q1, q2 = 1 / (1 + np.exp(1.0)), 1 / (1 + np.exp(2.0))
    reading = read(data, kept.weights)
    np.testing.assert_allclose(reading.log_proxy[0, 2], np.log((q1 + q2) / 2), rtol=1e-12)
    np.testing.assert_allclose(reading.gradient[0, 2, 0], -(q1 + 2 * q2) / (q1 + q2), rtol=1e-12)
    assert reading.split.shape[-1] == 0


def _naive(dataset: Dataset, w: np.ndarray) -> dict[str, np.ndarray]:
    logits = dataset.x @ w.T
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    own = np.eye(dataset.classes)[dataset.y]
    wrong = np.where(own > 0, 0, p)
    loss, proxy = -np.log((p * own).sum(axis=1)).mean(), wrong.sum(axis=1).mean()
    return {
        "log_loss": np.log(loss),
        "log_proxy": np.log(proxy),
        "ratio": proxy / loss,
        "excess": (loss - proxy) / loss**2,
        "gradient": (p - own).T @ dataset.x / dataset.n / proxy,
        "split": (wrong.sum(axis=0) + own.T @ wrong.sum(axis=1)) / dataset.n / proxy,
    }


@pytest.mark.parametrize("place", range(3))
def test_readings_are_the_naive_formulas_where_nothing_is_small(place):
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(3, 4, 4, 8))
    for i, dataset in enumerate(MIXED):
        weights[i, :, dataset.classes :], weights[i, ..., dataset.d :] = 0, 0
    reading, dataset = read(MIXED, weights), MIXED[place]
    k, d = dataset.weights_shape
    for j in range(4):
        expected = _naive(dataset, weights[place, j, :k, :d])
        for name in ("log_loss", "log_proxy", "ratio", "excess"):
            assert getattr(reading, name)[place, j] == pytest.approx(expected[name], rel=1e-9)
        np.testing.assert_allclose(reading.gradient[place, j, :k, :d], expected["gradient"], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(reading.split[place, j, :k], expected["split"], rtol=1e-9)
        assert reading.split[place, j].sum() == pytest.approx(2.0)  # G is the sum of either part
        assert not reading.gradient[place, j, k:].any()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 5.0, 100.0, 1e4])
def test_readings_at_any_margin(scale):
    # Two samples with the same margin 2 s: L = log(1 + e^-2s), G = 1 / (1 + e^2s).
    w = np.zeros((1, 1, 4, 8))
    w[0, 0, :2, 0] = scale, -scale
    reading = read([PAIR], w)
    assert reading.margin[0, 0] == pytest.approx(2 * scale)
    assert reading.log_proxy[0, 0] == pytest.approx(-np.logaddexp(0, 2 * scale), rel=1e-14)
    np.testing.assert_allclose(reading.gradient[0, 0, :2, 0], [-1, 1], rtol=1e-14)
    np.testing.assert_allclose(reading.split[0, 0], [1, 1, 0, 0], rtol=1e-14)
    q = 1 / (1 + np.exp(2 * min(scale, 300)))
    series = sum(q**j / (j + 2) for j in range(60))  # (-log(1 - q) - q) / q^2
    assert reading.ratio[0, 0] == pytest.approx(q / -np.log1p(-q), rel=1e-14)
    assert reading.excess[0, 0] == pytest.approx(series * (q / -np.log1p(-q)) ** 2, rel=1e-12)


def test_company_changes_no_reading():
    rng = np.random.default_rng(1)
    weights = np.zeros((3, 2, 4, 8))
    weights[:, :, :2, :3] = rng.normal(size=(3, 2, 2, 3))
    together, alone = read(MIXED, weights), read(MIXED[1:2], weights[1:2])
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a[1:2], b, rtol=1e-12, atol=1e-300)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="binary and multiclass"):
        walk(optimizers.sign_gd(0.1), [binary(3, 2), PAIR], steps=1)
    with pytest.raises(InputError, match="binary and multiclass, or none"):
        walk(optimizers.sign_gd(0.1), [], steps=1)
    with pytest.raises(InputError, match="at least one step"):
        walk(optimizers.sign_gd(0.1), [PAIR], steps=0)
    with pytest.raises(InputError, match=r"shape \(1, 2\): give them the shape \(2, 1\)"):
        walk(optimizers.sign_gd(0.1), [PAIR], steps=1, w0=[np.zeros((1, 2))])
    with pytest.raises(InputError, match="2 of 1 datasets"):
        walk(optimizers.sign_gd(0.1), [PAIR], steps=1, w0=[np.zeros((2, 1))] * 2)


def test_steps_that_depend_on_the_shape_are_refused_on_several_sizes():
    mean = optax.stateless(lambda u, _: u / u.size)
    with pytest.raises(InputError, match="depend on the weights' shape"):
        walk(mean, MIXED, steps=1)


def test_a_walk_that_ends_says_where():
    with pytest.raises(TrajectoryError, match="left the range of floating point after 31 steps"):
        walk(optimizers.sign_gd(10.0), [PAIR], steps=40)
    with pytest.raises(TrajectoryError, match="met NaN or infinity after 1 steps on dataset 0"):
        walk(optax.scale(np.nan), [PAIR], steps=3)
