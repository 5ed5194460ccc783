"""Steepest descent's inequalities with the radius of the data that belongs to the norm, which allows larger steps.

Setting: separable data with k classes and n samples of L1 norm 1 at most; mean cross-entropy L, its proxy
`G = mean (1 - p_y)`, `W_0 = 0`; γ the maximal margin in the method's norm ψ. R is the largest `ψ*(e_c x_nᵀ)`: of the
Frobenius and spectral norms the largest L2 norm of a sample, below its L1 norm by a factor of up to √d, and α by
one of up to d.
Algorithm: `W ← W - η_t D_t`, `D_t = argmax ⟨∇L(W), D⟩` over `ψ(D) ≤ 1`, decreasing steps; `α = 2 R² e^{2 R η_0}`.
Claim: `L_{t+1} ≤ L_t - γ η_t (1 - α η_t/γ) G_t` at every step; once `L ≤ log 2 / n` from t̄ on, the margin is at least
`γ Σ η_s G_s/L_s - α Σ η_s²` over t̄ ≤ s < t, and the gap to γ is below what the run certifies by itself.
Tried: drawn data, and two opposite points whose entries are all of one size, of which R is small and the descent is as
steep as γ says. The first inequality tells α to a factor of ten, and R from the largest entry; the two others hold on
these runs with α = 0 too, so that nothing is seen of α in them.
Reference: derived as in Fan, Schmidt, Thrampoulidis (2025), proof of Theorem 1 and Lemma 5, who have the largest L1
norm for R, from Kim, Song, Yun (2026), B.8 (`D²l[A, A] ≤ 4 R² (1 - p_y) ψ(A)²`) and B.9 (1 - p_y over a step). The
steps that both allow, beside those that really descend: `verify gallery step-sizes`.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from hypothesis import strategies as st

from properties.fan2025.test_descent import RUNS, Wrong, certificate, descent, unnormalised_margin
from properties.kim2026.test_data_radius import RADIUS
from properties.papers import KIM_2026
from verify import Bound, Dataset, Promise, Read, Twin, strategies
from verify.problems.margins.lemmas import Lemma, Places, unit_l1_samples

NORMS = ("l2", "spectral")


@dataclass(frozen=True)
class Own(Wrong):
    """The norm's own radius in α; and what a twin puts in place of the truth. radius: the norm of a sample for it."""

    radius: str | None = None

    def alpha(self, run: Places) -> np.ndarray:
        radius = run.radius_in(self.radius or RADIUS[run.norm])
        return self.curvature * 2 * radius**2 * np.exp(2 * radius * run.eta[0, 0])


@st.composite
def opposite(draw: st.DrawFn) -> Dataset:
    """Two opposite points of sixteen features of one size, each of a class."""
    row = np.array(draw(st.lists(st.sampled_from((1.0, -1.0)), min_size=16, max_size=16))) / 16
    return Dataset(np.stack([row, -row]), np.arange(2), "opposite", classes=2)


def drawn() -> st.SearchStrategy[Dataset]:
    return st.one_of(strategies.multiclass().map(unit_l1_samples), opposite())


def claim(name: str, title: str, statement: str, what: str, sides, text: str, promise: Promise, false: dict[str, Own]):
    def lemma(change: Own) -> Lemma:
        return Lemma(what, partial(sides, wrong=change), RUNS, NORMS)

    return KIM_2026.claim(
        name,
        "B.8 and B.9",
        title,
        statement,
        read=Read.DERIVED,
        promise=promise,
        kind=Bound(lambda m: m.larger_side, text),
        problem=drawn,
        optimizer_text="normalised steepest descent in the Frobenius and spectral norms, η = ½ (t+1)^-1/2",
        norm=NORMS,
        quantity=lemma(Own()),
        twins=tuple(Twin(said, quantity=lemma(wrong), shrink=False) for said, wrong in false.items()),
        share=1 / 8,
        prepare=unit_l1_samples,
    )


CLAIMS = (
    claim(
        "descent-inequality",
        "Every step of steepest descent makes the promised descent, with the norm's own radius",
        "In the Frobenius and spectral norms L_{t+1} ≤ L_t - γ η_t (1 - α η_t/γ) G_t with α = 2 R² e^{2 R η_0}.",
        "descent promised by γ",
        descent,
        "(L_t - L_{t+1} + α η² G_t)/L_t",
        Promise.UPPER,
        {
            "no second-order term": Own(curvature=0.0),
            "a tenth of α": Own(curvature=0.1),
            "the largest entry of a sample for R": Own(radius="linf"),
        },
    ),
    claim(
        "unnormalised-margin",
        "The unnormalised margin grows by γ η G/L a step, less α η², with the norm's own radius",
        "Once L ≤ log 2 / n, margin(W_t) ≥ γ Σ η_s G_s/L_s - α Σ η_s² with α = 2 R² e^{2 R η_0}.",
        "margin promised by γ",
        unnormalised_margin,
        "margin(W_t) + α Σ η²",
        Promise.LOWER,
        {"γ larger by a quarter": Own(margin=1.25)},
    ),
    claim(
        "margin-certificate",
        "The gap is below a bound that the run itself certifies, with the norm's own radius",
        "From t̄ on γ - margin/ψ(W_t) ≤ [γ Σ_{s<t̄} η_s + (γn/2) Σ η_s L_s + α Σ η_s²] / Σ η_s, α = 2 R² e^{2 R η_0}.",
        "gap",
        certificate,
        "[γ Σ_early η + (γn/2) Σ η L + α Σ η²]/Σ η",
        Promise.UPPER,
        {"no term for the steps before t̄": Own(start=0.0)},
    ),
)
