"""Normalised gradient descent with falling steps comes to the L2 margin at the rate log t / √t.

Setting: separable binary data, mean exponential loss, steps `η_t = Θ(t^-1/2)`.
Algorithm: `w ← w - η_t ∇L(w) / ‖∇L(w)‖`.
Claim: the normalised margin falls short of the maximal one by `O(log t / √t)`, where constant steps without
normalisation come no nearer than `1/log t`.
Reference: Nacson, Lee, Gunasekar, Savarese, Srebro, Soudry (2019), on aggressive step sizes; as commonly stated.
"""

from properties.papers import NACSON_2019
from verify import Claim, Rate, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

CLAIM = Claim(
    id="nacson2019/normalised-gd",
    title="Normalised GD comes to the L2 margin like log t / √t",
    statement="Normalised GD on the exponential loss, steps t^-1/2: the L2 margin's gap is O(log t / t^1/2).",
    source="Nacson et al. 2019, on aggressive step sizes (as commonly stated)",
    paper=NACSON_2019,
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
    share=1 / 2,
)


def test_normalised_gd(theorem):
    theorem(CLAIM)
