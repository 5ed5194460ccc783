"""Regimes of training: curves of each kind are told apart, and the sharpness is the Hessian's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from verify.problems.backward.regimes import (
    Regime,
    preconditioned_sharpness,
    regimes,
    rising,
    spiked,
    stability_threshold,
    turns_back,
)

EPOCHS = np.arange(200)
FALLING = np.exp(-EPOCHS / 50)
SWINGING = FALLING * (1 + 0.2 * (-1.0) ** EPOCHS)  # rises every other epoch, by half at most
NEVER, ALWAYS = np.zeros(50, bool), np.ones(50, bool)


def spike(place: int, height: float) -> np.ndarray:
    return np.where(place == EPOCHS, height * FALLING, FALLING)


@pytest.mark.parametrize(
    ("loss", "turned", "regime"),
    [
        (FALLING, NEVER, Regime.SMOOTH),
        (FALLING, ALWAYS, Regime.OSCILLATING),  # the gradient oscillates while the loss falls on
        (SWINGING, ALWAYS, Regime.OSCILLATING),
        (SWINGING, NEVER, Regime.SMOOTH),
        (FALLING, np.arange(50) < 25, Regime.SMOOTH),  # half of the epochs are not more than half
        (FALLING, np.arange(50) < 26, Regime.OSCILLATING),
        (spike(60, 2.1), NEVER, Regime.SPIKED),
        (spike(60, 2.1), ALWAYS, Regime.SPIKED),
        (spike(60, 1.9), NEVER, Regime.SMOOTH),
        (FALLING[::-1], NEVER, Regime.DIVERGED),
        (np.where(EPOCHS > 100, np.inf, FALLING), NEVER, Regime.DIVERGED),
        (np.where(EPOCHS > 100, np.nan, FALLING), ALWAYS, Regime.DIVERGED),
    ],
)
def test_each_curve_has_its_regime(loss, turned, regime):
    assert regimes(loss, turned) == regime


def test_many_runs_at_once():
    found = regimes(np.array([[FALLING, SWINGING], [spike(9, 3.0), FALLING[::-1]]]), np.array([[NEVER, ALWAYS]] * 2))
    assert found.tolist() == [["smooth", "oscillating"], ["spiked", "diverged"]]


def test_spikes_are_above_the_least_so_far():
    assert spiked(np.array([4.0, 1.0, 2.1]))
    assert not spiked(np.array([4.0, 1.0, 2.0]))
    assert not spiked(np.array([1.0]))


def test_rises_are_counted_late():
    assert rising(np.concatenate([FALLING[::-1], FALLING])) == 0
    assert rising(SWINGING) == pytest.approx(24 / 49)  # from odd epochs to even ones, of 150 to 199
    assert rising(np.array([1.0])) == 0


def test_an_oscillation_turns_back_and_a_decay_does_not():
    def gradient(t: int, swing: float) -> dict[str, jnp.ndarray]:
        return {"a": jnp.array([0.9**t, 0.8**t]), "b": jnp.array([swing * (-1.0) ** t])}

    for swing, expected in ((0.0, False), (1e-4, False), (0.5, True)):
        assert bool(turns_back(*(gradient(t, swing) for t in (7, 6, 5)))) is expected


def test_sharpness_is_the_largest_eigenvalue():
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(6, 6))
    hessian, denominators = factor @ factor.T, rng.uniform(0.1, 3.0, 6)

    def loss(w):
        flat = jnp.concatenate([w["a"], w["b"]])
        return flat @ hessian @ flat / 2

    weights = {"a": jnp.zeros(2), "b": jnp.zeros(4)}
    tree = {"a": jnp.asarray(denominators[:2]), "b": jnp.asarray(denominators[2:])}
    scale = denominators**-0.5
    expected = np.linalg.eigvalsh(scale[:, None] * hessian * scale)[-1]
    assert float(preconditioned_sharpness(loss, weights, tree, rounds=200)) == pytest.approx(expected, rel=1e-6)
    assert float(preconditioned_sharpness(loss, weights, tree)) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_momentum_oscillates_from_the_threshold_on(beta, factor):
    """With denominators that stand still Adam is the heavy ball, which on a parabola grows above the threshold."""
    step_size = 0.1
    sharpness = factor * stability_threshold(beta, step_size)

    def step(carry, _):
        w, average = carry
        average = beta * average + (1 - beta) * sharpness * w
        return (w - step_size * average, average), jnp.abs(w)

    _, sizes = jax.lax.scan(step, (1.0, 0.0), length=3000)
    assert bool(sizes[-1] > 1) is (factor > 1)
