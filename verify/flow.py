"""Gradient flow in the logarithm of time, for limits that gradient descent approaches like `1 / log t`.

Discrete gradient descent runs for its first steps, and is handed over to the gradient flow of the mean loss,
in `s = log t`:

    dw/ds = eta sum_i e^(s + log |l'_i(z_i)|) y_i x_i / n.

The exponent stays of order 1 along the flow although `e^s` itself overflows from s = 710 on, and the solution
becomes a straight line in `s`: an implicit method takes some 100 steps to `t = e^100000`.

Features times `sqrt(eta)` turn step size `eta` into 1 (weights are then in units of `sqrt(eta)`), so one
compiled program serves every step size.
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
from jax import Array
from jaxtyping import Float, Int

import solvers.norms
from solvers.errors import InputError
from solvers.norms import Norm
from verify import batches, trajectory
from verify import losses as losses
from verify.batches import Batch
from verify.datasets import Dataset
from verify.losses import Loss, log_sum_exp
from verify.models import linear_margins
from verify.optimizers import gradient_descent
from verify.residual import residual_exponent as residual_exponent
from verify.residual import residual_limit as residual_limit
from verify.smoothness import CURVATURE
from verify.smoothness import step_limit as step_limit
from verify.trajectory import Progress

# Datasets a call; shorter lists are padded to it. Each waits for the slowest: with 4, 16 and 64 a call, a binary one
# took 11, 9 and 15 ms, and one of three classes 0.2, 0.3 and 0.5 s.
_CHUNK = 4
_POINTS_STEP = 64  # the recorded points come in multiples of this, so that another end time compiles nothing
_MAX_STEPS = 10_000  # a hundred times what a flow needs; short of them, rounding keeps the steps from their tolerance
_LOOSEST = 1e-5
_SMALLEST_STEP = 1e-9  # of log time: a flow that needs less has no solution, and fails
_DECADE_PARTS = 3  # the discrete run is recorded three times a decade


class FlowError(RuntimeError):
    """The solver gave up on a flow: the message names the dataset and how far it came."""


@dataclass(frozen=True)
class Flow:
    """Gradient descent on `b` datasets, and the gradient flow that carries it on, at `r` times.

    log_time: `[r]` logarithm of the number of steps; up to the log of `handover` the curves are of the discrete run.
    margin, log_loss: `[b r]` smallest margin, log of the mean loss. norms: by norm name, `[b r]`.
    weights: per dataset `[r, ...]`, in its own shape.
    step_size: `[b]` step size `eta` of gradient descent on the mean loss.
    handover: the number of discrete steps.
    handover_error: `[b]` relative distance, at the hand-over, between gradient descent and the flow that starts
    from it 2.2 times earlier: what replacing the steps by the flow costs there, an upper estimate from there on.
    solver_steps: `[b]` implicit steps taken after the hand-over. rtol: `[b]` their relative tolerance, looser than
    asked for where rounding would not let the solver reach it.
    """

    log_time: Float[np.ndarray, " r"]
    margin: Float[np.ndarray, "b r"]
    norms: dict[str, Float[np.ndarray, "b r"]]
    log_loss: Float[np.ndarray, "b r"]
    weights: list[np.ndarray] = field(repr=False)
    step_size: Float[np.ndarray, " b"]
    handover: int
    handover_error: Float[np.ndarray, " b"]
    solver_steps: Int[np.ndarray, " b"]
    rtol: Float[np.ndarray, " b"]

    def normalised_margin(self, norm: str | Norm) -> Float[np.ndarray, "b r"]:
        """Smallest margin over the weights' norm, `[b r]`. Raises `InputError` for a norm that was not recorded."""
        name = solvers.norms.norm(norm).name
        if name not in self.norms:
            raise InputError(f"The flow did not record the norm {name!r}: name it in `norms`.")
        return self.margin / self.norms[name]


def _step_sizes(datasets: list[Dataset], loss: Loss, step_size: float | str) -> Float[np.ndarray, " b"]:
    if step_size == "stable":
        return np.array([step_limit(dataset, loss) / 2 for dataset in datasets])
    if isinstance(step_size, str) or not 0 < step_size < math.inf:
        raise InputError(f'The step size is {step_size!r}: give a positive number, or "stable".')
    if loss in CURVATURE:
        for i, dataset in enumerate(datasets):
            if step_size >= (limit := step_limit(dataset, loss)):
                raise InputError(
                    f"The step size {step_size} on dataset {i} is not below 2 / beta = {limit:.3g}: lower it."
                )
    return np.full(len(datasets), float(step_size))


