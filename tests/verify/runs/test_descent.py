"""Gradient descent with all of its steps: against plain formulas, and where those leave floating point."""

import jax.numpy as jnp
import numpy as np
import pytest

from solvers.errors import InputError
from verify.datasets import Dataset
from verify.losses import loss
from verify.runs.descent import (
    TAILS,
    ByData,
    Constant,
    Descent,
    Growing,
    OnMargin,
    OverLoss,
    OverSlope,
    Scheduled,
    descend,
    tail_loss,
)

X = [[0.6, 0.8], [1.0, 0.0], [0.0, -0.5]]
DATA = [Dataset(X, [1, 1, -1]), Dataset([[0.5]], [1])]
GAMMA = np.array([0.4, 0.5])


def test_it_is_plain_gradient_descent():
    path = descend(Descent(Constant(3.0), 20), DATA, GAMMA, steps=7)
    z, w = DATA[0].signed, np.zeros(2)
    for t in range(20):
        np.testing.assert_allclose(path.weights[0, t], w, atol=1e-13)
        w = w + 3.0 * (z / (1 + np.exp(z @ w))[:, None]).mean(axis=0)
    np.testing.assert_allclose(path.average[0, 4], path.weights[0, :5].mean(axis=0))
    losses = np.log1p(np.exp(-path.weights[0] @ z.T))
    np.testing.assert_allclose(path.log_loss(path.weights)[0], np.log(losses.mean(axis=1)))
    np.testing.assert_allclose(path.smoothed(path.weights)[0], -np.log(np.expm1(losses.mean(axis=1))))
    np.testing.assert_allclose(path.smoothed(path.weights, total=True)[0], -np.log(np.expm1(losses.sum(axis=1))))
    assert descend(Descent(Constant(3.0), None), DATA, GAMMA, steps=7).log_steps.shape == (2, 7)


def test_points_and_features_that_are_absent_do_nothing():
    both = descend(Descent(Constant(3.0), 20), DATA, GAMMA, steps=1)
    alone = descend(Descent(Constant(3.0), 20), DATA[1:], GAMMA[1:], steps=1)
    np.testing.assert_array_equal(both.weights[1, :, :1], alone.weights[0])
    assert not both.weights[1, :, 1].any()
    np.testing.assert_array_equal(both.log_slope(both.weights)[1], alone.log_slope(alone.weights)[0])


