"""What is measured on the two-layer CNN: how far Adam and gradient descent are from the theorem's promises.

Cases are `verify.patches.CnnSetting`s. Both methods start from the same weights. The steps are the theorem's own,
`eta = 1/poly(n)`: for Adam a fixed part of `1 / (s sigma_p)`, for gradient descent `GD_STEP`, and both horizons follow
from the orders of the stages, not from the laboratory's. The clock is the share of each method's horizon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from verify.cnn import Job, Snapshot, train
from verify.cnn_errors import Arrays, feature_margin, feature_products, fresh_margins, kept_points, population_error
from verify.laboratory import Laboratory
from verify.patches import Blocks, CnnSetting, PatchModel, binomial_interval, draw, start
from verify.quantities import Measurement

if TYPE_CHECKING:
    from verify.claims import Claim

GD_STEP = 0.3
SHARES = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
"""Of the horizon, at which runs are looked at."""

_PER_STAGE = 150  # steps in which a weight of a sign method moves by 1 / (s sigma_p)
_POINTS = 1000  # fresh points for a test error
_RUNS: WeakKeyDictionary[Laboratory, dict[object, tuple[list[CnnSetting], list[Snapshot]]]] = WeakKeyDictionary()
_SURE = 0.002  # width of a population's bracket, below which no points are drawn
_NAMES = {"adam": "Adam", "sign_gd": "signGD", "gd": "GD", "adamw": "AdamW"}


@dataclass(frozen=True)
class _OfCnn:
    """Runs of a method on settings.

    method: by name, see `verify.cnn.METHODS`. alpha, s, betas: in place of the setting's. dense: a feature of s entries
    in place of one. batch: samples in a step. decay: lambda in units of `sigma_0^(q-2) sigma_p / n`.
    stages: Adam's horizon, in units of `1 / (eta s sigma_p)`. first: only so many settings are tried.
    """

    method: str = "adam"
    alpha: float | None = None
    s: int | None = None
    dense: bool = False
    batch: int | None = None
    betas: tuple[float, float] | None = None
    decay: float = 0.03
    stages: float = 4.0
    first: int | None = None

    def settings(self, lab: Laboratory) -> list[CnnSetting]:
        """The laboratory's cases that are tried; raises `InputError` if one is no `CnnSetting`."""
        found = _settings(lab)[: self.first]
        return found if self.s is None else [replace(setting, s=self.s) for setting in found]

    def model(self, setting: CnnSetting) -> PatchModel:
        """The law of the setting's data."""
        return setting.model(alpha=self.alpha, width=setting.s if self.dense else 1)

    def job(self, setting: CnnSetting, method: str) -> Job:
        """The run of a method from the setting's start on its data."""
        model = self.model(setting)
        eta = GD_STEP if method == "gd" else setting.unit / _PER_STAGE
        lam = self.decay * setting.decay
        b1, b2 = self.betas or (setting.b1, setting.b2)
        return Job(
            draw(model, setting.seed),
            start(model, setting.m, setting.sigma_0, setting.seed),
            q=setting.q,
            eta=eta,
            lam=lam,
            b1=b1,
            b2=b2,
            # The follow-up paper's order; theory then reduces Adam to signs.
            eps=lam * eta,
            batch=None if method == "gd" else self.batch,
            seed=setting.seed,
        )

    def steps(self, lab: Laboratory, method: str) -> int:
        """The horizon of a method, long enough for all settings of the laboratory."""
        if method != "gd":
            return round(self.stages * _PER_STAGE)
        # The tensor power method leaves 0.7 sigma_0 in this time, at half its speed; then the loss is driven down.
        slowest = min(GD_STEP * s.q / 8 * (s.q - 2) * (0.7 * s.sigma_0) ** (s.q - 2) for s in _settings(lab))
        return ceil(1 / slowest) + 2500

    def run(self, lab: Laboratory, method: str, times: Sequence[int] | None = None) -> list[Snapshot]:
        """Snapshots of all runs of a method at some times, by default at the shares of its horizon.

        A claim and its twins share those whose jobs are the same.
        """
        settings = self.settings(lab)
        steps = self.steps(lab, method)
        at = tuple(round(share * steps) for share in SHARES) if times is None else tuple(times)
        own = None if method == "gd" else (self.batch, self.betas)
        key = (method, self.alpha, self.s, self.dense, self.decay, own, at)
        known = _RUNS.setdefault(lab, {})
        if len(known.get(key, ((), ()))[0]) < len(settings):
            jobs = [self.job(setting, method) for setting in settings]
            known[key] = (settings, list(train(jobs, method, at)))
        # Runs of more settings begin with those that are asked for.
        return known[key][1]

    def measured(
        self, lab: Laboratory, values: np.ndarray, floor: np.ndarray, notes: Sequence[str], clock: np.ndarray,
        bound: np.ndarray | None = None,
    ) -> Measurement:  # fmt: skip
        """Curves of the settings that were tried, not a number for the others, which are not judged."""
        missing = len(lab.cases) - len(values)
        judged = np.arange(len(lab.cases)) < len(values)
        gap = ((0, missing), (0, 0))
        values = np.pad(values, gap, constant_values=np.nan)
        floor = np.pad(floor, gap[:1])
        sides = None if bound is None else np.pad(bound, gap, constant_values=np.nan)
        axis = "share of the horizon"
        return Measurement(clock, values, floor, judged, lab.cases, notes=tuple(notes), bound=sides, axis=axis)


