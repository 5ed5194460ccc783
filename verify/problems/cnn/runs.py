"""Runs of the two-layer CNN from one start: how each is trained, for how long, and what is seen of it.

Cases are `CnnSetting`s. The steps are the theorem's own, `eta = 1/poly(n)`, and so are the horizons, `T = poly(n)/eta`:
for signs and Adam `travel / eta`, in which a weight can move by `travel`, while `1 / (s sigma_p)` is enough to
memorise; for gradient descent twice the time of the tensor power method, and some more to drive the loss down. The
clock is the share of each method's horizon.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from verify.problems.cnn.errors import feature_margin, fresh_margins, kept_points, population_error
from verify.problems.cnn.patches import PatchModel, draw, start
from verify.problems.cnn.settings import CnnSetting
from verify.problems.cnn.training import Job, Snapshot, train
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Clock, Measurement
from verify.statistics import binomial_interval

GD_STEP = 0.3
STEPS = 540
"""Of a method with signs, up to its horizon; some ten in the time `1 / (eta s sigma_p)`, for s sigma_p up to 16."""
SHARES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
"""Of the horizon, at which runs are looked at."""

_POINTS = 1000  # fresh points for a test error
_WEIGHTS = 2**23  # of runs side by side: Adam's state then takes some 200 MB
_SURE = 0.002  # width of a population's bracket, below which no points are drawn
_NAMES = {"adam": "Adam", "sign_gd": "signGD", "gd": "GD", "adamw": "AdamW"}


@dataclass(frozen=True)
class Way:
    """How a network is trained: the method (see `verify.problems.cnn.training.METHODS`), Adam's betas in place of the
    setting's, the samples in a step, None for all, and whether the weight decay is the setting's lam, as AdamW's is."""

    method: str = "adam"
    betas: tuple[float, float] | None = None
    batch: int | None = None
    strong: bool = False

    @property
    def name(self) -> str:
        """The method, and its batch size where it has one."""
        decay = " with AdamW's λ" if self.strong else ""
        return _NAMES[self.method] + decay + (f" with batches of {self.batch}" if self.batch else "")


ADAM, SIGN, GD = Way(), Way("sign_gd"), Way("gd")


class Seen(NamedTuple):
    """What is kept of runs, `[b r]` each, for b settings at r looks.

    error, half: the test error, and the latter half its interval's width. wrong: training samples that are not
    classified. gradient: its L2 norm. vote: `verify.problems.cnn.errors.feature_margin`. size: the largest training
    margin, without its sign.
    """

    error: np.ndarray
    half: np.ndarray
    wrong: np.ndarray
    gradient: np.ndarray
    vote: np.ndarray
    size: np.ndarray


_CLOCK = Clock.named("share of the horizon")


