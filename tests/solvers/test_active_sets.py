"""Active sets found from known ones, against scipy's non-negative least squares."""

import numpy as np
import pytest
import scipy.optimize

from solvers.active_sets import active_set
from solvers.problems import pose
from solvers.programs import nearest_points
from tests.solvers.data import binary, multiclass, thin

NONE = np.zeros(0, np.int64)


def rows_of(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    problem = pose(x, y)
    return problem.rows(problem.constraints)


def plain(rows: np.ndarray) -> np.ndarray:
    system = np.vstack([rows.T, np.ones(len(rows))])
    return scipy.optimize.nnls(system, np.eye(len(system))[-1])[0]


@pytest.mark.parametrize(
    "rows",
    [rows_of(*binary(0, 40, 60)), rows_of(*binary(1, 400, 30)), rows_of(*multiclass(2, 80, 5, 4)),
     rows_of(*thin(3, 60, 8, 1e-3))],
    ids=["wide", "tall", "classes", "a small margin"],
)  # fmt: skip
@pytest.mark.parametrize("begin", [NONE, np.array([0, 3, 5]), np.arange(8)], ids=["none", "three", "eight"])
def test_from_any_start_the_multipliers_are_those_of_scipy(rows: np.ndarray, begin: np.ndarray):
    found = active_set(rows, begin)
    assert found is not None
    multipliers = np.zeros(len(rows))
    multipliers[found[0]] = found[1]
    np.testing.assert_allclose(multipliers, plain(rows), rtol=1e-6, atol=1e-9)


def test_from_the_last_set_nothing_is_exchanged(monkeypatch: pytest.MonkeyPatch):
    rows = rows_of(*binary(1, 400, 30))
    known = active_set(rows, NONE)
    assert known is not None
    import scipy.linalg

    factor, count = scipy.linalg.cho_factor, []
    monkeypatch.setattr(scipy.linalg, "cho_factor", lambda *args, **how: count.append(1) or factor(*args, **how))
    again = active_set(rows, known[0])
    assert again is not None
    assert len(count) == 1
    np.testing.assert_array_equal(np.sort(again[0]), np.sort(known[0]))


def test_vectors_that_depend_on_each_other_are_left_to_others():
    """Where the normal equations are singular no set is claimed, and the nearest point is found all the same."""
    rows = rows_of(*binary(4, 30, 4))
    twice = np.vstack([rows, rows])
    assert active_set(twice, np.arange(len(twice))) is None
    one, other = nearest_points(twice, np.arange(len(twice)))[0], nearest_points(rows)[0]
    np.testing.assert_allclose(one.weights / np.abs(one.weights).max(), other.weights / np.abs(other.weights).max())
    start = nearest_points(rows, np.flatnonzero(other.multipliers))[0]
    np.testing.assert_allclose(start.multipliers, other.multipliers, rtol=1e-12)
