"""With a small penalty large steps need about λ^-1/2 steps to the minimum, where small ones need λ^-1.

Setting: separable binary data with `‖x_i‖ ≤ 1`, the mean logistic loss with a penalty, `L(w) + λ ‖w‖²/2`. For the
steps' number two points, of which one is longer in a feature, so that off the line of the support vector the penalty
alone curves the objective, and λ from 10^-1.5 to 1e-5; for their size one point, and λ from 1e-2 to 1e-40.
Algorithm: gradient descent from zero with constant steps η: of `λ^-1/2 / 2`, of `λ^-1/3 / 2`, of 4, and of any size.
Claim: the steps T till the objective stays within `1e-10 λ` of its minimum grow like `λ^-1/2` for the larger steps and
like `λ^-2/3` for the next, logarithms aside: `λ T` falls with an exponent near 1/2, and near 1/3. Stable steps need
`Ω(1/(λ log²(1/λ)))` of them. On one point gradient descent converges for η up to `Θ(1/(λ log(1/λ)))`, here up to
`2/(λ log(1/λ))` as λ falls.
Reference: Wu, Marion, Bartlett (2025), read in a secondary source: after `τ = O(max{η, n, (n/η) ln(n/η)}/γ²)` steps the
gap falls like `exp(-λ η (t - τ))` for small λ and `η ≤ O(λ^-1/2)`, and for any λ with `τ = O(η²)` where
`η ≤ O(λ^-1/3)`. The constants were not seen: the bands are what logarithms leave of the exponents at these λ, and the 2
is derived, of the curvature `λ (1 + u/(1 + e^-u))` at the minimum's margin u, which is `log(1/λ)` but for a double log.
"""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from properties.papers import WU_2025B
from verify import Claim, Dataset, Limit, Order, Promise, Rate, Read, Twin, laws
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.penalised import CriticalStepError, PenalisedSteps

PENALTIES = tuple(float(10**-k) for k in np.linspace(2, 5, 7))  # steps that are smaller come to five, or four, of them
TINY = tuple(float(10**-k) for k in np.geomspace(2, 40, 10))


@st.composite
def longer(draw: st.DrawFn) -> Dataset:
    """A point, and one that is longer in one feature and so no support vector."""
    a, b, more = draw(st.integers(2, 5)), draw(st.integers(2, 6)), draw(st.integers(3, 8))
    return scaled_to_unit_rows(Dataset(np.array([[a, b], [a + more, b]], float), np.ones(2, int), "longer"))


@st.composite
def single(draw: st.DrawFn) -> Dataset:
    """One point, of a length from 2/5 to 9/10."""
    x = np.array([[draw(st.integers(10, 20)), draw(st.integers(0, 10))]]) / 25
    return Dataset(x, np.ones(1, int), "single")


LARGE = PenalisedSteps(lambda lam: lam ** -(1 / 2) / 2, PENALTIES)
GENERAL = PenalisedSteps(lambda lam: lam ** -(1 / 3) / 2, PENALTIES[:5])
SMALL = PenalisedSteps(lambda lam: 4 + 0 * lam, PENALTIES[:4])
LARGER = tuple(float(10**-k) for k in np.linspace(1.5, 3.5, 5))


def order(low: float, high: float) -> Order:
    return Order(low, high, "λ")


def critical(told) -> CriticalStepError:
    return CriticalStepError(told, TINY)


def claim(
    name: str, title: str, statement: str, size: str, read: Read, kind, quantity, *twins: Twin, problem, **fields
) -> Claim:
    given = {"promise": Promise.TIGHT, "share": 1 / 8} | fields
    return WU_2025B.claim(
        name,
        "on regularised logistic regression",
        title,
        statement,
        read=read,
        kind=kind,
        problem=problem,
        optimizer_text=f"gradient descent from zero, η = {size}",
        loss="logistic",
        quantity=quantity,
        twins=twins,
        **given,
    )


CLAIMS = (
    claim(
        "large-steps",
        "Regularised logistic regression: with steps of order λ^-1/2 the minimum comes after about λ^-1/2 steps",
        "Steps of λ^-1/2/2: GD stays within 1e-10 λ of the minimum of L(w) + λ‖w‖²/2 after about λ^-1/2 steps.",
        "λ^-1/2 / 2",
        Read.SECONDARY,
        order(0.4, 0.6),
        LARGE,
        Twin("steps of 4", quantity=SMALL, shrink=False),
        Twin("steps of λ^-1/3 / 2", quantity=GENERAL, shrink=False),
        problem=longer,
    ),
    claim(
        "general-steps",
        "Regularised logistic regression: with steps of order λ^-1/3 the minimum comes after about λ^-2/3 steps",
        "Steps of λ^-1/3/2: GD stays within 1e-10 λ of the minimum of L(w) + λ‖w‖²/2 after about λ^-2/3 steps.",
        "λ^-1/3 / 2",
        Read.SECONDARY,
        order(0.25, 0.4),
        GENERAL,
        Twin("steps of 4", quantity=SMALL, shrink=False),
        Twin("λ^-1/2 steps", kind=order(0.4, 0.6), shrink=False),
        problem=longer,
    ),
    claim(
        "stable-steps",
        "Regularised logistic regression: stable steps need Ω(1/(λ log²(1/λ))) of them",
        "Steps of 4, which are stable: GD needs Ω(1/(λ log²(1/λ))) of them to stay within 1e-10 λ of the minimum.",
        "4",
        Read.SECONDARY,
        Rate(laws.power(1, log=2)),
        PenalisedSteps(lambda lam: 4 + 0 * lam, LARGER, inverse=True),
        Twin(
            "steps of λ^-1/2 / 2",
            quantity=replace(LARGE, inverse=True),  # of penalties so small that log² hides less of a power
            shrink=False,
        ),
        Twin("Ω(λ^-3/2)", kind=Rate(laws.power(3 / 2)), shrink=False),
        problem=longer,
        promise=Promise.LOWER,
        share=1 / 5,
    ),
    claim(
        "critical-step",
        "Regularised logistic regression on one point: steps up to 2/(λ log(1/λ)) converge",
        "The largest η with which GD on one point converges, over 2/(λ log(1/λ)), tends to 1 as λ falls.",
        "up to the largest that converges",
        Read.DERIVED,
        Limit(0.1, laws.inverse_log()),
        critical(lambda lam: -2 / lam / np.log(lam)),
        Twin("4/(λ log(1/λ))", quantity=critical(lambda lam: -4 / lam / np.log(lam)), shrink=False),
        Twin("2/λ", quantity=critical(lambda lam: 2 / lam), shrink=False),
        problem=single,
    ),
)
