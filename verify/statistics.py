"""Medians and shares with their intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

LEVEL = 0.98
"""Two-sided, of the interval of a frequency that a theorem bounds."""


def binomial_interval(errors: int, count: int, level: float = 0.999) -> tuple[float, float]:
    """The exact (Clopper-Pearson) interval of an error rate of which `errors` of `count` were seen."""
    found = stats.binomtest(errors, count).proportion_ci(level, method="exact")
    return float(found.low), float(found.high)


_RESAMPLES = 2000


class Interval(NamedTuple):
    """A statistic with its 95 % bootstrap interval over the ensemble."""

    value: float
    low: float
    high: float


def median(values: Float[np.ndarray, " b"], seed: int = 0) -> Interval:
    """Median over the ensemble with its bootstrap interval (percentiles of resampled medians)."""
    values = np.asarray(values, float)
    draws = np.random.default_rng(seed).integers(0, len(values), (_RESAMPLES, len(values)))
    low, high = np.quantile(np.median(values[draws], axis=1), [0.025, 0.975])
    return Interval(float(np.median(values)), float(low), float(high))
