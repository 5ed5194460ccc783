"""What share of each norm's maximal margin runs gain, and which norms the datasets tell apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

import solvers
import solvers.norms
from solvers import Reference
from verify.datasets.dataset import Dataset
from verify.identification.continuation import Course
from verify.problems.deficit import LINGERS

WEIGHTED = "weighted l2"
TOLD_APART = 0.01  # of a maximal margin, missed by the maximiser of another norm
_FITS = 0.005  # a relative gap that counts as none
_FALLING, _FALL = 0.03, 0.6  # one that does if it fell at least by this factor within a decade


def may_level_off(gap: np.ndarray | float, crooked: np.ndarray | float) -> np.ndarray | np.bool_:
    """Whether a relative gap above 3 % may stay, by what the last decade's updates miss of the margin; of one shape.

    Along steepest descent they miss nothing in the end, and less than nothing before, as long as gradients are larger
    than `gamma`. What they miss for good stays of the gap, but for what signs that alternate cancel.
    """
    with np.errstate(invalid="ignore"):
        return (np.asarray(gap) > _FALLING) & (np.asarray(crooked) > np.asarray(gap) / LINGERS)


@dataclass(frozen=True)
class _Geometry:
    """A norm with its references on all datasets, and for weighted norms the weights' scales."""

    name: str
    norm: solvers.norms.Norm
    references: list[Reference]
    scales: list[np.ndarray] | None = None

    def ratio(self, i: int, dataset: Dataset, weights: Float[np.ndarray, "*shape"]) -> float:
        """Normalised margin of weights on dataset `i` over the maximum; NaN for weights that are zero or NaN."""
        size = self._size(i, weights)
        if not 0 < size < math.inf:
            return math.nan
        return dataset.least_margin(weights) / size / self.references[i].upper

    def sizes(self, i: int, weights: Float[np.ndarray, "r *shape"]) -> Float[np.ndarray, " r"]:  # noqa: F821 - names of axes
        """Norms of a run's weights on dataset `i`."""
        return np.array([self._size(i, w) for w in weights])

    def _size(self, i: int, weights: Float[np.ndarray, "*shape"]) -> float:
        if not np.isfinite(weights).all():
            return math.nan
        return float(self.norm.value(weights if self.scales is None else self.scales[i] * weights))


def _geometries(datasets: list[Dataset], references: Mapping[str, list[Reference]], run: Course) -> list[_Geometry]:
    found = [_Geometry(name, solvers.norms.norm(name), known) for name, known in references.items()]
    if run.responses and not all(r.isotropic for r in run.responses):
        scales = [1 / np.sqrt(r.gain) for r in run.responses]
        scales = [s / s.max() for s in scales]
        weighted = [
            solvers.max_margin(d.x, d.y, "l2", scale=s, classes=d.classes)
            for d, s in zip(datasets, scales, strict=True)
        ]
        found.append(_Geometry(WEIGHTED, solvers.norms.norm("l2"), weighted, scales))
    return found


@dataclass(frozen=True)
class _Measured:
    """Shares of the maximal margins: of the weights gained and reached, and of the maximisers of each norm in others.

    told: whether the maximiser of the first norm misses a percent of the second's margin.
    """

    geometries: list[_Geometry]
    gained: Float[np.ndarray, "norms b r"]
    reached: Float[np.ndarray, "norms b r"]
    others: Float[np.ndarray, "norms norms b"]
    told: Bool[np.ndarray, "norms norms b"]

    @property
    def share(self) -> Float[np.ndarray, "norms b r"]:
        return np.fmax(self.gained, self.reached)


def _measure(datasets: list[Dataset], geometries: list[_Geometry], run: Course) -> _Measured:
    shape = (len(geometries), len(datasets), len(run.log_time))
    gained, reached = np.full(shape, np.nan), np.full(shape, np.nan)
    others = np.ones((len(geometries), len(geometries), len(datasets)))
    for i, (dataset, weights) in enumerate(zip(datasets, run.weights, strict=True)):
        steps = np.diff(weights, axis=0, prepend=np.zeros_like(weights[:1]))
        for j, geometry in enumerate(geometries):
            gained[j, i] = [geometry.ratio(i, dataset, step) for step in steps]
            reached[j, i] = [geometry.ratio(i, dataset, w) for w in weights]
            for m, rival in enumerate(geometries):
                others[j, m, i] = rival.ratio(i, dataset, geometry.references[i].weights)
    told = (others <= 1 - TOLD_APART) & ~_shared(geometries, gained, reached)
    return _Measured(geometries, gained, reached, others, told)


def _shared(
    geometries: list[_Geometry], gained: Float[np.ndarray, "norms b r"], reached: Float[np.ndarray, "norms b r"]
) -> Bool[np.ndarray, "norms norms b"]:
    """Whether the run itself found a maximiser in two norms at once, of several in the first one's."""
    several = np.array([[r.unique is not True for r in geometry.references] for geometry in geometries])
    both = np.zeros((len(geometries), len(geometries), several.shape[1]), bool)
    for curves in (gained, reached):
        fits = _last(curves) >= 1 - _FITS
        both |= fits[:, None] & fits[None, :]
    return both & several[:, None]


def _last(curves: Float[np.ndarray, "norms b r"], back: int = 0) -> Float[np.ndarray, "norms b"]:
    """The values `back` times before the last ones that are numbers in every norm."""
    places = np.arange(curves.shape[2])
    last = np.where(np.isfinite(curves).all(axis=0), places, 0).max(axis=1)
    return curves[:, np.arange(len(last)), np.maximum(last - back, 0)]
