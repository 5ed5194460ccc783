"""What is measured along a run: non-negative curves, one a dataset, that a claim says must fall or stay bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

import solvers.norms
from solvers.errors import InputError
from solvers.norms import Norm
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset, datasets_of

if TYPE_CHECKING:
    from verify.claims.claim import Claim
    from verify.problems.laboratory import Laboratory


ROUNDING = 1e-12  # of a normalised margin computed in float64, relative


@dataclass(frozen=True)
class Measurement:
    """Curves of one quantity on `b` datasets.

    log_time: `[r]`. values: `[b r]`. floor: `[b]`, what of a value may be the reference's width or rounding.
    judged: `[b]`, False where nothing can be said (no certified reference, a precision horizon, a theorem's
    assumption that does not hold); `notes` say why. gamma: `[b]` the reference margins, where there are any.
    bound: `[b r]` the larger side, of a quantity that measures both sides of an inequality. parts: by name, `[b r]`
    terms that add up to `bound`, where the inequality has some. axis: what the clock is, where it is not steps, nor
    `log t` of a flow: `exp(log_time)`, or `log_time` itself of a flow. all_or_none: whether nothing may be concluded
    where fewer than half of the cases could be judged, because what left the others out casts doubt on these.
    """

    log_time: Float[np.ndarray, " r"]
    values: Float[np.ndarray, "b r"]
    floor: Float[np.ndarray, " b"]
    judged: Bool[np.ndarray, " b"]
    datasets: Sequence[Case]
    gamma: Float[np.ndarray, " b"] | None = None
    notes: tuple[str, ...] = ()
    bound: Float[np.ndarray, "b r"] | None = None
    parts: Mapping[str, Float[np.ndarray, "b r"]] | None = None
    axis: str | None = None
    all_or_none: bool = False

    @property
    def larger_side(self) -> Float[np.ndarray, "b r"]:
        """The larger side of the inequality that was measured."""
        if self.bound is None:
            raise InputError("This quantity measures no inequality: give the claim's Bound a formula of its own.")
        return self.bound

    @property
    def time(self) -> Float[np.ndarray, " r"]:
        """Steps."""
        return np.exp(self.log_time)

    @property
    def data(self) -> list[Dataset]:
        """The datasets, where no case is a setting."""
        return datasets_of(self.datasets)

    @property
    def n(self) -> Float[np.ndarray, "b 1"]:
        """Number of points of each dataset."""
        return np.array([[float(s.n)] for s in self.data])

    @property
    def margin(self) -> Float[np.ndarray, "b 1"]:
        """The reference margins as a column."""
        if self.gamma is None:
            raise InputError("This quantity has no reference margin: use one that has, such as Gap.")
        return self.gamma[:, None]

    def radius(self, norm: str | Norm) -> Float[np.ndarray, "b 1"]:
        """Largest dual norm of a data vector (of a margin's gradient), as a column."""
        geometry = solvers.norms.norm(norm)
        vectors = [s.margin_vectors.reshape(-1, *s.weights_shape) for s in self.data]
        return np.array([[max(float(geometry.dual_value(q)) for q in each)] for each in vectors])


@runtime_checkable
class Quantity(Protocol):
    """Something that can be measured. `name` says what, in a few words."""

    @property
    def name(self) -> str:
        """What the reports call it."""
        ...

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        """Measure it for the claim's optimizer on the laboratory's datasets."""
        ...
