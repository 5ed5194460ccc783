"""The heavy ball without its memory is gradient descent on a modified loss.

Setting: one loss E, its gradient twice continuously differentiable.
Algorithm: `θ_{n+1} = θ_n - h Σ_{k ≤ n} β^(n-k) ∇E(θ_k)`, whose memory decays exponentially.
Claim: once the first gradients are forgotten, it stays over a fixed time within C h² of the iteration
`θ ← θ - h/(1-β) ∇[E + h β/(2(1-β)²) ‖∇E‖²]`. With gradient descent's own penalty, a quarter of its step size h/(1-β)
times ‖∇E‖², this is the flow of the heavy ball (`properties/cattaneo2024/test_heavy_ball.py`).
Reference: Cattaneo, Shigida (2025), Corollary 3.3 under their Assumption 3.1, of which the heavy ball is an example.
"""

from functools import partial

from properties.papers import CATTANEO_2025
from verify import Claim, Order, Promise, Read, Twin
from verify.problems.backward.distances import MomentumEquation
from verify.problems.backward.settings import MomentumSetting, momentum_settings

MEMORYLESS = partial(MomentumEquation, memoryless=True)
DIGITS = MomentumSetting(loss="digits", beta=0.8, time=0.1, name="digits")


def false(wrong: str, **quantity) -> Twin:
    return Twin(wrong, quantity=MEMORYLESS(**quantity), shrink=False)


def memory(loss: str, **changes) -> Claim:
    return CATTANEO_2025.claim(
        f"heavy-ball-{loss}",
        "Corollary 3.3",
        f"The heavy ball is gradient descent on a modified loss, {loss}",
        "The heavy ball is within C h² of gradient descent with step h/(1-β) on E + hβ/(2(1-β)²) ‖∇E‖².",
        read=Read.PAPER,
        promise=Promise.UPPER,
        kind=Order(1.85, 2.15),
        problem=partial(momentum_settings, loss),
        optimizer_text="heavy ball, full batch, drawn β from 0.25 to 0.9",
        norm="linf",
        quantity=MEMORYLESS(),
        twins=(
            false("E itself", scale=0.0),
            false("the penalty's sign flipped", scale=-1.0),
            false("1-β for (1-β)²", power=2.0),
            false("without forgetting the first gradients", burn_in=0.0),
        ),
        share=1 / 8,
        **changes,
    )


CLAIMS = (memory("bilinear", real=(DIGITS,)), memory("logistic"))
