"""Decoupled weight decay draws the weights into a ball of its updates' norm, at an explicit rate.

Setting: any loss, here the mean logistic loss over all margins of drawn data with classes; any norm; decay λ and steps
with `η_t λ ≤ 1`; any start, here random weights of norm 3/λ.
Algorithm: `W ← (1 - η_t λ) W - η_t D_t` with `‖D_t‖ ≤ 1`: here the steepest direction of an average of gradients.
Claim: `(‖W_t‖ - 1/λ)_+ ≤ Π_{k<t} (1 - η_k λ) (‖W_0‖ - 1/λ)_+` at every step, in the norm of the updates: spectral for
Muon, L-infinity for Signum and Lion. Decay that is coupled to the gradient does not contract, nor does another norm.
Reference: Chen, Li, Liu (2025), on Muon with decoupled decay and the constraint `‖W‖ ≤ 1/λ`, of which the abstract was
read; the inequality is derived: `‖W_{t+1}‖ - 1/λ ≤ (1 - η λ) ‖W_t‖ + η - 1/λ`.
"""

from properties.papers import CHEN_2025
from verify import Bound, Read, Twin, strategies
from verify.problems.margins.decay_ball import BallExcess

NORMS = ("l1", "l2", "linf", "spectral", "nuclear")

CLAIM = CHEN_2025.claim(
    "decoupled-decay",
    "on decoupled decay as a constraint",
    "Decoupled decay: (‖W_t‖ - 1/λ)₊ ≤ Π (1 - η λ) (‖W_0‖ - 1/λ)₊",
    "With updates of norm at most 1 and decoupled decay, ‖W_t‖ - 1/λ contracts by 1 - η λ in every step, in any norm.",
    read=Read.DERIVED,
    kind=Bound(lambda m: m.larger_side, "Π (1 - η λ) (‖W_0‖ - 1/λ)"),
    problem=lambda: strategies.multiclass(max_classes=3, max_points=8, max_features=4),
    optimizer_text="momentum's steepest directions with decoupled decay, η = (t+1)^-1/2/(2λ)",
    norm=NORMS,
    quantity=BallExcess(NORMS),
    twins=(
        Twin("decay in the gradient", quantity=BallExcess(NORMS, coupled=True), shrink=False),
        Twin("the L-infinity ball's updates in the sum norm", quantity=BallExcess(("linf",), ball="l1"), shrink=False),
    ),
    real=("wine:standardise",),
    share=1 / 8,
)
