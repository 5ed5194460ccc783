"""Normalised steps on single points go to the mean of the points' directions, whatever the loss.

Setting: separable binary data, signed points `z_i = y_i x_i`, constant steps η.
Algorithm: `w ← w - η ∇ℓ_i(w) / ‖∇ℓ_i(w)‖`, or `w ← w - η sign ∇ℓ_i(w)`, one point a step, each once an epoch, without
momentum.
Claim: `‖w_t / (η t) - (1/n) Σ z_i / ‖z_i‖‖ ≤ n / (2t)` at every step, and of signs
`‖w_t / (η t) - (1/n) Σ sign z_i‖∞ ≤ n / (2t)`. So there is no bias towards a margin, and the loss does not matter: the
gradient of a single point always points to `-z_i`.
Reference: after Li, Tang, Zou (2026), that batches of one point without momentum have another bias than full batches;
the bound is derived: an epoch that is under way is off by `k (n - k) / n` steps of at most twice the length.
"""

from dataclasses import replace

from properties.papers import LI_2026
from verify import Bound, Read, Twin, optimizers, strategies
from verify.problems.margins.mean_direction import MeanDirection

ETA = 0.1

LOGISTIC = LI_2026.claim(
    "single-points-logistic",
    "on batches of one point",
    "Normalised steps on single points go to the mean of their directions",
    "Normalised GD, batch 1, every point once an epoch, steps η: ‖w_t/(ηt) - mean z_i/‖z_i‖‖ ≤ n/(2t).",
    read=Read.DERIVED,
    kind=Bound(lambda m: m.larger_side, "n/(2t)"),
    problem=strategies.binary,
    optimizer=optimizers.normalised_gd(ETA),
    optimizer_text="normalised gradient descent on single points, reshuffled, η = 0.1",
    loss="logistic",
    sampling="reshuffled",
    batch=1,
    share=0.5,
    quantity=MeanDirection(ETA),
    twins=(
        Twin("points drawn with replacement", sampling="with-replacement"),
        Twin("full batches", sampling="full"),
        Twin("momentum 0.9", optimizer=optimizers.steepest_descent(ETA, "l2", b1=0.9)),
        Twin("half the bound", kind=Bound(lambda m: m.larger_side / 2, "n/(4t)")),
    ),
    real=("iris:0-vs-rest",),
)

EXPONENTIAL = replace(
    LOGISTIC, id="li2026/single-points-exponential", title="The same of the exponential loss", loss="exponential"
)

SIGNS = replace(
    LOGISTIC,
    id="li2026/single-points-sign",
    title="SignGD on single points goes to the mean of their signs",
    statement="SignGD, batch 1, every point once an epoch, steps η: ‖w_t/(ηt) - mean sign z_i‖∞ ≤ n/(2t).",
    optimizer=optimizers.sign_gd(ETA),
    optimizer_text="SignGD on single points, reshuffled, η = 0.1",
    quantity=MeanDirection(ETA, "linf"),
    twins=(
        Twin("points drawn with replacement", sampling="with-replacement", shrink=False),
        Twin("full batches", sampling="full", shrink=False),
        Twin("half the bound", kind=Bound(lambda m: m.larger_side / 2, "n/(4t)"), shrink=False),
    ),
    real=(),
    share=1 / 4,
    horizon=-1.0,
)

CLAIMS = LOGISTIC, EXPONENTIAL, SIGNS
