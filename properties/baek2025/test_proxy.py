"""The proxy of Adam on single points, with a long memory, maximises a margin in a norm that it makes itself.

Setting: separable binary data in general position, signed points `z_i = y_i x_i`, exponential loss, `w_0 = 0`, steps
`η_t = 0.3 (t + 1)^-1/2`.
Algorithm: `w ← w - η_t Σ ∇ℓ_i / √(Σ ∇ℓ_i²)`, feature by feature: what incremental Adam's epochs tend to as β₂ → 1.
Claim: where it converges in direction, with shares `c_i` of the slopes, the limit is the maximiser of the margin in the
norm `√(wᵀ D w)`, `D = diag √(Σ c_i² z_i²)`: c is a fixed point of the map from shares to the multipliers of that
problem. Measured is what the margin in this norm, with the c of the same step, falls short of the maximal one. So
neither the L2 nor the L-infinity margin is maximised on general data.
Tried: Gaussian data, and pairs of points in four features of which two pull both ways. Where a single point has all of
the gradient full batches, sign descent, keep the margin in this norm too; on such pairs they do not.
Reference: Baek, Song, Yun (2025), Proposition 4.1 and Theorem 4.8 under Assumption 4.4, read in later texts that quote
them.
"""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

import solvers
from properties.papers import BAEK_2025
from solvers.errors import UndecidedError
from verify import Dataset, Limit, Read, Twin, laws, strategies
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject
from verify.runs.descent import stacked

TIMES = np.unique(np.round(10 ** (np.arange(6, 25) / 6)).astype(int))  # to 10000 steps


@dataclass(frozen=True)
class OwnGap:
    """The relative gap of the proxy's margin in its own norm.

    fixed: whether D is 1, for the L2 norm. uniform: whether it is of equal shares. signs: whether the run is that of
    full batches, along the signs of the gradient.
    """

    fixed: bool = False
    uniform: bool = False
    signs: bool = False
    name: str = "relative gap in its own norm"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On a geometric grid; in the log domain."""
        weights = lab.once(("proxy", self.signs), lambda: walked(lab, self.signs))
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


def walked(lab: Laboratory, signs: bool) -> np.ndarray:
    """The weights `[b r d]` at the times. signs: of full batches' steps."""
    x, absent = stacked(lab.datasets)
    w, kept = np.zeros((len(x), x.shape[2])), []
    for t in range(TIMES[-1]):
        z = np.where(absent, np.inf, np.einsum("bnd,bd->bn", x, w))
        c = np.exp(z.min(axis=1, keepdims=True) - z)
        total = np.einsum("bn,bnd->bd", c, x)
        size = np.abs(total) if signs else np.sqrt(np.einsum("bn,bnd->bd", c**2, x**2))
        w += 0.3 / np.sqrt(t + 1) * np.divide(total, size, out=np.zeros_like(w), where=size > 0)
        if t + 1 in TIMES:
            kept.append(w.copy())
    return np.stack(kept, axis=1)


@st.composite
def pulling(draw: st.DrawFn) -> Dataset:
    """Two points, of whose four features two have the same signs in both, and two opposite ones."""
    sizes = draw(st.lists(st.sampled_from((0.5, 1.0, 1.5, 2.0, 3.0)), min_size=8, max_size=8))
    signs = draw(st.lists(st.sampled_from((1.0, -1.0)), min_size=4, max_size=4))
    y = np.array(draw(st.lists(st.sampled_from((1, -1)), min_size=2, max_size=2)))
    x = y[:, None] * np.reshape(sizes, (2, 4)) * signs * [[1, 1, 1, 1], [1, 1, -1, -1]]
    return Dataset(x, y, "pulling")


def drawn() -> st.SearchStrategy[Dataset]:
    usual = strategies.binary(max_points=6, max_features=4, flavours=["gaussian"], gamma_bounds=(2.0, 4.0))
    return st.one_of(usual, pulling())


CLAIM = BAEK_2025.claim(
    "proxy",
    "Theorem 4.8",
    "The proxy of incremental Adam maximises the margin in a norm of its own",
    "w ← w - η Σ∇ℓ_i/√(Σ∇ℓ_i²): the limit maximises the margin in √(wᵀDw), D = diag √(Σ c_i² z_i²).",
    read=Read.SECONDARY,
    kind=Limit(tolerance=0.02, law=laws.power(1 / 4)),
    problem=drawn,
    optimizer_text="the proxy Σ∇ℓ_i / √(Σ∇ℓ_i²), η = 0.3 (t+1)^-1/2",
    loss="exponential",
    quantity=OwnGap(),
    twins=(
        Twin("the L2 norm", quantity=OwnGap(fixed=True), shrink=False),
        Twin("D of equal shares c_i", quantity=OwnGap(uniform=True), shrink=False),
        Twin("full batches, sign descent", quantity=OwnGap(signs=True), shrink=False),
    ),
    share=1 / 4,
)
