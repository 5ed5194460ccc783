"""The identity by which the deficit is read, at any weights."""

import numpy as np
import pytest

import solvers
from benchmarks.first_law import split
from verify import Dataset

DATA = [Dataset([[1, 2, 0], [3, -1, 1], [-2, -2, 1]], [1, 1, -1]), Dataset([[1, 2], [1, 2]], [1, 1])]


@pytest.mark.parametrize("norm", ["l1", "l2", "linf"])
@pytest.mark.parametrize("size", [0.1, 1.0, 50.0, 1e4])
def test_the_two_parts_add_up_to_the_deficit(norm: str, size: float):
    rng = np.random.default_rng(0)
    weights = [size * rng.standard_normal(data.d) for data in DATA]
    gamma = np.array([solvers.max_margin(data.x, data.y, norm).upper for data in DATA])
    parts = split(gamma, weights, DATA, norm)
    sizes = [float(solvers.norm(norm).value(w)) for w in weights]
    deficits = [g * s - (data.signed @ w).min() for g, s, data, w in zip(gamma, sizes, DATA, weights, strict=True)]
    np.testing.assert_allclose(parts.aligned + parts.entropy, deficits, rtol=1e-12, atol=1e-12 * size)
    assert (parts.entropy >= -1e-12).all()
    assert (parts.entropy <= np.log([data.n for data in DATA])).all()


def test_equal_shares_have_no_entropy_left():
    parts = split(np.ones(2), [np.array([1.0, 0.0, 0.0]), np.ones(2)], DATA, "l2")
    assert parts.entropy[1] == pytest.approx(0.0, abs=1e-12)
