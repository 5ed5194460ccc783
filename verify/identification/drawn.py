"""Drawn datasets to identify an optimizer on."""

from __future__ import annotations

import numpy as np

import solvers
from solvers.errors import InputError
from verify.datasets.dataset import Dataset

_SIZE = 2.0  # of the points of drawn datasets


def drawn(count: int = 8, seed: int = 0, classes: int = 5) -> list[Dataset]:
    """Separable datasets on which the norms' maximal margins are told apart, from a seed.

    Points of one length in 8 dimensions, fewer than dimensions so that they are separable, with features of very
    unequal sizes (along the axes, for entry-wise norms, and along random directions, for Schatten norms). Of four
    times as many, those of the largest L2 margins are kept: optimizers come to the point sooner.
    classes: their number, with one point more than classes; 0 for labels +1/-1, on 4 points.
    Raises `InputError` for fewer than one dataset, and for classes that are 1, negative or more than 7.
    """
    if seed < 0:
        raise InputError(f"The seed is {seed}: give a whole number, 0 or more.")
    if count < 1:
        raise InputError(f"{count} datasets cannot be drawn: ask for 1 or more.")
    if classes not in (0, *range(2, 8)):
        raise InputError(f"Datasets of {classes} classes cannot be drawn: ask for 2 to 7, or for 0, labels ±1.")
    found = [_drawn(np.random.default_rng([seed, classes, i]), classes, i) for i in range(4 * count)]
    references = solvers.max_margins([s.problem for s in found], "l2")
    largest = np.argsort([-r.lower for r in references], kind="stable")[:count]
    return [found[i] for i in np.sort(largest)]


def _drawn(rng: np.random.Generator, classes: int, number: int) -> Dataset:
    n, d = (classes + 1 if classes else 4), 8
    x = rng.normal(size=(n, d)) * np.exp(rng.normal(size=d))
    x = x @ np.linalg.qr(rng.normal(size=(d, d)))[0] * np.exp(rng.normal(size=d) / 2)
    y = np.arange(n) % classes if classes else rng.permutation(np.where(np.arange(n) % 2, 1, -1))
    return Dataset(_SIZE * x / np.linalg.norm(x, axis=1, keepdims=True), y, f"drawn {number}", classes=classes)