class _Newton(optimistix.Newton):
    """Newton's method that stops when its step is a small part of the tolerance.

    The library's criteria ask for a residual, or a contraction, that rounding errors hide once `|w|` is large
    and the prediction nearly exact: the flow then stalls. Newton's steps shrink quadratically, so a step this
    small leaves an error that is smaller still.
    """

    def terminate(self, fn: Any, y: Any, args: Any, options: Any, state: Any, tags: Any) -> Any:
        results = optimistix.RESULTS
        lost = (state.step > 0) & ~jnp.isfinite(state.diffsize)
        broken = state.result != results.successful
        outcome = results.where(lost, results.nonlinear_divergence, results.successful)
        return (state.diffsize < self.kappa) | lost | broken, results.where(broken, state.result, outcome)


def _velocity(loss: Loss, s: Any, w: Array, data: Batch) -> Array:
    """`dw/ds` at step size 1. From `log_slopes`, whose derivatives stay finite, not from the scaled slopes."""
    z, pull_back = jax.vjp(lambda w: linear_margins(w, data), w)
    (velocity,) = pull_back(data.weight[:, None] * jnp.exp(s + loss.log_slopes(z)))
    return velocity


def _record(loss: Loss, norms: tuple[Norm, ...], w: Array, data: Batch) -> tuple[Array, Array, Array]:
    z = linear_margins(w, data)
    log_loss = log_sum_exp(loss.log_value(z) + jnp.log(data.weight))
    return jnp.min(z), log_loss, jnp.stack([norm.value(w) for norm in norms])


@functools.cache
def _program(loss: Loss, norms: tuple[Norm, ...]) -> Any:
    """Jitted solve of a batch: start weights `[b ...]` and times `[r]` to weights `[b r ...]` and their records."""
    term = diffrax.ODETerm(lambda s, w, data: _velocity(loss, s, w, data))
    solver = diffrax.Kvaerno5(root_finder=diffrax.with_stepsize_controller_tols(_Newton)())

    def solve(data: Batch, w0: Array, times: Array, rtol: Array) -> tuple[Any, ...]:
        solution = diffrax.diffeqsolve(
            term,
            solver,
            times[0],
            times[-1],
            jnp.minimum(0.1, times[-1] - times[0]),
            w0,
            args=data,
            saveat=diffrax.SaveAt(ts=times),
            # Steps end at the recorded times: the method's interpolation is worse than its steps by orders.
            stepsize_controller=diffrax.ClipStepSizeController(
                diffrax.PIDController(rtol=rtol, atol=rtol / 100, dtmin=_SMALLEST_STEP, force_dtmin=False),
                step_ts=times,
            ),
            max_steps=_MAX_STEPS,
            throw=False,
        )
        records = jax.vmap(lambda w: _record(loss, norms, w, data))(solution.ys)
        return solution.ys, solution.result == diffrax.RESULTS.successful, solution.stats["num_steps"], records

    return jax.jit(jax.vmap(solve, in_axes=(0, 0, None, None)))


def _bucket(dataset: Dataset) -> tuple[int, int, int]:
    """Padded shape `(n, d, k)`. Tighter than for trajectories: the implicit steps cost `(k d)^3`."""
    power = lambda size, least: max(least, 1 << (size - 1).bit_length())  # noqa: E731 - used in one line
    return power(dataset.n, 16), power(dataset.d, 8), dataset.classes


class _Path(NamedTuple):
    """The flow of one dataset at `r` times, in units of its step size."""

    weights: np.ndarray
    margin: np.ndarray
    log_loss: np.ndarray
    norms: np.ndarray  # [r norms]
    steps: int
    rtol: float


