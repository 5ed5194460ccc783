"""Datasets on which the maximisers of two norms differ by a stated ratio, so that a wrong norm is refuted.

A few points with features of unequal size, the *base*, fix the maximisers `w_a` and `w_b` of the two norms. Every
other point is drawn freely and then moved towards the base point of its label until its margins at `w_a` and at
`w_b` are no smaller than the base's: then both remain maximisers, and the ratio stays that of the base.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np
from hypothesis import strategies as st

from solvers import Norm, Reference, max_margins, normalised_margin
from solvers.errors import InputError
from verify.datasets.flavours import (
    ENTRY,
    LABEL,
    MOST_ENTRIES,
    Draw,
    Limits,
    Points,
    code_signs,
    fewest_features,
    scores,
    steps,
)

# Sizes of the large features, beside features of size 1.
_STRETCHES = (2, 3, 5, 10)
# The simplest bases that reach the ratio are kept; more would cost solves and add little.
_ENOUGH = 8
_CHUNK = 32


@dataclass(frozen=True, eq=False)
class Base:
    """Points `x`, `y` (labels +1, or one or two points of each class) with unit maximisers of both norms."""

    x: np.ndarray
    y: np.ndarray
    weights: tuple[np.ndarray, np.ndarray]
    ratio: float
    unique: bool | None

    @property
    def classes(self) -> int:
        """The number of classes, 0 for binary labels."""
        return len(self.weights[0]) if self.weights[0].ndim == 2 else 0


@lru_cache(maxsize=32)
def bases(norm_a: Norm, norm_b: Norm, ratio: float, limits: Limits) -> tuple[Base, ...]:
    """The simplest bases on which the norm-b maximiser reaches at most `ratio` of the norm-a margin.

    Bases whose norm-b maximiser is certified unique go first: if there are any, only they are returned, and
    the ratio holds for every dataset that `draw_points` makes of them; otherwise the caller checks it. Raises
    `InputError` naming the best ratio within the limits when none reaches it.
    """
    found: list[Base] = []
    least = np.inf
    for k in limits.classes:
        candidates = _candidates(k, limits)
        reached: list[Base] = []
        while len(reached) < _ENOUGH and (chunk := list(islice(candidates, _CHUNK))):
            solved = _solved(chunk, k, norm_a, norm_b)
            least = min([least, *(base.ratio for base in solved)])
            reached += [base for base in solved if base.ratio <= ratio]
        found += reached[:_ENOUGH]
    if not found:
        raise InputError(
            f"no dataset of at most {limits} brings the {norm_b} maximiser down to {ratio} of the {norm_a} margin: "
            f"ask for a ratio of {least:.3f} or more, or allow more features."
        )
    return tuple(base for base in found if base.unique) or tuple(found)


def draw_points(draw: Draw, base: Base, limits: Limits) -> Points:
    """The base and other points `[n, d]` that leave both maximisers in place, with labels `[n]`."""
    k, (n, d) = base.classes, base.x.shape
    label = st.integers(0, k - 1) if k else LABEL
    most = max(0, min(limits.points, MOST_ENTRIES // d) - n)
    rest = draw(st.lists(st.tuples(label, st.tuples(*[ENTRY] * d)), max_size=most))
    labels = np.array([c for c, _ in rest], dtype=int)
    x = np.array([row for _, row in rest], dtype=float).reshape(len(rest), d)
    towards = base.x[labels] if k else np.outer(labels, base.x[0])
    needed = np.zeros(len(rest))
    for weights in base.weights:
        level = scores(base.x, base.y, weights).min()
        needed = np.maximum(needed, steps(x, labels, weights, towards, level))
    return np.vstack([base.x, x + needed[:, None] * towards]), np.concatenate([base.y, labels])


def _solved(candidates: list[Points], k: int, norm_a: Norm, norm_b: Norm) -> list[Base]:
    posed = [(x, y, k) for x, y in candidates]
    references = zip(max_margins(posed, norm_a), max_margins(posed, norm_b), strict=True)
    return [_base(x, y, a, b) for (x, y), (a, b) in zip(candidates, references, strict=True)]


def _base(x: np.ndarray, y: np.ndarray, a: Reference, b: Reference) -> Base:
    ratio = normalised_margin(b.weights, x, y, a.norm) / a.lower
    return Base(x, y, (a.weights, b.weights), ratio, b.unique)


def _candidates(k: int, limits: Limits) -> Iterator[Points]:
    """Small datasets with features of two sizes, simplest first: one point, or one for each of `k` classes."""
    if max(1, k) > limits.points:
        return
    for stretch in _STRETCHES:
        for d in range(2, limits.features + 1):
            for large in sorted({1, d // 2, d - 1}):
                sizes = np.array([1.0] * (d - large) + [float(stretch)] * large)
                if k == 0:
                    yield sizes[None, :], np.array([1])
                    continue
                if k == 2:
                    yield np.array([sizes, -sizes]), np.arange(2)
                if d >= fewest_features(k):
                    yield code_signs(np.arange(k), d) * sizes, np.arange(k)
                if d == k:
                    yield np.diag(sizes), np.arange(k)
