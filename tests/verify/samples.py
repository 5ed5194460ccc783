"""Small datasets of several kinds and sizes for the tests of the engine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from verify.datasets import Dataset


def binary(n: int, d: int, seed: int = 0) -> Dataset:
    """Points without ties whose margins along a random unit vector lie in [0.5, 1.5]."""
    rng = np.random.default_rng([seed, n, d])
    x, y = rng.normal(size=(n, d)), np.where(np.arange(n) % 2, 1, -1)
    w = rng.normal(size=d)
    w /= np.linalg.norm(w)
    return Dataset(x + (y * rng.uniform(0.5, 1.5, size=n) - x @ w)[:, None] * w, y)


def classes(n: int, d: int, k: int, seed: int = 0) -> Dataset:
    """Separable points of `k` classes around the vertices of a turned simplex, `d >= k`."""
    rng = np.random.default_rng([seed, n, d, k])
    y = np.arange(n) % k
    vertices = 2 * np.linalg.qr(rng.normal(size=(d, d)))[0][:k]
    return Dataset(vertices[y] + 0.3 * rng.normal(size=(n, d)), y, classes=k)


def with_zero_columns(dataset: Dataset) -> Dataset:
    """The dataset with a column of zeros in front and one at the end."""
    return replace(dataset, x=np.pad(dataset.x, ((0, 0), (1, 1))))
