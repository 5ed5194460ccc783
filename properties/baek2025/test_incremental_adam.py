"""Adam on single points goes to the L2 margin where each point has one absolute value in all features.

Setting: scaled Rademacher data, `|x_i[j]| = a_i` for all j, separable; mean logistic loss; decreasing steps.
Algorithm: Adam on one point a step, in cyclic order, `β₁ ≤ β₂`, without ε and bias correction.
Claim: the normalised L2 margin tends to the maximal one, where full batches lead to the L-infinity margin: the second
moment is the same in all coordinates, so that the update is a weighted gradient.
Reference: Baek, Song, Yun (2025), Theorem 3.3, read in later texts that quote it, which leave one assumption of it
open; a new random order every epoch was seen to make no difference.
"""

from dataclasses import replace

from properties.papers import BAEK_2025
from verify import Limit, Read, Twin, laws, optimizers
from verify.datasets.rademacher import scaled_rademacher
from verify.optimizers import PowerDecay

ADAM = optimizers.adam(PowerDecay(0.1, 1 / 2), 0.9, 0.95)

CYCLIC = BAEK_2025.claim(
    "incremental-adam",
    "Theorem 3.3",
    "Adam on single points goes to the L2 margin of scaled Rademacher data",
    "|x_i[j]| = a_i for all j; Adam, ε = 0, batch 1 in cyclic order: the L2 margin tends to the maximal one.",
    read=Read.SECONDARY,
    kind=Limit(tolerance=0.1, law=laws.power(1 / 4)),
    problem=scaled_rademacher,
    optimizer=ADAM,
    optimizer_text="Adam(β₁=0.9, β₂=0.95, ε=0) on single points in cyclic order, η = 0.1 (t+1)^-1/2",
    loss="logistic",
    norm="l2",
    sampling="cyclic",
    batch=1,
    twins=(
        Twin("L-infinity margin for L2 margin", norm="linf"),
        Twin("full batches for single points", sampling="full", apart=("l2", "linf")),
    ),
)

RESHUFFLED = replace(
    CYCLIC,
    id="baek2025/reshuffled-adam",
    title="The same in a new random order every epoch",
    statement="|x_i[j]| = a_i for all j; Adam, ε = 0, batch 1, reshuffled: the L2 margin tends to the maximal one.",
    source=f"{BAEK_2025.short}, after Theorem 3.3",
    read=Read.OBSERVED,
    optimizer_text="Adam(β₁=0.9, β₂=0.95, ε=0) on single points, reshuffled, η = 0.1 (t+1)^-1/2",
    sampling="reshuffled",
    twins=CYCLIC.twins[:1],
)

CLAIMS = CYCLIC, RESHUFFLED
