"""Schatten margins against another statement of the same programmes, and on features of very different sizes."""

import numpy as np
import pytest
from sklearn.datasets import load_wine

from solvers import max_margin, norm
from solvers.certificates import lower_bound, upper_bound
from solvers.problems import pose
from solvers.programs import conic
from solvers.schatten import schatten
from tests.solvers.data import multiclass

MATRIX_NORMS = ["nuclear", "schatten1.2", "schatten1.5", "schatten3", "schatten7", "spectral"]


def bracket(problem, kind, found):
    weights = found.weights.reshape(problem.shape)
    total = found.multipliers.sum()
    multipliers = problem.scatter(problem.constraints, found.multipliers / total)
    return lower_bound(problem, kind, weights), upper_bound(problem, kind, multipliers)


def solved(x, y, name, tolerance=1e-10):
    problem, kind = pose(x, y), norm(name)
    euclidean = max_margin(x, y).weights
    scale = lower_bound(problem, kind, euclidean)
    rows = problem.rows(problem.constraints)
    (found,) = schatten(rows / scale, problem.shape, kind, tolerance)
    return problem, kind, rows / scale, found


@pytest.mark.parametrize("name", MATRIX_NORMS)
@pytest.mark.parametrize(("n", "d", "k"), [(9, 4, 3), (8, 2, 4), (5, 7, 3)], ids=["wide", "tall", "few points"])
def test_small_cones_agree_with_one_large_one(name, n, d, k):
    problem, kind, rows, found = solved(*multiclass(0, n, d, k), name)
    (other,) = conic([rows], [problem.shape], kind)
    low, high = bracket(problem, kind, found)
    other_low, other_high = bracket(problem, kind, other)
    assert low == pytest.approx(high, rel=1e-6)
    assert low <= other_high
    assert other_low <= high


def test_the_spectral_norm_in_columns_agrees_with_its_dilation(monkeypatch):
    x, y = multiclass(1, 12, 4, 3)
    found = {}
    for side in (0, 100):
        monkeypatch.setattr("solvers.schatten._DILATED", side)
        problem, kind, _, candidate = solved(x, y, "spectral")
        found[side] = bracket(problem, kind, candidate)
    assert found[0] == pytest.approx(found[100], rel=1e-6)


def test_a_rough_solution_is_near():
    problem, kind, _, found = solved(*multiclass(2, 12, 4, 3), "nuclear", tolerance=1e-4)
    low, high = bracket(problem, kind, found)
    assert 1e-9 * high < high - low < 1e-2 * high


@pytest.mark.parametrize("name", MATRIX_NORMS)
def test_raw_measurements_are_certified(name):
    x, y = load_wine(return_X_y=True)
    raw = np.hstack([x, np.ones((len(x), 1))])
    assert np.ptp(np.log10(np.abs(raw).max(axis=0))) > 3
    assert max_margin(raw, y, name).width <= 1e-6


def test_units_of_the_features_do_not_decide_what_is_certified():
    x, y = multiclass(3, 30, 5, 3)
    assert max_margin(x * 10.0 ** np.arange(-2, 3), y, "nuclear").width <= 1e-6
