"""The lemmas on the loss, its proxy and its gradient, at any weights whatsoever.

Setting: separable data with k classes and n samples, `B = max ‖h_i‖₁`, weights W [k, d], mean cross-entropy L, and its
proxy `G(W) = mean (1 - p_y)`. Norms are entry-wise p or Schatten p; γ is the maximal margin in the norm.
Object: no method, but any weights: random ones of many scales, sparse ones, and multiples of max-margin weights.
Claim: G is wedged between the gradient's dual norm and the loss, and a step changes it by a bounded factor; each
function below states one lemma.
Reference: Fan, Schmidt, Thrampoulidis (2025), Lemmas 1 to 4. In a norm of its own, Lemmas 3 and 4 hold with a smaller B
(Kim, Song, Yun 2026, B.8 and B.9).
"""

from functools import partial

import numpy as np

from properties.papers import FAN_2025
from verify import Bound, Promise, Read, Twin, strategies
from verify.problems.margins.lemmas import NORMS, Arbitrary, Lemma, Places, Sides
from verify.problems.margins.softmax import SoftmaxForm, softmax_directions, variance
from verify.runs.walk import read


def dual_gradient(w: Places, dual_of: str | None = None) -> Sides:
    """Lemma 1: `‖∇L(W)‖_* ≥ γ G(W)`."""
    return {"": (w.gamma, w.dual(w.at.gradient, dual_of))}


def quadratic_form(s: np.ndarray, others: np.ndarray, v: np.ndarray, constant: float = 4.0, power: int = 1):
    """Lemma 2: `vᵀ(diag(s) - ssᵀ)v ≤ 4 (1 - s_c) ‖vvᵀ‖`, of whose norms the max-norm is least."""
    return variance(s, v), constant * others**power * np.max(np.abs(v)) ** 2


def impurity(s: np.ndarray, others: np.ndarray, v: np.ndarray, constant: float = 2.0):
    """Lemma 2, second part: `Σ_c s_c (1 - s_c) ≤ 2 (1 - s_c')`."""
    return float(s @ others), constant * others


def sandwich(w: Places, gradient: float = 2.0, points: bool = True, loss: float = 2.0) -> Sides:
    """Lemma 3: `‖∇L‖_* ≤ 2BG`; `1 ≥ G/L ≥ 1 - nL/2`; `L ≤ 2G` where `L ≤ log 2 / n` or `G ≤ 1/(2n)`."""
    small = (w.at.log_loss <= np.log(np.log(2) / w.n)) | (w.at.log_proxy <= -np.log(2 * w.n))
    return {
        "gradient": (w.dual(w.at.gradient) / w.radius, np.full_like(w.at.ratio, gradient)),
        "G ≤ L": (w.at.ratio, np.ones_like(w.at.ratio)),
        "L - G": (2 * w.at.excess, w.n if points else np.ones_like(w.n)),
        "L ≤ 2G": (np.where(small, 1 / w.at.ratio, 0), np.where(small, loss, np.inf)),
    }


def proxy_ratio(w: Places, constant: float = 2.0, data_norm: str = "l1") -> Sides:
    """Lemma 4: `log (G(W - ηD)/G(W)) ≤ 2Bη ‖D‖_max`, for D up and down the steepest direction, with `Bη` = 0.01, 1."""
    ascent = w.direction(w.at.gradient)
    size = w.radius_in(data_norm)
    sides = {}
    for eta in (0.01, 1.0, -1.0):
        moved = eta * ascent / w.radius[..., None, None]
        growth = read(w.lab.datasets, w.weights + moved).log_proxy - w.at.log_proxy
        sides[f"{eta:+g}"] = growth, constant * size * np.max(np.abs(moved), axis=(2, 3))
    return sides


def larger_side(text: str, share: float = 1.0) -> Bound:
    return Bound(lambda m: share * m.larger_side, text)


on_weights = partial(
    FAN_2025.claim,
    read=Read.PAPER,
    problem=strategies.multiclass,
    optimizer_text="none: the lemma is about any weights",
    share=0.25,
)
on_probabilities = partial(
    FAN_2025.claim,
    read=Read.PAPER,
    problem=softmax_directions,
    optimizer_text="none: the lemma is about any probabilities",
)


