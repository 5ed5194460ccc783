"""Normalised gradient descent with falling steps comes to the L2 margin at the rate log t / √t.

Setting: separable binary data, mean exponential loss, steps `η_t = Θ(t^-1/2)`.
Algorithm: `w ← w - η_t ∇L(w) / ‖∇L(w)‖`.
Claim: the normalised margin falls short of the maximal one by `O(log t / √t)`, where constant steps without
normalisation come no nearer than `1/log t`.
Reference: Nacson, Lee, Gunasekar, Savarese, Srebro, Soudry (2019), on aggressive step sizes. Their steps are
normalised by the loss, `η_t ∇L(w) / L(w)`; the form here, which is normalised by the gradient, is that of Fan, Schmidt,
Thrampoulidis (2025), Theorem 1. The two differ by a factor `‖∇L‖ / L` between γ and `max ‖x_i‖`.
"""

from properties.papers import NACSON_2019
from verify import Rate, Read, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

CLAIM = NACSON_2019.claim(
    "normalised-gd",
    "on aggressive step sizes",
    "Normalised GD comes to the L2 margin like log t / √t",
    "Normalised GD on the exponential loss, steps t^-1/2: the L2 margin's gap is O(log t / t^1/2).",
    read=Read.STATED,
    kind=Rate(laws.power(1 / 2, log=1)),
    problem=strategies.binary,
    optimizer=optimizers.normalised_gd(PowerDecay(0.1, 1 / 2)),
    optimizer_text="normalised gradient descent, η = 0.1 (t+1)^-1/2",
    loss="exponential",
    norm="l2",
    twins=(
        Twin("L-infinity margin for L2 margin", norm="linf"),
        Twin("the faster rate t^-3/4", kind=Rate(laws.power(3 / 4))),
    ),
    real=("iris:0-vs-rest",),
    horizon=-1 / 3,
)
