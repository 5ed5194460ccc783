"""Statistics of falling curves: envelopes, exponents and limits, each with an interval over the ensemble.

A rate is judged by its envelope, not by a slope. Along one run the gap falls in steps, as the active set changes,
so the slope of a single decade says little. With `N = gap / law`, the *envelope ratio* is the largest `N` of the
last decade over the largest `N` of the two decades before. It is about 1 under the true law and about `10^e` when
the claimed law is too fast by `t^-e`.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from verify.laws import Law
from verify.problems.quantity import Measurement

LN10 = float(np.log(10.0))


def above_floor(m: Measurement) -> Float[np.ndarray, "b r"]:
    """The curves `[b r]`, not below ten of their floors: beneath it a curve is only known to be small.

    What is NaN stands at ten floors too, so that envelopes do not warn: such a curve is not judged, or ends in NaN, and
    whoever asks leaves both out by `m.judged` and the last value.
    """
    return np.maximum(np.nan_to_num(m.values, nan=0.0), 10 * m.floor[:, None])


def windows(log_clock: Float[np.ndarray, " r"], back: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Masks of the last decade and of the two decades before it, of a curve cut off `back` decades early."""
    age = (log_clock[-1] - log_clock) / LN10 - back
    late = (age >= -1e-9) & (age < 1 - 1e-9)
    early = (age >= 1 - 1e-9) & (age < 3 + 1e-9)
    return late, early


def log_envelope_ratio(
    log_time: Float[np.ndarray, " r"], values: Float[np.ndarray, "b r"], law: Law, back: float = 0.0
) -> Float[np.ndarray, " b"]:
    """`log10` of the envelope ratio of each curve; NaN where a window holds no positive value.

    `back` moves the windows that many decades into the past.
    """
    return _log_rise(log_time, values, law, *windows(law.log_clock(log_time), back))


def recent_growth(
    log_time: Float[np.ndarray, " r"], values: Float[np.ndarray, "b r"], law: Law
) -> Float[np.ndarray, " b"]:
    """`log10` of the rise of each envelope from the half decade before the last one to the last one."""
    clock = law.log_clock(log_time)
    age = (clock[-1] - clock) / LN10
    late, early = age < 0.5 - 1e-9, (age >= 0.5 - 1e-9) & (age < 1 - 1e-9)
    return _log_rise(log_time, values, law, late, early)


def paired_growth(
    log_time: Float[np.ndarray, " r"], values: Float[np.ndarray, "b r"], law: Law
) -> Float[np.ndarray, " b"]:
    """`log10` of the growth of value / law over the last decade, of the largest within a third of a decade each."""
    age = (law.log_clock(log_time)[-1] - law.log_clock(log_time)) / LN10
    late, early = age < 1 / 3 - 1e-9, (age >= 1 - 1e-9) & (age < 4 / 3 - 1e-9)
    return _log_rise(log_time, values, law, late, early)


def breaks_twice(
    log_time: Float[np.ndarray, " r"], values: Float[np.ndarray, "b r"], law: Law, threshold: float
) -> Bool[np.ndarray, " b"]:
    """Whether a curve alone breaks the law: its envelope grows by more than `10^threshold` in two successive decades,
    and by half of that still in the last half decade. Curves of less than four decades cannot say so.
    """
    clock = law.log_clock(log_time)
    if clock[-1] - clock[0] < 4 * LN10:
        return np.zeros(len(values), bool)
    decades = [log_envelope_ratio(log_time, values, law, back=back) > threshold for back in (0.0, 1.0)]
    return decades[0] & decades[1] & (recent_growth(log_time, values, law) > threshold / 2)


def _log_rise(log_time: np.ndarray, values: np.ndarray, law: Law, late: np.ndarray, early: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        n = np.where(values > 0, np.log(values), -np.inf) - law.log_value(log_time)
        tops = [np.max(n[:, mask], axis=1, initial=-np.inf) for mask in (late, early)]
        ratio = (tops[0] - tops[1]) / LN10
    return np.where(np.isfinite(tops[0]) & np.isfinite(tops[1]), ratio, np.nan)


def exponents(
    log_time: Float[np.ndarray, " r"], values: Float[np.ndarray, "b r"], law: Law, decades: float = 2.0
) -> Float[np.ndarray, " b"]:
    """Least-squares slope of `log value` against the log clock over the last decades; NaN without two points."""
    x = law.log_clock(log_time)
    recent = x >= x[-1] - decades * LN10
    slopes = np.full(len(values), np.nan)
    for i, row in enumerate(values):
        use = recent & (row > 0)
        if np.count_nonzero(use) > 2:
            slopes[i] = np.polyfit(x[use], np.log(row[use]), 1)[0]
    return slopes


def limits(
    log_time: Float[np.ndarray, " r"], values: Float[np.ndarray, "b r"], law: Law, decades: float = 1.5
) -> Float[np.ndarray, " b"]:
    """Extrapolated limit of each curve: the intercept of a least-squares line in `law(t)`, over its last decades.

    A curve that falls faster than the law has an intercept below zero.
    """
    clock = law.log_clock(log_time)
    recent = clock >= clock[-1] - decades * LN10
    r = np.exp(law.log_value(log_time[recent]) - law.log_value(log_time[-1:]))
    design = np.stack([np.ones_like(r), r], axis=1)
    solution, *_ = np.linalg.lstsq(design, values[:, recent].T, rcond=None)
    return solution[0]


def unresolved(
    values: Float[np.ndarray, "b r"], floor: Float[np.ndarray, " b"], late: Bool[np.ndarray, " r"]
) -> Bool[np.ndarray, " b"]:
    """Whether a curve is still above ten times its floor somewhere in the last decade: it then bears on a rate."""
    return np.max(values[:, late], axis=1) > 10 * floor


def levels_off(m: Measurement, law, share: float = 0.05) -> Bool[np.ndarray, " b"]:
    """Whether a curve fell by less than that share in each of its last two half decades."""
    clock = law.log_clock(m.log_time)
    at = [int(np.searchsorted(clock, clock[-1] - back * LN10 + 1e-9)) for back in (1.0, 0.5)]
    first, second, last = m.values[:, at[0]], m.values[:, at[1]], m.values[:, -1]
    with np.errstate(invalid="ignore"):
        return (second > (1 - share) * first) & (last > (1 - share) * second)
