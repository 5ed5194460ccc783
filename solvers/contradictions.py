"""Whether data vectors that combine to nearly 0 combine to 0: what proves that no weights separate the data.

By Gordan's theorem either some weights have positive margins on all data vectors, or a combination of them with
non-negative multipliers, not all 0, vanishes. Multipliers in double precision make it vanish up to rounding only, and
data whose margin is smaller than that look the same. Proven here is that exact multipliers are near them: by Rump's
bound on the solution of a square system (Acta Numerica 2010, section 10.8) where the data vectors are as many as their
dimensions and one, and by elimination in rational numbers where they are few.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import scipy.linalg
from jaxtyping import Float, Int

from solvers.problems import Problem, Table

_EPS = float(np.finfo(np.float64).eps)
_RATIONAL = 50_000  # products of rational numbers that are awaited
_SHOWN = 8  # points

Rows = Float[np.ndarray, "m size"]
Shares = Float[np.ndarray, " m"]


def proven(problem: Problem, multipliers: Table) -> bool:
    """Whether some non-negative multipliers of these data vectors surely combine them to 0."""
    numbers = np.flatnonzero(multipliers.ravel() > 0)
    rows, shares = problem.rows(numbers), multipliers.ravel()[numbers]
    if problem.classes:
        # The blocks of a data vector sum to 0, so that those of a combination do: the last one is implied.
        rows = rows[:, : rows.shape[1] - problem.shape[1]]
    rows = rows[:, rows.any(axis=0)]
    return not rows.size or _bounded(rows, shares) or _exact(rows, shares)


Solved = Callable[[Problem], Table | bool | None]
"""From data to multipliers that combine them to 0 with an intercept too; True where it separates them, None unless
known."""


def told(problem: Problem, multipliers: Table, with_intercept: Solved) -> tuple[str, str, Table]:
    """Why data that these multipliers combine to 0 are not separable, what can be done, and multipliers that tell."""
    if (pair := _same(problem)) is not None:
        why = "points {} and {} have the same features and different labels, which no rule tells apart".format(*pair)
        return why, "drop one of them, or correct its label", _of_two_points(problem, *pair)
    points = _points(problem, multipliers)
    found = with_intercept(problem)
    if found is None or isinstance(found, bool):
        remedy = "add an intercept column, which separates them, or " if found else ""
        return _why(problem, points), f"{remedy}drop {_one(points)}", multipliers
    if problem.classes > 2:
        found = _of_two_classes(problem, with_intercept, found)
    points = _points(problem, found)
    who, remedy = _who(problem, found)
    return f"no linear rule tells {who} apart, even with an intercept (see {_named(points)})", remedy, found


def _of_two_classes(problem: Problem, with_intercept: Solved, multipliers: Table) -> Table:
    """Multipliers of two classes that contradict each other, of those that do; where no two do, the multipliers."""
    for one, other in combinations(_classes(problem, multipliers), 2):
        inside = np.flatnonzero((problem.y == one) | (problem.y == other))
        labels = np.where(problem.y[inside] == one, 1, -1)
        found = with_intercept(Problem(problem.x[inside], labels, 0, problem.exponent))
        if found is not None and not isinstance(found, bool):
            table = np.zeros(problem.table)
            table[inside, np.where(labels > 0, other, one)] = found
            return table
    return multipliers


def _points(problem: Problem, multipliers: Table) -> Int[np.ndarray, " p"]:
    return np.flatnonzero(multipliers.reshape(len(problem.y), -1).any(axis=1))


def _same(problem: Problem) -> tuple[int, int] | None:
    """Two points that differ in nothing but their labels."""
    seen: dict[bytes, int] = {}
    # Zeros of either sign are the same.
    for i, row in enumerate(problem.x + 0.0):
        other = seen.setdefault(row.tobytes(), i)
        if problem.y[other] != problem.y[i]:
            return other, i
    return None


def _of_two_points(problem: Problem, one: int, other: int) -> Table:
    """The multipliers that combine two points of the same features and different labels to 0."""
    multipliers = np.zeros(problem.table)
    if problem.classes:
        multipliers[one, problem.y[other]] = multipliers[other, problem.y[one]] = 0.5
    else:
        multipliers[[one, other]] = 0.5
    return multipliers


def _why(problem: Problem, points: Int[np.ndarray, " p"]) -> str:
    if len(points) == 1:
        i = int(points[0])
        return f"point {i} has no feature that is not 0" if not problem.x[i].any() else f"point {i} contradicts itself"
    return f"the data vectors of {_named(points)} combine to zero"


def _named(points: Int[np.ndarray, " p"]) -> str:
    more = f" and {len(points) - _SHOWN} others" if len(points) > _SHOWN else ""
    return f"points {', '.join(map(str, points[:_SHOWN]))}{more}"


def _one(points: Int[np.ndarray, " p"]) -> str:
    return "that point" if len(points) == 1 else "one of these points"


def _classes(problem: Problem, multipliers: Table) -> list[int]:
    """The classes of the data vectors with multipliers."""
    point, other = np.nonzero(multipliers)
    return sorted({*problem.y[point].tolist(), *other.tolist()})


def _who(problem: Problem, multipliers: Table) -> tuple[str, str]:
    """The classes that contradict each other, in words, and what can be done about classes."""
    if problem.classes <= 2:
        return "the labels", "give features that tell them, or drop one of these points"
    *first, last = _classes(problem, multipliers)
    together = " all" if len(first) > 1 else ""
    remedy = "leave out one of them, take one class against all others, or drop one of these points"
    return f"classes {', '.join(map(str, first))} and {last}{together}", remedy


def _bounded(rows: Rows, shares: Shares) -> bool:
    """Whether multipliers of sum 1 lie in a proven distance of these, so near that they are positive.

    On as many data vectors as it takes the multipliers are changed by a square system's solution for the residual.
    """
    m, size = rows.shape
    if m <= size:
        return False
    system = np.vstack([rows.T / np.abs(rows).max(axis=0)[:, None], np.ones(m)])
    target = np.append(np.zeros(size), 1.0)
    shares = shares / shares.sum()
    residual = np.abs(system @ shares - target) + (m + 2) * _EPS * (np.abs(system) @ shares + target)
    factors: Any = scipy.linalg.qr(system, mode="r", pivoting=True)
    basis = factors[1][: size + 1]
    square = system[:, basis]
    try:
        inverse = np.linalg.inv(square)
    except np.linalg.LinAlgError:
        return False
    magnitude = np.abs(inverse)
    defect = np.abs(np.eye(size + 1) - inverse @ square) + (size + 3) * _EPS * (magnitude @ np.abs(square) + 1)
    contraction = float(defect.sum(axis=1).max())
    if not contraction < 0.5:
        return False
    change = float((magnitude @ residual).max()) * (1 + (size + 3) * _EPS) / (1 - contraction)
    return bool(shares[basis].min() > 2 * change)


def _exact(rows: Rows, shares: Shares) -> bool:
    """Whether rational multipliers near these combine the data vectors to 0: what is free stays, the rest is solved."""
    m, size = rows.shape
    if m * m * size > _RATIONAL:
        return False
    # From the largest share on, so that what is solved for is far from 0.
    order = np.argsort(-shares)
    table = [[Fraction(v) for v in column] for column in rows[order].T.tolist()]
    values = [Fraction(v) for v in shares[order].tolist()]
    pivots = _reduced(table)
    for row, pivot in enumerate(pivots):
        values[pivot] = -sum((table[row][j] * values[j] for j in range(m) if j not in pivots), Fraction(0))
    return min(values) >= 0 and any(values)


def _reduced(table: list[list[Fraction]]) -> list[int]:
    """Bring the table to reduced echelon form in place; the columns of its pivots, row by row."""
    pivots: list[int] = []
    for column in range(len(table[0])):
        row = len(pivots)
        found = next((i for i in range(row, len(table)) if table[i][column]), None)
        if found is None:
            continue
        table[row], table[found] = table[found], table[row]
        leading = table[row][column]
        table[row] = [v / leading for v in table[row]]
        for i, other in enumerate(table):
            if i != row and (factor := other[column]):
                table[i] = [a - factor * b for a, b in zip(other, table[row], strict=True)]
        pivots.append(column)
    return pivots
