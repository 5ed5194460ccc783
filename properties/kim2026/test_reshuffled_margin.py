"""With reshuffled mini-batches and much momentum the margin comes near the maximal one, in any norm.

Setting: separable data with k classes (or labels ±1) and n points, mean loss L, decreasing steps `Σ η_t = ∞`, `W_0 =
0`; ψ a norm of the weights and γ the maximal margin in it. Every epoch is a new order of all points, cut into m batches
of one size. `R = max_{n,c} ψ*(e_c x_nᵀ)`, and `B ≤ 2 R` the largest dual norm of a margin's gradient.
Algorithm: steepest descent in ψ on the moving average `M ← β M + (1 - β) ∇L_B`: Signum, Muon, normalised GD.
Claim: where `ρ = γ - 2 (1 - β) m (m² - 1) R` is positive, `liminf margin(W)/ψ(W) ≥ ρ`. Besides, by the linear bound on
the moving average (see the file on reshuffling), with `ε = 2 (1 - β) (m - 1) B`: `ρ = γ - 2 ε`, and in the L2 norm `ρ =
√(γ² - ε²)`, since a direction that errs by ε G in a gradient of γ G or more keeps that much of it. So the cube is not
real, and in the L2 norm the loss is of second order in 1 - β.
At a finite horizon: the first two ask that the margin's shortfall below ρ vanishes; on the data that are drawn all of γ
is kept, to the tolerance, so that they tell nothing of the constants in ρ, which `kim2026/momentum-error` and
`open/momentum-constant` are about. The third is held to its own gap budget at every step. For the exponential loss
log L falls in a step by `η_t c_t - ½ B² η_t²` or more, where `c_t = √(γ² - e_t²)` (`-B` while `e_t ≥ γ`),
`e_t = a_t(0) 2 (m - 1) B + m B Σ_τ a_t(τ) (exp(B Σ_{s ≤ τ} η_{t-s}) - 1)` and `a_t(τ) = (1 - β) β^τ / (1 - β^{t+1})`:
what batches and what the last steps may have changed of the average. So
`margin/ψ ≥ (Σ η_t c_t - ½ B² Σ η_t² - ln n(k-1)) / Σ η_t` where that is positive, and it tends to ρ.
Reference: Kim, Song, Yun (2026), Corollary B.12; the two others and the budget are derived here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

import solvers
from properties.kim2026.test_data_radius import RADIUS
from properties.kim2026.test_reshuffling import cubic
from properties.papers import KIM_2026
from verify import Bound, Dataset, Limit, Read, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay
from verify.problems.laboratory import Laboratory
from verify.problems.margins import ensembles
from verify.problems.margins.gap import Gap
from verify.problems.quantity import ROUNDING, Measurement
from verify.problems.subject import Subject, norm_of

Floor = Callable[[Measurement, str], Float[np.ndarray, "b 1"]]
"""From a measurement and a norm to ρ."""
Beside = Callable[[float, Measurement, str], Float[np.ndarray, "b 1"]]
"""The same, from β on."""


def cube(b1: float, m: Measurement, norm: str) -> np.ndarray:
    """γ - 2 (1 - β) m (m² - 1) R of batches of one point."""
    longest = {"l1": 1, "l2": 2, "linf": np.inf}[RADIUS[norm]]
    reach = np.array([[np.linalg.norm(s.x, ord=longest, axis=1).max()] for s in m.data])
    return m.margin - 2 * (1 - b1) * cubic(m.n) * reach


def error(b1: float, m: Measurement, norm: str) -> np.ndarray:
    """ε = 2 (1 - β) (m - 1) B of batches of one point."""
    return 2 * (1 - b1) * (m.n - 1) * m.radius(norm)


def linear(b1: float, m: Measurement, norm: str) -> np.ndarray:
    return m.margin - 2 * error(b1, m, norm)


def root(b1: float, m: Measurement, norm: str) -> np.ndarray:
    """√(γ² - ε²), and 0 where ε is no less than γ."""
    return np.sqrt(np.maximum(m.margin**2 - error(b1, m, norm) ** 2, 0))


@dataclass(frozen=True)
class Shortfall:
    """What the normalised margin is below ρ, relative to γ; 0 above it.

    floor: ρ; on datasets where it is not positive nothing is claimed, and they are not judged.
    """

    floor: Floor
    name: str = "shortfall of the margin below ρ"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the run, without the gap budget: mini-batches' updates are misaligned one by one."""
        norm = norm_of(subject)
        references = lab.references(norm)
        _, log_time, normalised, notes = ensembles.recorded(ensembles.run(subject, lab), norm)
        gamma = np.array([r.lower for r in references])
        width = np.array([r.upper - r.lower for r in references]) + ROUNDING * gamma
        certified = np.array([r.certified for r in references])
        m = Measurement(log_time, normalised, width / gamma, certified, lab.datasets, gamma, notes)
        name = solvers.norm(norm).name
        floor = self.floor(m, name)
        claimed = floor[:, 0] > 0
        if not claimed.all():
            notes = (*notes, f"on {np.count_nonzero(~claimed)} datasets ρ is not positive and nothing is claimed")
        short = np.maximum(floor - normalised, 0) / gamma[:, None]
        return Measurement(log_time, short, m.floor, certified & claimed, lab.datasets, gamma, notes)


