"""Gradients and Hessian products of mini-batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers.errors import InputError
from verify.problems.backward.batch_losses import batch_order, derivatives, of_data, of_functions


def quartic(theta, data):
    x, y = data
    return jnp.sum((jnp.tanh(x @ theta) - y) ** 4) + jnp.prod(theta)


def test_derivatives_are_those_of_each_batch():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(3, 5, 4)), rng.normal(size=(3, 5))
    theta, directions = jnp.array(rng.normal(size=4)), jnp.array(rng.normal(size=(3, 4)))

    @jax.jit
    def found():
        g, product = derivatives(of_data(quartic), theta, data, 3)
        return g, product(directions)

    gradients, dense = jax.jit(
        lambda: [jax.vmap(f(quartic), (None, 0))(theta, data) for f in (jax.grad, jax.hessian)]
    )()
    g, products = found()
    np.testing.assert_allclose(g, gradients, rtol=1e-12)
    np.testing.assert_allclose(products, np.einsum("bij,bj->bi", dense, directions), rtol=1e-11, atol=1e-11)


def test_functions_of_a_tree():
    start = {"a": [1.0, 2.0], "b": 3.0}
    total, flat = of_functions([lambda p: p["a"][0] * p["b"], lambda p: p["a"][1] ** 2], start)
    assert flat.tolist() == [1.0, 2.0, 3.0]
    g, _ = derivatives(total, flat, None, 2)
    assert g.tolist() == [[3.0, 0.0, 1.0], [0.0, 4.0, 0.0]]


@pytest.mark.parametrize(
    ("functions", "start", "sentence"),
    [
        ([], [1.0], "no loss"),
        ([jnp.sum], ["a"], "no array of numbers"),
        ([jnp.sum], [np.inf], "not finite"),
        ([jnp.sum], [], "is empty"),
        ([lambda w: w], [1.0, 2.0], "must return one finite number"),
        ([lambda w: jnp.log(w[0])], [-1.0], "must return one finite number"),
        ([lambda w: w["a"]], [1.0], "Loss 0 fails at the start"),
    ],
)
def test_bad_losses(untyped_caller, functions, start, sentence):
    with pytest.raises(InputError, match=sentence):
        of_functions(functions, start)


def test_orders_of_batches():
    drawn = {
        sampling: batch_order((0, 1, 1, 2), sampling, 4002, np.random.default_rng(0))
        for sampling in ("in turn", "reshuffled", "with replacement")
    }
    np.testing.assert_array_equal(drawn["in turn"][:6], [0, 1, 1, 2, 0, 1])
    passes = drawn["reshuffled"][:4000].reshape(-1, 4)
    np.testing.assert_array_equal(np.sort(passes, axis=1), np.tile([0, 1, 1, 2], (1000, 1)))
    assert len(np.unique(passes, axis=0)) == 12  # all orders of the pass
    np.testing.assert_allclose(np.bincount(drawn["with replacement"]) / 4002, [0.25, 0.5, 0.25], atol=0.03)
    assert all(len(order) == 4002 for order in drawn.values())
    with pytest.raises(InputError, match="no sampling 'by lot' of batches: use one of in turn, reshuffled"):
        batch_order((0, 1), "by lot", 4, np.random.default_rng(0))
