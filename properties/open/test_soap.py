"""Which share of the maximal spectral margin SOAP keeps, which is Adam in the eigenbases of Shampoo's preconditioners.

Setting: separable data of up to three classes, mean cross-entropy, steps `0.1 (t+1)^-1/2`, `W_0 = 0`.
Algorithm: `L ← β L + (1 - β) G Gᵀ`, `R ← β R + (1 - β) Gᵀ G` with β = 0.95, and Adam (0.9, 0.95) without ε in their
eigenbases: `M ← 0.9 M + 0.1 G`, `V ← 0.95 V + 0.05 (Q_Lᵀ G Q_R)²`, `W ← W - η Q_L (Q_Lᵀ M Q_R / √V) Q_Rᵀ`. What is
less than a rounding beside the largest entry counts as zero.
Claim: conjectured: half of the maximal spectral margin is kept in the end. With the present gradient alone, and where
its singular values differ, `Q_Lᵀ G Q_R` is diagonal, and SOAP is spectral descent. With averages it is not quite, and
what is left beside the diagonal is divided by its own size. `verify.identify` names no norm of it on twelve drawn data
of four classes, at 10 000 steps: the median share was 0.85 of the spectral margin and 0.91 of the L2 margin.
Reference: asked after Bernstein, Newhouse (2024), on Shampoo; the method is that of Vyas et al. (2024, 2409.11321).
"""

import functools
from typing import NamedTuple

import jax.numpy as jnp
import optax
from jax import Array

from properties.kim2026.test_reshuffled_margin import MODERATE
from properties.open.test_leave_one_out import wide
from properties.papers import BERNSTEIN_2024
from verify import Dataset, strategies
from verify.claims.kinds import Separation
from verify.claims.question import question
from verify.optimizers import PowerDecay, descend
from verify.problems.margins.gap import Gap

MEMORY, B1, B2, ROUNDING = 0.95, 0.9, 0.95, 1e-10
LOST = 0.5


class State(NamedTuple):
    """The averages of `G Gᵀ` and `Gᵀ G`, of G, and of the squares in the eigenbases."""

    left: Array
    right: Array
    mean: Array
    square: Array


@functools.cache
def soap(step_size: PowerDecay) -> optax.GradientTransformation:
    def init(params):
        k, d = params.shape
        return State(jnp.zeros((k, k)), jnp.zeros((d, d)), jnp.zeros((k, d)), jnp.zeros((k, d)))

    def update(updates, state, params=None):
        g = updates
        left = MEMORY * state.left + (1 - MEMORY) * g @ g.T
        right = MEMORY * state.right + (1 - MEMORY) * g.T @ g
        (_, q), (_, p) = jnp.linalg.eigh(left), jnp.linalg.eigh(right)
        mean = B1 * state.mean + (1 - B1) * g
        square = B2 * state.square + (1 - B2) * (q.T @ g @ p) ** 2
        kept = square > ROUNDING**2 * jnp.max(square)
        scaled = jnp.where(kept, (q.T @ mean @ p) / jnp.sqrt(jnp.where(kept, square, 1.0)), 0.0)
        return q @ scaled @ p.T, State(left, right, mean, square)

    return descend(optax.GradientTransformation(init, update), step_size)


def belongs(dataset: Dataset) -> bool:
    """Of no more than six points in three features, with classes, whose L2 margin is a tenth of the radius or more."""
    return not dataset.binary and dataset.n <= 6 and dataset.d <= 3 and wide(dataset)


QUESTIONS = (
    question(
        "soap-share",
        "Does SOAP keep half of the maximal spectral margin?",
        "SOAP without ε, steps t^-1/2: half of the maximal spectral margin is kept in the end.",
        paper=BERNSTEIN_2024,
        where="on Shampoo",
        refuted="no: on some data SOAP keeps less than half of the spectral margin",
        kind=Separation(LOST, "the relative gap ends below 0.5"),
        problem=lambda: strategies.multiclass(max_classes=3, max_points=4, max_features=3, flavours=MODERATE),
        optimizer=soap(PowerDecay(0.1, 1 / 2)),
        optimizer_text="SOAP without ε, β = 0.95, 0.9 and 0.95, η = 0.1 (t+1)^-1/2",
        loss="cross_entropy",
        norm="spectral",
        quantity=Gap(),
        admits=belongs,
        steps=4_000,
    ),
)
