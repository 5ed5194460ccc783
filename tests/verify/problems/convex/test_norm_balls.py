"""AdamW's steps, the ball that it minimises over, and the bound of Frank and Wolfe with its constants."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from properties.xie2024.test_adamw import KKT, MINIMUM
from properties.xie2024.test_frank_wolfe import MAIN as RATE
from solvers.constrained import duality_gap
from verify import optimizers
from verify.claims.judge import judge
from verify.claims.verdict import Outcome
from verify.problems.convex.methods import (
    ADAM,
    ADAMW,
    Method,
    constant,
    decoupled,
    harmonic,
    scale_by_averages,
    steepest_descent,
)
from verify.problems.convex.norm_balls import (
    FrankWolfeGap,
    LossGap,
    Stationarity,
    euclidean_smoothness,
    least_loss,
    numerator,
    radius_for_diameter,
)
from verify.problems.convex.runs import Run, descend
from verify.problems.convex.settings import Convex, model
from verify.problems.convex.stacks import regularised, risk, stack
from verify.problems.laboratory import Laboratory

CASES = [
    Convex(loss="squares", n=8, d=3, k=1, decay=1.5, seed=1, betas=(0.9, 0.99)),
    Convex(loss="logistic", n=9, d=2, decay=0.8, seed=2, betas=(0.0, 0.0)),
    Convex(loss="softmax", n=6, d=4, k=3, decay=1.0, seed=3, flaw="zero column", betas=(0.9, 0.95)),
]


@pytest.fixture(scope="module")
def lab():
    return Laboratory(CASES, steps=4000)


def test_averages_scale_as_adam_without_eps_does():
    ours = scale_by_averages(jnp.array([0.9, 0.99]))
    theirs = optimizers.scale_by_second_moment(b1=0.9, b2=0.99, eps=0.0, eps_inside_root=False, bias_correction=False)
    w, rng = jnp.zeros(3), np.random.default_rng(0)
    a, b = ours.init(w), theirs.init(w)
    for _ in range(5):
        g = jnp.asarray(rng.normal(size=3)) * jnp.array([1.0, 1.0, 0.0])
        (u, a), (v, b) = ours.update(g, a), theirs.update(g, b)
        np.testing.assert_allclose(u, v, rtol=1e-12)


def test_decay_stands_beside_the_direction():
    optimizer = decoupled(optax.identity(), 0.5, 0.1)
    w, g = jnp.array([2.0, -4.0]), jnp.array([1.0, 1.0])
    u, _ = optimizer.update(g, optimizer.init(w), w)
    np.testing.assert_allclose(u, -0.1 * (g + 0.5 * w))


def test_no_feature_no_move():
    weights = descend(Run(ADAMW, risk), stack(CASES), CASES, 10)
    assert np.isfinite(weights).all()
    assert not weights[2, :, 3].any()  # padding


@pytest.mark.parametrize(
    ("claim", "quantity"), [(MINIMUM, LossGap(Run(ADAMW, risk))), (KKT, Stationarity(Run(ADAMW, risk)))]
)
def test_adamw_goes_to_its_ball_and_to_no_other(lab, claim, quantity):
    m = quantity.measure(claim.subject, lab)
    assert m.judged.all()
    assert m.values[:, -1].max() < 1e-2
    for wrong in (replace(quantity, radius=0.5), replace(quantity, run=Run(ADAM, regularised))):
        assert wrong.measure(claim.subject, lab).values[:, -1].max() > 0.1


def test_minimum_over_the_ball_is_a_kkt_point():
    found = least_loss(CASES[0], "linf", 1 / 1.5)
    assert abs(duality_gap(model(CASES[0]), found.weights, "linf", 1 / 1.5)) < 1e-7
    assert least_loss(CASES[0], "spectral", 1.0) == least_loss(CASES[0], "spectral", 1.0)
    assert least_loss(CASES[0], "spectral", 1.0).upper == least_loss(CASES[0], "l2", 1.0).upper


def test_first_step_of_steepest_descent_lands_on_the_sphere():
    case = CASES[0]
    w = descend(Run(steepest_descent("linf"), risk), stack([case]), [case], 1)[0, 0]
    np.testing.assert_allclose(np.abs(w[0, :3]), 1 / case.decay)


def test_step_sizes():
    assert harmonic(1, 0.5) == pytest.approx(2.0)
    assert harmonic(3, 0.5) == pytest.approx(1.0)
    assert constant(7, 0.5) == pytest.approx(0.5)


def test_rate_of_frank_and_wolfe_and_what_breaks_it(lab):
    good = FrankWolfeGap(("l1", "linf"), share=1.0)
    assert judge(RATE, good.measure(RATE.subject, lab)).outcome is Outcome.SUPPORTED
    for bad in (
        replace(good, radius=2.0),
        FrankWolfeGap(("linf",), lambda norm: steepest_descent(norm, constant), share=1.0),
    ):
        assert judge(RATE, bad.measure(RATE.subject, lab)).outcome is Outcome.REFUTED


def test_a_bound_of_zero_is_no_violation():
    nothing = Convex(loss="squares", n=3, d=1, decay=1.0, flaw="zero column", seed=6)
    m = FrankWolfeGap(("l2",), share=1.0).measure(RATE.subject, Laboratory([nothing], steps=20))
    assert judge(RATE, m).outcome is Outcome.SUPPORTED
    assert not m.larger_side.any()


def test_constants_of_the_bound():
    case = CASES[0]
    assert radius_for_diameter("linf", case) < numerator("linf", case) / 4 * (1 + 1e-12)
    assert euclidean_smoothness("linf", case) < numerator("linf", case)
    assert euclidean_smoothness("l2", case) == pytest.approx(numerator("l2", case))


def test_a_method_outside_of_every_ball_is_refuted(lab):
    still = Method("none", lambda p: optax.sgd(0.0))
    assert LossGap(Run(still, risk)).measure(MINIMUM.subject, lab).values[:, -1].max() > 0.1
