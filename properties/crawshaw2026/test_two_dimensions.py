"""In two dimensions the time that gradient descent of large steps needs to become stable does not depend on them.

Setting: separable binary data in two dimensions, n points `‖x_i‖ ≤ 1`, maximal L2 margin γ; the mean logistic loss L,
steps `η ≥ max{n, (32/γ²) log(256/γ²)}`. The lower bounds are about `x_1 = (γ, -γ)` with n - 1 times
`(γ, √(1-γ²))`, and about halves of `(γ, -δ)` and `(γ, √(1-γ²))`.
Algorithm: `w ← w - η ∇L(w)` from `w_0 = 0`, with η as small as allowed, and 10³ and 10⁶ times that.
Claim: the first time that `L ≤ 1/(8 η)` is at most `2 + 4 n/γ + 280 log(2/γ²)/γ²`. On the first set (γ ≤ 1/6, n ≥ 6,
`η ≥ max{n, (32/γ²) log(3/γ)}`) some point is misclassified at every `t ≤ n/(16 γ)`. For the second there is a δ with
`L(w_t) > 2/η` at every `t ≤ 1 + 1/(59 γ²)`.
Reference: Crawshaw, Liu (2026), Theorem 2.1 (with Lemma 2.8), and Theorem 3.1 with Lemmas 3.1 and 3.2.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import CRAWSHAW_2026
from verify import Bound, Claim, Dataset, Exists, Promise, Read, Twin, strategies
from verify.problems.margins.descents import FirstPassage, below, separated
from verify.runs.descent import ByData, Descent, Path

FACTORS = (1.0, 1e3, 1e6)


def methods(length: int, inside: float = 256.0, power: int = 2) -> tuple[Descent, ...]:
    """η = max{n, (32/γ²) log(inside/γ^power)}, and multiples."""
    return tuple(
        Descent(ByData(lambda g, n, f=f: f * np.maximum(n, 32 / g**2 * np.log(inside / g**power))), length)
        for f in FACTORS
    )


UPPER, LOWER, HALVES = methods(1500), methods(1000, 3.0, 1), methods(400, 3.0, 1)


@st.composite
def one_against_many(draw: st.DrawFn) -> Dataset:
    gamma, n = draw(st.integers(60, 160)) / 1000, draw(st.integers(6, 60))
    x = np.full((n, 2), gamma)
    x[0, 1], x[1:, 1] = -gamma, np.sqrt(1 - gamma**2)
    return Dataset(x, np.ones(n, int), "one against many")


@st.composite
def halves(draw: st.DrawFn) -> Dataset:
    gamma, up = 0.02, np.sqrt(1 - 0.02**2)
    delta = draw(st.integers(1, 1000)) / 1000 * up
    return Dataset(np.array([[gamma, -delta], [gamma, up]]), np.array([1, 1]), "two halves")


def flat() -> st.SearchStrategy[Dataset]:
    drawn = strategies.binary(unit_rows=True, max_features=2, max_points=8)
    # The theorem is of the plane; up to two features are drawn, and one of them is none.
    return st.one_of(one_against_many(), drawn.filter(lambda s: s.d == 2))


def longest(path: Path, many: float = 1.0, slow: float = 1.0) -> np.ndarray:
    g, n = path.gamma, path.count
    return 2 + 4 * (many * n + 1 - many) / g + slow * 280 * np.log(2 / g**2) / g**2


def low(path: Path) -> np.ndarray:
    return below(lambda p: -np.log(8) - p.log_steps[:, :1])(path)


def quick(**wrong: float) -> FirstPassage:
    return FirstPassage("first time that L ≤ 1/(8η)", low, lambda p: longest(p, **wrong), UPPER)


def slow(factor: float = 1 / 16) -> FirstPassage:
    return FirstPassage("n/(16γ)", separated, lambda p: factor * p.count / p.gamma, LOWER, at_least=True)


def high(factor: float = 1 / 59) -> FirstPassage:
    event = below(lambda p: np.log(2) - p.log_steps[:, :1])
    return FirstPassage("1 + 1/(59γ²)", event, lambda p: 1 + factor / p.gamma**2, HALVES, at_least=True)


def claim(name: str, where: str, title: str, statement: str, *twins: Twin, **fields) -> Claim:
    return CRAWSHAW_2026.claim(
        name,
        where,
        title,
        statement,
        read=Read.PAPER,
        optimizer_text="gradient descent from zero, η from its least value to 10⁶ times it",
        loss="logistic",
        twins=twins,
        share=1 / 4,
        **fields,
    )


CLAIMS = (
    claim(
        "transition",
        "Theorem 2.1, Lemma 2.8",
        "In two dimensions L ≤ 1/(8η) comes by 2 + 4n/γ + 280 log(2/γ²)/γ²",
        "For d = 2 and large η, L ≤ 1/(8η) comes after at most 2 + 4n/γ + 280 log(2/γ²)/γ² steps, whatever η is.",
        Twin("no n and no 1/γ²", quantity=quick(many=0.0, slow=0.0), shrink=False),
        kind=Bound(lambda m: m.larger_side, "2 + 4n/γ + 280 log(2/γ²)/γ²"),
        problem=flat,
        quantity=quick(),
    ),
    claim(
        "misclassified",
        "Theorem 3.1, Lemma 3.1",
        "One point against many is misclassified up to n/(16γ)",
        "On (γ, -γ) with n - 1 times (γ, √(1-γ²)) some point is misclassified at every t ≤ n/(16γ).",
        Twin("n/γ", quantity=slow(1.0), shrink=False),
        promise=Promise.LOWER,
        kind=Bound(lambda m: m.larger_side, "first time that all points are right"),
        problem=one_against_many,
        quantity=slow(),
    ),
    claim(
        "unstable",
        "Theorem 3.1, Lemma 3.2",
        "There are two points on which L > 2/η up to 1 + 1/(59γ²)",
        "For γ = 0.02 there is a δ: on (γ, -δ), (γ, √(1-γ²)) the loss is above 2/η at every t ≤ 1 + 1/(59γ²).",
        Twin("up to 1 + 1/γ²", quantity=high(1.0), shrink=False),
        kind=Exists(Bound(lambda m: m.larger_side, "first time that L ≤ 2/η")),
        problem=halves,
        quantity=high(),
    ),
)
