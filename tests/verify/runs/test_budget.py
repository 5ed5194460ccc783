"""The gap budget holds for every optimizer, norm and loss, and is not so large that it could not fail."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers import max_margins
from solvers.errors import InputError
from tests.verify import samples
from verify import optimizers
from verify.datasets import Dataset
from verify.losses import CROSS_ENTROPY, LOSSES, log_sum_exp
from verify.runs.budget import PARTS, _tail, gap_budget
from verify.runs.simulation import run

STEPS = optimizers.PowerDecay(0.1, 1 / 2)


def binary(count: int) -> list[Dataset]:
    rng = np.random.default_rng(0)
    sets = []
    for _ in range(count):
        n, d = rng.integers(1, 12), rng.integers(1, 8)
        w, x = rng.normal(size=d), rng.normal(size=(n, d))
        sets.append(Dataset(x, np.where(x @ w > 0, 1, -1)))
    return sets


def classes(count: int) -> list[Dataset]:
    rng = np.random.default_rng(1)
    sets = []
    for _ in range(count):
        k, d = rng.integers(2, 5), rng.integers(2, 8)
        centres = rng.normal(size=(k, d))
        y = np.concatenate([np.arange(k), rng.integers(0, k, 6)])
        sets.append(Dataset(centres[y] + 0.01 * rng.normal(size=(len(y), d)), y, classes=int(k)))
    return sets


CASES = [
    (binary(16), optimizers.sign_gd(STEPS), "exponential", "linf"),
    (binary(16), optimizers.adam(STEPS, b2=0.99), "logistic", "linf"),
    (binary(16), optimizers.normalised_gd(STEPS), "logistic", "l2"),
    (classes(8), optimizers.sign_gd(STEPS), "cross_entropy", "linf"),
    ([samples.classes(9, 5, 3, i) for i in range(8)], optimizers.spectral_descent(STEPS), "cross_entropy", "spectral"),
]


@pytest.mark.parametrize(
    ("datasets", "optimizer", "loss", "norm"), CASES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_the_gap_is_below_its_budget(datasets, optimizer, loss, norm):
    result = run(optimizer, datasets, loss=loss, steps=2000, norms=[norm], budget=True)
    references = max_margins([s.problem for s in datasets], norm)
    gamma = np.array([r.upper for r in references])
    parts = gap_budget(result, datasets, list(gamma), norm=norm, loss=loss)
    gap = gamma[:, None] - result.normalised_margin(norm)
    seen = result.margin >= 0
    assert seen[:, -1].all()
    assert np.all(gap[seen] <= parts.total[seen] + 1e-9 * np.broadcast_to(gamma[:, None], gap.shape)[seen])
    # With the second-order terms at a hundredth and without log n it must fail somewhere: the bound is no platitude.
    bare = parts.misalignment + parts.discretisation / 100
    assert np.any(gap[seen] > bare[seen])


METHODS = optimizers.OPTIMIZERS | {
    "momentum_ngd": lambda steps: optimizers.steepest_descent(steps, "l2", b1=0.9),
    "signum": lambda steps: optimizers.steepest_descent(steps, "linf", b1=0.9),
    "l1.5_descent": lambda steps: optimizers.steepest_descent(steps, "l1.5"),
    "l3_descent": lambda steps: optimizers.steepest_descent(steps, "l3"),
}


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_optimizer_keeps_its_budget_in_every_norm(name):
    loss = ("cross_entropy", "exponential", "pairwise_logistic")[sorted(METHODS).index(name) % 3]
    matrices = name in ("spectral_descent", "nuclear_descent", "muon", "adam")
    datasets = [samples.classes(6, 4, 3, seed) if matrices else samples.binary(8, 3, seed) for seed in range(5)]
    norms = ("l1.5", "spectral" if matrices else "linf")
    result = run(METHODS[name](0.1), datasets, loss=loss, steps=200, norms=norms, budget=True)
    for norm in norms:
        gamma = np.array([r.upper for r in max_margins([s.problem for s in datasets], norm)])
        parts = gap_budget(result, datasets, list(gamma), norm=norm, loss=loss)
        gap = gamma[:, None] - result.normalised_margin(norm)
        seen = result.margin >= 0
        assert seen.any(axis=1).all()
        assert np.all(gap[seen] <= parts.total[seen] + 1e-11)
        np.testing.assert_allclose(sum(getattr(parts, part) for part in PARTS), parts.total, rtol=1e-12)
        assert np.isnan(parts.total[~seen]).all()


@pytest.mark.parametrize("loss", ["exponential", "cross_entropy", "pairwise_logistic"])
def test_the_curvature_of_the_log_loss_is_at_most_the_largest_squared_change_of_a_margin(loss):
    kind = LOSSES[loss]

    def log_loss(s, z, v):
        return log_sum_exp(kind.log_value(z + s * v) - jnp.log(len(z)))

    bend = jax.jit(jax.grad(jax.grad(log_loss)))
    rng = np.random.default_rng(2)
    ratio = []
    for _ in range(300):
        z, v = rng.normal(0, rng.uniform(0.1, 8), (4, 3)), rng.normal(size=(4, 3))
        ratio.append(float(bend(0.0, z, v)) / np.max(v * v))
    # Two points of equal loss whose margins change against each other reach the constant for the exponential loss.
    z, v = np.full((4, 3), 3.0 if loss == "exponential" else 9.0), np.ones((4, 3)) * [[1.0], [-1.0], [1.0], [-1.0]]
    sharp = float(bend(0.0, z, v))
    assert max(ratio) <= 1.0
    assert 0.99 < sharp <= 1.0 + 1e-12


@pytest.mark.parametrize("loss", ["cross_entropy", "pairwise_logistic"])
def test_the_tail_gives_the_least_margin_that_the_loss_allows(loss):
    rng = np.random.default_rng(3)
    for scale in (0.1, 3.0, 60.0):
        z = jnp.asarray(rng.uniform(0, scale, (6, 3)))
        log_total = float(log_sum_exp(LOSSES[loss].log_value(z)))
        tail = float(_tail(np.array([[log_total]]))[0, 0])
        assert z.min() >= -(log_total + tail) - 1e-12
        # One point with one rival has the margin that its loss says.
        alone = float(LOSSES[loss].log_value(z[:1, :1])[0])
        assert -(alone + float(_tail(np.array([[alone]]))[0, 0])) == pytest.approx(float(z[0, 0]), rel=1e-9)


def test_a_large_loss_has_a_finite_tail():
    assert _tail(np.array([[np.log(5000.0)]]))[0, 0] == pytest.approx(5000 - np.log(5000.0))


def test_a_loss_without_a_derived_budget_is_refused():
    point = [Dataset([[2]], [1])]
    result = run(optimizers.sign_gd(0.5), point, loss="exponential", steps=10, norms=["linf"], budget=True)
    with pytest.raises(InputError, match="no gap budget for the loss 'mine'"):
        gap_budget(result, point, [2.0], norm="linf", loss=replace(CROSS_ENTROPY, name="mine"))


def test_one_point_by_hand():
    # One point x = 2 under the exponential loss and SignGD with step 1/2: F = -z, and z grows by 1 a step.
    result = run(
        optimizers.sign_gd(0.5), [Dataset([[2]], [1])], loss="exponential", steps=10, norms=["linf"], budget=True
    )
    parts = gap_budget(result, [Dataset([[2]], [1])], [2.0], norm="linf", loss="exponential")
    np.testing.assert_allclose(result.path["linf"][0], 0.5 * result.time)
    np.testing.assert_allclose(parts.misalignment, 0, atol=1e-12)
    np.testing.assert_allclose(parts.discretisation, 1.0, rtol=1e-12)
    np.testing.assert_allclose(parts.log_n + parts.tail, 0, atol=1e-12)


def test_a_run_without_sums_is_refused():
    point = [Dataset([[2]], [1])]
    result = run(optimizers.sign_gd(0.5), point, loss="exponential", steps=10, norms=["linf"])
    with pytest.raises(InputError, match="budget=True"):
        gap_budget(result, point, [2.0], norm="linf", loss="exponential")
