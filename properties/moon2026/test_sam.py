"""Sharpness-aware minimisation: the L2 margin at depth one; deeper, starts below ρ are out of the race.

Setting: binary data, exponential loss, and diagonal linear networks of depth L, `f(x) = ⟨w_1 ∘ ... ∘ w_L, x⟩`. At L = 1
separable data and `w(0) = 0`; at L ≥ 2 a single sample μ > 0 and the same start α > 0 in all layers.
Algorithm: flow of SAM, `dw/dt = -∇ℓ(w + ρ u)`, with `u = sign ∇ℓ(w)` of L-infinity SAM and `u = ∇ℓ(w)/‖∇ℓ(w)‖` of L2
SAM, followed by its length: steps of one size along the gradient where SAM looks. At L ≥ 2 a step moves the largest
weight by 1 % at most.
Claim: at L = 1 the L2 margin tends to the maximal one, of both and whatever ρ is. At L ≥ 2 of L-infinity SAM a weight
with `α_j < ρ` is out of the race, one with `α_j = ρ` stays, the others grow, and `w_1 ∘ ... ∘ w_L` tends to the
direction of the coordinate with the largest `μ_j (α_j - ρ)^(L-2)` among `α_j > ρ`, or to 0 at L = 2 if there is none;
gradient flow's has the largest `μ_j α_j^(L-2)` of all. Derivation: while weights are positive
`dw_j/dT = μ_j (w_j - ρ)^(L-1)` in a clock T, so that at L = 2 `w_j - ρ = (α_j - ρ) e^{μ_j T}`, and for L > 2 a weight
above ρ goes to infinity at `T = 1/((L-2) μ_j (α_j - ρ)^(L-2))`, the first one alone. Below ρ it falls to 0 at even L,
where its sign and that of its gradient change, and stays; at odd L it rises to ρ, and no further.
Tried: depths 2, 3 and 4.
Reference: Moon, Si, Yun (2026), Theorem 3.1 and Corollary 3.5, read in the abstract and in notes on the paper; the
derivation is this program's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from hypothesis import strategies as st

from properties.kim2026.test_reshuffled_margin import MODERATE
from properties.papers import MOON_2026
from verify import Limit, Read, Twin, laws, strategies
from verify.claims.kinds import Separation
from verify.datasets.cases import Setting
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import ROUNDING, Clock, Measurement
from verify.problems.subject import Subject, norm_of
from verify.runs.descent import stacked

RHO, STEP, GROWTH, STEPS = 0.5, 0.2, 0.01, 3_000
FEWEST, MOST = 2, 4  # coordinates


@dataclass(frozen=True)
class SamGap:
    """The relative gap of SAM at depth one, in the claim's norm.

    rho: how far SAM looks. euclidean: whether it is L2 SAM. sign: whether it then steps by the sign of the gradient in
    place of along it.
    """

    rho: float
    euclidean: bool = False
    sign: bool = False
    name: str = "relative gap"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At some twenty times."""
        norm, references = norm_of(subject), lab.references(norm_of(subject))
        (x, absent), times = stacked(lab.datasets), np.unique(np.geomspace(10, lab.steps, 24).astype(int))
        gamma = np.array([r.lower for r in references])
        w, gaps = np.zeros((len(x), x.shape[2])), []

        def direction(at: np.ndarray) -> np.ndarray:
            z = np.where(absent, np.inf, np.einsum("bnd,bd->bn", x, at))
            g = np.einsum("bn,bnd->bd", np.exp(z.min(axis=1, keepdims=True) - z), x)
            return g / np.linalg.norm(g, axis=1, keepdims=True)

        for t in range(1, lab.steps + 1):
            first = direction(w)
            there = direction(w - self.rho * (first if self.euclidean else np.sign(first)))
            w += STEP * (np.sign(there) if self.sign else there)
            if t in times:
                size = np.linalg.norm(w, ord=2 if norm == "l2" else np.inf, axis=1)
                margin = np.where(absent, np.inf, np.einsum("bnd,bd->bn", x, w)).min(axis=1)
                gaps.append(1 - margin / (size * gamma))
        certified = np.array([r.certified for r in references])
        floor = np.full(len(x), 1e3 * ROUNDING)
        return Measurement(np.log(times), np.stack(gaps, axis=1), floor, certified, lab.datasets, gamma)


