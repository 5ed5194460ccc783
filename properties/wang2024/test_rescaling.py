"""Normalised gradient descent whose weights are rescaled to a growing norm maximises the margin exponentially fast.

Setting: separable binary data whose support vectors span all of it; mean exponential loss. Here the points `(g, s)`,
`(g, -s)` with `s = √(1-g²)`, 0.2 ≤ g ≤ 0.5, one of them more often than the other: their maximal L2 margin is g, the
first axis its direction.
Algorithm: progressive rescaling: from one cycle of four steps to the next the weights are scaled to the norm `R_k`,
`R_k = 1.2^k`, and in it `w ← Proj(w - ∇L(w)/L(w))` onto the ball of radius R_k.
Claim: the normalised margin's gap falls like `exp(-c t)`. Without rescaling it falls like 1/t, and not faster.
Reference: Wang, Min, Wu (2024), Theorem 6.2 (rescaling) and 6.4 (its lower bound for the normalised steps, along a
subsequence), read in reviews: for a growth of R_k that is fitted to the data, of which 1.2 in four steps suits these.
"""

import numpy as np
from hypothesis import strategies as st

from properties.papers import WANG_2024
from verify import Dataset, Decay, Rate, Read, Tight, Twin, laws
from verify.problems.margins.descents import AlongPath
from verify.runs.descent import Descent, OverLoss, Path

LENGTH, CYCLE = 400, 4
_FLOOR = 1e-14  # rounding of a margin of order 1


def rescaled(radius=None) -> AlongPath:
    return AlongPath("gap of the margin", gap, Descent(OverLoss(1.0), LENGTH, "exponential", radius=radius), _FLOOR)


def gap(path: Path) -> np.ndarray:
    w = path.weights[:, 1:]
    return path.gamma - path.margins(w).min(axis=2) / np.linalg.norm(w, axis=2)


def geometric(t: int) -> float:
    return 1.2 ** (1 + t // CYCLE)


@st.composite
def lopsided(draw: st.DrawFn) -> Dataset:
    g, more = draw(st.integers(20, 50)) / 100, draw(st.integers(2, 5))
    s = np.sqrt(1 - g**2)
    return Dataset(np.array([(g, s)] * more + [(g, -s)]), np.ones(more + 1, int), "lopsided")


def claim(name: str, where: str, title: str, statement: str, **fields):
    return WANG_2024.claim(
        name,
        where,
        title,
        statement,
        read=Read.SECONDARY,
        problem=lopsided,
        loss="exponential",
        share=1 / 4,
        **fields,
    )


CLAIMS = (
    claim(
        "rescaled",
        "Theorem 6.2",
        "Progressive rescaling: the margin's gap falls like exp(-c t)",
        "Normalised GD rescaled to norms that grow like 1.2^k: the L2 margin's gap falls exponentially in t.",
        kind=Decay(laws.exponential()),
        optimizer_text="gradient descent on the log of the loss, weights rescaled to 1.2^k every four steps",
        quantity=rescaled(geometric),
        twins=(
            Twin("norms that grow like k", quantity=rescaled(lambda t: 1.0 + t // CYCLE), shrink=False),
            Twin("no rescaling", quantity=rescaled(), shrink=False),
        ),
    ),
    claim(
        "not-rescaled",
        "Theorem 6.4",
        "Normalised GD: the margin's gap on three points falls like 1/t, and not faster",
        "Normalised GD on lopsided points: the L2 margin's gap falls like 1/t and not faster.",
        kind=Tight(laws.power(1)),
        optimizer_text="gradient descent on the log of the loss",
        quantity=rescaled(),
        twins=(Twin("t^-3/2", kind=Rate(laws.power(3 / 2)), shrink=False),),
    ),
)
