"""The margin problem in a Schatten norm, in small cones and in coordinates that suit the data.

The norms of matrices `W [k r]`, `k <= r`, are stated by matrices of the smaller side. With `1 / rho = 2 / p - 1`,

    ||W||_p^2 = min tr(W^T S^-1 W)  over  S >= 0, ||S||_rho <= 1                    (p < 2),
    ||W||_p^2 = min ||M||_(p/2)     over  M >= W W^T                                (p > 2)

(Hoelder's inequality for Schatten norms: Bhatia, Matrix Analysis, 1997, section IV.2). Either is a cone of `k + 1` rows
for each column of W, since `tr(W^T S^-1 W)` and `W W^T` are sums over the columns: r small cones in place of one, or of
2 k, of `k + r` rows, whose cost grows with the sixth power of that.

A Schatten norm is not changed by a rotation of feature space. So the columns are principal axes of the data vectors,
each in units of what the data extend along it: features of sizes .1 and 1700 are then as good as standardised ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from solvers.norms import Norm
from solvers.programs import Candidate, Rows, solve

# Principal axes along which the data extend less than this, relative to the longest, are rounding.
_FLAT = 1e-15
# Up to this side one cone for the spectral norm is faster than one for each column.
_DILATED = 32


class _Frame(NamedTuple):
    """Data vectors in principal axes. q: `[m k r]`. axes: `[d r]`, orthonormal. unit: `[r]`, of each axis.

    transposed: whether the weights are `[d k]`.
    """

    q: Float[np.ndarray, "m k r"]
    axes: Float[np.ndarray, "d r"]
    unit: Float[np.ndarray, " r"]
    transposed: bool


def _frame(rows: Rows, shape: tuple[int, ...]) -> _Frame:
    q = rows.reshape(-1, *shape)
    if transposed := shape[0] > shape[1]:
        q = q.transpose(0, 2, 1)
    lines = q.reshape(-1, q.shape[2])
    lines = lines[lines.any(axis=1)]
    _, extent, axes = np.linalg.svd(lines, full_matrices=False)
    rank = int((extent > _FLAT * extent[0]).sum())
    unit = np.sqrt(len(lines)) / extent[:rank]
    axes = axes[:rank].T
    return _Frame(q @ axes * unit, axes, unit, transposed)


def schatten(rows: Rows, shape: tuple[int, ...], norm: Norm, tolerance: float) -> list[Candidate]:
    """The maximal margin in a Schatten norm: one conic programme, by Clarabel.

    rows: data vectors `[m, k d]` at which the margin is of order 1. shape: `(k, d)`, of the weights. tolerance: of the
    interior point method, relative.
    """
    import cvxpy as cp

    frame = _frame(rows, shape)
    m, k, r = frame.q.shape
    weights, gain = cp.Variable((k, r)), cp.Variable()
    margins: Any = frame.q.reshape(m, -1) @ cp.reshape(weights, (k * r,), order="C") >= gain
    tolerances = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), tolerance)
    problem = cp.Problem(cp.Maximize(gain), [margins, *_ball(weights, frame.unit, norm.p)])
    status = solve(problem, solver="CLARABEL", **tolerances)
    if weights.value is None or margins.dual_value is None:
        return []
    found = (weights.value * frame.unit) @ frame.axes.T
    found = found.T if frame.transposed else found
    return [Candidate(found.ravel(), np.maximum(margins.dual_value, 0.0), "clarabel", status)]


def _ball(weights: Any, unit: Float[np.ndarray, " r"], p: float) -> list[Any]:
    """The constraint `||weights diag(unit)||_p <= 1`."""
    import cvxpy as cp

    k, r = weights.shape
    if p == np.inf and k + r <= _DILATED:
        return [cp.sigma_max(weights @ np.diag(unit)) <= 1]
    if p < 2:
        inner, shares = cp.Variable((k, k), symmetric=True), cp.Variable((1, r))
        columns = [_cone(inner, weights[:, j : j + 1], shares[:, j : j + 1]) for j in range(r)]
        return [*columns, shares @ unit**2 <= 1, *_small(inner, p / (2 - p))]
    squares = [cp.Variable((k, k), symmetric=True) for _ in range(r)]
    columns = [_cone(square, weights[:, j : j + 1], np.ones((1, 1))) for j, square in enumerate(squares)]
    total: Any = sum(float(u**2) * square for u, square in zip(unit, squares, strict=True))
    if p == np.inf:
        return [*columns, np.eye(k) - total >> 0]
    outer = cp.Variable((k, k), symmetric=True)
    return [*columns, outer - total >> 0, *_small(outer, p / 2)]


def _cone(square: Any, column: Any, corner: Any) -> Any:
    """`square >= column column^T / corner`."""
    import cvxpy as cp

    return cp.bmat([[square, column], [column.T, corner]]) >> 0


def _small(square: Any, p: float) -> list[Any]:
    """`||square||_p <= 1` for a positive semidefinite matrix: its eigenvalues are weakly majorised (Ky Fan)."""
    import cvxpy as cp

    k = square.shape[0]
    if p == 1 or k == 1:
        # The second says nothing new, but by it the solver's ordering keeps the columns apart: five times faster.
        return [cp.trace(square) <= 1, square >> 0]
    bound, powers = cp.Variable(k, nonneg=True), cp.Variable(k)
    dominated = [cp.lambda_sum_largest(square, j) <= cp.sum(bound[:j]) for j in range(1, k)]
    cone = cp.PowCone3D(powers, np.ones(k), bound, np.full(k, 1 / p))
    ordered = [bound[:-1] >= bound[1:], cp.trace(square) <= cp.sum(bound)]
    return [*dominated, *ordered, cp.sum(powers) == 1, cone]
