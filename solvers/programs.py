"""The programmes that find weights and multipliers, each handed to a library: nothing here is trusted."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.sparse as sp
from jaxtyping import Float

from solvers.active_sets import Active, active_set
from solvers.norms import Norm

# LAPACK's own routine: the checks of scipy.linalg.solve_triangular take longer than small systems.
(_TRTRS,) = scipy.linalg.get_lapack_funcs(("trtrs",), dtype=np.float64)

# What counts as zero in a simplex solution, whose errors are smaller, relative to the largest of its kind.
_LOOSE = 1e-7
# A hull this close to 0, relative to the largest data vector, is taken to contain 0.
VANISHING = 1e-12
# The relative width up to which a point of the hull is taken for the nearest; half of what is promised.
_NEAREST = 5e-10
# What may count as zero in an interior point's solution, relative to the largest multiplier.
_LEVELS = 10.0 ** -np.arange(1, 10)

Rows = Float[np.ndarray, "m size"]
# The members of a batch have shapes of their own.
Batch = Sequence[Float[np.ndarray, "_ _"]]


@dataclass(frozen=True, eq=False)
class Candidate:
    """Weights and multipliers for some data vectors, flattened, with who found them and what it said."""

    weights: Float[np.ndarray, " size"]
    multipliers: Float[np.ndarray, " m"]
    solver: str
    status: str


def nearest_points(rows: Rows, start: Active | None = None) -> list[Candidate]:
    """The point of the data vectors' hull that is nearest to 0: its direction maximises the l2 margin.

    Non-negative least squares finds it, except where its routine goes wrong; the second-order cone programme of
    the margin then does, which is slower. The best candidate comes first. start: the data vectors that had multipliers
    in a problem much like this one, from which the active set is then found, if it can be.
    """
    if start is not None and (found := active_set(rows, start)) is not None:
        polished = _equalities(rows, found[0])
        if polished is not None and _nearest(rows, polished):
            return [polished]
    candidates = _least_squares(rows)
    if any(_nearest(rows, candidate) for candidate in candidates):
        return candidates
    # At its own margin the programme is well posed.
    scale = min(np.linalg.norm(c.multipliers @ rows) / c.multipliers.sum() for c in candidates)
    interior = conic([rows / scale], [rows.shape[1:]], Norm("entrywise", 2.0))
    sharper = [candidate for found in interior for candidate in _faces(rows, found)]
    return sorted(sharper, key=lambda candidate: not _nearest(rows, candidate)) + interior + candidates


def _nearest(rows: Rows, candidate: Candidate) -> bool:
    """Whether the multipliers' point of the hull is the nearest to 0, or 0, as far as doubles can show."""
    upper = np.linalg.norm(candidate.multipliers @ rows) / candidate.multipliers.sum()
    if upper <= VANISHING * np.linalg.norm(rows, axis=1).max():
        return True
    margin = (rows @ candidate.weights).min()
    return bool(margin > (1 - _NEAREST) * upper * np.linalg.norm(candidate.weights))


def _least_squares(rows: Rows) -> list[Candidate]:
    """Non-negative least squares of `[Q^T; 1] u = [0; 1]`, solved by `u = lambda / (1 + gamma^2)`.

    See Lawson and Hanson, Solving Least Squares Problems, 1974, chapter 23. Its active set is exact; the first
    candidate solves the equalities `<q_i, w> = 1` on it again, since the squares lose digits of a small margin.
    Where many data vectors tie, scipy's routine (1.15 to 1.17 at least) may return without an error at a point
    that is no least squares solution on its own active set: it loses its factorisation when variables leave.
    """
    m, size = rows.shape
    system = np.vstack([rows.T, np.ones(m)])
    target = np.zeros(size + 1)
    target[size] = 1.0
    try:
        solution, _ = scipy.optimize.nnls(system, target, maxiter=10 * (m + size))
    except RuntimeError as error:
        uniform = np.full(m, 1 / m)
        return [Candidate(rows.T @ uniform, uniform, "scipy.nnls", str(error))]
    found = Candidate(rows.T @ solution, solution, "scipy.nnls", "optimal")
    polished = _equalities(rows, np.flatnonzero(solution))
    return [found] if polished is None else [polished, found]


