"""Modules of other libraries as models: an Equinox module, and one of Flax's form."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.samples import binary, classes
from verify import optimizers, run
from verify.models import Model, two_layer


def network(key: jax.Array, d: int, k: int) -> eqx.Module:
    """Two layers of squared ReLU without biases; jumps as activations are no arrays."""
    return eqx.nn.MLP(
        d, k, 4, 1, activation=lambda z: jnp.maximum(z, 0) ** 2, use_bias=False, use_final_bias=False, key=key
    )


def test_an_equinox_module_is_the_network_that_it_says():
    model = Model.of_equinox("MLP", network, 3)
    for data in (binary(6, 3), classes(6, 4, 3)):
        own = run(optimizers.sign_gd(0.01), data, model=model, steps=50)
        first, last = jax.tree.leaves(own.weights[0])
        same = two_layer(4).at(data.d, data.classes or 1)
        x = jnp.asarray(data.x)
        last = last[0] if data.binary else last
        expected = same.outputs(jnp.asarray(same.flat({"first": first, "last": last})), x)
        module = eqx.combine(own.weights[0], network(jax.random.key(0), data.d, data.classes or 1))
        np.testing.assert_allclose(jax.vmap(module)(x), expected, rtol=1e-12)
        labels = data.y if data.binary else None
        if labels is not None:
            assert own.margin[0, -1] == pytest.approx(float(jnp.min(labels * expected[:, 0])))


def test_biases_of_a_module_break_its_degree():
    biased = Model.of_equinox("biased", lambda key, d, k: eqx.nn.MLP(d, k, 4, 1, key=key), 2)
    with pytest.raises(InputError, match="biased is not homogeneous of degree 2"):
        run(optimizers.sign_gd(0.1), binary(6, 3), model=biased, steps=1)


class Signed(eqx.Module):
    """A linear classifier on features whose signs are fixed by an array that is not trained."""

    weights: jax.Array
    signs: jax.Array

    def __call__(self, x: jax.Array) -> jax.Array:
        return jnp.dot(self.weights, self.signs * x)


def test_arrays_that_are_not_trained_are_those_of_the_shape():
    def make(key: jax.Array, d: int, k: int) -> Signed:
        return Signed(jax.random.normal(key, (d,)), (-1) ** jnp.arange(d))

    model = Model.of_equinox("signed", make, 1)
    three, two = (model.at(d, 1) for d in (3, 2))  # the second must not take the first one's place
    for shaped in (three, two, three):
        found = shaped.outputs(jnp.ones(shaped.size), jnp.eye(shaped.d))
        np.testing.assert_array_equal(found[:, 0], [1, -1, 1][: shaped.d])


class Dense(NamedTuple):
    """What a Flax module of two layers does, in its form: `init(key, x)` and `apply(params, x)`."""

    width: int
    outputs: int

    def init(self, key: jax.Array, x: jax.Array) -> Any:
        a, b = jax.random.split(key)
        first = jax.random.normal(a, (x.shape[1], self.width))
        return {"params": {"first": first, "last": jax.random.normal(b, (self.width, self.outputs))}}

    def apply(self, params: Any, x: jax.Array) -> jax.Array:
        p = params["params"]
        return jnp.maximum(x @ p["first"], 0) ** 2 @ p["last"]


def test_a_module_of_flax_form_runs():
    model = Model.of_flax("Dense", lambda k: Dense(4, k), 3)
    for data in (binary(6, 3), classes(6, 4, 3)):
        k = data.classes or 1
        found = run(optimizers.sign_gd(optimizers.PowerDecay(0.1, 0.5)), data, model=model, steps=200)
        assert found.weights[0]["params"]["first"].shape == (data.d, 4)
        assert found.weights[0]["params"]["last"].shape == (4, k)
        assert found.exact
        assert found.log_loss[0, -1] < found.log_loss[0, 0]
