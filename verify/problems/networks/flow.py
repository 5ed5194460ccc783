"""Flows of homogeneous networks far past separation, to losses of `e^-1000000` and, if need be, of `e^-(10^20)`.

The sum of the losses is `L = sum_i l(q_i)`, with margins `q_i = y_i f(theta, x_i)` of degree `D`, or those of the
outputs `f_(y_i) - f_c` against all wrong classes c, each of which has a share of the gradient. A flow is
`dtheta/dt = -h * grad L` with a conditioner `h`: 1, or what an adaptive method makes of the gradients.

1. Until `log 1/L = 1`: in the time `sigma` with `dsigma = L dt`, explicitly. All data are separated then, since
   each loss is less than that of a margin of zero. A run that does not get there counts as not separated.
2. From there on the clock is `l = log 1/L` itself, and the weights are `u = theta / l^(1/D)`, which stay of order 1:

       du/dlog l = h g / <g, h g> - u / D,    g = sum_i p_i grad q_i(u),    p_i = |l'(q_i)| / L,   q_i = l q_i(u).

   The gradient of L is `e^-l l^(1 - 1/D) g`, so neither loss nor time is ever a number; log time follows as
   `log t = l - log F + O(1/l)` with `F = <g, h g>` at theta. An implicit method takes some 100 steps.
3. The shares `p` are those of a soft minimum of the margins, `l` times as sharp as at first: margins that have a share
   differ by `O(1/l)`, and rounding errors, times `l`, move the shares. What the start left behind fades as slowly as
   `l^(-1/D)`; to see it gone the sharpness is kept from some `l` on, at `sharpest`. Margins with a share then go on to
   differ by `O(1/sharpest)`, where those of the true flow draw together, and the clock has no end.

The normalisation is that of Lyu, Li (2020), section 4; adaptive flows after Wang, Meng, Chen, Liu (2021).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
from jax import Array
from jaxtyping import Bool, Float

from solvers.errors import InputError
from verify import losses
from verify.backend import Progress, power_of_two
from verify.datasets.dataset import Dataset
from verify.losses import CROSS_ENTROPY, EXPONENTIAL, Loss
from verify.problems.networks.methods import Method
from verify.problems.networks.network import Network, check_homogeneous

SHARPEST = 1e7
"""The largest sharpness: beyond, rounding of the margins moves the shares `p` by more than the tolerance."""

FARTHEST = 1e30
"""The largest `log 1/L`, where all that fades like `l^(-1/D)` is below the solver's tolerance, or near to it."""

_SHARED = (EXPONENTIAL, CROSS_ENTROPY)  # one program for both
_POINTS = 64  # recorded
_EARLY_TIME = 1e4  # of sigma
_EARLY_STEPS = 2_000
_STEPS = 600
_RTOL = 1e-7  # the stiff directions carry rounding errors times log 1/L; a smaller tolerance meets them
_NEWTON = 1e-7
_STARTS = 6  # start weights to try, until one separates the data


@dataclass(frozen=True)
class NetworkFlow:
    """Flows of a network on `b` datasets, at `r` values of `log 1/L`.

    clock: `[r]` the values of `log 1/L`. separated, reached: `[b]` whether the data were separated, and whether the
    flow then came to the end; all below is NaN where not. log_inverse_loss: `[b r]`, `log 1/L` at the weights, which
    differs from the clock by the solver's error, and relatively by `O(1/sharpest)` past it. log_time: `[b r]`, up to
    `O(1/clock)`. sharpest: the value of the clock from which on the sharpness stays.
    weights: per dataset `[r p]`, divided by `clock^(1/D)`. margins, gradients: per dataset `[r m]` and `[r m p]`, at
    these weights; `m` is `n`, or `n (k - 1)` of k classes, a point's margins beside one another. conditioner: per
    dataset `[r p]`, up to a factor that depends on time.
    """

    clock: Float[np.ndarray, " r"]
    sharpest: float
    separated: Bool[np.ndarray, " b"]
    reached: Bool[np.ndarray, " b"]
    log_inverse_loss: Float[np.ndarray, "b r"]
    log_time: Float[np.ndarray, "b r"]
    weights: list[np.ndarray] = field(repr=False)
    margins: list[np.ndarray] = field(repr=False)
    gradients: list[np.ndarray] = field(repr=False)
    conditioner: list[np.ndarray] = field(repr=False)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, in sentences."""
        found = []
        if not self.separated.all():
            found.append(
                f"runs that did not separate the data: {np.count_nonzero(~self.separated)} of {len(self.reached)}"
            )
        if (lost := np.count_nonzero(self.separated & ~self.reached)) > 0:
            found.append(f"flows that the solver did not take to the end: {lost}")
        return tuple(found)


class _Newton(optimistix.Newton):
    """Newton's method that stops when its step is a small part of the tolerance; see `verify.flows.solver`."""

    def terminate(self, fn: Any, y: Any, args: Any, options: Any, state: Any, tags: Any) -> Any:
        results = optimistix.RESULTS
        lost = (state.step > 0) & ~jnp.isfinite(state.diffsize)
        broken = state.result != results.successful
        outcome = results.where(lost, results.nonlinear_divergence, results.successful)
        return (state.diffsize < self.kappa) | lost | broken, results.where(broken, state.result, outcome)


