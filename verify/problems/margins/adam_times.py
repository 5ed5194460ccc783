"""When eps takes over in Adam with falling steps, and when the L2 margin comes, over many decades of eps.

Steps `eta (t + 1)^-a` have the path `S_t`, their sum. In S Adam with eps outside the root ends in the flow `dw/dS =
-g / (|g| + eps)`, in which a does not appear; so the method itself is run for its first steps, with its moving averages
and its own schedule, and the flow in `log S` goes on from there. What it passes is told in steps again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

import solvers
from solvers.errors import InputError
from verify import losses
from verify.datasets.dataset import Dataset
from verify.flows.dynamics import Adam
from verify.flows.solver import Solver, Start
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject
from verify.runs.descent import stacked

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

NORMS = {"linf": np.inf, "l2": 2}  # by name, as numpy has them
_CLOCK = Clock.named("log(1/ε)")
_EARLY, _LATE = 24, 40  # records of a flow: straight in S to past the first time, then in log S
_PAST, _END = 1.5, 3.0  # in units of log(1 / eps): S at which the first ones end, and log S at the last one
_BIG = 30.0  # of log S, from where on what the first steps add is nothing


@dataclass(frozen=True)
class FallingAdam:
    """Adam with bias correction, eps outside the root and steps `eta (t + 1)^-a`, `0 < a < 1`.

    first: how many steps are taken before the flow takes over.
    """

    eta: float
    a: float
    b1: float = 0.9
    b2: float = 0.99
    first: int = 2000

    def __post_init__(self) -> None:
        if not (self.eta > 0 and 0 < self.a < 1 and self.first >= 2):
            raise InputError(f"{self} has no path that grows like a power: give eta > 0, 0 < a < 1 and first >= 2.")

    @property
    def path(self) -> Float[np.ndarray, " s"]:
        """The sums of the step sizes after each of the first steps."""
        return np.cumsum(self.eta * np.arange(1.0, self.first + 1) ** -self.a)

    def log_steps(self, log_path: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
        """The logarithm of the number of steps that have this path."""
        path, power = self.path, 1 - self.a
        early = np.interp(np.exp(np.minimum(log_path, _BIG)), path, np.log(np.arange(1.0, self.first + 1)))
        # By the midpoint rule the sum of k^-a to t is (t + 1/2)^(1-a) / (1-a) and a constant, to t^(-1-a).
        rest = (self.first + 0.5) ** power - path[-1] * power / self.eta
        grown = np.maximum(log_path, np.log(path[-1])) + np.log(power / self.eta)
        half_more = (grown + np.where(grown < _BIG, np.log1p(rest * np.exp(-np.minimum(grown, _BIG))), 0.0)) / power
        return np.where(log_path <= np.log(path[-1]), early, half_more + np.log1p(-0.5 * np.exp(-half_more)))


class Run(NamedTuple):
    """Of one eps and one dataset: log path `[r]` and weights `[r d]`."""

    log_path: Float[np.ndarray, " r"]
    weights: Float[np.ndarray, "r d"]


def _log_gradient(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Logarithms of the sizes of the entries of the mean logistic loss's gradient, `[... d]`."""
    log_slope = -np.logaddexp(0.0, weights @ x.T)
    size, _ = logsumexp(log_slope[..., None], axis=-2, b=x / len(x), return_sign=True)
    return size


def first_steps(method: FallingAdam, datasets: Sequence[Dataset], eps: np.ndarray) -> Float[np.ndarray, "e b s d"]:
    """The weights after each of the first steps, from zero."""
    x, absent = stacked(datasets)
    weight = ~absent / np.sum(~absent, axis=1, keepdims=True)
    kept = np.zeros((len(eps), len(x), method.first, x.shape[2]))
    w, m, v = (np.zeros((len(eps), len(x), x.shape[2])) for _ in range(3))
    for t in range(method.first):
        slope = weight * np.exp(-np.logaddexp(0.0, np.einsum("bnd,ebd->ebn", x, w)))
        g = -np.einsum("ebn,bnd->ebd", slope, x)
        m, v = method.b1 * m + (1 - method.b1) * g, method.b2 * v + (1 - method.b2) * g**2
        root = np.sqrt(v / (1 - method.b2 ** (t + 1))) + eps[:, None, None]
        w = w - method.eta * (t + 1.0) ** -method.a * m / (1 - method.b1 ** (t + 1)) / root
        kept[:, :, t] = w
    return kept


