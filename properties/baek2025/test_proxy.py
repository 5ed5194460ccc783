"""The proxy of Adam on single points, with a long memory, maximises a margin in a norm that it makes itself.

Setting: separable binary data in general position, signed points `z_i = y_i x_i`, exponential loss, `w_0 = 0`, steps
`η_t = 0.3 (t + 1)^-1/2`.
Algorithm: `w ← w - η_t Σ ∇ℓ_i / √(Σ ∇ℓ_i²)`, feature by feature: what incremental Adam's epochs tend to as β₂ → 1.
Claim: where it converges in direction, with shares `c_i` of the slopes, the limit is the maximiser of the margin in the
norm `√(wᵀ D w)`, `D = diag √(Σ c_i² z_i²)`: c is a fixed point of the map from shares to the multipliers of that
problem. Measured is what the margin in this norm, with the c of the same step, falls short of the maximal one. So
neither the L2 nor the L-infinity margin is maximised on general data.
Reference: Baek, Song, Yun (2025), Proposition 4.1 and Theorem 4.8 under Assumption 4.4, read in later texts that quote
them.
"""

from dataclasses import dataclass

import numpy as np

import solvers
from properties.papers import BAEK_2025
from solvers.errors import UndecidedError
from verify import Limit, Read, Twin, laws, strategies
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject
from verify.runs.descent import stacked

TIMES = np.unique(np.round(10 ** (np.arange(6, 25) / 6)).astype(int))  # to 10000 steps


@dataclass(frozen=True)
class OwnGap:
    """The relative gap of the proxy's margin in its own norm. fixed: of all features alike, the L2 norm."""

    fixed: bool = False
    uniform: bool = False
    name: str = "relative gap in its own norm"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On a geometric grid; in the log domain."""
        weights = lab.once("proxy", lambda: walked(lab))
        gaps = np.array([[self._gap(s.signed, w) for w in row] for s, row in zip(lab.datasets, weights, strict=True)])
        b = len(gaps)
        judged = np.isfinite(gaps).all(axis=1)
        lost = np.count_nonzero(~judged)
        notes = (f"the own norm of {lost} datasets is lost in rounding, and they are left out",) if lost else ()
        return Measurement(np.log(TIMES), gaps, np.full(b, 1e-7), np.asarray(judged), lab.datasets, notes=notes)

    def _gap(self, z: np.ndarray, w: np.ndarray) -> float:
        w = w[: z.shape[1]]
        margins = z @ w
        c = np.ones(len(z)) if self.uniform else np.exp(margins.min() - margins)
        d = np.ones(z.shape[1]) if self.fixed else np.sqrt(((c / c.sum()) ** 2) @ z**2)
        if not d.min() > 0:  # a feature that points of a share that can be told do not have
            return np.nan
        root = np.sqrt(d)
        try:
            best = solvers.max_margin(z / root, np.ones(len(z), int), "l2").upper
        except UndecidedError:
            return np.nan
        return float(1 - margins.min() / (np.linalg.norm(root * w) * best))


def walked(lab: Laboratory) -> np.ndarray:
    """The weights `[b r d]` at the times."""
    x, absent = stacked(lab.datasets)
    w, kept = np.zeros((len(x), x.shape[2])), []
    for t in range(TIMES[-1]):
        z = np.where(absent, np.inf, np.einsum("bnd,bd->bn", x, w))
        c = np.exp(z.min(axis=1, keepdims=True) - z)
        size = np.sqrt(np.einsum("bn,bnd->bd", c**2, x**2))
        w += 0.3 / np.sqrt(t + 1) * np.divide(np.einsum("bn,bnd->bd", c, x), size, out=np.zeros_like(w), where=size > 0)
        if t + 1 in TIMES:
            kept.append(w.copy())
    return np.stack(kept, axis=1)


CLAIM = BAEK_2025.claim(
    "proxy",
    "Theorem 4.8",
    "The proxy of incremental Adam maximises the margin in a norm of its own",
    "w ← w - η Σ∇ℓ_i/√(Σ∇ℓ_i²): the limit maximises the margin in √(wᵀDw), D = diag √(Σ c_i² z_i²).",
    read=Read.SECONDARY,
    kind=Limit(tolerance=0.02, law=laws.power(1 / 4)),
    problem=lambda: strategies.binary(max_points=6, max_features=4, flavours=["gaussian"], gamma_bounds=(2.0, 4.0)),
    optimizer_text="the proxy Σ∇ℓ_i / √(Σ∇ℓ_i²), η = 0.3 (t+1)^-1/2",
    loss="exponential",
    quantity=OwnGap(),
    twins=(
        Twin("the L2 norm", quantity=OwnGap(fixed=True), shrink=False),
        Twin("D of equal shares c_i", quantity=OwnGap(uniform=True), shrink=False),
    ),
    share=1 / 4,
)
