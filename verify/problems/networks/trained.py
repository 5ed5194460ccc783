"""What is measured along runs of models in steps: KKT gaps in any norm, and how far normalised margins fall.

Theorems on the limits of directions assume that the data are separated, that the direction settles and that no second
moment vanishes. So runs are left out, and counted, that do not separate the data, whose direction still turns, or in
which the gradient of a parameter underflowed beside the largest one; and those that are not past separation yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import logsumexp

from solvers.errors import InputError
from solvers.kkt import kkt_gap
from solvers.layered import FlatNorm, Layered, flat_norm
from solvers.norms import Norm
from verify.datasets.dataset import Dataset
from verify.models.model import Shaped
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import Run, Subject, loss_of, run_of
from verify.runs.simulation import Simulation
from verify.runs.stationarity import margins_and_gradients
from verify.runs.trajectory import Trajectories

_SOLVER = 1e-6  # of a KKT gap, which a cone programme's shares prove
_ROUNDING = 1e-9  # of a ratio of normalised margins
_EVERY = 4  # of the recorded steps: three a decade
_DECADES = 2.0  # of steps, before the end, in which gaps are measured
# Of log 1/L at the end: margins that have a share of the gradient differ by a tenth of it or less. One run that was
# still at e^-0.09 after 2e5 steps had a KKT gap of 0.60 there, 0.56 after 2e6 steps and 0.008 after 1e7.
_LOW = 10.0
_SETTLED = 0.2  # of a direction's turning in the last decade, by default


class _At(NamedTuple):
    """One run at some of its steps: flat parameters `[r p]`, smallest margins `[r]`, and whose they are."""

    flat: Float[np.ndarray, "r p"]
    margin: Float[np.ndarray, " r"]
    degree: float
    norm: Norm | FlatNorm
    model: Shaped
    dataset: Dataset


@dataclass(frozen=True)
class _OfModel:
    """A quantity along runs of a model. norm: an entry-wise one, or a `solvers.Layered`.

    settled: by how much at most a direction may turn in the last decade of steps for its run to be judged.
    """

    norm: str | Norm | Layered = "l2"
    settled: float = _SETTLED

    floor: ClassVar[float]
    """Of a value, what is no more than the error of computing it."""

    def subject(self, subject: Subject) -> tuple[Run, float]:
        """The run, and the degree of its model; raises `InputError` where it has none."""
        it = run_of(subject, sampled=True, modelled=True)
        if it.model is None or it.model.degree is None:
            raise InputError(
                f"This quantity is one of homogeneous models, but {it.text!r} has none: give model=, with a degree."
            )
        return it, it.model.degree

    def run(self, subject: Subject, lab: Laboratory) -> Trajectories:
        """The model's runs on all datasets, to the horizon; one for all quantities that ask for it."""
        it, loss = self.subject(subject)[0], loss_of(subject)
        simulation = lab.once(
            ("model's run", it.optimizer, loss, it.model, it.how),
            lambda: Simulation(it.optimizer, lab.datasets, loss=loss, how=it.how, weights=True, model=it.model),
        )
        return simulation.advance(lab.steps, lab.progress).result(lab.steps)

    def places(self, run: Trajectories) -> np.ndarray:
        """Places of the recorded steps at which the quantity is measured."""
        raise NotImplementedError

    def curve(self, at: _At) -> Float[np.ndarray, " r"]:
        """The quantity along one run, at these places."""
        raise NotImplementedError

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """The quantity along all runs that can be judged."""
        it, degree = self.subject(subject)
        run = self.run(subject, lab)
        flat, models = _flat(it, run, lab)
        places = self.places(run)
        judged, notes = judged_runs(run, flat, places, self.settled)
        values = np.full((len(flat), len(places)), np.nan)
        for i in np.flatnonzero(judged):
            norm = flat_norm(self.norm, models[i].shapes)
            at = _At(flat[i][places], run.margin[i, places], degree, norm, models[i], lab.datasets[i])
            values[i] = self.curve(at)
        floor = np.full(len(values), self.floor)
        return Measurement(np.log(run.time[places]), values, floor, judged, lab.datasets, notes=notes, all_or_none=True)


@dataclass(frozen=True)
class TrainedKKT(_OfModel):
    """The KKT gap of a model's parameters in a norm, along a run; see `solvers.kkt_gap`.

    In the last two decades of steps; the floor is the accuracy of the cone programmes.
    """

    name = "KKT gap"
    floor = _SOLVER

    def places(self, run: Trajectories) -> np.ndarray:
        """Three a decade, the last among them: each takes a cone programme."""
        return _late(run, np.arange(len(run.time))[::-1][::_EVERY][::-1])

    def curve(self, at: _At) -> Float[np.ndarray, " r"]:
        """The gaps; each is an upper bound of one that is not negative, so that what is below 0 is rounding."""
        z, slopes = margins_and_gradients(at.model, at.flat, at.dataset)
        gaps = [kkt_gap(w, g, q, at.degree, at.norm) for w, g, q in zip(at.flat, slopes, z, strict=True)]
        return np.maximum(gaps, 0.0)


