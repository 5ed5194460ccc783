"""Datasets that margin programs were reported to have trouble with: certified here, or refused with the reason."""

import numpy as np
import pytest
from scipy.optimize import linprog

from solvers import NonSeparableError, max_margin, normalised_margin
from tests.solvers.test_references import check

THREE = np.array([[1.5, 2.5, 1.0], [2.5, 1.5, 1.0], [2.5, 2.5, 1.0]])  # the last feature is an intercept


@pytest.mark.parametrize(("name", "margin"), [("l2", 0.105999788), ("linf", 1 / 9), ("l1", 1 / 13)])
def test_three_points_with_an_intercept(name, margin):
    reference = max_margin(THREE, [0, 0, 1], name)
    check(reference, THREE, np.array([-1, -1, 1]), reference.norm)
    assert reference.lower == pytest.approx(margin, abs=1e-9)


def moved(seed, n, d):
    """Gaussian points, moved apart along a direction that does not use the feature 0."""
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(n, d)), rng.normal(size=d)
    w[0] = 0
    y = np.where(x @ w > 0, 1, -1)
    return x + 0.1 * y[:, None] * w, y


def margin_where_a_feature_is_free(x, y, name):
    """The maximal margin where the weight of the feature 0 costs nothing, by a linear programme in scaled features."""
    q = y[:, None] * x / np.abs(x).max(axis=0)
    costs = 1 / np.abs(x[:, 1:]).max(axis=0)  # of a unit of each weight but the first
    n, d = q.shape
    if name == "linf":
        bounds = [(None, None), *((-1 / c, 1 / c) for c in costs), (None, None)]
        table, right = np.hstack([-q, np.ones((n, 1))]), np.zeros(n)
    else:
        ball = np.concatenate([[0.0], costs, [0.0], costs, [0.0]])
        bounds = [(0, None)] * (2 * d) + [(None, None)]
        table = np.vstack([np.hstack([-q, q, np.ones((n, 1))]), ball])
        right = np.append(np.zeros(n), 1.0)
    return -linprog(np.eye(1, table.shape[1], table.shape[1] - 1)[0] * -1, A_ub=table, b_ub=right, bounds=bounds).fun


@pytest.mark.parametrize("name", ["l2", "linf", "l1"])
def test_a_column_of_size_1e7_beside_columns_of_size_1(name):
    x, y = moved(1, 30, 5)
    x[:, 0] *= 1e7
    reference = max_margin(x, y, name)
    # Multipliers in double precision leave 1e7 rounding errors in the large column: more than the promised 1e-9.
    assert reference.width <= 1e-8
    assert reference.lower <= normalised_margin(reference.weights, x, y, name) * (1 + 1e-15) <= reference.upper
    if name != "l2":  # the weight of the large column is 1e-7 or less, so that it is as good as free
        free = margin_where_a_feature_is_free(x, y, name)
        assert reference.lower <= free * (1 + 1e-8)
        assert free <= reference.upper * (1 + 1e-6)


@pytest.mark.parametrize("name", ["l2", "linf", "l1"])
def test_features_of_size_1e4(name):
    x, y = moved(2, 30, 5)
    plain, large = max_margin(x, y, name), max_margin(1e4 * x, y, name)
    check(large, 1e4 * x, y, large.norm)
    assert large.lower == pytest.approx(1e4 * plain.lower, rel=1e-8)


def test_more_features_than_points_by_far():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(38, 7129)), np.where(np.arange(38) < 27, 1, -1)
    reference = max_margin(x, y, "linf")
    check(reference, x, y, reference.norm)


@pytest.mark.parametrize("labels", [[0, 1, 1, 0], ["no", "yes", "yes", "no"]])
def test_one_point_with_two_labels(labels):
    x = [[1.5, 2.5], [2.5, 1.5], [0.0, 1.0], [2.5, 1.5]]
    with pytest.raises(
        NonSeparableError,
        match="points 1 and 3 have the same features and different labels, which no rule tells apart: drop one of them",
    ):
        max_margin(x, labels)
