"""The l1 margin of many data vectors at once, by an interior point method on dense matrices.

The problem is `min ||w||_1` subject to `<q_i, w> >= 1`, a linear programme in the two parts `w = a - b`. The libraries'
methods for these are made for sparse ones, and take a hundred times as long as the products and factors of the same
dense matrices. The predictor and corrector are Mehrotra's (On the implementation of a primal-dual interior point
method, SIAM J. Optim. 2, 1992). What is found is rough: which weights and multipliers are not 0 counts, and the caller
solves their equations again, or goes on with linear programmes from there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
from jaxtyping import Float

from solvers.programs import Candidate

_GAP = 1e-8  # of the objectives, relative, at which it is known what is 0
_STALLS = 1e-4  # a gap below which one that three steps do not halve is what rounding leaves
_STEPS = 50
_SHORT_OF = 0.995  # of the way to where a variable would be 0
_LEVELS = (1e-4, 1e-3, 1e-5)  # of the largest weight and multiplier: below may be those that are 0

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Of the primal problem `a`, `b` and the slacks `<q_i, w> - 1`; of the dual one, with multipliers `l` and
`v = sum l_i q_i`, `1 - v`, `1 + v` and `l`."""


@np.errstate(divide="ignore", over="ignore", invalid="ignore")  # what is no number ends the method
def least_l1(
    rows: Float[np.ndarray, "m size"], weights: Float[np.ndarray, " size"], multipliers: Float[np.ndarray, " m"]
) -> list[Candidate]:
    """Weights and multipliers of the largest l1 margin, roughly, with 0 for those of them that may be 0 there.

    weights, multipliers: where to begin, of positive margin and not negative. What is 0 is told in a few ways, likely
    ones first; there are none where the method does not come near to its end.
    """
    primal, dual = _starts(rows, weights, multipliers)
    count, gaps = len(multipliers) + 2 * len(weights), [np.inf, np.inf, np.inf]
    for _ in range(_STEPS):
        gaps.append(1 - float(dual[2].sum() / (primal[0].sum() + primal[1].sum())))
        if not gaps[-1] > _GAP or (gaps[-1] <= _STALLS and gaps[-1] > gaps[-4] / 2):
            break
        products = _products(primal, dual)
        step = _newton(rows, primal, dual)
        if step is None:
            break
        dx, dz = step(tuple(-each for each in products))
        ends = [
            (x + _length(parts, change) * d)
            for parts, change in ((primal, dx), (dual, dz))
            for x, d in zip(parts, change, strict=True)
        ]
        affine = sum(float(x @ z) for x, z in zip(ends[:3], ends[3:], strict=True)) / count
        mean = sum(float(each.sum()) for each in products) / count
        aim = (affine / mean) ** 3 * mean
        dx, dz = step(tuple(aim - each - a * b for each, a, b in zip(products, dx, dz, strict=True)))
        primal, dual = _moved(primal, dx), _moved(dual, dz)
    return _cut(primal, dual) if gaps[-1] <= _STALLS else []


def _cut(primal: Parts, dual: Parts) -> list[Candidate]:
    """What is found with as many weights as multipliers, as a vertex has them; the others are 0."""
    w, share = primal[0] - primal[1], dual[2]
    size, level = np.abs(w) / np.abs(w).max(), share / share.max()
    counts = dict.fromkeys(int(np.count_nonzero(each > e)) for e in _LEVELS for each in (size, level))
    return [
        Candidate(_largest(size, k, w), _largest(level, k, share), "interior", "optimal")
        for k in counts
        if k <= min(len(w), len(share))
    ]


def _largest(sizes: np.ndarray, count: int, values: np.ndarray) -> np.ndarray:
    """The values with the largest sizes, and 0 for all others."""
    kept = np.argpartition(sizes, -count)[-count:]
    found = np.zeros_like(values)
    found[kept] = values[kept]
    return found


def _products(primal: Parts, dual: Parts) -> Parts:
    a, b, c = (x * z for x, z in zip(primal, dual, strict=True))
    return a, b, c


def _starts(rows: np.ndarray, weights: np.ndarray, multipliers: np.ndarray) -> tuple[Parts, Parts]:
    """Feasible points of both problems, at some distance from their bounds."""
    w = 1.5 * weights / (rows @ weights).min()
    apart = 0.1 * np.abs(w).mean()
    share = multipliers + 0.1 * multipliers.mean()
    share = 0.7 * share / np.abs(share @ rows).max()
    v = share @ rows
    return (np.maximum(w, 0) + apart, np.maximum(-w, 0) + apart, rows @ w - 1), (1 - v, 1 + v, share)


def _newton(rows: np.ndarray, primal: Parts, dual: Parts) -> Callable[[Any], tuple[Parts, Parts]] | None:
    """The step that changes the products of both problems' parts by so much; None where rounding leaves none."""
    (a, b, slack), (za, zb, share) = primal, dual
    room = a / za + b / zb
    wide = rows.shape[1] > rows.shape[0]
    block = rows.T * np.sqrt(room)[:, None] if wide else rows * np.sqrt(share / slack)[:, None]
    system = block.T @ block
    system[np.diag_indices(len(system))] += slack / share if wide else 1 / room
    try:
        factor = scipy.linalg.cho_factor(system, lower=True, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None

    def solved(right: np.ndarray) -> np.ndarray:
        return scipy.linalg.cho_solve(factor, right, check_finite=False)

    def step(products: Parts) -> tuple[Parts, Parts]:
        pa, pb, ps = products
        pushed = pa / za - pb / zb
        if wide:
            more = solved(ps / share - rows @ pushed)
        else:
            more = (ps - share * (rows @ solved(pushed / room + (ps / slack) @ rows))) / slack
        v = more @ rows
        da, db = (pa + a * v) / za, (pb - b * v) / zb
        return (da, db, rows @ (da - db)), (-v, v, more)

    return step


def _length(parts: Parts, change: Parts) -> float:
    """How much of the change leaves all parts positive, at most all of it."""
    return min(1.0, *(float(np.min(np.where(d < 0, x / -d, np.inf))) for x, d in zip(parts, change, strict=True)))


def _moved(parts: Parts, change: Parts) -> Parts:
    length = _SHORT_OF * _length(parts, change)
    a, b, c = (x + length * d for x, d in zip(parts, change, strict=True))
    return a, b, c