@dataclass(frozen=True)
class _Solver:
    """The flows of datasets whose step size is 1."""

    datasets: list[Dataset]
    loss: Loss
    norms: tuple[Norm, ...]
    rtol: float

    def run(self, starts: list[np.ndarray], times: np.ndarray, progress: Progress | None = None) -> list[_Path]:
        """One path per dataset. Raises `FlowError`."""
        groups: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for i, dataset in enumerate(self.datasets):
            groups[_bucket(dataset)].append(i)
        paths: dict[int, _Path] = {}
        for shape, places in groups.items():
            for first in range(0, len(places), _CHUNK):
                chunk = places[first : first + _CHUNK]
                paths.update(zip(chunk, self._chunk(shape, chunk, starts, times), strict=True))
                if progress:
                    progress(len(paths), len(self.datasets))
        return [paths[i] for i in range(len(self.datasets))]

    def _chunk(self, shape: tuple[int, int, int], places: list[int], starts: list[np.ndarray], times: np.ndarray):
        padded = [*places, *places[:1] * (_CHUNK - len(places))]
        data = batches.pad([self.datasets[i] for i in padded], shape)
        w0 = np.zeros(data.real.shape)
        for j, i in enumerate(padded):
            w0[(j, *map(slice, starts[i].shape))] = starts[i]
        paths: dict[int, _Path] = {}
        rtol = self.rtol
        while True:
            solved = jax.tree.map(np.asarray, _program(self.loss, self.norms)(data, w0, times, rtol))
            for j, i in enumerate(places):
                if i not in paths and (path := self._path(solved, j, i, times, rtol)):
                    paths[i] = path
            if len(paths) == len(places):
                return [paths[i] for i in places]
            # Where |w| is large, rounding may exceed the tolerance: ten times it, and the result says so.
            rtol *= 10

    def _path(self, solved: Any, j: int, i: int, times: np.ndarray, rtol: float) -> _Path | None:
        """The path of dataset `i`, the `j`-th of its chunk; None where a looser tolerance may still help."""
        weights, good, steps, records = solved
        finite = np.isfinite(weights[j]).reshape(len(times), -1).all(axis=1)
        if good[j] and finite.all():
            own = weights[(j, slice(None), *map(slice, self.datasets[i].weights_shape))]
            margin, log_loss, norms = (record[j] for record in records)
            return _Path(own, margin, log_loss, norms, int(steps[j]), rtol)
        if 10 * rtol <= _LOOSEST:
            return None
        raise FlowError(
            f"The flow of dataset {i}, {self.datasets[i]!r} (features times the root of the step size), failed "
            f"after log time {times[finite].max(initial=times[0]):.4g}: check that it is separable."
        )


class _Discrete(NamedTuple):
    """Gradient descent of step size 1 at a few steps, `r` in all. Curves have the axes of `Flow`."""

    times: list[int]
    weights: list[list[np.ndarray]]  # [r][b]
    margin: np.ndarray
    log_loss: np.ndarray
    norms: dict[str, np.ndarray]


def _distance(w: np.ndarray, other: np.ndarray) -> float:
    """Relative to `other`, which is not zero."""
    return float(np.linalg.norm(w - other) / np.linalg.norm(other))


def _parts(handover: int) -> int:
    """The number of thirds of a decade, at least two, that reach the hand-over."""
    return max(math.ceil(_DECADE_PARTS * math.log10(handover) - 1e-9), 2)


def _descend(datasets: list[Dataset], loss: Loss, norms: tuple[Norm, ...], handover: int) -> _Discrete:
    run = trajectory.Simulation(gradient_descent(1.0), datasets, loss=loss, norms=norms)
    times, weights = [], []
    for part in range(1, _parts(handover) + 1):
        run.advance(math.floor(10 ** (part / _DECADE_PARTS) + 1e-9))
        times.append(int(run.time[-1]))
        weights.append(run.result().weights)
    curves = run.result()
    if (curves.horizon >= 0).any():
        i = int(np.argmax(curves.horizon >= 0))
        raise FlowError(f"Gradient descent on dataset {i} left the range of floating point: hand over earlier.")
    for i, w in enumerate(weights[-1]):
        if not w.any():
            raise FlowError(f"Gradient descent on dataset {i} has no gradient at zero: check that it is separable.")
    at = [int(np.flatnonzero(curves.time == t)[-1]) for t in times]
    norm_curves = {name: curve[:, at] for name, curve in curves.norms.items()}
    return _Discrete(times, weights, curves.margin[:, at], curves.log_loss[:, at], norm_curves)


def _check(datasets: list[Dataset], loss: Loss, log_time: float, handover: int, points: int, rtol: float) -> None:
    if not datasets:
        raise InputError("There are no datasets to run on: give at least one.")
    if loss.of_log:
        raise InputError(f"The flow of the loss {loss.name!r} is not slow: run it with verify.trajectory.run.")
    if isinstance(handover, bool) or not isinstance(handover, int | np.integer) or handover < 2:
        raise InputError(f"The hand-over is after {handover} steps: give a whole number of at least 2.")
    steps = round(10 ** (_parts(handover) / _DECADE_PARTS))
    if not math.log(steps + 1) <= log_time < math.inf:
        raise InputError(
            f"The log time {log_time} is not a number past the hand-over at {steps} steps: "
            f"give log({steps + 1}) = {math.log(steps + 1):.4f} or more."
        )
    if points < 1:
        raise InputError(f"There are {points} points a decade to record: give at least 1.")
    if not 1e-12 <= rtol <= 1e-2:
        raise InputError(f"The tolerance rtol is {rtol}: give one between 1e-12 and 1e-2.")


