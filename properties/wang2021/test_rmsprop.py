"""RMSProp goes to the L2 max-margin direction, and its residual to a point that is known beforehand.

Setting: separable binary data (the linear case of homogeneous networks), mean logistic loss over N points.
Algorithm: `v ← b v + (1-b) g²`, `w ← w - η g / √(v + ε)` with ε > 0 inside the root; the paper's Adam is this method
with bias correction `v / (1 - b^t)`, without first moment.
Claim: the conditioner tends to `ε^-1/2`, so that `w` goes to the direction of gradient descent, at the rate 1/log t. In
the span of the support vectors `w(t) - ŵ log t → w̃`, where `(η/√ε/N) exp(-y_n ⟨x_n, w̃⟩) = α_n`.
Reference: Wang, Meng, Chen, Liu (2021), as commonly stated; the rate and the residual's limit are derived.
"""

import math

from properties.papers import WANG_2021
from verify import Claim, Limit, Rate, Read, Twin, laws, optimizers, strategies
from verify.flows.dynamics import Adam
from verify.problems.margins.residual import Residual

STEP, EPS = 0.1, 1e-2
RMSPROP = Adam(STEP, EPS, b1=0.0)
CORRECTED = Adam(STEP, EPS, b1=0.0, bias_correction=True)

DIRECTION = WANG_2021.claim(
    "rmsprop",
    "on RMSProp's direction, linear",
    "RMSProp with ε > 0 maximises the L2 margin",
    "RMSProp with a constant ε > 0 on separable data: the L2 margin's gap to the maximum is O(1/log t).",
    read=Read.STATED,
    kind=Rate(laws.inverse_log()),
    problem=strategies.binary,
    optimizer_text="RMSProp(b=0.95), ε = 0.01 inside the root, η = 0.1; its flow in log t after the first steps",
    flow=RMSPROP,
    loss="logistic",
    norm="l2",
    twins=(
        Twin("L-infinity margin for L2 margin", norm="linf", shrink=False),
        Twin(
            "ε = 0",
            apart=("linf", "l2"),
            flow=False,
            optimizer=optimizers.rmsprop(STEP, 0.95),
            kind=Limit(tolerance=0.01, law=laws.inverse_log(in_steps=True)),
            shrink=False,
        ),
    ),
    real=("iris:0-vs-rest",),
    share=0.5,
)


def residual(name: str, dynamics: Adam, text: str) -> Claim:
    return WANG_2021.claim(
        f"{name}-residual",
        "on RMSProp and Adam, the residual",
        f"The residual of {text}",
        "w(t) - ŵ log t tends to w̃, with (η/√ε/N) exp(-y_n ⟨x_n, w̃⟩) = α_n on the support vectors.",
        read=Read.DERIVED,
        kind=Limit(tolerance=1e-4, law=laws.inverse_log()),
        problem=strategies.binary,
        optimizer_text=f"{text}, b = 0.95, ε = 0.01 inside the root, η = 0.1; its flow in log t after the first steps",
        flow=dynamics,
        loss="logistic",
        norm="l2",
        quantity=Residual(),
        twins=(Twin("η for η/√ε", quantity=Residual(step_factor=math.sqrt(EPS)), shrink=False),),
        share=0.5,
    )


CLAIMS = (
    DIRECTION,
    residual("rmsprop", RMSPROP, "RMSProp"),
    residual("adam", CORRECTED, "Adam without first moment"),
)
