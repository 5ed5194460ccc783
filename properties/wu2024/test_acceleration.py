"""Steps that grow with their number give a loss of 1/T², where a loss that never rises gives 1/T.

Setting: separable binary data with n points `‖x_i‖ ≤ 1` and maximal L2 margin γ; L the mean logistic loss. For the
lower bound the two points `(γ, √(1-γ²))` and `(γ, -√(1-γ²)/2)`, γ < 0.1.
Algorithm: `w ← w - η ∇L(w)` from `w_0 = 0` with constant η.
Claim: with `T ≥ 120 max{e, n}/γ²` steps of the size `η = γ² T/120`, `L(w_T) ≤ 480 ln²(γ⁴ T²) / (γ⁴ T²)`. On the two
points any η whose loss never rises has `L(w_t) ≥ c/t`, c independent of η: over all such η the least loss falls like
1/t and not faster. With steps of 1 the average loss of the first t steps is `O(log² t / t)`.
Reference: Wu, Bartlett, Telgarsky, Yu (2024), Corollary 2 and Theorem 3; the average is that of Theorem 1.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import WU_2024
from verify import Bound, Dataset, Promise, Rate, Read, Tight, Twin, laws, strategies
from verify.problems.margins.descents import AverageLoss, Inequality, LeastLoss
from verify.runs.descent import ByData, Constant, Descent, Path

TIMES = (500, 1000, 2000)
# A margin of a thousandth of the radius would need millions of steps.
EASY = tuple(name for name in strategies.FLAVOURS if name != "tiny_margin")


def size(steps: int, share: float = 1.0):
    return ByData(lambda gamma, n: share * gamma**2 * steps / 120)


METHODS = tuple(Descent(size(steps), TIMES[-1]) for steps in TIMES)


def at_the_end(path: Path, power: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Silent but at the step T for which η is meant, and there where T is too short."""
    meant = np.round(120 * path.eta / path.gamma**2)
    says = (path.t == meant) & (meant >= 120 * np.maximum(np.e, path.count) / path.gamma**2)
    scale = path.gamma**2 * path.t
    bound = 480 * np.log(scale**2) ** 2 / scale**power
    return np.exp(path.log_loss(path.weights))[:, 1:], np.where(says, bound, np.inf)


ACCELERATED = WU_2024.claim(
    "accelerated",
    "Corollary 2",
    "Steps of γ² T/120: the loss after T steps is at most 480 ln²(γ⁴T²)/(γ⁴T²)",
    "Gradient descent with T ≥ 120 max{e, n}/γ² steps of the size γ² T/120 ends at L ≤ 480 ln²(γ⁴T²)/(γ⁴T²).",
    read=Read.PAPER,
    kind=Bound(lambda m: m.larger_side, "480 ln²(γ⁴T²)/(γ⁴T²)"),
    problem=lambda: strategies.binary(unit_rows=True, max_points=2, flavours=["integers", "gaussian"]),
    optimizer_text="gradient descent from zero, η = γ² T/120 for T of 500 to 2000",
    loss="logistic",
    quantity=Inequality("loss after T steps", at_the_end, METHODS),
    twins=(
        Twin(
            "the rate T⁻⁴",
            quantity=Inequality("loss after T steps", lambda p: at_the_end(p, 4.0), METHODS),
            shrink=False,
        ),
    ),
    share=1 / 4,
)


@st.composite
def two_points(draw: st.DrawFn) -> Dataset:
    gamma = draw(st.integers(50, 99)) / 1000
    up = np.sqrt(1 - gamma**2)
    return Dataset(np.array([[gamma, up], [gamma, -up / 2]]), np.array([1, 1]), "two points")


METHODS_THAT_MAY_RISE = tuple(Descent(Constant(eta), 2000) for eta in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 100.0, 1e4))
NEVER_RISES = WU_2024.claim(
    "lower-bound",
    "Theorem 3",
    "A loss that never rises is at least c/t on two points",
    "On two points, over constant steps whose loss never rises, the least loss at t falls like 1/t, and no faster.",
    read=Read.PAPER,
    promise=Promise.LOWER,
    kind=Tight(laws.power(1), share=0.5),
    problem=two_points,
    optimizer_text="gradient descent from zero, constant steps from 0.5 to 10 000, where the loss never rises",
    loss="logistic",
    quantity=LeastLoss(METHODS_THAT_MAY_RISE),
    twins=(
        Twin("no faster than t^-1/2", kind=Tight(laws.power(1 / 2), share=0.5), shrink=False),
        Twin("as fast as t^-3/2", kind=Rate(laws.power(3 / 2)), shrink=False),
    ),
    share=1 / 4,
)

SMALL = AverageLoss(Descent(Constant(1.0), 2000))
AVERAGE_RATE = WU_2024.claim(
    "average-rate",
    "Theorem 1, for small steps",
    "Steps of 1: the average loss is O(log² t / t)",
    "Gradient descent with steps of 1: the average loss of t steps is O(log² t / t).",
    read=Read.PAPER,
    kind=Rate(laws.power(1, log=2)),
    problem=lambda: strategies.binary(unit_rows=True, flavours=EASY),
    optimizer_text="gradient descent from zero, η = 1",
    loss="logistic",
    quantity=SMALL,
    twins=(Twin("t^-3/2", kind=Rate(laws.power(3 / 2)), shrink=False),),
    share=1 / 4,
)

CLAIMS = (ACCELERATED, NEVER_RISES, AVERAGE_RATE)
