"""Gradient flow on homogeneous networks: the smoothed margin never falls, loss and norm grow by known laws, and the
direction tends to a KKT point of the margin problem.

Setting: a network of degree L in its weights θ (two layers of squared ReLU, L = 3; three layers, squared ReLU and then
the identity, L = 4), binary data, the sum L(θ), not the mean, of exponential or logistic losses; from the time on at
which L(θ) is less than the loss of one sample at margin zero: 1 or log 2.
Algorithm: gradient flow `dθ/dt = -∇L`.
Claim: `ℓ⁻¹(L(θ)) / ‖θ‖^L` is non-decreasing; `L(θ) = Θ(1 / (t (log t)^(2-2/L)))` and `‖θ‖ = Θ((log t)^(1/L))`; every
limit point of `θ/‖θ‖` is along a KKT point of `min ½‖θ‖²  s.t.  y_i f(θ, x_i) ≥ 1`; and where the direction settles,
it does so at the KKT point that sequential quadratic programming finds from its end.
Reference: Lyu, Li (2020), Theorems 4.1, 4.3 and 4.4, and appendix A. The last claim is derived.
"""

from dataclasses import replace
from functools import partial

from properties.images import pooled
from properties.papers import LYU_2020
from verify import Bound, Limit, Promise, Read, Twin, strategies
from verify.laws import Law
from verify.models.activations import IDENTITY, SQUARED_RELU
from verify.problems.networks.methods import smooth_sign
from verify.problems.networks.network import Network, three_layer, two_layer
from verify.problems.networks.quantities import Growth, NetworkKKT, PolishedDistance, SmoothedMarginDrop

TWO_LAYERS = two_layer(4)
DEEP = three_layer(2, SQUARED_RELU, IDENTITY)
FAR = 16.0  # decades of log 1/L after the profile's: what the start leaves behind, like 1/‖θ‖ = (log t)^(-1/L), is gone

of_flow = partial(
    LYU_2020.claim,
    problem=partial(strategies.binary, max_points=6, max_features=3, gamma_bounds=(0.2, 2.0)),
    optimizer_text=f"gradient flow of a {TWO_LAYERS.name}",
    loss="exponential",
    norm="l2",
)


def falling(network: Network) -> tuple[Twin, ...]:
    drop = partial(SmoothedMarginDrop, network)
    return (
        Twin("the norm to the power L + 0.1", quantity=drop(exponent=network.degree + 0.1), shrink=False),
        Twin("the L-infinity norm", quantity=drop(norm="linf"), shrink=False),
        Twin("the sign flow", quantity=drop(method=smooth_sign(0.1)), shrink=False),
    )


MONOTONE = of_flow(
    "smoothed-margin",
    "Theorem 4.1",
    "The smoothed margin never falls, exponential loss",
    "Gradient flow past separation: the inverse loss of L, over ‖θ‖^L, is non-decreasing.",
    read=Read.PAPER,
    promise=Promise.LOWER,
    kind=Bound.constant(1.0),
    quantity=SmoothedMarginDrop(TWO_LAYERS),
    twins=falling(TWO_LAYERS),
    horizon=2.0,
    share=1 / 4,  # one dataset in ten or so shows that a twin's margin falls
)
LOGISTIC_MONOTONE = replace(
    MONOTONE,
    id="lyu2020/smoothed-margin-logistic",
    title="The smoothed margin never falls, logistic loss",
    loss="logistic",
)
DEEP_MONOTONE = replace(
    MONOTONE,
    id="lyu2020/smoothed-margin-three-layers",
    title="The smoothed margin never falls, exponential loss, three layers",
    optimizer_text=f"gradient flow of a {DEEP.name}",
    quantity=SmoothedMarginDrop(DEEP),
    twins=falling(DEEP),
)
GROWTH = of_flow(
    "growth",
    "Theorem 4.3",
    "Loss and norm grow by their laws",
    "Gradient flow: L(θ) = Θ(1/(t (log t)^(2-2/L))), ‖θ‖ = Θ((log t)^(1/L)).",
    read=Read.PAPER,
    promise=Promise.TIGHT,
    kind=Limit(0.02, Law(0, -1)),
    quantity=Growth(),
    twins=(
        Twin("(log t)^2 in the loss", quantity=Growth(loss_exponent=2.0), shrink=False),
        Twin("(log t)^(1/2) for the norm", quantity=Growth(norm_exponent=0.5), shrink=False),
    ),
    horizon=2.0,
    share=1 / 8,
)
KKT = of_flow(
    "kkt",
    "Theorem 4.4",
    "The direction tends to a KKT point",
    "Gradient flow: every limit point of θ/‖θ‖ is along a KKT point of min ½‖θ‖² s.t. y_i f(θ, x_i) ≥ 1.",
    read=Read.PAPER,
    kind=Limit(1e-3, Law(0, -1 / 3)),
    quantity=NetworkKKT(),
    twins=(
        Twin("the L1.5 norm's KKT points", quantity=NetworkKKT(norm="l1.5"), shrink=False),
        Twin("the sign flow", quantity=NetworkKKT(method=smooth_sign(0.1)), shrink=False),
    ),
    real=("digits:classes=1,0,limit=24",),
    prepare=pooled,
    horizon=FAR,
    share=1 / 8,
)
DEEP_KKT = replace(
    KKT,
    id="lyu2020/kkt-three-layers",
    title="The direction tends to a KKT point, three layers",
    kind=Limit(1e-3, Law(0, -1 / 4)),
    optimizer_text=f"gradient flow of a {DEEP.name}",
    quantity=NetworkKKT(DEEP),
    twins=(
        Twin("the L1.5 norm's KKT points", quantity=NetworkKKT(DEEP, norm="l1.5"), shrink=False),
        Twin("the sign flow", quantity=NetworkKKT(DEEP, smooth_sign(0.1)), shrink=False),
    ),
    real=(),
    prepare=None,
)
POLISHED = of_flow(
    "kkt-polished",
    "after Theorem 4.4",
    "The direction ends at a polished KKT point",
    "Gradient flow: where θ/‖θ‖ settles, it tends to the KKT point that an SQP method finds from its end.",
    read=Read.DERIVED,
    kind=Limit(1e-3, Law(0, -1 / 3)),
    quantity=PolishedDistance(),
    twins=(
        Twin("the last layer's norm counted twice", quantity=PolishedDistance(last=2.0), shrink=False),
        Twin("the sign flow", quantity=PolishedDistance(method=smooth_sign(0.1)), shrink=False),
    ),
    horizon=FAR,
    share=1 / 4,
)

CLAIMS = MONOTONE, LOGISTIC_MONOTONE, DEEP_MONOTONE, GROWTH, KKT, DEEP_KKT, POLISHED