def _settings(lab: Laboratory) -> list[CnnSetting]:
    found = [case for case in lab.cases if isinstance(case, CnnSetting)]
    if len(found) < len(lab.cases):
        raise InputError("This quantity is measured on settings of the network: draw verify.patches.settings.")
    return found


class _Amount(NamedTuple):
    """Something that should be small. value, half: `[b r]` over its tolerance, the latter half its interval's width."""

    name: str
    value: np.ndarray
    half: np.ndarray


@dataclass(frozen=True)
class SeparationShortfall(_OfCnn):
    """The largest of six amounts, each over its tolerance, that the separation theorem promises to vanish.

    They are 1/2 less the method's test error, and the rival's test error (tolerance 0.05), each with its interval;
    training errors of both (tolerance 0: half a sample); and the L2 norms of both gradients (tolerance 0.01).
    rival: the method that generalises.
    """

    rival: str = "gd"

    name = "largest shortfall from the separation, over its tolerance"

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        amounts = []
        for method, sign in ((self.method, -1.0), (self.rival, 1.0)):
            amounts += self._amounts(lab, method, sign)
        value, half = (np.stack([getattr(a, side) for a in amounts]) for side in ("value", "half"))
        # An amount that is certainly too large decides; else the one that comes nearest to being so.
        refuting = np.argmax(value - half, axis=0)[None]
        nearest = np.argmax(value + half, axis=0)[None]
        broken = np.take_along_axis(value - half, refuting, 0) > 1
        deciding = np.where(broken, refuting, nearest)
        curves, floors = (np.take_along_axis(a, deciding, 0)[0] for a in (value, half))
        notes = [f"{a.name}: at worst {np.max(a.value[:, -1]):.3g} of its tolerance" for a in amounts]
        names = [f"{_NAMES[method]} {self.steps(lab, method)} steps" for method in (self.method, self.rival)]
        return self.measured(lab, curves, floors[:, -1], [", ".join(names), *notes], np.log(np.array(SHARES)))

    def _amounts(self, lab: Laboratory, method: str, sign: float) -> list[_Amount]:
        settings, runs = self.settings(lab), self.run(lab, method)
        error, half = self._test_errors(settings, runs)
        name = _NAMES[method]
        amount = error if sign > 0 else 0.5 - error
        text = f"test error of {name}" if sign > 0 else f"½ - test error of {name}"
        train_error = np.array(
            [[2.0 * np.count_nonzero(m <= 0) for m in run.margins[: len(settings)]] for run in runs]
        ).T
        gradient = np.stack([run.gradient[: len(settings), 1] for run in runs], axis=1) / 0.01
        none = np.zeros_like(error)
        return [
            _Amount(text, amount / 0.05, half / 0.05),
            _Amount(f"training error of {name}", train_error, none),
            _Amount(f"gradient of {name}", gradient, none),
        ]

    def _test_errors(
        self, settings: Sequence[CnnSetting], runs: Sequence[Snapshot]
    ) -> tuple[Float[np.ndarray, "b r"], Float[np.ndarray, "b r"]]:
        """Test errors and half widths of their intervals: the population's bracket, where it is narrow; else those of
        fresh points, the same at all times."""
        errors, half = np.zeros((2, len(settings), len(runs)))
        for i, setting in enumerate(settings):
            model = self.model(setting)
            for k, run in enumerate(runs):
                low, high = population_error(run.weights[i], model, setting.q)
                errors[i, k] = (low + high) / 2
                if high - low > _SURE:
                    points = kept_points(model, _POINTS, setting.seed)
                    wrong = int(np.count_nonzero(fresh_margins(run.weights[i], model, setting.q, points) <= 0))
                    low, high = binomial_interval(wrong, _POINTS)
                    errors[i, k] = wrong / _POINTS
                half[i, k] = max(errors[i, k] - low, high - errors[i, k])
        return errors, half


@dataclass(frozen=True)
class FeatureSigns(_OfCnn):
    """The larger of the method's feature margin and the rival's with its sign turned, in units of a trained network's.

    The feature margin is `F_y - F_-y` on the feature patch alone, for the label where it is less. Below zero, the
    method's network votes against the feature, and the rival's for it. Single neurons do not tell: the largest
    alignment may be positive where all points are misclassified.
    """

    rival: str = "gd"

    name = "feature margin, turned for the rival"

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        settings = self.settings(lab)
        sides = []
        for method, sign in ((self.method, 1.0), (self.rival, -1.0)):
            runs = self.run(lab, method)
            found = [[feature_margin(run.weights[i], s.q) for i, s in enumerate(settings)] for run in runs]
            sides.append(sign * np.array(found).T)
        values = np.maximum(*sides)
        # A margin below this is no sign: the feature margin of weights that moved by 1/10 of a stage.
        floor = np.array([s.m * (0.1 * s.unit) ** s.q for s in settings])
        notes = [f"{_NAMES[m]}: from {a[:, -1].min():.3g} to {a[:, -1].max():.3g}"
                 for m, a in ((self.method, sides[0]), (self.rival, -sides[1]))]  # fmt: skip
        return self.measured(lab, values, floor, notes, np.log(np.array(SHARES)))


