"""What is measured along the flows of homogeneous networks: smoothed margins, growth, and KKT residuals.

The clock of all curves is `log 1/L`, the `log_time` of a measurement; log time itself exceeds it by
`O(log log 1/L)`, which is what `Growth` measures. A laboratory's log time is how far the flows go: up to `1e7` where
the loss itself is measured. KKT conditions are seen much further, since what the start leaves behind fades like
`(log 1/L)^(-1/D)` only; the sharpness of the soft minimum stays from `1e5` on there: `verify.problems.networks.flow`.

Where more than half of the runs cannot be judged none is (`Measurement.all_or_none`), so that the others refute nothing
either: a flow that mostly goes astray, or mostly still turns, may only seem to have arrived where it did not.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Float

import solvers.norms
from solvers.errors import InputError, UndecidedError
from solvers.kkt import kkt_residual, polish
from verify.datasets.dataset import Dataset
from verify.losses import CROSS_ENTROPY, EXPONENTIAL, Loss
from verify.problems.laboratory import Laboratory
from verify.problems.networks.flow import FARTHEST, SHARPEST, NetworkFlow, network_flow
from verify.problems.networks.methods import Method, gradient
from verify.problems.networks.network import Network, two_layer
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject, loss_of

_CLOCK = Clock.named("log 1/L", in_log=True)
_NETWORK, _GRADIENT = two_layer(4), gradient()
_SOLVER = 1e-6  # relative error of a smoothed margin: ten times the solver's tolerance
_KEPT = 1e5  # the sharpness that is kept where limits of directions are sought: conditions then hold to 1e-5
_ACCURATE = 100.0  # of the clock, past which log time is accurate to a percent
_SETTLED = 1e-3  # of a direction's turning in the last decade, by default
_NAMES = {"none": "", "last": " weighted by h", "early": " weighted by the first h"}


@dataclass(frozen=True)
class _OfNetwork:
    """A quantity along a network's flow, from random weights of standard deviation `scale`."""

    network: Network = _NETWORK
    method: Method = _GRADIENT
    scale: float = 0.5

    sharpest = SHARPEST
    """Where the sharpness of the flow stays, and the flow ends unless limits are sought; no field."""

    def flow(self, subject: Subject, lab: Laboratory) -> NetworkFlow:
        """The flow, to a loss of `e^-log_time`; one for all quantities that ask for it."""
        log_time = min(lab.log_time, FARTHEST if self.sharpest < SHARPEST else SHARPEST)
        loss = loss_of(subject)
        key = (self.network, self.method, self.scale, loss, log_time, self.sharpest)
        return lab.once(
            ("network flow", key),
            lambda: network_flow(
                lab.datasets,
                self.network,
                self.method,
                loss=loss,
                log_time=log_time,
                sharpest=self.sharpest,
                scale=self.scale,
                progress=lab.progress,
            ),
        )

    def measured(
        self, flow: NetworkFlow, lab: Laboratory, values: np.ndarray, floor: float, clock: np.ndarray | None = None
    ) -> Measurement:
        """Curves of the flows that came to the end, with notes on the others; on the flow's clock, or a part of it."""
        clock = flow.clock if clock is None else clock
        end = f"to a loss of e^-{flow.clock[-1]:.3g}"
        if flow.clock[-1] > flow.sharpest:
            end += f", from e^-{flow.sharpest:.3g} on with shares as sharp as there"
        notes = (f"{self.network.name}, {self.method.name}, {end}", *flow.notes)
        judged = flow.reached.copy()
        floors = np.full(len(values), floor)
        return Measurement(clock, values, floors, judged, lab.datasets, notes=notes, clock=_CLOCK, all_or_none=True)


