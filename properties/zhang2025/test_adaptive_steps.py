"""Large steps that adapt to the loss: the averaged iterate has a loss of exp(-η γ² t / 2), on the exponential loss.

Setting: separable binary data, n points `‖x_i‖ ≤ 1`, maximal L2 margin γ; L the mean of the exponential loss l (or the
logistic one), `φ = -l⁻¹(L)`, which is `log L` for the exponential one. Hard data are `(γ, -γ)` beside n - 1 times
`(γ, √(1-γ²))`.
Algorithm: `w ← w - η ∇φ(w)` from `w_0 = 0`, that is, steps of `η (-l⁻¹)'(L(w))` on the loss, about η/L, η any positive
number; `w̄_t` is the average of the weights before the first t steps.
Claim: for the exponential loss `L(w̄_t) ≤ l((η/2) (γ² t - 1))` at every `t > 1/γ²`. So `w̄_t` separates the data as soon
as `t ≥ 1/γ² + 2 ln n / (η γ²)`, which for large η is `1/γ²`, as many as a perceptron may need. For the mean logistic
loss this fails: on the hard data some point is misclassified by `w_t` up to `n/(16 γ)`, however large η is.
Reference: Zhang, Wu, Lin, Bartlett (2025), the theorem on adaptive steps, read in the authors' slides, where it has
`exp(-Θ(γ² η t))` after `1/γ²` steps, for logistic regression. The constants are derived. With `u = (c + η/(2 γ)) w*`
the part `η/(2 γ)` pays for `‖η ∇φ‖²`, since `‖∇φ‖ ≤ 1` and `⟨-∇φ, w*⟩ ≥ γ ‖∇φ‖²`; φ is convex, so that
`φ(w̄_t) ≤ φ(c w*) + ‖u‖²/(2 η t)`; the best c is `γ η t - η/(2 γ)`. On one point it is an equality. Of the mean logistic
loss φ is not convex: its Hessian in the margins would have to satisfy `mean e^{l_i} ≤ e^{mean l_i}`, against Jensen (of
the summed loss it is convex). While L is above 1 these steps are those of plain gradient descent, for which Crawshaw
and Liu (2026) have the bound `n/(16 γ)`. Whether the paper's conditions exclude such data was not seen.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import ZHANG_2025
from verify import Bound, Claim, Dataset, Promise, Read, Twin, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import FirstPassage, Inequality, average_separated, separated
from verify.runs.descent import Descent, OnMargin, Path

SIZES = (0.1, 1.0, 10.0, 1e3, 1e5)


def methods(loss: str = "exponential", sizes: tuple[float, ...] = SIZES) -> tuple[Descent, ...]:
    return tuple(Descent(OnMargin(eta, loss), 300, loss) for eta in sizes)


@st.composite
def one_against_many(draw: st.DrawFn) -> Dataset:
    gamma, n = draw(st.integers(20, 30)) / 100, draw(st.integers(50, 100))
    x = np.full((n, 2), gamma)
    x[0, 1], x[1:, 1] = -gamma, np.sqrt(1 - gamma**2)
    return Dataset(x, np.ones(n, int), "one against many")


def problem() -> st.SearchStrategy[Dataset]:
    return st.one_of(strategies.binary(unit_rows=True), one_against_many())


def size(path: Path) -> np.ndarray:
    """η, of which the first step is `η (-l⁻¹)'(L(0))`, `[b 1]`."""
    log_loss = path.log_loss(path.weights[:, :1])
    if path.loss == "logistic":
        return np.exp(path.log_steps[:, :1]) * -np.expm1(-np.exp(log_loss))
    return np.exp(path.log_steps[:, :1] + log_loss)


def decay(path: Path, half: float = 0.5, power: float = 2.0, less: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """`(η/2) γ² t` against `l⁻¹(L(w̄_t)) + η/2`: so written rounding is that of the larger terms."""
    eta, enough = size(path), path.gamma**2 * path.t > 1
    reached = path.smoothed(path.average) + half * less * eta
    return half * eta * path.gamma**power * path.t, np.where(enough, reached, np.inf)


def along(*wrong: float, loss: str = "exponential") -> Inequality:
    return Inequality("(η/2) γ² t", lambda p: decay(p, *wrong), methods(loss))


def soon(path: Path, share: float = 1.0) -> np.ndarray:
    # A step at least, so that no share of it is false for being below one.
    return np.maximum(1.0, share * np.ceil((1 + 2 * np.log(path.count) / size(path)) / path.gamma**2))


def first(share: float = 1.0, loss: str = "exponential") -> FirstPassage:
    return FirstPassage(
        "first time that w̄_t separates", average_separated, lambda p: soon(p, share), methods(loss, SIZES[1:])
    )


def late(loss: str = "logistic", factor: float = 1 / 16) -> FirstPassage:
    return FirstPassage(
        "n/(16γ)", separated, lambda p: factor * p.count / p.gamma, methods(loss, (1e3, 1e5)), at_least=True
    )


def claim(name: str, title: str, statement: str, read: Read, *twins: Twin, **fields) -> Claim:
    given = {"loss": "exponential", "problem": problem, "share": 1 / 4} | fields
    return ZHANG_2025.claim(
        name,
        "theorem on adaptive steps",
        title,
        statement,
        read=read,
        optimizer_text="gradient descent on -l⁻¹(L) from zero, steps η from 0.1 to 100 000",
        twins=twins,
        **given,
    )


CLAIMS = (
    claim(
        "averaged-iterate",
        "Adaptive steps, exponential loss: L(w̄_t) ≤ exp(-(η/2)(γ² t - 1))",
        "On the exponential loss with steps η/L, any η: L(w̄_t) ≤ exp(-(η/2)(γ² t - 1)) for every t > 1/γ².",
        Read.DERIVED,
        Twin("the logistic loss", quantity=along(loss="logistic"), shrink=False),
        Twin("γ for γ²", quantity=along(0.5, 1.0)),
        Twin("no -1", quantity=along(0.5, 2.0, 0.0), shrink=False),
        Twin("η for η/2", quantity=along(1.0), shrink=False),
        kind=Bound(lambda m: m.larger_side, "l⁻¹(L(w̄_t)) + η/2"),
        quantity=along(),
        real=("iris:0-vs-rest",),
        prepare=scaled_to_unit_rows,
    ),
    claim(
        "separation",
        "Adaptive steps, exponential loss: the average separates by (1 + 2 ln(n)/η)/γ²",
        "On the exponential loss w̄_t classifies all points rightly at the latest after ⌈(1 + 2 ln(n)/η)/γ²⌉ steps.",
        Read.DERIVED,
        Twin("the logistic loss", quantity=first(loss="logistic"), shrink=False),
        Twin("a tenth of that", quantity=first(0.1), shrink=False),
        kind=Bound(lambda m: m.larger_side, "⌈(1 + 2 ln(n)/η)/γ²⌉"),
        quantity=first(),
    ),
    claim(
        "logistic-burn-in",
        "Adaptive steps, logistic loss: one point against many is misclassified up to n/(16γ)",
        "On the mean logistic loss adaptive steps, however large, misclassify a point of the hard data up to n/(16γ).",
        Read.OBSERVED,
        Twin("the exponential loss", quantity=late("exponential"), shrink=False),
        promise=Promise.LOWER,
        kind=Bound(lambda m: m.larger_side, "first time that all points are right"),
        loss="logistic",
        problem=one_against_many,
        quantity=late(),
    ),
)
