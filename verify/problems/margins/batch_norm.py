"""Gradient descent on a linear model with batch normalisation: how far apart the margins are, and the loss.

The model is `f_i = g y_i <w, x_i> / ||w||_S` with `||w||_S^2 = mean <w, x_i>^2`, and both w and g are trained. Scaling
w changes nothing, so that gradients are orthogonal to w, whose norm only grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject
from verify.runs.descent import stacked

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

_RECORDS = 60
_ROUNDING = 1e-26  # of a mean of squared differences of numbers of order 1, with room


@dataclass(frozen=True)
class BatchNormDescent:
    """Gradient descent on the mean logistic loss with one step size for w and g.

    It starts from the sum of the signed points, the i-th one i times, scaled to the size ||w||_S, and from g = 1.
    normalised: without it the model is `<w, x_i>`, for twins.
    """

    eta: float
    length: int
    size: float = 1.0
    normalised: bool = True

    def __post_init__(self) -> None:
        if not (self.eta > 0 and self.size > 0 and self.length >= 10):
            raise InputError(f"{self} is no descent: give eta > 0, size > 0 and 10 steps or more.")


class Curves(NamedTuple):
    """At `r` numbers of steps: `<w, x_i> y_i / ||w||_S` of `n` points, NaN where absent, and the mean loss's log."""

    steps: Int[np.ndarray, " r"]
    margins: Float[np.ndarray, "b r n"]
    log_loss: Float[np.ndarray, "b r"]


def descend(method: BatchNormDescent, datasets: Sequence[Dataset]) -> Curves:
    """Run it on binary datasets. Raises `InputError` for data with classes."""
    x, absent = stacked(datasets)
    share = ~absent / np.sum(~absent, axis=1, keepdims=True)  # a mean over the points is a sum with these
    second = np.einsum("bn,bnd,bne->bde", share, x, x)
    w, g = np.einsum("n,bnd->bd", np.arange(1.0, x.shape[1] + 1), x), np.ones((len(x), 1))
    w = method.size * w / _size(second, w)
    steps = np.unique(np.round(np.geomspace(1, method.length, _RECORDS)).astype(int))
    margins, log_loss = [], []
    for t in range(1, method.length + 1):
        z, norm = np.einsum("bnd,bd->bn", x, w), _size(second, w)
        if method.normalised:
            m = z / norm
            pull = share * np.exp(-np.logaddexp(0.0, g * m))
            along = np.einsum("bn,bnd->bd", pull, x) - np.einsum("bn,bde,be->bd", pull * m, second, w) / norm
            g, w = g + method.eta * np.sum(pull * m, axis=1, keepdims=True), w + method.eta * g / norm * along
        else:
            w = w + method.eta * np.einsum("bn,bnd->bd", share * np.exp(-np.logaddexp(0.0, z)), x)
        if t in steps:
            norm = _size(second, w)
            m = np.einsum("bnd,bd->bn", x, w) / norm
            loss = np.sum(share * np.logaddexp(0.0, -m * (g if method.normalised else norm)), axis=1)
            margins.append(np.where(absent, np.nan, m))
            log_loss.append(np.log(loss))
    return Curves(steps, np.stack(margins, axis=1), np.stack(log_loss, axis=1))


def _size(second: np.ndarray, w: np.ndarray) -> Float[np.ndarray, "b 1"]:
    return np.sqrt(np.einsum("bd,bde,be->b", w, second, w))[:, None]


def _run(method: BatchNormDescent, lab: Laboratory) -> Curves:
    return lab.once(("batch normalisation", method), lambda: descend(method, lab.datasets))


@dataclass(frozen=True)
class Discrepancy:
    """The mean over pairs of points of the squared difference of `y_i <w, x_i> / ||w||_S`."""

    method: BatchNormDescent
    name: str = "margin discrepancy"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """From the second step on."""
        found = _run(self.method, lab)
        values = 2 * np.nanvar(found.margins, axis=2)[:, 1:]
        floor = np.full(len(values), _ROUNDING)
        judged = np.ones(len(values), bool)
        return Measurement(np.log(found.steps[1:]), values, floor, judged, lab.datasets)


@dataclass(frozen=True)
class NormalisedLoss:
    """The mean loss."""

    method: BatchNormDescent
    name: str = "loss"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """From the second step on."""
        found = _run(self.method, lab)
        values = np.exp(found.log_loss[:, 1:])
        judged = np.ones(len(values), bool)
        return Measurement(np.log(found.steps[1:]), values, np.zeros(len(values)), judged, lab.datasets)
