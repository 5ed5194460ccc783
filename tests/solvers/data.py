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


def classes(y: np.ndarray) -> int:
    """The number of classes that labels 0..k-1 stand for, two included, and 0 for labels +1/-1."""
    return 0 if set(y.tolist()) <= {-1, 1} else int(y.max()) + 1


def thin(seed: int, n: int, d: int, margin: float) -> Dataset:
    """Points of size 1 whose margin along one direction is between `margin` and twice that."""
    rng = np.random.default_rng(seed)
    axis = rng.normal(size=d)
    axis /= np.linalg.norm(axis)
    x = rng.normal(size=(n, d))
    x += np.outer(margin * (1 + rng.random(n)) - x @ axis, axis)
    y = np.where(np.arange(n) % 2, 1, -1)
    return x * y[:, None], y


def degenerate(seed: int) -> Dataset:
    """Separable integer data with many tied margins: corners of a cube, scaled, lifted and repeated.

    Binary or up to 5 classes; every point is a multiple, entry by entry, of its class's corner in the first 3
    features, and where there are more features these are mostly 0.
    """
    rng = np.random.default_rng(seed)
    k = int(rng.choice([0, 2, 3, 4, 5, 5]))
    n = int(rng.integers(max(1, k), 14))
    corners = 1 - 2 * ((rng.permutation(8)[:, None] >> np.arange(3)) & 1)
    y = np.concatenate([np.arange(k), rng.integers(0, k, n - k)]) if k else rng.choice([-1, 1], n)
    x = (corners[y] if k else y[:, None] * corners[0]) * rng.integers(1, rng.integers(2, 5), (n, 3))
    if rng.random() < 0.5:
        lift = rng.integers(0, 3, (n, 4)) * (rng.random((n, 4)) < 0.3)
        x = np.vstack([np.hstack([x, lift]), np.hstack([x, 0 * lift])])
        y = np.concatenate([y, y])
    copies = rng.integers(0, len(x), int(rng.integers(0, 5)))
    return np.vstack([x, x[copies]]).astype(float), np.concatenate([y, y[copies]])
