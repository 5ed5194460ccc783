"""How fast gradients decay under Adam without eps, and when an eps > 0 takes over.

While the signs of a gradient's entries stay, and the gradient decays like `e^(-r t)`, so do its moving averages, up to
factors: `m = g (1 - b1) / (1 - b1 e^r)` and `v = g^2 (1 - b2) / (1 - b2 e^2r)`. The margin then grows by

    r = gamma eta (1 - b1) / (1 - b1 e^r) sqrt((1 - b2 e^2r) / (1 - b2))

a step, `gamma` the maximal L-infinity margin: an equation for `r`, which stays below `log(1 / b2) / 2`. (Derived; the
exponential tail of the loss makes the gradient's rate that of the margin.) With eps outside the root the decay ends at
a gradient of the size eps, after `log(|g_0| / eps) / r` steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.optimize
from jaxtyping import Float

from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.problems.margins import ensembles
from verify.problems.quantity import ROUNDING, Measurement
from verify.problems.subject import Subject
from verify.runs.trajectory import Trajectories

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory


@dataclass(frozen=True)
class AdamLaw:
    """Adam's constants, with `b1^2 < b2`, and how its moments are taken.

    lag: steps by which the first moment is older than the second one, 0 in Adam; throttled: whether moments lag behind
    the gradients at all. Other values are for twins.
    """

    step_size: float
    b1: float = 0.9
    b2: float = 0.99
    lag: int = 0
    throttled: bool = True

    def __post_init__(self) -> None:
        if not (self.step_size > 0 and 0 <= self.b1 < 1 and self.b1**2 < self.b2 < 1):
            raise InputError(f"{self} has no stationary decay: choose a positive step size, and b1^2 < b2 < 1.")

    def decay_rate(self, gamma: float) -> float:
        """The `r` of the gradient's decay `e^(-r t)`, for the maximal L-infinity margin `gamma`."""
        if not 0 < gamma < math.inf:
            raise InputError(f"The maximal margin is {gamma}: give a positive number.")
        sign_descent = gamma * self.step_size
        if not self.throttled:
            return sign_descent

        def excess(r: float) -> float:
            first = (1 - self.b1) / (1 - self.b1 * math.exp(r))
            second = math.sqrt(max(1 - self.b2 * math.exp(2 * r), 0.0) / (1 - self.b2))
            return sign_descent * first * second * math.exp(self.lag * r) - r

        found: Any = scipy.optimize.root_scalar(excess, bracket=(0.0, -math.log(self.b2) / 2), xtol=1e-15, rtol=1e-14)
        return float(found.root)

    def handover_time(self, gamma: float, gradient: float, eps: float) -> float:
        """Steps until a gradient of that size at the start has decayed to `eps` (outside the root)."""
        if not 0 < eps < gradient:
            raise InputError(f"eps is {eps}, the first gradient {gradient}: give 0 < eps < gradient.")
        return math.log(gradient / eps) / self.decay_rate(gamma)


def growth(run: Trajectories) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "b r"]]:
    """Growth of the margins a step between recorded steps, and the steps halfway (geometric means)."""
    kept = np.unique(run.time, return_index=True)[1]
    time = run.time[kept].astype(float)
    return np.sqrt(time[1:] * time[:-1]), np.diff(run.margin[:, kept], axis=1) / np.diff(time)


def first_gradient(dataset: Dataset, slope: float = 0.5) -> float:
    """Largest entry of the mean loss's gradient at zero weights, where each margin has the same slope."""
    return slope * float(np.abs(dataset.margin_vectors.sum(axis=0)).max()) / dataset.n


def handover_seen(time: Float[np.ndarray, " r"], rates: Float[np.ndarray, " r"], rate: float) -> float:
    """The step from which on the margin grows by less than half the rate; NaN if it never does, or always did."""
    fast = np.flatnonzero(rates >= rate / 2)
    if not len(fast) or fast[-1] == len(rates) - 1:
        return math.nan
    ends = slice(fast[-1], fast[-1] + 2)
    # Between the two records, straight in the logarithms.
    return math.exp(float(np.interp(-math.log(rate / 2), -np.log(np.maximum(rates[ends], 1e-300)), np.log(time[ends]))))


@dataclass(frozen=True)
class DecayRate:
    """Relative deviation of the margin's growth a step from the law's `r`."""

    law: AdamLaw

    @property
    def name(self) -> str:
        """What the reports call it."""
        return "deviation from the decay rate"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """From the third step on; the floor is what rounding does to the growth of large margins."""
        references = lab.references("linf")
        time, grown = growth(ensembles.run(subject, lab))
        use = time > 2
        rates = np.array([self.law.decay_rate(r.upper) for r in references])
        values = np.abs(grown[:, use] / rates[:, None] - 1)
        certified = np.array([r.certified for r in references])
        gamma = np.array([r.lower for r in references])
        # The margins themselves are rounded; late ones, which are large, cost the difference the most.
        floor = np.full(len(values), 100 * ROUNDING)
        return Measurement(np.log(time[use]), values, floor, certified, lab.datasets, gamma)


@dataclass(frozen=True)
class HandoverTime:
    """Distance `|log t_seen - log t_predicted|` of the step from which on eps slows the margin's growth to a half.

    Judged where the prediction is past the first hundred steps, whose moments are young, and well inside the horizon.
    """

    law: AdamLaw
    eps: float

    @property
    def name(self) -> str:
        """What the reports call it."""
        return "error of the hand-over's log time"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """One number a dataset, repeated at every time."""
        references = lab.references("linf")
        run = ensembles.run(subject, lab)
        time, grown = growth(run)
        values, judged = [], []
        for dataset, reference, rates in zip(lab.datasets, references, grown, strict=True):
            true = replace(self.law, lag=0, throttled=True).decay_rate(reference.upper)
            expected = self.law.handover_time(reference.upper, first_gradient(dataset), self.eps)
            seen = handover_seen(time, rates, true)
            values.append(np.full(len(time), abs(math.log(seen) - math.log(expected))))
            judged.append(reference.certified and 100 < expected < time[-1] / 3)
        notes = (f"{np.count_nonzero(judged)} of the {len(judged)} datasets are handed over within the horizon",)
        floor = np.zeros(len(judged))
        gamma = np.array([r.lower for r in references])
        return Measurement(np.log(time), np.stack(values), floor, np.array(judged), lab.datasets, gamma, notes)