def runs(method: FallingAdam, datasets: Sequence[Dataset], eps: Sequence[float], gamma: float) -> list[list[Run]]:
    """The method's first steps and its flow, for each eps on each dataset.

    gamma: the least maximal L-infinity margin, which says how long the flow is followed closely; it ends where the path
    is `eps^-3`. Raises `InputError` for data with classes, and `FlowError` where the solver fails.
    """
    early, path = first_steps(method, datasets, np.array(eps)), method.path
    return [_carried(method, datasets, each, early[k], path, gamma) for k, each in enumerate(eps)]


def _carried(
    method: FallingAdam, datasets: Sequence[Dataset], eps: float, early: np.ndarray, path: np.ndarray, gamma: float
) -> list[Run]:
    dynamics = Adam(1.0, eps, method.b1, method.b2, eps_inside_root=False)
    solver = Solver(list(datasets), losses.loss("logistic"), (solvers.norm("l2"),), 1e-8, dynamics)
    starts = [Start(early[i, -1, : s.d]) for i, s in enumerate(datasets)]
    past = np.log(max(_PAST * -np.log(eps) / gamma, 2 * path[-1]))
    times = np.concatenate(
        [
            np.log(np.linspace(path[-1], np.exp(past), _EARLY)),
            np.linspace(past, max(_END * -np.log(eps), past + 1), _LATE + 1)[1:],
        ]
    )
    log_path = np.concatenate([np.log(path), times[1:]])
    flows = solver.run(starts, times)
    return [
        Run(log_path, np.concatenate([early[i, :, : s.d], flow.weights[1:]]))
        for i, (s, flow) in enumerate(zip(datasets, flows, strict=True))
    ]


class Passed(NamedTuple):
    """What each dataset passes with each eps, `[b e]`; NaN where it does not come there.

    takeover: the log of the step at which the gradient's largest entry has come down to eps. gaps: the relative gaps to
    the maximal margins there, by norm. euclidean: the log of the step from which on the normalised L2 margin is nearer
    to the maximal one than to that of the L-infinity margin's maximiser.
    """

    takeover: Float[np.ndarray, "b e"]
    gaps: dict[str, Float[np.ndarray, "b e"]]
    euclidean: Float[np.ndarray, "b e"]


def passed(method: FallingAdam, eps: tuple[float, ...], lab: Laboratory) -> Passed:
    """Of the laboratory's datasets, once for all that ask."""
    return lab.once(("Adam's times", method, eps), lambda: _passed(method, eps, lab))


def _passed(method: FallingAdam, eps: tuple[float, ...], lab: Laboratory) -> Passed:
    references = {norm: lab.references(norm) for norm in NORMS}
    gamma = min(r.lower for r in references["linf"])
    found = runs(method, lab.datasets, eps, gamma)
    told = np.full((4, len(lab.datasets), len(eps)), np.nan)
    for i, dataset in enumerate(lab.datasets):
        maximal = {norm: references[norm][i].lower for norm in NORMS}
        other = solvers.normalised_margin(references["linf"][i].weights, dataset.x, dataset.y, "l2") / maximal["l2"]
        for k, each in enumerate(eps):
            run = found[k][i]
            margin = (run.weights @ dataset.signed.T).min(axis=1)
            shares = {n: margin / np.linalg.norm(run.weights, p, axis=1) / maximal[n] for n, p in NORMS.items()}
            told[:3, i, k] = _takeover(dataset.signed, run, -np.log(each), shares)
            told[3, i, k] = _euclidean(run, shares["l2"], (1 + other) / 2)
    gaps = dict(zip(NORMS, 1 - told[1:3], strict=True))
    return Passed(method.log_steps(told[0]), gaps, method.log_steps(told[3]))


