"""Datasets in which one of points, features and maximal margin moves, and the others are held.

A dataset's margin vectors `q_i`, whose maximal margin is `gamma_0` with multipliers `lambda`, are moved to
`q_i + c v`, `v = sum_i lambda_i q_i / gamma_0`. Since `<v, w> = 1` and `|v|_* = 1` at a maximiser `w`, its margin
becomes `gamma_0 + c`, and the same multipliers show that no other weights have a larger one: any maximal margin can be
had, exactly, and in any norm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

import solvers
import solvers.norms
from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.seeds import derived_seed

LENGTH = 4.0
"""Dual norm of the margin vectors, before they are moved: margins then reach a few units within ordinary runs."""
_APART = 0.5  # length of the points along the direction that separates them, at least


class Size(NamedTuple):
    """Points, features and the maximal margin, where margin vectors have dual norms of about `LENGTH`."""

    n: int
    d: int
    gamma: float


def held(sizes: Sequence[Size], *, norm: str, seed: int, matrix: bool = False) -> list[Dataset]:
    """A dataset of each of these sizes, whose maximal margin in the norm is as asked for.

    matrix: whether the weights are those of two classes, `[2 d]`, as norms of matrices need them, or `[d]`. Sizes of
    the same n and d have the same points but for what moves their margin, so that seeds stand for replicates.

    Raises `InputError` for fewer than two points, no feature, and a margin that is not positive.
    """
    for size in sizes:
        if size.n < 2 or size.d < 1 or not size.gamma > 0:
            raise InputError(
                f"{size.n} points in {size.d} dimensions of margin {size.gamma} cannot be drawn: give two points or "
                "more, a feature or more, and a positive margin."
            )
    kind = solvers.norms.norm(norm)
    drawn = [_drawn(size, kind, seed, matrix) for size in sizes]
    references = solvers.max_margins([each.problem for each in drawn], kind)
    return [_moved(*each) for each in zip(drawn, references, sizes, strict=True)]


def _drawn(size: Size, norm: solvers.norms.Norm, seed: int, matrix: bool) -> Dataset:
    """Gaussian points that a random direction separates, their margin vectors of one dual norm."""
    rng = np.random.default_rng(derived_seed(seed, "held", str(size.n), str(size.d)))
    rows, direction = rng.normal(size=(size.n, size.d)), rng.normal(size=size.d)
    direction /= np.linalg.norm(direction)
    along = rows @ direction
    rows += np.outer(np.abs(along) + _APART - along, direction)
    rows *= LENGTH / np.array([norm.dual_value(_vector(row, matrix)) for row in rows])[:, None]
    return _labelled(rows, np.arange(size.n) % 2, matrix)


def _vector(row: Float[np.ndarray, " d"], matrix: bool) -> np.ndarray:
    return np.stack([row, -row]) if matrix else row


def _labelled(rows: Float[np.ndarray, "n d"], labels: np.ndarray, matrix: bool, name: str = "") -> Dataset:
    """The dataset whose points, with their labels folded in, are these."""
    signs = 1 - 2 * labels
    if not matrix:
        return Dataset(signs[:, None] * rows, signs, name)
    return Dataset(signs[:, None] * rows, labels, name, classes=2)


def _moved(dataset: Dataset, reference: solvers.Reference, size: Size) -> Dataset:
    matrix = not dataset.binary
    labels = dataset.y if matrix else (1 - dataset.y) // 2
    rows = (1 - 2 * labels)[:, None] * dataset.x
    weights = reference.multipliers.sum(axis=1) if matrix else reference.multipliers
    shift = (weights @ rows) / reference.upper
    name = f"n = {size.n}, d = {size.d}, margin {size.gamma:g}"
    return _labelled(rows + (size.gamma - reference.upper) * shift, labels, matrix, name)
