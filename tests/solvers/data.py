"""Datasets for the tests of the reference problems."""

import numpy as np

Dataset = tuple[np.ndarray, np.ndarray]


def binary(seed: int, n: int, d: int) -> Dataset:
    """Points labelled by a random direction; separable."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, np.where(x @ rng.normal(size=d) > 0, 1, -1)


def multiclass(seed: int, n: int, d: int, k: int) -> Dataset:
    """Points labelled by the largest of k random scores; separable, every class present."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(k, d))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    # A class centre scores highest for its own class, since the centres have one length.
    x = np.vstack([centres, rng.normal(size=(n - k, d))])
    return x, (x @ centres.T).argmax(axis=1)


def thin(seed: int, n: int, d: int, margin: float) -> Dataset:
    """Points of size 1 whose margin along one direction is between `margin` and twice that."""
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=d)
    axis /= np.linalg.norm(axis)
    x = rng.normal(size=(n, d))
    x += np.outer(margin * (1 + rng.random(n)) - x @ axis, axis)
    y = np.where(np.arange(n) % 2, 1, -1)
    return x * y[:, None], y
