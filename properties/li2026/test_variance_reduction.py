"""With variance reduction SignGD on single points maximises the L-infinity margin, as it does on full batches.

Setting: separable binary data of n points, mean exponential loss, steps `η_t = 0.5 (t+1)^-1/2`, `w_0 = 0`, single
points, each once an epoch in a new random order.
Algorithm: `w ← w - η sign(∇ℓ_i(w) - ∇ℓ_i(w') + ∇L(w'))`, w' the weights at the beginning of the epoch.
Claim: the normalised L-infinity margin tends to the maximal one; without variance reduction it does not. Derivation:
since then margins changed by `δ = B Σ η` at most, B the largest L1 norm of a point and the sum over an epoch, and no
slope is more than n times the mean slope G. So the direction's L1 error is at most `B (n + 1) (e^δ - 1) G`, which is
o(G) as η tends to 0, where the gradient's L1 norm is γ G or more; and the gap budget does the rest, in any norm.
Reference: Li, Tang, Zou (2026), on variance reduction, read in the abstract; the derivation is this program's.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

from properties.kim2026.test_reshuffled_margin import MODERATE
from properties.li2026.test_leave_one_out import Points, relative_gaps
from properties.papers import LI_2026
from verify import Dataset, Limit, Read, Twin, laws, strategies
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import ROUNDING, Measurement
from verify.problems.subject import Subject, norm_of

ETA = 0.5


@dataclass(frozen=True)
class Reduced:
    """The relative gap of SignGD's runs on single points, in the claim's norm.

    reduced: whether the variance is reduced.
    """

    reduced: bool = True
    name: str = "relative gap"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At some twenty times; all in the log domain."""
        norm, references = norm_of(subject), lab.references(norm_of(subject))
        times = np.unique(np.geomspace(10, lab.steps, 24).astype(int))
        step_sizes = ETA / np.sqrt(np.arange(lab.steps) + 1)
        gap = relative_gaps(_step, lab, norm, step_sizes, (self.reduced,))[:, times - 1]
        gamma = np.array([r.lower for r in references])
        certified, floor = np.array([r.certified for r in references]), np.full(len(gap), 1e3 * ROUNDING)
        return Measurement(np.log(times), gap, floor, certified, lab.datasets, gamma)


def _step(w: Any, memory: Any, points: Points, size: Any, chosen: Any, t: Any, numbers: Any) -> Any:
    """A step on the chosen point; all in the log domain."""
    before, *unused = memory  # the margins at the beginning of the epoch
    (reduced,) = numbers
    n, margins = points.n[:, None], points.margins(w)
    before = jnp.where(t % n == 0, margins, before)
    least = jnp.min(margins, axis=1, keepdims=True)
    shares = reduced * jnp.exp(least - before) / n
    one = jnp.arange(margins.shape[1])[None, :] == chosen[:, None]
    weights = shares + jnp.where(one, jnp.exp(least - margins) - n * shares, 0.0)
    return w + size * jnp.sign(jnp.einsum("bn,bnd->bd", weights, points.x)), (before, *unused)


@st.composite
def outvoted(draw: st.DrawFn) -> Dataset:
    """Three to five points near (1, -0.3, h, h), and one near (0.2, 1, h, h), up to the features' signs, h about 0.1.

    The mean of the signs leads away from the last one, which the maximal margin classifies as well as the others; and
    the small features have a large weight in the L-infinity norm's maximiser alone.
    """
    count, h = draw(st.integers(3, 5)), draw(st.integers(8, 14)) / 100
    many = [(1.0, -draw(st.integers(4, 8)) / 20, h, h) for _ in range(count)]
    y = np.array(draw(st.lists(st.sampled_from((1, -1)), min_size=count + 1, max_size=count + 1)))
    signs = np.array(draw(st.tuples(*[st.sampled_from((1, -1))] * 4)))
    return Dataset(y[:, None] * signs * np.array([*many, (draw(st.integers(0, 4)) / 10, 1.0, h, h)]), y, "outvoted")


def drawn() -> st.SearchStrategy[Dataset]:
    usual = strategies.binary(
        max_points=6, max_features=4, flavours=MODERATE, gamma_bounds=(0.5, 2.0), gamma_norm="linf"
    )
    return st.one_of(usual, outvoted())


CLAIM = LI_2026.claim(
    "variance-reduction",
    "on variance reduction",
    "With variance reduction SignGD on single points maximises the L-infinity margin",
    "SignGD on single points with reduced variance, steps t^-1/2: the L-infinity margin tends to the maximal one.",
    read=Read.DERIVED,
    kind=Limit(0.1, laws.power(1 / 2)),
    problem=drawn,
    optimizer_text="SignGD on single points with variance reduction, η = 0.5 (t+1)^-1/2",
    loss="exponential",
    norm="linf",
    quantity=Reduced(),
    twins=(
        Twin("no variance reduction", quantity=Reduced(reduced=False), shrink=False),
        Twin("the L2 margin", norm="l2", shrink=False),
    ),
    real=("iris:0-vs-rest",),
    share=1 / 4,
    horizon=-0.75,
)
