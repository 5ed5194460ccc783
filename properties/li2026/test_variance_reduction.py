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

import numpy as np

from properties.kim2026.test_reshuffled_margin import MODERATE
from properties.li2026.test_leave_one_out import orders
from properties.papers import LI_2026
from verify import Limit, Read, Twin, laws, strategies
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import ROUNDING, Measurement
from verify.problems.subject import Subject, norm_of
from verify.runs.descent import stacked

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
        gamma = np.array([r.lower for r in references])
        (x, absent), rows = stacked(lab.datasets), np.arange(len(lab.datasets))
        chosen = np.stack([orders(s, lab.steps) for s in lab.datasets])
        n = np.array([s.n for s in lab.datasets])
        times, gaps = set(np.geomspace(10, lab.steps, 24).astype(int)), []
        w = np.zeros((len(x), x.shape[2]))
        before = margins = np.where(absent, np.inf, 0.0)
        for t in range(lab.steps):
            margins = np.where(absent, np.inf, np.einsum("bnd,bd->bn", x, w))
            before = np.where((t % n == 0)[:, None], margins, before)
            least = margins.min(axis=1, keepdims=True)
            weights = np.exp(least - before) / n[:, None] if self.reduced else np.zeros_like(before)
            own = np.exp(least[:, 0] - margins[rows, chosen[:, t]])
            weights[rows, chosen[:, t]] += own - (n * weights[rows, chosen[:, t]] if self.reduced else 0.0)
            w += ETA / np.sqrt(t + 1) * np.sign(np.einsum("bn,bnd->bd", weights, x))
            if t + 1 in times:
                size = np.linalg.norm(w, ord=2 if norm == "l2" else np.inf, axis=1)
                margin = np.where(absent, np.inf, np.einsum("bnd,bd->bn", x, w)).min(axis=1)
                gaps.append(1 - np.divide(margin, size * gamma, out=np.zeros_like(size), where=size > 0))
        certified, floor = np.array([r.certified for r in references]), np.full(len(x), 1e3 * ROUNDING)
        return Measurement(np.log(sorted(times)), np.stack(gaps, axis=1), floor, certified, lab.datasets, gamma)


CLAIM = LI_2026.claim(
    "variance-reduction",
    "on variance reduction",
    "With variance reduction SignGD on single points maximises the L-infinity margin",
    "SignGD on single points with reduced variance, steps t^-1/2: the L-infinity margin tends to the maximal one.",
    read=Read.DERIVED,
    kind=Limit(0.1, laws.power(1 / 2)),
    problem=lambda: strategies.binary(
        max_points=6, max_features=4, flavours=MODERATE, gamma_bounds=(0.5, 2.0), gamma_norm="linf"
    ),
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
