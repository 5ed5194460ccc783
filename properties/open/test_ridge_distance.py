"""Whether gradient descent ends on the ridge path or infinitely far from it, and nowhere between.

Setting: separable binary data, mean logistic loss L, gradient flow from `w_0 = 0`, in log time; the ridge path, `u_λ`
the minimiser of `L(u) + (λ/2) ‖u‖²`.
Object: the distance `min_λ ‖w_t - u_λ‖` of the flow at log t = s.
Claim: conjectured: its limit is 0 or infinite, on every separable dataset. What a finite limit leaves is measured: the
distance at the horizon, less fifty times its change over the last factor of ten in s, in which log log s, as it grows
in Theorem 5.3, changes by 0.3 still.
Reference: asked after Wu, Bartlett, Telgarsky, Yu (2025), as notes on it quote the conjecture; Theorem 5.2 has the
limit 0 where the support vectors with positive multipliers span the data, Theorem 5.3 two points where it is infinite.
On (1, 0), (2, 1) it is neither: `w_2` only rises, and converges since the second point's slope falls like t^-2, while
`u_2 = λ^-1 e^{-2 u_1 - u_2}/2` and `λ ≥ e^{-u_1}/(4 u_1)` give `u_2 → 0` as `λ → 0`; so `‖w_t - u_λ‖` tends to the
limit of `w_2` at best, whatever λ(t) is.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

import solvers
from properties.open.test_leave_one_out import wide
from properties.papers import WU_2025
from solvers.errors import NonSeparableError, UndecidedError
from verify import Dataset, strategies
from verify.claims.kinds import Separation
from verify.claims.question import question
from verify.datasets.lower_bounds import lower_bounds
from verify.errors import FlowError
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import LOG_TIME, Measurement
from verify.problems.subject import Subject

LEAST, CHANGE = 1e-2, 50.0
MODERATE = tuple(name for name in strategies.FLAVOURS if not name.startswith("tiny"))
_NEWTON = 200


def ridge(z: np.ndarray, log_penalty: float, start: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The ridge solution of signed points `z [n d]`, from its multipliers' logarithms, and these for another start.

    `u = Σ a_i z_i` with `log a_i = -log n - log λ - log(1 + e^{⟨z_i, u⟩})`, by Newton's method with halved steps.
    """
    gram, level = z @ z.T, -np.log(len(z)) - log_penalty
    b = np.full(len(z), 0.0) if start is None else start

    def left(b: np.ndarray) -> np.ndarray:
        return b - level + np.logaddexp(0.0, gram @ np.exp(b))

    found = left(b)
    for _ in range(_NEWTON):
        margins = gram @ np.exp(b)
        slope = np.exp(-np.logaddexp(0.0, -margins))
        step = np.linalg.solve(np.eye(len(z)) + slope[:, None] * gram * np.exp(b), -found)
        size = 1.0
        while np.linalg.norm(left(b + size * step)) > (1 - size / 4) * np.linalg.norm(found) and size > 1e-6:
            size /= 2
        b, found = b + size * step, left(b + size * step)
        if np.abs(found).max() < 1e-10 * max(1.0, abs(level)):
            break
    return z.T @ np.exp(b), b


def to_path(z: np.ndarray, w: np.ndarray) -> float:
    """The distance of weights to the ridge path: the least over λ."""
    largest = float((z @ w).max()) + np.log(len(z)) + np.log1p(np.linalg.norm(w)) + 5.0
    start: list[np.ndarray | None] = [None]

    def distance(log_penalty: float) -> float:
        u, start[0] = ridge(z, log_penalty, start[0])
        return float(np.linalg.norm(w - u))

    grid = np.linspace(2.0, -largest, 60)
    values = [distance(p) for p in grid]
    i = int(np.argmin(values))
    ends = grid[min(i + 1, len(grid) - 1)], grid[max(i - 1, 0)]
    least: Any = minimize_scalar(distance, bounds=ends, method="bounded", options={"xatol": 1e-6})
    return float(least.fun)


