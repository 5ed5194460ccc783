"""Adam's update with its bias correction is bounded, whatever the gradients are, and begins at the signs.

Setting: any sequence of gradients; moments from zero, ε = 0.
Algorithm: `m ← β₁ m + (1-β₁) g`, `v ← β₂ v + (1-β₂) g²`, update `m̂ / √v̂` entry by entry, `m̂ = m / (1-β₁^t)` and
`v̂ = v / (1-β₂^t)` after t gradients.
Claim: m̂ and v̂ are averages, with weights `a_s` and `b_s` of sum 1, of the gradients and of their squares, so that
`|m̂ / √v̂| ≤ √(Σ a_s² / b_s)`: 1 after the first gradient, of which the update is the sign, and more after each further
one. With `r = β₁²/β₂`, `Σ a_s² / b_s = (1-β₁)² (1-r^t) (1-β₂^t) / ((1-β₂) (1-r) (1-β₁^t)²)`.
Reference: Kingma, Ba (2015), section 2.1, who bound the update by `(1-β₁)/√(1-β₂)`, or 1, and section 3 for the
correction; the bound here is the Cauchy-Schwarz inequality, and gradients that grow like `(β₂/β₁)^t` come to it.
"""

import numpy as np

from properties.papers import KINGMA_2015
from verify import Bound, Read, Twin, optimizers
from verify.problems.margins.updates import UpdateSize, gradient_sequences
from verify.problems.quantity import Measurement

B1, B2 = 0.9, 0.999


def corrected(m: Measurement) -> np.ndarray:
    """The bound after t gradients; a sequence that has ended keeps its own."""
    t = np.minimum(np.round(m.time)[None, :], m.n)
    r = B1**2 / B2
    kept = (1 - B1) ** 2 * (1 - r**t) / ((1 - B2) * (1 - r))
    return np.sqrt(kept * (1 - B2**t)) / (1 - B1**t)


FORMULA = "√(Σ a_s²/b_s)"

CLAIM = KINGMA_2015.claim(
    "corrected-update",
    "after sections 2.1 and 3",
    "Adam's update with bias correction is bounded, at first by 1",
    "For any gradients, β₁² < β₂: |m̂/√v̂| ≤ √(Σ a_s²/b_s), a and b the weights of both averages; 1 at first.",
    read=Read.DERIVED,
    kind=Bound(corrected, FORMULA),
    problem=lambda: gradient_sequences(ratio=B2 / B1),
    optimizer=optimizers.adam(1.0, B1, B2, bias_correction=True),
    optimizer_text=f"Adam(β₁={B1}, β₂={B2}, ε=0) with bias correction, η = 1; its gradients are drawn",
    quantity=UpdateSize(),
    twins=(
        Twin("no bias correction", optimizer=optimizers.adam(1.0, B1, B2)),
        Twin("the bound less one per cent", kind=Bound(lambda m: 0.99 * corrected(m), f"0.99 {FORMULA}"), shrink=False),
        Twin("β₁ and β₂ exchanged", optimizer=optimizers.adam(1.0, B2, B1, bias_correction=True), shrink=False),
    ),
    real=("iris:0-vs-rest",),
)
