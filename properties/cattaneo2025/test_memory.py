"""The heavy ball without its memory is gradient descent on a modified loss.

Setting: one smooth loss E. Algorithm: `θ_{n+1} = θ_n - h Σ_{k ≤ n} β^(n-k) ∇E(θ_k)`, whose memory decays exponentially.
Claim: once the first gradients are forgotten, it stays over a fixed time within C h² of the iteration
`θ ← θ - h/(1-β) ∇[E + h β/(2(1-β)²) ‖∇E‖²]`. With gradient descent's own penalty, a quarter of its step size h/(1-β)
times ‖∇E‖², this is the flow of the heavy ball (`properties/cattaneo2024/test_heavy_ball.py`).
Reference: Cattaneo, Shigida (2025), on heavy-ball momentum (as commonly stated).
"""

from functools import partial

import pytest

from properties.papers import CATTANEO_2025
from verify import Claim, Order, Twin, optimizers
from verify.problems.backward.distances import MomentumEquation
from verify.problems.backward.settings import MomentumSetting, momentum_settings

MEMORYLESS = partial(MomentumEquation, memoryless=True)
DIGITS = MomentumSetting(loss="digits", beta=0.8, time=0.1, name="digits")


def false(wrong: str, **quantity) -> Twin:
    return Twin(wrong, quantity=MEMORYLESS(**quantity), shrink=False)


def memory(loss: str, **changes) -> Claim:
    return Claim(
        id=f"cattaneo2025/heavy-ball-{loss}",
        title=f"The heavy ball is gradient descent on a modified loss, {loss.replace('-', ' ')}",
        statement="The heavy ball is within C h² of gradient descent with step h/(1-β) on E + hβ/(2(1-β)²) ‖∇E‖².",
        source="Cattaneo, Shigida 2025, on heavy-ball momentum (as commonly stated)",
        paper=CATTANEO_2025,
        kind=Order(1.85, 2.15),
        problem=partial(momentum_settings, loss),
        optimizer=optimizers.heavy_ball(0.1, 0.8),
        optimizer_text="heavy ball, full batch, drawn β from 0.25 to 0.9",
        loss=loss,
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


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_memory(theorem, claim):
    theorem(claim)
