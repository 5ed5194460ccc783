"""Steepest flow on homogeneous networks: the smoothed margin in its norm never falls, and the direction tends to a
generalised KKT point of the margin problem in that norm.

Setting: a network of degree L in its weights θ (two layers of squared ReLU, L = 3), binary data (drawn, and digits of
8 by 8 pixels pooled to 4 by 4), the sum L(θ) of exponential losses; after separation.
Algorithm: steepest flow in a norm `‖·‖`: here l1.5, whose flow is smooth.
Claim: `log(1/L(θ)) / ‖θ‖^L` is non-decreasing, and limit points of `θ/‖θ‖` are along generalised KKT points of
`min ½‖θ‖²  s.t.  y_i f(θ, x_i) ≥ 1`, with that norm in both. They are KKT points under a further assumption on the norm
(Corollary 3.8.1); for the sign flow no more than generalised ones are proved. Here KKT points in l1.5 are tried.
Reference: Tsilivis, Gronich, Kempe, Vardi (JMLR 27(104), 2026; arXiv 2410.22069), Theorem 3.1, also for other losses,
and Theorem 3.8 with Corollary 3.8.1, as commonly stated.
"""

from functools import partial

from properties.images import pooled
from properties.papers import TSILIVIS_2024
from verify import Bound, Limit, Promise, Read, Twin, strategies
from verify.laws import Law
from verify.problems.networks.methods import steepest
from verify.problems.networks.network import two_layer
from verify.problems.networks.quantities import NetworkKKT, SmoothedMarginDrop

NETWORK, FLOW = two_layer(4), steepest(1.5)
DROP = partial(SmoothedMarginDrop, NETWORK, FLOW)
RESIDUAL = partial(NetworkKKT, NETWORK, FLOW, scale=0.1, settled=5e-3)

of_flow = partial(
    TSILIVIS_2024.claim,
    read=Read.STATED,
    problem=partial(strategies.binary, max_points=6, max_features=3, gamma_bounds=(0.2, 2.0)),
    optimizer_text=f"steepest flow in the l1.5 norm of a {NETWORK.name}",
    loss="exponential",
    norm="l1.5",
    share=1 / 8,
    real=("digits:classes=1,0,limit=24",),
    prepare=pooled,
)

CLAIMS = (
    of_flow(
        "smoothed-margin",
        "Theorem 3.1",
        "Steepest flow's smoothed margin never falls, l1.5",
        "Steepest flow in a norm, past separation: log(1/L)/‖θ‖^L is non-decreasing in that norm.",
        promise=Promise.LOWER,
        kind=Bound.constant(1.0),
        quantity=DROP(norm="l1.5"),
        twins=(
            Twin("the L-infinity norm", quantity=DROP(norm="linf"), shrink=False),
            Twin("the norm to the power L + 0.1", quantity=DROP(norm="l1.5", exponent=3.1), shrink=False),
        ),
        horizon=2.0,
    ),
    of_flow(
        "kkt",
        "Theorem 3.8 and Corollary 3.8.1",
        "Steepest flow tends to its norm's KKT points, l1.5",
        "Steepest flow in a norm: limit points are along generalised KKT points of min ½‖θ‖² s.t. margins ≥ 1, in that "
        "norm; KKT points where Corollary 3.8.1 applies.",
        # What the start leaves behind fades like 1/‖θ‖ = (log t)^(-1/L); the norm's slope takes its root.
        kind=Limit(5e-3, Law(0, -1 / 6)),
        quantity=RESIDUAL(norm="l1.5"),
        twins=(Twin("the L2 norm's KKT points", quantity=RESIDUAL(norm="l2"), shrink=False),),
        horizon=16.0,
    ),
)
