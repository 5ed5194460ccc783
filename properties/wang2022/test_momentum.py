"""Momentum changes neither the direction of gradient descent nor, but for the step size, its residual.

Setting: separable binary data, mean exponential or logistic loss over N points, a small constant step size η.
Algorithm: `m ← β m + (1-β) g` (GDM) or `m ← β m + g` (heavy ball), `w ← w - η m`.
Claim: `w(t) - ŵ log t` stays bounded, ŵ the hard-margin solution, so that the L2 margin's gap is `O(1/log t)`. In the
span of the support vectors `w(t) - ŵ log t → w̃`, where `(η'/N) exp(-y_n ⟨x_n, w̃⟩) = α_n` with `η' = η` for GDM and
`η' = η/(1-β)` for the heavy ball.
Reference: Wang, Meng, Zhang, Sun, Chen, Ma, Liu (2022), on momentum, as commonly stated (elsewhere the direction is
cited alone, without a rate); the residual's limit is that of Soudry et al. (2018), Theorem 4, for the step size η',
derived.
"""

from properties.papers import WANG_2022
from verify import Claim, Limit, Rate, Read, Twin, laws, strategies
from verify.flows.dynamics import GradientDescent
from verify.problems.margins.residual import Residual

BETA = 0.9
GDM, HEAVY_BALL = GradientDescent(BETA, average=True), GradientDescent(BETA)

DIRECTION = WANG_2022.claim(
    "momentum",
    "on momentum",
    "GD with momentum maximises the L2 margin",
    "Gradient descent with momentum on separable data: the L2 margin's gap to the maximum is O(1/log t).",
    read=Read.STATED,
    kind=Rate(laws.inverse_log()),
    problem=strategies.binary,
    flow=GDM,
    optimizer_text="GDM, m ← 0.9 m + 0.1 g, constant stable step size; its flow in log t after the first steps",
    loss="logistic",
    norm="l2",
    twins=(
        Twin("L-infinity margin for L2 margin", norm="linf", shrink=False),
        Twin("the faster rate (log t)^-3/2", kind=Rate(laws.inverse_log().faster(0.5))),
    ),
    real=("iris:0-vs-rest",),
    share=0.5,
)


def residual(name: str, dynamics: GradientDescent, step: str, wrong: str, factor: float) -> Claim:
    return WANG_2022.claim(
        f"residual-{name}",
        "on momentum, its residual",
        f"The residual of GD with momentum, step size {step}",
        f"w(t) - ŵ log t tends to w̃, with ({step}/N) exp(-y_n ⟨x_n, w̃⟩) = α_n on the support vectors.",
        read=Read.DERIVED,
        kind=Limit(tolerance=1e-4, law=laws.inverse_log()),
        problem=strategies.binary,
        flow=dynamics,
        optimizer_text=f"GD with momentum 0.9 ({name}), constant stable step size; its flow in log t after that",
        loss="exponential",
        quantity=Residual(),
        twins=(Twin(f"{wrong} for {step}", quantity=Residual(step_factor=factor), shrink=False),),
        share=0.5,
    )


CLAIMS = (
    DIRECTION,
    residual("average", GDM, "η", "η/(1-β)", 1 / (1 - BETA)),
    residual("heavy-ball", HEAVY_BALL, "η/(1-β)", "η", 1 - BETA),
)
