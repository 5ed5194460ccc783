"""SignGD goes to the max-norm margin, on binary and multiclass data, at the rate t^-1/2.

Setting: separable data with n samples, mean logistic (cross-entropy) loss, steps `η_t = Θ(t^-1/2)`.
Algorithm: `W ← W - η_t sign(∇L(W))`, steepest descent in the entry-wise max norm.
Claim: the margin normalised by `max |W_ij|` falls short of the maximal one by `O((log t + n) / t^{1/2})`.
Reference: Fan, Schmidt, Thrampoulidis (2025), Theorem 1 for p = ∞; binary data are its case of two classes.
"""

from dataclasses import replace

from properties.papers import FAN_2025
from verify import Rate, Read, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

BINARY = FAN_2025.claim(
    "sign-gd-binary",
    "Theorem 1",
    "SignGD maximises the max-norm margin, binary",
    "SignGD with steps t^-1/2: the max-norm margin's gap to the maximum is O((log t + n)/t^1/2).",
    read=Read.PAPER,
    kind=Rate(laws.power(1 / 2, log=1)),
    problem=strategies.binary,
    optimizer=optimizers.sign_gd(PowerDecay(0.1, 1 / 2)),
    optimizer_text="SignGD, η = 0.1 (t+1)^-1/2",
    loss="logistic",
    norm="linf",
    twins=(
        Twin("L2 (Frobenius) margin for max-norm margin", norm="l2"),
        Twin("the faster rate t^-3/4", kind=Rate(laws.power(3 / 4))),
        Twin("summable steps t^-3/2", optimizer=optimizers.sign_gd(PowerDecay(0.1, 3 / 2))),
        Twin("the rate t^-5/8, faster by an eighth", kind=Rate(laws.power(5 / 8)), shrink=False),
    ),
    real=("iris:0-vs-rest",),
)

MULTICLASS = replace(
    BINARY,
    id="fan2025/sign-gd-multiclass",
    title="SignGD maximises the max-norm margin, multiclass",
    problem=strategies.multiclass,
    loss="cross_entropy",
    twins=BINARY.twins[:-1],  # of an eighth there are too few steps to tell
    real=("wine:standardise",),
    horizon=-1 / 3,
)

CLAIMS = BINARY, MULTICLASS
