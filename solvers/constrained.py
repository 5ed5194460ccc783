"""Linear models: the least mean loss over a norm ball, certified by the duality gap of Frank and Wolfe.

For a convex differentiable `L` and weights `W` in the ball of radius r, convexity gives for every other point V of it

    L(V) >= L(W) + <grad L(W), V - W> >= L(W) - gap(W),    gap(W) = <grad L(W), W> + r ||grad L(W)||_*,

so that `[L(W) - gap(W), L(W)]` holds the minimum, whoever found W (Jaggi, Revisiting Frank-Wolfe, 2013, section 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy.special
from jaxtyping import Float

from solvers.errors import InputError
from solvers.norms import Norm
from solvers.norms import norm as parse
from solvers.programs import solve

if TYPE_CHECKING:
    import cvxpy as cp

_TIGHT = 1e-11  # the solver's tolerances: what it misses shows in the bracket
LOSSES = ("squares", "logistic", "softmax")
_FEW = 16  # features whose sign patterns are tried one by one

Weights = Float[np.ndarray, "k d"]


@dataclass(frozen=True, eq=False)
class LinearModel:
    """A mean loss of the outputs `z_i = W x_i` with weights `W [k d]`.

    x: `[n d]`. target: `[n k]`. loss: "squares", `1/2 ||z - t||^2`; "softmax", the cross-entropy `log sum_c e^z_c -
    <t, z>` with one-hot rows t; "logistic", the same with one more output that is always 0 (its rows of t are zero),
    so that k = 1 is binary classification with classes t = 1 and t = 0.

    Raises `InputError` for an unknown loss, shapes that do not match, and numbers that are not finite.
    """

    x: Float[np.ndarray, "n d"]
    target: Float[np.ndarray, "n k"]
    loss: Literal["squares", "logistic", "softmax"]

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise InputError(f"There is no loss {self.loss!r} of a linear model: use one of {', '.join(LOSSES)}.")
        if self.x.ndim != 2 or self.target.ndim != 2 or len(self.x) != len(self.target) or not self.x.size:
            shapes = f"{self.x.shape} and {self.target.shape}"
            raise InputError(f"Features and targets have shapes {shapes}: give [n d] and [n k] with one n >= 1.")
        if not (np.isfinite(self.x).all() and np.isfinite(self.target).all()):
            raise InputError("Features or targets hold NaN or infinity: replace what is not finite.")

    @property
    def shape(self) -> tuple[int, int]:
        """The shape `(k, d)` of the weights."""
        return self.target.shape[1], self.x.shape[1]

    def value(self, w: Weights) -> float:
        """The mean loss."""
        z = self.x @ w.T
        if self.loss == "squares":
            return float(0.5 * np.mean(np.sum((z - self.target) ** 2, axis=1)))
        return float(np.mean(scipy.special.logsumexp(self._logits(z), axis=1) - np.sum(self.target * z, axis=1)))

    def gradient(self, w: Weights) -> Weights:
        """Its gradient."""
        z = self.x @ w.T
        fitted = z if self.loss == "squares" else scipy.special.softmax(self._logits(z), axis=1)[:, : z.shape[1]]
        return (fitted - self.target).T @ self.x / len(self.x)

    def expression(self, w: cp.Variable) -> Any:
        """The mean loss as a convex expression."""
        import cvxpy as cp

        z = self.x @ w.T
        if self.loss == "squares":
            return cp.sum_squares(z - self.target) / (2 * len(self.x))
        logits = cp.hstack([z, np.zeros((len(self.x), 1))]) if self.loss == "logistic" else z
        return (cp.sum(cp.log_sum_exp(logits, axis=1)) - cp.sum(cp.multiply(self.target, z))) / len(self.x)

    def _logits(self, z: np.ndarray) -> np.ndarray:
        return np.hstack([z, np.zeros((len(z), 1))]) if self.loss == "logistic" else z


@dataclass(frozen=True, eq=False)
class BallMinimum:
    """The least mean loss over a ball as a bracket, with the weights that attain its upper end.

    lower, upper: the bracket, up to rounding. weights: `[k d]`, in the ball.
    """

    weights: Weights
    lower: float
    upper: float


def duality_gap(model: LinearModel, w: Weights, norm: str | Norm, radius: float) -> float:
    """`<grad L, W> + radius ||grad L||_*`: of weights in the ball, how far their loss is from the least one at most."""
    g = model.gradient(w)
    return float(np.sum(g * w) + radius * parse(norm).dual_value(g))


def ball_minimum(model: LinearModel, norm: str | Norm, radius: float) -> BallMinimum:
    """The least mean loss over `||W|| <= radius`.

    Raises `InputError` for a radius that is not positive and finite.
    """
    kind = parse(norm)
    if not 0 < radius < np.inf:
        raise InputError(f"The radius of the ball is {radius}: give a positive number.")
    candidates = [np.zeros(model.shape), _conic(model, kind, radius)]
    brackets = []
    for w in candidates:
        inside = w * min(1.0, radius / max(float(kind.value(w)), 1e-300))
        value = model.value(inside)
        brackets.append(BallMinimum(inside, value - max(duality_gap(model, inside, kind, radius), 0.0), value))
    best = min(brackets, key=lambda b: b.upper)
    return BallMinimum(best.weights, max(b.lower for b in brackets), best.upper)


def _conic(model: LinearModel, kind: Norm, radius: float) -> Weights:
    """The interior point method's solution, which may leave the ball by its tolerance."""
    import cvxpy as cp

    w = cp.Variable(model.shape)
    problem = cp.Problem(cp.Minimize(model.expression(w)), [kind.expression(w) <= radius])
    # An inaccurate solution has a wide bracket, which says so.
    status = solve(problem, solver=cp.CLARABEL, tol_gap_abs=_TIGHT, tol_gap_rel=_TIGHT, tol_feas=_TIGHT)
    if w.value is None:
        raise InputError(f"The least loss over the {kind.name} ball was not found ({status}): scale the data.")
    return np.asarray(w.value, np.float64)


