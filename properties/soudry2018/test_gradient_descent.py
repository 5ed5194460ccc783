"""Gradient descent goes to the L2 max-margin direction, at the rate 1/log t.

Setting: separable binary data, mean exponential or logistic loss, constant step size below `2 / (β σ²)`.
Algorithm: `w ← w - η ∇L(w)`.
Claim: for almost all datasets `w(t) = ŵ log t + ρ(t)` with ρ bounded and ŵ the hard-margin solution
`argmin ‖w‖²  s.t.  y_i ⟨x_i, w⟩ ≥ 1`; so the normalised L2 margin falls short of the maximal one by `O(1 / log t)`.
Reference: Soudry, Hoffer, Nacson, Gunasekar, Srebro (2018), Theorem 3 and Theorem 5.

No loop reaches the times at which this can be seen: gradient flow in `s = log t` takes over from the discrete run.
"""

import pytest

from properties.papers import SOUDRY_2018
from verify import Claim, Rate, Twin, laws, optimizers, strategies


def claim(loss: str) -> Claim:
    return Claim(
        id=f"soudry2018/gradient-descent-{loss}",
        title=f"GD on the {loss} loss maximises the L2 margin",
        statement="Gradient descent on separable data: the L2 margin's gap to the maximum is O(1/log t).",
        source="Soudry et al. 2018, Theorem 5",
        paper=SOUDRY_2018,
        kind=Rate(laws.inverse_log()),
        problem=strategies.binary,
        optimizer=optimizers.gradient_descent(1.0),
        optimizer_text="gradient descent, constant stable step size; gradient flow in log t after the first steps",
        loss=loss,
        norm="l2",
        flow=True,
        twins=(
            Twin("L-infinity margin for L2 margin", norm="linf"),
            Twin("the faster rate (log t)^-3/2", kind=Rate(laws.inverse_log().faster(0.5))),
        ),
        real=("iris:0-vs-rest",),
    )


EXPONENTIAL, LOGISTIC = CLAIMS = claim("exponential"), claim("logistic")


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_gradient_descent(theorem, claim):
    theorem(claim)
