"""Mirror flows on separable data in log time: gradient flow of the mean logistic loss in the metric of a potential.

A potential that is a sum over the weights moves each by `dw_j/dt = -(grad L)_j / psi''(w_j)`. In `s = log t` that is a
smooth equation of a few numbers, of which an implicit method takes some hundreds of steps to `t = e^1000000`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from scipy.integrate import solve_ivp

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


def power(p: float) -> Potential:
    """`sum |w_j|^p / p`, in the dual variables `sign(w) |w|^(p-1)`; `1 < p`."""
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
        log_times = np.geomspace(1.0, self.end, _RECORDS)
        runs = lab.once(
            ("mirror flow", self.potential, self.end),
            lambda: [flow(self.potential, s, log_times) for s in lab.datasets],
        )
        return _gaps(runs, lab, self.norm, log_times)


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
