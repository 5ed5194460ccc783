"""Adam without stability constant goes to the max-norm margin on multiclass data, at the rate t^-1/3.

Setting: separable data with k classes, mean cross-entropy loss, weights W [k, d], steps `η_t = Θ(t^-2/3)`.
Algorithm: `W ← W - η_t M / √V` with moving averages of the gradient and of its square from zero, β₁ ≤ β₂.
Claim: the margin normalised by `max |W_ij|` falls short of the maximal one by `O((d log t + n d) / t^{1/3})`.
Reference: Fan, Schmidt, Thrampoulidis (2025), Appendix G, Theorem 5 and Corollary 2.
"""

from properties.papers import FAN_2025
from verify import Claim, Rate, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

STEPS = PowerDecay(0.1, 2 / 3)
BETAS = {"b1": 0.9, "b2": 0.99}

CLAIM = Claim(
    id="fan2025/adam-multiclass",
    title="Adam maximises the max-norm margin, multiclass",
    statement="Adam with ε = 0 and steps t^-2/3: the max-norm margin's gap to the maximum is O((d log t + nd)/t^1/3).",
    source="Fan, Schmidt, Thrampoulidis 2025, Corollary 2",
    paper=FAN_2025,
    kind=Rate(laws.power(1 / 3, log=1)),
    problem=strategies.multiclass,
    optimizer=optimizers.adam(STEPS, **BETAS),
    optimizer_text="Adam(β₁=0.9, β₂=0.99, ε=0), η = 0.1 (t+1)^-2/3",
    loss="cross_entropy",
    norm="linf",
    twins=(
        Twin("Frobenius margin for max-norm margin", norm="l2"),
        Twin("a rate faster by t^-1/2", kind=Rate(laws.power(5 / 6))),
        Twin("ε = 0.1 for ε = 0", apart=("linf", "l2"), optimizer=optimizers.adam(STEPS, **BETAS, eps=0.1)),
        Twin(
            "two features rotated", apart=("linf", "l2"), optimizer=optimizers.rotated(optimizers.adam(STEPS, **BETAS))
        ),
    ),
    real=("wine:standardise",),
)


def test_adam(theorem):
    theorem(CLAIM)
