"""How far weights are from a Karush-Kuhn-Tucker point of the margin problem of a homogeneous model.

The problem is `min 1/2 ||theta||^2` subject to margins `q_i(theta) >= 1`, with `q_i` homogeneous of degree `L`. A
direction `theta` is that of a KKT point when there are `lambda >= 0` with

    sum_i lambda_i grad q_i(theta) = J(theta),    lambda_i (q_i(theta) - min q) = 0,

where `J(theta)` is a subgradient of the norm at `theta`: a vector of dual norm 1 with `<J, theta> = ||theta||`.
For margins that are linear (`L = 1`) the problem is convex, and its KKT points are the maximisers of the margin.
Both equations are freed of scale: gradients and margins are those at `theta / ||theta||`, by homogeneity, and by
Euler's identity `sum_i lambda_i L q_i = 1` where the first one holds, so that `L lambda_i` times the relative excess
`q_i - min q` is a share of 1.

Sources: Lyu, Li (2020), section 4 and appendix C (L2); Tsilivis, Vardi, Kempe (2024) (other norms).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import optimize

from solvers.errors import InputError, UndecidedError
from solvers.layered import FlatNorm
from solvers.norms import Norm
from solvers.norms import norm as parse
from solvers.programs import solve

if TYPE_CHECKING:
    import cvxpy as cp

_SMALL = 4096  # entries of the gradients, up to which a programme's form is kept
_POLISHED = 1e-5  # the KKT residual, and the shortage of a margin of 1, of a polished point

Vector = Float[np.ndarray, " p"]


@dataclass(frozen=True)
class KKTResidual:
    """What is left of the KKT conditions at the best multipliers found; all of it is free of scale.

    stationarity: dual norm of `J - sum lambda_i grad q_i`, where `J` has dual norm 1. For the L2 norm the sine of the
    angle between the weights and the cone of the gradients, up to the pull of the slackness.
    slackness: `L sum lambda_i (q_i - min q)`. total: the root of the sum of both squares; 0 at KKT points alone.
    cosine: `<k, theta> / (||k||_* ||theta||)` for `k = sum lambda_i grad q_i`; 0 where `k` is zero.
    multipliers: `[n]`, of the gradients at `theta / ||theta||`.
    """

    stationarity: float
    slackness: float
    cosine: float
    multipliers: Float[np.ndarray, " n"]

    @property
    def total(self) -> float:
        """The residual of both conditions."""
        return math.hypot(self.stationarity, self.slackness)


def kkt_residual(
    theta: ArrayLike,
    gradients: ArrayLike,
    margins: ArrayLike,
    degree: float,
    norm: str | Norm | FlatNorm = "l2",
    *,
    scale: ArrayLike | None = None,
) -> KKTResidual:
    """The KKT residual of the margin problem at weights `theta [p]`.

    gradients: `[n p]` of the margins at theta. margins: `[n]`, all positive. degree: `L`.
    norm: an entry-wise norm, or one of layers (`solvers.Layered.on`). scale: positive `s [p]`; the problem then has the
    norm `||s * theta||`.

    Multipliers come from non-negative least squares of both equations in the norms `lp` with `1 < p < inf`, whose
    subgradient is unique (for L2 they minimise `total`), and from a cone programme over subgradients too in l1, linf
    and norms of layers.
    Raises `InputError` for shapes that disagree, zero weights, margins that are not positive, matrix norms.
    """
    kind = norm if isinstance(norm, FlatNorm) else parse(norm)
    w, g, q = _checked(theta, gradients, margins, kind)
    s = np.ones_like(w) if scale is None else np.asarray(scale, dtype=np.float64)
    if s.shape != w.shape or not (s > 0).all() or not np.isfinite(s).all():
        raise InputError(f"The scale must be positive numbers of the weights' shape {w.shape}: pass such an array.")
    w, g = s * w, g / s
    size, least = float(kind.value(w)), float(q.min())
    # At theta / ||theta||, with gradients and margins over the smallest margin there.
    w, g, q = w / size, g * (size / least), q / least
    excess = degree * (q - 1)
    if isinstance(kind, FlatNorm) or kind.p in (1.0, math.inf):
        unit, multipliers = _cone(w, g, excess, kind)
    else:
        unit, multipliers = _least_squares(w, g, excess, kind)
    k = multipliers @ g
    length = float(kind.dual_value(k))
    return KKTResidual(
        stationarity=float(kind.dual_value(unit - k)),
        slackness=float(multipliers @ excess),
        cosine=float(k @ w) / length if length else 0.0,
        multipliers=multipliers * (size**degree / least),
    )


def kkt_gap(
    theta: ArrayLike,
    gradients: ArrayLike,
    margins: ArrayLike,
    degree: float,
    norm: str | Norm | FlatNorm = "l2",
) -> float:
    """What weights `theta [p]` lack of the maximal margin of the problem linearised there; 0 at KKT points alone.

    It is `1 - L min q / min_mu ||sum_i mu_i grad q_i||_*`, with shares `mu` that add up to 1 and `theta` of norm 1:
    since `<grad q_i, theta> = L q_i`, the relative gap of `theta` to the maximal margin of the vectors `grad q_i`. For
    margins that are linear it is the relative gap itself. Unlike the residual it is continuous where the norm has
    kinks, as at entries of nearly the same size in linf. gradients, margins, degree, norm: as of `kkt_residual`. The
    shares that are found prove that it is no larger. Raises `InputError` as `kkt_residual` does.
    """
    kind = norm if isinstance(norm, FlatNorm) else parse(norm)
    w, g, q = _checked(theta, gradients, margins, kind)
    return 1 - degree * float(q.min()) / (float(kind.value(w)) * margin_bound(g, kind))


def margin_bound(vectors: Float[np.ndarray, "n p"], norm: Norm | FlatNorm) -> float:
    """An upper bound of `min_i <v_i, u>` over `||u|| <= 1`, proved by shares that make it nearly sharp.

    vectors: `[n p]`, finite. Of the gradients of margins it is the maximal margin of the problem linearised there.
    """
    return float(norm.dual_value(_shares(vectors, norm) @ vectors))


def _shares(g: np.ndarray, norm: Norm | FlatNorm) -> np.ndarray:
    """Shares of the rows whose mean has nearly the least dual norm."""
    import cvxpy as cp

    small = g.size <= _SMALL
    # Rows that are there again change nothing, and let more problems have one form.
    rows = np.resize(np.arange(len(g)), 1 << (len(g) - 1).bit_length() if small else len(g))
    problem, mu, vectors = (_kept_programme if small else _programme)(norm, len(rows), g.shape[1])
    vectors.value = g[rows].T / np.max(np.abs(g))
    status = solve(problem, solver=cp.CLARABEL, ignore_dpp=not small)
    if mu.value is None:
        raise UndecidedError(f"The cone programme for the KKT gap ended with {status!r}: rescale the data.")
    # The solver may leave shares a rounding below 0; any shares prove a gap, so that none is lost.
    found = np.bincount(rows, np.maximum(mu.value, 0.0))
    return found / found.sum()


def _programme(norm: Norm | FlatNorm, n: int, p: int) -> tuple[cp.Problem, cp.Variable, cp.Parameter]:
    """The least dual norm of a mean of vectors, which are its parameter `[p n]`; and the shares `[n]`."""
    import cvxpy as cp

    mu, vectors = cp.Variable(n, nonneg=True), cp.Parameter((p, n))
    dual = norm.dual_expression if isinstance(norm, FlatNorm) else norm.dual.expression
    return cp.Problem(cp.Minimize(dual(vectors @ mu)), [cast(cp.Constraint, cp.sum(mu) == 1)]), mu, vectors


# Most of the time of a small programme goes into its form.
_kept_programme = functools.lru_cache(maxsize=64)(_programme)


def _checked(
    theta: ArrayLike, gradients: ArrayLike, margins: ArrayLike, norm: Norm | FlatNorm
) -> tuple[np.ndarray, ...]:
    w, g, q = (np.asarray(a, dtype=np.float64) for a in (theta, gradients, margins))
    if w.ndim != 1 or q.ndim != 1 or g.shape != (len(q), len(w)) or not len(q):
        raise InputError(
            f"Weights, gradients and margins have shapes {w.shape}, {g.shape} and {q.shape}: pass [p], [n p] and [n]."
        )
    if not all(np.isfinite(a).all() for a in (w, g, q)):
        raise InputError("Weights, gradients or margins are not finite: pass finite numbers.")
    if norm.kind not in ("entrywise", "layered"):
        raise InputError(
            f"KKT residuals are of entry-wise norms and of norms of layers, not of the {norm.name} norm: use l2, l1, "
            "linf or l<p>, or a solvers.Layered on the layers' shapes."
        )
    if isinstance(norm, FlatNorm) and norm.parts[-1].end != len(w):
        raise InputError(
            f"The weights have {len(w)} entries, but the layers of the norm {norm.name} have {norm.parts[-1].end}: put "
            "the norm on the shapes of these weights."
        )
    if not w.any():
        raise InputError("The weights theta are zero and have no direction: pass non-zero weights.")
    if q.min() <= 0:
        raise InputError(f"The smallest margin is {q.min():.3g}: KKT residuals are of weights that separate the data.")
    return w, g, q


def _subgradient(w: Vector, norm: Norm) -> Vector:
    """The vector of dual norm 1 that attains the norm of `w`."""
    conjugate = Norm("entrywise", norm.p / (norm.p - 1))
    return np.asarray(conjugate.direction(w))


def _least_squares(w: Vector, g: np.ndarray, excess: np.ndarray, norm: Norm) -> tuple[Vector, np.ndarray]:
    unit = _subgradient(w, norm)
    length = np.linalg.norm(g, axis=1)
    length = np.where(length > 0, length, 1.0)  # columns of one length, so that NNLS' tolerance suits them all
    multipliers, _ = optimize.nnls(np.vstack([g.T, excess]) / length, np.append(unit, 0.0))
    return unit, multipliers / length


def _cone(w: Vector, g: np.ndarray, excess: np.ndarray, norm: Norm | FlatNorm) -> tuple[Vector, np.ndarray]:
    """Multipliers and subgradient that make the sum of stationarity and slackness least: a linear programme."""
    import cvxpy as cp

    dual = norm.dual_expression if isinstance(norm, FlatNorm) else norm.dual.expression
    multipliers, unit = cp.Variable(len(g), nonneg=True), cp.Variable(len(w))
    residual = dual(unit - g.T @ multipliers)
    problem = cp.Problem(cp.Minimize(residual + excess @ multipliers), [dual(unit) <= 1, unit @ w == 1])
    status = solve(problem, solver=cp.CLARABEL)
    if multipliers.value is None or unit.value is None:
        raise UndecidedError(f"The cone programme for the KKT residual ended with {status!r}: rescale the data.")
    return cast(np.ndarray, unit.value), np.maximum(multipliers.value, 0.0)


def polish(
    theta: ArrayLike,
    margins: Callable[[Vector], np.ndarray],
    gradients: Callable[[Vector], np.ndarray],
    degree: float,
    *,
    scale: ArrayLike | None = None,
) -> Vector:
    """A local solution of `min 1/2 ||s * theta||_2^2` subject to margins of 1 or more, sought from `theta [p]`.

    margins, gradients: functions of the weights, to `[n]` and `[n p]`. Method: sequential quadratic programming from
    the weights scaled to a smallest margin of 1. Raises `UndecidedError` unless it ends at a KKT point, to 1e-5.
    """
    w = np.asarray(theta, dtype=np.float64)
    s = np.ones_like(w) if scale is None else np.asarray(scale, dtype=np.float64)
    s2 = s * s
    least = float(np.min(margins(w)))
    if least <= 0:
        raise InputError(f"The smallest margin is {least:.3g}: polish weights that separate the data.")
    found = optimize.minimize(
        lambda v: 0.5 * float(s2 @ (v * v)),
        w * least ** (-1 / degree),
        jac=lambda v: s2 * v,
        constraints={"type": "ineq", "fun": lambda v: margins(v) - 1, "jac": gradients},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    # The method's own status is strict near the limits of precision, and no proof elsewhere: the residual is.
    end = np.asarray(found.x)
    reached = margins(end)
    if (
        not np.min(reached) > 1 - _POLISHED
        or kkt_residual(end, gradients(end), reached, degree, scale=s).total > _POLISHED
    ):
        raise UndecidedError(f"No KKT point was reached from these weights ({found.message}): run the flow further.")
    return end
