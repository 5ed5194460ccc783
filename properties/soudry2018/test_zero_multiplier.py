"""Where a support vector has no multiplier, gradient descent's direction converges slower, by a factor log log t.

Setting: separable binary data with support vectors of multiplier zero in `ŵ = Σ α_n y_n x_n`; mean logistic loss.
Algorithm: `w ← w - η ∇L(w)`, constant stable steps.
Claim: `w(t) = ŵ log t + O(log log t)`, so that `‖w/‖w‖ - ŵ/‖ŵ‖‖ = O(log log t / log t)`.
Reference: Soudry, Hoffer, Nacson, Gunasekar, Srebro (2018), Theorem 3 with the degenerate case of its appendix, as
others cite it. The L2 margin's gap stays `O(1/log t)` even so: the slow part is orthogonal to the support vectors that
have multipliers.
"""

from properties.papers import SOUDRY_2018
from verify import Rate, Read, Twin, laws, strategies
from verify.laws import Law
from verify.problems.margins.gap import Direction

CLAIM = SOUDRY_2018.claim(
    "zero-multiplier",
    "degenerate case",
    "GD's direction where support vectors have no multiplier",
    "GD with support vectors of multiplier zero: the direction's error is O(log log t / log t).",
    read=Read.SECONDARY,
    kind=Rate(Law(0.0, -1.0, log_log_power=1.0)),
    problem=lambda: strategies.binary(flavours=("zero_multiplier",)),
    flow=True,
    optimizer_text="gradient descent, constant stable step size; gradient flow in log t after the first steps",
    loss="logistic",
    quantity=Direction(),
    twins=(Twin("1/log t, as for generic data", kind=Rate(laws.inverse_log()), shrink=False),),
    share=0.5,
)
