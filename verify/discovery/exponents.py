"""Exponents of a quantity in one size of the problem, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from verify import statistics
from verify.statistics import Interval

FEWEST = 4
"""Sweeps, below which nothing is said."""
_RESAMPLES = 2000
_WINDOW = np.log(10.0) / 3


@dataclass(frozen=True)
class Dependence:
    """Exponents of one ensemble, or of all together.

    median: of the single sweeps' exponents. worst: the exponent of the largest value at each size; beyond: the same
    over the upper half of the values. told: how many of `of` sweeps have a value at each size; without enough of them
    there are no exponents.
    """

    ensemble: str
    median: Interval | None
    worst: Interval | None
    beyond: Interval | None
    told: int
    of: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "ensemble": self.ensemble,
            "median": ends(self.median),
            "worst": ends(self.worst),
            "beyond": ends(self.beyond),
            "told": self.told,
            "of": self.of,
        }


def late(
    clock: Float[np.ndarray, " r"], values: Float[np.ndarray, "b r"], back: float = 0.0
) -> Float[np.ndarray, " b"]:
    """The largest known value in a third of a decade that ends so much before the clock's end; NaN where there is none.

    clock: logarithms. back: in its units.
    """
    age = clock[-1] - clock - back
    inside = (age >= -1e-9) & (age <= _WINDOW)
    known = np.where(np.isnan(values), -np.inf, values)
    largest = np.max(known, axis=1, initial=-np.inf, where=inside)
    return np.where(np.isinf(largest), np.nan, largest)


def dependence(name: str, x: Float[np.ndarray, " v"], levels: Float[np.ndarray, "s v"]) -> Dependence:
    """The exponents of sweeps of that name. x: logarithms of the sizes. levels: positive, NaN where not known."""
    tells = levels[~np.isnan(levels).any(axis=1)]
    if len(tells) < FEWEST:
        return Dependence(name, None, None, None, len(tells), len(levels))
    upper = slice(len(x) // 2, None)
    return Dependence(
        name,
        statistics.median(slopes(x, tells)),
        worst(x, tells),
        worst(x[upper], tells[:, upper]),
        len(tells),
        len(levels),
    )


def slopes(x: Float[np.ndarray, " v"], levels: Float[np.ndarray, "s v"]) -> Float[np.ndarray, " s"]:
    """The exponents of the sweeps by least squares in the logarithms."""
    away = x - x.mean()
    return np.log(levels) @ away / (away @ away)


def worst(x: Float[np.ndarray, " v"], levels: Float[np.ndarray, "s v"]) -> Interval:
    """The exponent of the largest value at each size, with percentiles over resampled sweeps."""
    value = float(slopes(x, levels.max(axis=0)[None])[0])
    draws = np.random.default_rng(0).integers(0, len(levels), (_RESAMPLES, len(levels)))
    low, high = np.quantile(slopes(x, levels[draws].max(axis=1)), [0.025, 0.975])
    # The largest of resampled sweeps is never above the largest of all, which may leave it outside.
    return Interval(value, min(float(low), value), max(float(high), value))


def shown(interval: Interval | None) -> str:
    """An exponent with its interval, for a table; a dash where there is none."""
    return "–" if interval is None else _written(interval)


def _written(interval: Interval) -> str:
    value, low, high = (round(each, 2) + 0.0 for each in interval)  # no minus zero
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def ends(interval: Interval | None) -> dict[str, float] | None:
    """An exponent with its interval as plain data."""
    return None if interval is None else {"exponent": interval.value, "low": interval.low, "high": interval.high}
