"""The gap of steepest descent is below an explicit bound, in every norm, at every step and on every dataset.

Setting: separable data with n points and k classes (k = 2 for labels ±1), mean exponential loss
`L = 1/n Σ_i Σ_{c ≠ y_i} exp(-z_ic)`, any steps η_t, `W_0 = 0`; B the largest dual norm of a margin's gradient.
Algorithm: `W ← W - η_t D`, `D = argmax ⟨∇L(W), D⟩` over `‖D‖ ≤ 1`; for p = ∞ this is SignGD.
Claim: `γ - min z_ic(W_t) / ‖W_t‖ ≤ (½ B² Σ η_s² + ln(n (k - 1))) / Σ η_s`, with the sums over s < t, as soon as the
margin is not negative.
Reference: the descent argument of Fan, Schmidt, Thrampoulidis (2025), Theorem 1, and Gunasekar et al. (2018), with the
constants of the exponential loss, derived: `log L` is `ln(k - 1)` at zero, falls by at least `γ η - ½ B² η²` in a step,
as the gradient is a mean of margin vectors times -L, and the smallest margin is at least `-log L - ln n`. That bounds
the margin over `Σ η` as well, which is no less than `‖W‖`: on data of margins 20 to 200 it is tried far past a margin
of 300, where nothing may stop.
"""

import numpy as np

from properties.papers import FAN_2025
from verify import Bound, Claim, Promise, Read, Twin, strategies
from verify.optimizers import PowerDecay, steepest_descent
from verify.problems.margins.gap import Gap, PathGap
from verify.problems.quantity import Measurement

STEPS, SHORT, LONG = (PowerDecay(size, 1 / 2) for size in (0.1, 0.01, 3.0))


def explicit(norm: str, schedule: PowerDecay, curvature: float = 1.0, terms: float = 1.0):
    """The bound as a function of what was measured; the factors spoil one of its terms, for the twins."""

    def bound(m: Measurement) -> np.ndarray:
        steps = np.asarray(schedule(np.arange(round(m.time[-1]))))
        taken = np.round(m.time).astype(int) - 1
        first, second = np.cumsum(steps)[taken], np.cumsum(steps**2)[taken]
        count = np.array([[len(s.margin_vectors)] for s in m.data])  # n (k - 1)
        bound = (curvature * m.radius(norm) ** 2 * second / 2 + terms * np.log(count)) / first
        return np.where(m.values > m.margin, np.inf, bound)  # a gap above γ is a negative margin: nothing is said

    return bound


def claim(name: str, what: str, norm: str, other: str | None = None, problem=strategies.multiclass, **changes) -> Claim:
    terms = "ln n" if problem is strategies.binary else "ln n(k-1)"
    return FAN_2025.claim(
        f"{name}-bound",
        "after Theorem 1, exponential loss",
        f"{what}'s gap is below an explicit bound",
        f"On the exponential loss the {norm} margin's gap is at most (½ B² Σ η² + {terms})/Σ η at every "
        "step at which the margin is not negative.",
        read=Read.DERIVED,
        kind=Bound(explicit(norm, STEPS), f"(½ B² Σ η² + {terms})/Σ η"),
        problem=problem,
        optimizer=steepest_descent(STEPS, norm),
        optimizer_text=f"{what}, η = 0.1 (t+1)^-1/2",
        loss="exponential",
        norm=norm,
        quantity=Gap(relative=False),
        # Short steps need the logarithm most, and long ones B².
        twins=(
            Twin(
                f"no {terms} (short steps)",
                kind=Bound(explicit(norm, SHORT, terms=0.0), "½ B² Σ η² / Σ η"),
                optimizer=steepest_descent(SHORT, norm),
            ),
            Twin(
                "no B², as if steps were a flow (long steps)",
                kind=Bound(explicit(norm, LONG, curvature=0.0), f"{terms} / Σ η"),
                optimizer=steepest_descent(LONG, norm),
            ),
            *([Twin(f"{other} margin for {norm} margin", norm=other)] if other else []),
        ),
        **changes,
    )


def descent(norm: str) -> Claim:
    share, horizon = (1 / 8, -1.0) if norm.startswith("l") else (1 / 16, -1.5)  # singular values are dear
    what = f"Steepest descent in the {norm} norm"
    return claim(f"steepest-descent-{norm}", what, norm, share=share, horizon=horizon)


def growth(norm: str, what: str) -> Claim:
    """The same of the margin over the path, on data of large margins."""

    def over(schedule: PowerDecay, *wrong: float) -> dict:
        kind = Bound(explicit(norm, schedule, *wrong), "a part of it")
        return {"kind": kind, "quantity": PathGap(schedule), "optimizer": steepest_descent(schedule, norm)}

    tiny = PowerDecay(1e-4, 1 / 2)
    return FAN_2025.claim(
        f"margin-growth-{norm}",
        "after Theorem 1, exponential loss, the margin itself",
        f"{what}'s margin grows as it must",
        "On the exponential loss the margin is at least γ Σ η - ½ B² Σ η² - ln n, past 300 as before.",
        read=Read.DERIVED,
        promise=Promise.LOWER,
        kind=Bound(explicit(norm, STEPS), "(½ B² Σ η² + ln n)/Σ η"),
        problem=lambda: strategies.binary(gamma_bounds=(20.0, 200.0), gamma_norm=norm),
        optimizer=steepest_descent(STEPS, norm),
        optimizer_text=f"{what}, η = 0.1 (t+1)^-1/2",
        loss="exponential",
        norm=norm,
        quantity=PathGap(STEPS),
        twins=(
            Twin("no B²", kind=Bound(explicit(norm, STEPS, curvature=0.0), "ln n / Σ η")),
            Twin("no ln n (tiny steps)", **over(tiny, 1.0, 0.0), shrink=False),
            Twin("twice the steps", quantity=PathGap(PowerDecay(0.2, 1 / 2)), shrink=False),
        ),
        share=1 / 4,
        horizon=-1 / 2,
    )


CLAIMS = (
    growth("linf", "SignGD"),
    growth("l2", "Normalised GD"),
    claim("sign-gd", "SignGD", "linf", "l2", strategies.binary, real=("iris:0-vs-rest",), share=1 / 2, horizon=-1.0),
    *(descent(norm) for norm in ("l1", "l1.5", "l2", "l3", "linf", "spectral", "nuclear")),
)
