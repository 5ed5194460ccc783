"""Gradient descent's residual `w(t) - ŵ log t` tends to a point that can be computed beforehand.

Setting: separable binary data whose support vectors all have positive multipliers α_n in
`ŵ = Σ α_n y_n x_n`; mean exponential or logistic loss over N points, step size η.
Claim: in the span of the support vectors `w(t) - ŵ log t → w̃`, where `(η/N) exp(-y_n ⟨x_n, w̃⟩) = α_n` on them.
Reference: Soudry, Hoffer, Nacson, Gunasekar, Srebro (2018), Theorem 4.
"""

import pytest

from properties.papers import SOUDRY_2018
from verify import Claim, Limit, Twin, laws, optimizers, strategies
from verify.problems.margins.residual import Residual


def claim(loss: str) -> Claim:
    return Claim(
        id=f"soudry2018/residual-{loss}",
        title=f"GD's residual on the {loss} loss",
        statement="w(t) - ŵ log t tends to w̃, with (η/N) exp(-y_n ⟨x_n, w̃⟩) = α_n on the support vectors.",
        source="Soudry et al. 2018, Theorem 4",
        paper=SOUDRY_2018,
        kind=Limit(tolerance=1e-4, law=laws.inverse_log()),
        problem=strategies.binary,
        optimizer=optimizers.gradient_descent(1.0),
        optimizer_text="gradient descent, constant stable step size; gradient flow in log t after the first steps",
        loss=loss,
        norm="l2",
        quantity=Residual(),
        flow=True,
        twins=(
            Twin("twice the step size in the limit", quantity=Residual(step_factor=2.0)),
            Twin("ŵ log t grows by a thousandth", quantity=Residual(log_factor=1.001)),
        ),
        real=("iris:0-vs-rest",),
    )


EXPONENTIAL, LOGISTIC = CLAIMS = claim("exponential"), claim("logistic")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_residual(theorem, claim):
    theorem(claim)
