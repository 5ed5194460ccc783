"""How much the loss, its proxy and its gradient change in a step, with the radius of the data that belongs to the norm.

Setting: separable data with k classes, mean cross-entropy L and its proxy `G(W) = mean (1 - p_y)`; ψ any norm of the
weights, ψ* its dual, and `R = max_{n,c} ψ*(e_c x_nᵀ)`: the largest L2 norm of a sample for the spectral, nuclear and
Frobenius norms, its L1 norm for the max-norm, its largest entry for the sum of all entries.
Object: no method, but any weights: random ones of many scales, sparse ones, and multiples of max-margin weights.
Claim: `ψ*(∇L(W)) ≤ 2 R G(W)`, `|L(U) - L(W)| ≤ 2 R ψ(U - W)`, and with `h = R ψ(U - W)`: `G(U) ≤ e^{2h} G(W)` and
`ψ*(∇L(U) - ∇L(W)) ≤ 2 R (e^{2h} - 1) G(W)`. Fan et al. have these with the largest L1 norm in place of R, which is up
to √d or d times as large.
Reference: Kim, Song, Yun (2026), B.8 (gradient and loss) and B.9 (proxy and change of the gradient).
"""

from functools import partial

import numpy as np

from properties.papers import KIM_2026
from verify import Bound, Read, Twin, strategies
from verify.problems.margins.lemmas import Arbitrary, Lemma, Places, Sides
from verify.runs.walk import read

# The norm of a sample that R is the largest of.
RADIUS = {"l1": "linf", "l1.5": "l3", "l2": "l2", "linf": "l1", "spectral": "l2", "nuclear": "l2"}
SIZES = (0.01, 1.0, -1.0)  # R times the step


def reach(w: Places, wrong: str | None = None) -> np.ndarray:
    return w.radius_in(wrong or RADIUS[w.norm])


def gradient(w: Places, constant: float = 2.0, wrong: str | None = None) -> Sides:
    return {"": (w.dual(w.at.gradient), constant * reach(w, wrong) + 0 * w.at.ratio)}


def moved(w: Places):
    """Steps up and down the steepest direction, by name, with the readings after them."""
    for size in SIZES:
        step = size * w.direction(w.at.gradient) / reach(w)[..., None, None]
        yield f"{size:+g}", step, read(w.lab.datasets, w.weights + step)


def loss(w: Places, constant: float = 2.0, wrong: str | None = None) -> Sides:
    return {
        name: (
            np.abs(np.exp(after.log_loss) - np.exp(w.at.log_loss)),
            constant * reach(w, wrong) * w.value(step),
        )
        for name, step, after in moved(w)
    }


def proxy(w: Places, constant: float = 2.0, wrong: str | None = None) -> Sides:
    return {
        name: (after.log_proxy - w.at.log_proxy, constant * reach(w, wrong) * w.value(step))
        for name, step, after in moved(w)
    }


def change(w: Places, constant: float = 2.0, wrong: str | None = None) -> Sides:
    sides = {}
    for name, step, after in moved(w):
        grown = np.exp(after.log_proxy - w.at.log_proxy)[..., None, None] * after.gradient
        h = reach(w, wrong) * w.value(step)
        sides[name] = w.dual(grown - w.at.gradient), 2 * reach(w, wrong) * np.expm1(constant * h)
    return sides


def claim(name: str, where: str, title: str, statement: str, what: str, sides):
    def of(**wrong) -> Lemma:
        return Lemma(what, partial(sides, **wrong), Arbitrary(), tuple(RADIUS))

    return KIM_2026.claim(
        name,
        where,
        title,
        statement,
        read=Read.PAPER,
        kind=Bound(lambda m: m.larger_side, "the stated bound"),
        problem=strategies.multiclass,
        optimizer_text="none: the lemma is about any weights",
        loss="cross_entropy",
        norm=tuple(RADIUS),
        quantity=of(),
        twins=(
            Twin("half of the constant", quantity=of(constant=1.0), shrink=False),
            Twin("the largest entry of a sample for R", quantity=of(wrong="linf"), shrink=False),
        ),
        share=1 / 8,
    )


CLAIMS = (
    claim(
        "gradient",
        "B.8",
        "The gradient's dual norm is at most 2 R G",
        "For any norm ψ and weights, ψ*(∇L) ≤ 2 R G with R the largest ψ* of a sample in a row.",
        "ψ*(∇L)/G",
        gradient,
    ),
    claim(
        "loss",
        "B.8",
        "The loss changes by at most 2 R ψ(U - W)",
        "For any norm ψ and weights, |L(U) - L(W)| ≤ 2 R ψ(U - W).",
        "change of the loss",
        loss,
    ),
    claim(
        "proxy",
        "B.9",
        "The proxy changes by a factor of at most exp(2 R ψ(U - W))",
        "For any norm ψ and weights, G(U) ≤ exp(2 R ψ(U - W)) G(W).",
        "growth of log G",
        proxy,
    ),
    claim(
        "gradient-change",
        "B.9",
        "The gradient changes by at most 2 R (exp(2h) - 1) G(W)",
        "For any norm ψ and weights, ψ*(∇L(U) - ∇L(W)) ≤ 2 R (e^{2h} - 1) G(W) with h = R ψ(U - W).",
        "change of the gradient over G",
        change,
    ),
)
