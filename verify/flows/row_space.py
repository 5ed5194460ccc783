"""Wide data in the space of their points: a gradient flow of n points costs what n features cost.

Gradients are combinations of the points. So the part of the weights that is orthogonal to all points never moves, and
in orthonormal coordinates of the points' span the flow is that of data `[n r]`, `r = min(n, d)`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from solvers.norms import Norm
from verify.datasets.dataset import Dataset

if TYPE_CHECKING:
    from verify.flows.solver import Path, Start

_WIDE = 32  # features: fewer cost next to nothing


class RowSpace(NamedTuple):
    """The span of a dataset's points. narrow: the dataset in its coordinates `[n r]`. axes: `[d r]`, orthonormal."""

    narrow: Dataset
    axes: Float[np.ndarray, "d r"]

    def enter(self, start: Start) -> Start:
        """The start in the coordinates of the span."""
        return start._replace(weights=start.weights @ self.axes)

    def leave(self, path: Path, start: Start, norms: tuple[Norm, ...]) -> Path:
        """The path of all features, with its norms, of a flow in the span; what is orthogonal to it stays."""
        still = start.weights - start.weights @ self.axes @ self.axes.T
        weights = still + path.weights @ self.axes.T
        sizes = np.array([[float(norm.value(w)) for norm in norms] for w in weights]).reshape(len(weights), len(norms))
        return path._replace(weights=weights, norms=sizes)


def row_space(dataset: Dataset) -> RowSpace | None:
    """The span of the points where it is smaller than feature space, and this large; else None."""
    if dataset.d <= max(dataset.n, _WIDE):
        return None
    axes, triangle = np.linalg.qr(dataset.x.T)
    return RowSpace(replace(dataset, x=triangle.T), axes)