@dataclass(frozen=True)
class _Field:
    """The right-hand sides for one network. `data`: features, labels, which rows are no padding, place of the loss."""

    network: Network
    losses: tuple[Loss, ...]

    def pull(self, u: Array, beta: Any, data: tuple[Array, ...]) -> tuple[Array, Array, Array]:
        """`log 1/L`, the gradient `g`, and the margins at `u`; the loss sees `beta` times these margins."""
        x, y, real, kind = data
        z, pull_back = jax.vjp(lambda u: self.network.margins(u, x, y), u)
        q = beta * z
        values = jnp.stack([loss.log_value(q) for loss in self.losses])
        slopes = jnp.stack([loss.log_slopes(q) for loss in self.losses])
        log_inverse = -jax.nn.logsumexp(values[kind], b=real)
        (g,) = pull_back(real[:, None] * jnp.exp(slopes[kind] + log_inverse))
        return log_inverse, g, z

    @staticmethod
    def conditioner(g: Array, accumulated: Array, log_scale: Any, method: Array) -> Array:
        """`h`, for a true gradient of `e^log_scale g`; powers, and relative methods, leave out that scale."""
        power, constant, memory, square, relative, width = method
        squares = jnp.square(g)
        inside = constant + memory * accumulated + square * jnp.exp(2 * log_scale) * squares
        inside += relative * (jnp.square(width) * jnp.sum(squares) + squares)
        return jnp.where(power == 0, 1.0, jnp.abs(g)) ** power / jnp.sqrt(inside)

    def early(self, _: Any, state: tuple[Array, Array], args: Any) -> tuple[Array, Array]:
        data, method = args
        log_inverse, g, _ = self.pull(state[0], 1.0, data)
        h = self.conditioner(g, state[1], -log_inverse, method)
        return h * g, jnp.exp(-log_inverse) * jnp.square(g)

    def late(self, tau: Any, state: tuple[Array, Array], args: Any) -> tuple[Array, Array]:
        data, method, sharpest = args
        u, accumulated = state
        clock, degree = jnp.exp(tau), self.network.degree
        _, g, _ = self.pull(u, jnp.minimum(clock, sharpest), data)
        h = self.conditioner(g, accumulated, (1 - 1 / degree) * tau - clock, method)
        speed = jnp.vdot(g, h * g)
        return h * g / speed - u / degree, jnp.exp(tau - clock) * jnp.square(g) / speed


