"""The datasets that run in one call of a compiled program, and where they run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Int, UInt32

from verify.backend import devices
from verify.datasets.dataset import Dataset
from verify.errors import TrajectoryError
from verify.haste import hasty, in_passing
from verify.optimizers.calling import Optimizer
from verify.runs import batches, engine, recording
from verify.runs.engine import NEVER, Method
from verify.runs.recording import Metrics
from verify.runs.trajectory import SEGMENT

_CHUNK = {"cpu": 64, "gpu": 16384}  # datasets a device at once; on a CPU they stay in the cache
_TOGETHER = 12 * SEGMENT  # grid points a call of a small dataset that runs alone, whose first calls take no time
_SMALL = 1_000_000  # entries of such a dataset
_BRIEF = 100_000_000  # entries that such a call reads, one by one in each of its steps; a whole run, if it is hasty


@functools.cache
def _mesh(platform: str, workers: int) -> Mesh:
    return Mesh(np.array(devices(platform)[:workers]), ("data",))


@functools.cache
def _program(
    part: Callable[..., Any],
    method: Method,
    own: int,
    shared: int,
    platform: str,
    workers: int,
    alone: bool,
    brief: bool,
) -> Any:
    """A part of the engine, jitted over a batch, whose first axis is split among the devices.

    own, shared: how many arguments it has of a dataset's own, and how many that all share. alone: of one dataset,
    without that axis inside, since products of single matrices are faster than batches of one. brief: it is to run for
    less long than it would be compiled.
    """
    one, options = partial(part, method), in_passing() if brief else None
    if alone:
        return jax.jit(_of_one(one, shared), compiler_options=options)
    split, whole = PartitionSpec("data"), PartitionSpec()
    each = jax.vmap(one, in_axes=(0,) * own + (None,) * shared)
    specs = (split,) * own + (whole,) * shared
    mesh = _mesh(platform, workers)
    return jax.jit(jax.shard_map(each, mesh=mesh, in_specs=specs, out_specs=split, check_vma=False))


def _of_one(part: Callable[..., Any], shared: int) -> Callable[..., Any]:
    """The same of a batch of one; the last `shared` arguments have no axis for it."""

    def alone(*given: Any) -> Any:
        own, others = given[: len(given) - shared], given[len(given) - shared :]
        found = part(*jax.tree.map(lambda leaf: leaf[0], own), *others)
        return jax.tree.map(lambda leaf: leaf[None], found)

    return alone


@functools.lru_cache(maxsize=16)
def _first_state(init: Callable[..., Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """An optimizer's state at zero weights, `[1 ...]`: to make one takes as long as many steps of a small run alone."""
    return jax.vmap(init)(np.zeros(shape, dtype))


