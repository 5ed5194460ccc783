"""Small changes of a dataset, by which a hunt goes on from one that came near.

A changed dataset need not be separable: whoever asks for it looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from verify.datasets.dataset import Dataset

_MOST_POINTS = 24
_SIZES = (0.3, 0.1, 0.03, 0.01)

_Rows = Float[np.ndarray, "n d"]


def mutated(dataset: Dataset, rng: np.random.Generator) -> Dataset:
    """The dataset with one to three changes, of the same number of features and of the same classes.

    A point is moved, stretched, copied or left out, or loses a feature; or a feature is stretched. Points keep their
    labels, no class loses its last one, and there are never more than twenty-four points, unless there were before.
    """
    x, y = dataset.x.copy(), dataset.y.copy()
    for _ in range(int(rng.integers(1, 4))):
        change = _CHANGES[int(rng.integers(len(_CHANGES)))]
        x, y = change(x, y, rng)
    return replace(dataset, x=x, y=y)


def _moved(x: _Rows, y: np.ndarray, rng: np.random.Generator):
    i = int(rng.integers(len(x)))
    size = rng.choice(_SIZES) * max(float(np.abs(x).max()), 1e-300)
    x[i] += size * rng.standard_normal(x.shape[1])
    return x, y


def _stretched(x: _Rows, y: np.ndarray, rng: np.random.Generator):
    x[int(rng.integers(len(x)))] *= 2.0 ** rng.uniform(-1, 1)
    return x, y


def _weighted(x: _Rows, y: np.ndarray, rng: np.random.Generator):
    x[:, int(rng.integers(x.shape[1]))] *= 2.0 ** rng.uniform(-1, 1)
    return x, y


def _copied(x: _Rows, y: np.ndarray, rng: np.random.Generator):
    if len(x) >= _MOST_POINTS:
        return x, y
    i = int(rng.integers(len(x)))
    near = x[i] * (1 + rng.choice((0.0, 0.1, -0.1)))
    return np.vstack([x, near]), np.append(y, y[i])


def _left_out(x: _Rows, y: np.ndarray, rng: np.random.Generator):
    i = int(rng.integers(len(x)))
    if np.count_nonzero(y == y[i]) == 1:
        return x, y
    return np.delete(x, i, axis=0), np.delete(y, i)


def _emptied(x: _Rows, y: np.ndarray, rng: np.random.Generator):
    x[int(rng.integers(len(x))), int(rng.integers(x.shape[1]))] = 0.0
    return x, y


_CHANGES: tuple[Callable[..., tuple[np.ndarray, np.ndarray]], ...] = (
    _moved,
    _moved,
    _stretched,
    _weighted,
    _copied,
    _left_out,
    _emptied,
)
