"""Adam's update is bounded, whatever the gradients are.

Setting: any sequence of gradients; moments from zero, no bias correction, ε = 0, `β₁² < β₂`.
Algorithm: `m ← β₁ m + (1-β₁) g`, `v ← β₂ v + (1-β₂) g²`, update `m / √v`, entry by entry.
Claim: `|m / √v| ≤ √( β₂ (1-β₁)² / ((1-β₂)(β₂-β₁²)) )` at every step.
Reference: after Zhang, Zou, Cao (2024), Lemma A.2, whose number was not seen: it is the Cauchy-Schwarz inequality for
the two averages, and gradients that grow like `(β₂/β₁)^t` come to the bound.
"""

import math

from properties.papers import ZHANG_2024
from verify import Bound, Read, Twin, optimizers
from verify.problems.margins.updates import UpdateSize, gradient_sequences

B1, B2 = 0.9, 0.99
LIMIT = math.sqrt(B2 * (1 - B1) ** 2 / ((1 - B2) * (B2 - B1**2)))

CLAIM = ZHANG_2024.claim(
    "bounded-update",
    "Lemma A.2",
    "Adam's update is bounded",
    "For any gradients, β₁² < β₂: |m/√v| ≤ √(β₂ (1-β₁)² / ((1-β₂)(β₂-β₁²))) at every step.",
    read=Read.DERIVED,
    kind=Bound.constant(LIMIT, "√(β₂ (1-β₁)² / ((1-β₂)(β₂-β₁²)))"),
    problem=lambda: gradient_sequences(ratio=B2 / B1),
    optimizer=optimizers.adam(1.0, B1, B2),
    optimizer_text="Adam(β₁=0.9, β₂=0.99, ε=0), η = 1; its gradients are drawn",
    quantity=UpdateSize(),
    twins=(
        Twin("the bound less one per cent", kind=Bound.constant(0.99 * LIMIT, "0.99 of the bound")),
        Twin("β₁² > β₂ (0.99, 0.9)", optimizer=optimizers.adam(1.0, 0.99, 0.9)),
    ),
    real=("iris:0-vs-rest",),
)
