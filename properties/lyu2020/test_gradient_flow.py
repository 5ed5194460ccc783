"""Gradient flow on homogeneous networks: the smoothed margin never falls, loss and norm grow by known laws, and the
direction tends to a KKT point of the margin problem.

Setting: a network of degree L in its weights θ (two layers of squared ReLU, L = 3; three layers, squared ReLU and then
the identity, L = 4), binary data, the sum L(θ) of exponential or logistic losses, gradient flow `dθ/dt = -∇L`; from the
time on at which L(θ) is less than the loss of one sample at margin zero.
Claims: `ℓ⁻¹(L(θ)) / ‖θ‖^L` is non-decreasing; `L(θ) = Θ(1 / (t (log t)^(2-2/L)))` and `‖θ‖ = Θ((log t)^(1/L))`; every
limit point of `θ/‖θ‖` is along a KKT point of `min ½‖θ‖²  s.t.  y_i f(θ, x_i) ≥ 1`; and where the direction settles,
it does so at the KKT point that sequential quadratic programming finds from its end.
Reference: Lyu, Li (2020), Theorems 4.1, 4.3 and 4.4, and appendix A (as commonly stated).
"""

import pytest

from properties.images import pooled
from properties.papers import LYU_2020
from verify import Bound, Claim, Limit, Twin, optimizers, strategies
from verify.laws import Law
from verify.problems.networks.methods import smooth_sign
from verify.problems.networks.network import IDENTITY, SQUARED_RELU, three_layer, two_layer
from verify.problems.networks.quantities import Growth, NetworkKKT, PolishedDistance, SmoothedMarginDrop

TWO_LAYERS = two_layer(4)
DEEP = three_layer(2, SQUARED_RELU, IDENTITY)
FAR = 16.0  # decades of log 1/L after the profile's: what the start leaves behind, like 1/‖θ‖ = (log t)^(-1/L), is gone


def points():
    return strategies.binary(max_points=6, max_features=3, gamma_bounds=(0.2, 2.0))


def claim(name: str, title: str, statement: str, theorem: str, quantity, kind, twins, **changes) -> Claim:
    fields = {
        "id": f"lyu2020/{name}",
        "title": title,
        "statement": statement,
        "source": f"Lyu, Li 2020, {theorem} (as commonly stated)",
        "paper": LYU_2020,
        "kind": kind,
        "problem": points,
        "optimizer": optimizers.gradient_descent(1.0),
        "optimizer_text": f"gradient flow of a {quantity.network.name}",
        "loss": "exponential",
        "norm": "l2",
        "quantity": quantity,
        "flow": True,
        "twins": tuple(twins),
        "share": 1 / 8,
        "horizon": 2.0,
    }
    return Claim(**(fields | changes))


def monotone(name: str, loss: str, network=TWO_LAYERS) -> Claim:
    def twin(wrong: str, **quantity) -> Twin:
        return Twin(wrong, quantity=SmoothedMarginDrop(network, **quantity), shrink=False)

    return claim(
        f"smoothed-margin{name}",
        f"The smoothed margin never falls, {loss} loss{', three layers' if network is DEEP else ''}",
        "Gradient flow past separation: the inverse loss of L, over ‖θ‖^L, is non-decreasing.",
        "Theorem 4.1",
        SmoothedMarginDrop(network),
        Bound(lambda m: 1.0 + 0 * m.values, "1"),
        (
            twin("the norm to the power L + 0.1", exponent=network.degree + 0.1),
            twin("the L-infinity norm", norm="linf"),
            twin("the sign flow", method=smooth_sign(0.1)),
        ),
        loss=loss,
        share=1 / 4,  # one dataset in ten or so shows that a twin's margin falls
    )


GROWTH = claim(
    "growth",
    "Loss and norm grow by their laws",
    "Gradient flow: L(θ) = Θ(1/(t (log t)^(2-2/L))), ‖θ‖ = Θ((log t)^(1/L)).",
    "Theorem 4.3",
    Growth(),
    Limit(0.02, Law(0, -1)),
    (
        Twin("(log t)^2 in the loss", quantity=Growth(loss_exponent=2.0), shrink=False),
        Twin("(log t)^(1/2) for the norm", quantity=Growth(norm_exponent=0.5), shrink=False),
    ),
)
KKT = claim(
    "kkt",
    "The direction tends to a KKT point",
    "Gradient flow: every limit point of θ/‖θ‖ is along a KKT point of min ½‖θ‖² s.t. y_i f(θ, x_i) ≥ 1.",
    "Theorem 4.4",
    NetworkKKT(),
    Limit(1e-3, Law(0, -1 / 3)),
    (
        Twin("the L1.5 norm's KKT points", quantity=NetworkKKT(norm="l1.5"), shrink=False),
        Twin("the sign flow", quantity=NetworkKKT(method=smooth_sign(0.1)), shrink=False),
    ),
    real=("digits:classes=1,0,limit=24",),
    prepare=pooled,
    horizon=FAR,
)
DEEP_KKT = claim(
    "kkt-three-layers",
    "The direction tends to a KKT point, three layers",
    "Gradient flow: every limit point of θ/‖θ‖ is along a KKT point of min ½‖θ‖² s.t. y_i f(θ, x_i) ≥ 1.",
    "Theorem 4.4",
    NetworkKKT(DEEP),
    Limit(1e-3, Law(0, -1 / 4)),
    (
        Twin("the L1.5 norm's KKT points", quantity=NetworkKKT(DEEP, norm="l1.5"), shrink=False),
        Twin("the sign flow", quantity=NetworkKKT(DEEP, smooth_sign(0.1)), shrink=False),
    ),
    horizon=FAR,
)
POLISHED = claim(
    "kkt-polished",
    "The direction ends at a polished KKT point",
    "Gradient flow: where θ/‖θ‖ settles, it tends to the KKT point that an SQP method finds from its end.",
    "after Theorem 4.4",
    PolishedDistance(),
    Limit(1e-3, Law(0, -1 / 3)),
    (
        Twin("the last layer's norm counted twice", quantity=PolishedDistance(last=2.0), shrink=False),
        Twin("the sign flow", quantity=PolishedDistance(method=smooth_sign(0.1)), shrink=False),
    ),
    horizon=FAR,
)

CLAIMS = (
    monotone("", "exponential"),
    monotone("-logistic", "logistic"),
    monotone("-three-layers", "exponential", DEEP),
    GROWTH,
    KKT,
    DEEP_KKT,
    POLISHED,
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_gradient_flow(theorem, claim):
    theorem(claim)
