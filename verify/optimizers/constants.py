"""Constants hidden in an optimizer: sizes of the gradient at which it turns into another method.

An `eps` of 1e-8 shows only once gradients are about as small, and what a run did before says nothing of what it will do
for ever. A clip, an accumulator that does not start at zero, and a `maximum` with a constant are found like an `eps`:
gradients are multiplied by powers of two, and where the updates stop following one power of the scale a constant lies.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from verify import backend as backend
from verify.optimizers.calling import Optimizer, calling

_STEP = 2  # of the exponents of two
_EXPONENTS = np.arange(-480, 44, _STEP)  # squares of the gradient stay in range
_PURE = 1e-2  # relative deviation from one power of the scale, within a step, that is no change of method
_ROLL = 1024  # steps, so that a slow memory is full
_LAST = 3  # updates that are compared: the first ones may hold what a start does


@dataclass(frozen=True)
class Change:
    """A size of the gradient's entries, to a factor of about three, at which the method changes.

    above, below: the power of the gradient's size that updates follow while it is larger, and once it is smaller: 0
    for a sign, 1 for gradient descent.
    """

    size: float
    above: int
    below: int

    @property
    def told(self) -> str:
        """What changes, in words."""
        if self.above == self.below:
            return f"below it the directions of updates change, which {_follow(self.below)}"
        return f"above it updates {_follow(self.above)}, below it they {_follow(self.below)}"


def _follow(power: int) -> str:
    if power == 0:
        return "do not depend on their size"
    return "are in proportion to it" if power == 1 else f"go like its power {power}"


def hidden_constants(optimizer: Optimizer, matrix: bool = False) -> tuple[float, ...]:
    """The sizes of `hidden_changes`."""
    return tuple(change.size for change in hidden_changes(optimizer, matrix))


@functools.cache
def hidden_changes(
    optimizer: Optimizer, matrix: bool = False, shape: tuple[int, ...] | None = None
) -> tuple[Change, ...]:
    """The constants, largest first.

    matrix: whether the weights are a matrix. shape: of the weights, for an optimizer that takes no others. There are
    none in a scale-free optimizer, nor in gradient descent; of one that asks for more than gradients, as their values
    do not scale with them, none is found.
    """
    w = jnp.zeros(shape or ((4, 3) if matrix else (3,)))
    called = calling(optimizer, w.shape)
    if called.asks:
        return ()
    gradients = np.random.default_rng(0).normal(size=(_ROLL, *w.shape))
    found = _answers(called.update)(called.init(w), w, gradients, 2.0**_EXPONENTS)
    updates = np.asarray(found).reshape(len(_EXPONENTS), -1)
    with np.errstate(all="ignore"):
        steps = np.array([_step(a, b) for a, b in pairwise(updates)])
    size = float(np.sqrt(np.mean(gradients**2)))
    return tuple(
        Change(size * 2.0**k, above, below) for k, below, above in reversed(_changes(steps[:, 0], steps[:, 1] > 0))
    )


@functools.cache
def _answers(update: Callable[..., Any]) -> Callable[..., Any]:
    """Jitted: start state, weights, gradients `[steps ...]` and scales `[k]` to the last updates `[k last ...]`."""

    def rolled(state: Any, w: jax.Array, gradients: jax.Array, scale: jax.Array) -> jax.Array:
        def step(carry: tuple[Any, Any], g: jax.Array) -> tuple[Any, Any]:
            u, state = update(scale * g, carry[0], carry[1])
            return (state, carry[1] + u), u

        return jax.lax.scan(step, (state, w), gradients)[1][-_LAST:]

    return jax.jit(jax.vmap(rolled, in_axes=(None, None, None, 0)))


def _step(a: Float[np.ndarray, " m"], b: Float[np.ndarray, " m"]) -> tuple[float, bool]:
    """The power of the scale by which the updates grew from one scale to the next, and whether it is whole and all."""
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b)) and a.any() and b.any()):
        return np.nan, False
    # In units of their size: their squares may be out of range.
    tops = float(np.max(np.abs(a))), float(np.max(np.abs(b)))
    a, b = a / tops[0], b / tops[1]
    power = float(np.log2(np.linalg.norm(b) / np.linalg.norm(a) * (tops[1] / tops[0]))) / _STEP
    straight = np.linalg.norm(b / np.linalg.norm(b) - a / np.linalg.norm(a)) <= _PURE
    return power, bool(straight and abs(power - np.round(power)) <= _PURE)


def _changes(powers: Float[np.ndarray, " k"], pure: Bool[np.ndarray, " k"]) -> list[tuple[float, int, int]]:
    """The exponents at which one stretch, of five steps at least, that follows a power gives way to the next.

    Beside each the powers of the two.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], pure.astype(int), [0]])))
    stretches = [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= 5]
    follows = [round(float(np.median(powers[a:b]))) for a, b in stretches]
    halfway = [_halfway(powers, before[1], after[0]) for before, after in pairwise(stretches)]
    return list(zip(halfway, follows, follows[1:], strict=False))


def _halfway(powers: Float[np.ndarray, " k"], first: int, last: int) -> float:
    """Where the power has gone half of its way from one stretch to the next; the middle, where both have the same."""
    at = _EXPONENTS[:-1] + _STEP / 2
    share = (powers[first - 1 : last + 1] - powers[first - 1]) / (powers[last] - powers[first - 1] or np.nan)
    past = np.flatnonzero(share >= 0.5)
    if not len(past):
        return float(at[first - 1] + at[last]) / 2
    i = first - 1 + int(past[0])
    return float(np.interp(0.5, share[past[0] - 1 : past[0] + 1], at[i - 1 : i + 1]))
