"""Mirror flows on separable data in log time: gradient flow of the mean logistic loss in the metric of a potential.

A potential that is a sum over the weights moves each by `dw_j/dt = -(grad L)_j / psi''(w_j)`. In `s = log t` that is a
smooth equation of a few numbers, of which an implicit method takes some hundreds of steps to `t = e^1000000`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.integrate import solve_ivp
from scipy.optimize import root

import solvers
from verify.datasets.dataset import Dataset
from verify.errors import FlowError
from verify.problems.quantity import LOG_TIME, Measurement
from verify.problems.subject import Subject

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

_START = -3.0  # of log t, where the weights have hardly left zero
_RECORDS = 60
_RTOL = 1e-6
_SOLVED, _FLOOR = 1e-9, 1e-8  # of margins of 1, and of what is found with them
_FEW, _SMALL = 1e-6, 0.02  # a part of the multipliers that is none; one, or an excess of a margin, that is doubtful

State = Float[np.ndarray, " m"]


@dataclass(frozen=True)
class Potential:
    """A potential by the state that its flow is solved in, of `m` numbers, for d weights.

    name: of it. start: from d to the state of zero weights. weights: from a state to the weights `[d]`. log_rates: from
    a state to the logarithms of how fast each number follows the pull on its weight `[m]`. places: from d to the weight
    of each number `[m]`, and the sign with which it is pulled `[m]`.
    """

    name: str
    start: Callable[[int], State]
    weights: Callable[[State], Float[np.ndarray, " d"]]
    log_rates: Callable[[State], State]
    places: Callable[[int], tuple[np.ndarray, np.ndarray]]


def _same(d: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(d), np.ones(d)


@cache
def power(p: float) -> Potential:
    """`sum |w_j|^p / p`, in the dual variables `sign(w) |w|^(p-1)`; `1 < p`. One object for each p."""
    return Potential(
        f"‖w‖_{p:g}^{p:g}/{p:g}",
        np.zeros,
        lambda y: np.sign(y) * np.abs(y) ** (1 / (p - 1)),
        np.zeros_like,
        _same,
    )


def hyperbolic_entropy(beta: float) -> Potential:
    """`sum w_j arcsinh(w_j / beta) - sqrt(w_j^2 + beta^2)`."""
    return Potential("hyperbolic entropy", np.zeros, lambda y: y, lambda y: np.log(np.hypot(y, beta)), _same)


def diagonal_network(scale: float) -> Potential:
    """`w = u^2 - v^2`, trained in u and v from `scale` each, whose logarithms move by twice the pull."""
    return Potential(
        "diagonal linear network",
        lambda d: np.full(2 * d, np.log(scale)),
        lambda y: np.exp(2 * y[: len(y) // 2]) - np.exp(2 * y[len(y) // 2 :]),
        lambda y: np.full(len(y), np.log(2.0)),
        lambda d: (np.tile(np.arange(d), 2), np.repeat([1.0, -1.0], d)),
    )


COSH = Potential("Σ cosh w_j", np.zeros, lambda y: y, lambda y: np.log(2.0) - np.logaddexp(y, -y), _same)
"""`sum cosh(w_j)`."""


def flow(potential: Potential, dataset: Dataset, log_times: Float[np.ndarray, " r"]) -> Float[np.ndarray, "r d"]:
    """The weights at these log times, from zero weights at t = e^-3. Raises `FlowError` where the solver gives up."""
    x = dataset.signed
    which, sign = potential.places(dataset.d)
    pushes = (sign * x[:, which]) / len(x)

    def derivative(s: float, y: State) -> State:
        log_slope = -np.logaddexp(0.0, x @ potential.weights(y))
        return np.sum(pushes * np.exp(s + log_slope[:, None] + potential.log_rates(y)), axis=0)

    found = solve_ivp(
        derivative,
        (_START, log_times[-1]),
        potential.start(dataset.d),
        method="BDF",
        t_eval=log_times,
        rtol=_RTOL,
        atol=1e-10,
    )
    if not found.success:
        raise FlowError(f"The mirror flow of {dataset!r} failed at log time {found.t[-1]:.4g}: {found.message}")
    return np.stack([potential.weights(y) for y in found.y.T])


@dataclass(frozen=True)
class MirrorGap:
    """The relative gap to a norm's maximal margin along a potential's flow, from t = e to `t = e^end`."""

    potential: Potential
    norm: str
    end: float

    @property
    def name(self) -> str:
        """What the reports call it."""
        return f"{self.norm} gap"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """From t = e on."""
        return _gaps(_runs(self.potential, self.end, lab), lab, self.norm, _times(self.end))


@dataclass(frozen=True)
class PowerDirection:
    """The distance in l_p of the direction to the maximiser of the l_p margin, on the flow of `sum |w_j|^p / p`.

    Judged where it is clear which the support vectors are.
    """

    p: float
    end: float

    name = "distance to the maximiser"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """From t = e on."""

        def distances(w: np.ndarray, s: Dataset, own: Solution, meant: Solution) -> np.ndarray:
            size = np.linalg.norm(w, self.p, axis=1)[:, None]
            return np.linalg.norm(w / size - own.weights / np.linalg.norm(own.weights, self.p), self.p, axis=1)

        return _along(self.p, self.end, self.p, lab, distances)


@dataclass(frozen=True)
class SupportMargins:
    """How far the support vectors' margins are from `s - (p-2) ln s - ln(n (p-1) alpha)` at `s = log t`, at most.

    Of the flow of `sum |w_j|^p / p`; alpha are the multipliers with which `sum alpha_i y_i x_i` is its gradient where
    all margins are 1 or more and it is least. Judged where it is clear which the support vectors are.
    slower: the coefficient of `ln s`, and other: the exponent of the norm that the multipliers are of, are for twins.
    """

    p: float
    end: float
    slower: float | None = None
    other: float | None = None

    name = "distance of the support vectors' margins to the predicted ones"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """From t = e on."""

        def distances(w: np.ndarray, s: Dataset, own: Solution, meant: Solution) -> np.ndarray:
            alpha = np.maximum(meant.multipliers[own.support], _FEW)
            log_time = _times(self.end)
            lead = log_time - (self.p - 2 if self.slower is None else self.slower) * np.log(log_time)
            told = lead[:, None] - np.log(s.n * (self.p - 1) * alpha)
            return np.abs(w @ s.signed[own.support].T - told).max(axis=1)

        return _along(self.p, self.end, self.other or self.p, lab, distances)


class Solution(NamedTuple):
    """The weights of least l_p norm with margins of 1 or more `[d]`, and their support vectors `[n]`.

    multipliers: `[n]`, with which `sum alpha_i y_i x_i` is the gradient of `sum |w_j|^p / p` there.
    """

    weights: Float[np.ndarray, " d"]
    support: np.ndarray
    multipliers: Float[np.ndarray, " n"]


def _solution(dataset: Dataset, reference: solvers.Reference, p: float) -> Solution | None:
    """From a reference, to rounding; None where the support vectors are in doubt or dependent."""
    x, share = dataset.signed, reference.multipliers.ravel()
    support = share > _FEW
    others = x[~support] @ reference.weights.ravel() / reference.lower
    rows = x[support]
    if (share[support] < _SMALL).any() or (others < 1 + _SMALL).any() or np.linalg.matrix_rank(rows) < len(rows):
        return None
    weights = power(p).weights
    found = root(lambda a: rows @ weights(a @ rows) - 1, share[support] * reference.lower**-p)
    solved = np.abs(found.fun).max() < _SOLVED and (found.x > 0).all()
    alpha = np.zeros(dataset.n)
    alpha[support] = found.x
    return Solution(weights(found.x @ rows), support, alpha) if solved else None


def _along(p: float, end: float, other: float, lab: Laboratory, distances: Callable[..., np.ndarray]) -> Measurement:
    """Distances on the flow of a power, where the solutions in its norm, and in the one that is meant, are known."""
    runs = _runs(power(p), end, lab)
    values, judged = np.full((len(runs), _RECORDS), np.nan), np.zeros(len(runs), bool)
    for i, (w, s) in enumerate(zip(runs, lab.datasets, strict=True)):
        own, meant = (_solution(s, lab.references(f"l{q:g}")[i], q) for q in (p, other))
        if own is not None and meant is not None:
            values[i], judged[i] = distances(w, s, own, meant), True
    notes = (f"{np.count_nonzero(judged)} of the {len(judged)} datasets could be judged",)
    return Measurement(
        _times(end), values, np.full(len(runs), _FLOOR), judged, lab.datasets, notes=notes, clock=LOG_TIME
    )


def _times(end: float) -> Float[np.ndarray, " r"]:
    return np.geomspace(1.0, end, _RECORDS)


def _runs(potential: Potential, end: float, lab: Laboratory) -> list[np.ndarray]:
    """The weights on each dataset at the log times to an end."""
    return lab.once(("mirror flow", potential, end), lambda: [flow(potential, s, _times(end)) for s in lab.datasets])


def _gaps(runs: Sequence[np.ndarray], lab: Laboratory, norm: str, log_times: np.ndarray) -> Measurement:
    references = lab.references(norm)
    value = solvers.norm(norm).value
    values = np.stack(
        [
            1 - (w @ s.signed.T).min(axis=1) / np.array([float(value(row)) for row in w]) / r.upper
            for w, s, r in zip(runs, lab.datasets, references, strict=True)
        ]
    )
    floor = np.array([2 * (r.upper - r.lower) / r.upper for r in references])
    gamma = np.array([r.lower for r in references])
    judged = np.array([r.certified for r in references])
    return Measurement(log_times, values, floor, judged, lab.datasets, gamma, clock=LOG_TIME)