def _grid(start: float, end: float, points: int) -> Float[np.ndarray, " r"]:
    count = math.ceil(points * math.log10(end / start)) + 1
    return np.geomspace(start, end, _POINTS_STEP * math.ceil(count / _POINTS_STEP))


def _join(discrete: _Discrete, flows: list[_Path], log_time: np.ndarray, root: np.ndarray) -> dict[str, Any]:
    """The discrete run and the flow, back in the units of the data; the flow's first point is the run's last."""

    def curve(early: np.ndarray, later: list[np.ndarray]) -> np.ndarray:
        return np.hstack([early, np.stack(later)[:, 1:]])

    early = [np.stack([w[i] for w in discrete.weights]) for i in range(len(flows))]
    return {
        "log_time": np.concatenate([np.log(discrete.times), log_time[1:]]),
        "margin": curve(discrete.margin, [path.margin for path in flows]),
        "log_loss": curve(discrete.log_loss, [path.log_loss for path in flows]),
        "norms": {
            name: root[:, None] * curve(values, [path.norms[:, j] for path in flows])
            for j, (name, values) in enumerate(discrete.norms.items())
        },
        "weights": [a * np.concatenate([w, path.weights[1:]]) for a, w, path in zip(root, early, flows, strict=True)],
        "solver_steps": np.array([path.steps for path in flows]),
        "rtol": np.array([path.rtol for path in flows]),
    }


def flow(
    datasets: Dataset | Sequence[Dataset],
    *,
    loss: str | Loss = "logistic",
    log_time: float = 1e4,
    step_size: float | str = "stable",
    norms: Sequence[str | Norm] = ("l2",),
    handover: int = 1000,
    points: int = 12,
    rtol: float = 1e-8,
    progress: Progress | None = None,
) -> Flow:
    """Gradient descent on the mean loss from zero weights, to `t = e^log_time` steps.

    datasets: all of them at once; kinds and sizes may differ. loss: any of `verify.losses` but the log of one.
    step_size: for every dataset, or "stable" for half of each one's `step_limit`.
    norms: norms of the weights to record. handover: discrete steps, rounded up to the next of 5, 10, 22, 46, 100 ...
    points: recorded points a decade of log time, at least.
    rtol: relative tolerance of an implicit step, loosened by tens to 1e-5 where rounding keeps the solver from it.
    progress: called with the datasets done and the datasets in all.
    Raises `InputError` on bad input, `FlowError` where the solver fails.
    """
    members = [datasets] if isinstance(datasets, Dataset) else list(datasets)
    kind = losses.loss(loss)
    _check(members, kind, log_time, handover, points, rtol)
    eta = _step_sizes(members, kind, step_size)
    root = np.sqrt(eta)
    scaled = [Dataset(a * s.x, s.y, s.name) for a, s in zip(root, members, strict=True)]
    parsed = tuple(dict.fromkeys(solvers.norms.norm(norm) for norm in norms))
    discrete = _descend(scaled, kind, parsed, int(handover))
    solver = _Solver(scaled, kind, parsed, rtol)
    before, start = math.log(discrete.times[-2]), math.log(discrete.times[-1])
    grid = _grid(start, log_time, points)
    # As many points as the grid has: the same compiled program.
    guesses = solver.run(discrete.weights[-2], np.linspace(before, start, len(grid)))
    error = [_distance(guess.weights[-1], w) for guess, w in zip(guesses, discrete.weights[-1], strict=True)]
    flows = solver.run(discrete.weights[-1], grid, progress)
    joined = _join(discrete, flows, grid, root)
    return Flow(**joined, step_size=eta, handover=discrete.times[-1], handover_error=np.array(error))


def carry_on(
    datasets: Sequence[Dataset],
    starts: Sequence[np.ndarray],
    *,
    start: float,
    log_time: float,
    loss: str | Loss = "logistic",
    points: int = 12,
    rtol: float = 1e-8,
    progress: Progress | None = None,
) -> tuple[Float[np.ndarray, " r"], list[np.ndarray]]:
    """The gradient flow `dw/dt = -grad` of the mean loss from given weights at `t = e^start`, to `t = e^log_time`.

    starts: weights of each dataset, in its own shape. The other arguments, and the errors, are those of `flow`.
    Returns the log times, the first one `start`, and per dataset the weights `[r, ...]`.
    """
    if not 0 < start < log_time < math.inf:
        raise InputError(f"The flow goes from log time {start} to {log_time}: give 0 < start < log_time.")
    kind = losses.loss(loss)
    grid = _grid(start, log_time, points)
    solver = _Solver(list(datasets), kind, (solvers.norms.norm("l2"),), rtol)
    paths = solver.run([np.asarray(w, dtype=np.float64) for w in starts], grid, progress)
    return grid, [path.weights for path in paths]
