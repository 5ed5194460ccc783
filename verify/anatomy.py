"""The anatomy of a gap: the gap held against its budget, and which part of the budget decays at which rate.

The part that falls slowest says why an optimizer has its rate, and a norm in which the misalignment levels off is not
the geometry that the optimizer follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

import solvers.norms
from solvers.norms import Norm
from verify.budget import PARTS, gap_budget
from verify.quantities import Measurement
from verify.rates import LN10, Interval
from verify.trajectory import Trajectories

if TYPE_CHECKING:
    from verify.claims import Claim
    from verify.laboratory import Laboratory

_DECADES = 2.0  # that an exponent is fitted to
_RESAMPLES = 500


@dataclass(frozen=True)
class BudgetedGap:
    """The gap to the maximal margin in the claim's norm, and its gap budget as the larger side: see `verify.budget`.

    While the margin is negative the budget says nothing: there the larger side is infinite and its parts are NaN.
    Datasets whose margin never is above zero are not judged.
    """

    name: str = field(default="gap", init=False)

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        references = lab.references(claim.norm)
        gamma = np.array([r.upper for r in references])
        certified = np.array([r.certified for r in references])
        run = lab.run(claim, budget=True)
        use, log_time, normalised, notes = lab.recorded(run, claim.norm)
        budget = gap_budget(run, lab.datasets, list(gamma), norm=claim.norm, loss=claim.loss)
        reached = ~np.isnan(normalised).any(axis=1)
        silent = run.margin[:, use] < 0
        if not certified.all():
            notes = (*notes, f"{np.count_nonzero(~certified)} references were not certified and are left out")
        measured = Measurement(
            log_time,
            gamma[:, None] - normalised,
            np.zeros(len(gamma)),
            certified & reached & ~silent.all(axis=1),
            lab.datasets,
            gamma,
            (*notes, *_silence(silent, log_time)),
            np.where(silent, np.inf, budget.total[:, use]),
            {name: getattr(budget, name)[:, use] for name in PARTS},
        )
        return replace(measured, floor=_rounding(measured, run, use, claim.norm))


def _silence(silent: np.ndarray, log_time: np.ndarray) -> list[str]:
    """What to say of the steps at which the margin is negative."""
    notes = []
    if late := np.count_nonzero(silent.any(axis=1)):
        last = np.exp(log_time[silent.any(axis=0)][-1])
        notes.append(
            f"the margin of {late} datasets is negative at first, where the budget is silent: to t = {last:.0f}"
        )
    if never := np.count_nonzero(silent.all(axis=1)):
        notes.append(f"{never} of them never have a margin above 0 and are left out")
    return notes


def _rounding(
    m: Measurement, run: Trajectories, use: Int[np.ndarray, " r"], norm: str | Norm
) -> Float[np.ndarray, " b"]:
    """What rounding may do to the gap and its budget, `[b]`.

    Each of the sums over the steps `|v_t|`, `<grad F_t, v_t>` and of the second order, and each margin, is off by at
    most a rounding a step and a point, relative to the sum of its terms' sizes; over `S` these are `gamma`, a margin's
    largest change (twice: in the descent and in the margin) and the second-order part.
    """
    assert m.gamma is not None
    path = run.path[solvers.norms.norm(norm).name]
    second = np.max(run.second_order[:, use] / path[:, use], axis=1)
    return np.finfo(float).eps * (run.time[-1] + m.n[:, 0]) * (2 * m.radius(norm)[:, 0] + m.gamma + second)


def without(*parts: str, share: float = 1.0) -> Callable[[Measurement], Float[np.ndarray, "b r"]]:
    """The larger side with that share of some of its parts left out, for false twins; as silent as the larger side."""

    def upper(m: Measurement) -> Float[np.ndarray, "b r"]:
        assert m.parts is not None
        less = share * np.sum([m.parts[name] for name in parts], axis=0)
        return np.where(np.isinf(m.larger_side), np.inf, m.larger_side - less)

    return upper


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