@dataclass(frozen=True)
class CnnRuns:
    """Runs on settings, and what twins change of these.

    n, s, alpha: in place of the setting's. dense: a feature of s entries in place of one. decay: lambda in units
    of `sigma_0^(q-2) sigma_p / n`; AdamW and strong ways have the setting's own. travel, count: the horizon of a method
    with signs, in units of `1 / eta` and in steps. finest: the s sigma_p up to which `count` is fine enough; from twice
    that on there are twice the steps, and so on. first: only so many settings are tried.
    """

    n: int | None = None
    s: int | None = None
    alpha: float | None = None
    dense: bool = False
    decay: float = 0.03
    travel: float = 3.0
    count: int = STEPS
    finest: float = inf
    first: int | None = None

    def settings(self, lab: Laboratory) -> list[CnnSetting]:
        """The laboratory's cases that are tried; raises `InputError` if one is no `CnnSetting`."""
        found = [case for case in lab.cases if isinstance(case, CnnSetting)]
        if len(found) < len(lab.cases):
            raise InputError("This quantity is measured on settings of the network: draw verify.problems.cnn.settings.")
        told = {name: value for name in ("n", "s", "alpha") if (value := getattr(self, name)) is not None}
        return [replace(setting, **told) for setting in found[: self.first]]

    def model(self, setting: CnnSetting) -> PatchModel:
        """The law of the setting's data."""
        return setting.model(width=setting.s if self.dense else 1)

    def step_size(self, setting: CnnSetting, way: Way) -> float:
        """Gradient descent's `GD_STEP`; else what takes a weight as far as `travel` in `count` steps."""
        return GD_STEP if way.method == "gd" else self.travel / self._count(setting)

    def job(self, setting: CnnSetting, way: Way) -> Job:
        """The run from the setting's start on its data."""
        model = self.model(setting)
        eta = self.step_size(setting, way)
        weak = self.decay * setting.decay
        b1, b2 = way.betas or (setting.b1, setting.b2)
        return Job(
            draw(model, setting.seed),
            start(model, setting.m, setting.sigma_0, setting.seed),
            q=setting.q,
            eta=eta,
            lam=setting.lam if way.strong or way.method == "adamw" else weak,
            b1=b1,
            b2=b2,
            # The follow-up paper's order; theory then reduces Adam to signs.
            eps=(setting.lam if way.strong else weak) * eta,
            batch=way.batch,
            seed=setting.seed,
        )

    def steps(self, settings: Sequence[CnnSetting], way: Way) -> int:
        """The horizon of a method, long enough for all the settings."""
        if way.method != "gd":
            return max(self._count(setting) for setting in settings)
        # The tensor power method leaves 0.7 sigma_0 in this time, at half its speed; then the loss is driven down.
        slowest = min(GD_STEP * s.q / 8 * (s.q - 2) * (0.7 * s.sigma_0) ** (s.q - 2) for s in settings)
        return ceil(1 / slowest) + 2500

    def _count(self, setting: CnnSetting) -> int:
        """Steps of a method with signs."""
        return self.count * max(1, ceil(1 / (setting.unit * self.finest)))

    def side_by_side(self, settings: Sequence[CnnSetting]) -> list[list[int]]:
        """The places of settings that are run together: such as take as many steps, the smaller ones first, and so many
        that their weights fit into memory; a large one goes alone."""
        sizes = [2 * s.m * s.n * s.s for s in settings]
        groups: list[list[int]] = []
        for place in sorted(range(len(settings)), key=lambda i: (self._count(settings[i]), sizes[i])):
            last = groups[-1] if groups else []
            # All of a group are padded to its largest, which is this one.
            fits = sizes[place] * (len(last) + 1) <= _WEIGHTS
            if last and fits and self._count(settings[last[0]]) == self._count(settings[place]):
                last.append(place)
            else:
                groups.append([place])
        return groups

    def seen(self, lab: Laboratory, settings: Sequence[CnnSetting], way: Way, shares: Sequence[float] = SHARES) -> Seen:
        """What runs show at shares of their horizon; a claim and its twins share those whose jobs are the same.

        A twin on the first settings has its part of what all of them showed, if that is known.
        """
        known: dict[Hashable, Seen] = lab.once(("cnn runs",), dict)
        whole = replace(self, first=None).settings(lab) if self.first is not None else settings
        for those in (whole, settings):
            own = (self.dense, self.decay, self.travel, tuple(map(self._count, those)))
            key = (way, own, tuple(shares), tuple(setting.key for setting in those))
            if key in known:
                return Seen(*(side[: len(settings)] for side in known[key]))
        groups = self.side_by_side(settings)
        found = [self._run([settings[i] for i in group], way, shares) for group in groups]
        order = np.argsort(np.concatenate(groups))
        known[key] = Seen(*(np.concatenate(side)[order] for side in zip(*found, strict=True)))
        return known[key]

    def _run(self, settings: Sequence[CnnSetting], way: Way, shares: Sequence[float]) -> Seen:
        times = [round(share * self.steps(settings, way)) for share in shares]
        jobs = [self.job(setting, way) for setting in settings]
        # Weights are dropped after each look: those of many runs at many times are gigabytes.
        looks = [self._look(settings, run) for run in train(jobs, way.method, times)]
        return Seen(*(np.stack(side, axis=1) for side in zip(*looks, strict=True)))

    def _look(self, settings: Sequence[CnnSetting], run: Snapshot) -> list[np.ndarray]:
        error, half, vote = np.zeros((3, len(settings)))
        for i, (setting, w) in enumerate(zip(settings, run.weights, strict=True)):
            error[i], half[i] = self._test_error(setting, w)
            vote[i] = feature_margin(w, setting.q)
        wrong = np.array([np.count_nonzero(m <= 0) for m in run.margins], float)
        size = np.array([np.max(np.abs(m)) for m in run.margins])
        return [error, half, wrong, run.gradient[:, 1], vote, size]

    def _test_error(self, setting: CnnSetting, w: dict[str, np.ndarray]) -> tuple[float, float]:
        """The middle of the population's bracket, where it is narrow; else that of fresh points, the same at all
        times. With half the width of its interval."""
        model = self.model(setting)
        low, high = population_error(w, model, setting.q)
        error = (low + high) / 2
        if high - low > _SURE:
            points = kept_points(model, _POINTS, setting.seed)
            wrong = int(np.count_nonzero(fresh_margins(w, model, setting.q, points) <= 0))
            low, high = binomial_interval(wrong, _POINTS)
            error = wrong / _POINTS
        return error, max(error - low, high - error)

    def measured(
        self, lab: Laboratory, values: Float[np.ndarray, "b r"], floor: Float[np.ndarray, " b"],
        notes: Sequence[str], clock: Float[np.ndarray, " r"], bound: Float[np.ndarray, "b r"] | None = None,
    ) -> Measurement:  # fmt: skip
        """Curves of the settings that were tried, not a number for the others, which are not judged.

        The theorem allows a probability of 1/n.
        """
        missing = len(lab.cases) - len(values)
        judged = np.arange(len(lab.cases)) < len(values)
        gap = ((0, missing), (0, 0))
        values = np.pad(values, gap, constant_values=np.nan)
        floor = np.pad(floor, gap[:1])
        sides = None if bound is None else np.pad(bound, gap, constant_values=np.nan)
        chance = np.pad([1 / setting.n for setting in self.settings(lab)], gap[:1], constant_values=np.nan)
        return Measurement(
            clock, values, floor, judged, lab.cases, notes=tuple(notes), bound=sides, clock=_CLOCK, chance=chance
        )
