"""How fast mirror descent with a power of a p-norm comes to the maximal margin: like 1/log t, or slower for small p.

Setting: separable binary data of n points, mean logistic loss L, zero initial weights.
Object: the flow `d∇ψ(w)/dt = -∇L(w)` with `ψ = ‖w‖_p^p / p`, p of 1.25, 1.5 and 3, in place of small steps.
Claim: where all points are support vectors, independent and with positive multipliers that are not all equal, the
distance of `w/‖w‖_p` to the maximiser of the p-norm's margin is of the order `1/log t` (less where they are equal), and
their margins are
`log t - (p-2) log log t - log(n (p-1) α_i) + o(1)`, with `Σ α_i y_i x_i = ∇ψ(ŵ)` at the ŵ of least p-norm whose margins
are 1. Where other points pull out of the support vectors' span while they still count, the distance is for p < 2 of the
order `(log t)^-(p-1)`, and the margin's gap for p < 3/2 of the order `(log t)^-2(p-1)`: not `O(1/log t)`.
Reference: Sun, Ahn, Thrampoulidis, Azizan (2022), whose rate was read in a secondary source only, as O(1/log t). All
that is claimed here is derived: ∇ψ(w) grows like `(log t)^{p-1}` along `Σ α_i y_i x_i`, for which it takes
`t exp(-z_i)/n = (p-1) (log t)^{p-2} α_i`, and what was added to it early stays.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import SUN_2022
from verify import Claim, Dataset, Limit, Promise, Read, Tight, Twin, laws
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.mirror_flows import MirrorGap, PowerDirection, SupportMargins, power

END, LONGER = 1e4, 1e5
LAW, SLOWER = laws.inverse_log(), laws.inverse_log().faster(-0.5)


@st.composite
def spread(draw: st.DrawFn) -> Dataset:
    """Two or three points, each long in a feature of its own, of different lengths there."""
    n = draw(st.integers(2, 3))
    x = np.diag(draw(st.lists(st.integers(6, 9), min_size=n, max_size=n, unique=True))).astype(float)
    more = np.array(draw(st.lists(st.integers(-1, 1), min_size=n * n, max_size=n * n))).reshape(n, n)
    return scaled_to_unit_rows(Dataset(x + more * (1 - np.eye(n)), np.ones(n, int), "spread"))


@st.composite
def pulled(draw: st.DrawFn) -> Dataset:
    """A point, and one that is longer in one feature and so no support vector."""
    a, b, more = draw(st.integers(2, 5)), draw(st.integers(2, 5)), draw(st.integers(2, 6))
    return scaled_to_unit_rows(Dataset(np.array([[a, b], [a + more, b]], float), np.ones(2, int), "pulled"))


def claim(name: str, p: float, title: str, statement: str, kind, quantity, *twins: Twin, problem=spread) -> Claim:
    return SUN_2022.claim(
        f"{name}-{p:g}",
        "rate",
        title,
        statement,
        read=Read.DERIVED,
        promise=Promise.TIGHT,
        kind=kind,
        problem=problem,
        optimizer_text=f"mirror flow of ‖w‖_{p:g}^{p:g}/{p:g} in log time",
        loss="logistic",
        norm=f"l{p:g}",
        quantity=quantity,
        twins=twins,
        share=1 / 5,
    )


def direction(p: float) -> Claim:
    return claim(
        "direction",
        p,
        f"Mirror descent with ‖w‖_{p:g}^{p:g}: the direction comes like 1/log t where all points are support vectors",
        f"The mirror flow of ‖w‖_{p:g}^{p:g}/{p:g}, all points support vectors of unequal multipliers: its direction "
        "is 1/log t from the maximiser, up to a constant.",
        Tight(LAW),
        PowerDirection(p, END),
        Twin("(log t)^-3/2", kind=Tight(LAW.faster(0.5)), shrink=False),
        Twin("(log t)^-1/2, attained", kind=Tight(SLOWER), shrink=False),
    )


def pull(name: str, p: float, what: str, quantity) -> Claim:
    return claim(
        name,
        p,
        f"Mirror descent with ‖w‖_{p:g}^{p:g}: {what} like (log t)^-1/2 where other points pull early",
        f"Where a point that is no support vector pulls out of their span, {what} like (log t)^-1/2 and not faster.",
        Tight(SLOWER),
        quantity,
        Twin("1/log t", kind=Tight(LAW), shrink=False),
        Twin("(log t)^-1/10, attained", kind=Tight(LAW.faster(-0.9)), shrink=False),
        problem=pulled,
    )


def margins(p: float) -> Claim:
    return claim(
        "support-margins",
        p,
        f"Mirror descent with ‖w‖_{p:g}^{p:g}: the support vectors' margins to o(1)",
        f"Support vectors' margins are log t - ({p:g}-2) log log t - log(n ({p:g}-1) α_i) + o(1).",
        Limit(0.01, LAW),
        SupportMargins(p, END),
        Twin("no log log t", quantity=SupportMargins(p, END, slower=0.0), shrink=False),
        Twin("the L2 margin's multipliers", quantity=SupportMargins(p, END, other=2.0), shrink=False),
    )


CLAIMS = (
    direction(1.5),
    direction(3.0),
    margins(1.5),
    margins(3.0),
    pull("pulled-direction", 1.5, "the direction comes", PowerDirection(1.5, LONGER)),
    pull("pulled-gap", 1.25, "the margin's gap falls", MirrorGap(power(1.25), "l1.25", LONGER)),
)