def flow(z: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Weights of the gradient flow of signed points from zero, at these log t, `[s d]`; in log t from t = 1 on.

    Raises `FlowError` where it cannot be followed.
    """

    def pull(w: np.ndarray, log_time: float) -> np.ndarray:
        return np.exp(np.clip(log_time - np.logaddexp(0.0, z @ w), None, 50.0)) @ z / len(z)

    early = solve_ivp(lambda t, w: pull(w, 0.0), (0.0, 1.0), np.zeros(z.shape[1]), rtol=1e-10, atol=1e-12)
    late = solve_ivp(lambda s, w: pull(w, s), (0.0, times[-1]), early.y[:, -1], "LSODA", times, rtol=1e-9, atol=1e-10)
    if not (early.success and late.success):
        raise FlowError("the gradient flow could not be followed")
    return late.y.T


@dataclass(frozen=True)
class Between:
    """How far the limit of the distance to the ridge path is from 0 and from infinity alike."""

    name: str = "finite limit of the distance to the ridge path"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """One value a dataset, at the horizon; the floor is what the flow's and the path's solvers leave open."""
        ends = np.array([lab.log_time / 10, lab.log_time])
        found = []
        for dataset in lab.datasets:
            early, late = (to_path(dataset.signed, w) for w in flow(dataset.signed, ends))
            found.append(late - CHANGE * abs(late - early))
        values = np.array(found)[:, None]
        return Measurement(
            np.log(ends[1:]), values, np.full(len(found), 1e-4), np.ones(len(found), bool), lab.datasets, clock=LOG_TIME
        )


def belongs(dataset: Dataset) -> bool:
    """Of at most eight points in four features, of lengths for which the horizon is far."""
    longest = np.linalg.norm(dataset.x, axis=1).max()
    return dataset.n <= 8 and dataset.d <= 4 and wide(dataset) and bool(0.1 <= longest <= 4)


def spanned(dataset: Dataset) -> bool:
    """One of these whose points at the least margin span all of them."""
    try:
        reference = solvers.max_margin(dataset.x, dataset.y, "l2")
    except (NonSeparableError, UndecidedError):
        return False
    rank = np.linalg.matrix_rank
    return belongs(dataset) and int(rank(dataset.x[reference.support], 1e-6)) == int(rank(dataset.x, 1e-6))


def ask(name: str, asks: str, on: str, **fields):
    return question(
        name,
        asks,
        f"The distance of the gradient flow to the ridge path tends to 0 or to infinity: {on}.",
        paper=WU_2025,
        where="Theorems 5.2 and 5.3",
        kind=Separation(LEAST, "no finite limit of 0.01 or more"),
        problem=lambda: strategies.binary(max_points=4, max_features=3, flavours=MODERATE, unit_rows=True),
        optimizer_text="gradient flow from zero",
        loss="logistic",
        quantity=Between(),
        flows=True,
        **fields,
    )


BEYOND = Dataset(np.array([[1, 0], [2, 1]]), np.array([1, 1]), "beyond the margin")
QUESTIONS = (
    ask(
        "ridge-distance",
        "Is the limit of gradient flow's distance to the ridge path 0 or infinite on every separable dataset?",
        "on every separable dataset",
        refuted="no: it is finite and positive there, where support vectors do not span the data",
        known="by two lines, on (1, 0), (2, 1): the flow keeps a second weight that every ridge solution loses.",
        seeds=lambda: (BEYOND, *lower_bounds()),
        admits=belongs,
    ),
    ask(
        "ridge-distance-spanned",
        "Is that limit 0 or infinite where the points at the least margin span the data?",
        "where support vectors span",
        refuted="no: not even where support vectors span the data",
        known="where those with positive multipliers span the data it is 0 (Theorem 5.2).",
        seeds=lambda: tuple(lower_bounds()),
        admits=spanned,
    ),
)