@dataclass(frozen=True, kw_only=True)
class OneSample(Setting):
    """A single sample of a diagonal network, and the start of all of its layers, `[d]` each, positive."""

    sample: tuple[float, ...]
    start: tuple[float, ...]


def winner(case: OneSample, depth: int, rho: float, power: int | None = None) -> int:
    """The coordinate with the largest `μ_j (α_j - ρ)^(L-2)` among those above ρ. power: in place of L - 2."""
    above = np.array(case.start) - rho
    score = np.array(case.sample) * np.where(above > 0, above, 1.0) ** (depth - 2 if power is None else power)
    return int(np.argmax(np.where(above > 0, score, -np.inf)))


@st.composite
def samples(draw: st.DrawFn, depth: int) -> OneSample:
    """With a start between ρ/2 and ρ that gradient flow prefers to it, and a clear winner among those above ρ.

    Above depth two with a start little above ρ of a larger sample than the winner's, too.
    """
    tempting = depth > 2
    d = draw(st.integers(FEWEST + tempting, MOST))
    order = draw(st.permutations(range(d)))
    low, high = draw(st.integers(6, 9)) / 10, draw(st.integers(14, 20)) / 10
    first = (max(4.0, 1.2 * (high / low) ** (depth - 2)), RHO * low)
    above = [(1.0, RHO * high)]
    if tempting:
        sample, score = draw(st.integers(12, 30)) / 10, draw(st.integers(3, 8)) / 10
        above.append((sample, RHO * (1 + (high - 1) * (score / sample) ** (1 / (depth - 2)))))
    for _ in range(d - len(above) - 1):
        sample, start = draw(st.integers(2, 20)) / 10, draw(st.integers(5, 20)) / 10
        best = max(mu * (alpha / RHO - 1) ** (depth - 2) for mu, alpha in above)
        score = sample * max(start - 1, 0.0) ** (depth - 2)
        above.append((sample if score <= 0.8 * best else 0.8 * best / score * sample, RHO * start))
    drawn = [first, *above]
    return OneSample(sample=tuple(drawn[j][0] for j in order), start=tuple(drawn[j][1] for j in order))


@dataclass(frozen=True)
class Lost:
    """The share of the product's coordinates, in absolute values, that the predicted one does not have.

    depth: of the network. rho: how far SAM looks. threshold: of the prediction, in place of ρ; 0 for gradient flow's.
    power: of the prediction, in place of L - 2.
    """

    depth: int
    rho: float = RHO
    threshold: float = RHO
    power: int | None = None
    name: str = "share that the predicted coordinate has not"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At some twenty times."""
        w, times = followed(cast(Sequence[OneSample], lab.cases), self.depth, self.rho)
        chosen = [winner(case, self.depth, self.threshold, self.power) for case in cast(Sequence[OneSample], lab.cases)]
        shares = np.abs(w).prod(axis=2)
        lost = 1 - shares[np.arange(len(w)), :, chosen] / shares.sum(axis=2)
        return along(times, np.maximum(lost, 0.0), lab)


@dataclass(frozen=True)
class Left:
    """The largest weight of a network of depth two, over the largest at the start. rho: how far SAM looks."""

    rho: float = RHO
    name: str = "largest weight over that of the start"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At some twenty times."""
        cases = cast(Sequence[OneSample], lab.cases)
        w, times = followed(cases, 2, self.rho)
        starts = np.array([max(case.start) for case in cases])
        return along(times, np.abs(w).max(axis=(2, 3)) / starts[:, None], lab)


