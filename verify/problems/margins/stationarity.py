"""How far from the maximal margin weights may be that nearly satisfy the KKT conditions of its problem."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

import solvers
from verify.datasets.dataset import Dataset
from verify.problems.quantity import ROUNDING, Measurement
from verify.problems.subject import Subject
from verify.seeds import generator

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

_COUNT = 24  # weights of a dataset in each norm
_NOISE = 0.1  # of every third of them, relative to their largest entry


@dataclass(frozen=True)
class StationaryGap:
    """The relative gap of weights of binary data, with what their KKT residual allows as the larger side.

    The weights are steepest directions of positive combinations of data vectors, which are stationary: their
    subgradient is that combination. Every third has noise on it. norms: entry-wise ones with `1 < p < inf`.
    slackness: its factor in the larger side, 1 in theorems. margin_in: the norm of the maximal margin, if another one.
    """

    norms: tuple[str, ...] = ("l1.5", "l2", "l3")
    slackness: float = 1.0
    margin_in: str | None = None
    name: str = field(default="relative gap", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """A column for each of the weights; where these do not separate the data nothing is said of them."""
        values = np.zeros((len(lab.datasets), len(self.norms) * _COUNT))
        bound, floor = np.full(values.shape, np.inf), np.zeros(len(values))
        certified = np.ones(len(values), bool)
        for j, name in enumerate(self.norms):
            references = lab.references(self.margin_in or name)
            for i, (dataset, reference) in enumerate(zip(lab.datasets, references, strict=True)):
                for column, w in enumerate(stationary_weights(dataset, name), start=j * _COUNT):
                    margins = dataset.margin_vectors @ w
                    if margins.min() <= ROUNDING * np.abs(dataset.x).max():
                        continue
                    size = float(solvers.norm(name).value(w))
                    values[i, column] = 1 - margins.min() / size / reference.upper
                    found = solvers.kkt_residual(w, dataset.margin_vectors, margins, 1, name)
                    allowed = 2 * found.stationarity + self.slackness * found.slackness
                    bound[i, column] = allowed / (1 + found.stationarity)
                floor[i] = max(floor[i], reference.width + ROUNDING)
                certified[i] &= reference.certified
        judged = certified & np.isfinite(bound).any(axis=1)
        return Measurement(np.log(np.arange(1, values.shape[1] + 1)), values, floor, judged, lab.datasets, bound=bound)


def stationary_weights(dataset: Dataset, norm: str) -> Float[np.ndarray, "m d"]:
    """Weights of unit norm in which every data vector that has a part has a positive one; every third with noise."""
    rng = generator(dataset.x, dataset.y, f"stationary in {norm}")
    parts = rng.exponential(size=(_COUNT, dataset.n)) * (rng.random((_COUNT, dataset.n)) < 0.6)
    parts[~parts.any(axis=1)] = 1.0
    weights = np.stack([solvers.norm(norm).direction(each @ dataset.margin_vectors) for each in parts])
    noise = _NOISE * rng.normal(size=weights.shape) * np.abs(weights).max(axis=1, keepdims=True)
    weights[::3] += noise[::3]
    return weights
