"""Muon with momentum keeps the share of the maximal spectral margin that its Newton-Schulz steps fix, in the limit.

Setting: separable data with k classes in d dimensions, mean cross-entropy, zero start weights, steps `η_t = Θ(t^-a)`, a
in (0, 1]; and constant steps, of the method as it is shipped.
Algorithm: `W ← W - η_t U_t`, `U_t` what the Newton-Schulz steps make of `M_t = Σ_τ a_τ G_{t-τ}`, with weights `a_τ ≥ 0`
of sum 1 that fade like β^τ: the moving average of the gradients, or Nesterov's, as in optax.contrib.muon.
Claim: with ρ of `ours/newton-schulz-*` it is `⟨G, U⟩ ≥ (ρ ‖M‖_* - ‖M - G‖_*) ‖U‖` at every step, in the spectral norm,
and in the limit ρ is kept as without momentum, `liminf margin(W_t)/‖W_t‖ ≥ ρ γ`, though at single steps `⟨G, U⟩` may be
below `ρ ‖G‖_* ‖U‖`. Derivation: the columns of M add up to zero over the classes, as those of gradients do, so that ρ's
definition applies to it, and `⟨G, U⟩ = ⟨M, U⟩ - ⟨M - G, U⟩`. Steps of size η change a gradient by a share of O(η), so
that `‖M_t - G_t‖_* = O(η_t + β^t) ‖G_t‖_*` (Lemma 8 of Fan et al. for the moving average), and the misalignment of the
gap budget is `1 - ρ + O(η_t + β^t)`. As shipped, optax.contrib.muon adds ε = 10⁻⁸ to the norm of M. Below it steps are
linear, `U = a⁵ M/ε` with a = 3.4445: it becomes gradient descent with momentum and a step size of 4.8 × 10¹⁰ η, and
goes on to the L2 (Frobenius) margin, as slowly as 1/log t.
Reference: no paper at hand has it; Fan, Schmidt, Thrampoulidis (2025) treat the exact polar factor with momentum, and
Wang et al. (2022) gradient descent with momentum.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import optax
from hypothesis import strategies as st
from scipy.special import logsumexp

from properties.kim2026.test_reshuffled_margin import MODERATE, Shortfall
from properties.ours.test_newton_schulz import METHODS, built, problem, rank, rho
from properties.papers import OURS
from solvers import normalised_margin
from verify import Bound, Dataset, Limit, Promise, Read, Twin, laws, optimizers, strategies
from verify.flows.flow import carry_on
from verify.optimizers import NEWTON_SCHULZ, PowerDecay, muon
from verify.problems.laboratory import Laboratory
from verify.problems.margins import ensembles
from verify.problems.margins.lemmas import Along, Lemma, Places, Sides, inner, momentum
from verify.problems.quantity import LOG_TIME, ROUNDING, Measurement
from verify.problems.subject import Subject, loss_of, norm_of

B1 = 0.9
RATE, EPS = 0.1, 1e-8
SLOPE = NEWTON_SCHULZ[0] ** 5  # of the polynomial of five steps, at 0
SIZE, LONG = PowerDecay(0.1, 1 / 2), PowerDecay(0.3, 1 / 3)
WORDS, STEPS = METHODS["muon"]


def momentum_sides(run: Places, least: float = 0.0, lag: float = 1.0) -> Sides:
    """`(ρ ‖M‖_* - ‖M - G‖_*) ‖U‖ ≤ ⟨G, U⟩`. lag: times `‖M - G‖_*`; 0 without momentum's part, G for M."""
    u, g = -run.steps, run.at.gradient[:, :-1]
    weight = 1 - B1 ** np.arange(1, g.shape[1] + 1)
    m = momentum(run, B1)[:, :-1] / weight[:, None, None] if lag else g
    share = np.maximum(rho(STEPS, run.lab.datasets), least)
    return {"": ((share * run.dual(m) - lag * run.dual(m - g)) * run.value(u), inner(g, u))}


def lemma(**wrong: float) -> Lemma:
    runs = Along(lambda norm: muon(SIZE, B1, steps=STEPS), SIZE, 300)
    return Lemma("(ρ ‖M‖_* - ‖M - G‖_*) ‖U‖", partial(momentum_sides, **wrong), runs, ("spectral",))


def promised(m: Measurement, norm: str, factor: float = 1.0, least: float = 0.0) -> np.ndarray:
    """ρ γ, from below."""
    return np.maximum(factor * rho(STEPS, m.data), least) * m.margin


@st.composite
def small(draw) -> Dataset:
    """Data on which ρ is attained, so small that the last steps hardly change a gradient in momentum's time."""
    return built(STEPS, 2, 1.0, np.pi / 8 * draw(st.integers(0, 15)))


def tilted() -> st.SearchStrategy[Dataset]:
    """Of gradients whose singular values may be two or more, and margins that the horizon reaches."""
    drawn = strategies.multiclass(max_points=6, max_features=4, flavours=MODERATE, gamma_bounds=(1.0, 4.0))
    # Of rank one Newton-Schulz steps change the length alone, so that ρ = 1 is true there.
    return st.one_of(drawn.filter(lambda s: rank(s) > 1), small())


def largest(dataset: Dataset, weights: np.ndarray) -> float:
    """The log of what the gradient of the mean cross-entropy is at most, in the L2 norm."""
    z = dataset.margin_vectors
    return float(logsumexp(-z @ weights.ravel(), b=np.linalg.norm(z, axis=1)) - np.log(dataset.n))


