"""Steepest descent's inequalities in finite time, at every step of a short run.

Setting: separable data with k classes and n samples, scaled to `B = max ‖h_i‖₁ = 1`; mean cross-entropy L, its proxy
`G = mean (1 - p_y)`, `W_0 = 0`. γ is the maximal margin in the method's norm.
Algorithm: `W ← W - η_t D_t`, `D_t = argmax ⟨∇L(W), D⟩` over `‖D‖ ≤ 1`, decreasing steps; `α = 2 B² e^{2 B η_0}`.
Claim: every step makes the descent that γ promises, less `α η_t²`; so the margin grows, and the run certifies by itself
how far from the maximal one it is at most. Each function below states one of these inequalities.
Reference: Fan, Schmidt, Thrampoulidis (2025), the proof of Theorem 1 and Lemma 5; the certificate is derived from
Lemmas 3 and 5. In a norm of its own each would hold with a smaller B (Kim, Song, Yun 2026, B.8).
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from properties.papers import FAN_2025
from verify import Bound, Promise, Read, Twin, optimizers, strategies
from verify.optimizers import PowerDecay
from verify.problems.margins.lemmas import NORMS, Along, Lemma, Places, Sides, summed, unit_l1_samples

STEPS = PowerDecay(0.5, 1 / 2)  # η_0 = 1 / (2 B²)
RUNS = Along(lambda norm: optimizers.steepest_descent(STEPS, norm), STEPS)
UNNORMALISED = Along(lambda norm: optimizers.gradient_descent(STEPS), STEPS)


@dataclass(frozen=True)
class Wrong:
    """What a twin puts in place of the truth: another margin, or factors of single terms."""

    margin_in: str | None = None
    margin: float = 1.0
    curvature: float = 1.0
    start: float = 1.0

    def gamma(self, run: Places) -> np.ndarray:
        return self.margin * (run.margin_in(self.margin_in) if self.margin_in else run.gamma)

    def alpha(self, run: Places) -> np.ndarray:
        return self.curvature * 2 * run.radius**2 * np.exp(2 * run.radius * run.eta[0, 0])


RIGHT = Wrong()


def proxy_over_loss(run: Places) -> np.ndarray:
    """`G_t / L_t` before every step."""
    return run.at.ratio[:, :-1]


def separated(run: Places) -> np.ndarray:
    """Whether t ≥ t̄, from which step on `L ≤ log 2 / n`."""
    small = run.at.log_loss <= np.log(np.log(2) / run.n)
    return np.logical_and.accumulate(small[:, ::-1], axis=1)[:, ::-1]


def descent(run: Places, wrong: Wrong = RIGHT) -> Sides:
    """`L_{t+1} ≤ L_t - γ η_t (1 - (α/γ) η_t) G_t`, as `γ η_t G_t / L_t ≤ (L_t - L_{t+1})/L_t + α η_t² G_t / L_t`."""
    promised = run.eta * proxy_over_loss(run)
    made = -np.expm1(np.diff(run.at.log_loss, axis=1))
    return {"": (wrong.gamma(run) * promised, made + wrong.alpha(run) * run.eta * promised)}


def unnormalised_margin(run: Places, wrong: Wrong = RIGHT) -> Sides:
    """Lemma 5: `margin(W_t) ≥ γ Σ η_s G_s / L_s - α Σ η_s²`, summed over t̄ ≤ s < t, for every t ≥ t̄."""
    late = separated(run)
    promised = wrong.gamma(run) * summed(late[:, :-1] * run.eta * proxy_over_loss(run))
    had = run.at.margin + wrong.alpha(run) * summed(late[:, :-1] * run.eta**2)
    return {"": (np.where(late, promised, 0.0), np.where(late, had, np.inf))}


def certificate(run: Places, wrong: Wrong = RIGHT) -> Sides:
    """`γ - margin(W_t)/‖W_t‖ ≤ [γ Σ_{s<t̄} η_s + (γn/2) Σ_{s≥t̄} η_s L_s + α Σ_{s≥t̄} η_s²] / Σ_{s<t} η_s`, t ≥ t̄."""
    late = separated(run)
    early, after = run.eta * ~late[:, :-1], run.eta * late[:, :-1]
    loss = run.n / 2 * summed(after * np.exp(run.at.log_loss[:, :-1]))
    gamma = wrong.gamma(run)
    lost = gamma * (wrong.start * summed(early) + loss) + wrong.alpha(run) * summed(after * run.eta)
    length, path = (np.where(late, size, 1.0) for size in (run.value(run.weights), summed(early + after)))
    gap = gamma - run.at.margin / length
    return {"": (np.where(late, gap, 0.0), np.where(late, lost / path, np.inf))}


claim = partial(
    FAN_2025.claim,
    problem=lambda: strategies.multiclass().map(unit_l1_samples),
    optimizer_text="normalised steepest descent in every norm, η = ½ (t+1)^-1/2",
    norm=NORMS,
    share=0.25,
    prepare=unit_l1_samples,
)


def larger_side(text: str) -> Bound:
    return Bound(lambda m: m.larger_side, text)


def twin(wrong: str, name: str, sides, change: Wrong = RIGHT, runs: Along = RUNS, norm: str = "linf") -> Twin:
    return Twin(wrong, quantity=Lemma(name, partial(sides, wrong=change), runs, (norm,)))


OTHER_NORM, WRONG_MARGIN = "max-norm margin along Frobenius steps", Wrong(margin_in="linf")
PROMISED, SUMMED, GAP = "descent promised by γ", "margin promised by γ", "gap"
FROBENIUS = Lemma(GAP, certificate, RUNS, ("l2",))

CLAIMS = (
    claim(
        "descent-inequality",
        "proof of Theorem 1",
        "Every step of steepest descent makes the promised descent",
        "At every step and in any norm, L_{t+1} ≤ L_t - γ η_t (1 - α η_t/γ) G_t with α = 2 B² e^{2 B η_0}.",
        read=Read.PAPER,
        kind=larger_side("(L_t - L_{t+1} + α η² G_t)/L_t"),
        quantity=Lemma(PROMISED, descent, RUNS),
        twins=(
            twin("no second-order term", PROMISED, descent, Wrong(curvature=0.0)),
            twin("steps of plain gradient descent", PROMISED, descent, runs=UNNORMALISED),
            twin(OTHER_NORM, PROMISED, descent, WRONG_MARGIN, norm="l2"),
        ),
    ),
    claim(
        "lemma-5",
        "Lemma 5",
        "The unnormalised margin grows by γ η G/L a step",
        "Once L ≤ log 2 / n from step t̄ on, margin(W_t) ≥ γ Σ η_s G_s/L_s - α Σ η_s², sums over t̄ ≤ s < t.",
        read=Read.PAPER,
        promise=Promise.LOWER,
        kind=larger_side("margin(W_t) + α Σ η²"),
        quantity=Lemma(SUMMED, unnormalised_margin, RUNS),
        twins=(
            twin("γ larger by a quarter", SUMMED, unnormalised_margin, Wrong(margin=1.25)),
            twin("steps of plain gradient descent", SUMMED, unnormalised_margin, runs=UNNORMALISED),
            twin(OTHER_NORM, SUMMED, unnormalised_margin, WRONG_MARGIN, norm="l2"),
        ),
    ),
    claim(
        "margin-certificate",
        "after Lemmas 3 and 5",
        "The gap is below a bound that the run itself certifies",
        "From t̄ on, where L ≤ log 2 / n: "
        "γ - margin(W_t)/‖W_t‖ ≤ [γ Σ_{s<t̄} η_s + (γn/2) Σ_{s≥t̄} η_s L_s + α Σ_{s≥t̄} η_s²] / Σ_{s<t} η_s.",
        read=Read.DERIVED,
        kind=larger_side("[γ Σ_early η + (γn/2) Σ η L + α Σ η²]/Σ η"),
        quantity=Lemma(GAP, certificate, RUNS),
        twins=(
            twin("no term for the steps before t̄", GAP, certificate, Wrong(start=0.0)),
            Twin("a fifth of the bound", kind=Bound(lambda m: m.larger_side / 5, "a fifth of it"), quantity=FROBENIUS),
            twin(OTHER_NORM, GAP, certificate, WRONG_MARGIN, norm="l2"),
        ),
    ),
)
