"""AdaGrad maximises the margin over an L2 norm that its own conditioner weighs.

Setting: separable binary data, mean logistic loss, a small constant step size η, ε ≥ 0 inside the root.
Algorithm: `v ← v + g²`, `h = 1 / √(v + ε)`, `w ← w - η h g`.
Claim: `h → h_∞` with positive entries, and `w/‖w‖` goes to the direction of
`argmin ‖h_∞^-1/2 ⊙ w‖₂  s.t.  y_i ⟨x_i, w⟩ ≥ 1`. On a single point x it goes to `sign(x)`, and h is proportional to
`1/|x|`. Where the max-margin vector a has no zero entry, and all feasible w obey `a_j (w_j - a_j) ≥ 0`, AdaGrad goes to
the direction of a, as gradient descent does. Along the flow `L(w) + 2η Σ_j √(v_j + ε)` stays as it is.
Reference: Qian, Qian (2019), on AdaGrad's direction, its stability and one point, read in the authors' slides. They
have limits alone, and one point in the plane: the rate `1/log t` is that of gradient descent in the coordinates
`h_∞^-1/2 w`, and that one point's directions hold at every step is derived. So is what the flow keeps: both terms
change by `η Σ_j g_j² / √(v_j + ε)` a time, with opposite signs.
"""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from properties.papers import QIAN_2019
from verify import Bound, Limit, Promise, Rate, Read, Twin, laws, strategies
from verify.datasets import Dataset
from verify.flows.dynamics import AdaGrad, GradientDescent
from verify.problems.margins.conditioner import Conditioned, Energy, Settling, Spread

MARGIN = QIAN_2019.claim(
    "adagrad",
    "on AdaGrad's direction",
    "AdaGrad maximises the margin over its conditioner's norm",
    "AdaGrad: the gap to the maximal margin over ‖h_∞^-1/2 ⊙ w‖₂ ≤ 1 is O(1/log t).",
    read=Read.DERIVED,
    kind=Rate(laws.inverse_log()),
    problem=strategies.binary,
    flow=AdaGrad(0.5),
    optimizer_text="AdaGrad(ε=0), η = 0.5; its flow in log t, sum of squares included, after the first steps",
    loss="logistic",
    quantity=Conditioned(),
    twins=(
        Twin("the unweighted L2 norm", quantity=Conditioned(power=0.0), shrink=False),
        Twin("h^-1 for h^-1/2", quantity=Conditioned(power=-1.0), shrink=False),
        Twin("h^+1/2 for h^-1/2", quantity=Conditioned(power=0.5), shrink=False),
        Twin("the faster rate (log t)^-3/2", kind=Rate(laws.inverse_log().faster(0.5)), shrink=False),
    ),
    real=("iris:0-vs-rest",),
)

SETTLED = QIAN_2019.claim(
    "conditioner",
    "on AdaGrad's conditioner",
    "AdaGrad's conditioner converges",
    "AdaGrad: h tends to a vector of positive entries, so its change from log t / 10 to log t tends to 0.",
    read=Read.SECONDARY,
    kind=Limit(1e-6, laws.inverse_log()),
    problem=strategies.binary,
    subject=MARGIN.subject,
    quantity=Settling(),
    twins=(Twin("a limit with equal entries", quantity=Settling(isotropic=True), shrink=False),),
    real=("iris:0-vs-rest",),
)


@st.composite
def stable(draw) -> Dataset:
    """Points `x_i` that are the rows of `U^-1 diag(signs)`, `U >= 0` unit upper triangular: `w` is feasible where
    `signs * w = U (1 + u)` with `u >= 0`, so that `a = signs * U 1`, the least in every entry-wise norm. U^-1 holds
    integers.
    """
    d = draw(st.integers(2, 6))
    above = draw(st.lists(st.integers(0, 2), min_size=d * (d - 1) // 2, max_size=d * (d - 1) // 2))
    upper = np.eye(d)
    upper[np.triu_indices(d, 1)] = above
    signs = np.array(draw(st.lists(st.sampled_from([1, -1]), min_size=d, max_size=d)))
    y = np.array(draw(st.lists(st.sampled_from([1, -1]), min_size=d, max_size=d)))
    return Dataset(y[:, None] * np.round(np.linalg.inv(upper)) * signs, y, name="stable")


STABLE = QIAN_2019.claim(
    "stable",
    "on stability",
    "AdaGrad's direction where no weighing can change it",
    "AdaGrad on stable data: the unweighted L2 margin's gap to the maximum is O(1/log t), as under GD.",
    read=Read.DERIVED,
    kind=Rate(laws.inverse_log()),
    problem=stable,
    subject=MARGIN.subject,
    norm="l2",
    twins=(Twin("the faster rate (log t)^-3/2", kind=Rate(laws.inverse_log().faster(0.5)), shrink=False),),
    share=0.25,
)

# Exact at every step, up to rounding: the ratios of the gradient's entries never change.
POINT = QIAN_2019.claim(
    "single-point",
    "example of one point",
    "AdaGrad on a single point goes to its signs",
    "AdaGrad with ε = 0 on a single point x: w is proportional to sign(x) at every step.",
    read=Read.DERIVED,
    promise=Promise.TIGHT,
    kind=Bound.constant(1e-9, "1e-9"),
    problem=lambda: strategies.binary(flavours=("single",)),
    subject=MARGIN.subject,
    quantity=Spread(),
    twins=(
        Twin("gradient descent for AdaGrad", flow=GradientDescent(), shrink=False),
        Twin("ε = 1 for ε = 0", flow=AdaGrad(0.5, 1.0), shrink=False),
    ),
    share=0.25,
)

CONDITIONER = replace(
    POINT,
    id="qian2019/single-point-conditioner",
    title="AdaGrad's conditioner on a single point",
    statement="AdaGrad with ε = 0 on a single point x: h is proportional to 1/|x| at every step.",
    quantity=Spread(conditioned=True),
    twins=POINT.twins[1:],
)

ENERGY = QIAN_2019.claim(
    "energy",
    "on AdaGrad's flow, what it keeps",
    "AdaGrad's flow keeps L + 2η Σ √v",
    "AdaGrad's flow: L(w) + 2η Σ_j √(v_j + ε) is the same at all times, so that √v grows by what the loss falls.",
    read=Read.DERIVED,
    promise=Promise.TIGHT,
    kind=Bound.constant(1e-3, "a thousandth of the loss at the hand-over"),
    problem=strategies.binary,
    subject=MARGIN.subject,
    quantity=Energy(),
    twins=(
        Twin("η for 2η", quantity=Energy(1.0), shrink=False),
        Twin("L alone", quantity=Energy(0.0), shrink=False),
    ),
    real=("iris:0-vs-rest",),
    share=0.5,
)

CLAIMS = MARGIN, SETTLED, STABLE, POINT, CONDITIONER, ENERGY
