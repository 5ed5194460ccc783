"""Adaptive flows on homogeneous networks: AdaGrad tends to KKT points of a weighted margin problem, RMSProp and Adam
without momentum to those of gradient descent's.

Setting: a network of degree L in its weights w (two layers of squared ReLU, L = 3, or three, squared ReLU and then the
identity, L = 4), binary data, the sum of exponential losses; or three classes, an output and a margin for each, and
the sum of cross-entropies.
Algorithm: the flow `dw/dt = -h ⊙ ∇L` with `h = (ε + ∫ g²)^-½` (AdaGrad) or `h = (ε + g²)^-½` (RMSProp, and Adam without
momentum, whose second moment follows g² once t is large); ε inside the root.
Claim: `h → h_∞`; every limit point of `w/‖w‖` is along a KKT point of `min ½‖h_∞^-½ ⊙ w‖²  s.t.  y_i f(w, x_i) ≥ 1`,
where `h_∞` is constant for RMSProp and Adam; and `log(1/L)/‖h_∞^-½ ⊙ w‖^L` is non-decreasing once h has settled.
Reference: Wang, Meng, Chen, Liu (2021), as commonly stated. Of several classes it is derived: past separation h changes
by O(1/t), and with h at rest it is gradient descent's flow in the weights `h^-½ ⊙ w`, of which Lyu, Li (2020) have it.
"""

from functools import partial

from properties.images import pooled
from properties.lyu2020.test_gradient_flow import DEEP
from properties.lyu2020.test_multiclass import three_classes
from properties.lyu2020.test_multiclass_flow import NETWORK as OF_CLASSES
from properties.papers import WANG_2021
from verify import Bound, Limit, Promise, Read, Twin, strategies
from verify.laws import Law
from verify.problems.networks.methods import adagrad, rmsprop, smooth_sign
from verify.problems.networks.network import two_layer
from verify.problems.networks.quantities import NetworkKKT, SmoothedMarginDrop

EPS = 0.01
NETWORK, ADAGRAD, RMSPROP = two_layer(4), adagrad(EPS), rmsprop(EPS)
DROP = partial(SmoothedMarginDrop, NETWORK, ADAGRAD, after=10.0)  # of log 1/L, from which on h changes by e^-10 at most
OF_ADAGRAD = f"AdaGrad flow of a {NETWORK.name}, ε = {EPS}"

on_networks = partial(
    WANG_2021.claim,
    read=Read.STATED,
    problem=partial(strategies.binary, max_points=6, max_features=3, gamma_bounds=(0.2, 2.0)),
    loss="exponential",
    norm="l2",
    share=1 / 8,
    prepare=pooled,
)
directed = partial(
    on_networks,
    kind=Limit(1e-3, Law(0, -1 / 3)),  # what the start leaves behind fades like 1/‖w‖ = (log t)^(-1/L)
    horizon=16.0,  # decades of log 1/L after the profile's: the fading is over
    real=("digits:classes=1,0,limit=24",),  # all classified rightly, or no verdict
)

CLAIMS = (
    directed(
        "network-adagrad",
        "on AdaGrad's direction",
        "AdaGrad on networks tends to a weighted KKT point",
        "AdaGrad flow: limit points of w/‖w‖ are along KKT points of min ½‖h_∞^-½ ⊙ w‖² s.t. margins ≥ 1.",
        optimizer_text=OF_ADAGRAD,
        quantity=NetworkKKT(NETWORK, ADAGRAD, weights="last"),
        twins=(Twin("the unweighted problem", quantity=NetworkKKT(NETWORK, ADAGRAD), shrink=False),),
    ),
    directed(
        "network-rmsprop",
        "on RMSProp's direction",
        "RMSProp on networks tends to a KKT point of GD's problem",
        "RMSProp flow: limit points of w/‖w‖ are along KKT points of min ½‖w‖² s.t. margins ≥ 1.",
        optimizer_text=f"RMSProp (and Adam without momentum) flow of a {NETWORK.name}, ε = {EPS}",
        quantity=NetworkKKT(NETWORK, RMSPROP),
        twins=(
            Twin("weights of the early h", quantity=NetworkKKT(NETWORK, RMSPROP, weights="early"), shrink=False),
            Twin("ε = 0 (sign, smoothed)", quantity=NetworkKKT(NETWORK, smooth_sign(0.1)), shrink=False),
        ),
    ),
    directed(
        "network-rmsprop-three-layers",
        "on RMSProp's direction",
        "RMSProp on networks of three layers tends to a KKT point of GD's problem",
        "RMSProp flow, three layers: limit points of w/‖w‖ are along KKT points of min ½‖w‖² s.t. margins ≥ 1.",
        optimizer_text=f"RMSProp (and Adam without momentum) flow of a {DEEP.name}, ε = {EPS}",
        quantity=NetworkKKT(DEEP, RMSPROP),
        twins=(Twin("weights of the early h", quantity=NetworkKKT(DEEP, RMSPROP, weights="early"), shrink=False),),
        kind=Limit(1e-3, Law(0, -1 / 4)),
        problem=partial(strategies.binary, max_points=4, max_features=3, gamma_bounds=(0.2, 2.0)),
        real=(),
        prepare=None,
    ),
    directed(
        "network-rmsprop-multiclass",
        "on RMSProp's direction, for several classes",
        "RMSProp on networks of several classes tends to a KKT point of GD's problem",
        "RMSProp flow, k classes: limit points of w/‖w‖ are along KKT points of min ½‖w‖² s.t. all margins ≥ 1.",
        read=Read.DERIVED,
        problem=three_classes,
        loss="cross_entropy",
        optimizer_text=f"RMSProp (and Adam without momentum) flow of a {OF_CLASSES.name}, ε = {EPS}",
        quantity=NetworkKKT(OF_CLASSES, RMSPROP),
        twins=(
            Twin("weights of the early h", quantity=NetworkKKT(OF_CLASSES, RMSPROP, weights="early"), shrink=False),
        ),
        real=(),
        prepare=None,
    ),
    on_networks(
        "network-surrogate-margin",
        "on AdaGrad's surrogate margin",
        "AdaGrad's surrogate margin does not fall",
        "AdaGrad flow: log(1/L)/‖h_∞^-½ ⊙ w‖^L is non-decreasing once h has settled.",
        promise=Promise.LOWER,
        kind=Bound.constant(1.0),
        optimizer_text=OF_ADAGRAD,
        quantity=DROP(weights="last"),
        twins=(
            Twin("the unweighted norm", quantity=DROP(), shrink=False),
            Twin("the norm to the power L + 0.1", quantity=DROP(weights="last", exponent=3.1), shrink=False),
        ),
        horizon=2.0,
    ),
)
