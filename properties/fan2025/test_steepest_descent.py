"""Normalised steepest descent in a norm goes to the margin of that norm, for every norm and every schedule.

Setting: separable data with k classes and n samples, mean cross-entropy loss, weights W [k, d], `η_t = Θ(t^-a)`.
Algorithm: `W ← W - η_t D`, `D = argmax ⟨∇L(W), D⟩` over `‖D‖ ≤ 1`, for any entry-wise or Schatten p-norm.
Claim: the margin normalised by `‖W‖` falls short of the maximal one by

    a < 1/2: O((t^{1-2a} + n) / t^{1-a}),    a = 1/2: O((log t + n) / t^{1/2}),
    1/2 < a < 1: O(n / t^{1-a}),             a = 1: O(n / log t).

Reference: Fan, Schmidt, Thrampoulidis (2025), Theorem 1 (a = 1/2) and Theorem 3, the general one, from which the rates
for other a, which are not printed, are derived.

What is seen is `t^-(1-a)` throughout, so the law for a < 1/2 is far from tight. For a = 1 the gap times `log t` is
watched over decades of t, since the horizon holds too few decades of `log t`, and with steps ten times as large: the
weights must come past `log n / γ`, where the points are separated, while they grow like `η_0 log t`. They travel so
slowly that no faster law could be told there: with a = 1 the false twins have another norm and summable steps. The case
a = 1/2 of the max norm and of the Frobenius norm has files of its own.
"""

from properties.papers import FAN_2025
from verify import Claim, Rate, Read, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

# By exponent of the step sizes: its name, the claimed law, and a law that is faster than what is seen.
SCHEDULES = {
    0.3: ("0.3", Rate(laws.power(0.3)), Rate(laws.power(1))),
    1 / 2: ("1/2", Rate(laws.power(1 / 2, log=1)), Rate(laws.power(3 / 4))),
    2 / 3: ("2/3", Rate(laws.power(1 / 3)), Rate(laws.power(2 / 3))),
    0.8: ("0.8", Rate(laws.power(0.2)), Rate(laws.power(1 / 2))),
    1.0: ("1", Rate(laws.inverse_log(in_steps=True), resolution=0.1), None),
}
# By norm: norms whose margins most drawn datasets tell apart from its own; all are tried at a = 1/2, else the first.
OTHERS = {
    "l1": ("linf", "l2", "spectral"),
    "l1.5": ("linf", "l1", "nuclear"),
    "l2": ("linf", "l1"),
    "l3": ("l1", "linf", "nuclear"),
    "linf": ("l2", "l1", "nuclear", "spectral"),
    "nuclear": ("linf", "l1"),
    "spectral": ("linf", "l1", "nuclear"),
}
ELSEWHERE = {("linf", 1 / 2), ("l2", 1 / 2)}


def twins(norm: str, a: float, faster: Rate | None) -> tuple[Twin, ...]:
    """Other norms and a faster rate; where steps are short, one that tells before weights have travelled far."""
    main = a == 1 / 2
    summable = optimizers.steepest_descent(PowerDecay(1.0, 3 / 2), norm)
    others = OTHERS[norm] if main else OTHERS[norm][:1]
    return (
        *(
            Twin(f"{other} margin for {norm} margin", norm=other, shrink=main and i == 0)
            for i, other in enumerate(others)
        ),
        *(() if faster is None else (Twin(f"the faster rate {faster.law}", kind=faster, shrink=main),)),
        *(
            (Twin(f"summable steps t^-3/2 for t^-{SCHEDULES[a][0]}", optimizer=summable, shrink=False),)
            if a >= 0.8
            else ()
        ),
    )


def claim(norm: str, a: float) -> Claim:
    name, law, faster = SCHEDULES[a]
    main, eta0 = a == 1 / 2, 1.0 if a == 1 else 0.1
    return FAN_2025.claim(
        f"steepest-descent-{norm}-a{a:.2g}",
        "Theorem 1" if main else "Theorem 3",
        f"Steepest descent in the {norm} norm maximises its margin, steps t^-{name}",
        f"Steepest descent in the {norm} norm, steps t^-{name}: its margin's gap is O({law.law}).",
        read=Read.PAPER if main else Read.DERIVED,
        kind=law,
        problem=strategies.multiclass,
        optimizer=optimizers.steepest_descent(PowerDecay(eta0, a), norm),
        optimizer_text=f"normalised steepest descent in the {norm} norm, η = {eta0:g} (t+1)^-{name}",
        loss="cross_entropy",
        norm=norm,
        twins=twins(norm, a, faster),
        real=("wine:standardise" if main or norm in ("nuclear", "spectral") else "iris:0-vs-rest",),
        horizon=-1 / 3,  # enough decades to tell the laws apart
        share=1 / 2 if norm in ("nuclear", "spectral") else 1.0,  # singular values are dear
    )


CLAIMS = [claim(norm, a) for norm in OTHERS for a in SCHEDULES if (norm, a) not in ELSEWHERE]
