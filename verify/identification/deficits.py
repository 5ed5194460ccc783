"""How the deficit grows in each norm, and what that says of two norms and of all of them.

Along a run `D = gamma |W| - margin(W)` is bounded in a norm whose margin is maximised, and grows like `|W|` in another:
the slope of `log D` against `log |W|` is 0 or 1 (see `verify.problems.deficit`). Where the weights have come to rest (a
weight decay) that slope says nothing, and the gap itself is looked at; of runs carried on in log time the share gained.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from verify.identification.continuation import PARTS, Course
from verify.identification.shares import _FALL, _FALLING, _FITS, _Geometry, _last, _Measured, may_level_off
from verify.problems import deficit
from verify.problems.deficit import FALLS, LN10, STANDS, Curves
from verify.runs.trajectory import POINTS_A_DECADE, SEGMENT

EVERYWHERE = 0.9  # of the datasets, on which the gap in a norm must fall for the norm to be named
MOSTLY = 0.5  # of the datasets, on which it must have stood still in every norm for none to be followed
_ERRORS = 3.0  # standard errors by which fewer gaps must fall in a rival
_FEWEST = 4  # datasets to which errors apply; of fewer, each must stand still in the rival
_BEGUN = -10.0  # log of the loss, a decade before the end, from which on a run is past its beginning
_STRAIGHT, _CROOKED = 0.02, 0.05  # misalignments of updates that follow a norm, and of updates that do not
_LEVEL = 0.9  # of the misalignment a decade ago: one that does not fall any more
_RESTS = 0.05  # growth of the weights a decade below which their growth is no scale; log t has more up to t = e^46
_ROUNDING = 1e-10  # of a relative gap
_TELLS = 3.0  # deficits that a rival's plateau must come to, to be seen


@dataclass(frozen=True)
class _Deficits:
    """By norm and dataset, at the end: slope of the deficit over the last decade; whether the gap falls, and whether it
    stood still for two decades; the updates' misalignment over the last decade, and over the one before (of
    mini-batches that of their sums); the deficit over the weights' norm and gamma, the relative gap. moved, rests: by
    dataset, whether there are weights, and whether they have come to rest. pace: exponent of the weights' norm against
    t. carried: whether the end is that of a flow, of which the updates' misalignment says nothing.
    """

    slope: Float[np.ndarray, "norms b"]
    falls: Bool[np.ndarray, "norms b"]
    stands: Bool[np.ndarray, "norms b"]
    crooked: Float[np.ndarray, "norms b"]
    before: Float[np.ndarray, "norms b"]
    gap: Float[np.ndarray, "norms b"]
    moved: Bool[np.ndarray, " b"]
    rests: Bool[np.ndarray, " b"]
    pace: Float[np.ndarray, " b"]
    carried: bool


def _deficits(run: Course, measured: _Measured) -> _Deficits:
    curves = [_curves(run, *each) for each in zip(measured.geometries, measured.reached, strict=True)]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.stack([deficit.deficit_slopes(c) for c in curves])
        resolved = np.stack([c.resolved for c in curves])
        stands = np.stack([deficit.stands(c) for c in curves])
        grown = np.stack([deficit.travelled(c) for c in curves]).max(axis=0)
        gap = np.stack([c.relative[:, -1] for c in curves])
        rests = np.zeros(len(grown), bool) if run.carried else grown < _RESTS
        falls = _fitting(measured) if run.carried else np.where(rests, gap <= _FITS, ~resolved | (slope < FALLS))
    moved = np.array([bool(w[0 if run.carried else -1].any()) for w in run.weights])
    crooked, before = (np.stack([_misalignment(g, run, back) for g in measured.geometries]) for back in (0, 1))
    with np.errstate(invalid="ignore"):
        pace = np.log1p(np.maximum(grown, 0)) / LN10
    return _Deficits(
        slope, falls & moved, stands & moved & ~rests, crooked, before, gap, moved, rests, pace, run.carried
    )


def _fitting(measured: _Measured) -> Bool[np.ndarray, "norms b"]:
    """Of runs in log time: which gaps are none, or fall as if they had no floor."""
    gap, before = 1 - _last(measured.share), 1 - _last(measured.share, PARTS)
    return (gap <= _FITS) | ((gap <= _FALLING) & (gap <= _FALL * before))


def _curves(run: Course, geometry: _Geometry, reached: Float[np.ndarray, "b r"]) -> Curves:
    """Gaps and sizes in one norm; the weights' norm serves as what they travelled.

    Of a weighted norm, and of runs in log time, at a few times only. Runs that met their precision horizon are shifted
    to end there: the times are evenly spaced in their logarithm.
    """
    upper, lower = (np.array([getattr(r, side) for r in geometry.references]) for side in ("upper", "lower"))
    record = run.record
    if run.carried or geometry.scales is not None:
        log_time = np.log(run.log_time) if run.carried else run.log_time
        gap = (1 - reached) * upper[:, None]
        size = np.stack([geometry.sizes(i, w) for i, w in enumerate(run.weights)])
    else:
        log_time = np.log(record.time)
        size = record.norms[geometry.name]
        with np.errstate(invalid="ignore", divide="ignore"):
            gap = upper[:, None] - record.margin / size
    gap, size = (_ending(values) for values in (gap, size))
    floor = np.maximum(upper - lower, _ROUNDING * upper)
    unknown = np.full(gap.shape, np.nan)
    return Curves(log_time, gap, upper, size, size, unknown, unknown, floor, np.ones(len(upper), bool))


def _ending(values: Float[np.ndarray, "b r"]) -> Float[np.ndarray, "b r"]:
    """Rows shifted to end with their last number, NaN before their first."""
    shifted = np.full(values.shape, np.nan)
    for row, out in zip(values, shifted, strict=True):
        known = np.flatnonzero(np.isfinite(row))
        if known.size:
            out[len(row) - 1 - known[-1] :] = row[: known[-1] + 1]
    return shifted


def _misalignment(geometry: _Geometry, run: Course, back: int) -> Float[np.ndarray, " b"]:
    """Of the updates of a decade of steps; NaN for a weighted norm, and where there is no such decade."""
    if not run.how.full:
        return _misalignment_of_sums(geometry, run, back)
    end = len(run.record.time) - 1 - back * POINTS_A_DECADE
    if geometry.scales is not None or end < 1:
        return np.full(len(run.weights), np.nan)
    begin = max(end - POINTS_A_DECADE, 0)
    gamma = np.array([r.lower for r in geometry.references])
    descent, path = (_ending(x) for x in (run.record.descent, run.record.path[geometry.name]))
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - (descent[:, end] - descent[:, begin]) / (gamma * (path[:, end] - path[:, begin]))


def _misalignment_of_sums(geometry: _Geometry, run: Course, back: int) -> Float[np.ndarray, " b"]:
    """Of what the updates of mini-batches add up to, which are crooked one by one, and not in the mean.

    The sums are those of thirds of a decade; their descent is the fall of the log loss of all points. NaN where the
    first of them is no epoch long.
    """
    end = run.discrete - 1 - back * PARTS
    begin = end - PARTS
    if begin < 0:
        return np.full(len(run.weights), np.nan)
    # Of the recorded steps, those at which the weights are kept.
    time, log_loss = run.record.time[SEGMENT - 1 :: SEGMENT], run.record.log_loss[:, SEGMENT - 1 :: SEGMENT]
    sums = [np.diff(w[begin : end + 1], axis=0) for w in run.weights]
    moved = np.array([geometry.sizes(i, each).sum() for i, each in enumerate(sums)])
    gamma = np.array([r.lower for r in geometry.references])
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 1 - (log_loss[:, begin] - log_loss[:, end]) / (gamma * moved)
    return np.where(time[begin + 1] - time[begin] >= run.record.epoch, found, np.nan)


def _straighter(
    d: _Deficits, others: Float[np.ndarray, "norms norms b"], own: int, rival: int
) -> Bool[np.ndarray, " b"]:
    """On which datasets the updates follow the first norm and not the rival, `[b]`.

    If they do, their misalignment in the rival tends to what the first norm's maximiser misses of its margin. Both are
    too low by about as much, while the gradient is larger than `gamma`: their difference is nearer the truth.
    """
    if d.carried:
        return np.zeros(len(d.moved), bool)
    missed = 1 - others[own, rival]
    with np.errstate(invalid="ignore"):
        straight = d.crooked[own] <= np.minimum(_STRAIGHT, missed / 4)
        return straight & (d.crooked[rival] >= missed / 4) & (d.crooked[rival] - d.crooked[own] >= missed / 2)


def _open(d: _Deficits, others: Float[np.ndarray, "norms norms b"], own: int, rival: int) -> Bool[np.ndarray, " b"]:
    """On which datasets the rival may be followed as well: its gap falls, and the updates do not rule it out."""
    return d.falls[rival] & ~(_straighter(d, others, own, rival) & d.falls[own])


def _ahead(d: _Deficits, measured: _Measured, own: int, rival: int) -> bool:
    """Whether the datasets that tell the two norms apart say that it is the first, or there are none that do.

    The gap falls in the rival, and the updates do not rule it out, on significantly fewer. Where the updates follow the
    rival on most, nothing is said.
    """
    told, others = measured.told, measured.others
    on = told[own, rival] & d.moved
    n = int(np.count_nonzero(on))
    if not n:
        return True
    ruled_out = _straighter(d, others, own, rival) & d.falls[own]
    open_ = _open(d, others, own, rival)
    back = told[rival, own] & d.moved
    if np.count_nonzero(_straighter(d, others, rival, own) & back) > MOSTLY * max(np.count_nonzero(back), 1):
        return False
    if n < _FEWEST:
        with np.errstate(invalid="ignore"):
            return bool(
                np.all(d.falls[own, on] & (ruled_out | (~open_ & (d.carried | (d.slope[rival] >= STANDS))))[on])
            )
    fall, other = (np.count_nonzero(each[on]) / n for each in (d.falls[own], open_))
    return bool(other < fall - _ERRORS * math.sqrt(max(fall * (1 - fall), 1 / n) / n))


def _named(d: _Deficits, measured: _Measured) -> int | None:
    """The norm whose margin is maximised, if one only can be."""
    norms, told = range(len(measured.told)), measured.told
    fit = [
        j for j in norms if _falls_everywhere(d, told, j) and all(_ahead(d, measured, j, m) for m in norms if m != j)
    ]
    return fit[0] if len(fit) == 1 and not _may_level_off(d, measured, fit[0]) else None


def _may_level_off(d: _Deficits, measured: _Measured, own: int) -> bool:
    """Whether the gap may level off on half of the datasets that tell the norm from another one; not of flows."""
    judged = measured.told[own].any(axis=0) & d.moved
    lingering = may_level_off((1 - _last(measured.share))[own, judged], d.crooked[own, judged])
    return bool(not d.carried and lingering.size and np.count_nonzero(lingering) >= MOSTLY * lingering.size)


def _falls_everywhere(d: _Deficits, told: Bool[np.ndarray, "norms norms b"], own: int) -> bool:
    judged = told[own].any(axis=0) & d.moved
    return bool(judged.any() and np.count_nonzero(d.falls[own, judged]) >= EVERYWHERE * np.count_nonzero(judged))


def _none(d: _Deficits, run: Course) -> bool:
    """Whether the gap has stood still in every norm, and the updates follow none of them.

    Before the loss has become small the gradient only begins to turn, and says nothing.
    """
    count = np.count_nonzero(d.moved)
    still = np.count_nonzero(d.stands, axis=1) >= MOSTLY * count
    if not count or not still.all():
        return False
    if run.carried:
        return True
    begun = run.record.log_loss[:, -1 - POINTS_A_DECADE] <= _BEGUN
    if np.count_nonzero(begun) < EVERYWHERE * count:
        return False
    known = np.isfinite(d.crooked).all(axis=1) & np.isfinite(d.before).all(axis=1)
    if not known.any():
        return False
    now, then = np.median(d.crooked[known], axis=1), np.median(d.before[known], axis=1)
    return bool(np.all((now >= _CROOKED) & (now >= _LEVEL * then)))


def _telling(d: _Deficits, run: Course, measured: _Measured, own: int) -> float | None:
    """The log t by which the deficits in all rivals of a norm, if it is the one, would have grown above the present.

    The maximiser of the norm leaves a plateau in the rival, of which the deficit comes to `plateau * gamma * |W|`.
    None where that is not known.
    """
    if run.carried:
        return None
    waits = [0.0]
    for rival, told in enumerate(measured.told[own]):
        on = told & d.moved
        if rival == own or _ahead(d, measured, own, rival):
            continue
        with np.errstate(invalid="ignore", divide="ignore"):
            more = np.log(_TELLS * d.gap[rival, on] / (1 - measured.others[own, rival, on])) / d.pace[on]
        waits.append(float(np.median(np.maximum(more, 0))))
    longest = max(waits)
    return float(run.log_time[run.discrete - 1] + longest) if 0 < longest < math.inf else None


def _medians(values: Sequence[Float[np.ndarray, " b"]] | np.ndarray) -> list[float]:
    """The median of each row's numbers, NaN where there are none."""
    return [float(np.median(row[np.isfinite(row)])) if np.isfinite(row).any() else math.nan for row in values]
