"""The library's models: outputs by hand, degrees by Euler's identity, shapes."""

import inspect
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers.errors import InputError
from verify.models import MODELS, Model, convolutional, deep_linear, diagonal_linear, three_layer, two_layer

X = np.random.default_rng(0).normal(size=(5, 3))
EVERY = [make() for make in MODELS.values()]
EVERY += [two_layer(2, "relu"), three_layer(2, "identity", "relu"), diagonal_linear(3), deep_linear(2)]


def parts(model: Model, k: int):
    shaped = model.at(3, k)
    flat = np.random.default_rng(1).normal(size=shaped.size)
    return shaped.unravel(flat), np.asarray(shaped.outputs(jnp.asarray(flat), jnp.asarray(X)))


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("model", EVERY, ids=str)
def test_declared_degrees_hold_and_others_do_not(model: Model, k: int):
    shaped = model.at(3, k)
    assert shaped.start([1, 2]).shape == (shaped.size,)
    assert np.abs(shaped.start([1, 2]) - shaped.start([1, 3])).max() > 0.01
    with pytest.raises(InputError, match="is not homogeneous of degree"):
        replace(model, degree=model.degree + 1).at(3, k)


def test_degrees():
    assert [model.degree for model in EVERY] == [3, 7, 2, 3, 3, 2, 3, 3, 2]


def squared_relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0) ** 2


@pytest.mark.parametrize("k", [1, 4])
def test_outputs_are_those_of_the_formulas(k: int):
    p, f = parts(two_layer(2), k)
    np.testing.assert_allclose(f, (squared_relu(X @ p["first"].T) @ p["last"].T).reshape(5, k))
    p, f = parts(three_layer(2, second="identity"), k)
    np.testing.assert_allclose(f, (squared_relu(X @ p["first"].T) @ p["inner"].T @ p["last"].T).reshape(5, k))
    p, f = parts(deep_linear(3, 2), k)
    np.testing.assert_allclose(f, (X @ p["first"].T @ p["inner0"].T @ p["last"].T).reshape(5, k))
    p, f = parts(diagonal_linear(2), k)
    np.testing.assert_allclose(f, (X @ (p["u"] ** 2 - p["v"] ** 2).T).reshape(5, k))
    p, f = parts(convolutional(2, 2), k)
    windows = np.stack([X[:, [0, 1]], X[:, [1, 2]], X[:, [2, 0]]], axis=1)
    np.testing.assert_allclose(f, (squared_relu(windows @ p["first"].T).mean(axis=1) @ p["last"].T).reshape(5, k))


def test_a_diagonal_network_starts_at_zero():
    shaped = diagonal_linear().at(3, 1)
    assert not shaped.outputs(jnp.asarray(shaped.start([0, 0])), jnp.asarray(X)).any()


@pytest.mark.parametrize("make", MODELS.values(), ids=list(MODELS))
def test_a_model_is_built_once_and_starts_in_proportion_to_its_scale(make):
    assert make() is make()
    assert "scale" in inspect.signature(make).parameters
    one, two = (make(scale=scale).at(3, 1).start([0, 0]) for scale in (1.0, 2.0))
    np.testing.assert_allclose(two, 2 * one)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: two_layer(0), "width is 0: give a whole number"),
        (lambda: two_layer(True), "width is True"),
        (lambda: two_layer(activation="tanh"), "no activation 'tanh': use one of identity, relu"),
        (lambda: deep_linear(1), "depth is 1: give a whole number, 2 or more"),
        (lambda: two_layer(scale=0.0), "scale 0.0: give a positive number"),
        (lambda: convolutional(2, 4).at(3, 1), "A filter of 4 features is larger than the data's 3"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(make, told: str):
    with pytest.raises(InputError, match=told):
        make()


def test_start_parameters_are_floats_of_64_bits():
    assert {leaf.dtype for leaf in jax.tree.leaves(two_layer().init(jax.random.key(0), 3, 1))} == {np.dtype(float)}
