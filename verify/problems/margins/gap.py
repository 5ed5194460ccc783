"""The gap to the maximal margin, and the distance to its direction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import optax

from verify.problems.margins import ensembles
from verify.problems.margins.conditioner import _sizes
from verify.problems.quantity import LOG_TIME, ROUNDING, Measurement
from verify.problems.subject import Subject, norm_of

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory


@dataclass(frozen=True)
class Gap:
    """The gap of the normalised margin to the maximal margin, in the claim's norm; relative to it by default.

    Measured from the upper end of the reference's bracket, so that it never is too small.
    """

    relative: bool = True

    @property
    def name(self) -> str:
        """What the reports call it."""
        return "relative gap" if self.relative else "gap"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the runs; not judged without a certified reference, nor where a run met a precision horizon."""
        references = lab.references(norm_of(subject))
        log_time, normalised, notes = ensembles.normalised_margins(subject, lab)
        upper = np.array([r.upper for r in references])
        width = np.array([r.upper - r.lower for r in references]) + ROUNDING * upper
        unit = upper if self.relative else np.ones_like(upper)
        certified = np.array([r.certified for r in references])
        reached = ~np.isnan(normalised).any(axis=1)
        if not certified.all():
            notes = (*notes, f"{np.count_nonzero(~certified)} references were not certified and are left out")
        judged = certified & reached
        curves = ensembles.scale(subject, lab, upper)
        return Measurement(
            log_time,
            (upper[:, None] - normalised) / unit[:, None],
            width / unit,
            judged,
            lab.datasets,
            np.array([r.lower for r in references]),
            notes,
            clock=ensembles.clock_of(subject),
            scale=None if curves is None else replace(curves, floor=width, judged=judged),
        )


@dataclass(frozen=True)
class PathGap:
    """What the margin over the summed step sizes falls short of the maximal margin by, in the claim's norm.

    step_size: the norms of the method's steps. The weights' norm is at most their sum, so that this is no less than the
    gap; and where a run stands still it grows, while the gap stays.
    """

    step_size: optax.Schedule
    name: str = field(default="gap over the path", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the run; not judged without a certified reference, nor where a run met a precision horizon."""
        references = lab.references(norm_of(subject))
        run = ensembles.run(subject, lab)
        use, log_time, normalised, notes = ensembles.recorded(run, norm_of(subject))
        steps = np.asarray(self.step_size(np.arange(int(run.time[-1]))))
        path = np.cumsum(steps)[run.time[use] - 1]
        upper = np.array([r.upper for r in references])
        return Measurement(
            log_time,
            upper[:, None] - run.margin[:, use] / path,
            np.array([r.upper - r.lower for r in references]) + ROUNDING * upper,
            np.array([r.certified for r in references]) & ~np.isnan(normalised).any(axis=1),
            lab.datasets,
            np.array([r.lower for r in references]),
            notes,
        )


@dataclass(frozen=True)
class Direction:
    """Distance of the weights' direction to that of the maximiser of the L2 margin, `|w/|w| - w_hat/|w_hat||`."""

    name: str = field(default="distance to the direction of the maximal margin", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the flow; the floor is what the reference's bracket leaves open of its direction."""
        flow = ensembles.flow(subject, lab)
        references = lab.references("l2")
        values = []
        for weights, reference in zip(flow.weights, references, strict=True):
            w = weights.reshape(len(weights), -1)
            values.append(_sizes(w / _sizes(w)[:, None] - reference.weights.ravel()))
        # The references' directions are known to about the root of their margins' width.
        width = np.array([np.sqrt(2 * max(1 - r.lower / r.upper, 1e-16)) for r in references])
        certified = np.array([r.certified for r in references])
        gamma = np.array([r.lower for r in references])
        return Measurement(
            flow.log_time,
            np.stack(values),
            width,
            certified & flow.met,
            lab.datasets,
            gamma,
            flow.notes,
            clock=LOG_TIME,
        )
