"""Normalised gradient descent on the logistic loss reaches the L2 margin like 1/t, after steps of a known number.

Setting: separable binary data with n points `‖x_i‖ ≤ 1`, maximal L2 margin γ; the mean logistic loss L. The number of
steps is 31 500 or more for two points already, so that there are two, of nearly one direction and a large margin.
Algorithm: gradient descent from `w_0 = 0`; with `t_0 = (256 ln n)²/γ²`, steps `1/(2L)` before t_0, and from then on
`η̂ = η_t |l'(l⁻¹(n L))| / n = 1/2`.
Claim: `γ - min_i y_i ⟨x_i, w_t⟩ / ‖w_t‖ ≤ (1 + 512 ln n) / (γ t - (256 ln n)²/γ)` for every t > t_0.
Reference: Ji, Telgarsky (2021), Theorem 7, on the logistic loss.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import JI_2021
from verify import Bound, Dataset, Promise, Read, Twin
from verify.problems.margins.descents import Inequality
from verify.runs.descent import Descent, Now, OverSlope, Path


def first(gamma: np.ndarray, n: np.ndarray) -> np.ndarray:
    """t_0."""
    return (256 * np.log(n) / gamma) ** 2


def burn_in(now: Now) -> np.ndarray:
    """Steps over twice the loss up to t_0, then half of a dual step."""
    return np.where(now.t < first(now.gamma, now.n), np.log(0.5), LATER(now))


LATER = OverSlope(lambda n: np.full_like(n, 0.5), "logistic")
METHODS = (Descent(burn_in, 45_000),)


def sides(path: Path, power: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    w = path.weights[:, 1:]
    gap = path.gamma - path.margins(w).min(axis=2) / np.linalg.norm(w, axis=2)
    later = np.maximum(path.t - first(path.gamma, path.count), 0.0)
    with np.errstate(divide="ignore"):
        return gap, (1 + 512 * np.log(path.count)) / (path.gamma * later**power)


@st.composite
def pairs(draw: st.DrawFn) -> Dataset:
    """Two points of lengths 1 and 0.95 to 0.99, two to six degrees farther apart than both need to support."""
    length, start = draw(st.sampled_from([0.95, 0.97, 0.99])), np.pi / 36 * draw(st.integers(0, 71))
    angles = np.array([start, start + np.arccos(length) + np.pi / 180 * draw(st.integers(2, 6))])
    x = np.array([[1.0], [length]]) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return Dataset(x, np.ones(2, int), "pair")


def gap_within(power: float) -> Inequality:
    return Inequality("gap", lambda path: sides(path, power), METHODS)


CLAIM = JI_2021.claim(
    "logistic-burn-in",
    "Theorem 7",
    "Logistic loss: gap at most (1 + 512 ln n)/(γ t - (256 ln n)²/γ)",
    "Logistic loss, steps 1/(2L) up to t₀ = (256 ln n)²/γ², then η̂ = ½: the gap is ≤ (1 + 512 ln n)/(γ (t - t₀)).",
    read=Read.PAPER,
    promise=Promise.UPPER,
    kind=Bound(lambda m: m.larger_side, "(1 + 512 ln n)/(γ (t - t₀))"),
    problem=pairs,
    optimizer_text="gradient descent, steps 1/(2L), then η̂ = 1/2",
    loss="logistic",
    norm="l2",
    quantity=gap_within(1.0),
    twins=(Twin("the accelerated rate 1/(t - t₀)²", quantity=gap_within(2.0), shrink=False),),
    share=1 / 16,
)
