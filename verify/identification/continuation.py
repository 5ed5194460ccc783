"""What becomes of an optimizer's runs: weights at steps a third of a decade apart, carried on in log time.

Where an optimizer ends as gradient descent in the coordinates `D^(-1/2) w` (see `verify.identification.response`), and
has come to that, its run is carried on by the gradient flow of these coordinates, from the run's last weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from verify.backend import Progress
from verify.datasets.dataset import Dataset
from verify.flows.flow import carry_on
from verify.identification.response import Response, gradient_sizes, responses
from verify.losses import Loss
from verify.optimizers.calling import Optimizer
from verify.runs.sampling import ALL, Sampling
from verify.runs.simulation import Simulation
from verify.runs.trajectory import POINTS_A_DECADE, SEGMENT, Trajectories, grid_to

PARTS = POINTS_A_DECADE // SEGMENT  # of a decade: the run's weights are kept at their ends


@dataclass(frozen=True)
class Course:
    """Runs of one optimizer on `b` datasets, at `r` times of which the first `discrete` are steps.

    log_time: `[r]`. weights: per dataset `[r, ...]`, NaN after a precision horizon. gradients: `[b discrete]` root mean
    squares of the gradient's entries, as logarithms. exact: whether the optimizer is scale-free. responses: how the
    optimizer answers tiny gradients, if linearly. carried: whether the times after `discrete` are those of a flow.
    record: what the discrete runs recorded, the sums of the gap budget too where steps see all points. how: which
    points they see.
    """

    log_time: Float[np.ndarray, " r"]
    weights: list[np.ndarray]
    discrete: int
    gradients: Float[np.ndarray, "b s"]
    exact: bool
    responses: list[Response] | None
    record: Trajectories
    how: Sampling = ALL

    @property
    def carried(self) -> bool:
        """Whether the times after `discrete` are those of a flow."""
        return self.discrete < len(self.log_time)


def course(
    optimizer: Optimizer,
    datasets: Sequence[Dataset],
    *,
    loss: Loss,
    norms: Sequence[str],
    steps: int,
    log_time: float,
    how: Sampling = ALL,
    seed: int = 0,
    progress: Progress | None = None,
) -> Course:
    """Run an optimizer from zero weights to `steps`, and where it has become gradient descent on to `e^log_time`.

    Runs on mini-batches are not carried on.
    """
    run = Simulation(optimizer, datasets, loss=loss, norms=norms, budget=how.full, how=how, seed=seed)
    times, weights, gradients = _discrete(run, steps, progress)
    exact, end = run.exact, len(times)
    result = run.result()
    horizon = result.horizon
    kept = [_until(w, times, int(stop)) for w, stop in zip(weights, horizon, strict=True)]
    found = responses(run) if not loss.of_log and (horizon < 0).all() else None
    logs = np.log(times)
    if found is not None and all(r.reached for r in found) and log_time > logs[-1]:
        later, flows = _carried(datasets, loss, [w[-1] for w in kept], found, float(logs[-1]), log_time, progress)
        logs = np.concatenate([logs, later[1:]])
        kept = [np.concatenate([w, flow[1:]]) for w, flow in zip(kept, flows, strict=True)]
    return Course(logs, kept, end, gradients, exact, found, result, how)


def _discrete(run: Simulation, steps: int, progress: Progress | None) -> tuple[np.ndarray, list, np.ndarray]:
    grid = grid_to(steps)
    times, weights, gradients = [], [], []
    for first in range(0, len(grid), SEGMENT):
        run.through(grid[first : first + SEGMENT])
        times.append(int(run.time[-1]))
        weights.append(run.result().weights)
        gradients.append(gradient_sizes(run))
        if progress:
            progress(times[-1], steps)
    return np.array(times), [np.stack(w) for w in zip(*weights, strict=True)], np.stack(gradients, axis=1)


def _until(weights: np.ndarray, times: np.ndarray, horizon: int) -> np.ndarray:
    """The weights, NaN after the precision horizon (-1: there was none)."""
    if horizon < 0:
        return weights
    past = (times > horizon).reshape(-1, *[1] * (weights.ndim - 1))
    return np.where(past, np.nan, weights)


def _carried(
    datasets: Sequence[Dataset],
    loss: Loss,
    starts: list[np.ndarray],
    found: list[Response],
    start: float,
    log_time: float,
    progress: Progress | None,
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The flow `dw/dt = -D grad`, as gradient flow in the coordinates `D^(-1/2) w`.

    With step sizes that fall like `t^-a`, its time is `T^a t^(1-a) / (1 - a)` for a run of `T` steps.
    """
    a = found[0].decay
    clock = lambda log_t: a * start + (1 - a) * log_t - math.log(1 - a)  # noqa: E731 - one formula, used twice
    roots = [np.sqrt(r.gain) for r in found]
    scaled = [_scaled(dataset, root) for dataset, root in zip(datasets, roots, strict=True)]
    inner = [(w / root).reshape(s.weights_shape) for w, root, s in zip(starts, roots, scaled, strict=True)]
    grid, flows = carry_on(scaled, inner, start=clock(start), log_time=clock(log_time), loss=loss, progress=progress)
    log_times = (grid - a * start + math.log(1 - a)) / (1 - a)
    weights = [root * flow.reshape(len(flow), *root.shape) for root, flow in zip(roots, flows, strict=True)]
    return log_times, weights


def _scaled(dataset: Dataset, root: np.ndarray) -> Dataset:
    """The dataset of which `w / root` are the weights.

    With classes and a gain that differs among them, its points are the margin vectors: every rival of a point is a
    point of its own. The losses' tails, and so the flows' limits, are the same.
    """
    if dataset.binary or np.ptp(root, axis=0).max() == 0:
        return replace(dataset, x=dataset.x * (root if dataset.binary else root[0]))
    vectors = dataset.margin_vectors * root.ravel()
    return Dataset(vectors, np.ones(len(vectors), dtype=int), dataset.name)
