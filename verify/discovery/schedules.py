"""How fast an optimizer's gap falls under step sizes `t^-a`, against t and against what its weights have travelled.

The clock S is the summed norm of the updates: for methods whose updates have norm 1, the sum of the step sizes. Where a
norm's margin is maximised and the deficit bounded, the gap falls like `1 / S` under every schedule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

import solvers
from verify import statistics
from verify.backend import Progress
from verify.datasets.dataset import Dataset
from verify.losses import Loss
from verify.optimizers.calling import Optimizer
from verify.optimizers.step_sizes import PowerDecay, StepSize
from verify.problems import deficit
from verify.problems.deficit import LN10, Curves
from verify.runs.passing import constants_of
from verify.runs.simulation import run
from verify.runs.trajectory import Trajectories
from verify.statistics import Interval

POWERS = (0.3, 0.5, 2 / 3, 0.8, 1.0)
"""The powers `a` of the schedules."""
FEWEST = 4
"""Datasets that must tell, for an exponent to be given."""
_HALFWAY = 0.5  # relative gap that a dataset must have come to a decade before the end
_ROUNDING = 1e-10  # of a relative gap


@dataclass(frozen=True)
class Scheduled:
    """Runs under one schedule, on `b` datasets at `r` times.

    steps: the step sizes in words. step_size: the same, None where they are of another form. in_time, in_path: the
    exponents p of `t^-p` and `S^-p` by which the gap falls over the last decade of t, with intervals over the
    datasets; None where fewer than `FEWEST` datasets tell. deficit: the slope of `log D` against `log S`, 0 where the
    norm's margin is maximised. tell: datasets that had half of the maximal margin a decade ago, and are not at
    rounding; datasets: how many were run. past: those whose gradients came below every constant that is hidden in the
    optimizer, None where none is: before, exponents are of what lies in between. path: median S at the end. horizon:
    median step at which the runs met the end of the range of floating point, None where fewer than half did. exact:
    whether there is no such step, the optimizer being scale-free. log_time: `[r]`; gap, travelled: `[b r]` relative
    gaps, and S.
    """

    steps: str
    step_size: PowerDecay | None
    in_time: Interval | None
    in_path: Interval | None
    deficit: Interval | None
    tell: int
    datasets: int
    past: int | None
    path: float
    horizon: int | None
    exact: bool
    log_time: Float[np.ndarray, " r"] = field(repr=False)
    gap: Float[np.ndarray, "b r"] = field(repr=False)
    travelled: Float[np.ndarray, "b r"] = field(repr=False)


def total(step_size: StepSize, steps: int) -> float:
    """The sum of the first step sizes."""
    if not callable(step_size):
        return float(step_size) * steps
    return float(np.sum(np.asarray(step_size(np.arange(steps)))))


def as_far(a: float, steps: int, whole: float, first: float) -> PowerDecay:
    """Step sizes `t^-a` whose sum over a run is `whole`, so that what is slow to come is as near under each schedule.

    first: the largest first step, which methods that are not scale-free may ask for. To three digits.
    """
    eta0 = min(whole / total(PowerDecay(1.0, a), steps), first)
    return PowerDecay(float(f"{eta0:.3g}"), a)


def scheduled(
    optimizer: Optimizer,
    datasets: Sequence[Dataset],
    *,
    norm: str,
    loss: Loss,
    steps: int,
    text: str,
    step_size: PowerDecay | None = None,
    progress: Progress | None = None,
) -> Scheduled:
    """Run an optimizer on datasets and read off the exponents in a norm. text: the step sizes in words."""
    c, found = curves(optimizer, datasets, norm=norm, loss=loss, steps=steps, progress=progress)
    tell = telling(c)
    with np.errstate(invalid="ignore", divide="ignore"):
        fallen = -deficit.growth(c, np.zeros_like)
        travelled = np.log1p(deficit.travelled(c)) / LN10
        in_path = np.where(travelled > 0, fallen / travelled, np.nan)
    stopped = found.horizon[found.horizon >= 0]
    return Scheduled(
        text,
        step_size,
        _median(fallen[tell]),
        _median(in_path[tell]),
        _median(deficit.deficit_slopes(c)[tell]),
        int(np.count_nonzero(tell)),
        len(datasets),
        min((constant.passed for constant in constants_of(optimizer, found, datasets)), default=None),
        float(np.median(c.path[:, -1])),
        int(np.median(stopped)) if 2 * len(stopped) > len(datasets) else None,
        found.exact,
        c.log_time,
        c.gap / c.gamma[:, None],
        c.path,
    )


def _median(values: Float[np.ndarray, " b"]) -> Interval | None:
    known = values[np.isfinite(values)]
    return statistics.median(known) if len(known) >= FEWEST else None


def curves(
    optimizer: Optimizer,
    datasets: Sequence[Dataset],
    *,
    norm: str,
    loss: Loss,
    steps: int,
    progress: Progress | None = None,
) -> tuple[Curves, Trajectories]:
    """The gaps in a norm along runs, up to where half of them met the end of the range of floating point."""
    references = solvers.max_margins([s.problem for s in datasets], norm)
    upper, lower = (np.array([getattr(r, side) for r in references]) for side in ("upper", "lower"))
    found = run(optimizer, datasets, loss=loss, steps=steps, norms=[norm], budget=True, progress=progress)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = upper[:, None] - found.normalised_margin(norm)
    known = np.flatnonzero(2 * np.count_nonzero(np.isfinite(gap), axis=0) >= len(gap))
    use = slice(int(known[0]), int(known[-1]) + 1) if len(known) else slice(0, 1)
    gap, size, path = (values[:, use] for values in (gap, found.norms[norm], found.path[norm]))
    unknown = np.full(gap.shape, np.nan)
    floor = np.maximum(upper - lower, _ROUNDING * upper)
    judged = np.isfinite(gap[:, -1])
    return Curves(np.log(found.time[use]), gap, upper, size, path, unknown, unknown, floor, judged), found


def telling(c: Curves) -> Bool[np.ndarray, " b"]:
    """Datasets that had half of the maximal margin a decade before the end, and whose gap is above rounding."""
    before = int(np.argmin(np.abs(c.log_time - c.log_time[-1] + LN10)))
    return c.judged & c.resolved & (c.gap[:, before] <= _HALFWAY * c.gamma)