@pytest.mark.parametrize("name", ["logistic", "exponential"])
def test_the_losses_are_those_of_the_engine(name):
    z = np.array([-300.0, -3.0, 0.0, 0.5, 36.9, 37.1, 900.0])
    value, slope = loss(name).log_value(jnp.asarray(z[:, None])), loss(name).log_slopes(jnp.asarray(z[:, None]))[:, 0]
    np.testing.assert_allclose(TAILS[name].log_value(z), value, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(TAILS[name].log_slope(z), slope, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(TAILS[name].inverse(TAILS[name].log_value(z)), z, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("k", [1, 2])
def test_polynomial_tails_end_at_minus_one(k):
    tail, z = TAILS[f"polynomial{k}"], np.array([-1.0 + 1e-9, -0.5, 0.0, 3.0, 1e9])
    np.testing.assert_allclose(tail.log_value(z), -k * np.log1p(z))
    np.testing.assert_allclose(tail.log_slope(z), np.log(k / (1 + z) ** (k + 1)), rtol=1e-12)
    np.testing.assert_allclose(tail.inverse(tail.log_value(z)), z, rtol=1e-12)
    np.testing.assert_array_equal(tail.log_value(np.array([-2.0, -1.0, np.inf])), [np.inf, np.inf, -np.inf])
    with pytest.raises(InputError, match="are no numbers"):
        descend(
            Descent(Constant(9.0), 9, f"polynomial{k}"),
            [Dataset([[1.0, 0.1], [-0.9, 0.1]], [1, 1])],
            GAMMA[:1],
            steps=1,
        )


@pytest.mark.parametrize("loss", ["exponential", "logistic", "polynomial2"])
def test_steps_over_the_slope_push_by_the_dual_variables(loss):
    """`|l'(z_i)| / |l'(-psi)|`, by plain formulas."""
    path = descend(Descent(OverSlope(lambda n: 1 / n, loss, 0.5), 20, loss), DATA, GAMMA, steps=1)
    value, slope, inverse = {
        "exponential": (lambda z: np.exp(-z), lambda z: np.exp(-z), lambda v: -np.log(v)),
        "logistic": (lambda z: np.log1p(np.exp(-z)), lambda z: 1 / (1 + np.exp(z)), lambda v: -np.log(np.expm1(v))),
        "polynomial2": (lambda z: (1 + z) ** -2, lambda z: 2 * (1 + z) ** -3, lambda v: v**-0.5 - 1),
    }[loss]
    x = DATA[0].signed
    for t in range(20):
        z = x @ path.weights[0, t]
        q = slope(z) / slope(inverse(value(z).sum()))
        np.testing.assert_allclose(path.weights[0, t + 1] - path.weights[0, t], q @ x / 3 / (t + 1) ** 0.5, rtol=1e-9)


def test_step_sizes_are_what_they_say():
    sizes = {
        Constant(2.0): lambda t, mean: 2.0,
        Scheduled(2.0, 0.5): lambda t, mean: 2.0 / (t + 1) ** 0.5,
        Growing(2.0, 0.5): lambda t, mean: 2.0 * np.exp(t**0.5),
        OverLoss(2.0, 0.5): lambda t, mean: 2.0 / mean / (t + 1) ** 0.5,
        OnMargin(2.0): lambda t, mean: 2.0 / -np.expm1(-mean),
        OnMargin(2.0, "exponential"): lambda t, mean: 2.0 / mean,
        ByData(lambda gamma, n: n / gamma): lambda t, mean: 3 / 0.4,
    }
    for rule, expected in sizes.items():
        name = getattr(rule, "loss", "logistic")
        path = descend(Descent(rule, 5, name), DATA, GAMMA, steps=1)
        means = np.exp(path.log_loss(path.weights)[0])
        np.testing.assert_allclose(path.eta[0], [expected(t, means[t]) for t in range(5)], rtol=1e-12)


def test_margins_of_ten_thousand_keep_their_digits():
    """A single point of norm 1: each step of `eta / L` moves by eta exactly."""
    path = descend(Descent(OverLoss(1e4), 50, "exponential"), [Dataset([[1.0]], [1])], np.ones(1), steps=1)
    np.testing.assert_allclose(path.weights[0, :, 0], 1e4 * np.arange(51), rtol=1e-14)
    assert path.log_loss(path.weights)[0, -1] == pytest.approx(-5e5)


def test_the_perceptron_counts_ties_by_half():
    path = descend(Descent(Constant(1.0), 3, "perceptron"), DATA, GAMMA, steps=1)
    np.testing.assert_allclose(path.weights[0, 1], DATA[0].signed.mean(axis=0) / 2)
    assert np.exp(path.log_slope(path.weights))[0, 0] == pytest.approx(0.5)


def test_memory_is_that_of_dual_acceleration():
    path = descend(Descent(OverLoss(1.0), 3, "exponential", lambda t: t / (t + 1)), DATA[1:], GAMMA[1:], steps=1)
    step, g, w = 0.5, 0.0, [0.0]
    for t in range(3):
        g = t / (t + 1) * (g + step)
        w.append(w[-1] + g + step)
    np.testing.assert_allclose(path.weights[0, :, 0], w)


def test_progressive_rescaling_scales_at_new_radii_and_projects_after_steps():
    """By a plain loop; from zero weights nothing is scaled."""
    path = descend(Descent(OverLoss(1.0), 9, "exponential", radius=lambda t: 1.3 ** (t // 3)), DATA, GAMMA, steps=1)
    x, w, radius = DATA[0].signed, np.zeros(2), 1.0
    for t in range(9):
        if 1.3 ** (t // 3) > radius:
            radius = 1.3 ** (t // 3)
            w = radius * w / np.linalg.norm(w)
        q = np.exp(-x @ w)
        w = w + q @ x / q.sum()
        w = w * min(1.0, radius / np.linalg.norm(w))
        np.testing.assert_allclose(path.weights[0, t + 1], w, rtol=1e-12)
    assert np.linalg.norm(path.weights[1, -1]) == pytest.approx(1.69)


def test_another_method_runs_on_the_same_data():
    path = descend(Descent(Constant(3.0), 9), DATA, GAMMA, steps=1)
    again = path.again(Descent(Constant(1.0), 400))
    np.testing.assert_array_equal(again.weights, descend(Descent(Constant(1.0), 9), DATA, GAMMA, steps=1).weights)


def test_bad_input_is_one_sentence():
    with pytest.raises(InputError, match="no loss 'hinge': use one of"):
        tail_loss("hinge")
    with pytest.raises(InputError, match="are no numbers on some dataset"):
        descend(Descent(OverLoss(1e308, -1.0), 5), DATA, GAMMA, steps=1)
    with pytest.raises(InputError, match="classes"):
        descend(Descent(Constant(1.0), 5), [Dataset([[1.0], [2.0]], [0, 1], classes=2)], GAMMA[:1], steps=1)
