"""Trajectories of optimizers on many datasets at once, recorded at steps of a geometric grid or at one's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Int

import solvers.norms
from solvers.errors import InputError
from solvers.layered import Layered, flat_norm
from solvers.norms import Norm
from verify.backend import Progress, devices, working_on
from verify.datasets.dataset import Dataset
from verify.losses import Loss
from verify.losses import loss as loss_named
from verify.models.model import Model, Params, Shaped
from verify.optimizers.calling import Optimizer, calling
from verify.optimizers.homogeneity import check_optimizer, harmless_padding, probe
from verify.runs import batches
from verify.runs.chunk import Chunk, Setting
from verify.runs.engine import Method
from verify.runs.flattened import flattened
from verify.runs.sampling import ALL, Sampling
from verify.runs.sampling import keys as keys_of
from verify.runs.trajectory import EPOCHS, SEGMENT, Trajectories, grid, recorded_steps
from verify.seeds import generator


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


def _starts(model: Model, datasets: Sequence[Dataset], w0: Sequence[Params] | None, seed: int) -> list[np.ndarray]:
    """Flat start parameters of each dataset, drawn from the seed, the model's name and the dataset by default."""
    if w0 is not None and len(w0) != len(datasets):
        raise InputError(f"w0 holds {len(w0)} start parameters for {len(datasets)} datasets: give some for each.")
    found = []
    for i, s in enumerate(datasets):
        shaped = model.at(s.d, s.classes or 1)
        if w0 is None:
            rng = generator(s.x, s.y, f"start of {model.name} {seed}")
            found.append(shaped.start(rng.integers(0, 2**32, 2, dtype=np.uint32)))
        else:
            found.append(shaped.flat(w0[i]))
        if not np.isfinite(found[-1]).all():
            raise InputError(f"The start parameters of dataset {i} are not finite: give others, or mend the init.")
    return found


def _known(late: np.ndarray, weights: Any) -> Any:
    """Weights at the times, an array or a pytree of them, with NaN where they are past a horizon."""

    def each(row: np.ndarray) -> np.ndarray:
        beside = late.reshape(-1, *[1] * (row.ndim - 1)) if row.size else np.zeros(row.shape, bool)
        return np.where(beside, np.nan, row)

    return jax.tree.map(each, weights)


def _check_modelled(model: Any, budget: bool) -> None:
    if not isinstance(model, Model):
        raise InputError(f"The model is of type {type(model).__name__}: give a verify.models.Model.")
    if budget:
        raise InputError(f"The gap budget is one of linear models, not of the {model}: give no budget.")


def _check_sampled(asks: tuple[str, ...], how: Sampling) -> None:
    if not how.full and "value_fn" in asks:
        raise InputError(
            f"The optimizer searches along a line for a smaller loss, which {how} have not twice the same: "
            "give it full batches."
        )


