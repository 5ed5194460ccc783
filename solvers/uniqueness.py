"""Whether the maximiser of a margin is the only one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from solvers.norms import Norm
from solvers.problems import Problem, Table, Weights

# Below this, relative to the largest of its kind, a number counts as zero: multipliers, dual entries, slacks, and
# singular values. Far above the errors of a vertex (1e-15 or so), so that what counts as non-zero is non-zero.
_ZERO = 1e-8


def unique(
    problem: Problem, norm: Norm, weights: Weights, multipliers: Table, margin: float, certified: bool = True
) -> bool | None:
    """True if the maximiser was shown to be unique, False if another was found, None if neither.

    In a strictly convex norm the maximiser of a positive margin is unique. For l1 and linf complementary slackness with
    the dual solution holds for *every* maximiser: it attains the margin on each data vector with a positive multiplier;
    and with `G = sum lambda q` a linf maximiser has `w_j = sign(G_j)` where `G_j != 0`, an l1 maximiser has `w_j = 0`
    where `|G_j| < max |G|`. If these equations have one solution it is unique. If not, a direction in their null space
    that keeps all margins and the norm leads to another maximiser.

    weights: a maximiser of unit norm. multipliers: optimal ones, sum 1. margin: the maximal one, in units of
    `problem.x`. certified: whether the bracket of the margin is; else the multipliers say too little.
    """
    if norm.strictly_convex:
        return True
    if not norm.polyhedral or not certified:
        return None
    w = weights.ravel()
    dual = problem.combine(multipliers).ravel()
    tight = problem.rows(np.flatnonzero(multipliers > _ZERO * multipliers.max()))
    top = np.abs(dual).max()
    box = norm.p == np.inf
    free = np.abs(dual) <= _ZERO * top if box else np.abs(dual) >= (1 - _ZERO) * top
    equations = tight[:, free] if box else np.vstack([tight[:, free], np.sign(dual[free])])
    directions = _null_space(equations, float(np.abs(tight).max()))
    if not directions.size:
        return True
    return False if _another(problem, norm, w, free, directions, margin) else None


def _null_space(equations: Float[np.ndarray, "m f"], scale: float) -> Float[np.ndarray, "f z"]:
    """What solves the equations to `_ZERO` of the scale of the data, or of their own."""
    if not equations.shape[1]:
        return np.zeros((0, 0))
    _, singular, vt = np.linalg.svd(equations)
    rank = int((singular > _ZERO * singular.max(initial=scale)).sum())
    return vt[rank:].T


def _another(
    problem: Problem,
    norm: Norm,
    w: Float[np.ndarray, " size"],
    free: Bool[np.ndarray, " size"],
    directions: Float[np.ndarray, "f z"],
    margin: float,
) -> bool:
    """Whether a step of 1e-3 along one of the directions, either way, keeps the margin and the norm.

    What the data do not see of a step at working precision, though it is not 0, may cost the margin.
    """
    for direction in np.hstack([directions, -directions]).T:
        moved = w.copy()
        moved[free] += 1e-3 * direction
        if not _seen(problem, moved - w):
            continue
        size = float(norm.value(moved))
        least = float(problem.scores(moved.reshape(problem.shape)).min())
        if size <= 1 + 1e-12 and least >= margin * (1 - 1e-12):
            return True
    return False


def _seen(problem: Problem, step: Float[np.ndarray, " size"]) -> bool:
    """Whether each weight that moves changes some margin by more than rounding may, or none at all."""
    x = np.abs(problem.x).max(axis=0)
    columns = np.broadcast_to(x, problem.shape).ravel()[step != 0]
    return bool(((columns == 0) | (columns > _ZERO * x.max())).all())