@dataclass(frozen=True)
class CarriedGap:
    """The relative gap of runs whose gradients came far below ε, carried on in log time as gradient descent.

    Nothing is said where the gradient is not below a tenth of ε over the slope: below, steps are linear to a percent.
    """

    name: str = "relative gap"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """In the claim's norm; the first times are those of the flow, whose clock is the log of η a⁵ t/ε."""
        norm, data = norm_of(subject), lab.datasets
        run, references = ensembles.run(subject, lab), lab.references(norm)
        start, loss = float(np.log(run.time[-1] * RATE * SLOPE / EPS)), loss_of(subject)
        log_time, flows = lab.once(
            ("carried", subject.text, run.time[-1], loss, lab.log_time),
            lambda: carry_on(data, list(run.weights), start=start, log_time=lab.log_time, loss=loss),
        )
        reached = [[normalised_margin(w, s.x, s.y, norm) for w in flow] for flow, s in zip(flows, data, strict=True)]
        gradients = np.array([largest(s, w) for s, w in zip(data, run.weights, strict=True)])
        below = gradients <= np.log(EPS / SLOPE / 10)
        certified = np.array([r.certified for r in references])
        lower, upper = (np.array([getattr(r, end) for r in references]) for end in ("lower", "upper"))
        notes = () if below.all() else (f"runs whose gradients are not far below ε yet: {np.count_nonzero(~below)}",)
        gap = 1 - np.array(reached) / upper[:, None]
        width = 1 - lower / upper + ROUNDING
        return Measurement(log_time, gap, width, certified & below, data, lower, notes, clock=LOG_TIME)


def shrunk(wrong: str, **changes) -> Twin:
    return Twin(wrong, shrink=False, **changes)


ALIGNMENT = OURS.claim(
    "newton-schulz-momentum-alignment",
    "Newton-Schulz steps",
    "With momentum five Newton-Schulz steps keep ρ of the average's steepest descent",
    "Muon, five quintic steps, β = 0.9: at every step ⟨G, U⟩ ≥ (ρ ‖M‖_* - ‖M - G‖_*) ‖U‖ in the spectral norm.",
    read=Read.DERIVED,
    kind=Bound(lambda m: m.larger_side, "⟨G, U⟩"),
    promise=Promise.LOWER,
    problem=problem(STEPS),
    optimizer=muon(SIZE, B1, steps=STEPS),
    optimizer_text=f"Muon with β = {B1}, {WORDS}, η = 0.1 (t+1)^-1/2",
    loss="cross_entropy",
    norm="spectral",
    quantity=lemma(),
    twins=(
        shrunk("1, the exact polar factor's, for ρ", quantity=lemma(least=1.0)),
        shrunk("ρ ‖G‖_* ‖U‖ at every step, as without momentum", quantity=lemma(lag=0.0)),
    ),
    real=("wine:standardise",),
    share=1 / 4,
)


def of_the_margin(name: str, optimizer: optax.GradientTransformation, text: str):
    return OURS.claim(
        f"newton-schulz-{name}-margin",
        "Newton-Schulz steps",
        f"{text} keeps ρ of the maximal spectral margin in the limit",
        f"{text}, five quintic steps, no ε: liminf margin/‖W‖ ≥ ρ γ in the spectral norm.",
        read=Read.DERIVED,
        kind=Limit(0.01, laws.power(1 / 2)),
        problem=tilted,
        optimizer=optimizer,
        optimizer_text=f"{text}, {WORDS}, η = 0.3 (t+1)^-1/3",
        loss="cross_entropy",
        norm="spectral",
        quantity=Shortfall(promised),
        twins=(
            shrunk("1, the exact polar factor's, for ρ", quantity=Shortfall(partial(promised, least=1.0))),
            shrunk("ρ larger by 10 %", quantity=Shortfall(partial(promised, factor=1.1))),
        ),
        horizon=-0.5,
        share=1 / 4,
    )


SHIPPED = OURS.claim(
    "muon-as-shipped",
    "Newton-Schulz steps, with ε",
    "Muon as optax has it goes on to the L2 margin",
    "optax.contrib.scale_by_muon at its defaults, constant steps: the normalised L2 margin tends to the maximal one.",
    read=Read.DERIVED,
    kind=Limit(0.02, laws.inverse_log()),
    problem=lambda: strategies.multiclass(
        max_classes=3, max_points=5, max_features=4, cross_norm=("spectral", "l2", 0.9)
    ),
    optimizer=optimizers.descend(optax.contrib.scale_by_muon(), RATE),
    optimizer_text="optax.contrib.scale_by_muon(), ε = 10⁻⁸, η = 0.1; gradient descent's flow in log t after its steps",
    loss="cross_entropy",
    norm="l2",
    quantity=CarriedGap(),
    twins=(shrunk("the spectral margin", norm="spectral"),),
    horizon=-1.0,
    share=1 / 16,
)

CLAIMS = (
    ALIGNMENT,
    of_the_margin("momentum", muon(LONG, 0.95, steps=STEPS), "Muon with β = 0.95"),
    of_the_margin(
        "nesterov", optimizers.descend(optax.contrib.scale_by_muon(eps=0), LONG), "optax.contrib.scale_by_muon(eps=0)"
    ),
    SHIPPED,
)