def _faces(rows: Rows, found: Candidate) -> list[Candidate]:
    """An interior point's solution solved again, in double precision, on the face of the hull that it lies in.

    The face is spanned by the data vectors whose multiplier exceeds some level; where support vectors have
    multiplier 0 the right level is not known beforehand, so there is a candidate for each. Of the solutions of
    the equations, which may be dependent, the nearest to the multipliers found is as positive as they are.
    """
    share = found.multipliers / found.multipliers.sum()
    faces = {tuple(np.flatnonzero(share > level * share.max())) for level in _LEVELS}
    candidates = []
    for face in map(list, sorted(faces, key=len)):
        block, ones = rows[face], np.ones(len(face))
        weights = _refine(block, np.zeros(block.shape[1]), ones)
        if (block @ weights).min() > 0.5:
            # <q_i, w> = 1 has a solution; the multipliers combine to the least one.
            system, target, scale = block.T, weights, weights @ weights
        else:
            # It has none: the face contains 0 (a residual is then 1 or more), to which the multipliers combine.
            system, target, scale = np.vstack([block.T, ones]), np.append(np.zeros_like(weights), 1.0), 1.0
        values = _refine(system, scale * share[face], target)
        if (values > 0).all():
            multipliers = np.zeros(len(rows))
            multipliers[face] = values
            candidates.append(Candidate(weights, multipliers, found.solver, found.status))
    return candidates


def _equalities(rows: Rows, active: np.ndarray) -> Candidate | None:
    """The least `w` with `<q_i, w> = 1` on the active set, and its multipliers; None if not all positive."""
    if not 0 < len(active) <= rows.shape[1]:
        return None
    basis, triangle = np.linalg.qr(rows[active].T)
    if not np.all(np.abs(np.diag(triangle)) > 0):
        return None
    ones = np.ones(len(active))
    # Least-norm solution: w = Q b with R^T b = 1, refined once; the multipliers solve R a = b.
    inner = _triangular(triangle, ones, 1)
    inner += _triangular(triangle, ones - rows[active] @ (basis @ inner), 1)
    multipliers = np.zeros(len(rows))
    multipliers[active] = _triangular(triangle, inner, 0)
    if not (multipliers[active] > 0).all():
        return None
    return Candidate(basis @ inner, multipliers, "scipy.nnls", "optimal")


def _triangular(triangle: np.ndarray, right: np.ndarray, transposed: int) -> np.ndarray:
    return _TRTRS(triangle, right, trans=transposed)[0]


def _block_diagonal(blocks: Sequence[np.ndarray]) -> sp.csr_array:
    """The same as scipy.sparse.block_diag, ten times faster on many small dense blocks."""
    tops = np.cumsum([0, *(len(block) for block in blocks)])
    lefts = np.cumsum([0, *(block.shape[1] for block in blocks)])
    filled = [np.nonzero(block) for block in blocks]
    values = [block[at] for block, at in zip(blocks, filled, strict=True)]
    down = [at[0] + top for at, top in zip(filled, tops[:-1], strict=True)]
    across = [at[1] + left for at, left in zip(filled, lefts[:-1], strict=True)]
    at = (np.concatenate(down), np.concatenate(across))
    return sp.csr_array((np.concatenate(values), at), shape=(int(tops[-1]), int(lefts[-1])))


