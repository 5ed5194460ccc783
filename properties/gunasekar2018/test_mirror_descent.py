"""Mirror descent on the squared loss ends in the solution that is nearest to its start in its own divergence.

Setting: fewer points than features, linearly independent, labels ±1; squared loss `½ ‖Xw - y‖²`, which some w make 0.
Algorithm: `∇ψ(w) ← ∇ψ(w) - η Xᵀ(Xw - y)` from `w_0 = 0`, ψ the hyperbolic entropy `Σ w_j arcsinh(w_j) - √(w_j² + 1)`,
`∇ψ = arcsinh`; and the same with momentum in ∇ψ.
Claim: w_t tends to the minimiser of ψ among the w with `Xw = y`, the one whose ∇ψ lies in the span of the points.
Reference: Gunasekar, Lee, Soudry, Srebro (2018), on mirror descent with losses that have a finite root, as commonly
stated: the theorems' numbers were not seen. Where AdaGrad ends depends on its steps, and is another solution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from properties.papers import GUNASEKAR_2018
from verify import Claim, Dataset, Limit, Read, Twin, laws
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

STEPS, ETA = 1000, 0.2
_NEWTON, _SOLVED = 50, 1e-12


def nearest(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The minimiser of ψ among the w with `xw = y`: `w = sinh(xᵀν)`, by Newton's method for ν."""
    nu = np.zeros(len(x))
    for _ in range(_NEWTON):
        theta = x.T @ nu
        step = np.linalg.solve((x * np.cosh(theta)) @ x.T, y - x @ np.sinh(theta))
        nu = nu + step / max(1.0, float(np.abs(x.T @ step).max()))
    assert np.abs(x @ np.sinh(x.T @ nu) - y).max() < _SOLVED, "no solution was found"
    return np.sinh(x.T @ nu)


def mirror(x: np.ndarray, y: np.ndarray, momentum: float = 0.0) -> np.ndarray:
    """The weights after each step, `[r d]`."""
    theta, moved, kept = np.zeros(x.shape[1]), np.zeros(x.shape[1]), np.zeros((STEPS, x.shape[1]))
    for t in range(STEPS):
        moved = momentum * moved - (1 - momentum) * ETA * (x.T @ (x @ np.sinh(theta) - y))
        theta = theta + moved
        kept[t] = np.sinh(theta)
    return kept


def adagrad(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    w, total, kept = np.zeros(x.shape[1]), np.zeros(x.shape[1]), np.zeros((STEPS, x.shape[1]))
    for t in range(STEPS):
        g = x.T @ (x @ w - y)
        total = total + g**2
        w = w - ETA * np.divide(g, np.sqrt(total), out=np.zeros_like(g), where=total > 0)
        kept[t] = w
    return kept


@dataclass(frozen=True)
class Distance:
    """`‖w_t - w*‖ / ‖w*‖`; least: for w* the solution of least L2 norm. method: of `METHODS`."""

    method: str
    least: bool = False
    name: str = "distance to the nearest solution"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """From the second step on."""
        values = np.zeros((len(lab.datasets), STEPS - 1))
        for i, s in enumerate(lab.datasets):
            end = np.linalg.pinv(s.x) @ s.y if self.least else nearest(s.x, s.y)
            w = METHODS[self.method](s.x, s.y)[1:]
            values[i] = np.linalg.norm(w - end, axis=1) / np.linalg.norm(end)
        floor, judged = np.full(len(values), _SOLVED), np.ones(len(values), bool)
        return Measurement(np.log(np.arange(2.0, STEPS + 1)), values, floor, judged, lab.datasets)


METHODS = {"mirror": mirror, "momentum": lambda x, y: mirror(x, y, 0.9), "adagrad": adagrad}


@st.composite
def independent(draw: st.DrawFn) -> Dataset:
    """Points with a feature of their own each, and one or two features that they share."""
    n, shared = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    row = st.tuples(*[st.sampled_from([-2, -1, 1, 2])] * shared)
    x = np.c_[
        np.diag(draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))), draw(st.lists(row, min_size=n, max_size=n))
    ]
    y = np.array(draw(st.lists(st.sampled_from([1, -1]), min_size=n, max_size=n)))
    return Dataset(x / np.linalg.norm(x, axis=1).max() * 1.5, y, "independent")


def claim(name: str, method: str, what: str) -> Claim:
    return GUNASEKAR_2018.claim(
        name,
        "losses with a finite root",
        f"{what} ends in the solution that is nearest in its divergence",
        f"{what} of the hyperbolic entropy on the squared loss tends to the minimiser of ψ where Xw = y.",
        read=Read.STATED,
        kind=Limit(1e-3, laws.power(1)),
        problem=independent,
        optimizer_text=f"{what.lower()}, η = {ETA}",
        quantity=Distance(method),
        twins=(
            Twin("the solution of least L2 norm", quantity=Distance(method, least=True), shrink=False),
            Twin("AdaGrad", quantity=Distance("adagrad"), shrink=False),
        ),
        share=1 / 8,
    )


CLAIMS = (
    claim("mirror-descent", "mirror", "Mirror descent"),
    claim("mirror-descent-momentum", "momentum", "Mirror descent with momentum"),
)
