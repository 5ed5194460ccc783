"""Unnormalised steepest descent goes to the maximal margin in its own norm, as slowly as gradient descent.

Setting: separable binary data (drawn so that the maximisers in l1.5 and l2 are told apart), mean exponential loss,
steps of size `1/B²`, B the largest dual norm of a point.
Algorithm: `w ← w - η ‖g‖_* u`, `u = argmax_{‖u‖ ≤ 1} ⟨g, u⟩`, the steepest descent that is not normalised.
Claim: the normalised margin in the norm tends to the maximal one; at the rate `1/log t`, as for gradient descent.
Reference: Gunasekar, Lee, Soudry, Srebro (2018), Theorem 5, for entry-wise p-norms, as Fan, Schmidt, Thrampoulidis
(2025) tell of it; it says the limit alone. The rate follows from `‖w‖ = Θ(log t)`, and Fan et al. name it too.
"""

from properties.papers import GUNASEKAR_2018
from verify import Limit, Rate, Read, Twin, laws, optimizers, strategies
from verify.flows.dynamics import GradientDescent, SteepestDescent

SMOOTH = GUNASEKAR_2018.claim(
    "steepest-descent-l1.5",
    "Theorem 5",
    "Unnormalised steepest descent in the l1.5 norm maximises its margin",
    "Steepest descent in the l1.5 norm, not normalised: its margin's gap to the maximum is O(1/log t).",
    read=Read.SECONDARY,
    kind=Rate(laws.inverse_log()),
    problem=lambda: strategies.binary(cross_norm=("l1.5", "l2", 0.95)),
    flow=SteepestDescent("l1.5"),
    optimizer_text="steepest descent in l1.5, not normalised, steps 1/B²; its flow in log t after the first steps",
    loss="exponential",
    norm="l1.5",
    twins=(
        Twin("L2 margin for l1.5 margin", norm="l2", shrink=False),
        Twin("gradient descent", apart=("l2", "l1.5"), flow=GradientDescent(), shrink=False),
    ),
    real=("iris:0-vs-rest",),
    share=0.5,
)

# A gap that stops falling, in steps as well as in their logarithm.
LEVEL = Limit(tolerance=0.01, law=laws.inverse_log(in_steps=True))

# On the corners of this norm's unit ball there is no smooth flow: the discrete run alone, in decades of steps.
# With rows of length 1 in at most 8 features, B^2 <= 8.
SIGNS = GUNASEKAR_2018.claim(
    "steepest-descent-linf",
    "Theorem 5",
    "Unnormalised steepest descent in the L-infinity norm maximises its margin",
    "Steepest descent in the L-infinity norm, not normalised: its margin's gap to the maximum is O(1/log t).",
    read=Read.SECONDARY,
    kind=Rate(laws.inverse_log(in_steps=True)),
    problem=lambda: strategies.binary(max_features=8, unit_rows=True),
    optimizer=optimizers.steepest_descent(1 / 8, "linf", normalised=False),
    optimizer_text="steepest descent in the L-infinity norm, not normalised, η = 1/8",
    loss="exponential",
    norm="linf",
    twins=(
        Twin("L2 margin for L-infinity margin", norm="l2", kind=LEVEL, shrink=False),
        Twin("the faster rate t^-1/4 / log t", kind=Rate(laws.inverse_log(in_steps=True).faster(0.25)), shrink=False),
    ),
    share=0.5,
)

CLAIMS = SMOOTH, SIGNS
