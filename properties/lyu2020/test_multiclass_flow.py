"""Gradient flow on networks of several classes: the smoothed margin never falls, the direction tends to a KKT point.

Setting: a network of degree L in its weights θ with an output for each of k classes (two layers of squared ReLU,
L = 3), the sum L(θ) of the cross-entropies, margins `q_ic = f_y(θ, x_i) - f_c(θ, x_i)` against every wrong class c;
from the time on at which L(θ) is less than log 2.
Algorithm: gradient flow `dθ/dt = -∇L`.
Claim: with `ℓ(q) = log(1 + e^-q)`, `ℓ⁻¹(L(θ)) / ‖θ‖^L` is non-decreasing; and every limit point of `θ/‖θ‖` is along a
KKT point of `min ½‖θ‖²  s.t.  q_ic ≥ 1` for all i and c ≠ y_i.
Reference: Lyu, Li (2020), Theorems 4.1 and 4.4 and the appendix on several classes, as commonly stated.
"""

from functools import partial

from properties.lyu2020.test_multiclass import three_classes
from properties.papers import LYU_2020
from verify import Bound, Limit, Promise, Read, Twin
from verify.laws import Law
from verify.problems.networks.network import two_layer
from verify.problems.networks.quantities import NetworkKKT, SmoothedMarginDrop

NETWORK = two_layer(4, classes=3)

of_flow = partial(
    LYU_2020.claim,
    read=Read.STATED,
    problem=three_classes,
    optimizer_text=f"gradient flow of a {NETWORK.name}",
    loss="cross_entropy",
    norm="l2",
    share=1 / 8,
)

CLAIMS = (
    of_flow(
        "smoothed-margin-multiclass",
        "Theorem 4.1, on several classes",
        "The smoothed margin of several classes never falls",
        "Gradient flow past separation, k classes: the inverse logistic loss of L, over ‖θ‖^L, is non-decreasing.",
        promise=Promise.LOWER,
        kind=Bound.constant(1.0),
        quantity=SmoothedMarginDrop(NETWORK),
        twins=(
            Twin(
                "the norm to the power L + 0.1",
                quantity=SmoothedMarginDrop(NETWORK, exponent=NETWORK.degree + 0.1),
                shrink=False,
            ),
            Twin("the L-infinity norm", quantity=SmoothedMarginDrop(NETWORK, norm="linf"), shrink=False),
        ),
    ),
    of_flow(
        "kkt-multiclass-flow",
        "Theorem 4.4, on several classes",
        "The direction of a network of several classes tends to a KKT point",
        "Gradient flow, k classes: every limit point of θ/‖θ‖ is along a KKT point of min ½‖θ‖² s.t. all margins ≥ 1.",
        kind=Limit(1e-3, Law(0, -1 / 3)),
        quantity=NetworkKKT(NETWORK),
        twins=(
            Twin("the L1.5 norm's KKT points", quantity=NetworkKKT(NETWORK, norm="l1.5"), shrink=False),
            Twin("the L3 norm's KKT points", quantity=NetworkKKT(NETWORK, norm="l3"), shrink=False),
        ),
        horizon=16.0,  # decades of log 1/L after the profile's: what the start leaves behind is gone
    ),
)
