"""The theorems about methods like an optimizer: their updates for the same gradients are compared."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from verify.claims import catalogue
from verify.claims.index import Summary, summaries
from verify.optimizers.calling import Optimizer, calling
from verify.problems.subject import Flow, Run, Subject

KINDS = ("rate", "tight", "decay", "limit")
"""Of claims that say how fast a norm's margin is come to, or that it is."""
ALIKE = 0.99
"""Cosine between updates from which on two methods count as of one kind."""
_SHAPES = ((3, 4), (4,))
_ROLL, _LAST = 96, 16
_SHRINK = 0.97  # from gradient to gradient, as they do along a run
_NOISE = 0.5


@dataclass(frozen=True)
class Near:
    """A theorem whose method is like an optimizer's.

    cosine: mean, between the updates of the two for the same gradients, which shrink and turn as in a run. law: what
    is stated, of the quantity; read: how far it was read in the paper, or that it is observed or conjectured. about:
    the method with its step sizes, in words.
    """

    id: str
    title: str
    source: str
    law: str
    read: str
    about: str
    cosine: float


def nearest(
    optimizer: Optimizer, norm: str | None, *, known: Sequence[Summary] | None = None, most: int = 8
) -> list[Near]:
    """The installed theorems about a norm, or any where it is None, whose methods behave most like an optimizer.

    known: the claims to choose from, by default all installed ones. Methods whose updates follow another power of the
    gradients' size, as gradient descent and its normalised form, are not alike. Those that differ by less than a
    hundredth from the nearest are equally near, rates come first then, and `most` of them at the most are given.
    """
    asked = {each.id: each for each in (summaries() if known is None else known)}
    asked = {name: each for name, each in asked.items() if norm in (None, each.norm) and each.kind in KINDS}
    if not asked:
        return []
    claims, found = catalogue.all_claims(), []
    own = {shape: _answer(optimizer, shape) for shape in _SHAPES}
    for name, each in asked.items():
        other = _method(claims[name].subject) if name in claims else None
        cosine = None if other is None else _cosine(own, other)
        if cosine is not None:
            found.append(
                Near(name, each.title, each.source, f"{each.quantity}: {each.law}", each.read, each.about, cosine)
            )
    if not found:
        return []
    best = max(near.cosine for near in found)
    order = {name: KINDS.index(asked[name].kind) for name in asked}
    close = [near for near in found if near.cosine >= best - 0.01]
    return sorted(close, key=lambda near: (order[near.id], -round(near.cosine, 3), near.id))[:most]


def _method(subject: Subject) -> Optimizer | None:
    """The optimizer of a claim on linear models; of gradient descent's flow, gradient descent."""
    if isinstance(subject, Run) and subject.model is None:
        return subject.optimizer
    if isinstance(subject, Flow) and subject.dynamics is None:
        from verify.optimizers.methods import gradient_descent

        return gradient_descent(0.1)
    return None


class _Answer(NamedTuple):
    """The last updates for the gradients of a made-up run, and the power of the gradients' scale that they follow."""

    updates: Float[np.ndarray, "steps p"]
    power: int


def _cosine(own: dict[tuple[int, ...], _Answer | None], other: Optimizer) -> float | None:
    """On the first shape of weights that both know; None where there is none, and for another power of the scale."""
    for shape, mine in own.items():
        theirs = None if mine is None else _answer(other, shape)
        if mine is not None and theirs is not None:
            sizes = np.linalg.norm(mine.updates, axis=1) * np.linalg.norm(theirs.updates, axis=1)
            if mine.power != theirs.power or not (sizes > 0).all():
                return None
            return float(np.mean(np.sum(mine.updates * theirs.updates, axis=1) / sizes))
    return None


def _answer(optimizer: Optimizer, shape: tuple[int, ...]) -> _Answer | None:
    """None for a method that asks for more than gradients, for weights of another shape, and where nothing moves."""
    try:
        called = calling(optimizer, shape)
    except InputError:
        return None
    if called.asks:
        return None
    roll, w, gradients = _roll(called.update), jnp.zeros(shape), _gradients(shape)
    once, more = (np.asarray(roll(called.init(w), w, c * gradients)).reshape(_LAST, -1) for c in (1.0, 2.0))
    if not (np.isfinite(once).all() and np.isfinite(more).all() and once.any() and more.any()):
        return None
    return _Answer(once, round(float(np.log2(np.linalg.norm(more) / np.linalg.norm(once)))))


def _gradients(shape: tuple[int, ...]) -> Float[np.ndarray, "steps ..."]:
    rng = np.random.default_rng(0)
    mean, noise = rng.normal(size=shape), rng.normal(size=(_ROLL, *shape))
    shrunk = _SHRINK ** np.arange(_ROLL)
    return shrunk.reshape(-1, *[1] * len(shape)) * (mean + _NOISE * noise)


@functools.cache
def _roll(update: Callable[..., Any]) -> Callable[..., Any]:
    """Jitted: start state, weights and gradients `[steps ...]` to the last updates."""

    def step(carry: tuple[Any, Any], g: jax.Array) -> tuple[Any, Any]:
        u, state = update(g, carry[0], carry[1])
        return (state, carry[1] + u), u

    return jax.jit(lambda state, w, gradients: jax.lax.scan(step, (state, w), gradients)[1][-_LAST:])
