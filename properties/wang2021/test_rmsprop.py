"""RMSProp goes to the L2 max-margin direction, and its residual to a point that is known beforehand.

Setting: separable binary data (the linear case of homogeneous networks), mean logistic loss over N points.
Algorithm: `v ← b v + (1-b) g²`, `w ← w - η g / √(v + ε)` with ε > 0 inside the root; the paper's Adam is this method
with bias correction `v / (1 - b^t)`, without first moment.
Claim: the conditioner tends to `ε^-1/2`, so that `w` goes to the direction of gradient descent. In the span of the
support vectors `w(t) - ŵ log t → w̃`, where `(η/√ε/N) exp(-y_n ⟨x_n, w̃⟩) = α_n`.
Reference: Wang, Meng, Chen, Liu (2021), as commonly stated; the residual's limit is derived.
"""

import math

import pytest

from properties.papers import WANG_2021
from verify import Claim, Limit, Rate, Twin, laws, optimizers, strategies
from verify.flows.dynamics import Adam
from verify.problems.margins.residual import Residual

STEP, EPS = 0.1, 1e-2
RMSPROP = Adam(STEP, EPS, b1=0.0)
CORRECTED = Adam(STEP, EPS, b1=0.0, bias_correction=True)

DIRECTION = Claim(
    id="wang2021/rmsprop",
    title="RMSProp with ε > 0 maximises the L2 margin",
    statement="RMSProp with a constant ε > 0 on separable data: the L2 margin's gap to the maximum is O(1/log t).",
    source="Wang, Meng, Chen, Liu 2021, on RMSProp",
    paper=WANG_2021,
    kind=Rate(laws.inverse_log()),
    problem=strategies.binary,
    optimizer=RMSPROP.optimizer,
    optimizer_text="RMSProp(b=0.95), ε = 0.01 inside the root, η = 0.1; its flow in log t after the first steps",
    loss="logistic",
    norm="l2",
    real=("iris:0-vs-rest",),
    flow=RMSPROP,
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
    share=0.5,
)


def residual(name: str, dynamics: Adam, text: str) -> Claim:
    return Claim(
        id=f"wang2021/{name}-residual",
        title=f"The residual of {text}",
        statement="w(t) - ŵ log t tends to w̃, with (η/√ε/N) exp(-y_n ⟨x_n, w̃⟩) = α_n on the support vectors.",
        source="Wang, Meng, Chen, Liu 2021, on RMSProp and Adam; the limit derived",
        paper=WANG_2021,
        kind=Limit(tolerance=1e-4, law=laws.inverse_log()),
        problem=strategies.binary,
        optimizer=dynamics.optimizer,
        optimizer_text=f"{text}, b = 0.95, ε = 0.01 inside the root, η = 0.1; its flow in log t after the first steps",
        loss="logistic",
        norm="l2",
        quantity=Residual(),
        flow=dynamics,
        twins=(Twin("η for η/√ε", quantity=Residual(step_factor=math.sqrt(EPS)), shrink=False),),
        share=0.5,
    )


CLAIMS = (
    DIRECTION,
    residual("rmsprop", RMSPROP, "RMSProp"),
    residual("adam", CORRECTED, "Adam without first moment"),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_rmsprop(theorem, claim):
    theorem(claim)
