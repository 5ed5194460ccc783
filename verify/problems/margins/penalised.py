"""Gradient descent on the mean logistic loss with a penalty, `L(w) + penalty ||w||^2 / 2`, over many penalties at once.

Step sizes may depend on the penalty, and be so large that the objective rises on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy.special import lambertw

from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.problems.margins.ridge import ridge
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject
from verify.runs.descent import stacked

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

_CLOCK = Clock.named("1/λ")
_STAYS = 1.2  # how much longer a run that has come near must go on without leaving again
_MORE = 100
_HALVINGS, _CONVERGED = 10, 1e-6

Penalties = Float[np.ndarray, " e"]


def minimisers(datasets: Sequence[Dataset], penalties: Penalties) -> Float[np.ndarray, "b e d"]:
    """The weights that minimise the objective, for penalties that fall; padded with zeros to one number of features."""
    found = np.zeros((len(datasets), len(penalties), max(s.d for s in datasets)))
    for i, dataset in enumerate(datasets):
        u = np.zeros(dataset.d)
        for k, penalty in enumerate(penalties):
            found[i, k, : dataset.d] = u = ridge(dataset, float(np.log(penalty)), u)
    return found


def steps_to_stay(
    datasets: Sequence[Dataset], penalties: Penalties, eta: Penalties, level: Penalties, longest: int
) -> Float[np.ndarray, "b e"]:
    """How many steps from zero weights till the objective stays within a level of its minimum; NaN after `longest`.

    To stay is to be there for a fifth more of the steps till then, and a hundred.
    """
    x, absent = stacked(datasets)
    weight = (~absent / np.sum(~absent, axis=1, keepdims=True))[:, None, :]
    lam, across = penalties[None, :, None], x.transpose(0, 2, 1)

    def objective(w: np.ndarray, z: np.ndarray) -> np.ndarray:
        return np.sum(weight * np.logaddexp(0.0, -z), axis=2) + penalties * np.sum(w**2, axis=2) / 2

    u = minimisers(datasets, penalties)
    enough = objective(u, u @ across) + level
    w = np.zeros_like(u)
    away = np.zeros(w.shape[:2])
    with np.errstate(over="ignore", invalid="ignore"):  # of runs that diverge
        for t in range(longest):
            z = w @ across
            away[~(objective(w, z) <= enough)] = t + 1
            if t > _STAYS * away.max() + _MORE:
                return away
            w = w - eta[None, :, None] * (lam * w - (weight * np.exp(-np.logaddexp(0.0, z))) @ x)
    return np.where(longest > _STAYS * away + _MORE, away, np.nan)


@dataclass(frozen=True)
class PenalisedSteps:
    """The penalty times the steps till the objective stays within `level` times the penalty of its minimum.

    eta: from penalties to step sizes. penalties: falling. longest: the most steps. inverse: whether one over the steps
    is meant instead.
    """

    eta: Callable[[Penalties], Penalties]
    penalties: tuple[float, ...]
    level: float = 1e-10
    longest: int = 20_000
    inverse: bool = False

    @property
    def name(self) -> str:
        """What the reports call it."""
        return "1/steps to the minimum" if self.inverse else "λ times the steps to the minimum"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At each penalty; not judged where some run does not come there."""
        penalties = np.array(self.penalties)
        sizes = np.broadcast_to(self.eta(penalties), penalties.shape)
        steps = steps_to_stay(lab.datasets, penalties, sizes, self.level * penalties, self.longest)
        judged = np.asarray(np.isfinite(steps).all(axis=1))
        values = 1 / np.maximum(steps, 1) if self.inverse else penalties * steps
        return Measurement(-np.log(penalties), values, np.zeros(len(steps)), judged, lab.datasets, clock=_CLOCK)


def critical_steps(sizes: Float[np.ndarray, " b"], penalties: Penalties, longest: int) -> Float[np.ndarray, "b e"]:
    """The step size up to which gradient descent on one point converges from zero, by bisection to a thousandth.

    It is looked for within a factor of two about `2 / (penalty (1 + u))`, u the margin at the minimum. sizes: L2 norms
    of the points. longest: after how many steps a run is taken to have converged or not. NaN where it is not there.
    """
    lam = penalties / sizes[:, None] ** 2  # in units in which the point has length 1
    # The margin u at the minimum has `lam u = 1/(1 + e^u)`, of which u e^u = 1/lam is the first guess.
    u = np.real(lambertw(1 / lam))
    for _ in range(_MORE):
        push = np.exp(-np.logaddexp(0.0, u))
        u = u - (lam * u - push) / (lam + push * (1 - push))
    first, last = np.log(1 / lam / (1 + u)), np.log(4 / lam / (1 + u))
    low, high = first, last
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        eta, z = np.exp(middle), np.zeros_like(u)
        for _ in range(longest):
            z = z - eta * (lam * z - np.exp(-np.logaddexp(0.0, z)))
        inside = np.abs(z - u) < _CONVERGED * u
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    within = (low > first) & (high < last)
    return np.where(within, np.exp((low + high) / 2), np.nan) / sizes[:, None] ** 2


@dataclass(frozen=True)
class CriticalStepError:
    """`|eta / eta' - 1|` for the largest step size eta with which gradient descent on one point converges.

    told: eta' for each penalty. penalties: falling. longest: as of `critical_steps`.
    """

    told: Callable[[Penalties], Penalties]
    penalties: tuple[float, ...]
    longest: int = 9000

    name = "error of the predicted critical step size"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At each penalty; not judged where it lies outside the factor in which it is looked for.

        Raises `InputError` for more than a point.
        """
        if any(s.n > 1 for s in lab.datasets):
            raise InputError("Critical step sizes are found on one point: give datasets of a single one.")
        penalties = np.array(self.penalties)
        sizes = np.array([np.linalg.norm(s.x) for s in lab.datasets])
        found = lab.once(
            ("critical steps", self.penalties, self.longest), lambda: critical_steps(sizes, penalties, self.longest)
        )
        values, floor = np.abs(found / self.told(penalties) - 1), np.full(len(found), 2.0**-_HALVINGS)
        judged = np.asarray(np.isfinite(found).all(axis=1))
        return Measurement(-np.log(penalties), values, floor, judged, lab.datasets, clock=_CLOCK)
