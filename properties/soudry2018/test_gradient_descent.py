"""Gradient descent goes to the L2 max-margin direction, at the rate 1/log t.

Setting: separable binary data, any start weights; the mean of a smooth falling loss with a tight exponential tail, here
the exponential or the logistic one. A constant step size, for the sum of the losses below `2 / (β σ_max(X)²)`.
Algorithm: `w ← w - η ∇L(w)`.
Claim: for almost all datasets `w(t) = ŵ log t + ρ(t)` with ρ bounded and ŵ the hard-margin solution
`argmin ‖w‖²  s.t.  y_i ⟨x_i, w⟩ ≥ 1`; so the normalised L2 margin falls short of the maximal one by `O(1 / log t)`.
Reference: Soudry, Hoffer, Nacson, Gunasekar, Srebro (2018), Theorem 3 and, for the rates, Theorem 5, which a
construction in its appendix shows to be tight. The numbers are those of the conference version.

No loop reaches the times at which this can be seen: gradient flow in `s = log t` takes over from the discrete run.
"""

from properties.papers import SOUDRY_2018
from verify import Claim, Rate, Read, Twin, laws, strategies


def claim(loss: str) -> Claim:
    return SOUDRY_2018.claim(
        f"gradient-descent-{loss}",
        "Theorem 5",
        f"GD on the {loss} loss maximises the L2 margin",
        "Gradient descent on separable data: the L2 margin's gap to the maximum is O(1/log t).",
        read=Read.PAPER,
        kind=Rate(laws.inverse_log()),
        problem=strategies.binary,
        flow=True,
        optimizer_text="gradient descent, constant stable step size; gradient flow in log t after the first steps",
        loss=loss,
        norm="l2",
        twins=(
            Twin("L-infinity margin for L2 margin", norm="linf"),
            Twin("the faster rate (log t)^-3/2", kind=Rate(laws.inverse_log().faster(0.5))),
        ),
        real=("iris:0-vs-rest",),
    )


CLAIMS = claim("exponential"), claim("logistic")
