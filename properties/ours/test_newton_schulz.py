"""Muon as it is run, with a few Newton-Schulz steps, keeps a share of the maximal spectral margin that they fix.

Setting: separable data with k classes in d dimensions, mean cross-entropy or exponential loss, zero start weights,
steps `η_t → 0` of infinite sum.
Algorithm: `W ← W - η_t U_t`, `U_t = P f(S/‖S‖) Qᵀ` for the gradient `G_t = P S Qᵀ`: f is the polynomial of the
Newton-Schulz steps, on singular values. No momentum.
Claim: let `ρ(r)` be the least `Σ s_i f(s_i) / (Σ s_i max f(s_i))` over all `s ≥ 0` of r values and length 1, and
`r = min(k - 1, d)`. Then `⟨G_t, U_t⟩ ≥ ρ ‖G_t‖_* ‖U_t‖` at every step, and
`liminf margin(W_t)/‖W_t‖ ≥ ρ γ` in the spectral norm. Derivation: a gradient's columns add up to zero over the classes,
so that it has r singular values, and the first part is ρ's definition. In the gap budget (`verify.runs.budget`) for the
exponential loss `-⟨∇F_t, v_t⟩ ≥ ρ ‖∇F_t‖_* ‖v_t‖ ≥ ρ γ ‖v_t‖`; hence the gap is at most `(1 - ρ) γ` and what the
steps' second order and log n add, which vanish beside `S = Σ η_t ‖U_t‖`. It is sharp for r = 2, and
wherever all of the worst singular values but a smaller one are the same: r classes with points a (u_y, ε), the u_y
being the corners of a regular simplex, around a class 0 with the point (0, -2a). Each of them comes to have class 0 for
its nearest rival, and all the same share, so that the gradient is that of `Σ (e_y - e_0) (u_y, ε)ᵀ`, with r - 1
singular values in the ratio 1 to `ε √(r² - 1)`, at most 1, to the last one; its polar factor has the maximal margin,
and the share tends to the alignment of these values.
Reference: no paper at hand has it; Fan, Schmidt, Thrampoulidis (2025) treat the exact polar factor. The numbers ρ are
those of `solvers.newton_schulz`, and docs/muon.md has a table.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from hypothesis import strategies as st

from properties.papers import OURS
from solvers.newton_schulz import Steps, aligned, alignment
from verify import Bound, Claim, Dataset, Limit, Promise, Read, Twin, laws, optimizers, strategies
from verify.optimizers import CUBIC, NEWTON_SCHULZ, PowerDecay, muon
from verify.problems.laboratory import Laboratory
from verify.problems.margins.budgeted_gap import BudgetedGap
from verify.problems.margins.gap import Gap
from verify.problems.margins.lemmas import Along, Lemma, Places, Sides, inner
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject

SIZE = PowerDecay(0.1, 1 / 2)
LONG = PowerDecay(0.3, 1 / 3)
BUILT = "two singular values"
METHODS: dict[str, tuple[str, Steps]] = {
    "muon": ("five steps of (3.4445, -4.7750, 2.0315)", (NEWTON_SCHULZ,) * 5),
    "muon-3": ("three steps of (3.4445, -4.7750, 2.0315)", (NEWTON_SCHULZ,) * 3),
    "cubic": ("five cubic steps", (CUBIC,) * 5),
}
"""By name: the Newton-Schulz steps in words, and their coefficients."""


def rank(data: Dataset) -> int:
    return min(data.classes - 1, data.d)


def rho(steps: Steps, datasets: list[Dataset]) -> np.ndarray:
    """Of each dataset's rank, from below, `[b 1]`."""
    return np.array([[alignment(steps, rank(data)).lower] for data in datasets])


def worst(steps: Steps, values: int) -> np.ndarray:
    """Of singular values that are 1 but for a smaller one, those that are aligned worst."""
    small = np.geomspace(1e-6, 1.0, 20_001)
    spectra = np.concatenate([np.ones((len(small), values - 1)), small[:, None]], axis=1)
    return spectra[np.argmin(aligned(steps, spectra))]


def built(steps: Steps, values: int = 2, size: float = 2.0, angle: float = 0.0) -> Dataset:
    """Classes around another one, whose gradient comes to have the `worst` singular values; two features are turned."""
    simplex = np.linalg.svd(np.eye(values) - 1 / values)[0][:, : values - 1] * np.sqrt(values / (values - 1))
    tilt = worst(steps, values)[-1] / np.sqrt(values**2 - 1)
    leaves = np.column_stack([simplex, np.full(values, tilt)])
    x = size * np.concatenate([-2 * np.eye(values)[-1:], leaves])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    x[:, -2:] = x[:, -2:] @ turn
    return Dataset(x, np.arange(values + 1), name=BUILT)


@st.composite
def two_values(draw, steps: Steps) -> Dataset:
    return built(steps, 2, draw(st.integers(2, 5)), np.pi / 8 * draw(st.integers(0, 15)))


def problem(steps: Steps):
    return lambda: st.one_of(strategies.multiclass(), two_values(steps))


