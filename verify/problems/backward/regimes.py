"""What a full-batch training does late: it goes on smoothly, it oscillates, it has spiked, or it has diverged.

Adam oscillates once the largest eigenvalue of the Hessian, divided on both sides by the roots of Adam's denominators
(the preconditioned sharpness), is as large as `2 (1+β) / ((1-β) h)`: the direction of that eigenvector then turns back
with every step, while the others learn on (Cohen et al. 2022, "Adaptive gradient methods at the edge of stability").
So from one epoch to the next the gradient changes against its last change, which is what is looked for here: the loss
need not rise for it, but the oscillation must have grown until it outweighs the gradient's slow change. Spikes and
stable oscillations are late regimes of Ma, Wu and E (2022, "A qualitative study of the dynamic behavior for adaptive
gradient algorithms"): spikes where ρ is far above β, oscillations where it is near.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import Bool, Float, Shaped

SPIKE = 2.0
"""A loss that many times the least so far is a spike."""

TURNING = 0.5
"""Share of the epochs in which the gradient's changes turn back, above which a run oscillates."""

LATE = 0.25
"""Share of the epochs that are the late ones."""


class Regime(StrEnum):
    """The regime of one run."""

    SMOOTH = "smooth"
    OSCILLATING = "oscillating"
    SPIKED = "spiked"
    DIVERGED = "diverged"


def turns_back(gradient: Any, last: Any, before: Any) -> Array:
    """Whether the gradient's change since the last epoch points against the one before it; trees of equal shape."""
    products = jax.tree.map(lambda now, one, two: jnp.sum((now - one) * (one - two)), gradient, last, before)
    return jax.tree.reduce(jnp.add, products) < 0


def late(values: Shaped[np.ndarray, "*runs t"]) -> Shaped[np.ndarray, "*runs l"]:
    """The last quarter of the epochs, one of them at least."""
    return values[..., -max(1, int(LATE * values.shape[-1])) :]


def spiked(loss: Float[np.ndarray, "*runs t"]) -> Bool[np.ndarray, "*runs"]:
    """Whether the loss once was twice as large as it had been before."""
    least = np.minimum.accumulate(loss, axis=-1)
    return np.asarray(np.any(loss[..., 1:] > SPIKE * least[..., :-1], axis=-1))


def rising(loss: Float[np.ndarray, "*runs t"]) -> Float[np.ndarray, "*runs"]:
    """The share of the late epochs in which the loss rose."""
    steps = np.diff(late(loss), axis=-1)
    return np.asarray(np.mean(steps > 0, axis=-1)) if steps.shape[-1] else np.zeros(loss.shape[:-1])


def regimes(loss: Float[np.ndarray, "*runs t"], turned: Bool[np.ndarray, "*runs s"]) -> Shaped[np.ndarray, "*runs"]:
    """The `Regime` of each run, as an array of strings.

    loss: at the start of each epoch. turned: whether the gradient's changes turned back (`turns_back`), in the epochs
    in which an oscillation is looked for.
    Diverged is a run whose loss is not finite, or late in training above that at the start; of the others one with a
    spike anywhere has spiked.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        diverged = ~np.isfinite(loss).all(axis=-1) | (late(loss).mean(axis=-1) > loss[..., 0])
        found = [diverged, spiked(loss), np.mean(turned, axis=-1) > TURNING]
    return np.select(found, [Regime.DIVERGED, Regime.SPIKED, Regime.OSCILLATING], Regime.SMOOTH)


def stability_threshold(beta: Any, step_size: Any) -> Any:
    """The preconditioned sharpness from which on Adam with these constants oscillates, its denominators being still."""
    return 2 * (1 + beta) / ((1 - beta) * step_size)


def preconditioned_sharpness(
    loss: Callable[[Any], Array], weights: Any, denominators: Any, rounds: int = 40
) -> Float[Array, ""]:
    """The eigenvalue of largest size of `D^-1/2 H D^-1/2`, H the loss's Hessian, by so many rounds of power iteration.

    denominators: what Adam divides its steps by, a tree like the weights, whose entries are the diagonal of D.
    """
    flat, tree = ravel_pytree(weights)
    scale = ravel_pytree(denominators)[0] ** -0.5
    slope = jax.grad(lambda w: loss(tree(w)))

    def turn(direction: Array, _: Any) -> tuple[Array, Array]:
        image = scale * jax.jvp(slope, (flat,), (scale * direction,))[1]
        return image / jnp.linalg.norm(image), direction @ image

    start = jnp.cos(jnp.arange(flat.size))  # any vector that is not orthogonal to the one sought
    return jax.lax.scan(turn, start / jnp.linalg.norm(start), length=rounds)[1][-1]
