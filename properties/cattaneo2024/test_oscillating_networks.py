"""Adam's averages and the gradients of small networks, where the network oscillates: ρ near β, late in training.

Setting: as without oscillation, but β = 0.8 and ρ from 0.8 to 0.98, or ρ = 0.9 and β from 0 to 0.8, with tanh. The 256
points are not soon fitted, a fifth of their labels being drawn anew, so that within 1000 epochs the preconditioned
sharpness rises to `2 (1+β) / ((1-β) h)` and stays there (Cohen et al. 2022): the gradient oscillates from epoch to
epoch while the loss falls on. With the squared loss, clean labels and three times the step, the loss itself rises at
5% of the late epochs or more.
Algorithm: as there, full-batch Adam with bias correction and a small ε inside the root.
Claim: in the last quarter of the epochs the gradient's perturbed one-norm rises with ρ, and falls as β grows; as β
grows it falls at the same loss too, and with the squared loss to less than half.
Assumptions: a repetition is judged if all its runs oscillate, that is if the gradient's changes turn back in more than
half of the epochs in question, and none spikes, that is no loss is twice the least so far; the others are counted.
Note: it fails elsewhere, as seen on 48 drawn repetitions and 24 of digits. At the same loss larger ρ changes the norm
by -11% [-22%, -3%] on 34 drawn ones that oscillate at a tenth of the first loss, and by +6% [0%, 10%] on 21 of digits
at a twentieth; with the squared loss, late, by -10% [-25%, 13%] and -10% [-14%, -5%], where β changes it by -80%. So
what ρ does to an oscillating network is mostly to slow the fall of its loss; the threshold depends on β and h alone.
With softplus larger ρ makes +7% [-5%, 15%]. With ρ = 0.99 or 0.999 few runs oscillate; with ρ = 0.95 and β up to 0.95
those of 30 repetitions do, and nothing is seen (-11% [-16%, 6%]). Clean labels are fitted: of 384 runs 43 still
oscillate at the end. The step sizes, 0.0035 to 0.0045, were chosen so that few repetitions suffice: at 0.002 larger ρ
makes +10% on 11 of 16. ReLU is left out, since at its kinks the gradient jumps. The test accuracy, the paper's third
trend, has none, but for a fall as β grows with the squared loss.
Reference: Cattaneo, Klusowski, Shigida (2024), numerical experiments; on small networks, as a trend over
seeds, it is observed here.
"""

from dataclasses import replace
from functools import partial

from properties.papers import CATTANEO_2024
from verify import Read, Trend, Twin
from verify.problems.backward.gradient_norm import NetworkNorm, noisy_trainings
from verify.problems.backward.sweep import Sweep
from verify.problems.backward.training import Training

BETAS = Sweep(("beta",), (0.0, 0.5, 0.7, 0.8))
RHOS = Sweep(("rho",), (0.8, 0.9, 0.95, 0.98))
LATE = partial(NetworkNorm, at_level=False, epochs=1000)
OSCILLATING = partial(LATE, oscillating=True)
SQUARED = partial(OSCILLATING, change=Training.with_squared_loss, rising=0.05)
RISES, FALLS, HALVES = Trend(1), Trend(-1), Trend(-1, resolution=0.5)
DIGITS = Training(
    seeds=tuple(range(6)), data="digits", points=256, noise=0.2, hidden=12, level=0.05, beta=0.8, rho=0.9,
    step_size=0.003, name="digits, a fifth of the labels drawn anew",
)  # fmt: skip
TANH = "One hidden layer with tanh, small ε; all runs oscillate and none spikes."

RHO = CATTANEO_2024.claim(
    "oscillating-networks-rho",
    "numerical experiments, on networks that oscillate",
    "Larger ρ: larger gradients of a network that oscillates",
    f"Late in training the gradient's perturbed one-norm rises with ρ, from ρ = β on. {TANH}",
    read=Read.OBSERVED,
    kind=RISES,
    problem=noisy_trainings,
    optimizer_text="Adam, full batch, bias correction, ε = 10⁻¹⁰ inside the root",
    norm="l1",
    quantity=OSCILLATING(RHOS),
    twins=(
        Twin("it falls", kind=FALLS),
        Twin("ε large", quantity=LATE(RHOS, change=Training.with_large_eps)),
        Twin("β for ρ", quantity=OSCILLATING(BETAS)),
    ),
    real=(DIGITS,),
    share=0.25,
)
BETA = replace(
    RHO,
    id="cattaneo2024/oscillating-networks-beta",
    title="Larger β: smaller gradients of a network that oscillates",
    statement=f"Late in training the gradient's perturbed one-norm falls as β grows, up to β near ρ. {TANH}",
    kind=FALLS,
    quantity=OSCILLATING(BETAS),
    twins=(Twin("it rises", kind=RISES),),
)
BETA_LEVEL = replace(
    BETA,
    id="cattaneo2024/oscillating-networks-beta-level",
    title="Larger β: smaller gradients of a network that oscillates, at the same loss",
    statement=f"At the same loss the gradient's perturbed one-norm falls as β grows, up to β near ρ. {TANH}",
    quantity=NetworkNorm(BETAS, epochs=1000, oscillating=True),
)
BETA_SQUARED = replace(
    BETA,
    id="cattaneo2024/oscillating-networks-beta-squared",
    title="Larger β: gradients less than half as large where the loss itself oscillates",
    statement="With the squared loss the late perturbed one-norm falls to less than half as β grows, up to β near ρ. "
    f"{TANH}",
    kind=HALVES,
    quantity=SQUARED(BETAS),
    twins=(Twin("it rises", kind=RISES), Twin("ρ for β", quantity=SQUARED(RHOS))),
)

CLAIMS = RHO, BETA, BETA_LEVEL, BETA_SQUARED
