"""Muon on mini-batches: with much momentum it keeps what its Newton-Schulz steps fix; with the usual one, nearly all.

Setting: separable data with k classes and n points, mean cross-entropy, `W_0 = 0`, decreasing steps; γ the maximal
spectral margin. Batches are reshuffled, every epoch a new order of all points, cut into m batches of one size, or drawn
with replacement; B is the largest nuclear norm of a margin's gradient.
Algorithm: `W ← W - η_t U_t`, `U_t` what the Newton-Schulz steps make of the moving average `M ← β M + (1 - β) ∇L_B`, or
the polar factor of M.
Claim: reshuffled, with ρ of `ours/newton-schulz-*` and `ε = 2 (1 - β) (m - 1) B`: where `ρ γ - (1 + ρ) ε` is positive
it is what `liminf margin(W)/‖W‖` is at least; with the exact polar factor ρ is 1. Derivation: M errs from the full
gradient G by `‖M - G‖_* ≤ (ε + O(η_t)) Σ (1 - p_y)/n` (`kim2026/momentum-error-linear`), its columns add up to zero
over the classes as those of gradients do, so that `⟨G, U⟩ ≥ (ρ ‖M‖_* - ‖M - G‖_*) ‖U‖ ≥ (ρ ‖G‖_* - (1 + ρ) ‖M - G‖_*)
‖U‖`; the gap budget does the rest. Conjectured, observed here: with the exact polar factor and β = 0.95, for which ε is
no less than γ on most data, the spectral margin tends to the maximal one all the same, of single points that are
reshuffled, and of those that are drawn with replacement. Without momentum nothing is kept for sure: on single points
gradients have rank one, and Muon is normalised descent (`ours/nuclear-single-points`), whose steps go to a mean of the
points' directions.
Reference: this program, 2026, after Kim, Song, Yun (2026), Corollary B.12.
"""

from functools import partial

import numpy as np
from hypothesis import strategies as st

from properties.kim2026.test_reshuffled_margin import Shortfall, error, few
from properties.ours.test_newton_schulz import METHODS, built, rho
from properties.papers import OURS
from verify import Dataset, Limit, Read, Twin, laws
from verify.optimizers import PowerDecay, muon, spectral_descent
from verify.problems.quantity import Measurement

SIZE, LONG, B1 = PowerDecay(0.1, 1 / 2), PowerDecay(0.5, 1 / 3), 0.998
WORDS, STEPS = METHODS["muon"]


def kept(m: Measurement, norm: str, least: float = 0.0, factor: float = 1.0) -> np.ndarray:
    """ρ γ - (1 + ρ) ε of batches of one point. least: of ρ, factor: of the whole."""
    share = np.maximum(rho(STEPS, m.data), least)
    return factor * (share * m.margin - (1 + share) * error(B1, m, norm))


@st.composite
def attained(draw: st.DrawFn) -> Dataset:
    """Data on which full batches keep no more than ρ."""
    return built(STEPS, 2, 1.0, np.pi / 8 * draw(st.integers(0, 15)))


@st.composite
def outvoted(draw: st.DrawFn) -> Dataset:
    """Points (γ, s, 0) of a class, one -(γ, -s, 0) of another that single steps hardly see, (0, 0, 1) of a third."""
    gamma, many = draw(st.integers(40, 60)) / 100, draw(st.integers(2, 3))
    side = np.sqrt(1 - gamma**2)
    x = np.array([[gamma, side, 0.0]] * many + [[-gamma, side, 0.0], [0.0, 0.0, 1.0]])
    return Dataset(x, np.array([0] * many + [1, 2]), name="outvoted")


KEPT = OURS.claim(
    "muon-reshuffled",
    "on reshuffled batches",
    "Muon with momentum on reshuffled batches keeps ρ γ - (1 + ρ) ε",
    "Muon, five quintic steps, m reshuffled batches: if ρ' = ρ γ - (1+ρ) ε > 0, liminf margin/‖W‖ ≥ ρ'.",
    read=Read.DERIVED,
    kind=Limit(0.05, laws.power(1 / 4)),
    problem=lambda: st.one_of(few(), attained(), attained(), outvoted(), outvoted()),
    optimizer=muon(SIZE, B1, steps=STEPS),
    optimizer_text=f"Muon with β = {B1} on single points, reshuffled, {WORDS}, η = 0.1 (t+1)^-1/2",
    loss="cross_entropy",
    norm="spectral",
    sampling="reshuffled",
    batch=1,
    quantity=Shortfall(kept),
    twins=(
        Twin("no momentum", optimizer=muon(SIZE, 0.0, steps=STEPS), shrink=False),
        Twin("1, the exact polar factor's, for ρ", quantity=Shortfall(partial(kept, least=1.0)), shrink=False),
    ),
    share=3 / 16,
    horizon=-0.25,
)


def conjectured(name: str, how: str, sampling: str):
    return OURS.claim(
        name,
        "on batches of one point",
        f"Muon with usual momentum on single points, {how}, maximises the spectral margin",
        f"Muon, exact polar factor, β = 0.95, on single points, {how}: the spectral margin tends to the maximal one.",
        read=Read.OBSERVED,
        kind=Limit(0.1, laws.power(1 / 3)),
        problem=lambda: st.one_of(few(), attained(), attained(), outvoted(), outvoted()),
        optimizer=spectral_descent(LONG, b1=0.95),
        optimizer_text=f"Muon with β = 0.95 on single points, {how}, exact polar factor, η = 0.5 (t+1)^-1/3",
        loss="cross_entropy",
        norm="spectral",
        sampling=sampling,
        batch=1,
        quantity=Shortfall(lambda m, norm: m.margin),
        twins=(
            Twin("no momentum", optimizer=spectral_descent(LONG), shrink=False),
            Twin("the L2 margin", norm="l2", shrink=False),
        ),
        share=3 / 16,
        horizon=-0.25,
    )


CLAIMS = (
    KEPT,
    conjectured("muon-single-points", "reshuffled", "reshuffled"),
    conjectured("muon-replacement", "drawn with replacement", "with-replacement"),
)
