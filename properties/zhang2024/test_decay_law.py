"""Under Adam with a constant step size gradients decay at a rate that solves one equation, until ε takes over.

Setting: separable binary data, mean logistic loss, constant step size η, β₁² < β₂; γ the maximal L-infinity margin.
Algorithm: Adam, `w ← w - η m / (√v + ε)`, without bias correction; ε = 0 or small.
Claim: with ε = 0, once the signs of the gradient's entries stay, the margin grows by
`r = γ η (1-β₁)/(1-β₁ e^r) √((1-β₂ e^{2r})/(1-β₂))` a step; r stays below `log(1/β₂)/2` however large η is. With ε > 0
outside the root this ends after `t_x = log(|g₀|/ε)/r` steps, when the gradients have decayed to ε.
Reference: derived, for the method of Zhang, Zou, Cao (2024) and the exponential tail of the loss. For the rate, data of
which a vector of signs is the maximiser, so that the signs do stay. Fan, Szepesvari (2026), "On the two faces of Adam
in separable linear classification", have theorems on the hand-over for falling steps: see `fan2026/take-over`.
"""

import math
from dataclasses import replace

from properties.papers import ZHANG_2024
from verify import Bound, Claim, Limit, Promise, Read, Twin, laws, optimizers, strategies
from verify.problems.margins.adam_decay import AdamLaw, DecayRate, HandoverTime
from verify.problems.quantity import OneWrong

EPS = 1e-8
LAW = AdamLaw(0.05, 0.9, 0.99)


def rate(law: AdamLaw, *flavours: str) -> Claim:
    return ZHANG_2024.claim(
        f"decay-law-{law.b2:g}",
        "with a constant step size",
        f"Adam's gradients decay at the self-consistent rate, β₂ = {law.b2:g}",
        "Adam with ε = 0 and a constant step size: the margin's growth a step tends to the root r.",
        read=Read.DERIVED,
        kind=Limit(tolerance=1e-6, law=laws.power(1 / 2)),
        problem=lambda: strategies.binary(flavours=flavours),
        optimizer=optimizers.adam(law.step_size, law.b1, law.b2),
        optimizer_text=f"Adam(β₁={law.b1:g}, β₂={law.b2:g}, ε=0), η = {law.step_size:g}",
        loss="logistic",
        quantity=DecayRate(law),
        twins=(
            Twin("m one step older than v", quantity=DecayRate(replace(law, lag=1)), shrink=False),
            Twin("v one step older than m", quantity=DecayRate(replace(law, lag=-1)), shrink=False),
            Twin(
                "m one step older than v on one of the datasets",
                quantity=OneWrong(DecayRate(law), DecayRate(replace(law, lag=1))),
                shrink=False,
            ),
            Twin("sign descent's γ η", quantity=DecayRate(replace(law, throttled=False)), shrink=False),
        ),
        horizon=1 / 4,  # where the last weight's sign has settled on data of the largest margins too
        share=0.25,
    )


# A margin of a thousandth of the data's radius is reached through phases that no single rate describes.
MODERATE = tuple(name for name in strategies.FLAVOURS if name != "tiny_margin")

HANDOVER = ZHANG_2024.claim(
    "hand-over",
    "with ε > 0",
    "Adam's ε takes over at a predictable step",
    "Adam with ε > 0 and a constant step size leaves its L-infinity phase after log(|g₀|/ε)/r steps.",
    read=Read.DERIVED,
    promise=Promise.TIGHT,
    kind=Bound.constant(0.3),
    problem=lambda: strategies.binary(flavours=MODERATE),
    optimizer=optimizers.adam(LAW.step_size, LAW.b1, LAW.b2, EPS),
    optimizer_text="Adam(β₁=0.9, β₂=0.99), ε = 1e-8 outside the root, η = 0.05",
    loss="logistic",
    quantity=HandoverTime(LAW, EPS),
    twins=(
        Twin("√ε for ε", quantity=HandoverTime(LAW, math.sqrt(EPS)), shrink=False),
        Twin("sign descent's γ η for r", quantity=HandoverTime(replace(LAW, throttled=False), EPS), shrink=False),
    ),
    share=0.5,
)

CLAIMS = rate(AdamLaw(0.05, 0.5, 0.9), "single", "linf_unique"), rate(AdamLaw(0.002, 0.9, 0.95), "single"), HANDOVER
