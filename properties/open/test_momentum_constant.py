"""How much of the margin reshuffled single points cost a method with momentum.

Setting: separable binary data of n points, exponential loss, steps `η_t = (t + 1)^-1/2`, `w_0 = 0`, `‖x_i‖ ≤ 1`; one
point a step, in a new random order every epoch; γ the maximal L-infinity margin, B the largest L1 norm of a point.
Algorithm: Signum, `w ← w - η_t sign(M)`, `M ← β M + (1 - β) ∇ℓ_i(w)`, with β = 0.9.
Claim: conjectured: half of what is proved to be lost at most, `4 (1 - β) (n - 1) B`, is not lost: the gap to γ ends
below `2 (1 - β) (n - 1) B`. Data on which that is no less than γ say nothing.
Reference: asked after Kim, Song, Yun (2026), Corollary B.12, who have `2 (1 - β) n (n² - 1) R`: the cube is not real by
`kim2026/momentum-error-linear`, and in the L2 norm nothing at all is lost by `ours/any-momentum`.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from properties.li2026.test_leave_one_out import LeaveOneOut
from properties.open.test_leave_one_out import Shrinking, belongs, copies
from properties.papers import KIM_2026
from verify import strategies
from verify.claims.kinds import Separation
from verify.claims.question import question
from verify.datasets.dataset import scaled_to_unit_rows
from verify.datasets.lower_bounds import lower_bounds
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject, norm_of

B1 = 0.9


@dataclass(frozen=True)
class Lost:
    """The gap over `2 (1 - β) (n - 1) B`, of datasets on which that is less than γ."""

    steps: LeaveOneOut
    name: str = "gap over 2 (1 - β) (n - 1) B"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        m = self.steps.measure(subject, lab)
        allowed = 2 * (1 - self.steps.b1) * (m.n - 1) * m.radius(norm_of(subject)) / m.margin
        judged = m.judged & (allowed[:, 0] > 0) & (allowed[:, 0] < 1)
        allowed = np.where(judged[:, None], allowed, 1.0)
        return replace(m, values=m.values / allowed, floor=m.floor / allowed[:, 0], judged=judged)


QUESTIONS = (
    question(
        "momentum-constant",
        "Is half of 4 (1 - β) (m - 1) B, what Signum on m reshuffled batches may lose of its margin, ever lost?",
        "Signum with β = 0.9 on reshuffled single points loses at most 2 (1 - β) (n - 1) B of its margin.",
        paper=KIM_2026,
        where="Corollary B.12",
        refuted="yes: the constant 4 cannot be halved",
        known="the cube m (m² - 1) is not real, by kim2026/momentum-error-linear.",
        kind=Separation(1.0, "the gap ends below 2 (1 - β) (n - 1) B"),
        problem=lambda: strategies.binary(max_points=4, max_features=4, unit_rows=True),
        optimizer_text="Signum with β = 0.9 on reshuffled single points, η = (t+1)^-1/2",
        loss="exponential",
        norm="linf",
        quantity=Lost(LeaveOneOut(Shrinking(1.0), b1=B1, single=True)),
        prepare=scaled_to_unit_rows,
        seeds=lambda: (copies(1.5, 1), *lower_bounds()),
        admits=partial(belongs, fewest=2),
        steps=4_000,
    ),
)
