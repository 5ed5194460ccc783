"""Hidden constants, planted where optimizers have them."""

from typing import Any

import jax.numpy as jnp
import optax
import pytest

from verify import optimizers
from verify.optimizers.constants import hidden_changes, hidden_constants


def normalised(eps: float) -> optax.GradientTransformation:
    """`g / (|g| + eps)`."""

    def update(g: Any, state: Any, w: Any = None) -> tuple[Any, Any]:
        return g / (jnp.sqrt(jnp.sum(g * g)) + eps), state

    return optax.GradientTransformation(lambda w: optax.EmptyState(), update)


def kept_up(least: float) -> optax.GradientTransformation:
    """`g + least sign(g)`: the size of the steps does not vanish."""
    return optax.stateless(lambda g, w: g + least * jnp.sign(g))


PLANTED = {
    "in a numerator": kept_up,
    "added to a root": lambda c: optimizers.adam(0.1, eps=c),
    "inside a root": lambda c: optax.rmsprop(0.1, eps=c * c, eps_in_sqrt=True),
    "added to a norm": normalised,
    "a clip before signs": lambda c: optax.chain(optax.clip_by_global_norm(c), optax.scale_by_learning_rate(0.1)),
    "an accumulator's start": lambda c: optax.scale_by_rss(initial_accumulator_value=c * c, eps=0.0),
}


@pytest.mark.parametrize("where", PLANTED)
@pytest.mark.parametrize("size", [1e-4, 1e-8, 1e-30])
@pytest.mark.parametrize("matrix", [False, True], ids=["vector", "matrix"])
def test_a_planted_constant_is_found_to_a_factor(where, size, matrix):
    (found,) = hidden_constants(PLANTED[where](size), matrix)
    # A norm is larger than its entries, and a sum over a thousand steps larger than one, by roots of the number.
    least = size / 50 if where == "an accumulator's start" else size / 6
    assert least < found < 3 * size


@pytest.mark.parametrize(
    ("optimizer", "powers"),
    [
        (optimizers.adam(0.1, eps=1e-6), (0, 1)),
        (optax.chain(optax.clip_by_global_norm(1e-6), optax.scale_by_learning_rate(0.1)), (0, 1)),
        (optax.clip_by_global_norm(1e-6), (0, 1)),
    ],
    ids=["adam", "clipped descent", "clip"],
)
def test_what_rules_on_the_two_sides_of_a_constant_is_told(optimizer, powers):
    (change,) = hidden_changes(optimizer)
    assert (change.above, change.below) == powers
    assert change.told == "above it updates do not depend on their size, below it they are in proportion to it"


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.sign_gd(0.1),
        optimizers.adam(0.1, eps=0.0),
        optimizers.gradient_descent(0.1),
        optax.sgd(0.1, momentum=0.9),
        optax.lion(0.1),
    ],
    ids=["sign", "adam", "gradient descent", "momentum", "lion"],
)
def test_methods_of_one_power_of_the_gradient_have_none(optimizer):
    assert hidden_constants(optimizer) == ()


def test_the_weights_shape_may_be_given():
    def whole(updates: Any, state: Any, params: Any = None) -> Any:
        return optax.adam(0.1).update(updates.reshape(2, 3), state, params)[0].ravel(), state

    only = optax.GradientTransformation(lambda w: optax.adam(0.1).init(w.reshape(2, 3)), whole)
    (change,) = hidden_changes(only, shape=(6,))
    assert (change.above, change.below) == (0, 1)
    assert 1e-8 / 3 < change.size < 3e-8


def test_the_last_of_two_constants_is_the_one_that_rules_in_the_end():
    both = optax.chain(optax.clip_by_global_norm(1e-3), optax.scale_by_adam(0.9, 0.95, eps=1e-9))
    assert hidden_constants(both)[-1] == pytest.approx(1e-9, rel=0.1)
