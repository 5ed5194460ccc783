"""Adam without stability constant goes to the max-norm margin on multiclass data, for every schedule.

Setting: separable data with k classes, mean cross-entropy loss, weights W [k, d], steps `η_t = Θ(t^-a)`. The
theorem also asks that no entry of the gradient at W_0 be zero; of the data here that is not asked.
Algorithm: `W ← W - η_t M / √V` with moving averages of the gradient and of its square from zero, `0 < β₁ ≤ β₂ < 1`; no
ε, no bias correction.
Claim: the margin normalised by `max |W_ij|` falls short of the maximal one by

    a < 2/3: O((d t^{1-3a/2} + n d) / t^{1-a}),    a = 2/3: O((d log t + n d) / t^{1/3}),
    2/3 < a < 1: O(n d / t^{1-a}),                 a = 1: O(n d / log t).

Reference: Fan, Schmidt, Thrampoulidis (2025), Appendix G, Theorem 5 and Corollary 2 (a = 2/3), with the conditions
that Kim, Song, Yun (2026), Theorem B.7, quote; the rates for other a are derived from the terms of Theorem 5.

What is seen is `t^-(1-a)` throughout. For a = 1, see `test_steepest_descent.py`.
"""

from properties.papers import FAN_2025
from verify import Claim, Rate, Read, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

B1 = 0.9
# By exponent of the step sizes: its name, the claimed law, and a law that is faster than what is seen.
SCHEDULES = {
    0.3: ("0.3", Rate(laws.power(0.15)), Rate(laws.power(1.15))),
    1 / 2: ("1/2", Rate(laws.power(1 / 4)), Rate(laws.power(0.9))),
    2 / 3: ("2/3", Rate(laws.power(1 / 3, log=1)), Rate(laws.power(5 / 6))),
    0.8: ("0.8", Rate(laws.power(0.2)), Rate(laws.power(0.6))),
    1.0: ("1", Rate(laws.inverse_log(in_steps=True), resolution=0.1), None),
}


def b2(a: float) -> float:
    """A longer memory keeps large early gradients for a longer time; it is tried with the paper's schedule."""
    return 0.99 if a == 2 / 3 else 0.95


def adam(a: float, eps: float = 0.0):
    return optimizers.adam(PowerDecay(1.0 if a == 1 else 0.1, a), B1, b2(a), eps=eps)


SPOILT = (
    Twin("ε = 0.1 for ε = 0", apart=("linf", "l2"), optimizer=adam(2 / 3, eps=0.1)),
    Twin("two features rotated", apart=("linf", "l2"), optimizer=optimizers.rotated(adam(2 / 3))),
)
# With steps 1/t the weights travel too slowly to tell norms or faster laws.
SUMMABLE = (
    Twin(
        "summable steps t^-3/2 for t^-1", optimizer=optimizers.adam(PowerDecay(1.0, 3 / 2), B1, b2(1.0)), shrink=False
    ),
)


def claim(a: float) -> Claim:
    name, law, faster = SCHEDULES[a]
    main = a == 2 / 3
    return FAN_2025.claim(
        f"adam-multiclass-a{a:.2g}",
        "Theorem 5 and Corollary 2" if main else "Theorem 5",
        f"Adam maximises the max-norm margin, multiclass, steps t^-{name}",
        f"Adam with ε = 0 and steps t^-{name}: the max-norm margin's gap to the maximum is O({law.law}).",
        read=Read.SECONDARY if main else Read.DERIVED,
        kind=law,
        problem=strategies.multiclass,
        optimizer=adam(a),
        optimizer_text=f"Adam(β₁={B1}, β₂={b2(a)}, ε=0), η = {1.0 if a == 1 else 0.1:g} (t+1)^-{name}",
        loss="cross_entropy",
        norm="linf",
        twins=SUMMABLE
        if faster is None
        else (
            Twin("Frobenius margin for max-norm margin", norm="l2", shrink=main),
            Twin(f"the faster rate {faster.law}", kind=faster),
            *(SPOILT if main else ()),
        ),
        real=("wine:standardise" if main else "iris:0-vs-rest",),
    )


CLAIMS = [claim(a) for a in SCHEDULES]
