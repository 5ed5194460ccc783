"""Adam without stability constant goes to the L-infinity max-margin direction.

Setting: separable binary data, mean logistic loss, steps `η_t = η_0 (t + 1)^-a`.
Algorithm: `m ← β₁ m + (1-β₁) g`, `v ← β₂ v + (1-β₂) g²`, `w ← w - η_t m / √v`; no bias correction, no ε, β₁ ≤ β₂.
Claim: the normalised L-infinity margin tends to the maximal one, with a gap of `O(t^{-a/2})` for a < 2/3,
`O(t^{-1/3} log t)` for a = 2/3, and `O(t^{-(1-a)})` for 2/3 < a < 1.
Reference: Zhang, Zou, Cao (2024), Theorem 4.3 and Corollary 4.7, as commonly stated: limit and rates agree with what
Fan, Schmidt, Thrampoulidis (2025) say of them, the numbers were not seen.
"""

from properties.papers import ZHANG_2024
from verify import Claim, Limit, Rate, Read, Twin, laws, optimizers, strategies
from verify.laws import Law
from verify.optimizers import PowerDecay


def adam(a: float, eps: float = 0.0):
    return optimizers.adam(PowerDecay(0.1, a), 0.9, 0.99, eps=eps)


EUCLIDEAN = Twin("L2 margin for L-infinity margin", norm="l2")
# Where the margin is a thousandth of the data's radius, the limit lies beyond any horizon here.
MODERATE = tuple(name for name in strategies.FLAVOURS if name != "tiny_margin")

LIMIT = ZHANG_2024.claim(
    "adam-limit",
    "Theorem 4.3",
    "Adam's L-infinity margin tends to the maximal one",
    "Adam with ε = 0 and steps t^-1/2: the normalised L-infinity margin tends to the maximal one.",
    read=Read.STATED,
    kind=Limit(tolerance=0.1, law=laws.power(1 / 4)),
    problem=lambda: strategies.binary(flavours=MODERATE),
    optimizer=adam(1 / 2),
    optimizer_text="Adam(β₁=0.9, β₂=0.99, ε=0), η = 0.1 (t+1)^-1/2",
    loss="logistic",
    norm="linf",
    twins=(EUCLIDEAN,),
    real=("iris:0-vs-rest",),
)


def rate(name: str, a: float, law: Law, *more: Twin) -> Claim:
    return ZHANG_2024.claim(
        f"adam-{name}",
        "Corollary 4.7",
        f"Adam maximises the L-infinity margin, steps t^-{name}",
        f"Adam with ε = 0 and steps t^-{name}: the L-infinity margin's gap to the maximum is O({law}).",
        read=Read.STATED,
        kind=Rate(law),
        problem=strategies.binary,
        optimizer=adam(a),
        optimizer_text=f"Adam(β₁=0.9, β₂=0.99, ε=0), η = 0.1 (t+1)^-{name}",
        loss="logistic",
        norm="linf",
        twins=(
            EUCLIDEAN,
            Twin("a rate faster by t^-1/2", kind=Rate(laws.power(1 - a + 0.5))),
            Twin("ε = 0.1 for ε = 0", apart=("linf", "l2"), optimizer=adam(a, eps=0.1)),
            *more,
        ),
        real=("iris:0-vs-rest",),
    )


TURNED = Twin("two features rotated", optimizer=optimizers.rotated(adam(2 / 3)))

CLAIMS = (
    LIMIT,
    rate("0.5", 1 / 2, laws.power(1 / 4)),
    rate("0.667", 2 / 3, laws.power(1 / 3, log=1), TURNED),
    rate("0.8", 0.8, laws.power(0.2)),
)
