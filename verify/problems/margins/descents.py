"""Losses along every step of a method, their averages, first times, and inequalities that hold at each step.

Of binary data. A method is a `verify.runs.descent.Descent`, whose steps may be as large as one likes, or another
`Method`; or the claim's own optimizer, which is walked with true gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from verify.problems.margins import ensembles
from verify.problems.quantity import STEPS, Clock, Measurement
from verify.problems.subject import Subject, loss_of, run_of
from verify.runs.descent import Method, Path, stacked
from verify.runs.walk import walk

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

_ROUNDING = 1e-12  # of either side of an inequality, relative to the larger one
_METHODS = Clock.named("number of the method")

Curves = Float[np.ndarray, "b r"]


def path(method: Method, lab: Laboratory, *, separable: bool = True) -> Path:
    """Every step of a method on the laboratory's datasets, run once for all that ask for it.

    separable: whether the data have a maximal margin; else that is NaN.
    """
    return lab.once(
        ("descent", method, method.length or lab.steps),
        lambda: method.descend(
            lab.datasets,
            gamma(lab, method.norm) if separable else np.full(len(lab.datasets), np.nan),
            steps=lab.steps,
        ),
    )


def gamma(lab: Laboratory, norm: str = "l2") -> Float[np.ndarray, " b"]:
    """The maximal margins in a norm, from below."""
    return np.array([r.lower for r in lab.references(norm)])


def _log_mean_losses(
    subject: Subject, lab: Laboratory, method: Method | None, length: int, averaged: bool
) -> Float[np.ndarray, "b r"]:
    """The logarithm of the mean loss at every step's weights from zero on; or at the averages of those before it."""
    if method is not None:
        own = path(method, lab)
        return own.log_loss(own.average if averaged else own.weights)
    it = run_of(subject)
    x, absent = stacked(lab.datasets)
    kept = lab.once(
        ("walk", it.optimizer, loss_of(it), length),
        lambda: walk(it.optimizer, lab.datasets, steps=length, loss=loss_of(it)),
    )
    weights = kept.weights
    x = np.pad(x, ((0, 0), (0, 0), (0, weights.shape[-1] - x.shape[-1])))
    if averaged:
        weights = np.cumsum(weights[:, :-1], axis=1) / np.arange(1.0, length + 1)[None, :, None]
    z = np.where(absent[:, None, :], np.inf, weights @ x.transpose(0, 2, 1))
    single = np.asarray(loss_of(it).log_value(jnp.asarray(z)[..., None]))
    count = np.array([[float(s.n)] for s in lab.datasets])
    return np.logaddexp.reduce(single, axis=-1) - np.log(count)


def _measured(log_values: Curves, lab: Laboratory, notes: tuple[str, ...] = (), log_time=None) -> Measurement:
    """Curves given by their logarithms, from the second step on: laws need log t > 0."""
    times = np.log(np.arange(1.0, log_values.shape[1] + 1)) if log_time is None else log_time
    use = times > 0
    with np.errstate(over="ignore"):
        values = np.exp(log_values[:, use])
    return Measurement(
        times[use],
        values,
        np.zeros(len(values)),
        np.asarray(np.isfinite(values).all(axis=1)),
        lab.datasets,
        notes=notes,
        clock=STEPS,
        log_values=log_values[:, use],
    )


@dataclass(frozen=True)
class Loss:
    """The mean loss along the run, in the log domain.

    method: by default the claim's own optimizer, on the grid of its run.
    """

    method: Method | None = None
    name: str = "loss"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At every step of a method; of a run on its grid, not judged where it met its precision horizon."""
        if self.method is not None:
            return _measured(_log_mean_losses(subject, lab, self.method, 0, False)[:, 1:], lab)
        run = ensembles.run(subject, lab)
        first = np.unique(run.time, return_index=True)[1]
        ended = int(np.count_nonzero(run.horizon >= 0))
        notes = (f"{ended} runs met their precision horizon",) if ended else ()
        return _measured(run.log_loss[:, first], lab, notes, np.log(run.time[first]))


@dataclass(frozen=True)
class LeastLoss:
    """The least mean loss at each step over several methods, in the log domain.

    methods: equally long ones. falling: only those whose loss never rises.
    """

    methods: tuple[Method, ...]
    falling: bool = True
    name: str = "least loss"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At every step; a case on which each method's loss rises is not judged."""
        curves = []
        for method in self.methods:
            own = path(method, lab)
            some = falling_on(own)[:, :1] if self.falling else np.ones((len(own.x), 1), bool)
            curves.append(np.where(some, own.log_loss(own.weights)[:, 1:], np.inf))
        return _measured(np.min(curves, axis=0), lab)


@dataclass(frozen=True)
class AverageLoss:
    """The average of the mean loss over the weights before each of the first t steps, in the log domain.

    method: by default the claim's own optimizer, walked for `length` steps.
    """

    method: Method | None = None
    length: int = 1000
    name: str = "average loss"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At every step."""
        each = _log_mean_losses(subject, lab, self.method, self.length, False)[:, :-1]
        total = np.logaddexp.accumulate(each, axis=1)
        return _measured(total - np.log(np.arange(1.0, each.shape[1] + 1)), lab)


@dataclass(frozen=True)
class AverageIterateLoss:
    """The mean loss at the average of the weights before each of the first t steps, in the log domain.

    method: by default the claim's own optimizer, walked for `length` steps.
    """

    method: Method | None = None
    length: int = 1000
    name: str = "loss of the averaged iterate"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At every step."""
        return _measured(_log_mean_losses(subject, lab, self.method, self.length, True), lab)


