"""Ridge solutions far along the path: against plain ones, against what they satisfy, and against the flow itself."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from solvers.errors import InputError
from verify.datasets import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins import ensembles
from verify.problems.margins.ridge import (
    PathDirection,
    RidgeDistance,
    RidgePathDistance,
    carried_on,
    nearest,
    of_norm,
    own_log_penalty,
    ridge,
)
from verify.problems.subject import Flow

PAIR = Dataset(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([1, 1]))
LEANING = Dataset(np.array([[0.7, 0.0], [0.7, 0.5]]), np.array([1, 1]))
FLOW = Flow(None, "gradient descent", "logistic")


@pytest.fixture(scope="module")
def lab():
    return Laboratory([PAIR, LEANING], steps=1, log_time=3e3)


def test_a_large_penalty_is_an_ordinary_problem():
    def objective(u):
        return np.logaddexp(0.0, -PAIR.signed @ u).mean() + 0.01 / 2 * u @ u

    found = minimize(objective, np.zeros(2), tol=1e-12)
    np.testing.assert_allclose(ridge(PAIR, math.log(0.01), np.zeros(2)), found.x, rtol=1e-5)


def test_tiny_penalties_satisfy_their_equations():
    """`log(penalty u) = log pull`, where both are below the smallest number."""
    u = ridge(PAIR, -5000.0, np.array([5000.0, 5000.0]))
    z = PAIR.signed @ u
    assert z.min() > 4000
    np.testing.assert_allclose(np.exp(5000.0 - z) @ PAIR.signed / 2, u, rtol=1e-9)
    assert own_log_penalty(PAIR, u) == pytest.approx(-5000.0, abs=1e-9)
    assert nearest(PAIR, u) < 1e-3


def test_the_curves_go_on_as_the_flow_and_the_ridge_path_do(lab):
    weights = ensembles.flow(FLOW, lab).weights[1]
    (g, h), late = LEANING.x[1], weights[-12:]
    flow, path = carried_on(g, h, late[0], np.log(late[:, 0]))
    np.testing.assert_allclose(flow, late[:, 1], atol=1e-6)
    for at, b, w in zip(late[:, 0], path, late, strict=True):
        u = ridge(LEANING, own_log_penalty(LEANING, np.array([at, b])), np.array([at, b]))
        np.testing.assert_allclose(u, [at, b], rtol=1e-6)
        assert nearest(LEANING, w) == pytest.approx(w[1] - b, rel=1e-4)


def test_the_ridge_solution_of_a_norm_is_the_best_of_its_length(lab):
    w = ensembles.flow(FLOW, lab).weights[1][-1]
    u = of_norm(LEANING, w)
    assert np.linalg.norm(u) == pytest.approx(np.linalg.norm(w), rel=1e-9)
    across = 0.1 * np.array([-u[1], u[0]]) / np.linalg.norm(u)
    for turn in (-across, across):
        other = (u + turn) * np.linalg.norm(u) / np.linalg.norm(u + turn)
        # Of losses e^-1000 the logarithms tell.
        losses = [np.logaddexp.reduce(-LEANING.signed @ v) for v in (u, other)]
        assert losses[0] < losses[1]
    with pytest.raises(InputError, match="has the norm 100: give later weights"):
        of_norm(LEANING, np.array([0.0, 100.0]))


def test_directions_of_flow_and_path_come_together(lab):
    measured, start = (PathDirection(start).measure(FLOW, lab) for start in (False, True))
    assert measured.values[:, -1].max() < 2e-3
    assert start.values[:, -1].min() > 0.05
    assert (measured.values[:, -1] < measured.values[:, 0] / 10).all()


def test_only_data_that_support_vectors_span_are_judged(lab):
    own, early = (RidgeDistance(early).measure(FLOW, lab) for early in (False, True))
    np.testing.assert_array_equal(own.judged, [True, False])
    assert own.values[0, -1] < 1e-2 < 1 < early.values[0, -1]


def test_the_distance_grows_without_end():
    lab = Laboratory([LEANING], steps=1, log_time=3e3)
    found = RidgePathDistance().measure(FLOW, lab)
    scaled = found.values[0] * np.exp(found.log_time)
    assert scaled[-1] == pytest.approx(1.0, abs=0.05)
    assert "log ‖w‖" in found.clock.axis


def test_other_points_and_far_starts_are_one_sentence():
    with pytest.raises(InputError, match=r"not of the form \(g, 0\), \(g, h\)"):
        RidgePathDistance().measure(FLOW, Laboratory([PAIR], steps=1, log_time=3e3))
    with pytest.raises(InputError, match="was not solved: start nearer"):
        ridge(PAIR, -5000.0, np.zeros(2))
