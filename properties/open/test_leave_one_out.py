"""Whether steepest descent without momentum separates on batches that leave a single point out.

Setting: separable binary data of n ≥ 3 points, exponential loss, steps t^-1/2, `w_0 = 0`, `‖x_i‖ ≤ 1`;
every epoch leaves each point out once, in a new random order.
Algorithm: `w ← w - η_t D`, D the steepest direction of the gradient over n - 1 points: SignGD, normalised GD.
Claim: conjectured: after enough steps a hundredth of the maximal margin is kept, so that all points are right.
Reference: asked after Li, Tang, Zou (2026), read in the abstracts of two versions that differ: by the first large
batches suffice without momentum, by the second nothing less than the full batch does in the worst case. With n = 2 no
hunt is needed: on (2, -1) and (-1, 2) the two signs cancel, and SignGD returns to 0 every other step.
"""

from dataclasses import dataclass

import numpy as np

import solvers
from properties.papers import LI_2026
from solvers.errors import NonSeparableError, UndecidedError
from verify import Dataset, strategies
from verify.claims.kinds import Separation
from verify.claims.question import question
from verify.datasets.dataset import scaled_to_unit_rows
from verify.datasets.lower_bounds import lower_bounds
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import ROUNDING, Measurement
from verify.problems.subject import Subject, norm_of
from verify.runs.descent import stacked
from verify.seeds import generator

KEPT = 0.99  # of the maximal margin, that may be lost


@dataclass(frozen=True)
class LeaveOneOut:
    """The relative gap of the margin, at the end of whole epochs of steps that leave one point out."""

    name: str = "relative gap"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At eight times, the last one the laboratory's horizon; all in the log domain."""
        norm = norm_of(subject)
        references = lab.references(norm)
        gamma = np.array([r.lower for r in references])
        x, absent = stacked(lab.datasets)
        w, gaps = np.zeros((len(x), x.shape[2])), []
        left_out = np.stack([orders(s, lab.steps) for s in lab.datasets])
        rows = np.arange(len(x))
        times = np.unique(np.linspace(0, lab.steps, 9)[1:].astype(int))
        for t in range(lab.steps):
            z = np.where(absent, np.inf, np.einsum("bnd,bd->bn", x, w))
            z[rows, left_out[:, t]] = np.inf
            g = np.einsum("bn,bnd->bd", np.exp(z.min(axis=1, keepdims=True) - z), x)
            unit = g / np.linalg.norm(g, axis=1, keepdims=True) if norm == "l2" else np.sign(g)
            w += unit / np.sqrt(t + 1)
            if t + 1 in times:
                size = np.linalg.norm(w, ord=2 if norm == "l2" else np.inf, axis=1)
                margin = np.where(absent, np.inf, np.einsum("bnd,bd->bn", x, w)).min(axis=1)
                gaps.append(1 - np.divide(margin, size * gamma, out=np.zeros_like(size), where=size > 0))
        judged = np.array([r.certified for r in references])
        return Measurement(
            np.log(times), np.stack(gaps, axis=1), np.full(len(x), 1e3 * ROUNDING), judged, lab.datasets, gamma
        )


def orders(dataset: Dataset, steps: int) -> np.ndarray:
    """Which point each step leaves out, `[steps]`."""
    rng = generator(dataset.x, dataset.y, "leave one out")
    return np.concatenate([rng.permutation(dataset.n) for _ in range(steps // dataset.n + 1)])[:steps]


def belongs(dataset: Dataset) -> bool:
    """Of three to eight points in up to four features, whose L2 margin is a tenth of their radius or more."""
    return 3 <= dataset.n <= 8 and dataset.d <= 4 and wide(dataset)


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


def ask(norm: str, method: str):
    return question(
        f"leave-one-out-{norm}",
        f"Does {method} without momentum separate when each step leaves out one of n ≥ 3 points?",
        f"{method} without momentum on batches of n - 1 points: 1 % of the margin is kept, n ≥ 3.",
        paper=LI_2026,
        where="abstracts of both versions",
        refuted="no: a batch of all points but one is not enough, as the second version says",
        kind=Separation(KEPT, "the relative gap ends below 0.99"),
        problem=lambda: strategies.binary(max_points=6, max_features=3, unit_rows=True).map(lengthened),
        optimizer_text=f"{method} on n - 1 points, each left out once an epoch, η = (t+1)^-1/2",
        loss="exponential",
        norm=norm,
        quantity=LeaveOneOut(),
        seeds=lambda: tuple(lower_bounds()),
        admits=belongs,
        prepare=scaled_to_unit_rows,
        steps=2000,
    )


QUESTIONS = ask("linf", "SignGD"), ask("l2", "normalised GD")
