"""What is measured along a run: curves, one a dataset, that a claim says must fall or stay bounded.

They are distances, errors and sizes, none below zero; the few that are differences say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

import solvers.norms
from solvers.errors import InputError
from solvers.norms import Norm
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset, datasets_of
from verify.problems.deficit import Curves
from verify.problems.laboratory import Laboratory
from verify.problems.subject import Subject

ROUNDING = 1e-12  # of a normalised margin computed in float64, relative


@dataclass(frozen=True)
class Clock:
    """How the times of a measurement are read, which it keeps as `log_time`.

    axis: what they are times of, short; label: the same, for a figure. in_log: whether the axis shows `log_time`
    itself, as that of a flow does; else it shows `exp(log_time)`. whole: whether that is a whole number.
    """

    axis: str
    label: str
    in_log: bool = False
    whole: bool = False

    @classmethod
    def named(cls, axis: str, *, in_log: bool = False) -> Clock:
        """A clock that is neither steps nor a flow's log t."""
        return cls(axis, axis, in_log)

    def at(self, log_time: float) -> float:
        """That time on the axis, at most the largest number there is."""
        if self.in_log:
            return log_time
        time = float(np.exp(min(log_time, _LARGEST)))
        return round(time) if self.whole else time

    def shown(self, log_time: Float[np.ndarray, " r"]) -> Float[np.ndarray, " r"]:
        """These times on the axis, for a figure."""
        return log_time if self.in_log else np.exp(log_time)

    def when(self, log_time: float) -> str:
        """That time, in words that follow a value."""
        time = self.at(log_time)
        return f"after {time:.6g} steps" if self.whole else f"at {self.axis} = {time:.6g}"

    def horizon(self, log_time: float) -> str:
        """How far a measurement goes, in words."""
        if self == LOG_TIME:  # equal and not the same, where it came from another process
            return f"gradient flow to t = e^{log_time:.0f}"
        if self.in_log:
            return f"flow to {self.axis} = {log_time:g}"
        return f"{np.exp(log_time):.0f} steps" if self.whole else f"{self.axis} to {np.exp(log_time):g}"


_LARGEST = float(np.log(np.finfo(float).max))
STEPS = Clock("t", "steps t", whole=True)
"""The clock of discrete runs."""
LOG_TIME = Clock("log t", "log t", in_log=True)
"""The clock of flows."""


@dataclass(frozen=True)
class Measurement:
    """Curves of one quantity on `b` datasets.

    log_time: `[r]`. values: `[b r]`. floor: `[b]`, what of a value may be the reference's width or rounding.
    judged: `[b]`, False where nothing can be said (no certified reference, a precision horizon, a theorem's
    assumption that does not hold); `notes` say why. gamma: `[b]` the reference margins, where there are any.
    bound: `[b r]` the larger side, of a quantity that measures both sides of an inequality. parts: by name, `[b r]`
    terms that add up to `bound`, where the inequality has some. clock: how `log_time` is read. scale: what
    a gap is judged by beside itself, where a budget bounds it. chance: `[b]` the probability with which a theorem
    allows each case to break it, where it speaks of probabilities. all_or_none: whether
    nothing may be concluded where fewer than half of the cases could be judged, because what left the others out casts
    doubt on these. log_values: `[b r]` the
    values' logarithms, where they may be too small for numbers.
    """

    log_time: Float[np.ndarray, " r"]
    values: Float[np.ndarray, "b r"]
    floor: Float[np.ndarray, " b"]
    judged: Bool[np.ndarray, " b"]
    datasets: Sequence[Case]
    gamma: Float[np.ndarray, " b"] | None = None
    notes: tuple[str, ...] = ()
    bound: Float[np.ndarray, "b r"] | None = None
    parts: Mapping[str, Float[np.ndarray, "b r"]] | None = None
    clock: Clock = STEPS
    scale: Curves | None = None
    chance: Float[np.ndarray, " b"] | None = None
    all_or_none: bool = False
    log_values: Float[np.ndarray, "b r"] | None = None

    @property
    def logs(self) -> Float[np.ndarray, "b r"]:
        """The values' logarithms; minus infinity at 0."""
        if self.log_values is not None:
            return self.log_values
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(self.values)

    @property
    def larger_side(self) -> Float[np.ndarray, "b r"]:
        """The larger side of the inequality that was measured."""
        if self.bound is None:
            raise InputError("This quantity measures no inequality: give the claim's Bound a formula of its own.")
        return self.bound

    @property
    def time(self) -> Float[np.ndarray, " r"]:
        """Steps."""
        return np.exp(self.log_time)

    @property
    def data(self) -> list[Dataset]:
        """The datasets, where no case is a setting."""
        return datasets_of(self.datasets)

    @property
    def n(self) -> Float[np.ndarray, "b 1"]:
        """Number of points of each dataset."""
        return np.array([[float(s.n)] for s in self.data])

    @property
    def margin(self) -> Float[np.ndarray, "b 1"]:
        """The reference margins as a column."""
        if self.gamma is None:
            raise InputError("This quantity has no reference margin: use one that has, such as Gap.")
        return self.gamma[:, None]

    def radius(self, norm: str | Norm) -> Float[np.ndarray, "b 1"]:
        """Largest dual norm of a data vector (of a margin's gradient), as a column."""
        geometry = solvers.norms.norm(norm)
        vectors = [s.margin_vectors.reshape(-1, *s.weights_shape) for s in self.data]
        return np.array([[max(float(geometry.dual_value(q)) for q in each)] for each in vectors])


@runtime_checkable
class Quantity(Protocol):
    """Something that can be measured. `name` says what, in a few words."""

    @property
    def name(self) -> str:
        """What the reports call it."""
        ...

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Measure it of the claim's subject on the laboratory's cases."""
        ...


@dataclass(frozen=True)
class OneWrong:
    """A quantity, but on one case another one in its place: for twins that all cases but one keep.

    true, wrong: what is measured, at the same times. The case is the one on which the wrong one is largest; where it
    measures a larger side, by how much it is above its floor in units of that.
    """

    true: Quantity
    wrong: Quantity

    @property
    def name(self) -> str:
        """That of the true one."""
        return self.true.name

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """All curves of the true one, but that of one case; raises `InputError` where no case could be judged."""
        m, w = self.true.measure(subject, lab), self.wrong.measure(subject, lab)
        size = w.values[:, -1]
        if w.bound is not None:
            # What is within its floor breaks no bound, however small that is.
            over = np.maximum(w.values - w.floor[:, None], 0)
            size = np.max(np.divide(over, w.bound, out=np.zeros_like(w.bound), where=w.bound > 0), axis=1)
        place = np.arange(len(size)) == np.argmax(np.where(w.judged & m.judged, size, -np.inf))
        if not np.array_equal(m.log_time, w.log_time) or not (w.judged & m.judged)[place].all():
            raise InputError(f"No case has both {self.true.name!r} and the wrong one in its place: draw others.")
        bound = None if m.bound is None else np.where(place[:, None], w.larger_side, m.bound)
        return replace(
            m,
            values=np.where(place[:, None], w.values, m.values),
            floor=np.where(place, w.floor, m.floor),
            bound=bound,
        )