def alignment_sides(run: Places, steps: Steps, factor: float = 1.0, least: float = 0.0) -> Sides:
    """`ρ ‖G_t‖_* ‖U_t‖ ≤ ⟨G_t, U_t⟩`, of gradients over the loss's proxy."""
    u, g = -run.steps, run.at.gradient[:, :-1]
    share = np.maximum(factor * rho(steps, run.lab.datasets), least)
    return {"": (share * run.dual(g) * run.value(u), inner(g, u))}


def floor(steps: Steps, factor: float = 1.0, least: float = 0.0):
    """The gap's budget with `(1 - ρ) γ` for its misalignment."""

    def upper(m: Measurement) -> np.ndarray:
        assert m.parts is not None
        rest = np.sum([m.parts[name] for name in ("discretisation", "log_n", "tail")], axis=0)
        share = np.maximum(factor * rho(steps, m.data), least)
        return np.where(np.isinf(m.larger_side), np.inf, (1 - share) * m.margin + rest)

    return upper


@dataclass(frozen=True)
class ShareOff:
    """How far the share of the maximal margin is from what the worst two singular values allow."""

    steps: Steps
    factor: float = 1.0
    name: str = "distance of the share of the maximal margin to ρ"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        m = Gap().measure(subject, lab)
        promised = self.factor * aligned(self.steps, worst(self.steps, 2))
        return replace(m, values=np.abs(1 - m.values - promised), scale=None)


def of(name: str, *key: str, size: PowerDecay = SIZE, **fields) -> Claim:
    words, steps = METHODS[name]
    return OURS.claim(
        "-".join(["newton-schulz", name, *key]),
        "Newton-Schulz steps",
        read=Read.DERIVED,
        optimizer=muon(size, 0.0, steps=steps),
        optimizer_text=f"Muon without momentum, {words}, η = {size.eta0:g} (t+1)^-{'1/2' if size is SIZE else '1/3'}",
        norm="spectral",
        **fields,
    )


def at_every_step(name: str) -> Claim:
    words, steps = METHODS[name]
    runs = Along(lambda norm: muon(SIZE, 0.0, steps=steps), SIZE, 300)

    def lemma(**wrong: float) -> Lemma:
        sides = partial(alignment_sides, steps=steps, **wrong)
        return Lemma("ρ ‖G‖_* ‖U‖", sides, runs, ("spectral",))

    return of(
        name,
        "alignment",
        title=f"{words.capitalize()} keep ρ of the steepest descent",
        statement=f"{words.capitalize()}: at every step ⟨G, U⟩ ≥ ρ ‖G‖_* ‖U‖ in the spectral norm.",
        kind=Bound(lambda m: m.larger_side, "⟨G, U⟩"),
        promise=Promise.LOWER,
        problem=problem(steps),
        loss="cross_entropy",
        quantity=lemma(),
        twins=(
            Twin("1, the exact polar factor's, for ρ", quantity=lemma(least=1.0), shrink=False),
            Twin("ρ larger by 1 %", quantity=lemma(factor=1.01), shrink=False),
        ),
        share=1 / 4,
    )


def of_the_margin(name: str) -> Claim:
    words, steps = METHODS[name]
    return of(
        name,
        "margin",
        title=f"{words.capitalize()} keep ρ of the maximal spectral margin",
        statement=f"{words.capitalize()}: the gap is at most (1 - ρ) γ + [½ Σ max z(v)² + ln n + F₀]/Σ ‖v‖.",
        kind=Bound(floor(steps), "(1 - ρ) γ and its budget's other parts"),
        problem=problem(steps),
        loss="exponential",
        quantity=BudgetedGap(),
        twins=(
            Twin(
                "1, the exact polar factor's, for ρ", kind=Bound(floor(steps, least=1.0), "them, ρ = 1"), shrink=False
            ),
            Twin("0.95 for a smaller ρ", kind=Bound(floor(steps, least=0.95), "them, ρ ≥ 0.95"), shrink=False),
        ),
        horizon=-1.0,
        share=1 / 4,
    )


def sharp(name: str) -> Claim:
    words, steps = METHODS[name]
    return of(
        name,
        "sharp",
        size=LONG,
        title=f"{words.capitalize()} keep no more than ρ on some data of three classes",
        statement=f"{words.capitalize()}, points (a, aε), (-a, aε) and (0, -2a) of three classes: the share of the "
        "maximal spectral margin tends to ρ(2) if √3 ε is the ratio of the worst two singular values.",
        kind=Limit(0.01, laws.power(1 / 2)),
        problem=lambda: two_values(steps),
        loss="exponential",
        quantity=ShareOff(steps),
        twins=(
            Twin("ρ larger by 3 %", quantity=ShareOff(steps, 1.03), shrink=False),
            Twin("the exact polar factor", optimizer=optimizers.spectral_descent(LONG), shrink=False),
        ),
        horizon=-1.0,
        share=1 / 16,
    )


CLAIMS = (
    *(at_every_step(name) for name in METHODS),
    *(of_the_margin(name) for name in ("muon", "muon-3")),
    *(sharp(name) for name in ("muon", "cubic")),
)
