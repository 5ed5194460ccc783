"""The gap budget holds for every optimizer, norm and loss, and is not so large that it could not fail."""

import numpy as np
import pytest

from solvers import max_margins
from solvers.errors import InputError
from verify import optimizers
from verify.budget import gap_budget
from verify.datasets import Dataset
from verify.trajectory import run

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
        sets.append(Dataset(centres[y] + 0.01 * rng.normal(size=(len(y), d)), y))
    return sets


CASES = [
    (binary(16), optimizers.sign_gd(STEPS), "exponential", "linf"),
    (binary(16), optimizers.adam(STEPS, b2=0.99), "logistic", "linf"),
    (binary(16), optimizers.normalised_gd(STEPS), "logistic", "l2"),
    (classes(8), optimizers.sign_gd(STEPS), "cross_entropy", "linf"),
    (classes(8), optimizers.spectral_descent(STEPS), "cross_entropy", "spectral"),
]


@pytest.mark.parametrize(
    ("datasets", "optimizer", "loss", "norm"), CASES, ids=lambda v: v if isinstance(v, str) else ""
)
def test_the_gap_is_below_its_budget(datasets, optimizer, loss, norm):
    result = run(optimizer, datasets, loss=loss, steps=2000, norms=[norm], budget=True)
    references = max_margins([(s.x, s.y) for s in datasets], norm)
    gamma = np.array([r.upper for r in references])
    parts = gap_budget(result, datasets, list(gamma), norm=norm, loss=loss)
    gap = gamma[:, None] - result.normalised_margin(norm)
    seen = result.margin >= 0
    assert seen[:, -1].all()
    assert np.all(gap[seen] <= parts.total[seen] + 1e-9 * np.broadcast_to(gamma[:, None], gap.shape)[seen])
    # With the second-order terms at a hundredth and without log n it must fail somewhere: the bound is no platitude.
    bare = parts.misalignment + parts.discretisation / 100
    assert np.any(gap[seen] > bare[seen])


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
