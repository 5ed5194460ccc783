"""On reshuffled mini-batches normalised gradient descent maximises the L2 margin with any momentum, and without it not.

Setting: separable data, mean logistic loss, `W_0 = 0`, steps `η_t = 0.1 (t + 1)^-1/2`, batches of one point in a new
random order every epoch.
Algorithm: `w ← w - η_t M / ‖M‖`, `M ← β M + (1 - β) ∇ℓ_i(w)`, with β = 0.5 and 0.1.
Claim: the normalised L2 margin tends to the maximal one, as far as the direction converges; without momentum, β = 0, it
does not. In `M = -Σ a_i z_i` every point has been within the last two epochs, so that its weight is at least `β^{2m}`
times its loss's slope. Of a point whose margin exceeds the least one by a share of ‖w‖ the slope is exponentially
smaller than that of a point k at the least margin, while `‖M‖ ≥ γ a_k`: it adds nothing to the limit. So this is along
`Σ c_i z_i` with `c_i ≥ 0`, and zero where the margin is not the least: the condition of Karush, Kuhn and Tucker for the
maximal L2 margin. With β = 0 a step along a point that is right by far is as long as any other. Of other norms none of
this is true: Signum's steps are no combinations of points, and β = 0.5 does not suffice there.
Reference: this program, 2026.
"""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from properties.kim2026.test_reshuffled_margin import Shortfall
from properties.papers import OURS
from verify import Dataset, Limit, Read, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

STEPS = PowerDecay(0.1, 1 / 2)
MODERATE = tuple(name for name in strategies.FLAVOURS if not name.startswith("tiny"))


ALONG, ACROSS = np.array([[2, 3, 6], [3, -6, 2]]) / 7  # of length 1, orthogonal


@st.composite
def lopsided(draw: st.DrawFn) -> Dataset:
    """Two or three times one unit vector and once another, which without momentum counts for less than half.

    The L2 maximiser is `ALONG`, which reaches four fifths of the maximal L-infinity margin.
    """
    half, many = np.pi / 36 * draw(st.integers(6, 9)), draw(st.integers(2, 3))
    sides = np.array([1] * many + [-1])[:, None]
    x = np.cos(half) * ALONG + np.sin(half) * sides * ACROSS
    signs = np.array(draw(st.tuples(*[st.sampled_from((1, -1))] * 3)))
    return Dataset(signs * x[:, draw(st.permutations(range(3)))], np.ones(many + 1, int), "lopsided")


HALF = OURS.claim(
    "any-momentum",
    "on reshuffled batches",
    "Normalised GD with β = 0.5 on single points goes to the L2 margin",
    "Normalised GD, any β > 0, reshuffled batches: where the direction converges the L2 margin tends to the maximal.",
    read=Read.DERIVED,
    kind=Limit(tolerance=0.1, law=laws.power(1 / 2)),
    quantity=Shortfall(lambda m, norm: m.margin, "relative gap"),
    problem=lambda: st.one_of(strategies.binary(max_points=4, max_features=4, flavours=MODERATE), lopsided()),
    optimizer=optimizers.steepest_descent(STEPS, "l2", b1=0.5),
    optimizer_text="normalised GD with β = 0.5 on single points, reshuffled, η = 0.1 (t+1)^-1/2",
    loss="logistic",
    norm="l2",
    sampling="reshuffled",
    batch=1,
    share=1 / 4,
    twins=(
        Twin("no momentum", optimizer=optimizers.normalised_gd(STEPS)),
        Twin("L-infinity margin for L2 margin", norm="linf"),
    ),
)

CLAIMS = (
    HALF,
    replace(
        HALF,
        id="ours/little-momentum",
        title="The same with β = 0.1",
        statement="Normalised GD, β = 0.1, reshuffled: if the direction converges the L2 margin tends to the maximal.",
        optimizer=optimizers.steepest_descent(STEPS, "l2", b1=0.1),
        optimizer_text="normalised GD with β = 0.1 on single points, reshuffled, η = 0.1 (t+1)^-1/2",
        twins=HALF.twins[:1],
    ),
)
