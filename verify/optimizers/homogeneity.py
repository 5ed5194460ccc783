"""How an optimizer answers to a change of the gradient's scale, found by probing.

An optimizer is scale-free when multiplying all gradients by a constant changes no update. It then needs the
gradient only up to a scale, and can be run exactly at margins where the true gradient underflows, if its state
is carried along: a leaf of degree `p` is multiplied by `c^p` when the gradients are multiplied by `c`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from solvers.errors import InputError
from verify import backend as backend
from verify.haste import in_passing
from verify.optimizers.calling import Optimizer, calling, is_key

_ROLL = 12
_SCALE = 10  # the degrees show in gradients times 2^10
_FAR = 480  # and hidden constants (an eps of 1e-16, say) in gradients times 2^-480 and 2^480
_FAR_NARROW = 48  # likewise where the state is of a narrower type than float64: its squares must stay in range
_DEGREES = (0, 1, 2)


@dataclass(frozen=True)
class Homogeneity:
    """`degrees` of the state's leaves, in the order of `jax.tree.leaves`; None where not `scale_free`."""

    scale_free: bool
    degrees: tuple[int, ...] | None

    @property
    def highest(self) -> int:
        """The largest degree, 0 where there is none."""
        return max(self.degrees or (0,), default=0)


def check_optimizer(optimizer: Any) -> Optimizer:
    """Pass an optax transformation through. Raises `InputError` for anything else."""
    if not (callable(getattr(optimizer, "init", None)) and callable(getattr(optimizer, "update", None))):
        name = getattr(optimizer, "__name__", repr(optimizer))
        raise InputError(
            f"{name.splitlines()[0][:60]} is no optax transformation: give an object with init and update, "
            "such as verify.optimizers.sign_gd(0.1) or optax.adam(1e-3)."
        )
    return optimizer


@functools.cache
def _scan(update: Callable[..., Any]) -> Callable[..., Any]:
    """Jitted: start state, start weights, gradients `[steps ...]` to the updates and states of all steps.

    One program for all optimizers that share their update, whatever their states hold.
    """

    def step(carry: tuple[Any, Any], g: jax.Array) -> tuple[Any, Any]:
        state, w = carry
        u, state = update(g, state, w)
        return (state, w + u), (u, state)

    return jax.jit(
        lambda state, w, gradients: jax.lax.scan(step, (state, w), gradients)[1], compiler_options=in_passing()
    )


def _roll(optimizer: Optimizer, gradients: np.ndarray, scale: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """Updates, and leaves of the state, of all steps: each with a leading axis over the steps."""
    w = jnp.zeros(gradients.shape[1:], gradients.dtype)
    called = calling(optimizer, w.shape)
    updates, states = _scan(called.update)(called.init(w), w, scale * gradients)
    return np.asarray(updates), [_numbers(leaf) for leaf in jax.tree.leaves(states)]


def _numbers(leaf: jax.Array) -> np.ndarray:
    """A leaf of the state in a type that numpy can compare."""
    if is_key(leaf):
        return np.asarray(jax.random.key_data(leaf))
    if jnp.issubdtype(leaf.dtype, jnp.floating) and not np.issubdtype(leaf.dtype, np.floating):
        return np.asarray(leaf.astype(jnp.float32))  # of bfloat16, exactly
    return np.asarray(leaf)


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    tolerance = 1e-4 if a.dtype == np.float32 else 1e-9
    largest = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    return bool(np.allclose(a, b, rtol=tolerance, atol=1e-3 * tolerance * largest, equal_nan=True))


def _has_degree(p: int, leaf: np.ndarray, scaled: np.ndarray, exponent: int) -> bool:
    if not np.issubdtype(leaf.dtype, np.floating):
        return p == 0 and np.array_equal(leaf, scaled)
    with np.errstate(over="ignore", invalid="ignore"):  # a leaf that overflows does not have the degree
        return _same(leaf * 2.0 ** (exponent * p), scaled)


@functools.cache
def probe(optimizer: Optimizer, shape: tuple[int, ...]) -> Homogeneity:
    """Find whether an optimizer of weights of that shape is scale-free, and the degrees of its state."""
    check_optimizer(optimizer)
    if calling(optimizer, shape).asks:
        return Homogeneity(False, None)  # values of the objective have a scale
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(_ROLL, *shape))
    updates, leaves = _roll(optimizer, gradients, 1.0)
    if not updates.any():
        return Homogeneity(False, None)  # nothing was seen
    degrees: tuple[int, ...] = ()
    narrow = any(np.issubdtype(leaf.dtype, np.floating) and leaf.dtype != np.float64 for leaf in leaves)
    far = _FAR_NARROW if narrow else _FAR
    for exponent in (_SCALE, -far, far):
        scaled_updates, scaled_leaves = _roll(optimizer, gradients, 2.0**exponent)
        if not _same(updates, scaled_updates):
            return Homogeneity(False, None)
        fits = [
            [p for p in _DEGREES if _has_degree(p, a, b, exponent)] for a, b in zip(leaves, scaled_leaves, strict=True)
        ]
        if not all(fits) or (degrees and not all(p in fit for p, fit in zip(degrees, fits, strict=True))):
            return Homogeneity(False, None)
        degrees = degrees or tuple(fit[0] for fit in fits)
    return Homogeneity(True, degrees)


@functools.cache
def harmless_padding(optimizer: Optimizer, matrix: bool) -> bool:
    """Whether zero columns (and, for a `matrix`, rows) added to the weights leave the other updates as they are.

    Not so for a random rotation of all features, a mean over all entries, a factor that depends on the shape, or a
    norm over entries of which some are `0 / 0`. Nor is it said of an optimizer that asks for more than gradients, or
    is made for weights of another size.
    """
    check_optimizer(optimizer)
    # The larger is what small datasets are padded to, whose program `probe` shares.
    small, large = ((3, 2), (4, 8)) if matrix else ((3,), (8,))
    try:
        if calling(optimizer, small).asks or calling(optimizer, large).asks:
            return False
    except InputError:
        return False  # what is wrong, if anything, shows on the weights themselves
    gradients = np.random.default_rng(0).normal(size=(_ROLL, *small))
    padded = np.zeros((_ROLL, *large))
    inside = (slice(None), *map(slice, small))
    padded[inside] = gradients
    updates, _ = _roll(optimizer, gradients, 1.0)
    padded_updates, _ = _roll(optimizer, padded, 1.0)
    return _same(updates, padded_updates[inside])
