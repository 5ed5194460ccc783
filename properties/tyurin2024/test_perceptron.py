"""Gradient descent with a step size that tends to infinity is the batch perceptron, exactly.

Setting: separable binary data with n points `‖x_i‖ ≤ 1`, labels folded in, maximal L2 margin γ; the mean logistic loss.
Algorithm: `w ← w - η ∇L(w)` from `w_0 = 0`, and the batch perceptron: `p ← p + (1/n) Σ_i s_i x_i`, where `s_i` is 1 on
points that p misclassifies, 1/2 where `⟨p, x_i⟩ = 0` and 0 elsewhere.
Claim: `‖w_t / η - p_t‖ ≤ e_t` with `e_1 = 0` and `e_{t+1} = e_t + max_i exp(-η (|⟨p_t, x_i⟩| - e_t))` (at most 1
more), so that without ties it vanishes as η grows. And the perceptron misclassifies little: the shares of points that
it has on the wrong side, ties counted by half, add up to at most `1/γ²` over all steps.
Reference: Tyurin (2024), of which the abstract was read; the bounds are derived: `|σ(-z) - 1[z < 0]| ≤ e^{-|z|}`, and
for the shares `m_t`: `γ Σ m ≤ ⟨p, w*⟩ ≤ ‖p‖ ≤ √(Σ m²)`, since a step never points along p.
"""

import numpy as np

from properties.papers import TYURIN_2024
from verify import Bound, Claim, Read, Twin, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import Inequality
from verify.runs.descent import Constant, Descent, Path

LENGTH = 300
PERCEPTRON = Descent(Constant(1.0), LENGTH, "perceptron")
METHODS = tuple(Descent(Constant(eta), LENGTH) for eta in (10.0, 1e3, 1e5))
_ROUNDING = 4 * np.finfo(float).eps  # of a step's weights, which are of size 1 or so


def distance(path: Path, ties: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """How far `w_t / η` is from the perceptron that counts ties by `ties / 2`, and what it may be."""
    p = path.again(PERCEPTRON).weights
    p = p - (1 - ties) * p[:, 1:2]
    p[:, 0] = 0.0
    least = np.abs(np.where(path.absent[:, None, :], np.inf, path.margins(p))).min(axis=2)
    eta, error = path.eta[:, 0], np.zeros(path.log_steps.shape)
    for t in range(1, len(path.log_steps[0])):
        more = np.exp(np.minimum(-eta * (least[:, t] - error[:, t - 1]), 0.0))
        error[:, t] = error[:, t - 1] + more
    away = np.linalg.norm(path.weights / eta[:, None, None] - p, axis=2)[:, 1:]
    return away, error + _ROUNDING * path.t


def shares(path: Path, power: float = 2.0, factor: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The summed shares of misclassified points, and their bound."""
    wrong = np.exp(path.log_slope(path.weights))[:, :-1]
    return np.cumsum(wrong, axis=1), factor / path.gamma**power + 0 * path.t


def claim(name: str, title: str, statement: str, quantity: Inequality, text: str, *twins: Twin) -> Claim:
    return TYURIN_2024.claim(
        name,
        "on step sizes that tend to infinity",
        title,
        statement,
        read=Read.DERIVED,
        kind=Bound(lambda m: m.larger_side, text),
        problem=lambda: strategies.binary(unit_rows=True),
        optimizer_text="gradient descent from zero, steps η of 10, 1000 and 100 000",
        loss="logistic",
        quantity=quantity,
        twins=twins,
        real=("iris:0-vs-rest",),
        prepare=scaled_to_unit_rows,
        share=1 / 4,
    )


def along(sides, methods: tuple[Descent, ...] = METHODS) -> Inequality:
    return Inequality("distance of w_t/η to the perceptron", sides, methods)


def summed(*wrong: float) -> Inequality:
    return Inequality("summed share of misclassified points", lambda p: shares(p, *wrong), (PERCEPTRON,))


CLAIMS = (
    claim(
        "gradient-descent",
        "Gradient descent of infinite step size is the batch perceptron",
        "w_t/η is within e_t of the batch perceptron, a bound that vanishes as η grows where no point ties.",
        along(distance),
        "e_t",
        Twin("ties count nothing", quantity=along(lambda p: distance(p, ties=0.0))),
        Twin("ties count in full", quantity=along(lambda p: distance(p, ties=2.0)), shrink=False),
    ),
    claim(
        "mistakes",
        "The batch perceptron's mistakes: their shares add up to at most 1/γ²",
        "Over all steps of the batch perceptron the shares of misclassified points add up to at most 1/γ².",
        summed(),
        "1/γ²",
        Twin("a quarter of it", quantity=summed(2.0, 0.25), shrink=False),
    ),
)
