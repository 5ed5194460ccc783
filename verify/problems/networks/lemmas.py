"""Lemmas on homogeneous models as finite inequalities, at arbitrary parameters that separate the data.

A lemma has two sides, `[r]` at the `r` parameters of a dataset. What it says of a flow is read at a point: with
`F = log L`, `L = sum_i e^-q_i` the sum of the exponential losses, the flow goes along `-grad F`, up to its clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.models.model import Model, Shaped
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject
from verify.runs.stationarity import margins_and_gradients
from verify.seeds import generator

Curve = Float[np.ndarray, " r"]
Sides = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""By part, the smaller and the larger side, `[r]`."""

_DRAWN, _KEPT = 400, 16  # parameters to draw, and of these that separate the data to keep
_SIZES = (1.0, 3.0, 10.0, 100.0)  # of log 1/L, to which parameters are scaled, nearly
_STEPS, _SHARPNESS = np.geomspace(0.3, 0.01, 60), 10.0  # of descent: their lengths, and log 1/L there
_ROUNDING = 1e-11  # of a side, relative
_PLACES = Clock.named("number of the parameters")


@dataclass(frozen=True, eq=False)
class Parameters:
    """Parameters of a model that separate a dataset, with a summed loss below 1.

    flat: `[r p]`. margins: `[r n]`. gradients: `[r n p]`, of the margins. degree: of the model.
    """

    model: Shaped
    degree: float
    flat: Float[np.ndarray, "r p"]
    margins: Float[np.ndarray, "r n"]
    gradients: Float[np.ndarray, "r n p"]

    @property
    def log_inverse(self) -> Curve:
        """`log 1/L`, positive."""
        return -np.asarray(logsumexp(-self.margins, axis=1))

    @property
    def descent(self) -> Float[np.ndarray, "r p"]:
        """`-grad log L`: the margins' gradients, by the samples' shares of the loss."""
        shares = np.exp(-self.margins + self.log_inverse[:, None])
        return np.einsum("rn,rnp->rp", shares, self.gradients)

    def layers(self, flat: Float[np.ndarray, "r p"]) -> dict[str, Float[np.ndarray, "r q"]]:
        """The layers' parts of vectors, by name, each of them flat."""
        ends = np.cumsum([int(np.prod(shape)) for _, shape in self.model.layers])
        parts = np.split(flat, ends[:-1], axis=1)
        return {name: part for (name, _), part in zip(self.model.layers, parts, strict=True)}


def arbitrary_parameters(model: Model, dataset: Dataset) -> Parameters | None:
    """Parameters that separate the data, at several sizes of the loss; None where no random ones do.

    Half of them are random, and the others come of these by steps of descent.

    They depend on the model's name and the dataset alone. Raises `InputError` for a model without a degree.
    """
    if model.degree is None:
        raise InputError(f"{model} has no degree of homogeneity, which this lemma is about: declare degree=.")
    shaped = model.at(dataset.d, dataset.classes or 1)
    rng = generator(dataset.x, dataset.y, f"parameters of {model.name}")
    drawn = rng.normal(size=(_DRAWN, shaped.size))
    margins, _ = margins_and_gradients(shaped, drawn, dataset)
    good = np.flatnonzero(margins.min(axis=1) > 0)[:_KEPT]
    if not len(good):
        return None
    starts = np.resize(drawn[good], (_KEPT, shaped.size))
    flat = np.concatenate([starts, _descended(shaped, model.degree, starts, dataset)])
    found = [_scaled(shaped, model.degree, flat, dataset, size) for size in _SIZES]
    together = (np.concatenate([getattr(at, part) for at in found]) for part in ("flat", "margins", "gradients"))
    return Parameters(shaped, model.degree, *together)


def _scaled(shaped: Shaped, degree: float, flat: np.ndarray, dataset: Dataset, size: float) -> Parameters:
    """The parameters scaled to a smallest margin of `log n + size`, past which the summed loss is below `e^-size`."""
    least = margins_and_gradients(shaped, flat, dataset)[0].min(axis=1, keepdims=True)
    flat = flat * ((np.log(dataset.n) + size) / least) ** (1 / degree)
    return Parameters(shaped, degree, flat, *margins_and_gradients(shaped, flat, dataset))


def _descended(shaped: Shaped, degree: float, flat: np.ndarray, dataset: Dataset) -> np.ndarray:
    """The parameters after some normalised steps of descent, by which they come nearer to a KKT point."""
    for part in _STEPS:
        at = _scaled(shaped, degree, flat, dataset, _SHARPNESS)
        sizes = (np.linalg.norm(v, axis=1, keepdims=True) for v in (at.flat, at.descent))
        moved = at.flat + part * at.descent * np.divide(*sizes)
        apart = margins_and_gradients(shaped, moved, dataset)[0].min(axis=1, keepdims=True) <= 0
        flat = np.where(apart, at.flat, moved)
    return flat


@dataclass(frozen=True)
class ModelLemma:
    """An inequality between two sides, at arbitrary parameters of a homogeneous model.

    name: of the smaller side, in a few words. sides: from parameters to both sides, by part. model: whose parameters.
    """

    name: str
    sides: Callable[[Parameters], Sides]
    model: Model

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """The smaller side as `values`, the larger as `bound`, of the part nearest to failing.

        Datasets that no drawn parameters separate are not judged.
        """
        most = 2 * _KEPT * len(_SIZES)
        values, bound = np.full((2, len(lab.datasets), most), np.nan)
        for i, dataset in enumerate(lab.datasets):
            found = lab.once(
                ("parameters", self.model, i), lambda dataset=dataset: arbitrary_parameters(self.model, dataset)
            )
            if found is None:
                continue
            smaller, larger = (np.stack(each) for each in zip(*self.sides(found).values(), strict=True))
            nearest = np.argmax(smaller - larger, axis=0)[None]
            for curves, side in ((values, smaller), (bound, larger)):
                curves[i] = np.take_along_axis(side, nearest, axis=0)[0]
        judged = np.asarray(~np.isnan(values).any(axis=1))
        notes = () if judged.all() else (f"datasets that no drawn parameters separate: {np.count_nonzero(~judged)}",)
        sizes = np.where(judged, np.max(np.maximum(np.abs(values), np.abs(bound)), axis=1), 0.0)
        return Measurement(
            np.log(np.arange(1, most + 1)), values, _ROUNDING * sizes, judged, lab.datasets, bound=bound,
            clock=_PLACES, notes=notes,
        )  # fmt: skip
