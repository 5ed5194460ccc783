"""How what a run needs depends on points, features and the margin: one moves, the others are held.

Two quantities of a run, both in the clock S of what the weights have travelled: how far they travel until they have
half of the maximal margin, and the deficit `D = |W| gap` that stays, by which the gap is `D / |W|`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from verify import statistics
from verify.backend import Progress
from verify.discovery.held import Size, held
from verify.discovery.schedules import FEWEST, curves, telling
from verify.losses import Loss
from verify.optimizers.calling import Optimizer
from verify.problems import deficit
from verify.problems.deficit import Curves
from verify.seeds import derived_seed
from verify.statistics import Interval

BASE = Size(8, 8, 1.0)
"""What is held."""
MOVED: dict[str, tuple[float, ...]] = {"n": (4, 8, 16, 32), "d": (4, 8, 16, 32), "gamma": (0.4, 0.63, 1.0, 1.6)}
"""By the parameter that moves, its values."""
REACH, DEFICIT = "S until half of the margin", "deficit"
QUANTITIES = (REACH, DEFICIT)
_HALF = 0.5


@dataclass(frozen=True)
class SizeExponent:
    """An exponent p: the quantity goes like `parameter^p` while the other parameters are held.

    parameter: "n", "d" or "gamma". exponent: median over the replicates, with its interval; None where fewer than
    `FEWEST` replicates have the quantity at two values or more. values: those of the parameter. medians: of the
    quantity at each, NaN where no replicate has it. replicates: those that tell.
    """

    parameter: str
    quantity: str
    exponent: Interval | None
    values: tuple[float, ...]
    medians: tuple[float, ...]
    replicates: int


def size_exponents(
    optimizer: Optimizer,
    *,
    norm: str,
    loss: Loss,
    steps: int,
    seed: int,
    replicates: int = 8,
    matrix: bool = False,
    progress: Progress | None = None,
) -> tuple[SizeExponent, ...]:
    """Measure the exponents of both quantities in each parameter, in a norm. matrix: as of `held`."""
    sizes = list(dict.fromkeys(_size(name, value) for name, values in MOVED.items() for value in values))
    seeds = [derived_seed(seed, "dependence", str(i)) for i in range(replicates)]
    datasets = [dataset for each in seeds for dataset in held(sizes, norm=norm, seed=each, matrix=matrix)]
    c, _ = curves(optimizer, datasets, norm=norm, loss=loss, steps=steps, progress=progress)
    found = dict(zip(QUANTITIES, (reach(c), _deficit(c)), strict=True))
    places = {size: i for i, size in enumerate(sizes)}
    told = []
    for name, values in MOVED.items():
        columns = [places[_size(name, value)] for value in values]
        for quantity, each in found.items():
            told.append(_fitted(name, quantity, values, each.reshape(replicates, -1)[:, columns]))
    return tuple(told)


def _size(name: str, value: float) -> Size:
    return BASE._replace(**{name: value})


def reach(c: Curves) -> Float[np.ndarray, " b"]:
    """What was travelled when the gap fell below half of gamma for good, NaN where it has not."""
    above = ~(c.gap <= _HALF * c.gamma[:, None])
    last = np.where(above.any(axis=1), above.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1), -1)
    found = np.full(len(c.gamma), np.nan)
    for i, at in enumerate(last):
        if 0 <= at < above.shape[1] - 1 and np.isfinite(c.gap[i, at]):
            share = c.gap[i, at : at + 2] / c.gamma[i]
            found[i] = np.exp(np.interp(-_HALF, -share, np.log(c.path[i, at : at + 2])))
    return found


def _deficit(c: Curves) -> Float[np.ndarray, " b"]:
    """The last deficit, NaN where the run does not tell of it."""
    return np.where(telling(c), deficit.deficit(c)[:, -1], np.nan)


def _fitted(name: str, quantity: str, values: Sequence[float], found: Float[np.ndarray, "b v"]) -> SizeExponent:
    logs = np.log(np.array(values, float))
    with np.errstate(invalid="ignore", divide="ignore"):
        heights = np.log(found)
    slopes = []
    for row in heights:
        known = np.isfinite(row)
        if known.sum() >= 2:
            slopes.append(float(np.polyfit(logs[known], row[known], 1)[0]))
    told = statistics.median(np.array(slopes)) if len(slopes) >= FEWEST else None
    known = [column[np.isfinite(column)] for column in found.T]
    medians = tuple(float(np.median(each)) if len(each) else np.nan for each in known)
    return SizeExponent(name, quantity, told, tuple(map(float, values)), medians, len(slopes))
