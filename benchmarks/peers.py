"""The engine's work done by others: numpy or torch on batches, numpy dataset by dataset, optax in a loop.

numpy and torch share one text, `descend`: both take the names and arguments used here. It works in the log domain
like the engine, with slopes `e^top s`, and keeps Adam's moments in units of `e^top` and `e^(2 top)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

ETA0, POWER = 0.1, 0.5
B1, B2 = 0.9, 0.999
LOSSES = ("exponential", "logistic")
OPTIMIZERS = ("SignGD", "Adam (eps = 0)")

Map = Callable[[Any], Any]


def step_sizes(steps: int) -> Float[np.ndarray, " steps"]:
    """`0.1 (t + 1)^(-1/2)`."""
    return ETA0 * (np.arange(steps) + 1.0) ** -POWER


def _slopes(xp: Any, loss: str, a: Any) -> tuple[Any, Any]:
    """Negative margins `[... n]`, overwritten, to `(s, top)` with slopes `e^top s`."""
    top = xp.amax(a, axis=-1, keepdims=True)
    if loss == "exponential":
        a -= top
        return xp.exp(a, out=a), top
    top = xp.clip(top, None, 0)
    xp.exp(xp.subtract(top, a, out=a), out=a)
    a += xp.exp(top)
    return xp.reciprocal(a, out=a), top


def descend(xp: Any, optimizer: str, loss: str, w: Any, forward: Map, backward: Map, steps: int) -> Any:
    """Take the steps from weights `w [... d]`, which are overwritten.

    forward: weights to negative margins `[... n]`. backward: slopes to minus the gradient `[... d]`.
    """
    mean, square, unit = xp.zeros_like(w), xp.zeros_like(w), None
    for eta in step_sizes(steps).tolist():
        s, top = _slopes(xp, loss, forward(w))
        g = backward(s)
        if optimizer == "SignGD":
            w += eta * xp.sign(g)
            continue
        moved = xp.exp((top if unit is None else unit) - top)
        unit = top
        mean *= B1 * moved
        mean += (1 - B1) * g
        square *= B2 * moved * moved
        g *= g
        square += (1 - B2) * g
        w += eta * mean / xp.sqrt(square)
    return w


def batch(xp: Any, signed: Any) -> tuple[Map, Map]:
    """Both products of a batch `y x: [b n d]`, each as row vectors times matrices that lie in memory as they are read.

    Faster than matrices times columns, `einsum`, or the batch as the last axis.
    """
    turned = -xp.swapaxes(signed, 1, 2)
    turned = turned.contiguous() if hasattr(turned, "contiguous") else np.ascontiguousarray(turned)
    return lambda w: (w[:, None, :] @ turned)[:, 0], lambda s: (s[:, None, :] @ signed)[:, 0]


def single(signed: Float[np.ndarray, "n d"]) -> tuple[Map, Map]:
    """Both products of one dataset."""
    negative = -signed
    return lambda w: negative @ w, lambda s: s @ signed


def optax_step(optimizer: Any, loss: str) -> tuple[Any, Any]:
    """Jitted `init` and `step` over a batch, written as a user of optax writes them: the gradient of the mean loss."""
    import jax
    import jax.numpy as jnp
    import optax

    each = {"exponential": lambda z: jnp.exp(-z), "logistic": lambda z: jax.nn.softplus(-z)}[loss]

    def step(w: Any, state: Any, signed: Any) -> tuple[Any, Any]:
        g = jax.grad(lambda w: jnp.mean(each(signed @ w)))(w)
        updates, state = optimizer.update(g, state, w)
        return optax.apply_updates(w, updates), state

    return jax.jit(jax.vmap(optimizer.init)), jax.jit(jax.vmap(step), donate_argnums=(0, 1))
