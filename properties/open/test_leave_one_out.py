"""Whether steepest descent without momentum separates on batches that leave a single point out.

Setting: separable binary data of n ≥ 3 points, exponential loss, steps t^-1/2 and, of SignGD, 0.05 t^-1/2, `w_0 = 0`,
`‖x_i‖ ≤ 1`; every epoch leaves each point out once, in a new random order.
Algorithm: `w ← w - η_t D`, D the steepest direction of the gradient over n - 1 points: SignGD, normalised GD.
Claim: conjectured: after enough steps SignGD keeps a hundredth of the maximal margin, normalised GD four fifths.
Reference: asked after Li, Tang, Zou (2026), read in the abstracts of two versions that differ: by the first large
batches suffice without momentum, by the second nothing less than the full batch does in the worst case. Of SignGD it is
answered: see `properties/li2026/test_leave_one_out.py`. Steps of normalised GD are combinations of points, so that, as
in `ours/any-momentum`, a limit of the direction has no part of points that are right by far: two support vectors or
more give the maximal margin. A single one, of direction u, is in n - 1 of n batches, and the weights go along (n - 1) u
and a vector of length 1 at most: they keep √(1 - 1/(n-1)²) of the margin or more, 0.866 at n = 3. That the direction
converges is open.
"""

from dataclasses import dataclass

import numpy as np

import solvers
from properties.li2026.test_leave_one_out import LeaveOneOut
from properties.papers import LI_2026
from solvers.errors import NonSeparableError, UndecidedError
from verify import Dataset, strategies
from verify.claims.kinds import Separation
from verify.claims.question import question
from verify.datasets.dataset import scaled_to_unit_rows
from verify.datasets.lower_bounds import lower_bounds

LOST = {"linf": 0.99, "l2": 0.2}  # of the maximal margin, at most


@dataclass(frozen=True)
class Shrinking:
    """Steps `first (t + 1)^-1/2`."""

    first: float

    def __call__(self, t: int) -> float:
        return self.first / np.sqrt(t + 1)


def copies(r: float, k: int) -> Dataset:
    """`(r, -1)` and `(-1, r)`, k of each."""
    return scaled_to_unit_rows(Dataset(np.array([(r, -1.0)] * k + [(-1.0, r)] * k), np.ones(2 * k, int), "two kinds"))


def belongs(dataset: Dataset, fewest: int = 3) -> bool:
    """Of no more than eight points in four features, whose L2 margin is a tenth of their radius or more."""
    return fewest <= dataset.n <= 8 and dataset.d <= 4 and wide(dataset)


def wide(dataset: Dataset, least: float = 0.1) -> bool:
    try:
        reference = solvers.max_margin(dataset.x, dataset.y, "l2")
    except (NonSeparableError, UndecidedError):
        return False
    return reference.lower >= least * np.linalg.norm(dataset.x, axis=1).max()


def lengthened(dataset: Dataset) -> Dataset:
    """With points of half the length, until there are three."""
    missing = max(0, 3 - dataset.n)
    x, y = np.vstack([dataset.x, dataset.x[:1].repeat(missing, axis=0) / 2]), dataset.y[:1].repeat(missing)
    return Dataset(x, np.append(dataset.y, y), dataset.name)


def ask(norm: str, method: str, first: float, known: str = ""):
    asked = method.replace("Norm", "norm")
    return question(
        f"leave-one-out-{norm}",
        f"Does {asked} without momentum separate when each step leaves out one of n ≥ 3 points?",
        f"{method} without momentum on batches of n - 1 points: {1 - LOST[norm]:.0%} of the margin are kept, n ≥ 3.",
        paper=LI_2026,
        where="abstracts of both versions",
        refuted="no: a batch of all points but one is not enough, as the second version says",
        known=known,
        kind=Separation(LOST[norm], f"the relative gap ends below {LOST[norm]}"),
        problem=lambda: strategies.binary(max_points=6, max_features=3, unit_rows=True).map(lengthened),
        optimizer_text=f"{method} on n - 1 points, each left out once an epoch, η = {first:g} (t+1)^-1/2",
        loss="exponential",
        norm=norm,
        quantity=LeaveOneOut(Shrinking(first)),
        seeds=lambda: (copies(1.5, 2), *lower_bounds()),
        admits=belongs,
        prepare=scaled_to_unit_rows,
        steps=2_000 if norm == "l2" else 600,
    )


QUESTIONS = (
    ask("linf", "SignGD", 0.05, "for every even n there are such data, by li2026/leave-one-out."),
    ask(
        "l2",
        "Normalised GD",
        1.0,
        "where the direction converges it does, and keeps √(1 - 1/(n-1)²) of the margin or more.",
    ),
)
