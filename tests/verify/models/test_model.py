"""Models of one's own: what fits, what is refused and in which words."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers.errors import InputError
from verify.models import Model, two_layer
from verify.models.model import layers_of

GOOD = Model(
    "pair",
    lambda key, d, k: {"a": jnp.ones((k, d)), "b": [jnp.ones(d), jnp.ones(())]},
    lambda p, x: (x * p["b"][0]) @ p["a"].T * p["b"][1],
    3,
)


def test_parameters_may_be_any_pytree():
    shaped = GOOD.at(2, 3)
    assert shaped.layers == (("a", (3, 2)), ("b.0", (2,)), ("b.1", ()))
    assert shaped.size == 9
    flat = np.arange(9.0)
    tree = shaped.unravel(flat)
    np.testing.assert_array_equal(tree["a"], flat[:6].reshape(3, 2))
    assert tree["b"][1] == 8
    np.testing.assert_array_equal(shaped.flat(tree), flat)
    assert layers_of(tree) == shaped.layers


def test_a_model_is_shaped_once():
    assert GOOD.at(2, 3) is GOOD.at(2, 3)
    assert GOOD.at(2, 3) == replace(GOOD).at(2, 3)
    assert GOOD.at(2, 3) != GOOD.at(2, 1)


def test_one_output_may_come_without_an_axis():
    flat = Model("flat", GOOD.init, lambda p, x: x @ p["a"][0])
    assert flat.at(2, 1).outputs(jnp.ones(5), jnp.ones((4, 2))).shape == (4, 1)


def test_parameters_of_another_form_are_refused():
    shaped = two_layer(2).at(3, 1)
    with pytest.raises(InputError, match=r"have the parts first \[2, 2\], last \[2\], but two-layer .* first \[2, 3\]"):
        shaped.flat({"first": np.zeros((2, 2)), "last": np.zeros(2)})


def fails(key: jax.Array, d: int, k: int):
    raise ZeroDivisionError("no such model")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"degree": 2}, "pair is not homogeneous of degree 2: at random parameters"),
        ({"degree": None, "init": lambda key, d, k: {}}, "pair has no parameters to train"),
        ({"init": lambda key, d, k: {"a": jnp.ones(d, int)}}, "In the parameters of pair a has the type int64"),
        ({"init": lambda key, d, k: jnp.ones(d, complex)}, "In the parameters of pair the parameters has the type"),
        (
            {"init": fails},
            r"pair gives no parameters for 2 features and 3 outputs \(ZeroDivisionError: no such model\)",
        ),
        ({"outputs": lambda p, x: x @ p["c"]}, r"pair gives no outputs for 2 features and 3 outputs \(KeyError"),
        ({"outputs": lambda p, x: x @ p["b"][0]}, r"pair gives outputs of shape \[3\] and type float64 for 3 samples"),
        ({"outputs": lambda p, x: x @ p["a"].T + p["b"][1]}, "leave out biases and offsets"),
    ],
)
def test_what_cannot_be_trained_is_told_in_a_sentence(changes, told: str):
    with pytest.raises(InputError, match=told) as error:
        replace(GOOD, **changes).at(2, 3)
    assert "\n" not in str(error.value)
