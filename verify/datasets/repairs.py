"""Constructions that give a drawn dataset a property its theorem assumes, checked by the reference solver."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from solvers import Norm, margins, max_margin, normalised_margin
from verify.datasets.dataset import Dataset

# Every round stretches or drops at least one point and solves once: a fraction of a millisecond for L2.
_ROUNDS = 12
_STRETCHING_ROUNDS = 2


def with_support_gap(dataset: Dataset, gap: float, norm: str | Norm) -> Dataset | None:
    """The dataset changed until every non-support margin is at least `(1 + gap)` times the maximal margin.

    Margins are those of the reference's maximiser in the given norm, support means `Reference.support`. A
    point with a margin in between is multiplied by the integer `ceil(1 + gap)`: if none of its margins is in
    the support the maximiser stays, else it is found anew. From the third round on, a point with margins of
    both sorts (so with several classes) is dropped where its class has another. Returns None when 12 rounds
    are not enough, which happens for several classes only.
    """
    x, y = dataset.x.copy(), dataset.y.copy()
    for attempt in range(_ROUNDS):
        reference = max_margin(x, y, norm, classes=dataset.classes)
        found = margins(reference.weights, x, y)
        near = ~reference.support & (found < (1.0 + gap) * reference.upper)
        if not near.any():
            return replace(dataset, x=x, y=y)
        rows = near.reshape(len(y), -1).any(axis=1)
        mixed = rows & reference.support.reshape(len(y), -1).any(axis=1)
        spare = [i for i in np.flatnonzero(mixed) if np.count_nonzero(y == y[i]) > 1]
        if attempt >= _STRETCHING_ROUNDS and spare:
            x, y = np.delete(x, spare[0], axis=0), np.delete(y, spare[0])
        else:
            x[rows] *= math.ceil(1.0 + gap)
    return None


def with_margin_within(dataset: Dataset, bounds: tuple[float, float], norm: str | Norm) -> Dataset:
    """The dataset scaled so that its maximal normalised margin lies in `bounds = (low, high)`.

    Data that satisfy the bounds stay as they are; otherwise the factor is a power of two where one fits, so
    that integers stay readable, and else it brings the margin to the bounds' geometric mean.
    """
    low, high = bounds
    reference = max_margin(dataset.x, dataset.y, norm, classes=dataset.classes)
    if low <= reference.lower and reference.upper <= high:
        return dataset
    target = math.sqrt(low) * math.sqrt(high) if math.isfinite(high) else 2.0 * low
    factor = target / reference.upper
    rounded = 2.0 ** round(math.log2(factor))
    if low <= rounded * reference.lower and rounded * reference.upper <= high:
        factor = rounded
    return replace(dataset, x=factor * dataset.x)


def cross_ratio(dataset: Dataset, norm_a: str | Norm, norm_b: str | Norm) -> float:
    """How much of the norm-a margin the norm-b maximiser reaches: its normalised margin in a over the maximum.

    An upper bound up to the reference's certified width. Where the norm-b maximiser is not unique it is the
    one that the solver returns.
    """
    best = max_margin(dataset.x, dataset.y, norm_a, classes=dataset.classes)
    other = max_margin(dataset.x, dataset.y, norm_b, classes=dataset.classes)
    return normalised_margin(other.weights, dataset.x, dataset.y, norm_a) / best.lower
