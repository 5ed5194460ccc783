"""Normalised gradient descent goes to the Frobenius margin on multiclass data, at the rate t^-1/2.

Setting: separable data with k classes, mean cross-entropy loss, weights W [k, d], steps `η_t = Θ(t^-1/2)`.
Algorithm: `W ← W - η_t ∇L(W) / ‖∇L(W)‖_F`.
Claim: the margin normalised by `‖W‖_F` falls short of the maximal one by `O((log t + n) / t^{1/2})`.
Reference: Fan, Schmidt, Thrampoulidis (2025), Theorem 1 for p = 2.
"""

from properties.papers import FAN_2025
from verify import Rate, Read, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

CLAIM = FAN_2025.claim(
    "normalised-gd-multiclass",
    "Theorem 1",
    "Normalised GD maximises the Frobenius margin, multiclass",
    "Normalised GD with steps t^-1/2: the Frobenius margin's gap to the maximum is O((log t + n)/t^1/2).",
    read=Read.PAPER,
    kind=Rate(laws.power(1 / 2, log=1)),
    problem=strategies.multiclass,
    optimizer=optimizers.normalised_gd(PowerDecay(0.1, 1 / 2)),
    optimizer_text="normalised gradient descent, η = 0.1 (t+1)^-1/2",
    loss="cross_entropy",
    norm="l2",
    twins=(
        Twin("max-norm margin for Frobenius margin", norm="linf"),
        Twin("the faster rate t^-3/4", kind=Rate(laws.power(3 / 4))),
        Twin("summable steps t^-3/2", optimizer=optimizers.normalised_gd(PowerDecay(0.1, 3 / 2))),
    ),
    real=("wine:standardise",),
    horizon=-1 / 3,
)