@functools.cache
def _separate(network: Network, losses: tuple[Loss, ...]) -> Any:
    """Jitted: start weights `[p]` to weights and `int g^2 dt` when `log 1/L` is 1, and whether it came to that."""
    fields = _Field(network, losses)

    def past(t: Any, y: Any, args: Any, **_: Any) -> Array:  # the names by which diffrax calls it
        return fields.pull(y[0], 1.0, args[0])[0] - 1

    def solve(data: Any, method: Array, theta: Array) -> tuple[Array, Array, Array]:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(fields.early),
            diffrax.Tsit5(),
            0.0,
            _EARLY_TIME,
            1e-2,
            (theta, jnp.zeros_like(theta)),
            args=(data, method),
            stepsize_controller=diffrax.PIDController(rtol=1e-7, atol=1e-9),
            event=diffrax.Event(past, optimistix.Newton(1e-10, 1e-10)),
            max_steps=_EARLY_STEPS,
            throw=False,
        )
        theta, accumulated = jax.tree.map(lambda a: a[0], solution.ys)
        good = (solution.result == diffrax.RESULTS.event_occurred) & jnp.isfinite(theta).all()
        return theta, accumulated, good

    return jax.jit(solve)


@functools.cache
def _program(network: Network, losses: tuple[Loss, ...]) -> Any:
    """Jitted: a state `[p]` and log clocks `[r]` to states `[r p]`, success, and what is read off there.

    Of one dataset: a batch waits for its slowest one, and takes half as long again to compile.
    """
    fields = _Field(network, losses)

    def read(tau: Any, state: tuple[Array, Array], args: Any) -> tuple[Array, ...]:
        data, method, sharpest = args
        u, accumulated = state
        clock, degree = jnp.exp(tau), network.degree
        sharpness = jnp.minimum(clock, sharpest)
        log_inverse, g, z = fields.pull(u, sharpness, data)
        h = fields.conditioner(g, accumulated, (1 - 1 / degree) * tau - clock, method)
        log_speed = jnp.log(jnp.vdot(g, h * g)) + (2 - 2 / degree) * tau
        gradients = jax.jacrev(lambda u: network.margins(u, data[0], data[1]))(u)
        return log_inverse * (clock / sharpness), clock - log_speed, z, gradients, h

    def solve(data: Any, method: Array, start: Any, taus: Array, sharpest: Any) -> Any:
        args = (data, method, sharpest)
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(fields.late),
            diffrax.Kvaerno5(root_finder=_Newton(rtol=_NEWTON, atol=_NEWTON)),
            taus[0],
            taus[-1],
            jnp.array(0.01),
            start,
            args=args,
            saveat=diffrax.SaveAt(ts=taus),
            stepsize_controller=diffrax.ClipStepSizeController(
                diffrax.PIDController(rtol=_RTOL, atol=_RTOL, dtmin=1e-9, force_dtmin=False), step_ts=taus
            ),
            max_steps=_STEPS,
            throw=False,
        )
        assert solution.ys is not None
        u, _ = solution.ys
        good = (solution.result == diffrax.RESULTS.successful) & jnp.isfinite(u).all()
        return u, good, jax.vmap(lambda tau, state: read(tau, state, args))(taus, solution.ys)

    return jax.jit(solve)


@dataclass(frozen=True)
class _Data:
    """Datasets in one shape: rows repeat real ones and do not count, columns are zero."""

    x: Float[np.ndarray, "b n d"]
    y: Float[np.ndarray, "b n"]
    real: Float[np.ndarray, "b n"]
    losses: tuple[Loss, ...]
    kind: int  # place of the loss among them

    def at(self, i: int) -> tuple[Any, ...]:
        return self.x[i], self.y[i], self.real[i], np.int64(self.kind)


def _padded(datasets: Sequence[Dataset], loss: Loss) -> _Data:
    n, d = power_of_two(max(s.n for s in datasets), 8), max(4, *(s.d for s in datasets))
    b, kinds = len(datasets), _SHARED if loss in _SHARED else (loss,)
    data = _Data(np.zeros((b, n, d)), np.ones((b, n)), np.zeros((b, n)), kinds, kinds.index(loss))
    for i, s in enumerate(datasets):
        rows = np.resize(np.arange(s.n), n)
        data.x[i, :, : s.d], data.y[i], data.real[i, : s.n] = s.x[rows], s.y[rows], 1
    return data


