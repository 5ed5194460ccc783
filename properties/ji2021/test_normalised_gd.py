"""Normalised gradient descent reaches the L2 margin at the rate 1/t, with explicit constants.

Setting: separable binary data with n points `‖x_i‖ ≤ 1`, the mean exponential loss L.
Algorithm: `w_{t+1} = w_t - ∇L(w_t) / L(w_t)` from `w_0 = 0`: gradient descent on `log L` with unit steps.
Claim: `γ - min_i y_i ⟨x_i, w_t⟩ / ‖w_t‖ ≤ (1 + ln n) / (γ t)` for every t ≥ 1.
Reference: Ji, Telgarsky (2021), Theorem 7, of which this is the case of unit steps: for any steps `η̂_j / L(w_j)`,
`η̂_j ≤ 1` never rising, `Σ η̂_j` stands for t. It bounds already what `-log (n L(w_t)) / ‖w_t‖`, which is below the
margin, falls short by; Theorems 8 and 10 have lower bounds that match it in n and t.
"""

import numpy as np

from properties.papers import JI_2021
from verify import Bound, Read, Twin, optimizers, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.gap import Gap
from verify.problems.quantity import Measurement


def bound(m: Measurement) -> np.ndarray:
    return (1 + np.log(m.n)) / (m.margin * m.time)


CLAIM = JI_2021.claim(
    "normalised-gd",
    "Theorem 7",
    "Normalised GD: gap at most (1 + ln n)/(γ t)",
    "With unit steps on log L and ‖x‖ ≤ 1, the L2 margin's gap is at most (1 + ln n)/(γ t) at every step.",
    read=Read.PAPER,
    kind=Bound(bound, "(1 + ln n)/(γ t)"),
    problem=lambda: strategies.binary(unit_rows=True),
    optimizer=optimizers.gradient_descent(1.0),
    optimizer_text="gradient descent with unit steps on the log of the mean exponential loss",
    loss="log_exponential",
    norm="l2",
    quantity=Gap(relative=False),
    twins=(
        Twin("the accelerated rate 1/t²", kind=Bound(lambda m: bound(m) / m.time, "(1 + ln n)/(γ t²)")),
        Twin("L-infinity margin for L2 margin", norm="linf"),
    ),
    real=("iris:0-vs-rest",),
    prepare=scaled_to_unit_rows,
)