MAX_NORM = Lemma("margin γ", dual_gradient, Arbitrary(("linf",)), ("linf",))
IMPURITY = partial(SoftmaxForm, name="sum Σ s_c (1 - s_c)")
LEMMA_3 = partial(Lemma, "smaller side", where=Arbitrary(("linf",)), norms=("linf",))  # whose dual norm is the largest
LEMMA_4 = partial(Lemma, "growth of log G", where=Arbitrary())
DIRECTIONS = ("l2", "linf", "spectral")

CLAIMS = (
    on_weights(
        "lemma-1",
        "Lemma 1",
        "The gradient's dual norm is at least γ G",
        "For any weights W and any entry-wise or Schatten norm, ‖∇L(W)‖_* ≥ γ G(W), γ the maximal margin in it.",
        promise=Promise.LOWER,
        kind=larger_side("‖∇L‖_* / G"),
        norm=NORMS,
        quantity=Lemma("margin γ", dual_gradient, Arbitrary(NORMS)),
        twins=(
            Twin("γ larger by 1%", quantity=MAX_NORM, kind=larger_side("‖∇L‖_* / (1.01 G)", 1 / 1.01)),
            Twin(
                "max-norm margin with the Frobenius dual norm",
                quantity=Lemma("margin γ", partial(dual_gradient, dual_of="l2"), Arbitrary(("linf",)), ("linf",)),
            ),
        ),
    ),
    on_probabilities(
        "lemma-2",
        "Lemma 2",
        "The softmax's quadratic form is at most 4 (1 - s_c) ‖vvᵀ‖",
        "For any probabilities s, class c and vector v, vᵀ(diag(s) - ssᵀ)v ≤ 4 (1 - s_c) ‖vvᵀ‖ in any norm.",
        kind=larger_side("4 (1 - s_c) ‖vvᵀ‖_max"),
        quantity=SoftmaxForm(quadratic_form),
        twins=(
            Twin("3.9 for the constant 4", quantity=SoftmaxForm(partial(quadratic_form, constant=3.9))),
            Twin("(1 - s_c)² for 1 - s_c", quantity=SoftmaxForm(partial(quadratic_form, power=2))),
        ),
    ),
    on_probabilities(
        "lemma-2-impurity",
        "Lemma 2, second part",
        "Σ s_c (1 - s_c) is at most 2 (1 - s_c')",
        "For any probabilities s and any class c', Σ_c s_c (1 - s_c) ≤ 2 (1 - s_c').",
        kind=larger_side("2 (1 - s_c')"),
        quantity=IMPURITY(impurity),
        twins=(Twin("1.9 for the constant 2", quantity=IMPURITY(partial(impurity, constant=1.9))),),
    ),
    on_weights(
        "lemma-3",
        "Lemma 3",
        "The proxy is wedged between gradient and loss",
        "For any W, in any norm: ‖∇L‖_* ≤ 2BG; 1 ≥ G/L ≥ 1 - nL/2; L ≤ 2G where L ≤ log 2 / n or G ≤ 1/(2n).",
        kind=larger_side("the larger side, of each inequality"),
        norm="linf",
        quantity=LEMMA_3(sides=sandwich),
        twins=(
            Twin("G/L ≥ 1 - L/2, without n", quantity=LEMMA_3(sides=partial(sandwich, points=False))),
            Twin("‖∇L‖_* ≤ 1.9 BG", quantity=LEMMA_3(sides=partial(sandwich, gradient=1.9))),
            Twin("L ≤ G for a small loss", quantity=LEMMA_3(sides=partial(sandwich, loss=1.0))),
        ),
        real=("wine:standardise",),
    ),
    on_weights(
        "lemma-4",
        "Lemma 4",
        "A step of max-norm s changes G by e^{2Bs} at most",
        "For any W, D and η: G(W - ηD)/G(W) ≤ exp(2Bη ‖D‖_max), hence ≤ exp(2Bη ‖D‖) in any norm.",
        kind=larger_side("2Bη ‖D‖_max"),
        norm=DIRECTIONS,
        quantity=LEMMA_4(sides=proxy_ratio, norms=DIRECTIONS),
        twins=(
            Twin("1.9 for the constant 2", quantity=LEMMA_4(sides=partial(proxy_ratio, constant=1.9), norms=("linf",))),
            Twin(
                "the samples' L2 norm for B",
                quantity=LEMMA_4(sides=partial(proxy_ratio, data_norm="l2"), norms=("linf",)),
            ),
        ),
        real=("wine:standardise",),
    ),
)
