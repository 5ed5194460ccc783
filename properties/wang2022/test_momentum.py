"""Momentum changes neither the direction of gradient descent nor, but for the step size, its residual.

Setting: separable binary data, mean exponential or logistic loss over N points, a small constant step size η.
Algorithm: `m ← β m + (1-β) g` (GDM) or `m ← β m + g` (heavy ball), `w ← w - η m`.
Claim: `w(t) - ŵ log t` stays bounded, ŵ the hard-margin solution, so that the L2 margin's gap is `O(1/log t)`. In the
span of the support vectors `w(t) - ŵ log t → w̃`, where `(η'/N) exp(-y_n ⟨x_n, w̃⟩) = α_n` with `η' = η` for GDM and
`η' = η/(1-β)` for the heavy ball.
Reference: Wang, Meng, Zhang, Sun, Chen, Ma, Liu (2022), on momentum, as commonly stated; the residual's limit is
that of Soudry et al. (2018), Theorem 4, for the step size η', derived.
"""

import pytest

from properties.papers import WANG_2022
from verify import Claim, Limit, Rate, Twin, laws, strategies
from verify.flows.dynamics import GradientDescent
from verify.problems.margins.residual import Residual

BETA = 0.9
GDM, HEAVY_BALL = GradientDescent(BETA, average=True), GradientDescent(BETA)

DIRECTION = Claim(
    id="wang2022/momentum",
    title="GD with momentum maximises the L2 margin",
    statement="Gradient descent with momentum on separable data: the L2 margin's gap to the maximum is O(1/log t).",
    source="Wang et al. 2022, on momentum",
    paper=WANG_2022,
    kind=Rate(laws.inverse_log()),
    problem=strategies.binary,
    optimizer=GDM.optimizer,
    optimizer_text="GDM, m ← 0.9 m + 0.1 g, constant stable step size; its flow in log t after the first steps",
    loss="logistic",
    norm="l2",
    real=("iris:0-vs-rest",),
    flow=GDM,
    twins=(
        Twin("L-infinity margin for L2 margin", norm="linf", shrink=False),
        Twin("the faster rate (log t)^-3/2", kind=Rate(laws.inverse_log().faster(0.5))),
    ),
    share=0.5,
)


def residual(name: str, dynamics: GradientDescent, step: str, wrong: Twin) -> Claim:
    return Claim(
        id=f"wang2022/residual-{name}",
        title=f"The residual of GD with momentum, step size {step}",
        statement=f"w(t) - ŵ log t tends to w̃, with ({step}/N) exp(-y_n ⟨x_n, w̃⟩) = α_n on the support vectors.",
        source="Wang et al. 2022, on momentum; the limit derived",
        paper=WANG_2022,
        kind=Limit(tolerance=1e-4, law=laws.inverse_log()),
        problem=strategies.binary,
        optimizer=dynamics.optimizer,
        optimizer_text=f"GD with momentum 0.9 ({name}), constant stable step size; its flow in log t after that",
        loss="exponential",
        norm="l2",
        quantity=Residual(),
        flow=dynamics,
        twins=(wrong,),
        share=0.5,
    )


CLAIMS = (
    DIRECTION,
    residual("average", GDM, "η", Twin("η/(1-β) for η", quantity=Residual(step_factor=1 / (1 - BETA)), shrink=False)),
    residual(
        "heavy-ball",
        HEAVY_BALL,
        "η/(1-β)",
        Twin("η for η/(1-β)", quantity=Residual(step_factor=1 - BETA), shrink=False),
    ),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_momentum(theorem, claim):
    theorem(claim)
