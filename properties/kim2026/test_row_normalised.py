"""Row-normalised descent maximises the margin in the row norm, the largest L2 norm of a row of the weights.

Setting: separable data with n points and k classes, mean exponential loss `L = 1/n Σ_i Σ_{c ≠ y_i} exp(-z_ic)`, steps
`η_t = 0.1 (t + 1)^-1/2`, `W_0 = 0`; B the largest dual norm of a margin's gradient.
Algorithm: `W ← W - η_t D`, each row of D that of the gradient divided by its L2 norm: steepest descent in the row norm.
Claim: the row-norm margin's gap is at most `(½ B² Σ η_s² + ln(n (k - 1))) / Σ η_s` once the margin is not negative.
Reference: Kim, Song, Yun (2026), B.13 (row normalisation), B.6 for any norm; the explicit bound is derived as that of
other norms, see Fan, Schmidt, Thrampoulidis (2025): log L falls by `γ η - ½ B² η²` or more in a step.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import KIM_2026
from solvers.grouped import grouped
from verify import Bound, Dataset, Read, Twin, strategies
from verify.optimizers import PowerDecay, steepest_descent
from verify.problems.margins.gap import Gap
from verify.problems.quantity import Measurement

ROW, COLUMN = grouped("row", "max"), grouped("column", "max")
STEPS, SHORT = PowerDecay(0.1, 1 / 2), PowerDecay(0.01, 1 / 2)


def explicit(schedule: PowerDecay, terms: float = 1.0):
    def bound(m: Measurement) -> np.ndarray:
        steps = np.asarray(schedule(np.arange(round(m.time[-1]))))
        taken = np.round(m.time).astype(int) - 1
        first, second = np.cumsum(steps)[taken], np.cumsum(steps**2)[taken]
        count = np.array([[len(s.margin_vectors)] for s in m.data])  # n (k - 1)
        found = (m.radius(ROW) ** 2 * second / 2 + terms * np.log(count)) / first
        return np.where(m.values > m.margin, np.inf, found)  # a gap above γ is a negative margin: nothing is said

    return bound


@st.composite
def between(draw: st.DrawFn) -> Dataset:
    """A short point between two long ones, each of a class: other descents end above the bound on them."""
    angles = np.pi / 12 * (draw(st.integers(0, 23)) + np.array([0, 7, 14]))
    x = np.array([2.0, 1.0, 2.0])[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Dataset(x, np.array(draw(st.permutations(range(3)))), "between")


def drawn() -> st.SearchStrategy[Dataset]:
    return st.one_of(strategies.multiclass(max_classes=3, max_points=8, max_features=4), between())


CLAIM = KIM_2026.claim(
    "row-normalised",
    "B.13, exponential loss",
    "Row-normalised descent's gap in the row norm is below an explicit bound",
    "Descent along normalised rows: where the margin is ≥ 0 its gap in the row norm is ≤ (½B²Ση² + ln n(k-1))/Ση.",
    read=Read.DERIVED,
    kind=Bound(explicit(STEPS), "(½ B² Σ η² + ln n(k-1))/Σ η"),
    problem=drawn,
    optimizer=steepest_descent(STEPS, ROW),
    optimizer_text="row-normalised descent, η = 0.1 (t+1)^-1/2",
    loss="exponential",
    norm=ROW,
    quantity=Gap(relative=False),
    twins=(
        Twin(
            "no ln n(k-1) (short steps)",
            kind=Bound(explicit(SHORT, 0.0), "½ B² Σ η² / Σ η"),
            optimizer=steepest_descent(SHORT, ROW),
            shrink=False,
        ),
        Twin("columns for rows", optimizer=steepest_descent(STEPS, COLUMN), shrink=False),
        Twin("normalised GD for rows", optimizer=steepest_descent(STEPS, "l2"), shrink=False),
    ),
    real=("wine:standardise",),
    share=1 / 8,
    horizon=-0.5,  # at which other descents' gaps are above the bound
)
