"""The implicit solver of flows in log time, on datasets of one shape by one program.

The exponent of `e^(s + log |l'|)` stays of order 1 along a flow although `e^s` itself overflows from s = 710 on, and
the solution becomes a straight line in `s`: an implicit method takes some 100 steps to `t = e^100000`.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from solvers.norms import Norm
from verify import backend
from verify.backend import Progress
from verify.datasets.dataset import Dataset
from verify.errors import FlowError
from verify.flows.dynamics import Dynamics, GradientDescent, Velocity
from verify.flows.newton import ROOT_FINDERS, root_finder
from verify.flows.row_space import row_space
from verify.losses import Loss, log_sum_exp
from verify.runs import batches
from verify.runs.batches import Batch
from verify.runs.linear import linear_margins

_LARGE = 64  # points or weights from which padding to the next power of two would be dear
_FINE = 16  # and then the weights and four times the points come in multiples of this
_POINTS_STEP = 64  # the recorded points come in multiples of this, so that another end time compiles nothing
_MAX_STEPS = 10_000  # a hundred times what a flow needs; short of them, rounding keeps the steps from their tolerance
_LOOSEST = 1e-5
_SMALLEST_STEP = 1e-9  # of log time: a flow that needs less has no solution, and fails
_NONE = np.zeros(0)


def _pull(loss: Loss, s: Any, w: Array, data: Batch) -> Array:
    """`-e^s grad L`. From `log_slopes`, whose derivatives stay finite, not from the scaled slopes."""
    z, pull_back = jax.vjp(lambda w: linear_margins(w, data), w)
    (pull,) = pull_back(data.weight[:, None] * jnp.exp(s + loss.log_slopes(z)))
    return pull


@functools.cache
def _recorder(loss: Loss, norms: tuple[Norm, ...]) -> Any:
    """Jitted records of weights `[r ...]`: apart from the solve, which takes seconds to compile."""

    def record(w: Array, data: Batch) -> tuple[Array, Array, Array]:
        z = linear_margins(w, data)
        log_loss = log_sum_exp(loss.log_value(z) + jnp.log(data.weight))
        return jnp.min(z), log_loss, jnp.stack([norm.value(w) for norm in norms])

    return jax.jit(jax.vmap(record, in_axes=(0, None)))


@functools.cache
def _program(loss: Loss, velocity: Velocity, root: str) -> Any:
    """Jitted solve of one dataset: a start state `[m ...]` and times `[r]` to states `[r m ...]`.

    A state is the weights, and below them the memory of flows that have one: `m` is 1 or 2. root: of
    `ROOT_FINDERS`. A batch would wait for its slowest dataset, and takes half as long again to compile.
    """

    def derivative(s: Any, state: Array, args: tuple[Batch, tuple[Any, ...]]) -> Array:
        data, numbers = args
        w, memory = velocity(s, _pull(loss, s, state[0], data), state[1:], numbers)
        return jnp.concatenate([w[None], memory])

    term = diffrax.ODETerm(derivative)
    solver = diffrax.Kvaerno5(root_finder=ROOT_FINDERS[root]())

    def solve(data: Batch, start: Array, numbers: tuple[Any, ...], times: Array, rtol: Array) -> tuple[Any, ...]:
        solution = diffrax.diffeqsolve(
            term,
            solver,
            times[0],
            times[-1],
            jnp.minimum(0.1, times[-1] - times[0]),
            start,
            args=(data, numbers),
            saveat=diffrax.SaveAt(ts=times),
            # Steps end at the recorded times: the method's interpolation is worse than its steps by orders.
            stepsize_controller=diffrax.ClipStepSizeController(
                diffrax.PIDController(rtol=rtol, atol=rtol / 100, dtmin=_SMALLEST_STEP, force_dtmin=False),
                step_ts=times,
            ),
            max_steps=_MAX_STEPS,
            throw=False,
        )
        return solution.ys, solution.result == diffrax.RESULTS.successful, solution.stats["num_steps"]

    return jax.jit(solve)


def _bucket(dataset: Dataset) -> tuple[int, int, int]:
    """Padded shape `(n, d, k)`. Tighter than for trajectories: the implicit steps cost `(k d)^3`."""
    n, d, k = dataset.n, dataset.d, dataset.classes
    if not _large(n, d, k):
        return backend.power_of_two(n, 16), backend.power_of_two(d, 8), k
    return 4 * _FINE * math.ceil(n / (4 * _FINE)), _FINE * math.ceil(d / _FINE), k


def _large(n: int, d: int, k: int) -> bool:
    return n * d * max(k, 1) > _LARGE**2


class Path(NamedTuple):
    """The flow of one dataset at `r` times. memory: shaped like the weights, empty where the flow has none."""

    weights: np.ndarray
    memory: np.ndarray
    margin: np.ndarray
    log_loss: np.ndarray
    norms: np.ndarray  # [r norms]
    steps: int
    rtol: float


class Start(NamedTuple):
    """Where the flow of one dataset starts: weights, and memory where the flow has one."""

    weights: np.ndarray
    memory: np.ndarray = _NONE


@dataclass(frozen=True)
class Solver:
    """The flows of datasets under one dynamics."""

    datasets: list[Dataset]
    loss: Loss
    norms: tuple[Norm, ...]
    rtol: float
    dynamics: Dynamics = field(default_factory=GradientDescent)

    def run(self, starts: list[Start], times: np.ndarray, progress: Progress | None = None) -> list[Path]:
        """One path per dataset. Raises `FlowError`."""
        # Other methods than gradient descent treat each feature by itself, and leave the span of the points.
        spans = [row_space(s) if isinstance(self.dynamics, GradientDescent) else None for s in self.datasets]
        narrow = replace(self, datasets=[a.narrow if a else s for a, s in zip(spans, self.datasets, strict=True)])
        inside = [a.enter(start) if a else start for a, start in zip(spans, starts, strict=True)]
        paths = narrow._run(inside, times, progress)
        return [
            a.leave(path, start, self.norms) if a else path for a, path, start in zip(spans, paths, starts, strict=True)
        ]

    def _run(self, starts: list[Start], times: np.ndarray, progress: Progress | None) -> list[Path]:
        paths = []
        for i, start in enumerate(starts):
            paths.append(self._one(i, start, times))
            if progress:
                progress(len(paths), len(starts))
        return paths

    def _one(self, i: int, start: Start, times: np.ndarray) -> Path:
        shape = _bucket(self.datasets[i])
        data = jax.tree.map(lambda leaf: leaf[0], batches.pad([self.datasets[i]], shape))
        state = np.zeros((1 + self.dynamics.remembers, *data.real.shape))
        own = tuple(map(slice, start.weights.shape))
        state[(0, *own)] = start.weights
        if self.dynamics.remembers:
            state[(1, *own)] = start.memory
        root = root_finder(shape[0], data.real.shape, self.dynamics.remembers, large=_large(*shape))
        program, rtol = _program(self.loss, self.dynamics.velocity, root), self.rtol
        while True:
            states, *rest = program(data, state, self.dynamics.numbers, times, rtol)
            records = _recorder(self.loss, self.norms)(states[:, 0], data)
            if path := self._path(jax.tree.map(np.asarray, (states, *rest, records)), i, times, rtol):
                return path
            # Where |w| is large, rounding may exceed the tolerance: ten times it, and the result says so.
            rtol *= 10

    def _path(self, solved: Any, i: int, times: np.ndarray, rtol: float) -> Path | None:
        """The path of dataset `i`; None where a looser tolerance may still help."""
        states, good, steps, records = solved
        finite = np.isfinite(states).reshape(len(times), -1).all(axis=1)
        if good and finite.all():
            own = tuple(map(slice, self.datasets[i].weights_shape))
            memory = states[(slice(None), 1, *own)] if self.dynamics.remembers else _NONE
            margin, log_loss, norms = records
            return Path(states[(slice(None), 0, *own)], memory, margin, log_loss, norms, int(steps), rtol)
        if 10 * rtol <= _LOOSEST:
            return None
        raise FlowError(
            f"The flow of dataset {i}, {self.datasets[i]!r} (features in units of the step size), failed "
            f"after log time {times[finite].max(initial=times[0]):.4g}: check that it is separable."
        )


def grid(start: float, end: float, points: int) -> Float[np.ndarray, " r"]:
    """Log times, geometric from `start` to `end`, at least `points` a decade."""
    count = math.ceil(points * math.log10(end / start)) + 1
    return np.geomspace(start, end, _POINTS_STEP * math.ceil(count / _POINTS_STEP))
