"""Equations without memory against each other and against the equation with memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from verify.problems.backward import memoryless, modified_equation
from verify.problems.backward.batch_losses import of_data
from verify.problems.backward.memoryless import Bias, Momentum
from verify.problems.backward.modified_equation import Hyperparameters, Memory, tables, velocity


def loss(theta, data):
    x, y = data
    return jnp.sum((jnp.tanh(x @ theta) - y) ** 2)


RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(1, 5, 3)), RNG.normal(size=(1, 5))
THETA = jnp.array(RNG.normal(size=3))
TOTAL = of_data(loss)


def energy(theta):
    return loss(theta, (DATA[0][0], DATA[1][0]))


@pytest.mark.parametrize("inside", [1.0, 0.0])
@pytest.mark.parametrize(("beta", "rho", "eps"), [(0.0, 0.6, 0.1), (0.8, 0.3, 1.0), (0.5, 0.7, 1e-6)])
def test_bias_is_what_the_h_term_becomes(beta, rho, eps, inside):
    memory = Memory(1, modified_equation.window(beta, rho), 1)
    n = 200
    numbers = Hyperparameters(beta, rho, eps, inside)
    exact = velocity(THETA, n, TOTAL, DATA, memory, tables((0,), n + 2, memory, beta, rho), numbers)
    h = 1e-3
    bias = memoryless.adam(THETA, n, h, (DATA, Bias(beta, rho, eps, inside=inside)), TOTAL)
    np.testing.assert_allclose(bias, exact.at(h), rtol=1e-10)


def test_slope_is_the_gradient_of_the_perturbed_norm():
    eps = 0.2
    _, g, slope = memoryless.bias_of(THETA, 1.0, DATA, Bias(0.5, 0.7, eps), TOTAL)
    np.testing.assert_allclose(g, jax.grad(energy)(THETA))
    by_jax = jax.grad(lambda at: memoryless.one_norm(jax.grad(energy)(at), eps))(THETA)
    np.testing.assert_allclose(slope, by_jax, rtol=1e-10)


def test_slope_with_eps_outside_is_the_gradient_of_its_norm():
    eps = 0.2

    def norm(at):
        size = jnp.abs(jax.grad(energy)(at))
        return jnp.sum(size - eps * jnp.log1p(size / eps))

    _, _, slope = memoryless.bias_of(THETA, 1.0, DATA, Bias(0.5, 0.7, eps, inside=0.0), TOTAL)
    np.testing.assert_allclose(slope, jax.grad(norm)(THETA), rtol=1e-10)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_heavy_ball_is_memory_and_gradient_descents_own_penalty(beta):
    h = 0.01
    step = h / (1 - beta)
    flow = memoryless.heavy_ball(THETA, 0, h, (DATA, Momentum(beta)), TOTAL)
    iteration = memoryless.memoryless(THETA, 0, h, (DATA, Momentum(beta)), TOTAL)
    square = jax.grad(lambda at: jnp.sum(jax.grad(energy)(at) ** 2))(THETA)
    np.testing.assert_allclose(flow, iteration - step / 4 * square / (1 - beta), rtol=1e-10)
