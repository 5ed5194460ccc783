"""Margins and gradients of linear classifiers: the derivative of the loss, for one dataset and for many."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.verify.samples import binary, classes
from verify.losses import LOSSES, loss
from verify.runs.batches import Batch, pad
from verify.runs.linear import linear_gradient, linear_margins, margins

DATASETS = {"binary": binary(6, 3), "classes": classes(7, 4, 3)}
SHAPE = {"binary": (16, 8, 0), "classes": (16, 8, 4)}


def batch(name: str, count: int = 1) -> tuple[Batch, jax.Array]:
    """So many times the same dataset, padded, and weights for each."""
    data = pad([DATASETS[name]] * count, SHAPE[name])
    w = np.random.default_rng(3).normal(size=data.real.shape) * data.real
    return jax.tree.map(jnp.asarray, data), jnp.asarray(w)


def one(tree: Batch, i: int = 0) -> Batch:
    return jax.tree.map(lambda leaf: leaf[i], tree)


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("of", ["exponential", "cross_entropy", "pairwise_logistic"])
def test_the_gradient_is_the_derivative_of_the_mean_loss(name: str, of: str):
    data, w = batch(name)
    data, w = one(data), w[0]

    def mean(w):
        return jnp.sum(data.weight * jnp.exp(loss(of).log_value(linear_margins(w, data))))

    slopes, scale = loss(of).scaled_slopes(linear_margins(w, data))
    want = np.asarray(jax.grad(mean)(w))
    np.testing.assert_allclose(jnp.exp(scale) * linear_gradient(slopes, data), want, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", [name for name in LOSSES if LOSSES[name].scaled_total])
def test_known_totals_change_nothing(name: str):
    data, w = batch("classes")
    data, w = one(data), w[0]
    z = linear_margins(w, data)
    slopes, total = LOSSES[name].scaled_slopes(z)[0], LOSSES[name].scaled_total
    assert total is not None
    known = linear_gradient(slopes, data, total(z))
    np.testing.assert_allclose(known, linear_gradient(slopes, data), rtol=1e-14, atol=1e-16)
    # It is they that are used.
    assert float(jnp.max(jnp.abs(linear_gradient(slopes, data, 2 * total(z)) - known))) > 1e-3


@pytest.mark.parametrize("name", DATASETS)
def test_many_datasets_have_the_gradients_of_each(name: str):
    data, w = batch(name, 3)

    def direction(w, data):
        return linear_gradient(loss("logistic").scaled_slopes(linear_margins(w, data))[0], data)

    together = jax.jit(jax.vmap(direction))(w, data)
    for i in range(3):
        np.testing.assert_allclose(together[i], direction(w[i], one(data, i)), rtol=1e-13, atol=1e-16)


def test_the_linear_model_is_the_default():
    data, w = batch("classes")
    np.testing.assert_array_equal(margins(None, w[0], one(data)), linear_margins(w[0], one(data)))