class Simulation:
    """Runs of an optimizer on datasets that can be carried on to a later horizon; see `run`."""

    def __init__(
        self,
        optimizer: Optimizer,
        datasets: Sequence[Dataset],
        *,
        loss: str | Loss = "logistic",
        norms: Sequence[str | Norm | Layered] = ("l2",),
        budget: bool = False,
        dtype: type = np.float64,
        w0: Sequence[Any] | None = None,
        how: Sampling = ALL,
        seed: int = 0,
        weights: bool = False,
        average: bool = False,
        model: Model | None = None,
    ):
        if not datasets:
            raise InputError("There are no datasets to run on: give at least one.")
        for i, dataset in enumerate(datasets):
            if not isinstance(dataset, Dataset):
                raise InputError(f"Dataset {i} is a {type(dataset).__name__}: make it a verify.Dataset(x, y).")
        if not np.issubdtype(dtype, np.floating):
            raise InputError(f"Runs cannot be made in {np.dtype(dtype)}: give a floating-point type, as numpy.float64.")
        check_optimizer(optimizer)
        if model is None:
            _check_starts(w0, datasets)
        else:
            _check_modelled(model, budget)
            w0 = _starts(model, datasets, w0, seed)
        how.check(datasets)
        keys = None if how.full else keys_of(datasets, seed)
        self.setting = Setting(optimizer, dtype, devices()[0].platform, w0, keys)
        self.norms = tuple(dict.fromkeys(n if isinstance(n, Layered) else solvers.norms.norm(n) for n in norms))
        if len({n.name for n in self.norms}) < len(self.norms):
            raise InputError(f"Two norms have one name among {', '.join(map(str, self.norms))}: rename one of them.")
        self.count, self.how, self.model = len(datasets), how, model
        self.chunks: list[Chunk] = []
        self.exact = True
        self.time = np.zeros(0, np.int64)
        self._called: list[int] = []  # how many times were recorded after each call
        for shape, places in self._parts(datasets):
            members = [datasets[i] for i in places]
            _, d, k = shape
            shaped = None if model is None else model.at(d, k or 1)
            own = flattened(optimizer, shaped) if shaped is not None else optimizer
            shape_of_weights = (shaped.size,) if shaped is not None else (k, d) if k else (d,)
            called = calling(own, shape_of_weights, dtype)
            _check_sampled(called.asks, how)
            homogeneity = probe(own, shape_of_weights)
            self.exact &= homogeneity.scale_free
            method = Method(
                called.update,
                loss_named(loss),
                self._norms_on(shaped, k),
                homogeneity,
                budget,
                called.asks,
                called.measured,
                how,
                weights,
                average,
                shaped,
            )
            self.chunks.append(Chunk(places, members, shape, method, called.init, self.setting))

    def _norms_on(self, shaped: Shaped | None, k: int) -> tuple[Any, ...]:
        """The norms as functions of the weights that the engine has."""
        if shaped is not None:
            return tuple(flat_norm(norm, shaped.shapes) for norm in self.norms)
        if layered := [norm.name for norm in self.norms if isinstance(norm, Layered)]:
            raise InputError(f"The norm {layered[0]} is of a model's layers: give model=, or a norm of one array.")
        if not k and (matrix := [norm.name for norm in self.norms if isinstance(norm, Norm) and norm.matrix_only]):
            raise InputError(f"The norm {matrix[0]} needs a weight matrix: use it with class labels.")
        return self.norms

    def _parts(self, datasets: Sequence[Dataset]) -> list[tuple[tuple[int, int, int], list[int]]]:
        size = self.setting.largest
        if self.model is not None:
            groups = batches.group_points(datasets).items()
        else:
            pad_weights = batches.unpadded(datasets) or all(
                harmless_padding(self.setting.optimizer, not binary) for binary in {s.binary for s in datasets}
            )
            groups = batches.group(datasets, pad_weights).items()
        return [(shape, places[i : i + size]) for shape, places in groups for i in range(0, len(places), size)]

    def advance(self, steps: int, progress: Progress | None = None) -> Simulation:
        """Carry every run on to `steps`, or a little farther (see `grid`), so that it can be carried on again.

        Raises `TrajectoryError` at NaN or infinity.
        """
        return self.through(grid(steps)[len(self.time) :], progress)

    def through(self, times: Int[np.ndarray, " r"], progress: Progress | None = None) -> Simulation:
        """Carry every run on through these steps, which rise from where it is, and record at each.

        Raises `TrajectoryError` at NaN or infinity.
        """
        if not len(times):
            return self
        total, done = sum(int(times[-1]) - chunk.first for chunk in self.chunks for _ in chunk.places), 0
        for chunk in self.chunks:
            for ends in chunk.calls(times):
                before = chunk.first
                chunk.advance(ends)
                done += (chunk.first - before) * len(chunk.places)
                if progress:
                    progress(done, total)
        first = len(self.time)
        self._called += [min(first + i + SEGMENT, first + len(times)) for i in range(0, len(times), SEGMENT)]
        self.time = np.concatenate([self.time, times])
        return self

    def result(self, until: int | None = None) -> Trajectories:
        """The curves so far, or those of a run that was only carried on to `until` (see `grid`).

        Raises `InputError` before the first step, and where the simulation has not come so far.
        """
        if not len(self.time):
            raise InputError("The simulation has made no step yet: call advance before result.")
        time = self.time if until is None else grid(until)
        if len(time) > len(self.time):
            raise InputError(f"The simulation has made {self.time[-1]} steps: call advance before result({until}).")
        b, r, segments = self.count, len(time), self._called.index(len(time)) + 1
        empty = lambda: np.full((b, r), np.nan)  # noqa: E731 - one fresh array a field
        margin, log_loss, log_slope, descent, second = (empty() for _ in range(5))
        norms = {n.name: empty() for n in self.norms}
        path = {n.name: empty() for n in self.norms}
        starved, horizon, epoch = np.zeros((b, r), bool), np.full(b, -1), np.ones(b, np.int64)
        weights, kept, averages = ([np.empty(0)] * b for _ in range(3))
        alignment = None if self.model is None else empty()
        for chunk in self.chunks:
            rows, count = chunk.places, len(chunk.places)
            m = chunk.recorded(segments)
            margin[rows], log_loss[rows], log_slope[rows] = m.margin, m.log_loss, m.log_slope
            descent[rows], second[rows], starved[rows] = m.descent, m.second_order, m.starved
            if alignment is not None:
                alignment[rows] = m.alignment
            for j, norm in enumerate(self.norms):
                norms[norm.name][rows], path[norm.name][rows] = m.norms[..., j], m.path[..., j]
            stop = np.asarray(chunk.carry.horizon_step)[:count]
            horizon[rows] = np.where(stop < time[-1], stop, -1)
            last = chunk.weights[segments - 1]
            for i, place in enumerate(rows):
                weights[place] = chunk.own(last[i], i)
                epoch[place] = self.how.epoch(chunk.datasets[i].n)
                for found, into in ((m.weights, kept), (m.average, averages)):
                    if isinstance(found, np.ndarray):
                        into[place] = chunk.own(found[i], i)
        past = (horizon[:, None] >= 0) & (time[None, :] > horizon[:, None])
        aligned = () if alignment is None else (alignment,)
        for curve in (margin, log_loss, log_slope, descent, second, *norms.values(), *path.values(), *aligned):
            curve[past] = np.nan
        for rows in (kept, averages):
            rows[:] = [_known(late, row) for late, row in zip(past, rows, strict=True)]
        method = self.chunks[0].method
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
            epoch,
            kept if method.keep else None,
            averages if method.average else None,
            1 if self.model is None else self.model.degree,
            alignment,
        )


