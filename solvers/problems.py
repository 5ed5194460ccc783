"""The max-margin problem of a dataset: its margins and its data vectors, validated and scaled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped
from numpy.typing import ArrayLike

from solvers import labelled
from solvers.errors import InputError
from solvers.labelled import Labels, Points
from solvers.norms import Norm
from solvers.own_norm import OwnNorm, check_own_norm

# Weights [d] or [k, d]; margins and multipliers [n] or [n, k].
Weights = Float[np.ndarray, "*shape"]
Table = Float[np.ndarray, "*table"]
# The same in float64 or, for certificates, in long double, which jaxtyping does not count as a float.
Exact = Shaped[np.ndarray, "*exact"]


@dataclass(frozen=True, eq=False)
class Problem:
    """A dataset as the vectors `q` of its margins `<q, w>`: `y_i x_i`, or `(e_{y_i} - e_c) x_i^T`, c != y_i.

    `x` holds the features times `2^-exponent` with largest magnitude in [1/2, 1): the scaling is exact, and
    no product overflows. `classes` is 0 for binary labels (+1/-1), else k. Data vectors are numbered `i` for
    binary labels and `i k + c` for multiclass ones.
    """

    x: Float[np.ndarray, "n d"]
    y: Int[np.ndarray, " n"]
    classes: int
    exponent: int

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the weights: [d], or [k, d]."""
        d = self.x.shape[1]
        return (self.classes, d) if self.classes else (d,)

    @property
    def table(self) -> tuple[int, ...]:
        """The shape of the margins and multipliers: [n], or [n, k]."""
        n = self.x.shape[0]
        return (n, self.classes) if self.classes else (n,)

    @property
    def constraints(self) -> Int[np.ndarray, " m"]:
        """The numbers of all data vectors."""
        numbers = np.arange(math.prod(self.table))
        if not self.classes:
            return numbers
        return np.delete(numbers, np.arange(len(self.y)) * self.classes + self.y)

    def part(self, points: Int[np.ndarray, " p"]) -> Problem:
        """The problem of these points alone, in the same units."""
        return Problem(self.x[points], self.y[points], self.classes, self.exponent)

    def scores(self, w: Weights, dtype: Any = np.float64) -> Exact:
        """The margins of `w`, [n] or [n, k], +inf at the true class, computed in `dtype`."""
        x = self.x.astype(dtype, copy=False)
        values = x @ w.astype(dtype, copy=False).T
        if not self.classes:
            return self.y * values
        own = np.arange(len(self.y)), self.y
        gaps = values[own][:, None] - values
        gaps[own] = np.inf
        return gaps

    def combine(self, multipliers: Table, dtype: Any = np.float64) -> Exact:
        """The combination `sum lambda q` of the data vectors, shaped like the weights, in `dtype`."""
        return self._coefficients(multipliers.astype(dtype, copy=False)).T @ self.x.astype(dtype, copy=False)

    def magnitude(self, multipliers: Table) -> Weights:
        """The combination of magnitudes `sum lambda |q|`, which bounds the rounding errors of `combine`."""
        if not self.classes:
            return multipliers @ np.abs(self.x)
        signed = self._coefficients(multipliers)
        return np.abs(signed).T @ np.abs(self.x)

    def rows(self, numbers: Int[np.ndarray, " m"]) -> Float[np.ndarray, "m size"]:
        """The data vectors with these numbers, flattened."""
        if not self.classes:
            return self.y[numbers, None] * self.x[numbers]
        point, other = np.divmod(numbers, self.classes)
        rows = np.zeros((len(numbers), *self.shape))
        at = np.arange(len(numbers))
        rows[at, self.y[point]] = self.x[point]
        rows[at, other] -= self.x[point]
        return rows.reshape(len(numbers), -1)

    def scatter(self, numbers: Int[np.ndarray, " m"], values: Float[np.ndarray, " m"]) -> Table:
        """A table of multipliers, [n] or [n, k], with `values` at these numbers and 0 elsewhere."""
        flat = np.zeros(math.prod(self.table))
        flat[numbers] = values
        return flat.reshape(self.table)

    def _coefficients(self, multipliers: np.ndarray) -> np.ndarray:
        """The coefficient of each point in the combination, per class: [n], or [n, k]."""
        if not self.classes:
            return self.y * multipliers
        own = np.arange(len(self.y)), self.y
        signed = -multipliers
        signed[own] = multipliers.sum(axis=1) - multipliers[own]
        return signed


def pose(x: Points, y: Labels, norm: Norm | None = None, classes: int | None = None) -> Problem:
    """Validate a dataset and pose its problem.

    x: features `[n d]`. y: labels `[n]`, and classes, by the rule of `solvers.labelled`. norm: when given, checked for
    being defined on the weights, and an own norm for being one norm.

    Raises `InputError` where `x` is not a finite, non-empty matrix of numbers; where `y` does not match it, or holds no
    labels, or one class only; and where the norm needs matrices but the labels are binary, or is an own norm whose
    parts do not agree.
    """
    features = labelled.features(x)
    labels, classes = labelled.labels(y, len(features), classes)
    top = max(-float(features.min()), float(features.max()))
    exponent = int(np.frexp(top)[1]) if top > 0 else 0
    problem = Problem(np.ldexp(features, -exponent, out=features), labels, classes, exponent)
    if norm is not None:
        check_defined(norm, problem)
    return problem


def check_defined(norm: Norm, problem: Problem) -> None:
    """Raise `InputError` where the norm needs matrices and the labels are binary, or its own parts do not agree."""
    if norm.matrix_only and not problem.classes:
        raise InputError(
            f"The {norm.name} norm needs a weight matrix but binary labels give a weight vector: "
            "use an entry-wise norm, or ask for classes=2."
        )
    if isinstance(norm, OwnNorm):
        check_own_norm(norm, problem.shape)


def classes_of(w: ArrayLike) -> int | None:
    """Two classes where there is a row of weights for each of two; else what the labels say."""
    return 2 if np.ndim(w) == 2 and np.shape(w)[0] == 2 else None
