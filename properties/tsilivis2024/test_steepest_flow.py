"""Steepest flow on homogeneous networks: the smoothed margin in its norm never falls, and the direction tends to a KKT
point of the margin problem in that norm.

Setting: a network of degree L in its weights θ (two layers of squared ReLU, L = 3), binary data, the sum L(θ) of
exponential losses, steepest flow in a norm `‖·‖`: here l1.5, whose flow is smooth; after separation.
Claims: `log(1/L(θ)) / ‖θ‖^L` is non-decreasing; limit points of `θ/‖θ‖` are along KKT points of
`min ½‖θ‖²  s.t.  y_i f(θ, x_i) ≥ 1`, with that norm in both.
Reference: Tsilivis, Vardi, Kempe (2024) (as commonly stated).
"""

import pytest

from properties.papers import TSILIVIS_2024
from verify import Bound, Claim, Limit, Twin, optimizers, strategies
from verify.laws import Law
from verify.problems.networks.methods import steepest
from verify.problems.networks.quantities import NetworkKKT, SmoothedMarginDrop

FLOW = steepest(1.5)


def points():
    return strategies.binary(max_points=6, max_features=3, gamma_bounds=(0.2, 2.0))


def claim(name: str, title: str, statement: str, quantity, kind, twins) -> Claim:
    return Claim(
        id=f"tsilivis2024/{name}",
        title=title,
        statement=statement,
        source="Tsilivis, Vardi, Kempe 2024 (as commonly stated)",
        paper=TSILIVIS_2024,
        kind=kind,
        problem=points,
        optimizer=optimizers.steepest_descent(0.1, "l1.5"),
        optimizer_text=f"steepest flow in the l1.5 norm of a {quantity.network.name}",
        loss="exponential",
        norm="l1.5",
        quantity=quantity,
        flow=True,
        twins=tuple(Twin(wrong, quantity=false, shrink=False) for wrong, false in twins.items()),
        share=1 / 8,
        horizon=16.0 if isinstance(kind, Limit) else 2.0,
    )


CLAIMS = (
    claim(
        "smoothed-margin",
        "Steepest flow's smoothed margin never falls, l1.5",
        "Steepest flow in a norm, past separation: log(1/L)/‖θ‖^L is non-decreasing in that norm.",
        SmoothedMarginDrop(method=FLOW, norm="l1.5"),
        Bound(lambda m: 1.0 + 0 * m.values, "1"),
        {
            "the L-infinity norm": SmoothedMarginDrop(method=FLOW, norm="linf"),
            "the norm to the power L + 0.1": SmoothedMarginDrop(method=FLOW, norm="l1.5", exponent=3.1),
        },
    ),
    claim(
        "kkt",
        "Steepest flow tends to its norm's KKT points, l1.5",
        "Steepest flow in a norm: limit points are along KKT points of min ½‖θ‖² s.t. margins ≥ 1, in that norm.",
        NetworkKKT(method=FLOW, norm="l1.5", scale=0.1, settled=5e-3),
        # What the start leaves behind fades like 1/‖θ‖ = (log t)^(-1/L); the norm's slope takes its root.
        Limit(5e-3, Law(0, -1 / 6)),
        {"the L2 norm's KKT points": NetworkKKT(method=FLOW, scale=0.1, settled=5e-3)},
    ),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_steepest_flow(theorem, claim):
    theorem(claim)