@dataclass(frozen=True)
class NetworkKKT(_OfNetwork):
    """KKT residual of `min 1/2 ||s * theta||^2` subject to margins of 1 or more; see `solvers.kkt`.

    norm: an entry-wise norm, by name. weights: `"none"` (s = 1), or `h^-1/2` with the conditioner h of the end
    (`"last"`) or of separation (`"early"`). Theorems speak of limits of the direction, so that runs are left out whose
    direction still turned by more than the tolerance `settled` in the last decade of `log 1/L`: what it turns by like
    `(log 1/L)^(-1/D)` from there on is about as much. Of which norm or weights, that knows not.
    """

    norm: str = "l2"
    weights: str = "none"
    settled: float = _SETTLED
    sharpest = _KEPT

    @property
    def name(self) -> str:
        """What the reports call it."""
        return f"KKT residual{_NAMES[self.weights]}"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the flow, on the clock `log 1/L`; the floor is one over the sharpness that the flow keeps."""
        flow = self.flow(subject, lab)
        values = residuals(flow, self.network.degree, self.norm, self.weights)
        return _of_settled(self.settled, flow, self.measured(flow, lab, values, 1 / self.sharpest))


@dataclass(frozen=True)
class PolishedDistance(_OfNetwork):
    """Distance of `theta / ||theta||` to the KKT point on which `solvers.kkt.polish` lands from the end of the flow.

    A residual may be small far from any KKT point; this distance is to a point that satisfies the conditions to 1e-5.
    last: the factor of the last layer in the problem's norm, 1 in theorems. Runs are left out as for `NetworkKKT`, and
    where no KKT point is reached.
    """

    last: float = 1.0
    settled: float = _SETTLED
    sharpest = _KEPT

    name = "distance to the polished KKT point"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the flow, on the clock `log 1/L`; the notes count the runs from whose end no KKT point is reached."""
        flow, degree = self.flow(subject, lab), self.network.degree
        values = np.full((len(lab.datasets), len(flow.clock)), np.nan)
        lost = np.zeros(len(values), bool)
        for i in np.flatnonzero(flow.reached):
            dataset = lab.datasets[i]
            try:
                end = polish(
                    flow.weights[i][-1], *_functions(self.network, dataset), degree, scale=self._scale(dataset)
                )
            except UndecidedError:
                lost[i] = True
                continue
            directions = flow.weights[i] / np.linalg.norm(flow.weights[i], axis=1)[:, None]
            values[i] = np.linalg.norm(directions - end / np.linalg.norm(end), axis=1)
        m = self.measured(flow, lab, values, 1e-5)
        if lost.any():
            note = f"runs left out, from whose end no KKT point is reached: {np.count_nonzero(lost)}"
            m = replace(m, judged=m.judged & ~lost, notes=(*m.notes, note))
        return _of_settled(self.settled, flow, m)

    def _scale(self, dataset: Dataset) -> Float[np.ndarray, " p"]:
        shapes = self.network.shapes(dataset.d)
        parts = {name: np.full(shape, self.last if name == "last" else 1.0) for name, shape in shapes.items()}
        return np.asarray(ravel_pytree(parts)[0])


@dataclass(frozen=True)
class SmoothedMarginDrop(_OfNetwork):
    """The largest smoothed margin so far over the present one: 1 as long as the smoothed margin does not fall.

    It is `l^-1(L) / ||s * theta||^D`, for the exponential loss `log(1/L) / ||s * theta||^D`, with the sum L of the
    losses. norm, weights: as for `NetworkKKT`. exponent: in place of `D`. after: the clock from which on it counts.
    """

    norm: str = "l2"
    weights: str = "none"
    exponent: float | None = None
    after: float = 1.0

    name = "fall of the smoothed margin"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the flow, on the clock `log 1/L`; the floor is the accuracy of the flow's solver."""
        flow = self.flow(subject, lab)
        norm, degree = solvers.norms.norm(self.norm), self.network.degree
        exponent = degree if self.exponent is None else self.exponent
        late = flow.clock >= self.after
        values = np.full((len(lab.datasets), len(flow.clock)), np.nan)
        for i in np.flatnonzero(flow.reached):
            scale = scale_of(flow, int(i), self.weights)
            sizes = np.array([float(norm.value(scale * w)) for w in flow.weights[i]])
            log_size = np.log(sizes) + np.log(flow.clock) / degree
            log_margin = np.log(_inverse(loss_of(subject), flow.log_inverse_loss[i])) - exponent * log_size
            values[i] = 1.0
            values[i, late] = np.exp(np.maximum.accumulate(log_margin[late]) - log_margin[late])
        return self.measured(flow, lab, values, _SOLVER)


