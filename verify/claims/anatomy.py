"""The anatomy of a gap: the gap held against its budget, and which part of the budget decays at which rate.

The part that falls slowest says why an optimizer has its rate, and a norm in which the misalignment levels off is not
the geometry that the optimizer follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from verify.claims.envelopes import LN10
from verify.problems.quantity import Measurement
from verify.statistics import Interval

_DECADES = 2.0  # that an exponent is fitted to
_RESAMPLES = 500


@dataclass(frozen=True)
class Part:
    """One part of a bound: the exponent of its median's size, and its share of the bound at the horizon.

    exponent: None where the median is zero or changes its sign in the last two decades, or is not known there;
    without a `low` and `high` (NaN) where that happens to resampled medians. share: None where the bound is not known.
    """

    name: str
    exponent: Interval | None
    share: float | None


@dataclass(frozen=True)
class Anatomy:
    """The parts of a bound over an ensemble, their medians `[r]`, and where the bound is tightest.

    Medians are of the parts in units of each dataset's maximal margin, where there is one, whatever its scale. Shares
    are of the summed medians, so that they add up to 1; a negative part has a negative share.
    ratio, dataset, log_time: the largest quantity over its bound, on which dataset, and when.
    """

    parts: tuple[Part, ...]
    medians: Mapping[str, Float[np.ndarray, " r"]]
    ratio: float
    dataset: int
    log_time: float


def anatomy(m: Measurement) -> Anatomy | None:
    """The anatomy of a measured inequality over its judged datasets; None without parts or without such datasets."""
    if not m.parts or not m.judged.any():
        return None
    unit = 1.0 if m.gamma is None else m.gamma[m.judged][:, None]
    scaled = {name: part[m.judged] / unit for name, part in m.parts.items()}
    medians = {name: _median(part) for name, part in scaled.items()}
    whole = sum(median[-1] for median in medians.values())
    parts = tuple(
        Part(
            name,
            _exponent(m.log_time, part),
            float(medians[name][-1] / whole) if np.isfinite(whole) and whole != 0 else None,
        )
        for name, part in scaled.items()
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(
            m.judged[:, None] & (m.larger_side > 0), (m.values - m.floor[:, None]) / m.larger_side, -np.inf
        )
    row, column = np.unravel_index(int(np.nanargmax(ratio)), ratio.shape)
    return Anatomy(parts, medians, float(ratio[row, column]), int(row), float(m.log_time[column]))


def _median(values: Float[np.ndarray, "*s b r"]) -> Float[np.ndarray, "*s r"]:
    """Median over the datasets that have a value; NaN where none has."""
    some = np.any(~np.isnan(values), axis=-2, keepdims=True)
    middle = np.nanmedian(np.where(some, values, 0.0), axis=-2)
    return np.where(np.squeeze(some, axis=-2), middle, np.nan)


def _exponent(log_time: Float[np.ndarray, " r"], values: Float[np.ndarray, "b r"]) -> Interval | None:
    """The log-log slope of the size of the median over the last decades, with its interval over the datasets."""
    recent = log_time >= log_time[-1] - _DECADES * LN10
    if np.count_nonzero(recent) < 3:
        return None
    x, values = log_time[recent], values[:, recent]
    slope = _slopes(x, _median(values)[None])[0]
    if np.isnan(slope):
        return None
    draws = np.random.default_rng(0).integers(0, len(values), (_RESAMPLES, len(values)))
    low, high = np.quantile(_slopes(x, _median(values[draws])), [0.025, 0.975])
    return Interval(float(slope), float(low), float(high))


def _slopes(x: Float[np.ndarray, " r"], medians: Float[np.ndarray, "s r"]) -> Float[np.ndarray, " s"]:
    """Least-squares slopes of `log |median|`; NaN for a median that is zero, unknown, or changes its sign."""
    signs = np.sign(medians)
    whole = np.all((signs == signs[:, :1]) & (signs != 0), axis=1)
    y = np.log(np.abs(np.where(whole[:, None], medians, 1.0)))
    centred = x - x.mean()
    return np.where(whole, y @ centred / (centred @ centred), np.nan)
