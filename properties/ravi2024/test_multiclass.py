"""Multiclass gradient descent has one limit for many losses: the Frobenius max-margin, with the same kind of residual.

Setting: separable data of k classes, mean loss of an exponential tail: cross-entropy, multiclass exponential or
pairwise logistic loss; a small constant step size η.
Algorithm: `W ← W - η ∇L(W)`.
Claim: `W(t) = Ŵ log t + ρ(t)` with ρ bounded and Ŵ the solution of `min ‖W‖_F  s.t.  ⟨w_{y_i} - w_c, x_i⟩ ≥ 1`. In the
span of the support vectors `ρ → W̃`, the same for all three losses: `(η/N) exp(-⟨w̃_{y_i} - w̃_c, x_i⟩) = α_ic`.
Reference: Ravi, Scott, Soudry, Wang (2024), on the exponential tail, for Ŵ and ρ; the residual's limit is derived as by
Soudry et al. (2018), Theorem 4, with one support vector for a point and a wrong class.
"""

from properties.papers import RAVI_2024
from verify import Claim, Limit, Read, Twin, laws, strategies
from verify.problems.margins.residual import Residual


def claim(loss: str) -> Claim:
    hyphened, spaced = loss.replace("_", "-"), loss.replace("_", " ")
    return RAVI_2024.claim(
        f"gradient-descent-{hyphened}",
        "on the exponential tail, the residual",
        f"Multiclass GD's residual, {hyphened if loss == 'cross_entropy' else spaced} loss",
        "W(t) - Ŵ log t tends to W̃, with (η/N) exp(-⟨w̃_{y_i} - w̃_c, x_i⟩) = α_ic on the support vectors.",
        read=Read.DERIVED,
        kind=Limit(tolerance=1e-4, law=laws.inverse_log()),
        problem=lambda: strategies.multiclass(max_classes=3, max_points=8),
        flow=True,
        optimizer_text="gradient descent, constant stable step size; gradient flow in log t after the first steps",
        loss=loss,
        quantity=Residual(),
        twins=(
            Twin("twice the step size in the limit", quantity=Residual(step_factor=2.0), shrink=False),
            Twin("Ŵ log t grows by a thousandth", quantity=Residual(log_factor=1.001), shrink=False),
        ),
        share=0.25,
        real=("digits:classes=0,1,2,limit=9",) if loss == "cross_entropy" else (),
    )


CLAIMS = tuple(map(claim, ("cross_entropy", "exponential", "pairwise_logistic")))
