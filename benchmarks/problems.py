"""The data of the benchmarks, and the maximal margins that the engine's runs are held against."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

N, D = 50, 20
STORED = 1024
REFERENCES = Path(__file__).parent / "references.npz"
_TOGETHER = 64

Data = tuple[Float[np.ndarray, "n d"], Int[np.ndarray, " n"]]


class StaleReferences(RuntimeError):
    """The stored references do not belong to the data."""


@functools.cache
def problem(index: int) -> Data:
    """Separable binary data `x [50, 20]`, `y`: a Gaussian cloud, moved apart along a planted direction.

    The same bits on every machine: sums decide on signs only.
    """
    rng = np.random.default_rng([2024, index])
    x = rng.standard_normal((N, D))
    planted = rng.integers(-3, 4, size=D)
    y = np.where((x * planted).sum(axis=1) > 0, 1, -1)
    return x + 0.1 * y[:, None] * planted, y


def planted(n: int, d: int) -> Data:
    """Separable binary data of any size, made as `problem` makes them."""
    rng = np.random.default_rng([2024, n, d])
    x = rng.standard_normal((n, d))
    direction = rng.integers(-3, 4, size=d)
    y = np.where((x * direction).sum(axis=1) > 0, 1, -1)
    return x + 0.1 * y[:, None] * direction, y


def multiclass(n: int, d: int, k: int) -> Data:
    """Separable data of `k` classes, the labels drawn by a linear classifier and the points moved towards it."""
    rng = np.random.default_rng([2024, n, d, k])
    x = rng.standard_normal((n, d))
    planted = rng.integers(-3, 4, size=(k, d))
    y = np.argmax(x @ planted.T, axis=1)
    return x + 0.1 * planted[y], np.unique(y, return_inverse=True)[1]


def _digest() -> str:
    parts = hashlib.sha256()
    for index in range(STORED):
        parts.update(problem(index)[0].tobytes())
    return parts.hexdigest()


def write_references() -> None:
    """Solve the first 1024 problems in the L-infinity norm, and store the certified brackets."""
    from solvers import max_margins

    found = []
    for first in range(0, STORED, _TOGETHER):
        found += max_margins([problem(i) for i in range(first, first + _TOGETHER)], "linf")
    lower, upper = (np.array([getattr(r, name) for r in found]) for name in ("lower", "upper"))
    np.savez(REFERENCES, lower=lower, upper=upper, digest=np.array(_digest()))


@functools.cache
def references() -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Lower and upper bounds of the maximal L-infinity margins of the first 1024 problems.

    Raises `StaleReferences` if they are not of these data.
    """
    with np.load(REFERENCES) as stored:
        if str(stored["digest"]) != _digest():
            raise StaleReferences(f"{REFERENCES.name} is of other data: run python -m benchmarks --write-references.")
        return stored["lower"], stored["upper"]
