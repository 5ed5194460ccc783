"""Adaptive flows on homogeneous networks: AdaGrad tends to KKT points of a weighted margin problem, RMSProp and Adam
without momentum to those of gradient descent's.

Setting: a network of degree L in its weights w (two layers of squared ReLU, L = 3), binary data, the sum of exponential
losses, and the flow `dw/dt = -h ⊙ ∇L` with `h = (ε + ∫ g²)^-½` (AdaGrad) or `h = (ε + g²)^-½` (RMSProp, and Adam
without momentum, whose second moment follows g² once t is large); ε inside the root.
Claims: `h → h_∞`; every limit point of `w/‖w‖` is along a KKT point of `min ½‖h_∞^-½ ⊙ w‖²  s.t.  y_i f(w, x_i) ≥ 1`,
where `h_∞` is constant for RMSProp and Adam; and `log(1/L)/‖h_∞^-½ ⊙ w‖^L` is non-decreasing once h has settled.
Reference: Wang, Meng, Chen, Liu (2021), Theorems 1 and 2 (as commonly stated).
"""

import pytest

from properties.images import pooled
from properties.papers import WANG_2021
from verify import Bound, Claim, Limit, Twin, optimizers, strategies
from verify.laws import Law
from verify.problems.networks.methods import Method, adagrad, rmsprop, smooth_sign
from verify.problems.networks.quantities import NetworkKKT, SmoothedMarginDrop

EPS = 0.01
ADAGRAD, RMSPROP = adagrad(EPS), rmsprop(EPS)
BELOW = Limit(1e-3, Law(0, -1 / 3))  # what the start leaves behind fades like 1/‖w‖ = (log t)^(-1/L)
FAR = 16.0  # decades of log 1/L after the profile's: the fading is over
SETTLED = 10.0  # of log 1/L, from which on h changes by e^-10 at most


def points():
    return strategies.binary(max_points=6, max_features=3, gamma_bounds=(0.2, 2.0))


def claim(name: str, title: str, statement: str, optimizer, text: str, quantity, kind, twins) -> Claim:
    return Claim(
        id=f"wang2021/{name}",
        title=title,
        statement=statement,
        source="Wang, Meng, Chen, Liu 2021 (as commonly stated)",
        paper=WANG_2021,
        kind=kind,
        problem=points,
        optimizer=optimizer,
        optimizer_text=f"{text} flow of a {quantity.network.name}, ε = {EPS}",
        loss="exponential",
        norm="l2",
        quantity=quantity,
        flow=True,
        twins=tuple(Twin(wrong, quantity=false, shrink=False) for wrong, false in twins.items()),
        share=1 / 8,
        horizon=FAR if kind is BELOW else 2.0,
        real=("digits:classes=1,0,limit=24",) if kind is BELOW else (),  # all classified rightly, or no verdict
        prepare=pooled,
    )


def kkt(method: Method, weights: str) -> NetworkKKT:
    return NetworkKKT(method=method, weights=weights)


CLAIMS = (
    claim(
        "network-adagrad",
        "AdaGrad on networks tends to a weighted KKT point",
        "AdaGrad flow: limit points of w/‖w‖ are along KKT points of min ½‖h_∞^-½ ⊙ w‖² s.t. margins ≥ 1.",
        optimizers.adagrad(1.0, eps=EPS),
        "AdaGrad",
        kkt(ADAGRAD, "last"),
        BELOW,
        {"the unweighted problem": kkt(ADAGRAD, "none")},
    ),
    claim(
        "network-rmsprop",
        "RMSProp on networks tends to a KKT point of GD's problem",
        "RMSProp flow: limit points of w/‖w‖ are along KKT points of min ½‖w‖² s.t. margins ≥ 1.",
        optimizers.rmsprop(1.0, eps=EPS),
        "RMSProp (and Adam without momentum)",
        kkt(RMSPROP, "none"),
        BELOW,
        {"weights of the early h": kkt(RMSPROP, "early"), "ε = 0 (sign, smoothed)": kkt(smooth_sign(0.1), "none")},
    ),
    claim(
        "network-surrogate-margin",
        "AdaGrad's surrogate margin does not fall",
        "AdaGrad flow: log(1/L)/‖h_∞^-½ ⊙ w‖^L is non-decreasing once h has settled.",
        optimizers.adagrad(1.0, eps=EPS),
        "AdaGrad",
        SmoothedMarginDrop(method=ADAGRAD, weights="last", after=SETTLED),
        Bound(lambda m: 1.0 + 0 * m.values, "1"),
        {
            "the unweighted norm": SmoothedMarginDrop(method=ADAGRAD, after=SETTLED),
            "the norm to the power L + 0.1": SmoothedMarginDrop(
                method=ADAGRAD, weights="last", after=SETTLED, exponent=3.1
            ),
        },
    ),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_networks(theorem, claim):
    theorem(claim)
