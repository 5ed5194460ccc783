"""How far the runs of the two-layer CNN are from the separation theorem's promises, and which break them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from verify.problems.cnn.runs import ADAM, GD, SHARES, CnnRuns, Seen, Way
from verify.problems.cnn.settings import CnnSetting
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject

SINCE = SHARES.index(0.2)
"""The look from which on "for every T = poly(n)/eta" is read: what fails must fail at all later ones."""


class Amount(NamedTuple):
    """Something that should be small. value, half: `[b r]` over its tolerance, the latter half its interval's width."""

    name: str
    value: Float[np.ndarray, "b r"]
    half: Float[np.ndarray, "b r"]


@dataclass(frozen=True)
class _Separation(CnnRuns):
    """Two ways from the same start: `fails` should memorise the noise, `learns` the feature."""

    fails: Way = ADAM
    learns: Way = GD

    def amounts(self, failing: Seen, learning: Seen) -> list[Amount]:
        """What the theorem promises to vanish, each over its tolerance.

        They are 1/2 less the failing way's test error, and the learning one's test error (0.05), each with its
        interval; training errors of both (0: half a sample); and the L2 norms of both gradients (0.01), but for
        AdamW, whose rest points are no stationary points of an objective.
        """
        return [
            *_small(self.fails, failing, f"½ - test error of {self.fails.name}", 0.5 - failing.error),
            *_small(self.learns, learning, f"test error of {self.learns.name}", learning.error),
        ]


def _small(way: Way, seen: Seen, text: str, error: Float[np.ndarray, "b r"]) -> list[Amount]:
    """Over their tolerances: the test error, or what it falls short of 1/2; the training error; and the gradient."""
    none = np.zeros_like(seen.half)
    found = [
        Amount(text, error / 0.05, seen.half / 0.05),
        Amount(f"training error of {way.name}", 2 * seen.wrong, none),
    ]
    if way.method != "adamw":
        found.append(Amount(f"gradient of {way.name}", seen.gradient / 0.01, none))
    return found


def _worst(amounts: Sequence[Amount]) -> tuple[np.ndarray, np.ndarray]:
    """At each place the amount that is certainly too large, or the one that comes nearest to being so; its half."""
    value, half = (np.stack([getattr(a, side) for a in amounts]) for side in ("value", "half"))
    refuting = np.argmax(value - half, axis=0)[None]
    nearest = np.argmax(value + half, axis=0)[None]
    broken = np.take_along_axis(value - half, refuting, 0) > 1
    deciding = np.where(broken, refuting, nearest)
    one, two = (np.take_along_axis(a, deciding, 0)[0] for a in (value, half))
    return one, two


def _kept(seen: Seen) -> Seen:
    """From `SINCE` on, the least test error and the largest of all else up to each look."""
    error, half = seen.error.copy(), seen.half.copy()
    rows = np.arange(len(error))
    for look in range(SINCE, error.shape[1]):
        least = SINCE + np.argmin(seen.error[:, SINCE : look + 1], axis=1)
        error[:, look], half[:, look] = seen.error[rows, least], seen.half[rows, least]
    others = [side.copy() for side in (seen.wrong, seen.gradient, seen.vote, seen.size)]
    for side in others:
        side[:, SINCE:] = np.maximum.accumulate(side[:, SINCE:], axis=1)
    return Seen(error, half, *others)


@dataclass(frozen=True)
class SeparationShortfall(_Separation):
    """The largest of the amounts that the separation theorem promises to vanish, each over its tolerance."""

    name = "largest shortfall from the separation, over its tolerance"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At shares of each way's steps; the notes name every amount at its worst."""
        settings = self.settings(lab)
        amounts = self.amounts(_kept(self.seen(lab, settings, self.fails)), self.seen(lab, settings, self.learns))
        curves, half = _worst(amounts)
        notes = [f"{a.name}: at worst {np.max(a.value[:, -1]):.3g} of its tolerance" for a in amounts]
        ways = [f"{way.name} {self.steps(settings, way)} steps" for way in (self.fails, self.learns)]
        return self.measured(lab, curves, half[:, -1], [", ".join(ways), *notes], np.log(np.array(SHARES)))

    def broken(self, lab: Laboratory, drawn: Sequence[CnnSetting]) -> tuple[np.ndarray, np.ndarray]:
        """Of which settings the run certainly breaks the promise by each look from `SINCE` on, and of which it is not
        known; `[b looks]` each."""
        failing = _kept(self.seen(lab, drawn, self.fails))
        # Of the way that learns only its end counts.
        end = self.seen(lab, drawn, self.learns, (1.0,))
        learning = Seen(*(np.broadcast_to(side, failing.error.shape) for side in end))
        value, half = _worst(self.amounts(failing, learning))
        broken, kept = value - half > 1, value + half <= 1
        return broken[:, SINCE:], (~broken & ~kept)[:, SINCE:]


@dataclass(frozen=True)
class Stuck(SeparationShortfall):
    """As `SeparationShortfall`, of a way whose weight decay keeps it from fitting anything, against one that learns.

    In place of a large test error of the former its margins should vanish: all probabilities are 1/2.
    """

    def amounts(self, failing: Seen, learning: Seen) -> list[Amount]:
        """The failing way's largest margin, without its sign (0.01), and what is asked of the one that learns."""
        size = Amount(f"largest margin of {self.fails.name}", failing.size / 0.01, np.zeros_like(failing.half))
        return [size, *_small(self.learns, learning, f"test error of {self.learns.name}", learning.error)]


@dataclass(frozen=True)
class FeatureSigns(_Separation):
    """The larger of the failing way's feature margin and the learning one's with its sign turned.

    The feature margin is `F_y - F_-y` on the feature patch alone, for the label where it is less. Below zero, the
    failing way's network votes against the feature, and the other's for it. Single neurons do not tell: the largest
    alignment may be positive where all points are misclassified.
    """

    name = "feature margin, turned for the rival"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At shares of each way's steps; the floor is the margin of weights that have hardly moved."""
        settings = self.settings(lab)
        against = _kept(self.seen(lab, settings, self.fails)).vote
        for_it = self.seen(lab, settings, self.learns).vote
        # A margin below this is no sign: that of weights that moved by 1/10 of the first stage.
        floor = np.array([s.m * (0.1 * s.unit) ** s.q for s in settings])
        notes = [
            f"{way.name}: from {vote[:, -1].min():.3g} to {vote[:, -1].max():.3g}"
            for way, vote in ((self.fails, against), (self.learns, for_it))
        ]
        return self.measured(lab, np.maximum(against, -for_it), floor, notes, np.log(np.array(SHARES)))