@dataclass(frozen=True)
class Growth(_OfNetwork):
    """Distance of the exponents of loss and norm from theirs, in `L = Theta(1 / (t (log t)^a))`,
    `||theta|| = Theta((log t)^b)`: the larger of the two, over the last decade of the clock at every time.

    loss_exponent: `a`, by default `2 - 2/D`. norm_exponent: `b`, by default `1/D`.
    """

    loss_exponent: float | None = None
    norm_exponent: float | None = None

    name = "distance of the growth exponents"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Along the flow, on the clock `log 1/L` past 100: log time is accurate to one over the clock.

        Raises `InputError` where the flow ends before.
        """
        if (end := min(lab.log_time, SHARPEST)) <= _ACCURATE:
            raise InputError(
                f"The flow ends at log 1/L = {end:g}, but exponents are measured past {_ACCURATE:g}: "
                "give a longer log time."
            )
        flow, degree = self.flow(subject, lab), self.network.degree
        a = 2 - 2 / degree if self.loss_exponent is None else self.loss_exponent
        b = 1 / degree if self.norm_exponent is None else self.norm_exponent
        lag = int(np.searchsorted(flow.clock, 10.0))
        with np.errstate(invalid="ignore"):
            s = np.log(flow.log_time)
            excess = flow.log_inverse_loss - flow.log_time
            sizes = np.stack([np.log(np.linalg.norm(w, axis=1)) for w in flow.weights]) + np.log(flow.clock) / degree
            rise = s[:, lag:] - s[:, :-lag]
            loss = np.abs((excess[:, lag:] - excess[:, :-lag]) / rise - a)
            norm = np.abs((sizes[:, lag:] - sizes[:, :-lag]) / rise - b)
        # The first decade has none before it, and log time is accurate to O(1/clock) only.
        late = flow.clock[lag:] > _ACCURATE
        return self.measured(flow, lab, np.maximum(loss, norm)[:, late], 1e-9, flow.clock[lag:][late])


def residuals(flow: NetworkFlow, degree: int, norm: str = "l2", weights: str = "none") -> Float[np.ndarray, "b r"]:
    """KKT residuals along a flow; norm, weights: as for `NetworkKKT`. NaN where the flow did not come to the end."""
    values = np.full((len(flow.reached), len(flow.clock)), np.nan)
    for i in np.flatnonzero(flow.reached):
        scale = scale_of(flow, int(i), weights)
        for k in range(len(flow.clock)):
            at = (flow.weights[i][k], flow.gradients[i][k], flow.margins[i][k])
            values[i, k] = kkt_residual(*at, degree, norm, scale=scale).total
    return values


def turning(flow: NetworkFlow) -> Float[np.ndarray, " b"]:
    """How far the directions moved in the last decade of the clock; NaN where the flow did not come to the end."""
    before = int(np.searchsorted(flow.clock, flow.clock[-1] / 10))
    ends = ([v / np.linalg.norm(v) for v in (w[before], w[-1])] for w in flow.weights)
    return np.array([float(np.linalg.norm(a - b)) for a, b in ends])


def scale_of(flow: NetworkFlow, i: int, weights: str) -> Float[np.ndarray, " p"]:
    """`s` of the norm `||s * theta||` that the name of weights asks for, on dataset `i`, up to a common factor."""
    if weights not in _NAMES:
        raise InputError(f"There are no weights {weights!r}: use one of {', '.join(_NAMES)}.")
    if weights == "none":
        return np.ones(flow.weights[i].shape[1])
    h = flow.conditioner[i][-1 if weights == "last" else 0]
    return np.sqrt(h.max() / h)


@functools.cache
def _margins(network: Network) -> Callable[..., tuple[jax.Array, jax.Array]]:
    """Jitted: weights, features and labels to margins `[n m]` and their gradients `[n m p]`."""
    return jax.jit(lambda *at: (network.margins(*at), jax.jacrev(network.margins)(*at)))


def _functions(network: Network, dataset: Dataset) -> tuple[Callable[..., np.ndarray], Callable[..., np.ndarray]]:
    """Margins and their gradients on a dataset, as functions of its weights; one program serves up to eight points."""
    rows = np.resize(np.arange(dataset.n), max(8, dataset.n))
    x, y = dataset.x[rows], dataset.y[rows]

    def part(theta: np.ndarray, place: int) -> np.ndarray:
        return np.concatenate(np.asarray(_margins(network)(theta, x, y)[place])[: dataset.n])

    return functools.partial(part, place=0), functools.partial(part, place=1)


def _of_settled(most: float, flow: NetworkFlow, m: Measurement) -> Measurement:
    """The measurement, judged where the direction turned by so much at most in the last decade."""
    settled = turning(flow) <= most
    if (count := np.count_nonzero(flow.reached & ~settled)) > 0:
        m = replace(m, notes=(*m.notes, f"runs left out, whose direction still turns: {count}"))
    return replace(m, judged=m.judged & settled)


def _inverse(loss: Loss, log_inverse: Float[np.ndarray, " r"]) -> Float[np.ndarray, " r"]:
    """The margin at which one sample has all of the loss."""
    if loss is EXPONENTIAL:
        return log_inverse
    if loss is CROSS_ENTROPY:
        total = np.exp(-log_inverse)
        return log_inverse - np.log(np.where(total > 1e-8, np.expm1(total) / np.maximum(total, 1e-300), 1.0))
    raise InputError(f"The smoothed margin of the loss {loss.name!r} is not known: use exponential or logistic.")