def followed(cases: Sequence[OneSample], depth: int, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights `[b r L d]` of L-infinity SAM's flow, and the times."""
    mu, start = np.zeros((2, len(cases), 1, MOST))
    for i, case in enumerate(cases):
        mu[i, 0, : len(case.sample)], start[i, 0, : len(case.start)] = case.sample, case.start
    w, times, kept = np.repeat(start, depth, axis=1), np.unique(np.geomspace(10, STEPS, 24).astype(int)), []
    for t in range(1, STEPS + 1):
        there = ascent(mu, w - rho * np.sign(ascent(mu, w)))
        w = w + GROWTH * there * (np.abs(w).max(axis=(1, 2)) / np.abs(there).max(axis=(1, 2)))[:, None, None]
        if t in times:
            kept.append(w)
    return np.stack(kept, axis=1), times


def along(times: np.ndarray, values: np.ndarray, lab: Laboratory) -> Measurement:
    judged, floor = np.ones(len(values), bool), np.full(len(values), ROUNDING)
    return Measurement(np.log(times), values, floor, judged, lab.cases, clock=Clock.named("steps of the flow"))


def ascent(mu: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Gradients `[b L d]` of `⟨w_1 ∘ ... ∘ w_L, μ⟩`."""
    others = [np.delete(w, layer, axis=1).prod(axis=1, keepdims=True) for layer in range(w.shape[1])]
    return mu * np.concatenate(others, axis=1)


def deep(depth: int, *twins: Twin):
    return MOON_2026.claim(
        f"depth-{depth}",
        "Corollary 3.5",
        f"SAM on a diagonal network of depth {depth}: what starts below ρ is out of the race",
        f"L-infinity SAM, depth {depth}, one sample: the limit is argmax μ_j (α_j - ρ)^{depth - 2} over α_j > ρ.",
        read=Read.SECONDARY,
        kind=Separation(0.01, "the predicted coordinate ends with 99 % of the product"),
        problem=lambda: samples(depth),
        optimizer_text=f"L-infinity SAM's flow, ρ = {RHO:g}, by steps that move the largest weight by {GROWTH:.0%}",
        quantity=Lost(depth),
        twins=(
            Twin("ρ/2 for the threshold ρ", quantity=Lost(depth, threshold=RHO / 2), shrink=False),
            Twin("gradient flow's coordinate", quantity=Lost(depth, threshold=0.0), shrink=False),
            Twin("gradient flow for SAM", quantity=Lost(depth, rho=0.0), shrink=False),
            *twins,
        ),
        share=1 / 2,
    )


@st.composite
def below(draw: st.DrawFn) -> OneSample:
    """With all starts between ρ/2 and ρ."""
    d = draw(st.integers(1, MOST))
    sample = draw(st.lists(st.integers(2, 8), min_size=d, max_size=d))
    start = draw(st.lists(st.integers(6, 9), min_size=d, max_size=d))
    return OneSample(sample=tuple(mu / 2 for mu in sample), start=tuple(RHO * alpha / 10 for alpha in start))


def linear(name: str, what: str, euclidean: bool = False):
    return MOON_2026.claim(
        name,
        "Theorem 3.1",
        f"{what} on linear models maximises the L2 margin",
        f"{what}'s flow at depth 1, any ρ: the L2 margin tends to the maximal one.",
        read=Read.SECONDARY,
        kind=Limit(0.05, laws.power(1 / 2)),
        problem=lambda: strategies.binary(max_points=6, max_features=4, flavours=MODERATE, gamma_bounds=(0.5, 4.0)),
        optimizer_text=f"{what}'s flow, ρ = 1, by steps of length 0.2",
        loss="exponential",
        norm="l2",
        quantity=SamGap(1.0, euclidean),
        twins=(
            Twin("the L-infinity margin", norm="linf", shrink=False),
            Twin("steps along the signs of the gradient", quantity=SamGap(1.0, euclidean, sign=True), shrink=False),
        ),
        real=("iris:0-vs-rest",),
        share=1 / 2,
        horizon=-0.75,
    )


CLAIMS = (
    linear("depth-1", "L-infinity SAM"),
    linear("depth-1-l2", "L2 SAM", euclidean=True),
    deep(2),
    deep(3, Twin("the power of depth two", quantity=Lost(3, power=0), shrink=False)),
    deep(4, Twin("the power of depth three", quantity=Lost(4, power=1), shrink=False)),
    MOON_2026.claim(
        "depth-2-zero",
        "on starts below ρ",
        "SAM on a diagonal network of depth two goes to zero from starts below ρ",
        "L-infinity SAM, depth 2, one sample, all α_j < ρ: all weights tend to 0.",
        read=Read.SECONDARY,
        kind=Separation(0.01, "a hundredth of the weights is left at most"),
        problem=below,
        optimizer_text=f"L-infinity SAM's flow, ρ = {RHO:g}, by steps that move the largest weight by {GROWTH:.0%}",
        quantity=Left(),
        twins=(
            Twin("ρ/2 for ρ", quantity=Left(RHO / 2), shrink=False),
            Twin("gradient flow", quantity=Left(0.0), shrink=False),
        ),
        share=1 / 4,
    ),
)
