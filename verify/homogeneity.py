"""How an optimizer answers to a change of the gradient's scale, found by probing.

An optimizer is scale-free when multiplying all gradients by a constant changes no update. It then needs the
gradient only up to a scale, and can be run exactly at margins where the true gradient underflows, if its state
is carried along: a leaf of degree `p` is multiplied by `c^p` when the gradients are multiplied by `c`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from solvers.errors import InputError
from verify import config as config

_ROLL = 4
_SCALE = 10  # gradients are compared with themselves times 2^10
_DEGREES = (0, 1, 2)


@dataclass(frozen=True)
class Homogeneity:
    """`degrees` of the state's leaves, in the order of `jax.tree.leaves`; None where not `scale_free`."""

    scale_free: bool
    degrees: tuple[int, ...] | None

    @property
    def highest(self) -> int:
        return max(self.degrees or (0,), default=0)


def check_optimizer(optimizer: Any) -> optax.GradientTransformation:
    """Pass an optax transformation through. Raises `InputError` for anything else."""
    if not (callable(getattr(optimizer, "init", None)) and callable(getattr(optimizer, "update", None))):
        raise InputError(
            f"{optimizer!r} is no optax transformation: give an object with init and update, "
            "such as verify.optimizers.sign_gd(0.1) or optax.adam(1e-3)."
        )
    return optimizer


def _roll(optimizer: optax.GradientTransformation, gradients: np.ndarray, scale: float) -> tuple[list, list]:
    """Updates of all steps, and the leaves of the last state."""
    w = jnp.zeros(gradients.shape[1:], gradients.dtype)
    state = optimizer.init(w)
    updates = []
    for g in gradients:
        u, state = optimizer.update(jnp.asarray(scale * g), state, w)
        w = w + u
        updates.append(np.asarray(u))
    return updates, [np.asarray(leaf) for leaf in jax.tree.leaves(state)]


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    tolerance = 1e-4 if a.dtype == np.float32 else 1e-9
    largest = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    return bool(np.allclose(a, b, rtol=tolerance, atol=1e-3 * tolerance * largest, equal_nan=True))


def _degree(leaf: np.ndarray, scaled: np.ndarray) -> int | None:
    if not np.issubdtype(leaf.dtype, np.floating):
        return 0 if np.array_equal(leaf, scaled) else None
    return next((p for p in _DEGREES if _same(leaf * 2.0 ** (_SCALE * p), scaled)), None)


@functools.cache
def probe(optimizer: optax.GradientTransformation, shape: tuple[int, ...]) -> Homogeneity:
    """Find whether an optimizer of weights of that shape is scale-free, and the degrees of its state."""
    check_optimizer(optimizer)
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(_ROLL, *shape))
    updates, leaves = _roll(optimizer, gradients, 1.0)
    scaled_updates, scaled_leaves = _roll(optimizer, gradients, 2.0**_SCALE)
    degrees = [_degree(a, b) for a, b in zip(leaves, scaled_leaves, strict=True)]
    free = all(_same(a, b) for a, b in zip(updates, scaled_updates, strict=True)) and None not in degrees
    return Homogeneity(free, tuple(p for p in degrees if p is not None) if free else None)
