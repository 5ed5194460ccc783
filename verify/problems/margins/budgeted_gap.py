"""The gap against its budget, the upper bound that a run certifies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

import solvers.norms
from solvers.norms import Norm
from verify.problems.margins import ensembles
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject, loss_of, norm_of
from verify.runs.budget import PARTS, gap_budget
from verify.runs.trajectory import Trajectories

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory


@dataclass(frozen=True)
class BudgetedGap:
    """The gap to the maximal margin in the claim's norm, and its gap budget (`verify.runs.budget`) as the larger side.

    While the margin is negative the budget says nothing: there the larger side is infinite and its parts are NaN.
    Datasets whose margin never is above zero are not judged.
    """

    name: str = field(default="gap", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """With the budget's parts by name; the floor is what rounding may do to the gap and to its budget."""
        references = lab.references(norm_of(subject))
        gamma = np.array([r.upper for r in references])
        certified = np.array([r.certified for r in references])
        run = ensembles.run(subject, lab, budget=True)
        use, log_time, normalised, notes = ensembles.recorded(run, norm_of(subject))
        budget = gap_budget(run, lab.datasets, list(gamma), norm=norm_of(subject), loss=loss_of(subject))
        reached = ~np.isnan(normalised).any(axis=1)
        silent = run.margin[:, use] < 0
        if not certified.all():
            notes = (*notes, f"{np.count_nonzero(~certified)} references were not certified and are left out")
        measured = Measurement(
            log_time,
            gamma[:, None] - normalised,
            np.zeros(len(gamma)),
            certified & reached & ~silent.all(axis=1),
            lab.datasets,
            gamma,
            (*notes, *_silence(silent, log_time)),
            np.where(silent, np.inf, budget.total[:, use]),
            {name: getattr(budget, name)[:, use] for name in PARTS},
        )
        return replace(measured, floor=_rounding(measured, run, use, norm_of(subject)))


def _silence(silent: np.ndarray, log_time: np.ndarray) -> list[str]:
    """What to say of the steps at which the margin is negative."""
    notes = []
    if late := np.count_nonzero(silent.any(axis=1)):
        last = np.exp(log_time[silent.any(axis=0)][-1])
        notes.append(
            f"the margin of {late} datasets is negative at first, where the budget is silent: to t = {last:.0f}"
        )
    if never := np.count_nonzero(silent.all(axis=1)):
        notes.append(f"{never} of them never have a margin above 0 and are left out")
    return notes


def _rounding(
    m: Measurement, run: Trajectories, use: Int[np.ndarray, " r"], norm: str | Norm
) -> Float[np.ndarray, " b"]:
    """What rounding may do to the gap and its budget, `[b]`.

    Each of the sums over the steps `|v_t|`, `<grad F_t, v_t>` and of the second order, and each margin, is off by at
    most a rounding a step and a point, relative to the sum of its terms' sizes; over `S` these are `gamma`, a margin's
    largest change (twice: in the descent and in the margin) and the second-order part.
    """
    assert m.gamma is not None
    path = run.path[solvers.norms.norm(norm).name]
    second = np.max(run.second_order[:, use] / path[:, use], axis=1)
    return np.finfo(float).eps * (run.time[-1] + m.n[:, 0]) * (2 * m.radius(norm)[:, 0] + m.gamma + second)


def without(*parts: str, share: float = 1.0) -> Callable[[Measurement], Float[np.ndarray, "b r"]]:
    """The larger side with that share of some of its parts left out, for false twins; as silent as the larger side."""

    def upper(m: Measurement) -> Float[np.ndarray, "b r"]:
        assert m.parts is not None
        less = share * np.sum([m.parts[name] for name in parts], axis=0)
        return np.where(np.isinf(m.larger_side), np.inf, m.larger_side - less)

    return upper