def network_flow(
    datasets: Sequence[Dataset],
    network: Network,
    method: Method,
    *,
    loss: str | Loss = "exponential",
    log_time: float = 1e6,
    sharpest: float = SHARPEST,
    scale: float = 0.5,
    progress: Progress | None = None,
) -> NetworkFlow:
    """The flow of a network from random weights to separation, and on to a loss of `e^-log_time`.

    datasets: binary ones, or of as many classes as the network has outputs. sharpest: from where on the soft minimum of
    the margins keeps its sharpness.
    scale: standard deviation of the start weights; up to six draws, whose seeds come from the data, are tried until one
    separates them. Raises `InputError` for a network that is not homogeneous or not once differentiable, data of other
    classes than its outputs, and a log_time or a sharpest out of range.
    """
    _check(datasets, network, log_time, sharpest, scale)
    data, taus = _padded(datasets, losses.loss(loss)), np.linspace(0, math.log(log_time), _POINTS)
    starts, separated = _started(datasets, data, network, method, scale)
    found: dict[int, tuple[np.ndarray, ...]] = {}
    program = _program(network, data.losses)
    for i in np.flatnonzero(separated).tolist():
        u, good, readings = program(data.at(i), method.numbers, starts[i], taus, sharpest)
        if good:
            found[i] = tuple(map(np.asarray, (u, *readings)))
        if progress:
            progress(i + 1, len(datasets))
    return _collected(datasets, network, data, np.exp(taus), sharpest, separated, found)


def _check(datasets: Sequence[Dataset], network: Network, log_time: float, sharpest: float, scale: float) -> None:
    if not datasets:
        raise InputError("There are no datasets to run on: give at least one.")
    for i, s in enumerate(datasets):
        if s.classes != network.classes:
            raise InputError(
                f"Dataset {i} has {_labels(s.classes)}, but the {network.name} is for {_labels(network.classes)}: "
                "give data and a network of the same classes."
            )
    if not network.smooth:
        raise InputError(f"The {network.name} has kinks, where its flow jumps: use the squared ReLU or the quadratic.")
    if not 1 < log_time <= FARTHEST:
        raise InputError(f"The loss is to fall to e^-{log_time:g}: give a log_time over 1, and up to {FARTHEST:g}.")
    if not 10 <= sharpest <= SHARPEST:
        raise InputError(f"The sharpness is to stay at {sharpest:g}: give a number from 10 to {SHARPEST:g}.")
    if not 0 < scale < math.inf:
        raise InputError(f"The start weights have the scale {scale}: give a positive number.")
    check_homogeneous(network, max(s.d for s in datasets))


def _labels(classes: int) -> str:
    return f"{classes} classes" if classes else "binary labels"


def _started(datasets, data: _Data, network: Network, method: Method, scale: float):
    """Weights and `int g^2 dt` at separation by index, and `[b]` whether the data were separated."""
    starts: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    solve = _separate(network, data.losses)
    for seed in range(_STARTS):
        for i in [i for i in range(len(datasets)) if i not in starts]:
            theta = network.start(datasets[i], data.x.shape[2], scale, seed)
            *state, good = map(np.asarray, solve(data.at(i), method.numbers, theta))
            if good:
                starts[i] = (state[0], state[1])
    return starts, np.array([i in starts for i in range(len(datasets))])


def _collected(datasets, network: Network, data: _Data, clock, sharpest, separated, found) -> NetworkFlow:
    b, r, padded = len(datasets), len(clock), data.x.shape[2]
    log_inverse, log_time = np.full((b, r), np.nan), np.full((b, r), np.nan)
    kept: tuple[list[np.ndarray], ...] = ([], [], [], [])
    for i, s in enumerate(datasets):
        p = network.size(s.d)
        if i not in found:
            m = s.n * max(1, s.classes - 1)
            for values, shape in zip(kept, ((r, p), (r, m), (r, m, p), (r, p)), strict=True):
                values.append(np.full(shape, np.nan))
            continue
        u, log_inverse[i], log_time[i], z, gradients, h = found[i]
        own = functools.partial(network.own, d=s.d, padded=padded)
        z, gradients = (each[:, : s.n].reshape(r, -1, *each.shape[3:]) for each in (z, gradients))
        for values, value in zip(kept, (own(u), z, own(gradients), own(h)), strict=True):
            values.append(value)
    reached = np.array([i in found for i in range(b)])
    return NetworkFlow(clock, sharpest, separated, reached, log_inverse, log_time, *kept)
