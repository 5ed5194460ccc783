"""Momentum's inequalities: how far the average of gradients may lead steepest descent astray.

Setting: separable data with k classes and n samples, `B = max ‖h_i‖₁`, mean cross-entropy L, its proxy
`G = mean (1 - p_y)`.
Algorithm: `M ← β₁ M + (1-β₁) ∇L(W)` from zero, `W ← W - η_t D`, `D = argmax ⟨M, D⟩` over `‖D‖ ≤ 1`: Signum, normalised
gradient descent with momentum, Muon with the exact polar factor.
Claim: steepest descent along any average M descends nearly as along the gradient, and M lags behind the gradient by
`O(η_t)` of the proxy; each function below states one lemma.
Constants: assumption A3, `Σ_{s≤t} β₁^s (exp(2B Σ_{τ=1..s} η_{t-τ}) - 1) ≤ c₂ η_t` for t ≥ t₀. For steps t^-a any
`c₂ > 2B β₁/(1-β₁)²` will do: here 1.2 times that, with the t₀ that follows; `α = B (1-β₁) c₂`.
Reference: Fan, Schmidt, Thrampoulidis (2025), Lemmas 6 to 8. The copies of Lemmas 7 and 8 are garbled: the split of
Lemma 7 into classes is derived, and Lemma 8, which builds on it, is tried for t ≥ t₀ only, though it says all t.
"""

from functools import partial

import numpy as np

from properties.papers import FAN_2025
from verify import Bound, Read, Twin, optimizers, strategies
from verify.optimizers import PowerDecay
from verify.problems.margins.lemmas import (
    NORMS,
    Along,
    Arbitrary,
    Lemma,
    Places,
    Sides,
    inner,
    memory,
    momentum,
    unit_l1_samples,
)

STEPS, B1 = PowerDecay(0.1, 1 / 2), 0.9
METHODS = ("l2", "linf", "spectral")
RUNS = Along(lambda norm: optimizers.steepest_descent(STEPS, norm, b1=B1), STEPS)


def misled_descent(w: Places, constant: float = 2.0, margin_in: str | None = None) -> Sides:
    """Lemma 6: `⟨∇L, W⁺ - W⟩ ≤ 2η ‖M - ∇L‖_* - ηγG` for any M: the gradient of other weights, mixed, opposite."""
    gradient, gamma = w.at.gradient, w.margin_in(margin_in) if margin_in else w.gamma
    elsewhere = np.roll(gradient, 1, axis=1)
    averages = {"other": elsewhere, "mixed": gradient + 0.3 * elsewhere, "opposite": -0.001 * gradient}
    return {
        name: (gamma, constant * w.dual(m - gradient) + inner(gradient, w.direction(m))) for name, m in averages.items()
    }


def lag_constants(run: Places, b1: float) -> tuple[np.ndarray, np.ndarray]:
    """`α` as a column, and whether t ≥ t₀, from which step on A3 holds."""
    c2 = 1.2 * 2 * run.radius * b1 / (1 - b1) ** 2
    held = memory(run.eta[0], b1, float(2 * run.radius.max())) <= c2 * run.eta
    return run.radius * (1 - b1) * c2, np.logical_and.accumulate(held[:, ::-1], axis=1)[:, ::-1]


def entry_lag(run: Places, b1: float = B1, factor: float = 1.0) -> Sides:
    """Lemma 7: `|M_t[c, j] - (1-β₁^{t+1}) ∇L_t[c, j]| ≤ α η_t (G_c + Q_c)` for every entry, t ≥ t₀.

    `G_c = (1/n) Σ_{y_i = c} (1 - p_{i y_i})`, `Q_c = (1/n) Σ_{y_i ≠ c} p_{ic}`. Both sides over `η_t (G_c + Q_c)`.
    """
    alpha, late = lag_constants(run, b1)
    grown = 1 - B1 ** np.arange(1, late.shape[1] + 1)
    gradient, split = run.at.gradient[:, :-1], run.at.split[:, :-1]
    lag = np.max(np.abs(momentum(run, B1)[:, :-1] - grown[:, None, None] * gradient), axis=3)
    share = np.divide(lag, split, out=np.zeros_like(lag), where=split > 0)  # no class, no lag
    return {"": (np.max(share, axis=2) / run.eta, np.where(late, factor * alpha, np.inf))}


