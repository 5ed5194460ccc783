"""Gradient descent's residual `w(t) - ŵ log t` tends to a point that can be computed beforehand.

Setting: separable binary data whose support vectors all have positive multipliers α_n in
`ŵ = Σ α_n y_n x_n`; mean exponential or logistic loss over N points, step size η.
Algorithm: `w ← w - η ∇L(w)`, constant stable steps.
Claim: in the span of the support vectors `w(t) - ŵ log t → w̃`, where `(η/N) exp(-y_n ⟨x_n, w̃⟩) = α_n` on them. In the
paper the support vectors span the data, and the sum of the losses, with η for η/N; where they do not span them, that
the part in their span tends to w̃ nevertheless is added here.
Reference: Soudry, Hoffer, Nacson, Gunasekar, Srebro (2018), Theorem 4.
"""

from properties.papers import SOUDRY_2018
from verify import Claim, Limit, Read, Twin, laws, strategies
from verify.problems.margins.residual import Residual


def claim(loss: str) -> Claim:
    return SOUDRY_2018.claim(
        f"residual-{loss}",
        "Theorem 4",
        f"GD's residual on the {loss} loss",
        "w(t) - ŵ log t tends to w̃, with (η/N) exp(-y_n ⟨x_n, w̃⟩) = α_n on the support vectors.",
        read=Read.PAPER,
        kind=Limit(tolerance=1e-4, law=laws.inverse_log()),
        problem=strategies.binary,
        flow=True,
        optimizer_text="gradient descent, constant stable step size; gradient flow in log t after the first steps",
        loss=loss,
        quantity=Residual(),
        twins=(
            Twin("twice the step size in the limit", quantity=Residual(step_factor=2.0)),
            Twin("ŵ log t grows by a thousandth", quantity=Residual(log_factor=1.001)),
        ),
        real=("iris:0-vs-rest",),
    )


CLAIMS = claim("exponential"), claim("logistic")