def linear(batch: Batch, norm: Norm) -> list[Candidate]:
    """Maximal margins for l1 or linf: one linear programme for the whole batch, by HiGHS.

    Per member: maximise g subject to `Q w >= g`, with `w` in the box, or `w = a - b` with `sum(a + b) <= 1`.
    """
    box = norm.p == np.inf
    blocks = [np.hstack([q, -np.ones((len(q), 1))] if box else [q, -q, -np.ones((len(q), 1))]) for q in batch]
    widths = [block.shape[1] for block in blocks]
    gains = np.concatenate([np.eye(1, width, width - 1)[0] for width in widths])
    # g is free; the weights live in the box [-1, 1], or their two parts in [0, 1].
    upper = np.where(gains > 0, np.inf, 1.0)
    lower = np.where(gains > 0, -np.inf, -1.0 if box else 0.0)
    margins = _block_diagonal(blocks)
    count = sum(block.shape[0] for block in blocks)
    system, limits = -margins, np.zeros(count)
    if not box:
        parts = _block_diagonal([1.0 - np.eye(1, width, width - 1) for width in widths])
        system, limits = sp.vstack([system, parts]), np.append(limits, np.ones(len(batch)))
    found = scipy.optimize.linprog(
        -gains,
        A_ub=system,
        b_ub=limits,
        bounds=np.stack([lower, upper], axis=1),
        method="highs",
        options={"presolve": False, "primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.x is None or found.ineqlin.marginals is None:
        return []
    solution: np.ndarray = found.x
    marginals: np.ndarray = found.ineqlin.marginals
    pieces = np.split(solution, np.cumsum(widths)[:-1])
    weights = [piece[:-1] if box else piece[: len(piece) // 2] - piece[len(piece) // 2 : -1] for piece in pieces]
    duals = -marginals[:count]
    return _members(batch, weights, duals, "highs", "optimal" if found.success else found.message)


def vertices(rows: Rows, found: Candidate, norm: Norm) -> list[Candidate]:
    """A linear programme's solution with its equations solved again in double precision.

    A simplex method leaves errors up to its tolerance. The equations are those of the data vectors with a positive
    multiplier (first candidate) or no slack (second), and of the weights inside the box (linf) or not 0 (l1).
    """
    w, multipliers = found.weights, found.multipliers / found.multipliers.sum()
    scores = rows @ w
    size = np.abs(w)
    free = size < size.max() * (1 - _LOOSE) if norm.p == np.inf else size > size.max() * _LOOSE
    sets = multipliers > _LOOSE * multipliers.max(), scores < scores.min() + _LOOSE * np.abs(scores).max()
    candidates = []
    for active in sets:
        block = rows[np.ix_(active, free)]
        weights, sharper = w.copy(), multipliers.copy()
        if norm.p == np.inf:
            # Q w = g on the active rows, the other weights at their bounds; Q^T lambda = 0 on the free columns.
            weights[~free] = np.sign(w[~free]) * size.max()
            system = np.hstack([block, -np.ones((len(block), 1))])
            known = -rows[np.ix_(active, ~free)] @ weights[~free]
            transposed, balance = np.vstack([block.T, np.ones(len(block))]), np.zeros(block.shape[1] + 1)
        else:
            # Q w = g and <sign(w), w> = 1; Q^T lambda = g sign(w) on the free columns.
            signs = np.sign(w[free])
            weights[~free] = 0
            system = np.block([[block, -np.ones((len(block), 1))], [signs, np.zeros(1)]])
            known = np.append(np.zeros(len(block)), size.sum())
            transposed = np.block([[block.T, -signs[:, None]], [np.ones(len(block)), np.zeros(1)]])
            balance = np.zeros(len(signs) + 1)
        balance[-1] = 1
        weights[free] = _refine(system, np.append(weights[free], scores.min()), known)[:-1]
        sharper[~active] = 0
        start = sharper[active] if norm.p == np.inf else np.append(sharper[active], scores.min() / size.sum())
        sharper[active] = _refine(transposed, start, balance)[: len(block)]
        candidates.append(Candidate(weights, np.maximum(sharper, 0), found.solver, found.status))
    return candidates


def _refine(system: np.ndarray, start: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The solution of `system @ x = target` nearest to `start`, refined once."""
    for _ in range(2):
        start = start + np.linalg.lstsq(system, target - system @ start)[0]
    return start


def conic(batch: Batch, shapes: Sequence[tuple[int, ...]], norm: Norm) -> list[Candidate]:
    """Maximal margins for any norm: one conic programme for the whole batch, by Clarabel."""
    import cvxpy as cp

    sizes = [rows.shape[1] for rows in batch]
    weights = cp.Variable(sum(sizes))
    gains = cp.Variable(len(batch))
    owner = np.repeat(np.arange(len(batch)), [len(rows) for rows in batch])
    blocks = _block_diagonal(batch)
    margins: Any = blocks @ weights >= gains[owner]
    ends = np.cumsum(sizes)
    if norm.kind != "entrywise":
        members = [
            cp.reshape(weights[end - size : end], shape, order="C")
            for end, size, shape in zip(ends, sizes, shapes, strict=True)
        ]
        balls = [norm.expression(member) <= 1 for member in members]
    elif norm.p == 2:
        parts = np.split(np.arange(sum(sizes)), ends[:-1])
        balls = [cp.norm(weights[part]) <= 1 for part in parts]
    else:
        # |w_j| <= r_j^(1/p) with sum r_j = 1, as one cone constraint for the batch; exact for every p.
        powers = cp.Variable(sum(sizes))
        totals = _block_diagonal([np.ones((1, size)) for size in sizes])
        cone = cp.PowCone3D(powers, np.ones(sum(sizes)), weights, np.full(sum(sizes), 1 / norm.p))
        balls = [totals @ powers == 1, cone]
    status = solve(cp.Problem(cp.Maximize(cp.sum(gains)), [margins, *balls]), solver="CLARABEL")
    if weights.value is None or margins.dual_value is None:
        return []
    return _members(batch, np.split(weights.value, ends[:-1]), margins.dual_value, "clarabel", status)


def solve(problem: Any, **options: Any) -> str:
    """Solve a programme, and return its status; a solver's failure or doubt is data, since the certificate decides."""
    import cvxpy as cp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            problem.solve(**options)
        except cp.SolverError as error:
            return str(error)
    return str(problem.status)


def _members(
    batch: Batch, weights: Sequence[np.ndarray], duals: np.ndarray, solver: str, status: str
) -> list[Candidate]:
    multipliers = np.split(np.maximum(duals, 0.0), np.cumsum([len(q) for q in batch])[:-1])
    return [Candidate(w, m, solver, status) for w, m in zip(weights, multipliers, strict=True)]
