"""Margins in rational arithmetic: what a float computed, checked without a rounding error.

Every float is a rational number, so the margin of given weights and the dual norm of given multipliers are exact in
l1 and linf; in l2 their squares are, and roots are enclosed between rationals. A bracket from here needs trust in
nothing but the arithmetic of integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

import numpy as np
from numpy.typing import ArrayLike

from solvers.certificates import Reference
from solvers.errors import InputError
from solvers.labelled import Labels, Points
from solvers.problems import Problem, classes_of, pose

NORMS = ("l1", "l2", "linf")
"""The norms with rational brackets."""
_LARGEST = 2_000  # entries of the data beyond which exact sums get slow
_DENOMINATORS = (1, 12, 1_000, 10**6)  # of weights that a reader may check by hand, simplest first
_DUAL = {"l1": "linf", "l2": "l2", "linf": "l1"}
_ROOT_BITS = 160

Rational = Fraction
Vector = list[Fraction]


@dataclass(frozen=True)
class Witness:
    """A proof of `lower <= maximal margin <= upper` in rational numbers.

    weights: whose normalised margin is at least `lower`, flattened. multipliers: on the simplex, flattened as the data
    vectors are numbered; the dual norm of their combination is at most `upper`.
    """

    norm: str
    lower: Fraction
    upper: Fraction
    weights: tuple[Fraction, ...]
    multipliers: tuple[Fraction, ...]


def rational_margin(w: ArrayLike, x: Points, y: Labels, norm: str) -> tuple[Fraction, Fraction]:
    """The normalised margin of the weights as a rational bracket, of width 0 in l1 and linf.

    Raises `InputError` for a norm that has no rational bracket, large or bad data, or zero weights.
    """
    problem = _posed(x, y, norm, w)
    weights = np.asarray(w, np.float64)
    if weights.shape != problem.shape:
        raise InputError(f"The weights have shape {weights.shape}, not {problem.shape}: pass one weight a feature.")
    return _bracket(_rows(problem), [Fraction(v) for v in weights.ravel().tolist()], norm)


def rational_witness(x: Points, y: Labels, reference: Reference) -> Witness:
    """A rational proof of the maximal margin from a certified reference, in the simplest numbers that serve.

    Weights and multipliers are rounded to small denominators as long as the bracket gets no wider by that than the
    reference's promise; otherwise they are the floats themselves.

    Raises `InputError` for a norm that has no rational bracket, or for large or bad data.
    """
    name = reference.norm.name
    problem = _posed(x, y, name, reference.weights)
    rows = _rows(problem)
    weights = reference.weights.ravel()
    largest = float(np.abs(weights).max())
    exact = _bracket(rows, [Fraction(v) for v in weights.tolist()], name)[0]
    tolerance = Fraction(1, 10**9) * abs(exact)
    chosen, lower = [Fraction(v) for v in weights.tolist()], exact
    for limit in _DENOMINATORS:
        simple = [Fraction(v).limit_denominator(limit) for v in (weights / largest).tolist()]
        if any(simple) and (value := _bracket(rows, simple, name)[0]) >= exact - tolerance:
            chosen, lower = simple, value
            break
    multipliers = _entries(problem, reference.multipliers)
    shares, upper = multipliers, _upper(rows, multipliers, name)
    for limit in _DENOMINATORS[1:]:
        simple = [v.limit_denominator(limit) for v in multipliers]
        if any(simple) and (value := _upper(rows, simple, name)) <= upper + tolerance:
            shares, upper = simple, value
            break
    total = sum(shares)
    return Witness(name, lower, upper, tuple(chosen), tuple(v / total for v in shares))


def _posed(x: Points, y: Labels, norm: str, weights: ArrayLike) -> Problem:
    if norm not in NORMS:
        raise InputError(f"The norm {norm!r} has no rational bracket: use one of {', '.join(NORMS)}.")
    problem = pose(x, y, classes=classes_of(weights))
    if len(problem.constraints) * int(np.prod(problem.shape)) > _LARGEST:
        raise InputError(
            f"The data have {len(problem.constraints)} margins of {int(np.prod(problem.shape))} weights, which is much "
            "for exact arithmetic: pass a smaller dataset."
        )
    return problem


def _rows(problem: Problem) -> list[Vector]:
    """The data vectors in their own units; the problem's scaling is by a power of two, hence exact."""
    unit = Fraction(2) ** problem.exponent
    rows = problem.rows(problem.constraints)
    return [[unit * Fraction(v) for v in row] for row in rows.tolist()]


def _entries(problem: Problem, table: np.ndarray) -> Vector:
    return [Fraction(v) for v in table.ravel()[problem.constraints].tolist()]


def _norm(values: Sequence[Fraction], norm: str) -> tuple[Fraction, Fraction]:
    if norm == "l2":
        return _root(sum((v * v for v in values), Fraction(0)))
    sizes = [abs(v) for v in values]
    value = max(sizes) if norm == "linf" else sum(sizes, Fraction(0))
    return value, value


def _root(square: Fraction) -> tuple[Fraction, Fraction]:
    """Rationals that enclose the root; equal where it is rational."""
    whole, part = isqrt(square.numerator), isqrt(square.denominator)
    if whole**2 == square.numerator and part**2 == square.denominator:
        return Fraction(whole, part), Fraction(whole, part)
    scale = 1 << _ROOT_BITS
    floor = isqrt(square.numerator * scale**2 // square.denominator)
    return Fraction(floor, scale), Fraction(floor + 1, scale)


def _bracket(rows: list[Vector], weights: Vector, norm: str) -> tuple[Fraction, Fraction]:
    low, high = _norm(weights, norm)
    if high == 0:
        raise InputError("The weights w are zero, so their margin has no direction: pass non-zero weights.")
    margin = min(sum((a * b for a, b in zip(row, weights, strict=True)), Fraction(0)) for row in rows)
    ends = (margin / high, margin / low) if low else (margin / high, margin / high)
    return min(ends), max(ends)


def _upper(rows: list[Vector], multipliers: Vector, norm: str) -> Fraction:
    combined = [
        sum((m * row[j] for m, row in zip(multipliers, rows, strict=True)), Fraction(0)) for j in range(len(rows[0]))
    ]
    return _norm(combined, _DUAL[norm])[1] / sum(multipliers, Fraction(0))