@dataclass(frozen=True)
class MarginFall(_OfModel):
    """The largest normalised margin so far over the present one, less 1, in the last two decades of steps.

    At every recorded one; the floor is rounding.
    """

    name = "fall of the normalised margin"
    floor = _ROUNDING

    def places(self, run: Trajectories) -> np.ndarray:
        """All."""
        return _late(run, np.arange(len(run.time)))

    def curve(self, at: _At) -> Float[np.ndarray, " r"]:
        """The falls."""
        sizes = np.array([float(at.norm.value(w)) for w in at.flat])
        margins = np.log(at.margin) - at.degree * np.log(sizes)
        return np.expm1(np.maximum.accumulate(margins) - margins)


@dataclass(frozen=True)
class SmoothedFall(_OfModel):
    """`(g_s / g_t - 1) log 1/L_s`, the largest over all `s <= t`, of the smoothed margins `g = log(1/L) / ||w||^D`.

    `L` is the sum of the exponential losses. In the last two decades of steps; the floor is rounding. exponent: of the
    norm, by default the model's degree `D`.
    """

    exponent: float | None = None

    name = "fall of the smoothed margin, times log 1/L"
    floor = 1e-6

    def places(self, run: Trajectories) -> np.ndarray:
        """All."""
        return _late(run, np.arange(len(run.time)))

    def curve(self, at: _At) -> Float[np.ndarray, " r"]:
        """The falls; what was no margin yet, `L` being 1 or more, is left out."""
        z, _ = margins_and_gradients(at.model, at.flat, at.dataset)
        log_inverse = -np.asarray(logsumexp(-z, axis=1))
        sizes = np.array([float(at.norm.value(w)) for w in at.flat])
        past = np.maximum(log_inverse, 0.0)
        power = at.degree if self.exponent is None else self.exponent
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(past) - power * np.log(sizes)
            falls = np.expm1(logs[:, None] - logs[None]) * past[:, None]
        earlier = np.triu(np.ones(falls.shape, bool))
        return np.max(np.where(earlier & (past > 0)[:, None], falls, 0.0), axis=0)


def judged_runs(
    run: Trajectories, flat: list[np.ndarray], places: np.ndarray, settled: float = _SETTLED
) -> tuple[Bool[np.ndarray, " b"], tuple[str, ...]]:
    """`[b]` whose runs can be judged at these places of the recorded steps, and why the others are not.

    flat: their parameters, `[r p]` each. settled: by how much at most a direction may turn in the last decade of steps.
    """
    separated = (run.margin[:, places] > 0).all(axis=1)
    low = run.log_loss[:, -1] <= -_LOW
    whole = (run.horizon < 0) if not run.exact else ~run.starved.any(axis=1)
    before = int(np.searchsorted(run.time, run.time[-1] / 10))
    with np.errstate(invalid="ignore", divide="ignore"):
        ends = [(w[before] / np.linalg.norm(w[before]), w[-1] / np.linalg.norm(w[-1])) for w in flat]
    turned = np.array([np.linalg.norm(a - b) for a, b in ends])
    lost = "in which a gradient underflowed beside the largest one" if run.exact else "that met the precision horizon"
    kept, told = np.ones(len(flat), bool), []
    for good, those in (
        (separated, "that did not separate the data"),
        (whole, lost),
        (low, f"whose loss is still above e^-{_LOW:g}"),
        (turned <= settled, f"whose direction still turned by {settled:g} in the last decade"),
    ):
        if (count := int(np.count_nonzero(kept & ~good))) > 0:
            told.append(f"runs left out, {those}: {count} of {len(kept)}")
        kept &= good
    return kept, tuple(told)


def _late(run: Trajectories, places: np.ndarray) -> np.ndarray:
    """Of places of recorded steps, those in the last decades."""
    return places[run.time[places] >= run.time[-1] / 10**_DECADES * (1 - 1e-9)]


def _flat(it: Run, run: Trajectories, lab: Laboratory) -> tuple[list[np.ndarray], list[Shaped]]:
    """The parameters at the recorded steps as flat vectors, and the model for each dataset."""
    assert it.model is not None
    assert run.weights_at is not None
    shaped = [it.model.at(s.d, s.classes or 1) for s in lab.datasets]
    return [each.flats(params) for each, params in zip(shaped, run.weights_at, strict=True)], shaped
