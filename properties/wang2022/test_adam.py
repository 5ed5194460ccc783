"""Adam with a stability constant ε > 0 goes to the L2 max-margin direction in the end, as gradient descent does.

Setting: separable binary data, mean logistic loss over N points, a small constant step size η, β₁ ≤ β₂.
Algorithm: Adam with ε > 0 inside the root, `w ← w - η m / √(v + ε)`, or outside, `w ← w - η m / (√v + ε)`.
Claim: `w(t) - ŵ log t` stays bounded, ŵ the hard-margin solution, so that the L2 margin's gap is `O(1/log t)`. In the
span of the support vectors `w(t) - ŵ log t → w̃`, where `(η'/N) exp(-y_n ⟨x_n, w̃⟩) = α_n` with `η' = η/√ε` inside the
root and `η' = η/ε` outside.
Reference: Wang, Meng, Zhang, Sun, Chen, Ma, Liu (2022), on deterministic Adam, as commonly stated; the residual's
limit is derived: the gradients vanish beside ε.
"""

import math

from properties.papers import WANG_2022
from verify import Claim, Limit, Rate, Read, Twin, laws, optimizers, strategies
from verify.flows.dynamics import Adam
from verify.problems.margins.residual import Residual

STEP, EPS = 0.1, 1e-4
INSIDE, OUTSIDE = Adam(STEP, EPS), Adam(STEP, math.sqrt(EPS), eps_inside_root=False)

DIRECTION = WANG_2022.claim(
    "adam",
    "on Adam",
    "Adam with ε > 0 maximises the L2 margin",
    "Adam with a constant ε > 0 on separable data: the L2 margin's gap to the maximum is O(1/log t).",
    read=Read.STATED,
    kind=Rate(laws.inverse_log()),
    problem=strategies.binary,
    flow=INSIDE,
    optimizer_text="Adam(β₁=0.9, β₂=0.95), ε = 1e-4 inside the root, η = 0.1; its flow in log t after the first steps",
    loss="logistic",
    norm="l2",
    twins=(
        Twin("L-infinity margin for L2 margin", norm="linf", shrink=False),
        Twin("the faster rate (log t)^-3/2", kind=Rate(laws.inverse_log().faster(0.5))),
        Twin(
            "ε = 0",
            apart=("linf", "l2"),
            flow=False,
            optimizer=optimizers.adam(STEP, 0.9, 0.95),
            kind=Limit(tolerance=0.01, law=laws.inverse_log(in_steps=True)),
            shrink=False,
        ),
    ),
    real=("iris:0-vs-rest",),
    share=0.5,
)


def residual(where: str, dynamics: Adam, root: str) -> Claim:
    return WANG_2022.claim(
        f"adam-residual-{where}",
        "on Adam, its residual",
        f"Adam's residual, ε {where} the root",
        f"w(t) - ŵ log t tends to w̃, with (η/{root}/N) exp(-y_n ⟨x_n, w̃⟩) = α_n on the support vectors.",
        read=Read.DERIVED,
        kind=Limit(tolerance=1e-4, law=laws.inverse_log()),
        problem=strategies.binary,
        flow=dynamics,
        optimizer_text=f"Adam(β₁=0.9, β₂=0.95), ε = {dynamics.eps:g} {where} the root, η = 0.1; its flow in log t",
        loss="logistic",
        quantity=Residual(),
        twins=(
            Twin(f"η for η/{root}", quantity=Residual(step_factor=STEP / dynamics.effective_step), shrink=False),
            Twin("ŵ log t grows by a thousandth", quantity=Residual(log_factor=1.001), shrink=False),
        ),
        share=0.5,
    )


CLAIMS = DIRECTION, residual("inside", INSIDE, "√ε"), residual("outside", OUTSIDE, "ε")
