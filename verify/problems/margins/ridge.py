"""Gradient descent's flow in log time against the path of ridge solutions, which minimise `L(u) + penalty ||u||^2 / 2`.

Far along both paths losses and penalties leave floating point; divided by the penalty, of which only the logarithm is
needed, the ridge problem stays of order 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import minimize_scalar, root_scalar

from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.problems.margins import ensembles
from verify.problems.quantity import LOG_TIME, Clock, Measurement
from verify.problems.subject import Subject

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

_NEWTON = 200
_TURN = 2.0  # how far a margin may move in a step of Newton's method
_DONE = 1e-12
_LARGEST = 300.0  # of the logarithm of a loss's slope over the penalty: farther starts take too many steps
_SUPPORT = 1e-6  # of multipliers and margins: what is below is none
_FROM = 3.0  # of log time: before that the weights are short
_POINTS = 16
_AROUND = 3.0  # of a penalty's logarithm, in which the nearest ridge solution is looked for
_FAR = np.log(1e300)

Weights = Float[np.ndarray, " d"]


def ridge(dataset: Dataset, log_penalty: float, start: Weights) -> Weights:
    """The minimiser of the mean logistic loss and `penalty ||u||^2 / 2`, by Newton's method from `start`.

    Raises `InputError` where it does not arrive: give a start that is nearer.
    """
    x, u = dataset.signed, np.asarray(start, float)
    for _ in range(_NEWTON):
        z = x @ u
        log_push = -log_penalty - np.logaddexp(0.0, z)
        if log_push.max() > _LARGEST:
            break
        push = np.exp(log_push) / len(x)
        curvature = (x.T * (push * np.exp(-np.logaddexp(0.0, -z)))) @ x + np.eye(len(u))
        step = np.linalg.solve(curvature, push @ x - u)
        step = step / max(1.0, float(np.abs(x @ step).max()) / _TURN)
        u = u + step
        if np.linalg.norm(step) <= _DONE * (1 + np.linalg.norm(u)):
            return u
    raise InputError(f"The ridge problem of penalty e^{log_penalty:.4g} was not solved: start nearer to its solution.")


def own_log_penalty(dataset: Dataset, w: Weights) -> float:
    """The log of the penalty `<-grad L, w> / ||w||^2`, of which w is the ridge solution if it is any's."""
    z = dataset.signed @ w
    pulls = np.exp(-np.logaddexp(0.0, z) + np.logaddexp(0.0, z).min())
    return float(np.log((pulls @ z) / dataset.n / (w @ w)) - np.logaddexp(0.0, z).min())


def of_norm(dataset: Dataset, w: Weights) -> Weights:
    """The ridge solution that is as long as w, which minimises the loss over all weights of that length or less.

    Raises `InputError` where none of about w's own penalty is.
    """
    own, size = own_log_penalty(dataset, w), float(np.linalg.norm(w))
    ends = own - _AROUND, own + _AROUND
    longer = [float(np.linalg.norm(ridge(dataset, end, w))) - size for end in ends]
    if not longer[0] > 0 > longer[1]:
        raise InputError(f"No ridge solution of a penalty near {own:.4g} has the norm {size:.4g}: give later weights.")
    found: Any = root_scalar(
        lambda penalty: float(np.linalg.norm(ridge(dataset, penalty, w))) - size, bracket=ends, xtol=1e-12
    )
    return ridge(dataset, found.root, w)


def _spans(dataset: Dataset, multipliers: np.ndarray, more: np.ndarray) -> bool:
    """Whether all support vectors have positive multipliers and span the data. more: margins beyond the least."""
    supports = multipliers > _SUPPORT
    full = np.linalg.matrix_rank(dataset.signed[supports]) == np.linalg.matrix_rank(dataset.signed)
    return bool(full and np.array_equal(supports, more <= _SUPPORT * more.max(initial=1.0)))


