"""Gradient descent goes to the L2 max-margin direction, at the rate 1/log t.

Setting: separable binary data, any start weights; the mean of a smooth falling loss with a tight exponential tail, here
the exponential or the logistic one. A constant step size, for the sum of the losses below `2 / (β σ_max(X)²)`.
Algorithm: `w ← w - η ∇L(w)`.
Claim: for almost all datasets `w(t) = ŵ log t + ρ(t)` with ρ bounded and ŵ the hard-margin solution
`argmin ‖w‖²  s.t.  y_i ⟨x_i, w⟩ ≥ 1`; so the normalised L2 margin falls short of the maximal one by `O(1 / log t)`.
Reference: Soudry, Hoffer, Nacson, Gunasekar, Srebro (2018), Theorem 3 and, for the rates, Theorem 5, which a
construction in its appendix shows to be tight. The numbers are those of the conference version.

That the rate is attained is tried as well: on at least a quarter of the drawn datasets the gap must not fall faster
than `(log t)^-1.2` (on a third of them the first steps already end at the margin, to rounding).

No loop reaches the times at which this can be seen: gradient flow in `s = log t` takes over from the discrete run.
"""

from dataclasses import replace

from properties.papers import SOUDRY_2018
from verify import Claim, Rate, Read, Tight, Twin, laws, strategies


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


RATES = claim("exponential"), claim("logistic")
TIGHT = replace(
    RATES[0],
    id="soudry2018/gradient-descent-tight",
    title="The rate 1/log t of GD is attained",
    statement="Gradient descent on separable data: the L2 margin's gap to the maximum is of the order 1/log t.",
    source="Soudry et al. 2018, Theorem 5, on tightness",
    kind=Tight(laws.inverse_log(), share=1 / 4),
    twins=(
        Twin("the slower rate (log t)^-1/2, attained", kind=Tight(laws.inverse_log().faster(-0.5), share=1 / 4)),
        Twin("the faster rate (log t)^-3/2, attained", kind=Tight(laws.inverse_log().faster(0.5), share=1 / 4)),
    ),
    real=(),
    share=1 / 2,
)
CLAIMS = (*RATES, TIGHT)
