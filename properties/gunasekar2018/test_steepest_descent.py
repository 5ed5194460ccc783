"""Unnormalised steepest descent goes to the maximal margin in its own norm, as slowly as gradient descent.

Setting: separable binary data (drawn so that the maximisers in l1.5 and l2 are told apart), mean exponential loss,
steps of size `1/B²`, B the largest dual norm of a point.
Algorithm: `w ← w - η ‖g‖_* u`, `u = argmax_{‖u‖ ≤ 1} ⟨g, u⟩`, the steepest descent that is not normalised.
Claim: the normalised margin in the norm tends to the maximal one; at the rate `1/log t`, as for gradient descent.
Reference: Gunasekar, Lee, Soudry, Srebro (2018), Theorem 5; the rate is derived, from `‖w‖ = Θ(log t)`.
"""

import pytest

from properties.papers import GUNASEKAR_2018
from verify import Claim, Limit, Rate, Twin, laws, optimizers, strategies
from verify.flows.dynamics import GradientDescent, SteepestDescent

STEEPEST = SteepestDescent("l1.5")

# A gap that stops falling, in steps as well as in their logarithm.
LEVEL = Limit(tolerance=0.01, law=laws.inverse_log(in_steps=True))

SMOOTH = Claim(
    id="gunasekar2018/steepest-descent-l1.5",
    title="Unnormalised steepest descent in the l1.5 norm maximises its margin",
    statement="Steepest descent in the l1.5 norm, not normalised: its margin's gap to the maximum is O(1/log t).",
    source="Gunasekar et al. 2018, Theorem 5",
    paper=GUNASEKAR_2018,
    kind=Rate(laws.inverse_log()),
    problem=lambda: strategies.binary(cross_norm=("l1.5", "l2", 0.95)),
    optimizer=STEEPEST.optimizer,
    optimizer_text="steepest descent in l1.5, not normalised, steps 1/B²; its flow in log t after the first steps",
    loss="exponential",
    norm="l1.5",
    flow=STEEPEST,
    real=("iris:0-vs-rest",),
    twins=(
        Twin("L2 margin for l1.5 margin", norm="l2", shrink=False),
        Twin("gradient descent", apart=("l2", "l1.5"), flow=GradientDescent(), shrink=False),
    ),
    share=0.5,
)


# On the corners of this norm's unit ball there is no smooth flow: the discrete run alone, in decades of steps.
# With rows of length 1 in at most 8 features, B^2 <= 8.
SIGNS = Claim(
    id="gunasekar2018/steepest-descent-linf",
    title="Unnormalised steepest descent in the L-infinity norm maximises its margin",
    statement="Steepest descent in the L-infinity norm, not normalised: its margin's gap to the maximum is O(1/log t).",
    source="Gunasekar et al. 2018, Theorem 5",
    paper=GUNASEKAR_2018,
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


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_steepest_descent(theorem, claim):
    theorem(claim)
