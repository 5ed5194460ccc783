"""With a certain momentum the L2 margin's gap falls like log t / t², explicitly.

Setting: separable binary data with n points `‖x_i‖ ≤ 1`, maximal L2 margin γ, mean exponential loss L.
Algorithm: `g ← t/(t+1) (g + ∇L(w)/L(w))`, `w ← w - g - ∇L(w)/L(w)`, t = 0, 1, ..., from `w_0 = g = 0`.
Claim: `γ - min_i y_i ⟨x_i, w_t⟩ / ‖w_t‖ ≤ 4 (1 + ln n) (1 + 2 ln(t + 1)) / (γ (t + 1)²)` at every step.
Reference: Ji, Srebro, Telgarsky (2021), on the rate O(ln t / t²) by accelerating the dual problem; the constants are as
commonly stated, and were not read in the paper.
"""

import numpy as np

from properties.papers import JI_2021B
from verify import Bound, Read, Twin, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import Inequality
from verify.runs.descent import Descent, OverLoss, Path

LENGTH = 500


def memory(t: int) -> float:
    return t / (t + 1)


def gap(path: Path, power: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    w = path.weights[:, 1:]
    reached = path.margins(w).min(axis=2) / np.linalg.norm(w, axis=2)
    later = path.t + 1
    return path.gamma - reached, 4 * (1 + np.log(path.count)) * (1 + 2 * np.log(later)) / (path.gamma * later**power)


def along(sides, kept=memory) -> Inequality:
    return Inequality("gap", sides, (Descent(OverLoss(1.0), LENGTH, "exponential", kept),))


CLAIM = JI_2021B.claim(
    "dual-acceleration",
    "the accelerated rate",
    "Dual acceleration: gap at most 4 (1 + ln n)(1 + 2 ln(t+1))/(γ (t+1)²)",
    "With momentum t/(t+1) on log L the L2 margin's gap is at most 4 (1 + ln n)(1 + 2 ln(t+1))/(γ (t+1)²).",
    read=Read.STATED,
    kind=Bound(lambda m: m.larger_side, "4 (1 + ln n)(1 + 2 ln(t+1))/(γ (t+1)²)"),
    problem=lambda: strategies.binary(unit_rows=True),
    optimizer_text="gradient descent on log L with the momentum t/(t+1), unit steps",
    loss="exponential",
    quantity=along(gap),
    twins=(
        Twin("no momentum", quantity=along(gap, None), shrink=False),
        Twin("t⁴ for t²", quantity=along(lambda p: gap(p, 4.0)), shrink=False),
    ),
    real=("iris:0-vs-rest",),
    prepare=scaled_to_unit_rows,
    share=1 / 4,
)
