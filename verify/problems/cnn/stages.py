"""How fast alignments grow in the first stage of training the two-layer CNN, against the lemmas' laws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np
from jaxtyping import Float

from verify.problems.cnn.errors import Arrays, feature_products
from verify.problems.cnn.patches import Blocks
from verify.problems.cnn.runs import ADAM, GD, SHARES, CnnRuns, Way
from verify.problems.cnn.settings import CnnSetting
from verify.problems.cnn.training import Job, train
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject

_PER_STAGE = 150  # steps in which a weight of a sign method moves by 1 / (s sigma_p)


@dataclass(frozen=True)
class Growth(CnnRuns):
    """How fast alignments grow in the first stage; both sides of an inequality, per step and in units of eta.

    what: `"feature"`, the largest change of any `<w_jr, j v>`; or `"noise"`, the least over the samples of the growth
    of `max_r <w_{y_i, r}, xi_i>`. at_least: the growth is the larger side, and `law` the smaller; else the other way
    round. law: `"one"`, a constant; or `"s sigma_p"`. factor: of the law. stages: how long, in units of
    `1 / (eta s sigma_p)`.
    """

    way: Way = ADAM
    what: str = "feature"
    at_least: bool = False
    law: str = "one"
    factor: float = 1.0
    stages: float = 0.5

    @property
    def name(self) -> str:
        """What the reports call it."""
        grown = f"growth of the {self.what} alignment"
        return f"law for the {grown}" if self.at_least else grown

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the settings drawn, at shares of the stage; a fall of an alignment counts as no growth."""
        settings = self.settings(lab)
        steps = round(self.stages * _PER_STAGE)
        times = [0, *(round(share * steps) for share in SHARES[2:])]
        jobs = [self.job(setting, self.way) for setting in settings]
        grown = np.zeros((len(settings), len(times) - 1))
        for i, job in enumerate(jobs):
            seen = [look[self.what][i] for look in self._looks(lab, settings, jobs, times)]
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

    def step_size(self, setting: CnnSetting, way: Way) -> float:
        """Fine beside the first stage."""
        return super().step_size(setting, way) if way.method == "gd" else setting.unit / _PER_STAGE

    def _looks(
        self, lab: Laboratory, settings: Sequence[CnnSetting], jobs: Sequence[Job], times: Sequence[int]
    ) -> list[_Look]:
        """Both alignments at each time; a claim and its twins share the run."""
        run = replace(self, what="feature", at_least=False, law="one", factor=1.0)
        key = ("alignments", run, tuple(setting.key for setting in settings))
        return lab.once(key, lambda: _looks(jobs, self.way, times))


class _Look(TypedDict):
    """Of each run the alignments with the feature, `[2 m]`, and those of the samples with their noise, `[n]`."""

    feature: list[np.ndarray]
    noise: list[np.ndarray]


def _looks(jobs: Sequence[Job], way: Way, times: Sequence[int]) -> list[_Look]:
    # Weights are dropped after each look: those of many runs at many times are gigabytes.
    return [
        _Look(
            feature=[np.asarray(feature_products(w)) for w in run.weights],
            noise=[own_noise(w, job) for w, job in zip(run.weights, jobs, strict=True)],
        )
        for run in train(jobs, way.method, times)
    ]


def own_noise(w: Arrays, job: Job) -> Float[np.ndarray, " n"]:
    """`max_r <w_{y_i, r}, xi_i>` of every sample."""
    assert isinstance(job.data, Blocks)
    products = np.max(np.asarray(job.data.noise_products(w)), axis=1)
    return np.where(np.asarray(job.data.y) > 0, products[0], products[1])


@dataclass(frozen=True)
class TensorPower(CnnRuns):
    """Gradient descent's law of growth `L' = L + eta (q/4) L^(q-1)`: its integral over each interval of the run.

    L is the largest alignment of a class with its feature, or with a sample's noise (`what`). The smaller side is
    `factor` of the time that the law allows, `(q - 2) (q/4) eta (t_2 - t_1)`, the larger what was grown,
    `L_1^(2-q) - L_2^(2-q)`. From L = 1/2 on the loss has begun to saturate: nothing is claimed, and the sides are 0, 1.
    """

    what: str = "feature"
    factor: float = 0.25

    @property
    def name(self) -> str:
        """What the reports call it."""
        return f"law of the tensor power method for the {self.what}"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the settings drawn; NaN where no neuron is on the feature's side, since the law then has no start."""
        settings = self.settings(lab)
        steps = self.steps(settings, GD)
        shares = np.linspace(0, 1, 41)
        times = np.round(shares * steps).astype(int)
        jobs = [self.job(setting, GD) for setting in settings]
        key = ("tensor power", replace(self, what="feature", factor=1.0), tuple(setting.key for setting in settings))
        looks = lab.once(key, lambda: _looks(jobs, GD, times.tolist()))
        law, grown = np.zeros((2, len(settings), len(times) - 1))
        grown += 1.0
        for i, (setting, job) in enumerate(zip(settings, jobs, strict=True)):
            sizes = np.array([self._largest(look, i) for look in looks])
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

    def _largest(self, look: _Look, i: int) -> np.ndarray:
        """The largest alignments of the two classes with the feature, or of all samples with their noise."""
        return np.max(look["feature"][i], axis=1) if self.what == "feature" else look["noise"][i]
