"""Distances between ends of methods: certified by gradients with weight decay, and by nothing without."""

from dataclasses import replace

import numpy as np
import optax
import pytest

from properties.zou2023.test_convex import CLASSES, DISTANCE, GD, OPTIMUM, SIGN_GD
from verify.claims.judge import judge
from verify.claims.verdict import Outcome
from verify.problems.convex.methods import Method
from verify.problems.convex.optima import Apart, Astray, FromOptimum, Reclassified, Runs, optimum
from verify.problems.convex.settings import Convex, model
from verify.problems.convex.stacks import risk
from verify.problems.laboratory import Laboratory

CASES = [
    Convex(loss="squares", n=5, d=3, k=2, decay=0.3, seed=1),
    Convex(loss="logistic", n=7, d=2, decay=0.5, seed=2),
    Convex(loss="softmax", n=6, d=4, k=3, decay=0.1, seed=3, flaw="zero column"),
]
PAIR = Runs((GD, SIGN_GD), share=1.0)
UNDECAYED = replace(PAIR, objective=risk)


@pytest.fixture(scope="module")
def lab():
    return Laboratory(CASES, steps=500)


def test_optimum_of_squares_is_the_ridge_solution():
    case = CASES[0]
    m = model(case)
    ridge = np.linalg.solve(m.x.T @ m.x / case.n + case.decay * np.eye(case.d), m.x.T @ m.target / case.n).T
    found = optimum(case)
    np.testing.assert_allclose(found.weights, ridge, atol=1e-8)
    assert np.linalg.norm(found.weights - ridge) <= found.residual / case.decay + 1e-12


@pytest.mark.parametrize(
    ("claim", "quantity"),
    [(DISTANCE, Apart(PAIR)), (OPTIMUM, FromOptimum(PAIR)), (CLASSES, Reclassified(PAIR))],
    ids=lambda v: getattr(v, "id", ""),
)
def test_bounds_hold_with_weight_decay_and_fail_without(lab, claim, quantity):
    m = quantity.measure(claim.subject, lab)
    assert judge(claim, m).outcome is Outcome.SUPPORTED
    assert (m.values[m.judged] > 0).any()
    false = replace(quantity, runs=UNDECAYED)
    assert judge(claim, false.measure(claim.subject, lab)).outcome is Outcome.REFUTED


def test_only_problems_of_classes_are_classified(lab):
    assert Reclassified(PAIR).measure(CLASSES.subject, lab).judged.tolist() == [False, True, True]


def test_gradient_descent_from_the_null_space_attains_the_bound():
    """Where the data do not reach, the gradient is the decay alone, and the distance is e/λ exactly."""
    case = Convex(loss="squares", n=1, d=4, decay=0.2, seed=5)
    lab = Laboratory([case], steps=200)
    m = FromOptimum(Runs((GD,), share=1.0)).measure(OPTIMUM.subject, lab)
    assert (m.values / m.larger_side).max() > 0.9999


def test_a_run_that_goes_elsewhere_is_astray(lab):
    home = Astray(Runs((GD,), share=1.0)).measure(OPTIMUM.subject, lab)
    away = Astray(Runs((GD, Method("none", lambda p: optax.sgd(0.0))), share=1.0)).measure(OPTIMUM.subject, lab)
    assert home.values[:, -1].max() < 1e-6
    np.testing.assert_allclose(away.values[:, -1], 1.0)  # it stays at the start
    assert "none ends at 1 at most" in away.notes[0]