@dataclass(frozen=True)
class Inequality:
    """Two sides at every step of methods, of which the one nearest to failing is kept at each step.

    name: of the smaller side. sides: from a path to both sides, `[b r]` or what broadcasts to it, of `r` steps; where
    the larger one is infinite the statement is silent. methods: equally long ones. separable: as of `path`.
    """

    name: str
    sides: Callable[[Path], tuple[np.ndarray, np.ndarray]]
    methods: tuple[Method, ...]
    separable: bool = True

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """What exceeds the other side by rounding counts as equal to it; cases without any bound are left out."""
        values, bounds, nears = [], [], []
        for method in self.methods:
            own = path(method, lab, separable=self.separable)
            smaller, larger = (np.broadcast_to(side, own.log_steps.shape) for side in self.sides(own))
            with np.errstate(invalid="ignore"):
                room = _ROUNDING * np.maximum(np.abs(smaller), np.abs(larger))
                smaller = np.where((smaller > larger) & (smaller <= larger + room), larger, smaller)
            with np.errstate(divide="ignore", invalid="ignore"):
                near = np.where(larger > 0, smaller / larger, np.where(smaller > larger, np.inf, 0.0))
            values.append(smaller)
            bounds.append(larger)
            nears.append(np.where(np.isnan(smaller) | np.isnan(larger), np.inf, near))
        nearest = np.argmax(nears, axis=0)[None]
        value, bound = (np.take_along_axis(np.stack(each), nearest, axis=0)[0] for each in (values, bounds))
        told = ", ".join(f"{np.max(near):.4g}" for near in nears)
        return Measurement(
            np.log(np.arange(1.0, value.shape[1] + 1)),
            value,
            np.zeros(len(value)),
            np.isfinite(bound).any(axis=1),
            lab.datasets,
            gamma(lab, self.methods[0].norm) if self.separable else None,
            notes=(f"largest ratio of the sides, method by method: {told}",),
            bound=bound,
        )


@dataclass(frozen=True)
class AlongPath:
    """A size at every step of a method, for laws.

    name: what it is. curve: from a path to `[b r]` sizes after each step. floor: what of them may be rounding or a
    reference's width. separable: as of `path`.
    """

    name: str
    curve: Callable[[Path], np.ndarray]
    method: Method
    floor: float = 0.0
    separable: bool = True

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """From the second step on: laws need log t > 0."""
        values = self.curve(path(self.method, lab, separable=self.separable))[:, 1:]
        times = np.log(np.arange(2.0, values.shape[1] + 2))
        judged = np.asarray(np.isfinite(values).all(axis=1))
        return Measurement(times, values, np.full(len(values), self.floor), judged, lab.datasets)


@dataclass(frozen=True)
class FirstPassage:
    """The first step after which an event holds, method by method, and what it must not come after.

    name: what is waited for. event: from a path to `[b r+1]` truths at its weights. bound: from a path to `[b 1]`.
    methods: what is run. A method that never came there counts as one step past its end; where the bound lies further
    still the case is left out. at_least: whether the bound must not come after the event instead.
    """

    name: str
    event: Callable[[Path], Bool[np.ndarray, "b s"]]
    bound: Callable[[Path], np.ndarray]
    methods: tuple[Method, ...]
    at_least: bool = False

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """A column for each method."""
        times, bounds, lost = [], [], np.zeros(len(lab.datasets), bool)
        for method in self.methods:
            own = path(method, lab)
            holds = self.event(own)
            never = ~holds.any(axis=1)
            time = np.where(never, holds.shape[1], np.argmax(holds, axis=1)).astype(float)
            limit = np.broadcast_to(self.bound(own), (len(time), 1))[:, 0]
            lost |= never & (limit >= time)
            times.append(time)
            bounds.append(limit)
        values, bound = np.stack(times, axis=1), np.stack(bounds, axis=1)
        if self.at_least:
            values, bound = bound, values
        notes = (f"{np.count_nonzero(lost)} cases are left out, which never came there",) if lost.any() else ()
        clock = np.log(np.arange(1.0, len(self.methods) + 1))
        return Measurement(
            clock, values, np.zeros(len(values)), ~lost, lab.datasets, gamma(lab, self.methods[0].norm), notes, bound,
            clock=_METHODS,
        )  # fmt: skip


def below(level: Callable[[Path], np.ndarray]) -> Callable[[Path], Bool[np.ndarray, "b s"]]:
    """The event that the mean loss is at most `e^level`, `[b 1]`."""
    return lambda own: own.log_loss(own.weights) <= level(own)


def separated(own: Path) -> Bool[np.ndarray, "b s"]:
    """The event that the weights classify all points rightly."""
    return own.margins(own.weights).min(axis=2) > 0


def average_separated(own: Path) -> Bool[np.ndarray, "b s"]:
    """The event that the average of the weights before the first t steps does; never before the first step."""
    found = own.margins(own.average).min(axis=2) > 0
    return np.concatenate([np.zeros((len(found), 1), bool), found], axis=1)


def falling_on(own: Path) -> Bool[np.ndarray, "b s"]:
    """The event that the mean loss never rises again."""
    loss = own.log_loss(own.weights)
    rises = np.diff(loss, axis=1, append=loss[:, -1:]) > _ROUNDING * np.maximum(np.abs(loss), 1.0)
    return ~np.logical_or.accumulate(rises[:, ::-1], axis=1)[:, ::-1]