@dataclass(frozen=True)
class Setting:
    """Where and how a simulation runs.

    w0: start weights a dataset, of a model the flat ones. keys: `[b 2]` what mini-batches are drawn from.
    """

    optimizer: Optimizer
    dtype: type
    platform: str
    w0: Sequence[np.ndarray] | None
    keys: UInt32[np.ndarray, "b 2"] | None

    @property
    def workers(self) -> int:
        """The devices of the platform."""
        return len(devices(self.platform))

    @property
    def largest(self) -> int:
        """The most datasets in one call."""
        return self.workers * _CHUNK.get(devices(self.platform)[0].platform, _CHUNK["gpu"])

    def padded_size(self, count: int) -> int:
        """A few sizes only, all multiples of the number of devices, so that compiled programs are found again.

        A single dataset runs alone, on one device.
        """
        if count == 1:
            return 1
        sizes = [
            -(-size // self.workers) * self.workers for size in (1, 4, 16, 24, 32, 48, *(4**j for j in range(3, 12)))
        ]
        return min(next(s for s in sizes if s >= count), max(self.largest, count))

    def starts(self, places: list[int]) -> list[np.ndarray]:
        """The start weights of these datasets, none where all start at zero."""
        return [] if self.w0 is None else [np.asarray(self.w0[i]) for i in places]


class Chunk:
    """The datasets that run in one call: their places in the caller's list, and the run so far."""

    def __init__(
        self,
        places: list[int],
        datasets: list[Dataset],
        shape: tuple[int, int, int],
        method: Method,
        init: Callable[..., Any],
        setting: Setting,
    ):
        self.places, self.datasets, self.method = places, datasets, method
        self.metrics: list[Metrics] = []
        self.weights: list[np.ndarray] = []
        size = setting.padded_size(len(datasets))
        self.longest = _TOGETHER if size == 1 and datasets[0].x.size <= _SMALL else SEGMENT
        filled = [*range(len(datasets)), *[0] * (size - len(datasets))]
        workers = 1 if size == 1 else setting.workers
        mesh = _mesh(setting.platform, workers)
        split, self.whole = NamedSharding(mesh, PartitionSpec("data")), NamedSharding(mesh, PartitionSpec())
        keys = None if setting.keys is None else setting.keys[[places[i] for i in filled]]
        # Put in place once: a call then neither copies the data nor leaves jax's fast path.
        members, model = [datasets[i] for i in filled], method.model
        if model is not None:
            batch = batches.points(members, shape[0], model.size, setting.dtype, keys)
        elif size == 1 and batches.large(datasets[0]):
            batch = batches.alone(datasets[0], setting.dtype, keys)
        else:
            batch = batches.pad(members, shape, setting.dtype, keys)
        self._where = (setting.platform, workers, size == 1)
        self.segment: Any = None
        self.record: Any = None
        begin = _program(engine.start, recording.recording(method), 2, 0, *self._where, brief=hasty() and size == 1)
        self.first = 0
        w0 = np.zeros(batch.real.shape, setting.dtype)
        for i, start in enumerate(setting.starts(places)):
            w0[(i, *map(slice, start.shape))] = start
        if model is not None:
            w0[len(places) :] = w0[0]
        fresh = size == 1 and model is None and setting.w0 is None
        state = _first_state(init, w0.shape, w0.dtype) if fresh else jax.vmap(init)(w0)
        self.data, w0, state = jax.device_put((batch, w0, state), split)
        self.carry = begin(self.data, w0)._replace(state=state)

    def _choose(self, horizon: int) -> None:
        """Programs for a run so long; they stay, so that a run that is carried on is one run."""
        brief = hasty() and len(self.datasets) == 1 and horizon * self.datasets[0].x.size <= _BRIEF
        self.segment = _program(engine.segment, self.method, 2, 2, *self._where, brief=brief)
        self.record = _program(recording.record, recording.recording(self.method), 2, 1, *self._where, brief=brief)

    def calls(self, times: Int[np.ndarray, " r"]) -> Iterator[Int[np.ndarray, " s"]]:
        """The steps to record, as they go into one call each of `advance`: a segment, or the first segments at once."""
        if self.segment is None:
            self._choose(int(times[-1]))
        last = self.first + _BRIEF // self.datasets[0].x.size
        short = int(np.searchsorted(times, last, side="right")) // SEGMENT * SEGMENT
        first = max(min(short, self.longest), SEGMENT)
        yield from (part for part in np.split(times, range(first, len(times), SEGMENT)) if len(part))

    def advance(self, ends: Int[np.ndarray, " r"]) -> None:
        """Carry the runs on through a few steps, at each of which they are recorded; see `calls`."""
        # One length for all calls: what comes after the last step is recorded there again, and dropped.
        filled = np.concatenate([ends, np.repeat(ends[-1:], self.longest - len(ends))])
        times = jax.device_put((filled.astype(np.int32), np.int32(self.first)), self.whole)
        self.carry, found = self.segment(self.data, self.carry, *times)
        metrics = self.record(self.data, found, times[0])
        self.first = int(ends[-1])
        metrics = jax.tree.map(lambda leaf: np.asarray(leaf)[:, : len(ends)], metrics)
        self._check(ends, metrics)
        weights = np.asarray(found.w)
        for i in range(0, len(ends), SEGMENT):
            self.metrics.append(jax.tree.map(lambda leaf, i=i: leaf[:, i : i + SEGMENT], metrics))
            self.weights.append(np.array(weights[:, min(i + SEGMENT, len(ends)) - 1]))

    def _check(self, ends: Int[np.ndarray, " r"], metrics: Metrics) -> None:
        """Raise `TrajectoryError` where a run has left the numbers, at a step or where it is recorded."""
        count = len(self.places)
        lost = ~np.isfinite(metrics.margin[:count])
        recorded = np.where(lost.any(axis=1), ends[np.argmax(lost, axis=1)], NEVER)
        bad = np.minimum(np.asarray(self.carry.bad_step)[:count], recorded)
        worst = int(np.argmin(bad))
        if bad[worst] != NEVER:
            raise TrajectoryError(
                f"NaN or infinity after {int(bad[worst])} steps on dataset {self.places[worst]}, "
                f"{self.datasets[worst]!r}: give a smaller step size, or an optimizer that is defined there."
            )

    def recorded(self, segments: int) -> Metrics:
        """What the first of the calls recorded, `[b r]`."""
        count = len(self.places)
        return jax.tree.map(lambda *parts: np.concatenate(parts, axis=1)[:count], *self.metrics[:segments])

    def own(self, values: np.ndarray, i: int) -> Any:
        """Of weights of dataset `i` with padding in their last axes those without; of a model its pytrees."""
        model = self.method.model
        if model is not None:
            unravel = model.unravel if values.ndim == 1 else jax.vmap(model.unravel)
            return jax.tree.map(np.asarray, unravel(values))
        shape = self.datasets[i].weights_shape
        return values[(..., *map(slice, shape))]
