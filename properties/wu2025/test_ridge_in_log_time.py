"""Far along its path gradient descent meets the ridge path on some data, and leaves it on others.

Setting: separable binary data, mean logistic loss L, step size η; `u_λ = argmin L + λ ‖u‖²/2`.
Algorithm: `w ← w - η ∇L(w)` with constant stable steps, carried on by its flow in log t.
Claim: where the support vectors all have positive multipliers and span the data, there are λ(t) with
`‖w_t - u_λ(t)‖ → 0`; here `λ(t) = ⟨-∇L(w_t), w_t⟩ / ‖w_t‖²`. On the points (g, 0), (g, g₂) with 0 < g₂ < g < 1 the
distance D_t of w_t to the nearest of all u_λ grows: it is `(1/g₂) ln ln ‖w_t‖ + O(1)`.
Reference: Wu, Bartlett, Telgarsky, Yu (2025), Theorem 5.2 and Theorem 5.3, which has a lower bound `ln ln ‖w_t‖` up to
a constant. The choice of λ and the constant 1/g₂ are derived: for exponential tails the flow keeps
`(g/g₂) (e^{g₂ b}/g₂ + b) - a` of `w_t = (a, b)`, and ridge solutions have `a = (g/g₂) b (1 + e^{g₂ b})`, so that at
the same a the one b is larger than the other by about `ln(b)/g₂`. Beyond the flow's end the distance is that of these
curves.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import WU_2025
from verify import Claim, Dataset, Limit, Promise, Rate, Read, Tight, Twin, laws
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.ridge import RidgeDistance, RidgePathDistance


@st.composite
def spanning(draw: st.DrawFn) -> Dataset:
    """As many points as features, each long in a feature of its own."""
    n = draw(st.integers(2, 3))
    x = np.diag(draw(st.lists(st.integers(6, 9), min_size=n, max_size=n))).astype(float)
    more = np.array(draw(st.lists(st.integers(-2, 2), min_size=n * n, max_size=n * n))).reshape(n, n)
    x = x + more * (1 - np.eye(n))
    y = np.array(draw(st.lists(st.sampled_from([1, -1]), min_size=n, max_size=n)))
    return scaled_to_unit_rows(Dataset(y[:, None] * x, y, "spanning"))


@st.composite
def leaning(draw: st.DrawFn) -> Dataset:
    h = draw(st.integers(4, 16))
    g = draw(st.integers(h + 1, 19))
    return Dataset(np.array([[g, 0.0], [g, h]]) / 20, np.ones(2, int), "leaning")


def claim(name: str, where: str, title: str, statement: str, read: Read, kind, quantity, *twins: Twin, **more) -> Claim:
    return WU_2025.claim(
        name,
        where,
        title,
        statement,
        read=read,
        kind=kind,
        flow=True,
        optimizer_text="gradient descent, constant stable step size; gradient flow in log t after the first steps",
        loss="logistic",
        quantity=quantity,
        twins=twins,
        **more,
    )


CLAIMS = (
    claim(
        "ridge-meets",
        "Theorem 5.2",
        "Early stopping comes to the ridge path where support vectors span the data",
        "Where support vectors span the data, gradient descent's distance to ridge solutions of some λ(t) tends to 0.",
        Read.PAPER,
        Limit(0.01, laws.inverse_log()),
        RidgeDistance(),
        Twin("λ = 1/(η t)", quantity=RidgeDistance(early=True), shrink=False),
        problem=spanning,
        share=1 / 5,
    ),
    claim(
        "ridge-leaves",
        "Theorem 5.3",
        "Early stopping leaves the ridge path like ln ln ‖w‖ on two points",
        "On (g, 0), (g, g₂) the distance to the ridge path is (1/g₂) ln ln ‖w_t‖ + O(1): exp(-g₂ D) is Θ(1/ln ‖w_t‖).",
        Read.DERIVED,
        Tight(laws.power(1)),
        RidgePathDistance(),
        Twin("half as large a distance", kind=Tight(laws.power(1 / 2)), shrink=False),
        Twin("twice as large a distance", kind=Rate(laws.power(2)), shrink=False),
        promise=Promise.TIGHT,
        problem=leaning,
        share=1 / 4,
    ),
)
