"""Bounds, orders, trends, separations and KKT points: exact statements, and the same with a constant that is off."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import optax

from benchmarks.soundness.entry import binary, false, group, multiclass, true, vanishes
from benchmarks.soundness.runs import half
from properties.crawshaw2026.test_two_dimensions import halves, high
from solvers import Norm
from verify import laws, optimizers, strategies
from verify.claims.kinds import Bound, Decay, Exists, Limit, Order, Separation, Trend
from verify.laws import Law, exponential
from verify.optimizers import PowerDecay
from verify.problems.backward.distances import ModifiedEquation, MomentumEquation
from verify.problems.backward.modified_equation import Wording
from verify.problems.backward.settings import momentum_settings
from verify.problems.backward.settings import settings as adam_settings
from verify.problems.backward.sweep import Sweep
from verify.problems.backward.valley import Valley, ValleyEnd, valleys
from verify.problems.cnn.runs import Way
from verify.problems.cnn.separation import FeatureSigns
from verify.problems.cnn.settings import settings as cnn_settings
from verify.problems.convex.methods import ADAM, ADAMW, DECAYING, Method
from verify.problems.convex.norm_balls import FrankWolfeGap, LossGap
from verify.problems.convex.optima import FromOptimum, Runs
from verify.problems.convex.runs import Run
from verify.problems.convex.settings import problems
from verify.problems.convex.stacks import regularised, risk
from verify.problems.margins.adam_decay import AdamLaw, DecayRate
from verify.problems.margins.budgeted_gap import BudgetedGap, without
from verify.problems.margins.descents import Loss
from verify.problems.margins.gap import Gap
from verify.problems.margins.reference_margins import OrderedMargins, TwoClassMargins
from verify.problems.margins.softmax import SoftmaxForm, softmax_directions, variance
from verify.problems.margins.updates import UpdateSize, gradient_sequences
from verify.problems.networks.methods import smooth_sign
from verify.problems.networks.network import two_layer
from verify.problems.networks.quantities import NetworkKKT, SmoothedMarginDrop
from verify.problems.quantity import Measurement
from verify.runs.descent import Descent, OverLoss

_B1, _B2 = 0.5, 0.9
_UPDATE = math.sqrt(_B2 * (1 - _B1) ** 2 / ((1 - _B2) * (_B2 - _B1**2)))
_DECAY = AdamLaw(0.05, 0.5, 0.9)
_SHORT = PowerDecay(0.01, 1 / 2)
_SECOND = Order(1.85, 2.15)


def _sides(constant: float, s: np.ndarray, others: np.ndarray, v: np.ndarray):
    """`vᵀ(diag(s) - ssᵀ)v` and `constant (1 - s_c) ‖vvᵀ‖_max`."""
    return variance(s, v), constant * others * np.max(np.abs(v)) ** 2


def _steps_bound(schedule: PowerDecay, terms: float, m: Measurement) -> np.ndarray:
    """`(½ B² Σ η² + terms ln n) / Σ η`; infinite while the margin is negative."""
    steps = np.asarray(schedule(np.arange(round(m.time[-1]))))
    taken = np.round(m.time).astype(int) - 1
    first, second = np.cumsum(steps)[taken], np.cumsum(steps**2)[taken]
    bound = (m.radius("linf") ** 2 * second / 2 + terms * np.log(m.n)) / first
    return np.where(m.values > m.margin, np.inf, bound)


def _unit_bound(power: float, m: Measurement) -> np.ndarray:
    """`(1 + ln n) / (γ t^power)`."""
    return (1 + np.log(m.n)) / (m.margin * m.time**power)


def _larger(share: float, m: Measurement) -> np.ndarray:
    return share * m.larger_side


def _two_classes(factor: float, norm: Norm) -> float:
    return factor * (math.sqrt(2) if norm.matrix_only else 2 ** (1 - 1 / norm.p))


def _side(share: float = 1.0) -> Bound:
    return Bound(partial(_larger, share), "the larger side" if share == 1 else f"{share:g} of the larger side")


BOUNDS = (
    *group(
        "adam-update", "Adam(.5, .9, ε=0) on any gradients",
        true("the inequality of Cauchy and Schwarz for the two averages", kind=Bound.constant(_UPDATE),
             what="|m/√v| at most √(β₂ (1-β₁)² / ((1-β₂)(β₂-β₁²)))"),
        false("gradients that grow like (β₂/β₁)^t come as near to it as one likes", kind=Bound.constant(0.98 * _UPDATE),
              what="|m/√v| at most .98 of that"),
        optimizer=optimizers.adam(1.0, _B1, _B2), quantity=UpdateSize(),
        problem=partial(gradient_sequences, ratio=_B2 / _B1),
    ),
    *group(
        "softmax-form", "any probabilities s and vector v",
        true("Fan, Schmidt, Thrampoulidis 2025, Lemma 2", kind=_side(), quantity=SoftmaxForm(partial(_sides, 4.0)),
             what="vᵀ(diag(s) - ssᵀ)v ≤ 4 (1 - s_c) ‖vvᵀ‖"),
        false("s = (ε, 1-ε), v = (1, -1): 4 ε (1-ε) against 3.95 ε", kind=_side(),
              quantity=SoftmaxForm(partial(_sides, 3.95)), what="vᵀ(diag(s) - ssᵀ)v ≤ 3.95 (1 - s_c) ‖vvᵀ‖"),
        problem=softmax_directions,
    ),
    *group(
        "maximal-margins", "maximal margins of several classes",
        true("a larger norm has a smaller margin, and p-norms fall with p", kind=_side(),
             quantity=OrderedMargins((("l1", "l1.5", "l2", "l3", "linf"),)), what="rise with p"),
        false("for four classes on the axes the spectral margin is 1, the l3 margin .85", kind=_side(),
              quantity=OrderedMargins((("spectral", "l3"),)), what="spectral below l3"),
        norm=("l1", "l1.5", "l2", "l3", "linf", "spectral"), problem=multiclass(),
    ),
    *group(
        "two-class-margins", "maximal margins of two classes",
        true("W = (w, -w)/2 has the least norm", kind=_side(), what="2^(1-1/p) or √2 times binary ones",
             quantity=TwoClassMargins(("l1.5", "linf", "nuclear"), partial(_two_classes, 1.0))),
        false("the factors are equalities", kind=_side(), what="the same, less 1e-4 of it",
              quantity=TwoClassMargins(("l1.5", "linf", "nuclear"), partial(_two_classes, 1 - 1e-4))),
        norm=("l1.5", "linf", "nuclear"), problem=multiclass(max_classes=2),
    ),
    *group(
        "sign-gd-bound", "SignGD on the exponential loss, η = 0.01 t^-1/2",
        true("each step lowers log L by γη - ½B²η² at least", what="gap at most (½ B² Σ η² + ln n)/Σ η",
             kind=Bound(partial(_steps_bound, _SHORT, 1.0), "(½ B² Σ η² + ln n)/Σ η")),
        false("along the signs of the mean point, the first steps leave the gap of another point", norm="linf",
              what="gap at most ½ B² Σ η² / Σ η", kind=Bound(partial(_steps_bound, _SHORT, 0.0), "½ B² Σ η²/Σ η")),
        optimizer=optimizers.sign_gd(_SHORT), loss="exponential", norm="linf", quantity=Gap(relative=False),
        share=1 / 4, horizon=-1.0,
    ),
    *group(
        "unit-steps-bound", "GD with unit steps on the log of the exponential loss, rows of length 1 at most",
        true("Ji, Telgarsky 2021, Theorem 7", what="gap at most (1 + ln n)/(γ t)",
             kind=Bound(partial(_unit_bound, 1.0), "(1 + ln n)/(γ t)")),
        false("Ji, Telgarsky 2021, Theorem 8: of the order 1/t", what="gap at most (1 + ln n)/(γ t^1.5)",
              kind=Bound(partial(_unit_bound, 1.5), "(1 + ln n)/(γ t^1.5)")),
        optimizer=optimizers.gradient_descent(1.0), loss="log_exponential", norm="l2", quantity=Gap(relative=False),
        problem=binary(unit_rows=True), share=1 / 2,
    ),
    *group(
        "lion-budget", "Lion, η = 0.1 t^-1/2, against the l2 margin",
        true("holds for any updates, in any norm", kind=_side(), what="gap at most its budget"),
        false("what Lion's updates are misaligned with l2 does not vanish", what="gap at most its budget, less that",
              kind=Bound(without("misalignment"), "its budget without misalignment")),
        optimizer=optax.lion(half(), weight_decay=0.0), loss="logistic", norm="l2", quantity=BudgetedGap(),
        share=1 / 4, horizon=-1.0,
    ),
)  # fmt: skip

BACKWARD = (
    *group(
        "gd-penalty", "GD on the bilinear loss",
        true("Barrett, Dherin 2021", kind=_SECOND, quantity=MomentumEquation(burn_in=0.0),
             what="within C h² of the flow of E + (h/4) ‖∇E‖²"),
        false("a term (h/40) ‖∇E‖² is missing, of first order", kind=_SECOND,
              quantity=MomentumEquation(burn_in=0.0, scale=0.9), what="within C h² of the flow of E + .9 (h/4) ‖∇E‖²"),
        norm="linf", problem=partial(momentum_settings, "bilinear", betas=(0.0,)), share=1 / 8,
    ),
    *group(
        "heavy-ball-penalty", "the heavy ball on the tanh loss",
        true("Ghosh et al. 2023", kind=_SECOND, quantity=MomentumEquation(), what="(1+β)/(4(1-β)³), second order"),
        false("the constant has (1-β)³", kind=_SECOND, quantity=MomentumEquation(power=2.5),
              what="(1+β)/(4(1-β)^2.5), second order"),
        norm="linf", problem=partial(momentum_settings, "tanh"), share=1 / 8,
    ),
    *group(
        "adam-equation", "Adam with mini-batches on least squares",
        true("Cattaneo, Klusowski, Shigida 2024, Theorem 3.1", kind=_SECOND, quantity=ModifiedEquation(),
             what="modified equation, second order"),
        true("the bracket is of first order in h", kind=Order(0.85, 1.15), what="-M/R, first order",
             quantity=ModifiedEquation(Wording(correction=0.0))),
        false("β and ρ do not stand alike in it", kind=_SECOND, quantity=ModifiedEquation(swapped=True),
              what="β and ρ exchanged, second order"),
        norm="linf", problem=partial(adam_settings, "least-squares"), share=1 / 8,
    ),
    *group(
        "valley-steps", "Adam with ρ > β on the bilinear loss, from the end of the valley",
        true("Cattaneo, Klusowski, Shigida 2024, Section 2", kind=Trend(1, resolution=0.001, strict=True),
             what="|θ₁| + |θ₂| rises with h"),
        false("the same", kind=Trend(-1, resolution=0.001, strict=True), what="|θ₁| + |θ₂| falls with h"),
        norm="l1", quantity=ValleyEnd(Sweep(("step_size",), (0.5, 1.0, 2.0))), share=1 / 4,
        problem=partial(valleys, ((0.5, 0.95), (0.8, 0.98))),
    ),
    *group(
        "valley-rho", "Adam on the bilinear loss, from the end of the valley",
        true("Cattaneo, Klusowski, Shigida 2024, Section 2", kind=Trend(1, resolution=0.001),
             quantity=ValleyEnd(Sweep(("rho",), (0.8, 0.9, 0.95, 0.98))), what="|θ₁| + |θ₂| rises with ρ"),
        false("with ε large ρ does not matter", kind=Trend(1, resolution=0.001),
              quantity=ValleyEnd(Sweep(("rho",), (0.8, 0.9, 0.95, 0.98)), Valley.with_large_eps),
              what="|θ₁| + |θ₂| rises with ρ, ε large"),
        norm="l1", problem=partial(valleys, ((0.0, 0.9), (0.5, 0.9))), share=1 / 4,
    ),
)  # fmt: skip

CONVEX = (
    *group(
        "convex-optimum", "Adam and SignGD on a convex loss with weight decay",
        true("f is λ-strongly convex", kind=_side(), what="within e/λ of the optimum"),
        false("along the flattest direction e = λ ‖w - w*‖ is reached", kind=_side(1 / 1.02),
              what="within e/(1.02 λ) of the optimum"),
        norm="l2", problem=problems, share=1 / 4,
        quantity=FromOptimum(Runs((
            Method("GD", lambda p: optax.sgd(1 / (p.curvature + p.decay))),
            Method("SignGD", lambda p: optimizers.sign_gd(DECAYING)),
        ))),
    ),
    *group(
        "adamw-ball", "AdamW(ε=0) on a convex loss",
        true("Xie, Li 2024, Theorem 1.1", quantity=LossGap(Run(ADAMW, risk)), what="least loss over ‖w‖ ≤ 1/λ"),
        false("the constraint binds on some data, where the ball of .8/λ has a larger least loss", quantity=LossGap(
            Run(ADAMW, risk), radius=0.8), what="least loss over ‖w‖ ≤ .8/λ"),
        false("it minimises the penalised loss instead", quantity=LossGap(Run(ADAM, regularised)),
              what="the same of Adam with an L2 penalty"),
        norm="linf", kind=vanishes(1 / 2, tolerance=0.05), share=1 / 4,
        problem=partial(problems, decays=(0.2, 2.0), betas=((0.9, 0.99), (0.0, 0.0))),
    ),
    *group(
        "frank-wolfe", "SignGD and spectral descent with weight decay, η = 2/(λ(t+1))",
        true("Xie, Li 2024, Theorem 3.5: it is the method of Frank and Wolfe", kind=_side(),
             quantity=FrankWolfeGap(("linf", "spectral")), what="loss within 2H(1 + λB)²/((t+2)λ²) of the least"),
        false("the ball of radius 2/λ holds lower losses, which it never reaches", kind=_side(),
              quantity=FrankWolfeGap(("linf",), radius=2.0), what="the same of the ball of radius 2/λ"),
        norm=("linf", "spectral"), problem=partial(problems, decays=(0.2, 2.0)), share=1 / 4,
    ),
)  # fmt: skip

OTHERS = (
    *group(
        "adam-decay", "Adam(.5, .9, ε=0), η = 0.05: growth of the margin a step",
        true("constant signs make one self-consistent equation of it", kind=Limit(1e-6, laws.power(1 / 2)),
             quantity=DecayRate(_DECAY), what="tends to the root r"),
        false("m and v are averaged alike", kind=Limit(1e-6, laws.power(1 / 2)), quantity=DecayRate(
            AdamLaw(0.05, 0.5, 0.9, lag=1)), what="tends to the root with m one step older"),
        optimizer=optimizers.adam(0.05, 0.5, 0.9), loss="logistic", horizon=1 / 4, share=1 / 4,
        problem=binary(flavours=("single", "linf_unique")),
    ),
    *group(
        "cnn-feature", "Adam and GD on the CNN of Zou et al. 2023",
        true("Zou et al. 2023, Theorem 4.1, by its proof", kind=Separation(0.0, "Adam against the feature, GD for it"),
             quantity=FeatureSigns(), what="Adam's network votes against the feature, GD's for it"),
        false("GD learns the feature", kind=Separation(0.0, "GD against the feature"),
              quantity=FeatureSigns(fails=Way("gd")), what="GD's network votes against the feature"),
        problem=cnn_settings, share=1 / 16,
    ),
    *group(
        "steps-over-the-loss", "gradient descent on the logistic loss, steps 1/L",
        true("-log L grows by γ² a step at least, once L is small", kind=Decay(exponential()),
             what="its loss falls like exp(-ct)"),
        false("a step of 1/L changes no margin by more than the squared radius", kind=Decay(exponential(1.5)),
              what="its loss falls like exp(-c t^3/2)"),
        quantity=Loss(Descent(OverLoss(1.0), 1000)), loss="logistic", share=1 / 4,
        problem=binary(unit_rows=True, flavours=[name for name in strategies.FLAVOURS if name != "tiny_margin"]),
    ),
    *group(
        "two-points", "gradient descent from zero on (γ, -δ), (γ, √(1-γ²)) with γ = 0.02",
        true("Crawshaw, Liu 2026, Lemma 3.2", quantity=high(), what="there is a δ with L > 2/η up to 1 + 1/(59γ²)"),
        false("by then the loss has fallen, whatever δ is", quantity=high(1.0), what="there is one up to 1 + 1/γ²"),
        kind=Exists(Bound(lambda m: m.larger_side, "first time that L ≤ 2/η")), loss="logistic", share=1 / 4,
        problem=halves,
    ),
    *group(
        "network-kkt", "gradient flow of a network of two layers",
        true("Lyu, Li 2020, Theorem 4.4", kind=Limit(1e-3, Law(0, -1 / 3)), quantity=NetworkKKT(two_layer(3)),
             what="its direction tends to a KKT point"),
        false("the sign flow tends to KKT points of another norm (Tsilivis et al. 2024)",
              kind=Limit(1e-3, Law(0, -1 / 3)), quantity=NetworkKKT(two_layer(3), smooth_sign(0.1)),
              what="so does the sign flow's"),
        loss="exponential", norm="l2", share=1 / 8, horizon=16.0,
        problem=binary(max_points=6, max_features=3, gamma_bounds=(0.2, 2.0)),
    ),
    *group(
        "network-margin", "gradient flow of a network of two layers, past separation",
        true("Lyu, Li 2020, Theorem 4.1", quantity=SmoothedMarginDrop(two_layer(3)),
             what="log 1/L over ‖θ‖³ never falls"),
        false("it tends to a positive limit, so that it falls over a larger power",
              quantity=SmoothedMarginDrop(two_layer(3), exponent=3.05), what="log 1/L over ‖θ‖^3.05 never falls"),
        loss="exponential", norm="l2", kind=Bound.constant(1.0), share=1 / 8, horizon=2.0,
        problem=binary(max_points=6, max_features=3, gamma_bounds=(0.2, 2.0)),
    ),
)  # fmt: skip

ENTRIES = BOUNDS + BACKWARD + CONVEX + OTHERS
