"""Losses of mini-batches as functions of one parameter vector: their gradients, products with their Hessians, and the
order in which steps take them.

The losses `E_0 .. E_{B-1}` are written as one function of `B` copies of the parameters, `total(Θ) = Σ_b E_b(Θ_b)`. One
backward pass through it gives all gradients, and one forward pass through that all products `∇²E_b v_b`, whatever the
directions `v_b`. No Hessian is ever built.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import Float, Int

from solvers.errors import InputError
from verify import backend as backend

Total = Callable[[Float[Array, "b d"], Any], Float[Array, ""]]
"""Copies of the parameters and data to the sum over the batches of each one's loss at its own copy."""

Products = Callable[[Float[Array, "b d"]], Float[Array, "b d"]]
"""Directions `v_b` to `∇²E_b v_b`."""


@functools.cache
def of_data(loss: Callable[[Float[Array, " d"], Any], Float[Array, ""]]) -> Total:
    """The losses `loss(θ, data_b)` of batches of one shape; data are arrays with a leading axis of batches."""
    return lambda copies, data: jnp.sum(jax.vmap(loss)(copies, data))


def of_functions(functions: Sequence[Callable[[Any], Any]], start: Any) -> tuple[Total, Float[Array, " d"]]:
    """The losses given as functions of a pytree like `start`, and `start` as a vector.

    Raises `InputError` where there is no function, a start that is no array of numbers, or a loss that is not a finite
    number at the start.
    """
    if not functions:
        raise InputError("There is no loss: give one function of the parameters, or a list with one for each batch.")
    try:
        flat, unravel = ravel_pytree(jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), start))
    except (TypeError, ValueError) as error:
        raise InputError(f"The start is no array of numbers ({error}): give a list of numbers, or arrays.") from None
    if not flat.size or not bool(jnp.all(jnp.isfinite(flat))):
        raise InputError("The start is empty or not finite: give the parameters to start from.")
    for index, function in enumerate(functions):
        try:
            value = jnp.asarray(function(unravel(flat)), jnp.float64)
        except Exception as error:  # whatever a user's function may raise
            raise InputError(
                f"Loss {index} fails at the start ({type(error).__name__}: {error}): correct it."
            ) from error
        if value.shape or not bool(jnp.isfinite(value)):
            raise InputError(f"Loss {index} is {value} at the start: it must return one finite number there.")

    def total(copies: Float[Array, "b d"], data: Any) -> Float[Array, ""]:
        del data
        return sum((jnp.asarray(f(unravel(copies[b]))) for b, f in enumerate(functions)), jnp.zeros(()))

    return total, flat


def derivatives(total: Total, theta: Float[Array, " d"], data: Any, count: int) -> tuple[Float[Array, "b d"], Products]:
    """The gradients of `count` batches at `theta`, and the map from directions to products with their Hessians."""
    copies = jnp.broadcast_to(theta, (count, *theta.shape))
    return jax.linearize(jax.grad(lambda at: total(at, data)), copies)


SAMPLINGS = ("in turn", "reshuffled", "with replacement")
"""How steps take batches from the order of one pass: pass by pass in that order, pass by pass in an order that is drawn
anew, or each step any one of the pass.
"""


def batch_order(one_pass: Sequence[int], sampling: str, steps: int, rng: np.random.Generator) -> Int[np.ndarray, " n"]:
    """The batch of every step. Raises `InputError` for a sampling that there is not."""
    batches = np.array(one_pass, int)
    match sampling:
        case "in turn":
            return np.resize(batches, steps)
        case "reshuffled":
            passes = np.tile(batches, (-(-steps // len(batches)), 1))
            return rng.permuted(passes, axis=1).ravel()[:steps]
        case "with replacement":
            return rng.choice(batches, steps)
    raise InputError(f"There is no sampling {sampling!r} of batches: use one of {', '.join(SAMPLINGS)}.")
