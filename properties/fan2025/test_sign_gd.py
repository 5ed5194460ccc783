"""SignGD goes to the max-norm margin, on binary and multiclass data, at the rate t^-1/2.

Setting: separable data with n samples, mean logistic (cross-entropy) loss, steps `η_t = Θ(t^-1/2)`.
Algorithm: `W ← W - η_t sign(∇L(W))`, steepest descent in the entry-wise max norm.
Claim: the margin normalised by `max |W_ij|` falls short of the maximal one by `O((log t + n) / t^{1/2})`.
Reference: Fan, Schmidt, Thrampoulidis (2025), Theorem 1 for p = ∞; binary data are its case of two classes.
"""

import pytest

from properties.papers import FAN_2025
from verify import Claim, Rate, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

STEPS = PowerDecay(0.1, 1 / 2)


def claim(name: str, problem, loss: str, real: str) -> Claim:
    return Claim(
        id=f"fan2025/sign-gd-{name}",
        title=f"SignGD maximises the max-norm margin, {name}",
        statement="SignGD with steps t^-1/2: the max-norm margin's gap to the maximum is O((log t + n)/t^1/2).",
        source="Fan, Schmidt, Thrampoulidis 2025, Theorem 1",
        paper=FAN_2025,
        kind=Rate(laws.power(1 / 2, log=1)),
        problem=problem,
        optimizer=optimizers.sign_gd(STEPS),
        optimizer_text="SignGD, η = 0.1 (t+1)^-1/2",
        loss=loss,
        norm="linf",
        twins=(
            Twin("L2 (Frobenius) margin for max-norm margin", norm="l2"),
            Twin("the faster rate t^-3/4", kind=Rate(laws.power(3 / 4))),
            Twin("summable steps t^-3/2", optimizer=optimizers.sign_gd(PowerDecay(0.1, 3 / 2))),
        ),
        real=(real,),
        share=1.0 if name == "binary" else 1 / 2,
        horizon=0.0 if name == "binary" else -1 / 3,
    )


BINARY, MULTICLASS = CLAIMS = (
    claim("binary", strategies.binary, "logistic", "iris:0-vs-rest"),
    claim("multiclass", strategies.multiclass, "cross_entropy", "wine:standardise"),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_sign_gd(theorem, claim):
    theorem(claim)