@dataclass(frozen=True)
class Growth(_OfCnn):
    """How fast alignments grow in the first stage; both sides of an inequality, per step and in units of eta.

    what: `"feature"`, the largest change of any `<w_jr, j v>`; or `"noise"`, the least over the samples of the growth
    of `max_r <w_{y_i, r}, xi_i>`. at_least: the growth is the larger side, and `law` the smaller; else the other way
    round. law: `"one"`, a constant; or `"s sigma_p"`. factor: of the law.
    """

    what: str = "feature"
    at_least: bool = False
    law: str = "one"
    factor: float = 1.0
    stages: float = 0.5

    @property
    def name(self) -> str:
        grown = f"growth of the {self.what} alignment"
        return f"law for the {grown}" if self.at_least else grown

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        settings = self.settings(lab)
        steps = round(self.stages * _PER_STAGE)
        times = [0, *(round(share * steps) for share in SHARES[2:])]
        jobs = [self.job(setting, self.method) for setting in settings]
        runs = self.run(lab, self.method, times)
        grown = np.zeros((len(settings), len(times) - 1))
        for i, job in enumerate(jobs):
            seen = [self._aligned(run.weights[i], job) for run in runs]
            for k, now in enumerate(seen[1:]):
                change = now - seen[0]
                worst = np.max(np.abs(change)) if self.what == "feature" else np.min(change)
                grown[i, k] = worst / (job.eta * times[k + 1])
        # Bounds compare positive numbers; a fall is no growth at all.
        grown = np.maximum(grown, 0.0)
        scale = np.array([1.0 if self.law == "one" else 1 / s.unit for s in settings])
        law = self.factor * np.broadcast_to(scale[:, None], grown.shape)
        small, large = (law, grown) if self.at_least else (grown, law)
        clock = np.log(np.array(SHARES[2:]))
        return self.measured(lab, small, np.full(len(settings), 1e-9), (), clock, bound=large)

    def _aligned(self, w: Arrays, job: Job) -> np.ndarray:
        return feature_products(w) if self.what == "feature" else own_noise(w, job)


def own_noise(w: Arrays, job: Job) -> Float[np.ndarray, " n"]:
    """`max_r <w_{y_i, r}, xi_i>` of every sample."""
    assert isinstance(job.data, Blocks)
    products = np.max(np.asarray(job.data.noise_products(w)), axis=1)
    return np.where(np.asarray(job.data.y) > 0, products[0], products[1])


@dataclass(frozen=True)
class TensorPower(_OfCnn):
    """Gradient descent's law of growth `L' = L + eta (q/4) L^(q-1)`: its integral over each interval of the run.

    L is the largest alignment of a class with its feature, or with a sample's noise (`what`). The smaller side is
    `factor` of the time that the law allows, `(q - 2) (q/4) eta (t_2 - t_1)`, the larger what was grown,
    `L_1^(2-q) - L_2^(2-q)`. From L = 1/2 on the loss has begun to saturate: nothing is claimed, and the sides are 0, 1.
    """

    what: str = "feature"
    factor: float = 0.25

    @property
    def name(self) -> str:
        return f"law of the tensor power method for the {self.what}"

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        settings = self.settings(lab)
        steps = self.steps(lab, "gd")
        shares = np.linspace(0, 1, 41)
        times = np.round(shares * steps).astype(int)
        jobs = [self.job(setting, "gd") for setting in settings]
        runs = self.run(lab, "gd", times.tolist())
        law, grown = np.zeros((2, len(settings), len(times) - 1))
        grown += 1.0
        for i, (setting, job) in enumerate(zip(settings, jobs, strict=True)):
            sizes = np.array([self._largest(run.weights[i], job) for run in runs])
            power = 2.0 - setting.q
            gain = (sizes[:-1] ** power - sizes[1:] ** power) / -power
            allowed = self.factor * setting.q / 4 * job.eta * np.diff(times)[:, None]
            stage = sizes[1:] <= 0.5
            worst = np.argmin(np.where(stage, gain / allowed, np.inf), axis=1)
            active = stage.any(axis=1)
            law[i, active] = allowed[active, 0]
            grown[i, active] = gain[active, worst[active]]
            if not (sizes > 0).all():
                # No neuron on the feature's side: the law has no start, and its sides are no numbers.
                grown[i] = np.nan
        return self.measured(lab, law, np.full(len(settings), 1e-9), (), np.log(shares[1:]), bound=grown)

    def _largest(self, w: Arrays, job: Job) -> np.ndarray:
        """The largest alignments of the two classes with the feature, or of all samples with their noise."""
        return np.max(feature_products(w), axis=1) if self.what == "feature" else own_noise(w, job)