def explicit(steps: PowerDecay, b1: float, norm: str = "l2", *, rest: bool = True):
    """γ less the floor that the gap budget gives at every step, of batches of one point; nothing where it is negative.

    rest: whether the floor is below its limit by what the first steps cost.
    """

    def bound(m: Measurement) -> np.ndarray:
        if not rest:
            return m.margin - root(b1, m, norm)
        taken = np.round(m.time).astype(int) - 1
        eta = np.asarray(steps(np.arange(taken[-1] + 1)))
        b, t = m.radius(norm), np.arange(len(eta))
        path = np.concatenate([[0.0], np.cumsum(eta)[:-1]])  # before the step
        log_left = -np.log(-np.expm1((t + 1) * np.log(b1)))  # -log(1 - β^{t+1})
        grown = b * path + np.log(1 - b1) + np.logaddexp.accumulate(-t * np.log(b1) - b * path, axis=1)
        with np.errstate(over="ignore"):
            moved = np.expm1(grown + t * np.log(b1) + log_left)  # Σ_τ a(τ) (exp(B Σ η) - 1)
            e = error(b1, m, norm) * np.exp(log_left) + m.n * b * moved
            kept = np.where(e < m.margin, np.sqrt(np.maximum(m.margin**2 - e**2, 0)), -b)
        count = np.array([[len(s.margin_vectors)] for s in m.data])  # n (k - 1)
        gained = np.cumsum(eta * kept - (b * eta) ** 2 / 2, axis=1)[:, taken] - np.log(count)
        return np.where(gained > 0, m.margin - gained / np.cumsum(eta)[taken], np.inf)

    return bound


# Margins of a thousandth of the radius lie below what is lost.
MODERATE = tuple(name for name in strategies.FLAVOURS if not name.startswith("tiny"))


@st.composite
def one_against_many(draw: st.DrawFn) -> Dataset:
    """Points (γ, √(1-γ²)), and one (γ, -√(1-γ²)), which single steps without memory hardly see."""
    gamma, n = draw(st.integers(40, 80)) / 100, draw(st.integers(3, 5))
    x = np.full((n, 2), gamma)
    x[:, 1] = np.sqrt(1 - gamma**2)
    x[0, 1] *= -1
    return Dataset(x, np.ones(n, int), "one against many")


def few() -> st.SearchStrategy[Dataset]:
    return strategies.multiclass(max_classes=3, max_points=4, max_features=4, flavours=MODERATE, unit_rows=True)


def uneven() -> st.SearchStrategy[Dataset]:
    drawn = strategies.binary(max_points=4, max_features=4, flavours=MODERATE, unit_rows=True)
    return st.one_of(one_against_many(), drawn)


STEPS, SHORT = PowerDecay(0.1, 1 / 2), PowerDecay(0.03, 1 / 2)
B1, SHORTER = 0.998, 0.98


def claim(name: str, where: str, title: str, statement: str, *twins: Twin, norm: str, **fields):
    return KIM_2026.claim(
        name,
        where,
        title,
        statement,
        read=Read.PAPER if where.startswith("Corollary") else Read.DERIVED,
        norm=norm,
        sampling="reshuffled",
        batch=1,
        twins=twins,
        share=1 / 4,
        **fields,
    )


def asymptotic(name: str, where: str, title: str, statement: str, norm: str, text: str, floor: Beside):
    return claim(
        name,
        where,
        title,
        statement,
        Twin("no momentum", optimizer=optimizers.steepest_descent(STEPS, norm)),
        norm=norm,
        kind=Limit(tolerance=0.05, law=laws.power(1 / 4)),
        problem=few,
        optimizer=optimizers.steepest_descent(STEPS, norm, b1=B1),
        optimizer_text=f"{text} with β = {B1} on single points, reshuffled, η = 0.1 (t+1)^-1/2",
        loss="cross_entropy",
        quantity=Shortfall(partial(floor, B1)),
    )


CLAIMS = (
    asymptotic(
        "momentum-margin",
        "Corollary B.12",
        "Signum on reshuffled batches keeps γ - 2 (1 - β) m (m² - 1) R",
        "Signum, m reshuffled batches an epoch: if ρ = γ - 2 (1-β) m (m²-1) R > 0, liminf margin/‖W‖ ≥ ρ.",
        "linf",
        "Signum",
        cube,
    ),
    asymptotic(
        "momentum-margin-linear",
        "after Corollary B.12",
        "Momentum on reshuffled batches keeps γ - 4 (1 - β) (m - 1) B",
        "Normalised GD with momentum, m reshuffled batches: if ρ = γ - 4 (1-β) (m-1) B > 0, liminf margin/‖W‖ ≥ ρ.",
        "l2",
        "Normalised GD",
        linear,
    ),
    claim(
        "momentum-margin-explicit",
        "after Corollary B.12, exponential loss",
        "Reshuffled momentum's L2 margin is above its budget, which tends to √(γ² - ε²)",
        "Momentum NGD, m reshuffled batches, exponential loss: margin/‖w‖ ≥ (Σ η c - ½B²Ση² - ln n)/Ση always.",
        Twin("no momentum", optimizer=optimizers.normalised_gd(SHORT), shrink=False),
        Twin(
            "√(γ² - ε²) from the first step on",
            kind=Bound(explicit(SHORT, SHORTER, rest=False), "γ - √(γ² - ε²)"),
            shrink=False,
        ),
        norm="l2",
        kind=Bound(explicit(SHORT, SHORTER), "γ - (Σ η c - ½ B² Σ η² - ln n)/Σ η"),
        problem=uneven,
        optimizer=optimizers.steepest_descent(SHORT, "l2", b1=SHORTER),
        optimizer_text=f"normalised GD with β = {SHORTER} on single points, reshuffled, η = 0.03 (t+1)^-1/2",
        loss="exponential",
        quantity=Gap(relative=False),
    ),
)
