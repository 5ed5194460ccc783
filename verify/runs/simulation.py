"""Trajectories of optimizers on many datasets at once, recorded on a geometric grid."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Int

import solvers.norms
from solvers.errors import InputError
from solvers.norms import Norm
from verify.backend import Progress, devices, working_on
from verify.datasets.dataset import Dataset
from verify.errors import TrajectoryError
from verify.losses import Loss
from verify.losses import loss as loss_named
from verify.optimizers.calling import Optimizer, calling
from verify.optimizers.homogeneity import check_optimizer, harmless_padding, probe
from verify.runs import batches, engine
from verify.runs.engine import NEVER, Method, Metrics
from verify.runs.trajectory import _SEGMENT, Trajectories, grid

_CHUNK = {"cpu": 64, "gpu": 16384}  # datasets a device at once; on a CPU they stay in the cache


@functools.cache
def _mesh(platform: str) -> Mesh:
    return Mesh(np.array(devices(platform)), ("data",))


@functools.cache
def _program(method: Method, platform: str) -> tuple[Any, Any, Any]:
    return engine.compiled(method, _mesh(platform))


class _Chunk:
    """The datasets that run in one call: their places in the caller's list, and the run so far."""

    def __init__(
        self,
        places: list[int],
        datasets: list[Dataset],
        shape: tuple[int, int, int],
        method: Method,
        init: Callable[..., Any],
        setting: _Setting,
    ):
        self.places, self.datasets, self.method = places, datasets, method
        self.metrics: list[Metrics] = []
        self.weights: list[np.ndarray] = []
        padded = [*datasets, *datasets[:1] * (setting.padded_size(len(datasets)) - len(datasets))]
        mesh = _mesh(setting.platform)
        split, self.whole = NamedSharding(mesh, PartitionSpec("data")), NamedSharding(mesh, PartitionSpec())
        # Put in place once: a call then neither copies the data nor leaves jax's fast path.
        self.data = jax.device_put(batches.pad(padded, shape, setting.dtype), split)
        self.begin, self.segment, self.measured = _program(method, setting.platform)
        self.first = 0
        w0 = np.zeros(self.data.real.shape, setting.dtype)
        for i, start in enumerate(setting.starts(places)):
            w0[(i, *map(slice, start.shape))] = start
        w0 = jax.device_put(w0, split)
        self.carry = self.begin(self.data, w0, jax.device_put(jax.vmap(init)(w0), split))

    def advance(self, ends: Int[np.ndarray, " r"]) -> None:
        times = jax.device_put((ends.astype(np.int32), np.int32(self.first)), self.whole)
        self.carry, metrics = self.segment(self.data, self.carry, *times)
        self.first = int(ends[-1])
        bad = np.asarray(self.carry.bad_step)[: len(self.places)]
        worst = int(np.argmin(bad))
        if bad[worst] != NEVER:
            raise TrajectoryError(
                f"NaN or infinity after {int(bad[worst])} steps on dataset {self.places[worst]}, "
                f"{self.datasets[worst]!r}: give a smaller step size, or an optimizer that is defined there."
            )
        self.metrics.append(jax.tree.map(np.asarray, metrics))
        w = self.carry.w
        if self.method.measured:
            w = self.measured(self.data, self.carry.state, w)
        self.weights.append(np.array(w))


