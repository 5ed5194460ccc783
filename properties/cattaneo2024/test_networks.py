"""What Adam's averages do to the gradients of small networks: larger ρ, larger one-norm; larger β, smaller one-norm.

Setting: a network with one hidden layer, mean cross-entropy E on few points. It stands in for the paper's ResNets
on CIFAR-10.
Algorithm: full-batch Adam with averages β and ρ, constant step size h, bias correction, and a small ε inside the root.
Claim: Adam follows the flow of `E + (h/2) ((1+β)/(1-β) - (1+ρ)/(1-ρ)) ‖∇E‖₁,ε`: the one-norm is penalised the more the
larger β, and rewarded the more the larger ρ. So along a sweep over ρ it rises, along one over β it falls, where the
loss is the same (half of that of one who knows nothing), and in the last quarter of 600 epochs.
Assumptions: E is smooth (tanh, softplus; the real data are tried with ReLU too), `√ε` is small beside the gradient's
entries, and the points can be fitted: where labels are noisy, and β goes up to 0.95, the trend in β is lost late in
training. Repetitions with a spike of the loss are left out and counted; of the runs, those that oscillate are counted
(they have theorems of their own). The paper's third trend, of the test accuracy, is told in the notes.
After as many epochs the norm is larger for larger ρ also since the loss falls more slowly; at the same loss it is not.
Reference: Cattaneo, Klusowski, Shigida (2024), numerical experiments; on small networks, as a trend over
seeds, it is observed here.
"""

from dataclasses import replace

from properties.papers import CATTANEO_2024
from verify import Read, Trend, Twin
from verify.problems.backward.gradient_norm import NetworkNorm, trainings
from verify.problems.backward.sweep import Sweep
from verify.problems.backward.training import Training

BETAS = Sweep(("beta",), (0.0, 0.5, 0.8, 0.9, 0.95))
RHOS = Sweep(("rho",), (0.9, 0.95, 0.98, 0.99))
BOTH = Sweep(("beta", "rho"), (0.8, 0.9, 0.95, 0.98, 0.99))
RISES, FALLS = Trend(1), Trend(-1)
SEEDS = tuple(range(8))
DIGITS = (
    Training(seeds=SEEDS, data="digits:classes=3,8", name="digits 3 and 8"),
    Training(seeds=SEEDS, data="digits:classes=3,8", activation="ReLU", name="digits 3 and 8, ReLU"),
    Training(seeds=SEEDS, data="digits", points=128, hidden=12, name="digits, ten classes"),
)
SMOOTH = "Smooth networks with one hidden layer, points that can be fitted, small ε and steps."

RHO = CATTANEO_2024.claim(
    "networks-rho",
    "numerical experiments, on small networks",
    "Larger ρ: larger gradients of a network at the same loss",
    f"At the same loss the gradient's perturbed one-norm rises with ρ. {SMOOTH}",
    read=Read.OBSERVED,
    kind=RISES,
    problem=trainings,
    optimizer_text="Adam, full batch, bias correction, ε = 10⁻¹⁰ inside the root",
    norm="l1",
    quantity=NetworkNorm(RHOS),
    twins=(
        Twin("it falls", kind=FALLS),
        Twin("ε large", quantity=NetworkNorm(RHOS, change=Training.with_large_eps)),
        Twin("β for ρ", quantity=NetworkNorm(BETAS)),
    ),
    real=DIGITS,
    share=0.5,
)
BETA = replace(
    RHO,
    id="cattaneo2024/networks-beta",
    title="Larger β: smaller gradients of a network at the same loss",
    statement=f"At the same loss the gradient's perturbed one-norm falls as β grows. {SMOOTH}",
    kind=FALLS,
    quantity=NetworkNorm(BETAS),
    twins=(Twin("it rises", kind=RISES), Twin("ρ for β", quantity=NetworkNorm(RHOS))),
)
RHO_EPOCHS = replace(
    RHO,
    id="cattaneo2024/networks-rho-epochs",
    title="Larger ρ: larger gradients of a network after as many epochs",
    statement=f"Late in training the gradient's perturbed one-norm rises with ρ. {SMOOTH}",
    quantity=NetworkNorm(RHOS, at_level=False),
    twins=(
        Twin("it falls", kind=FALLS),
        Twin("ε large", quantity=NetworkNorm(RHOS, at_level=False, change=Training.with_large_eps)),
    ),
)
BETA_EPOCHS = replace(
    BETA,
    id="cattaneo2024/networks-beta-epochs",
    title="Larger β: smaller gradients of a network after as many epochs",
    statement=f"Late in training the gradient's perturbed one-norm falls as β grows. {SMOOTH}",
    quantity=NetworkNorm(BETAS, at_level=False),
    twins=(
        Twin("it rises", kind=RISES),
        Twin("ρ = β is moved along", quantity=NetworkNorm(BOTH, at_level=False)),
    ),
)

CLAIMS = RHO, BETA, RHO_EPOCHS, BETA_EPOCHS
