"""AdaGrad maximises the margin over an L2 norm that its own conditioner weighs.

Setting: separable binary data, mean logistic loss, a small constant step size η, ε ≥ 0 inside the root.
Algorithm: `v ← v + g²`, `h = 1 / √(v + ε)`, `w ← w - η h g`.
Claim: `h → h_∞` with positive entries, and `w/‖w‖` goes to the direction of
`argmin ‖h_∞^-1/2 ⊙ w‖₂  s.t.  y_i ⟨x_i, w⟩ ≥ 1`. On a single point x it goes to `sign(x)`, and h is proportional to
`1/|x|`. Where the max-margin vector a has no zero entry, and all feasible w obey `a_j (w_j - a_j) ≥ 0`, AdaGrad goes to
the direction of a, as gradient descent does.
Reference: Qian, Qian (2019), on AdaGrad's direction, its stability and one point, as commonly stated; the rate
`1/log t` is that of gradient descent in the coordinates `h_∞^-1/2 w`.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st

from properties.papers import QIAN_2019
from verify import Bound, Claim, Limit, Rate, Twin, laws, strategies
from verify.datasets import Dataset
from verify.flows.dynamics import AdaGrad, GradientDescent
from verify.problems.margins.conditioner import Conditioned, Settling, Spread
from verify.problems.margins.gap import Gap

ADAGRAD = AdaGrad(0.5)

MARGIN = Claim(
    id="qian2019/adagrad",
    title="AdaGrad maximises the margin over its conditioner's norm",
    statement="AdaGrad: the gap to the maximal margin over ‖h_∞^-1/2 ⊙ w‖₂ ≤ 1 is O(1/log t).",
    source="Qian, Qian 2019, on AdaGrad's direction",
    paper=QIAN_2019,
    kind=Rate(laws.inverse_log()),
    problem=strategies.binary,
    optimizer=ADAGRAD.optimizer,
    optimizer_text="AdaGrad(ε=0), η = 0.5; its flow in log t, sum of squares included, after the first steps",
    loss="logistic",
    norm="l2",
    quantity=Conditioned(),
    flow=ADAGRAD,
    twins=(
        Twin("the unweighted L2 norm", quantity=Conditioned(power=0.0), shrink=False),
        Twin("h^-1 for h^-1/2", quantity=Conditioned(power=-1.0), shrink=False),
        Twin("h^+1/2 for h^-1/2", quantity=Conditioned(power=0.5), shrink=False),
        Twin("the faster rate (log t)^-3/2", kind=Rate(laws.inverse_log().faster(0.5)), shrink=False),
    ),
    real=("iris:0-vs-rest",),
)

# Exact at every step, up to rounding: the ratios of the gradient's entries never change.
POINT = replace(
    MARGIN,
    id="qian2019/single-point",
    title="AdaGrad on a single point goes to its signs",
    statement="AdaGrad with ε = 0 on a single point x: w is proportional to sign(x) at every step.",
    source="Qian, Qian 2019, example of one point",
    kind=Bound(lambda m: 1e-9 + 0 * m.values, "1e-9"),
    problem=lambda: strategies.binary(flavours=("single",)),
    quantity=Spread(),
    twins=(
        Twin(
            "gradient descent for AdaGrad", optimizer=GradientDescent().optimizer, flow=GradientDescent(), shrink=False
        ),
        Twin("ε = 1 for ε = 0", optimizer=AdaGrad(0.5, 1.0).optimizer, flow=AdaGrad(0.5, 1.0), shrink=False),
    ),
    real=(),
    share=0.25,
)

CONDITIONER = replace(
    POINT,
    id="qian2019/single-point-conditioner",
    title="AdaGrad's conditioner on a single point",
    statement="AdaGrad with ε = 0 on a single point x: h is proportional to 1/|x| at every step.",
    quantity=Spread(conditioned=True),
    twins=(Twin("ε = 1 for ε = 0", optimizer=AdaGrad(0.5, 1.0).optimizer, flow=AdaGrad(0.5, 1.0), shrink=False),),
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


STABLE = replace(
    MARGIN,
    id="qian2019/stable",
    title="AdaGrad's direction where no weighing can change it",
    statement="AdaGrad on stable data: the unweighted L2 margin's gap to the maximum is O(1/log t), as under GD.",
    source="Qian, Qian 2019, on stability",
    problem=stable,
    quantity=Gap(),
    twins=(Twin("the faster rate (log t)^-3/2", kind=Rate(laws.inverse_log().faster(0.5)), shrink=False),),
    real=(),
    share=0.25,
)

SETTLED = replace(
    MARGIN,
    id="qian2019/conditioner",
    title="AdaGrad's conditioner converges",
    statement="AdaGrad: h tends to a vector of positive entries, so its change from log t / 10 to log t tends to 0.",
    source="Qian, Qian 2019, on AdaGrad's conditioner",
    kind=Limit(1e-6, laws.inverse_log()),
    quantity=Settling(),
    twins=(Twin("a limit with equal entries", quantity=Settling(isotropic=True), shrink=False),),
)

CLAIMS = MARGIN, SETTLED, STABLE, POINT, CONDITIONER


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_adagrad(theorem, claim):
    theorem(claim)
