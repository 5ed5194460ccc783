"""Signum goes to the L-infinity margin on single points, if its memory is long.

Setting: separable binary data, mean logistic loss, decreasing steps, batches of one point.
Algorithm: `w ← w - η_t sign(m)`, `m ← β m + (1-β) g` on mini-batches in a new random order every epoch, β near 1.
Claim: the normalised L-infinity margin tends to the maximal one; without memory it does not.
Reference: Baek, Song, Yun (2025), Theorem 5.1, which has it of batches of any size, read in later texts that quote it.
Tried are the smallest ones. How near to 1 is near enough depends on the data; here β = 0.99 and at most six points.
"""

from properties.papers import BAEK_2025
from verify import Limit, Read, Twin, laws, optimizers, strategies
from verify.optimizers import PowerDecay

STEPS = PowerDecay(0.1, 1 / 2)
# Where the margin is a thousandth of the data's radius, the limit lies beyond any horizon here.
MODERATE = tuple(name for name in strategies.FLAVOURS if name != "tiny_margin")

CLAIM = BAEK_2025.claim(
    "signum",
    "Theorem 5.1",
    "Signum on single points goes to the L-infinity margin",
    "Signum, β near 1, on single points: the normalised L-infinity margin tends to the maximal one.",
    read=Read.SECONDARY,
    kind=Limit(tolerance=0.1, law=laws.power(1 / 4)),
    problem=lambda: strategies.binary(max_points=6, flavours=MODERATE),
    optimizer=optimizers.steepest_descent(STEPS, "linf", b1=0.99),
    optimizer_text="Signum(β=0.99) on single points, reshuffled, η = 0.1 (t+1)^-1/2",
    loss="logistic",
    norm="linf",
    sampling="reshuffled",
    batch=1,
    share=0.5,
    twins=(
        Twin("L2 margin for L-infinity margin", norm="l2"),
        Twin("no memory, β = 0", optimizer=optimizers.sign_gd(STEPS)),
    ),
)
