"""Adam's ε takes over after a power of log(1/ε) steps, and the L2 margin comes after a power of 1/ε steps.

Setting: separable binary data, mean logistic loss, steps `η_t = η (t + 1)^-a` with 1/3 < a < 1: a of 0.4 and 0.7; ε
outside the root, from 1e-2 to 1e-150 (inside the root ε is its square, from 1e-4 to 1e-300). γ is the maximal
L-infinity margin. The data are of one sign in each feature, and their maximisers in the two norms are far apart.
Algorithm: Adam with bias correction, `w ← w - η_t m / (√v + ε)`.
Claim: ε takes over, where the gradient's largest entry has come down to it, after `Θ(log(1/ε)^{1/(1-a)})` steps, when
the L-infinity margin is nearly maximal. The normalised L2 margin is halfway from that of the L-infinity maximiser to
the maximal one only after `ε^{-c/(1-a)}` steps, c independent of a.
Reference: Fan, Szepesvari (2026), of which the abstract was read; "nearly" is taken as a relative gap that tends to 0.
Derived: `log(1/ε)` is γ times the path `Σ η_t` that is travelled till then, so that the steps are
`((1-a) log(1/ε) / (γ η))^{1/(1-a)}`; and in the path a does not appear, which leaves it to `t = S^{1/(1-a)}` alone.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import FAN_2026
from verify import Claim, Dataset, Limit, Order, Promise, Read, Twin, laws
from verify.problems.margins.adam_times import (
    EuclideanScaling,
    FallingAdam,
    InverseLogEuclidean,
    InverseTakeover,
    TakeoverError,
    TakeoverGap,
)

EPS = tuple(float(10**-k) for k in np.geomspace(2, 150, 8))
SLOW, FAST = (FallingAdam(0.05, a, 0.9, 0.95) for a in (0.7, 0.4))
VARIABLE = "1/log(1/ε)"


@st.composite
def uneven(draw: st.DrawFn) -> Dataset:
    """Points whose last entry is the largest, in units in which the maximal L-infinity margin is 1."""
    small = draw(st.integers(1, 2))
    row = st.tuples(*[st.integers(1, 2)] * small, st.integers(5, 9))
    x = np.array(draw(st.lists(row, min_size=1, max_size=3)), float)
    signs = np.array(draw(st.tuples(*[st.sampled_from([1, -1])] * (small + 1))))
    return Dataset(signs * x / x.sum(axis=1).min(), np.ones(len(x), int), "uneven")


def order(low: float, high: float) -> Order:
    return Order(low, high, VARIABLE)


def claim(name: str, title: str, statement: str, read: Read, kind, quantity, *twins: Twin, **fields) -> Claim:
    return FAN_2026.claim(
        name,
        "abstract",
        title,
        statement,
        read=read,
        kind=kind,
        problem=uneven,
        optimizer_text="Adam(β₁=0.9, β₂=0.95), ε from 1e-2 to 1e-150 outside the root, η = 0.05 (t+1)^-a",
        loss="logistic",
        quantity=quantity,
        twins=twins,
        share=1 / 16,
        **fields,
    )


CLAIMS = (
    claim(
        "take-over",
        "Adam's ε takes over after Θ(log(1/ε)^{1/(1-a)}) steps",
        "Adam with steps t^-0.4: ε takes over after Θ(log(1/ε)^{1/(1-a)}) steps, 1/(1-a) = 5/3.",
        Read.SECONDARY,
        order(1.57, 1.77),
        InverseTakeover(FAST, EPS),
        Twin("1/a for 1/(1-a)", kind=order(2.4, 2.6), shrink=False),
    ),
    claim(
        "take-over-step",
        "Adam's ε takes over after ((1-a) log(1/ε)/(γη))^{1/(1-a)} steps",
        "Adam with steps t^-a: the step at which ε takes over over ((1-a) log(1/ε)/(γη))^{1/(1-a)} tends to 1.",
        Read.DERIVED,
        Limit(0.05, laws.power(1)),
        TakeoverError((SLOW, FAST), EPS),
        Twin("ε inside the root for outside", quantity=TakeoverError((FAST,), EPS, root=True), shrink=False),
        Twin("1/a for 1/(1-a)", quantity=TakeoverError((SLOW, FAST), EPS, lambda a: 1 / a), shrink=False),
        promise=Promise.TIGHT,
    ),
    claim(
        "max-norm-margin",
        "The L-infinity margin is nearly maximal when Adam's ε takes over",
        "Adam with steps t^-0.4: the L-infinity margin's relative gap when ε takes over tends to 0 with ε.",
        Read.SECONDARY,
        Limit(0.02, laws.power(1)),
        TakeoverGap(FAST, EPS),
        Twin("the L2 margin", quantity=TakeoverGap(FAST, EPS, "l2"), shrink=False),
    ),
    claim(
        "euclidean-margin",
        "Adam's L2 margin needs ε^-Θ(1) steps",
        "Adam with steps t^-0.4: the log of the step from which on the L2 margin is near is Θ(log(1/ε)).",
        Read.SECONDARY,
        order(0.9, 1.1),
        InverseLogEuclidean(FAST, EPS),
        Twin("Θ(log(1/ε)²)", kind=order(1.9, 2.1), shrink=False),
    ),
    claim(
        "euclidean-exponent",
        "Adam's L2 margin needs ε^(-c/(1-a)) steps, c independent of a",
        "Adam: (1-a) times the log of the step from which on the L2 margin is near is as large for a = 0.4 as for 0.7.",
        Read.DERIVED,
        Limit(0.02, laws.power(1)),
        EuclideanScaling((SLOW, FAST), EPS),
        Twin("a for 1-a", quantity=EuclideanScaling((SLOW, FAST), EPS, lambda a: a), shrink=False),
        promise=Promise.TIGHT,
    ),
)
