"""Optimizers of pytrees on flat vectors: the same steps, also of those that keep parameters of their own."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree
from optax.contrib import schedule_free_eval_params, schedule_free_sgd

from verify.models import two_layer
from verify.optimizers.calling import calling
from verify.runs.flattened import flattened

MODEL = two_layer(2).at(3, 1)
START = MODEL.unravel(jnp.arange(1.0, MODEL.size + 1))


def objective(params):
    return sum(jnp.sum(leaf**4) for leaf in jax.tree.leaves(params)) / 1e4


def flat_run(optimizer, steps: int):
    """What the engine does: the flat parameters, and those that are measured."""
    called = calling(flattened(optimizer, MODEL), (MODEL.size,))
    w = ravel_pytree(START)[0]
    state = called.init(w)

    def value(w):
        return objective(MODEL.unravel(w))

    for _ in range(steps):
        g = jax.grad(value)(w)
        given = {"value": value(w), "grad": g, "value_fn": value, "obj_fn": value}
        given["grad_fn"] = lambda w, _=None: jax.grad(value)(w)
        u, state = called.update(g, state, w, **{name: given[name] for name in called.asks})
        w = w + u
    return w, w if called.measured is None else called.measured(state, w)


def tree_run(optimizer, steps: int):
    params, state = START, optimizer.init(START)
    update = optax.with_extra_args_support(optimizer).update
    for _ in range(steps):
        value, g = jax.value_and_grad(objective)(params)
        u, state = update(g, state, params, value=value, grad=g, value_fn=objective)
        params = optax.apply_updates(params, u)
    return params, state


@pytest.mark.parametrize(
    "optimizer",
    [
        optax.adam(0.1),
        optax.lbfgs(),
        optax.partition({"a": optax.sgd(0.1), "b": optax.adam(0.1)}, {"first": "a", "last": "b"}),
    ],
    ids=["adam", "lbfgs", "partition"],
)
def test_steps_are_those_on_the_pytree(optimizer):
    found, measured = flat_run(optimizer, 4)
    np.testing.assert_allclose(found, ravel_pytree(tree_run(optimizer, 4)[0])[0], rtol=1e-10)
    assert measured is found


def test_schedule_free_weights_are_those_for_evaluation():
    optimizer = schedule_free_sgd(0.1)
    params, state = tree_run(optimizer, 5)
    found, measured = flat_run(optimizer, 5)
    np.testing.assert_allclose(found, ravel_pytree(params)[0], rtol=1e-10)
    np.testing.assert_allclose(measured, ravel_pytree(schedule_free_eval_params(state, params))[0], rtol=1e-10)
    assert np.abs(measured - found).max() > 1e-6


def test_lookahead_is_measured_at_its_slow_weights():
    found, measured = flat_run(optax.lookahead(optax.sgd(0.1), 3, 0.5), 4)
    optimizer = optax.lookahead(optax.sgd(0.1), 3, 0.5)
    params = optax.LookaheadParams.init_synced(START)
    state = optimizer.init(params)
    for _ in range(4):
        u, state = optimizer.update(jax.grad(objective)(params.fast), state, params)
        params = optax.apply_updates(params, u)
    np.testing.assert_allclose(found, ravel_pytree(params.fast)[0], rtol=1e-10)
    np.testing.assert_allclose(measured, ravel_pytree(params.slow)[0], rtol=1e-10)
