"""What a figure shows of a record's curves: quantiles over the datasets, slopes, exact and unknown gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reports.records import Curves

LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Band:
    """Quantiles of a gap over datasets at the times above zero.

    `low`, `median` and `high` are the 10, 50 and 90 % quantiles `[r]`, a gap at or below zero counted as
    zero; NaN where no dataset has a known gap. `exact` datasets reached the margin exactly at some time,
    `exact_at_end` at the last one; `unknown` datasets lack a finite gap at some time. `left_out` is the number
    of times at or below zero, which no logarithmic axis can show.
    """

    times: Float[np.ndarray, " r"]
    low: Float[np.ndarray, " r"]
    median: Float[np.ndarray, " r"]
    high: Float[np.ndarray, " r"]
    datasets: int
    exact: int
    exact_at_end: int
    unknown: int
    left_out: int

    @property
    def drawable(self) -> bool:
        """Whether any quantile is above zero, so that a logarithmic axis can show it."""
        return bool(np.any(self.high > 0))


def band(curves: Curves, name: str = "gap") -> Band | None:
    """The quantile band of the array `name`, `[datasets, r]` or `[r]` for one dataset; None without it."""
    if name not in curves:
        return None
    times = curves.get(f"{name}_time", curves.get("time"))
    if times is None:
        return None
    gap = np.atleast_2d(curves[name])[:, times > 0]
    left_out = int((times <= 0).sum())
    times = times[times > 0]
    known = np.isfinite(gap)
    low, median, high = quantiles(np.where(known, np.maximum(gap, 0.0), np.nan))
    reached = known & (gap <= 0)
    return Band(
        times=times,
        low=low,
        median=median,
        high=high,
        datasets=len(gap),
        exact=int(reached.any(axis=1).sum()),
        exact_at_end=int(reached[:, -1].sum()) if times.size else 0,
        unknown=int((~known).any(axis=1).sum()),
        left_out=left_out,
    )


def quantiles(gap: Float[np.ndarray, "datasets r"]) -> Float[np.ndarray, "3 r"]:
    """The 10, 50 and 90 % quantiles over the datasets that are finite; NaN where none is."""
    result = np.full((len(LEVELS), gap.shape[1]), np.nan)
    known = np.isfinite(gap)
    if not known.any():
        return result
    full = known.all(axis=0)
    some = known.any(axis=0) & ~full
    result[:, full] = np.quantile(gap[:, full], LEVELS, axis=0)  # ten times as fast as the next
    if some.any():
        result[:, some] = np.nanquantile(np.where(known, gap, np.nan)[:, some], LEVELS, axis=0)
    return result


def decades(values: Float[np.ndarray, " r"]) -> Float[np.ndarray, " r"]:
    """The base-10 logarithms, with NaN for what a logarithmic axis cannot show; a line breaks there."""
    shown = np.full(values.shape, np.nan)
    keep = np.isfinite(values) & (values > 0)
    shown[keep] = np.log10(values[keep])
    return shown


def last_slope(times: Float[np.ndarray, " r"], values: Float[np.ndarray, " r"]) -> float | None:
    """The least-squares slope of log values against log times over the last decade of positive values.

    None if fewer than three such values are there.
    """
    x, y = decades(times), decades(values)
    keep = np.isfinite(x) & np.isfinite(y)
    if not keep.any():
        return None
    keep &= x >= x[keep][-1] - 1 - 1e-9
    if keep.sum() < 3:
        return None
    x, y = x[keep] - x[keep].mean(), y[keep] - y[keep].mean()
    return float(x @ y / (x @ x))


def last(values: Float[np.ndarray, " r"]) -> float | None:
    """The last finite value, or None."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if finite.size else None