@dataclass(frozen=True)
class RidgeDistance:
    """`||w_t - u||` for the ridge solution u of a penalty that t names, where support vectors span the data.

    early: whether that is `1 / (eta t)`, and not the penalty of which w_t would itself be the solution.
    """

    early: bool = False
    name: str = "distance to the ridge solution"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At a few log times of the flow."""
        found, references = ensembles.flow(subject, lab), lab.references("l2")
        at = _places(found.log_time)
        times, judged = found.log_time[at], self._judged(lab) & found.met & np.array([r.certified for r in references])
        values = np.zeros((len(lab.datasets), len(at)))
        for i in np.flatnonzero(judged):
            dataset = lab.datasets[i]
            for k, (s, w) in enumerate(zip(times, found.weights[i][at], strict=True)):
                penalty = -float(s + np.log(found.step_size[i])) if self.early else own_log_penalty(dataset, w)
                values[i, k] = np.linalg.norm(w - ridge(dataset, penalty, w))
        notes = (f"on {np.count_nonzero(judged)} datasets support vectors with multipliers span the data",)
        return Measurement(times, values, np.zeros(len(values)), judged, lab.datasets, notes=notes, clock=LOG_TIME)

    @staticmethod
    def _judged(lab: Laboratory) -> Bool[np.ndarray, " b"]:
        pairs = zip(lab.datasets, lab.references("l2"), strict=True)
        return np.array([_spans(s, r.multipliers, s.signed @ r.weights - r.lower) for s, r in pairs])


def _places(log_time: Float[np.ndarray, " r"]) -> np.ndarray:
    late = np.flatnonzero(log_time >= _FROM)
    return late[np.unique(np.linspace(0, len(late) - 1, _POINTS).round().astype(int))]


@dataclass(frozen=True)
class PathDirection:
    """The distance of the directions of w_t and of the ridge solution that is as long.

    start: whether that of the path's start is meant instead, the direction of the mean of the signed points.
    """

    start: bool = False
    name: str = "distance to the path's direction"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At a few log times of the flow."""
        found = ensembles.flow(subject, lab)
        at = _places(found.log_time)
        values = np.zeros((len(lab.datasets), len(at)))
        for i in np.flatnonzero(found.met):
            for k, w in enumerate(found.weights[i][at]):
                dataset = lab.datasets[i]
                u = dataset.signed.mean(axis=0) if self.start else of_norm(dataset, w)
                values[i, k] = np.linalg.norm(w / np.linalg.norm(w) - u / np.linalg.norm(u))
        floor = np.full(len(values), _DONE)
        return Measurement(found.log_time[at], values, floor, found.met, lab.datasets, clock=LOG_TIME)


def nearest(dataset: Dataset, w: Weights) -> float:
    """The distance of w to the nearest ridge solution."""
    own = own_log_penalty(dataset, w)
    found = minimize_scalar(
        lambda penalty: float(np.linalg.norm(w - ridge(dataset, penalty, w))),
        bounds=(own - _AROUND, own + _AROUND),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(found.fun)


def carried_on(
    g: float, h: float, w: Weights, log_first: Float[np.ndarray, " r"]
) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, " r"]]:
    """On the points (g, 0), (g, h): second weights of the flow through w and of the ridge path, at these first weights.

    log_first: logarithms of the first weights. The flow keeps `(g/h) (e^(h b)/h + b) - a` where the loss's tail is
    exponential, and ridge solutions have `a = (g/h) b (1 + e^(h b))` there.
    """
    kept = (np.exp(h * w[1]) + h * w[1]) * g / h**2 - w[0]
    log_scaled = log_first + np.log1p(kept * np.exp(-log_first)) + 2 * np.log(h) - np.log(g)
    flow = log_scaled
    for _ in range(_NEWTON):  # e^y + y = e^log_scaled
        flow = log_scaled + np.log1p(-flow * np.exp(-log_scaled))
    target, path = log_first + 2 * np.log(h) - np.log(g), np.ones_like(log_first)
    for _ in range(_NEWTON):  # log y + log(1 + e^y) = target, of a slope between 1 and 1 + 1/y
        path = np.maximum(path - (np.log(path) + np.logaddexp(0.0, path) - target) / (1 / path + 1), path / 4)
    return flow / h, path / h


@dataclass(frozen=True)
class RidgePathDistance:
    """`e^(-h D)` for the distance D of w_t to the nearest of all ridge solutions, on points (g, 0), (g, h).

    Against `log ||w_t||`: along the flow, and from its end on by `carried_on`, to a norm of 1e300.
    """

    name: str = "exp(-g₂ distance to the ridge path)"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At norms common to all datasets."""
        found = ensembles.flow(subject, lab)
        grid = np.geomspace(2.0, _FAR, 40)  # of log ||w||
        values = np.array([self._values(s, found.weights[i], grid) for i, s in enumerate(lab.datasets)])
        clock = Clock.named("log ‖w‖")
        return Measurement(np.log(grid), values, np.zeros(len(values)), found.met, lab.datasets, clock=clock)

    @staticmethod
    def _values(dataset: Dataset, weights: Float[np.ndarray, "r d"], grid: np.ndarray) -> np.ndarray:
        (g, zero), (again, h) = dataset.signed
        if zero != 0 or g != again:
            raise InputError(f"{dataset!r} is not of the form (g, 0), (g, h): draw such points.")
        sizes = np.log(np.linalg.norm(weights, axis=1))
        late = np.flatnonzero(sizes > 1.0)
        at = late[:: max(1, len(late) // _POINTS)]
        along = [nearest(dataset, weights[k]) for k in at]
        far = grid > sizes[-1]
        flow, path = carried_on(g, h, weights[-1], grid[far])
        distance = np.interp(grid, sizes[at], along)
        distance[far] = flow - path
        return np.exp(-h * distance)
