"""Gradient descent on the log of the loss: its weights stay near a line, from above.

Setting: separable binary data with n points `‖x_i‖ ≤ 1`, labels folded in, maximal L2 margin γ in the direction u; x_i'
is the part of x_i orthogonal to u. Mean exponential loss L. S are the support vectors, which all have a positive
multiplier; the margins of the other points are larger than theirs by γ' at least.
Algorithm: `w ← w - ∇L(w)/L(w)` from `w_0 = 0`, that is `w ← w + Σ q_i x_i` with `q = softmax(-margins)`.
Claim: the part v_t of w_t orthogonal to u has `‖v_t - v̄‖ ≤ max{‖v̄‖, 2} + 2 ln n/(γ γ') + 2` at every step, where v̄ in
the span of the x_i' of S minimises their loss. And `‖v_t - v̄‖ ≤ ‖v̄‖ + Σ_{s<t} Σ_{i∉S} q_i ‖x_i'‖`, an equality on the
points of Theorem 10.
Reference: Ji, Telgarsky (2021), Theorem 9, of which the bound was seen, and not what γ' is: that is derived. A step
along the support vectors takes v no further from v̄, since `log Σ_S e^{-⟨x_i, v⟩}` is convex and 1-smooth; one along the
others is the sum in the second bound, of which q is about `e^{-γ' ⟨w, u⟩}`, and ⟨w, u⟩ grows by γ a step or more.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

import solvers
from properties.papers import JI_2021
from verify import Bound, Dataset, Promise, Read, Twin, strategies
from verify.problems.margins.descents import Inequality
from verify.runs.descent import Descent, OverLoss, Path

METHODS = (Descent(OverLoss(1.0), 1000, "exponential"),)
_SUPPORT = (
    1e-6  # of a multiplier, from which on a point supports; and of a margin's difference, below which it does not
)


class Line(NamedTuple):
    """Of each dataset u and v̄ `[b d]`, γ' `[b 1]`, infinite where all points support, and which points do `[b n]`.

    NaN where a support vector has no multiplier, or one of its own is not told from others.
    """

    u: np.ndarray
    v: np.ndarray
    gap: np.ndarray
    support: np.ndarray


@lru_cache(maxsize=8)
def line(path: Path) -> Line:
    u, v = (np.full(path.weights[:, 0].shape, np.nan) for _ in range(2))
    gap, support = np.full(path.gamma.shape, np.inf), np.zeros(path.absent.shape, bool)
    for i, absent in enumerate(path.absent):
        z = path.x[i][~absent]
        found = solvers.max_margin(z, np.ones(len(z), int), "l2")
        more = z @ found.weights - found.lower
        supports = found.multipliers > _SUPPORT
        if not found.certified or np.any(supports != (more < _SUPPORT)):
            continue
        own = z[supports] - np.outer(z[supports] @ found.weights, found.weights)
        log = np.log(found.multipliers[supports] / found.multipliers[supports].sum())
        # Where the gradient vanishes the softmax of the margins is the multipliers.
        wanted = np.sum(np.exp(log) * log) - log
        centre = np.linalg.pinv(own) @ wanted
        if np.abs(own @ centre - wanted).max() > _SUPPORT:
            continue
        u[i], v[i], support[i, ~absent] = found.weights, centre, supports
        gap[i] = more[~supports].min(initial=np.inf)
    return Line(u, v, gap, support)


def away(path: Path) -> np.ndarray:
    """`‖v_t - v̄‖` after each step."""
    to, w = line(path), path.weights[:, 1:]
    across = w - np.sum(w * to.u[:, None], axis=2, keepdims=True) * to.u[:, None]
    return np.linalg.norm(across - to.v[:, None], axis=2)


def explicit(path: Path, logs: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    to = line(path)
    bound = np.maximum(np.linalg.norm(to.v, axis=1, keepdims=True), 2) + 2
    return told(path, bound + logs * 2 * np.log(path.count) / (path.gamma * to.gap))


def shares(path: Path, others: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    to, z = line(path), path.margins(path.weights)
    q = np.exp(z.min(axis=2, keepdims=True) - z)
    along = np.sum(path.x * to.u[:, None], axis=2)
    across = np.linalg.norm(path.x - along[..., None] * to.u[:, None], axis=2) * ~to.support
    passed = np.cumsum(np.sum(q * across[:, None], axis=2)[:, :-1] / q.sum(axis=2)[:, :-1], axis=1)
    start = np.linalg.norm(to.v, axis=1, keepdims=True)
    # With room for the errors of u and of v̄.
    return told(path, (start + others * passed) * (1 + _SUPPORT) + _SUPPORT)


def told(path: Path, bound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Silent where v̄ is not known."""
    known = np.isfinite(line(path).v).all(axis=1, keepdims=True)
    return np.where(known, away(path), 0.0), np.where(known, bound, np.inf)


@st.composite
def lopsided(draw: st.DrawFn) -> Dataset:
    """Theorem 10's points: one supports, many more pull across."""
    n = draw(st.integers(50, 300))
    x = np.full((n, 2), 0.2)
    x[0] = 0.1, 0.0
    return Dataset(x, np.ones(n, int), "lopsided")


def claim(name: str, title: str, statement: str, read: Read, sides, text: str, said: str, wrong):
    return JI_2021.claim(
        name,
        "Theorem 9",
        title,
        statement,
        read=read,
        promise=Promise.UPPER,
        kind=Bound(lambda m: m.larger_side, text),
        problem=lambda: st.one_of(strategies.binary(unit_rows=True, flavours=["gaussian", "integers"]), lopsided()),
        optimizer_text="gradient descent with unit steps on the log of the mean exponential loss",
        loss="exponential",
        quantity=Inequality("‖v_t - v̄‖", sides, METHODS),
        twins=(Twin(said, quantity=Inequality("‖v_t - v̄‖", wrong, METHODS), shrink=False),),
        share=1 / 4,
    )


CLAIMS = (
    claim(
        "orthogonal-part-above",
        "Steps 1/L: the orthogonal part is within max{‖v̄‖, 2} + 2 ln n/(γγ') + 2 of v̄",
        "With unit steps on log L the part of w_t orthogonal to u is within max{‖v̄‖, 2} + 2 ln n/(γγ') + 2 of v̄.",
        Read.SECONDARY,
        explicit,
        "max{‖v̄‖, 2} + 2 ln n/(γγ') + 2",
        "no ln n/(γγ')",
        lambda p: explicit(p, 0.0),
    ),
    claim(
        "orthogonal-part-shares",
        "Steps 1/L: the orthogonal part is taken from v̄ by the points that do not support alone",
        "With unit steps on log L, ‖v_t - v̄‖ is at most ‖v̄‖ and what the points not in S have pushed across u.",
        Read.DERIVED,
        shares,
        "‖v̄‖ + Σ Σ q_i ‖x_i'‖",
        "half of the sum",
        lambda p: shares(p, 0.5),
    ),
)