def smoothness(model: LinearModel, norm: str | Norm) -> float:
    """`H` with `L(V) <= L(W) + <grad L(W), V - W> + H/2 ||V - W||^2` for all weights; the least one for squares.

    The second derivative along V is at most `c / n sum_i ||V x_i||_2^2 = c tr(V S V^T)`, `S = x^T x / n`, with c = 1
    for squares (equality), 1/2 for the softmax and 1/4 for one logistic output. Over the unit ball its maximum lies at
    an extreme point: one entry (l1), a sign pattern in every row (linf, in up to 16 features tried one by one, above
    bounded by the entries of S), a pair of unit vectors (nuclear), or orthonormal rows (spectral).

    Raises `InputError` for other norms.
    """
    kind = parse(norm)
    k, d = model.shape
    second = model.x.T @ model.x / len(model.x)
    factor = {"squares": 1.0, "logistic": 0.25 if k == 1 else 0.5, "softmax": 0.5}[model.loss]
    if kind.name == "l1":
        return factor * float(np.diag(second).max())
    if kind.name == "linf":
        return factor * k * _largest_at_signs(second)
    if kind.name in ("l2", "nuclear", "spectral"):
        top = np.linalg.eigvalsh(second)[::-1]
        return factor * float(np.sum(top[: min(k, d)]) if kind.name == "spectral" else top[0])
    raise InputError(f"No smoothness constant is known here in {kind.name}: use l1, l2, linf, nuclear or spectral.")


def _largest_at_signs(second: Float[np.ndarray, "d d"]) -> float:
    """The largest `v^T S v` over sign vectors, or the sum of magnitudes where there are too many of them."""
    d = len(second)
    if d > _FEW:
        return float(np.abs(second).sum())
    signs = 1.0 - 2 * ((np.arange(2 ** (d - 1))[:, None] >> np.arange(d)) & 1)  # v and -v count once
    return float(np.einsum("sd,de,se->s", signs, second, signs, optimize=True).max())