def summed_lag(run: Places, features: bool = True, factor: float = 1.0) -> Sides:
    """Lemma 8: `‖M_t - ∇L_t‖_sum ≤ 2B β₁^{t/2} G_t + 2α d η_t G_t` for t ≥ t₀; both sides over `G_t`."""
    alpha, late = lag_constants(run, B1)
    d = np.array([[float(s.d) if features else 1.0] for s in run.lab.datasets])
    lag = np.sum(np.abs(momentum(run, B1) - run.at.gradient)[:, :-1], axis=(2, 3))
    faded = 2 * run.radius * B1 ** (np.arange(late.shape[1]) / 2)
    return {"": (lag, np.where(late, faded + factor * 2 * alpha * d * run.eta, np.inf))}


claim = partial(
    FAN_2025.claim,
    problem=lambda: strategies.multiclass().map(unit_l1_samples),
    optimizer_text="steepest descent with momentum β₁=0.9 in three norms, η = 0.1 (t+1)^-1/2",
    norm=METHODS,
    share=0.25,
    prepare=unit_l1_samples,
)


def larger_side(text: str) -> Bound:
    return Bound(lambda m: m.larger_side, text)


def signum(name: str, sides, **wrong) -> Lemma:
    return Lemma(name, partial(sides, **wrong), RUNS, ("linf",))


def half(name: str, sides, **wrong) -> Twin:
    return Twin("half the constant c₂", quantity=signum(name, sides, factor=0.5, **wrong))


def any_average(norm: str, **wrong) -> Lemma:
    return Lemma("margin γ", partial(misled_descent, **wrong), Arbitrary((wrong.get("margin_in", norm),)), (norm,))


ENTRY, SUM = "largest |M - (1-β₁^{t+1})∇L|/(η(G_c + Q_c))", "lag ‖M - ∇L‖_sum/G"

CLAIMS = (
    claim(
        "lemma-6",
        "Lemma 6",
        "Steepest descent along any M descends by ηγG - 2η‖M - ∇L‖_*",
        "For any W, any M and D = argmax ⟨M, D⟩: ⟨∇L, W⁺ - W⟩ ≤ 2η ‖M - ∇L‖_* - ηγG, in any norm.",
        read=Read.PAPER,
        kind=larger_side("(2‖M - ∇L‖_* + ⟨∇L, D⟩)/G"),
        optimizer_text="a step of steepest descent along any M, from any weights",
        norm=NORMS,
        quantity=Lemma("margin γ", misled_descent, Arbitrary(NORMS)),
        twins=(
            Twin("1.9 for the constant 2", quantity=any_average("linf", constant=1.9)),
            Twin("max-norm margin in the Frobenius norm", quantity=any_average("l2", margin_in="linf")),
        ),
    ),
    claim(
        "lemma-7",
        "Lemma 7",
        "Every entry of the average lags behind the gradient by α η (G_c + Q_c)",
        "For t ≥ t₀: |M_t[c,j] - (1-β₁^{t+1}) ∇L_t[c,j]| ≤ α η_t (G_c + Q_c), α = B (1-β₁) c₂; G_c + Q_c of class c.",
        read=Read.DERIVED,
        kind=larger_side("α"),
        quantity=Lemma(ENTRY, entry_lag, RUNS, METHODS),
        twins=(
            half(ENTRY, entry_lag),
            Twin("the constant of β₁ = 0.8", quantity=signum(ENTRY, entry_lag, b1=0.8)),
        ),
    ),
    claim(
        "lemma-8",
        "Lemma 8, from t₀ on",
        "The average lags behind the gradient by 2α d η G in all",
        "For t ≥ t₀: ‖M_t - ∇L_t‖_sum ≤ 2B β₁^{t/2} G_t + 2α d η_t G_t with α = B (1-β₁) c₂.",
        read=Read.PAPER,
        kind=larger_side("2B β₁^{t/2} + 2α d η"),
        quantity=Lemma(SUM, summed_lag, RUNS, METHODS),
        twins=(half(SUM, summed_lag), Twin("no term in η", quantity=signum(SUM, summed_lag, factor=0.0))),
    ),
    claim(
        "lemma-8-without-d",
        "after Lemma 8, without d",
        "The average's lag does not grow with the number of features",
        "For t ≥ t₀: ‖M_t - ∇L_t‖_sum ≤ 2B β₁^{t/2} G_t + 2α η_t G_t, since a sample's entries sum to B at most.",
        read=Read.DERIVED,
        kind=larger_side("2B β₁^{t/2} + 2α η"),
        quantity=Lemma(SUM, partial(summed_lag, features=False), RUNS, METHODS),
        twins=(half(SUM, summed_lag, features=False),),
    ),
)
