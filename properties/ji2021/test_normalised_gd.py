"""Normalised gradient descent reaches the L2 margin at the rate 1/t, with explicit constants.

Setting: separable binary data with `‖x_i‖ ≤ 1`, exponential loss L.
Algorithm: `w_{t+1} = w_t - ∇L(w_t) / L(w_t)` from `w_0 = 0`: gradient descent on `log L` with unit steps.
Claim: `γ - min_i y_i ⟨x_i, w_t⟩ / ‖w_t‖ ≤ (1 + ln n) / (γ t)` for every t ≥ 1.
Reference: Ji, Telgarsky (2021), the primal-dual rate for the exponential loss; constants in a safe form.
"""

import numpy as np

from properties.papers import JI_2021
from verify import Bound, Claim, Twin, optimizers, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.gap import Gap
from verify.problems.quantity import Measurement


def bound(m: Measurement) -> np.ndarray:
    return (1 + np.log(m.n)) / (m.margin * m.time)


CLAIM = Claim(
    id="ji2021/normalised-gd",
    title="Normalised GD: gap at most (1 + ln n)/(γ t)",
    statement="With unit steps on log L and ‖x‖ ≤ 1, the L2 margin's gap is at most (1 + ln n)/(γ t) at every step.",
    source="Ji, Telgarsky 2021",
    paper=JI_2021,
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
    prepare=scaled_to_unit_rows,
    real=("iris:0-vs-rest",),
)


def test_normalised_gd(theorem):
    theorem(CLAIM)
