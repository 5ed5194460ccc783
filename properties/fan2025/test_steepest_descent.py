"""Normalised steepest descent in a norm goes to the margin of that norm, at the rate t^-1/2.

Setting: separable data with k classes and n samples, mean cross-entropy loss, weights W [k, d], `η_t = Θ(t^-1/2)`.
Algorithm: `W ← W - η_t D`, `D = argmax ⟨∇L(W), D⟩` over `‖D‖ ≤ 1`, for any entry-wise or Schatten p-norm.
Claim: the margin normalised by `‖W‖` falls short of the maximal one by `O((log t + n) / t^{1/2})`.
Reference: Fan, Schmidt, Thrampoulidis (2025), Theorem 1. (p = ∞ and p = 2 have files of their own.)
"""

import pytest

from properties.papers import FAN_2025
from verify import Claim, Rate, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

STEPS = PowerDecay(0.1, 1 / 2)


def claim(norm: str, other: str) -> Claim:
    return Claim(
        id=f"fan2025/steepest-descent-{norm}",
        title=f"Steepest descent in the {norm} norm maximises its margin",
        statement=f"Steepest descent in the {norm} norm, steps t^-1/2: its margin's gap is O((log t + n)/t^1/2).",
        source="Fan, Schmidt, Thrampoulidis 2025, Theorem 1",
        paper=FAN_2025,
        kind=Rate(laws.power(1 / 2, log=1)),
        problem=strategies.multiclass,
        optimizer=optimizers.steepest_descent(STEPS, norm),
        optimizer_text=f"normalised steepest descent in the {norm} norm, η = 0.1 (t+1)^-1/2",
        loss="cross_entropy",
        norm=norm,
        twins=(
            Twin(f"{other} margin for {norm} margin", norm=other),
            Twin("the faster rate t^-3/4", kind=Rate(laws.power(3 / 4))),
        ),
        real=("iris:0-vs-rest",) if norm.startswith("l") else ("wine:standardise",),
        horizon=-1 / 3,  # enough decades to tell the laws apart, and singular values are dear
    )


CLAIMS = (
    claim("l1", "linf"),
    claim("l1.5", "linf"),
    claim("l3", "l1"),
    claim("spectral", "linf"),
    claim("nuclear", "spectral"),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_steepest_descent(theorem, claim):
    theorem(claim)
