"""The gap never exceeds its budget: for steepest descent in any norm, with and without momentum, and for Adam.

Setting: separable data, zero start weights, any steps; exponential, logistic, cross-entropy or pairwise logistic loss.
Algorithm: steepest descent in a norm, with and without momentum, and Adam: any method, as far as the inequality goes.
Claim: with `F = log L`, updates `u`, `S = Σ ‖u‖`, and `z(u)` the changes of the margins, the margin's gap is at most
`[Σ (γ ‖u‖ + ⟨∇F, u⟩) + ½ Σ max z(u)² + ln n + F_0 + c] / S` as soon as the margin is not negative: what the updates
are misaligned, what the steps are too long, what n points cost, and a correction `c` for the loss's tail.
Reference: the descent argument of Fan, Schmidt, Thrampoulidis (2025), Theorems 1, 2 and 5, evaluated along the run
instead of being bounded beforehand; derived in `verify.runs.budget`. It holds in every norm, also in one that the
optimizer does not follow: there the misalignment does not vanish.
"""

from collections.abc import Callable

import numpy as np
import optax
from hypothesis import strategies as st

from properties.papers import FAN_2025
from verify import Bound, Claim, Dataset, Read, Twin, strategies
from verify.optimizers import PowerDecay, adam, steepest_descent
from verify.problems.margins.budgeted_gap import BudgetedGap, without

Method = Callable[[PowerDecay], optax.GradientTransformation]

DEAR = -1.5  # the horizon where every step needs singular values


def claim(
    name: str, what: str, method: Method, loss: str, norm: str, horizon: float = -1.0, real: tuple[str, ...] = ()
) -> Claim:
    def steps(size: float) -> optax.GradientTransformation:
        return method(PowerDecay(size, 2 / 3 if name == "adam" else 1 / 2))

    def lacks(part: str, words: str, **changes) -> Twin:
        return Twin(f"no {words}", kind=Bound(without(part), f"its budget without {words}"), **changes)

    # Long steps need the second order most, short ones log n, and a method that follows another norm its misalignment.
    twins = [
        lacks("discretisation", "second-order terms (long steps)", optimizer=steps(3.0)),
        lacks("log_n", "log n (short steps)", optimizer=steps(0.03)),
    ]
    if name.endswith("in-l2"):
        twins.append(lacks("misalignment", "misalignment"))
    return FAN_2025.claim(
        f"gap-budget-{name}",
        "after Theorems 1, 2 and 5, along the run",
        f"{what}: the gap in {norm} never exceeds its budget",
        f"{what}, any steps: while the margin is not negative, its gap in {norm} is at most "
        "[Σ (γ ‖u‖ + ⟨∇F, u⟩) + ½ Σ max z(u)² + ln n + F₀ + c]/Σ ‖u‖.",
        read=Read.DERIVED,
        kind=Bound(lambda m: m.larger_side, "its budget"),
        problem=strategies.binary if loss == "logistic" else strategies.multiclass,
        optimizer=steps(0.1),
        optimizer_text=f"{what}, η = 0.1 (t+1)^{'-2/3' if name == 'adam' else '-1/2'}",
        loss=loss,
        norm=norm,
        quantity=BudgetedGap(),
        twins=tuple(twins),
        real=real,
        horizon=horizon,
        share=1 / 4,
    )


def descent(norm: str, b1: float = 0.0) -> Method:
    return lambda steps: steepest_descent(steps, norm, b1=b1)


@st.composite
def zigzag(draw) -> Dataset:
    """Points (1, b) and (1, -c): short constant steps along signs go to and fro in the second feature for ever."""
    b, c = draw(st.integers(2, 12)), draw(st.integers(2, 12))
    y = np.array(draw(st.lists(st.sampled_from([1, -1]), min_size=2, max_size=2)))
    return Dataset(y[:, None] * np.array([[1.0, b], [1.0, -c]]), y, name="zigzag")


# On these data the second order is nearly all that there is, and nearly all of it is needed.
NEARLY_TIGHT = FAN_2025.claim(
    "gap-budget-zigzag",
    "after Theorem 1, along the run",
    "SignGD that goes to and fro: the gap in linf never exceeds its budget",
    "SignGD, constant steps, on points (1, b) and (1, -c): its gap in linf is at most its budget, and that nearly.",
    read=Read.DERIVED,
    kind=Bound(lambda m: m.larger_side, "its budget"),
    problem=zigzag,
    optimizer=steepest_descent(0.03, "linf"),
    optimizer_text="SignGD, η = 0.03",
    loss="exponential",
    norm="linf",
    quantity=BudgetedGap(),
    twins=(
        Twin("half of the second-order terms", kind=Bound(without("discretisation", share=0.5), "less half of them")),
        Twin("three quarters of them", kind=Bound(without("discretisation", share=0.25), "less a quarter of them")),
    ),
    horizon=-1.0,
    share=1 / 2,
)

CLAIMS = (
    NEARLY_TIGHT,
    claim("l1", "Steepest descent in the l1 norm", descent("l1"), "exponential", "l1"),
    claim("l1.5", "Steepest descent in the l1.5 norm", descent("l1.5"), "exponential", "l1.5"),
    claim("l2", "Normalised GD", descent("l2"), "cross_entropy", "l2"),
    claim("l3", "Steepest descent in the l3 norm", descent("l3"), "pairwise_logistic", "l3"),
    claim("linf", "SignGD", descent("linf"), "logistic", "linf", real=("iris:0-vs-rest",)),
    claim("spectral", "Steepest descent in the spectral norm", descent("spectral"), "cross_entropy", "spectral", DEAR),
    claim("nuclear", "Steepest descent in the nuclear norm", descent("nuclear"), "cross_entropy", "nuclear", DEAR),
    claim("momentum-ngd", "Momentum NGD", descent("l2", 0.9), "cross_entropy", "l2"),
    claim("signum", "Signum", descent("linf", 0.9), "pairwise_logistic", "linf"),
    claim("muon", "Muon", descent("spectral", 0.9), "cross_entropy", "spectral", DEAR),
    claim("adam", "Adam", lambda steps: adam(steps, b2=0.99), "logistic", "linf"),
    claim("sign-gd-in-l2", "SignGD, against the L2 margin", descent("linf"), "logistic", "l2"),
)