def _takeover(x: np.ndarray, run: Run, log_inverse: float, shares: dict[str, np.ndarray]) -> tuple[float, ...]:
    """The log of the path at which the gradient has come down to eps, and the shares there; NaN if it never does."""
    small = -_log_gradient(x, run.weights).max(axis=1)
    at = int(np.argmax(small >= log_inverse))
    if not at:
        return (np.nan,) * (1 + len(shares))
    ends = slice(at - 1, at + 1)
    # The path grows like log(1/g) + eps/g, which is straight where log g is not.
    clock = small[ends] + np.exp(small[ends] - log_inverse)
    part = np.interp(log_inverse + 1, clock, [0.0, 1.0])
    weight = np.array([1 - part, part])
    return float(np.log(np.exp(run.log_path[ends]) @ weight)), *(float(s[ends] @ weight) for s in shares.values())


def _euclidean(run: Run, share: np.ndarray, level: float) -> float:
    """The log of the path from which on the share stays above the level; NaN if it ends below."""
    after = int(np.flatnonzero(share < level)[-1]) + 1
    if after == len(share):
        return np.nan
    return float(np.interp(level, share[after - 1 : after + 1], run.log_path[after - 1 : after + 1]))


def _measured(values: np.ndarray, eps: tuple[float, ...], lab: Laboratory) -> Measurement:
    judged = np.isfinite(values).all(axis=1) & np.array([r.unique is True for r in lab.references("linf")])
    log_time = np.log(-np.log(np.array(eps)))
    return Measurement(log_time, values, np.zeros(len(values)), judged, lab.datasets, clock=_CLOCK)


@dataclass(frozen=True)
class InverseTakeover:
    """One over the step at which eps takes over, for orders in `1 / log(1/eps)`."""

    method: FallingAdam
    eps: tuple[float, ...]

    name = "1/step at which ε takes over"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At each eps."""
        return _measured(np.exp(-passed(self.method, self.eps, lab).takeover), self.eps, lab)


@dataclass(frozen=True)
class TakeoverError:
    """`|t / t' - 1|`, the largest over the methods, with `t' = ((1 - a) log(1/eps) / (gamma eta))^(1 / (1 - a))`.

    power: from a to the exponent. root: whether the root of eps stands in place of eps, as where it is inside a root.
    """

    methods: tuple[FallingAdam, ...]
    eps: tuple[float, ...]
    power: Callable[[float], float] = lambda a: 1 / (1 - a)
    root: bool = False

    name = "error of the predicted step"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At each eps."""
        gamma = np.array([[r.lower] for r in lab.references("linf")])
        log_inverse = -np.log(np.array(self.eps)) / (2 if self.root else 1)
        errors = []
        for method in self.methods:
            told = self.power(method.a) * np.log((1 - method.a) * log_inverse / (gamma * method.eta))
            errors.append(np.abs(np.expm1(passed(method, self.eps, lab).takeover - told)))
        return _measured(np.max(errors, axis=0), self.eps, lab)


@dataclass(frozen=True)
class TakeoverGap:
    """The relative gap to a norm's maximal margin at the step at which eps takes over."""

    method: FallingAdam
    eps: tuple[float, ...]
    norm: str = "linf"

    @property
    def name(self) -> str:
        """What the reports call it."""
        return f"{self.norm} gap when ε takes over"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At each eps."""
        return _measured(passed(self.method, self.eps, lab).gaps[self.norm], self.eps, lab)


@dataclass(frozen=True)
class InverseLogEuclidean:
    """One over the logarithm of the step from which on the L2 margin is near, for orders in `1 / log(1/eps)`."""

    method: FallingAdam
    eps: tuple[float, ...]

    name = "1/log of the step at which the L2 margin is near"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At each eps."""
        return _measured(1 / passed(self.method, self.eps, lab).euclidean, self.eps, lab)


@dataclass(frozen=True)
class EuclideanScaling:
    """`|f(a) log t / (f(a') log t') - 1|` for the steps `t`, `t'` from which on two methods' L2 margins are near."""

    methods: tuple[FallingAdam, FallingAdam]
    eps: tuple[float, ...]
    factor: Callable[[float], float] = lambda a: 1 - a

    name = "difference of the scaled logarithms of two steps"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """At each eps."""
        one, other = (self.factor(m.a) * passed(m, self.eps, lab).euclidean for m in self.methods)
        return _measured(np.abs(one / other - 1), self.eps, lab)
