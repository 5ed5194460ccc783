"""With batch normalisation a linear model gives all points the same margin, faster than any power of t.

Setting: binary data with linearly independent points, here well conditioned ones; mean logistic loss L of
`f_i = g y_i ⟨w, x_i⟩ / ‖w‖_S`, `‖w‖_S² = 1/n Σ ⟨w, x_i⟩²`.
Algorithm: gradient descent on w and g with one constant step η.
Claim: the mean over pairs of `(y_i ⟨w, x_i⟩ - y_j ⟨w, x_j⟩)² / ‖w‖_S²` is `exp(-Ω(log² t))`; L is `Θ(1/(η t))`.
Reference: Cao, Zou, Li, Gu (2023), the theorem on linear models: `exp(-C' log²(8/9 η (t - t_0) + 1))`, C' unnamed.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import CAO_2023
from verify import Dataset, Decay, Rate, Read, Tight, Twin, laws
from verify.problems.margins.batch_norm import BatchNormDescent, Discrepancy, NormalisedLoss

METHOD = BatchNormDescent(1.0, 5000, size=3.0)
PLAIN = BatchNormDescent(1.0, 5000, size=3.0, normalised=False)


@st.composite
def independent(draw: st.DrawFn) -> Dataset:
    """Points with a feature of their own each, which the others do not have, and features that they share."""
    n, shared = draw(st.integers(2, 4)), draw(st.integers(1, 2))
    own = np.diag(draw(st.lists(st.integers(2, 4), min_size=n, max_size=n)))
    row = st.tuples(*[st.integers(-1, 1)] * shared)
    x = np.c_[own, draw(st.lists(row, min_size=n, max_size=n))].astype(float)
    x = x / np.linalg.norm(x, axis=1).max()
    return Dataset(x, np.array(draw(st.lists(st.sampled_from([1, -1]), min_size=n, max_size=n))), "independent")


def claim(name: str, title: str, statement: str, **fields):
    return CAO_2023.claim(
        name,
        "theorem on linear models",
        title,
        statement,
        read=Read.PAPER,
        problem=independent,
        optimizer_text="gradient descent on a linear model with batch normalisation, η = 1",
        loss="logistic",
        share=1 / 4,
        **fields,
    )


CLAIMS = (
    claim(
        "uniform-margin",
        "Batch normalisation: the margins' discrepancy is exp(-Ω(log² t))",
        "Gradient descent on a linear model with batch normalisation: the margins' discrepancy is exp(-Ω(log² t)).",
        kind=Decay(laws.log_squared(), resolution=1.0),
        quantity=Discrepancy(METHOD),
        twins=(
            Twin("exp(-c t^1/2)", kind=Decay(laws.exponential(1 / 2)), shrink=False),
            Twin("no batch normalisation", quantity=Discrepancy(PLAIN), shrink=False),
        ),
    ),
    claim(
        "loss",
        "Batch normalisation: the loss is Θ(1/t)",
        "Gradient descent on a linear model with batch normalisation: the loss falls like 1/t, and not faster.",
        kind=Tight(laws.power(1)),
        quantity=NormalisedLoss(METHOD),
        twins=(Twin("t^-3/2", kind=Rate(laws.power(3 / 2)), shrink=False),),
    ),
)
