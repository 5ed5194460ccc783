"""AdamW and Lion without their memory: a step at the present place, and a term of second order that memory leaves.

Setting: one loss E, its gradient g twice continuously differentiable, with Hessian H; `R = √(g² + ε)`, weight decay λ
beside the gradient, `u = g/R + λ θ`, products entry by entry but `H u`.
Algorithm: AdamW, `θ ← θ - h (m̂/√(v̂ + ε) + λ θ)`, whose averages keep β and ρ, with bias correction; and Lion with the
smooth sign, `θ ← θ - h (c/√(c² + ε) + λ θ)`, `c = b1 m + (1-b1) g`, then `m ← b2 m + (1-b2) g`.
Claim: they stay over a fixed time within C h² of `θ ← θ - h [u + h (τ - τ' g²/R²)/R · H u]`, and one step from there
errs by C h³. Of AdamW τ is the mean lag `β/(1-β) - (n+1) β^(n+1)/(1-β^(n+1))` of the n-th step and τ' that of ρ, of
Lion `τ = τ' = b1/(1-b2)`, once its first gradients are forgotten. As ε falls Lion's term vanishes like ε, as does that
of AdamW with β = ρ, and else it tends to `(τ - τ') H u/|g|`, which for ρ > β and λ = 0 has the sign opposite to the
gradient of `‖g‖₁`, so that steps climb it.
Reference: Cattaneo, Shigida (2025), Theorem 3.2 and Corollary 3.3 under their Assumption 3.1; that Lion does not have
AdamW's term is in their abstract. Both terms are derived here from the general statement, for their smooth methods.
"""

from functools import partial

from hypothesis import strategies as st

from properties.papers import CATTANEO_2025
from verify import Claim, Order, Promise, Read, Twin
from verify.problems.backward.decayed import ADAMW, LION, TRUE, MemorylessDecay, MemoryTerm, Method, Wording
from verify.problems.backward.settings import DecaySetting, decay_settings

STEPS = st.tuples(st.integers(5, 19), st.integers(4, 16)).map(lambda pair: (pair[0] / 20, pair[1] / 20))
"""Lion's `(b1, b2)`, up to 0.95 and 0.8."""

APART = st.sampled_from([(a / 20, b / 20) for a in range(5, 17) for b in range(4, 17) if abs(a - b) >= 5])
"""Pairs that are told apart, with a memory, up to 0.8."""

DIGITS = DecaySetting(loss="digits", beta=0.6, rho=0.8, eps=0.1, decay=0.5, time=0.3, name="digits")
NAMES = {ADAMW: "AdamW", LION: "Lion with a smooth sign"}
DRAWN = {ADAMW: decay_settings, LION: partial(decay_settings, decays=STEPS)}


def twins(method: Method, one_step: bool) -> tuple[Twin, ...]:
    def false(wrong: str, wording: Wording = TRUE, **other) -> Twin:
        return Twin(wrong, quantity=MemorylessDecay(method, wording, one_step, **other), shrink=False)

    both = (
        false("no correction", Wording(correction=0.0)),
        false("the correction's sign flipped", Wording(correction=-1.0)),
        false("the decay left out of the memory", Wording(decay=0.0)),
    )
    if method is ADAMW:
        settled = (false("the long run's lags from the first step on", Wording(settled=1.0)),) if one_step else ()
        return *both, false("β and ρ exchanged", swapped=True), *settled
    return *both, false("twice the mean lag", Wording(lag=2.0)), false("no burn-in", burn_in=0.0)


def memory(method: Method, loss: str, one_step: bool = False, **changes) -> Claim:
    short = NAMES[method].split()[0]
    said, order = ("A step of {} ends", 3) if one_step else ("{} stays", 2)
    return CATTANEO_2025.claim(
        f"{short.lower()}-{'one-step-' if one_step else ''}{loss}",
        "Theorem 3.2" if one_step else "Corollary 3.3",
        f"{short} without its memory, {'one step, ' if one_step else ''}{loss}",
        f"{said.format(NAMES[method])} within C h{'³' if one_step else '²'} of one without memory, "
        "u + h (τ - τ' g²/R²)/R · H u with u = g/R + λ θ.",
        read=Read.DERIVED,
        promise=Promise.UPPER,
        kind=Order(order - 0.15, order + 0.15),
        problem=partial(DRAWN[method], loss),
        optimizer_text=f"{NAMES[method]}, full batch, with decoupled weight decay; drawn constants",
        norm="linf",
        quantity=MemorylessDecay(method, one_step=one_step),
        twins=twins(method, one_step),
        share=1 / 8,
        **changes,
    )


VANISHES = CATTANEO_2025.claim(
    "lion-memory-term",
    "abstract, on Lion and AdamW",
    "Lion's memory leaves nothing where the gradient is large beside ε, AdamW's does",
    "The term that Lion's memory leaves falls like ε where ε is small beside the gradient's squares.",
    read=Read.DERIVED,
    kind=Order(0.95, 1.05, variable="ε"),
    problem=partial(decay_settings, "tanh", decays=APART),
    optimizer_text="Lion with a smooth sign, full batch, with decoupled weight decay; drawn constants",
    norm="linf",
    quantity=MemoryTerm(LION),
    twins=(Twin("AdamW for Lion", quantity=MemoryTerm(ADAMW), shrink=False),),
    share=1 / 8,
)

CLAIMS = (
    memory(ADAMW, "bilinear"),
    memory(ADAMW, "logistic", real=(DIGITS,)),
    memory(ADAMW, "logistic", one_step=True),
    memory(LION, "bilinear"),
    memory(LION, "logistic", real=(DIGITS,)),
    memory(LION, "logistic", one_step=True),
    VANISHES,
)
