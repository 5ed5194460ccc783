"""The heavy ball follows a flow that penalises the gradient's two-norm.

Setting: one smooth loss E.
Algorithm: `θ_{n+1} = θ_n + β (θ_n - θ_{n-1}) - h ∇E(θ_n)`.
Claim: after a burn-in of some multiple of 1/(1-β) steps, it stays over a fixed time within C h² of
`θ' = -∇E/(1-β) - h (1+β)/(4(1-β)³) ∇‖∇E‖²`. The time is that of the effective step size h/(1-β).
Reference: Ghosh, Lyu, Zhang, Wang (2023), as Cattaneo, Klusowski, Shigida (2024) cite it in equation (1.1), and as
Cattaneo, Shigida (2025) do in Section 5.1.
"""

from functools import partial

from properties.papers import CATTANEO_2024
from verify import Claim, Order, Promise, Read, Twin
from verify.problems.backward.distances import MomentumEquation
from verify.problems.backward.settings import MomentumSetting, momentum_settings

DIGITS = MomentumSetting(loss="digits", beta=0.8, time=0.1, name="digits")


def false(wrong: str, **quantity) -> Twin:
    return Twin(wrong, quantity=MomentumEquation(**quantity), shrink=False)


def heavy_ball(loss: str, **changes) -> Claim:
    return CATTANEO_2024.claim(
        f"heavy-ball-{loss}",
        "equation (1.1), after Ghosh et al. 2023",
        f"The heavy ball follows a penalised gradient flow, {loss}",
        "After its burn-in the heavy ball is within C h² of θ' = -∇E/(1-β) - h (1+β)/(4(1-β)³) ∇‖∇E‖².",
        read=Read.SECONDARY,
        promise=Promise.UPPER,
        kind=Order(1.85, 2.15),
        problem=partial(momentum_settings, loss),
        optimizer_text="heavy ball, full batch, drawn β from 0.25 to 0.9",
        norm="linf",
        quantity=MomentumEquation(),
        twins=(
            false("the penalty's sign flipped", scale=-1.0),
            false("(1-β)² for (1-β)³", power=2.0),
            false("1 - β for 1 + β", plus=-1.0),
            false("no burn-in", burn_in=0.0),
        ),
        share=1 / 8,
        **changes,
    )


CLAIMS = (heavy_ball("bilinear", real=(DIGITS,)), heavy_ball("logistic"), heavy_ball("tanh"))
