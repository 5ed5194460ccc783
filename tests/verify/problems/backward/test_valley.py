"""The perturbed one-norm and the valley of minima: the runs are Adam's, and their ends are where theory wants them."""

from dataclasses import replace

import hypothesis
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from properties.cattaneo2024.test_illustration import CLAIMS
from solvers.errors import InputError
from verify import Dataset, optimizers
from verify.errors import TrajectoryError
from verify.problems.backward.sweep import Adam, Sweep, one_norm
from verify.problems.backward.valley import PAPER, Valley, ValleyEnd, ends, paths, valleys
from verify.problems.laboratory import Laboratory

RHOS = Sweep(("rho",), (0.9, 0.99))
BETAS = Sweep(("beta",), (0.0, 0.9))


def test_one_norm():
    g = np.array([[3.0, 0.0, -4.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(one_norm(g, 0.0), [7, 0])
    np.testing.assert_allclose(one_norm(g, 1.0), [10**0.5 + 1 + 17**0.5, 3])
    np.testing.assert_allclose(one_norm(jnp.asarray(g), 1.0), one_norm(g, 1.0))


def test_runs_are_those_of_the_library():
    found = paths(PAPER, RHOS, steps=40)
    for row, rho in zip(found, RHOS.values, strict=True):
        method = optimizers.adam(
            PAPER.step_size, PAPER.beta, rho, PAPER.eps, eps_inside_root=True, bias_correction=True
        )
        theta = jnp.array(PAPER.start)
        state = method.init(theta)
        for expected in row:
            np.testing.assert_allclose(theta, expected, rtol=1e-12)
            residual = PAPER.y - theta[0] * theta[1] * PAPER.x
            updates, state = method.update(-PAPER.x * residual * theta[::-1], state)
            theta = optax.apply_updates(theta, updates)


def test_ends_lie_on_the_valley_and_continue_the_paths():
    found = ends([PAPER], RHOS, steps=20_000)
    assert found.settled.all()
    last = paths(PAPER, RHOS, steps=20_000)[:, -1]
    np.testing.assert_allclose(last.prod(axis=1), PAPER.y / PAPER.x, rtol=1e-6)
    np.testing.assert_allclose(found.one_norm[0], last.sum(axis=1), rtol=1e-9)
    assert not ends([PAPER], RHOS, steps=100).settled.any()


@pytest.mark.parametrize("rho", [0.5, 0.8, 0.95, 0.98])
def test_first_order_bias_is_the_predicted_one(rho):
    """Without ε the run moves along signs, so that the bias alone moves `θ₂ - θ₁`, by
    `(h/2) ((1+β)/(1-β) - (1+ρ)/(1-ρ)) (∂₁‖∇E‖₁/|∂₁E| - ∂₂‖∇E‖₁/|∂₂E|)` in unit time."""
    h, x, y = 2e-4, PAPER.x, PAPER.y
    small = replace(PAPER, eps=1e-12, step_size=h)
    # Past the transients, and to where a third of the way is left.
    begin, end = 1000, 8000
    theta = paths(small, Sweep(("rho",), (rho, 0.99)), steps=end)[0, begin:]
    residual, total = x * theta.prod(axis=1) - y, theta.sum(axis=1)
    other = theta[:, ::-1]
    ratios = (x * (x * other * total[:, None] + residual[:, None])) / (residual[:, None] * x * other)
    bracket = (1 + small.beta) / (1 - small.beta) - (1 + rho) / (1 - rho)
    turn = h / 2 * bracket * (ratios[:, 0] - ratios[:, 1])
    moved = np.diff(theta, axis=1)[[0, -1], 0]
    assert moved[1] - moved[0] == pytest.approx(np.trapezoid(turn, dx=h), rel=0.02)


def test_large_eps_forgets_rho_but_not_beta():
    large = PAPER.with_large_eps()
    for sweep, spread in ((RHOS, 1e-5), (BETAS, None)):
        found = ends([large], sweep, steps=20_000)
        assert found.settled.all()
        change = abs(found.one_norm[0, -1] / found.one_norm[0, 0] - 1)
        assert change < spread if spread else change > 0.01


def test_a_run_that_leaves_the_numbers_is_named():
    with pytest.raises(TrajectoryError, match=r"rho=0\.9, .* met NaN or infinity at step \d+ on Valley"):
        ends([replace(PAPER, step_size=1e200)], RHOS, steps=100)


def test_sweeps():
    np.testing.assert_allclose(np.exp(BETAS.log_clock), [1, 10])
    steps = Sweep(("step_size",), (0.5, 2.0))
    np.testing.assert_allclose(np.exp(steps.log_clock), [1, 4])
    assert [a.step_size for a in steps.columns(Adam(0.9, 0.99, 0.1, 1e-8))] == [0.05, 0.2]
    both = Sweep(("beta", "rho"), (0.5, 0.9)).columns(Adam(0.0, 0.0, 0.1, 1e-8))
    assert [(a.beta, a.rho) for a in both] == [(0.5, 0.5), (0.9, 0.9)]
    with pytest.raises(InputError, match="choose from beta, rho, step_size"):
        Sweep(("eps",), (1.0, 2.0))
    for values in ((0.9,), (0.9, 0.5), (0.5, 1.0)):
        with pytest.raises(InputError, match="two increasing values"):
            Sweep(("beta",), values)


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(valley=valleys(((0.9, 0.99), (0.0, 0.9))))
def test_drawn_valleys_are_in_the_regime(valley):
    a, b = valley.start
    assert a * b > 6 * valley.y / valley.x
    assert b > 1.1 * a
    assert valley.eps**0.5 < 0.01 * valley.slope
    assert 1 - valley.rho > 10 * valley.step_size / (a * b) ** 0.5
    assert valley.swapped().swapped() == valley


def test_quantity_measures_valleys_only():
    quantity = ValleyEnd(RHOS)
    with pytest.raises(InputError, match="draw such ones"):
        quantity.measure(CLAIMS[0].subject, Laboratory([Dataset([[1, 2]], [1])], steps=10))
    late = quantity.measure(CLAIMS[0].subject, Laboratory([PAPER], steps=50))
    assert not late.judged.any()
    assert "1 settings are left out" in late.notes[0]


def test_relative_quantity_begins_at_zero():
    quantity = ValleyEnd(RHOS, Valley.with_large_eps, relative=True)
    found = quantity.measure(CLAIMS[-1].subject, Laboratory([PAPER], steps=20_000))
    assert found.values[0, 0] == 0
    assert 0 < found.values[0, 1] < 1e-4
    assert found.clock.axis == "1 / (1 - ρ)"