def run(
    optimizer: Optimizer,
    datasets: Dataset | Sequence[Dataset],
    *,
    loss: str | Loss = "logistic",
    steps: int = 10_000,
    norms: Sequence[str | Norm | Layered] = ("l2",),
    budget: bool = False,
    dtype: type = np.float64,
    platform: str | None = None,
    w0: Sequence[Any] | None = None,
    sampling: str = "full",
    batch: int | None = None,
    seed: int = 0,
    record: str | Iterable[int] | None = None,
    weights: bool = False,
    average: bool = False,
    model: Model | None = None,
    progress: Progress | None = None,
) -> Trajectories:
    """Run an optimizer on datasets from zero weights, and record margins and norms at steps of a geometric grid.

    optimizer: any optax transformation. Scale-free ones (sign, normalised, eps = 0) run exactly at any margin;
    others end at a precision horizon, which the result names. What it asks for beside the gradient (the loss, its
    value) it gets, and weights that it keeps for evaluation are those measured (`verify.optimizers.calling`).
    datasets: all of them run at once, padded to a few shapes; their kinds and sizes may differ.
    steps: the run ends there. record: the steps to record beside the last, or `epochs` for whole epochs; by default
    twelve a decade, back from the end.
    norms: norms of the weights to record. budget: also record the sums of the gap budget (`verify.runs.budget`).
    weights, average: also keep the weights at the recorded steps, and the means of the weights after each step so far.
    w0: start weights per dataset, in its own shape, zero by default. platform: where to run, "cpu" or "gpu".
    sampling: `full`, `cyclic`, `reshuffled` or `with-replacement`; all but the first take mini-batches of `batch`
    points (see `verify.runs.sampling`), drawn from the seed and the dataset. What is recorded is of all points.
    model: a network, say, whose parameters are trained in place of a linear classifier's weights: `verify.models`. They
    start as its `init` says, drawn from the seed and the dataset; `w0` is then one pytree a dataset. The optimizer sees
    the pytree, and an update of 0/0 of a parameter without any gradient is 0.
    Raises `InputError` on bad input, `TrajectoryError` at NaN or infinity.
    """
    datasets = [datasets] if isinstance(datasets, Dataset) else list(datasets)
    how = Sampling(sampling, batch)
    times = recorded_steps(steps, record, _epoch(how, datasets) if record == EPOCHS else 1)
    with working_on(platform):
        simulation = Simulation(
            optimizer, datasets, loss=loss, norms=norms, budget=budget, dtype=dtype, w0=w0, how=how, seed=seed,
            weights=weights, average=average, model=model,
        )  # fmt: skip
        return simulation.through(times, progress).result()


def _epoch(how: Sampling, datasets: Sequence[Dataset]) -> int:
    """The steps of an epoch, which must be as many on all datasets."""
    steps = sorted({how.epoch(s.n) for s in datasets if isinstance(s, Dataset)})
    if len(steps) > 1:
        raise InputError(
            f"Epochs have {steps[0]} to {steps[-1]} steps on these datasets: give datasets of one size, or the steps "
            "to record."
        )
    return steps[0] if steps else 1