@dataclass(frozen=True)
class _Setting:
    """Where and how a simulation runs."""

    optimizer: Optimizer
    dtype: type
    platform: str
    w0: Sequence[np.ndarray] | None

    @property
    def workers(self) -> int:
        return len(devices(self.platform))

    @property
    def largest(self) -> int:
        return self.workers * _CHUNK.get(devices(self.platform)[0].platform, _CHUNK["gpu"])

    def padded_size(self, count: int) -> int:
        """A few sizes only, all multiples of the number of devices, so that compiled programs are found again."""
        sizes = [
            -(-size // self.workers) * self.workers for size in (1, 4, 16, 24, 32, 48, *(4**j for j in range(3, 12)))
        ]
        return min(next(s for s in sizes if s >= count), max(self.largest, count))

    def starts(self, places: list[int]) -> list[np.ndarray]:
        return [] if self.w0 is None else [np.asarray(self.w0[i]) for i in places]


def _check_starts(w0: Sequence[np.ndarray] | None, datasets: Sequence[Dataset]) -> None:
    if w0 is None:
        return
    if len(w0) != len(datasets):
        raise InputError(f"w0 holds {len(w0)} start weights for {len(datasets)} datasets: give one for each.")
    for i, (start, dataset) in enumerate(zip(w0, datasets, strict=True)):
        if np.shape(start) != dataset.weights_shape or not np.all(np.isfinite(start)):
            raise InputError(
                f"w0[{i}] has shape {np.shape(start)} or entries that are not finite: "
                f"give finite start weights of shape {dataset.weights_shape}."
            )


class Simulation:
    """Runs of an optimizer on datasets that can be carried on to a later horizon; see `run`."""

    def __init__(
        self,
        optimizer: Optimizer,
        datasets: Sequence[Dataset],
        *,
        loss: str | Loss = "logistic",
        norms: Sequence[str | Norm] = ("l2",),
        budget: bool = False,
        dtype: type = np.float64,
        w0: Sequence[np.ndarray] | None = None,
    ):
        if not datasets:
            raise InputError("There are no datasets to run on: give at least one.")
        for i, dataset in enumerate(datasets):
            if not isinstance(dataset, Dataset):
                raise InputError(f"Dataset {i} is a {type(dataset).__name__}: make it a verify.Dataset(x, y).")
        if not np.issubdtype(dtype, np.floating):
            raise InputError(f"Runs cannot be made in {np.dtype(dtype)}: give a floating-point type, as numpy.float64.")
        check_optimizer(optimizer)
        _check_starts(w0, datasets)
        self.setting = _Setting(optimizer, dtype, devices()[0].platform, w0)
        self.norms = tuple(dict.fromkeys(solvers.norms.norm(n) for n in norms))
        if len({n.name for n in self.norms}) < len(self.norms):
            raise InputError(f"Two norms have one name among {', '.join(map(str, self.norms))}: rename one of them.")
        self.count = len(datasets)
        self.chunks: list[_Chunk] = []
        self.exact = True
        self.time = np.zeros(0, np.int64)
        pad_weights = batches.unpadded(datasets) or all(
            harmless_padding(optimizer, not binary) for binary in {s.binary for s in datasets}
        )
        for shape, places in self._parts(datasets, pad_weights):
            members = [datasets[i] for i in places]
            _, d, k = shape
            if not k and (matrix := [norm.name for norm in self.norms if norm.matrix_only]):
                raise InputError(f"The norm {matrix[0]} needs a weight matrix: use it with class labels.")
            weights = (k, d) if k else (d,)
            called = calling(optimizer, weights, dtype)
            homogeneity = probe(optimizer, weights)
            self.exact &= homogeneity.scale_free
            method = Method(
                called.update, loss_named(loss), self.norms, homogeneity, budget, called.asks, called.measured
            )
            self.chunks.append(_Chunk(places, members, shape, method, called.init, self.setting))

    def _parts(self, datasets: Sequence[Dataset], pad_weights: bool) -> list[tuple[tuple[int, int, int], list[int]]]:
        size = self.setting.largest
        groups = batches.group(datasets, pad_weights).items()
        return [(shape, places[i : i + size]) for shape, places in groups for i in range(0, len(places), size)]

    def advance(self, steps: int, progress: Progress | None = None) -> Simulation:
        """Carry every run on to `steps` (see `grid`). Raises `TrajectoryError` at NaN or infinity."""
        ends = grid(steps)
        new = ends[len(self.time) :]
        total, done = sum(int(ends[-1]) - chunk.first for chunk in self.chunks for _ in chunk.places), 0
        for chunk in self.chunks:
            for i in range(0, len(new), _SEGMENT):
                before = chunk.first
                chunk.advance(new[i : i + _SEGMENT])
                done += (chunk.first - before) * len(chunk.places)
                if progress:
                    progress(done, total)
        self.time = ends if len(new) else self.time
        return self

    def result(self, until: int | None = None) -> Trajectories:
        """The curves so far, or those of a run that was only carried on to `until`.

        Raises `InputError` before the first step, and where the simulation has not come so far.
        """
        if not len(self.time):
            raise InputError("The simulation has made no step yet: call advance before result.")
        time = self.time if until is None else grid(until)
        if len(time) > len(self.time):
            raise InputError(f"The simulation has made {self.time[-1]} steps: call advance before result({until}).")
        b, r, segments = self.count, len(time), len(time) // _SEGMENT
        empty = lambda: np.full((b, r), np.nan)  # noqa: E731 - one fresh array a field
        margin, log_loss, log_slope, descent, second = (empty() for _ in range(5))
        norms = {n.name: empty() for n in self.norms}
        path = {n.name: empty() for n in self.norms}
        starved, horizon = np.zeros((b, r), bool), np.full(b, -1)
        weights: list[np.ndarray] = [np.empty(0)] * b
        for chunk in self.chunks:
            rows, count = chunk.places, len(chunk.places)
            parts = zip(*chunk.metrics[:segments], strict=True)
            m = Metrics(*(np.concatenate(part, axis=1)[:count] for part in parts))
            margin[rows], log_loss[rows], log_slope[rows] = m.margin, m.log_loss, m.log_slope
            descent[rows], second[rows], starved[rows] = m.descent, m.second_order, m.starved
            for j, norm in enumerate(self.norms):
                norms[norm.name][rows], path[norm.name][rows] = m.norms[..., j], m.path[..., j]
            stop = np.asarray(chunk.carry.horizon_step)[:count]
            horizon[rows] = np.where(stop < time[-1], stop, -1)
            last = chunk.weights[segments - 1]
            for i, place in enumerate(rows):
                weights[place] = last[(i, *map(slice, chunk.datasets[i].weights_shape))]
        past = (horizon[:, None] >= 0) & (time[None, :] > horizon[:, None])
        for curve in (margin, log_loss, log_slope, descent, second, *norms.values(), *path.values()):
            curve[past] = np.nan
        return Trajectories(
            time,
            margin,
            log_loss,
            log_slope,
            norms,
            path,
            descent,
            second,
            starved,
            horizon,
            self.exact,
            weights,
        )


def run(
    optimizer: Optimizer,
    datasets: Dataset | Sequence[Dataset],
    *,
    loss: str | Loss = "logistic",
    steps: int = 10_000,
    norms: Sequence[str | Norm] = ("l2",),
    budget: bool = False,
    dtype: type = np.float64,
    platform: str | None = None,
    w0: Sequence[np.ndarray] | None = None,
    progress: Progress | None = None,
) -> Trajectories:
    """Run an optimizer on datasets from zero weights, and record margins and norms on a geometric grid.

    optimizer: any optax transformation. Scale-free ones (sign, normalised, eps = 0) run exactly at any margin;
    others end at a precision horizon, which the result names. What it asks for beside the gradient (the loss, its
    value) it gets, and weights that it keeps for evaluation are those measured (`verify.optimizers.calling`).
    datasets: all of them run at once, padded to a few shapes; their kinds and sizes may differ.
    steps: the horizon; the grid ends there or up to a factor 2.2 later.
    norms: norms of the weights to record. budget: also record the sums of the gap budget (`verify.runs.budget`).
    w0: start weights per dataset, in its own shape, zero by default. platform: where to run, "cpu" or "gpu".
    Raises `InputError` on bad input, `TrajectoryError` at NaN or infinity.
    """
    datasets = [datasets] if isinstance(datasets, Dataset) else list(datasets)
    with working_on(platform):
        simulation = Simulation(optimizer, datasets, loss=loss, norms=norms, budget=budget, dtype=dtype, w0=w0)
        return simulation.advance(steps, progress).result()
