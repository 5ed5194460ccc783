"""Bounds on the curvature of the mean loss, and the step sizes below which gradient descent descends."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from solvers.errors import InputError
from verify import losses
from verify.datasets.dataset import Dataset
from verify.losses import Loss


def _largest_singular(dataset: Dataset) -> float:
    return float(np.linalg.norm(dataset.x, 2)) ** 2 / dataset.n


def _largest_row(dataset: Dataset) -> float:
    return float(np.linalg.norm(dataset.x, axis=1).max()) ** 2


# Bounds on the Hessian of the mean loss. The exponential loss has none on the whole space: its Hessian is at most
# the loss times the largest squared data vector, and the loss starts at k - 1 (binary: 1) and falls.
CURVATURE: dict[Loss, Callable[[Dataset], float]] = {
    losses.CROSS_ENTROPY: lambda s: _largest_singular(s) * (0.5 if s.classes else 0.25),
    losses.PAIRWISE_LOGISTIC: lambda s: _largest_singular(s) * max(s.classes, 1) / 4,
    losses.EXPONENTIAL: lambda s: _largest_row(s) * (2 * (s.classes - 1) if s.classes else 1),
}


def step_limit(dataset: Dataset, loss: str | Loss = "logistic") -> float:
    """The step size `2 / beta` below which gradient descent from zero descends; `beta` bounds the Hessian.

    `beta = sigma_max(x)^2 / (4 n)` for the logistic loss (`/ (2 n)` with classes), `max ||x_i||^2` for the
    exponential one, where it holds on the sublevel set of the start. Raises `InputError` for a loss without such
    a bound here, and for features whose limit is no floating point number.
    """
    kind = losses.loss(loss)
    if kind not in CURVATURE:
        raise InputError(f"No smoothness constant is known for the loss {kind.name!r}: give a step size.")
    beta = CURVATURE[kind](dataset)
    limit = 2 / beta if beta else math.inf
    if not 0 < limit < math.inf:
        raise InputError(f"The largest stable step size of {dataset!r} is {limit}: rescale the features.")
    return limit
