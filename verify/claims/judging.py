"""Verdicts on what is swept, not run: orders of accuracy, trends along a grid, inequalities between test errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from solvers.errors import InputError
from verify import statistics
from verify.claims.claim import Claim, Order, Separation, Trend
from verify.claims.verdict import Evidence, Outcome, Verdict
from verify.problems.quantity import Measurement
from verify.statistics import Interval

_SETTLED = 0.1  # largest difference of two successive local orders in the asymptotic regime
_NOISE = 30.0  # an error below this many floors tells nothing of an order
_FEWEST_ROWS = 4  # repetitions that a test of a trend needs


def local_orders(m: Measurement) -> Float[np.ndarray, "b q"]:
    """Slopes of `log error` against `log h` between neighbouring levels; NaN next to a level within the noise."""
    seen = np.where(m.values > _NOISE * m.floor[:, None], m.values, np.nan)
    return -np.diff(np.log(seen), axis=1) / np.diff(m.log_time)


def settled_orders(m: Measurement) -> Float[np.ndarray, " b"]:
    """The order on the finest two levels above the noise, where the one before it agrees; else NaN.

    A case whose local orders still move is pre-asymptotic and has no order yet.
    """
    orders = local_orders(m)
    result = np.full(len(orders), np.nan)
    for i, row in enumerate(orders):
        known = np.flatnonzero(~np.isnan(row))
        if len(known) >= 2 and known[-1] == known[-2] + 1 and abs(row[known[-1]] - row[known[-2]]) <= _SETTLED:
            result[i] = row[known[-1]]
    return result


def judge_order(claim: Claim, kind: Order, m: Measurement) -> Verdict:
    """The verdict on an order: that of every settled case must lie in the band."""
    orders = np.where(m.judged, settled_orders(m), np.nan)
    use = ~np.isnan(orders)
    count, drawn = int(np.count_nonzero(use)), int(np.count_nonzero(m.judged))
    name = f"order in {kind.variable}"
    broken = bool(np.any(orders[use] < kind.low - _SETTLED))  # one such case refutes, however few have settled
    if not count or (2 * count <= drawn and not broken):
        evidence = Evidence(name, None, kind.low, None, count, None, None, None)
        sentence = f"Only {count} of {drawn} cases have a settled order: the others are pre-asymptotic or in the noise."
        return Verdict(claim, Outcome.INCONCLUSIVE, sentence, evidence, m)
    order = statistics.median(orders[use])
    middle = (kind.low + kind.high) / 2
    worst = int(np.nanargmax(np.abs(orders - middle)))
    evidence = Evidence(
        name, order, kind.low, Interval(-order.value, -order.high, -order.low), count,
        worst, float(orders[worst]), float(m.log_time[-1]),
    )  # fmt: skip
    low, high = float(np.nanmin(orders)), float(np.nanmax(orders))
    figures = f"the median of {count} cases is {order.value:.3f} [{order.low:.3f}, {order.high:.3f}]"
    figures += f", all from {low:.3f} to {high:.3f}; band [{kind.low:g}, {kind.high:g}]"
    if low >= kind.low and high <= kind.high:
        return Verdict(claim, Outcome.SUPPORTED, f"The order holds: {figures}.", evidence, m)
    if order.high < kind.low or low < kind.low - _SETTLED:
        return Verdict(claim, Outcome.REFUTED, f"The order is lower: {figures}.", evidence, m)
    return Verdict(claim, Outcome.INCONCLUSIVE, f"The order is undecided: {figures}.", evidence, m)


def _rises(kind: Trend, m: Measurement) -> Bool[np.ndarray, " b"]:
    return np.all(kind.sign * np.diff(m.values, axis=1) > m.floor[:, None], axis=1)


def judge_trend(claim: Claim, kind: Trend, m: Measurement) -> Verdict:
    """The verdict on a trend along the sweep, over the repetitions."""
    columns, fewest = m.values.shape[1], 2 if kind.strict else 3  # Page's test needs three
    if columns < fewest:
        raise InputError(f"The sweep of {claim.id} has {columns} columns: a trend is seen in {fewest} or more.")
    rows = np.flatnonzero(m.judged & np.isfinite(m.values).all(axis=1))
    name = "change of the " + claim.quantity.name + " from end to end, as claimed, relative"
    if len(rows) < (1 if kind.strict else _FEWEST_ROWS):
        evidence = Evidence(name, None, kind.resolution, None, len(rows), None, None, None)
        sentence = f"Only {len(rows)} repetitions could be judged: {_FEWEST_ROWS} are needed."
        return Verdict(claim, Outcome.INCONCLUSIVE, sentence, evidence, m)
    values = m.values[rows]
    change = kind.sign * (values[:, -1] / values[:, 0] - 1)
    size = statistics.median(change)
    worst = int(np.argmin(change))
    steps = kind.sign * np.diff(values, axis=1) / values[:, :1]
    evidence = Evidence(
        name, size, kind.resolution, None, len(rows), int(rows[worst]), float(change[worst]), float(m.log_time[-1]),
        least_step=float(np.min(steps if kind.strict else np.median(steps, axis=0))),
    )  # fmt: skip
    verb = "rises" if kind.sign > 0 else "falls"
    figures = f"from end to end it {verb} by {size.value:.3g} [{size.low:.3g}, {size.high:.3g}] of its first value"
    if kind.strict:
        monotone = int(np.count_nonzero(_rises(kind, m)[rows]))
        figures += f", with every column on {monotone} of {len(rows)} repetitions"
        holds, fails = monotone == len(rows), 2 * monotone < len(rows)
    else:
        test = stats.page_trend_test(kind.sign * values)
        against = stats.page_trend_test(-kind.sign * values)
        evidence = replace(evidence, p_value=float(test.pvalue))
        figures += f" (median of {len(rows)} repetitions; Page's test: p = {test.pvalue:.2g})"
        holds, fails = test.pvalue <= kind.level, against.pvalue <= kind.level
    if holds and size.low >= kind.resolution:
        return Verdict(claim, Outcome.SUPPORTED, f"The trend holds: {figures}.", evidence, m)
    if fails or size.high < kind.resolution:
        return Verdict(claim, Outcome.REFUTED, f"There is no such trend: {figures}.", evidence, m)
    return Verdict(claim, Outcome.INCONCLUSIVE, f"The trend is undecided: {figures}.", evidence, m)


def judge_separation(claim: Claim, kind: Separation, m: Measurement) -> Verdict:
    """The verdict on an inequality whose sides are known up to the floor."""
    last = np.where(m.judged, m.values[:, -1], -np.inf)
    count = int(np.count_nonzero(m.judged))
    name = f"last {claim.quantity.name}"
    if not count or np.isnan(last).any():
        evidence = Evidence(name, None, kind.threshold, None, count, None, None, None)
        sentence = "No case could be judged." if not count else "A judged value is not a number."
        return Verdict(claim, Outcome.INCONCLUSIVE, sentence, evidence, m)
    worst = int(np.argmax(np.where(m.judged, last + m.floor, -np.inf)))
    spread = Interval(float(np.median(last[m.judged])), float(last[m.judged].min()), float(last[worst]))
    spread = Interval(spread.value, spread.low, max(spread.high, spread.value))
    evidence = Evidence(name, spread, kind.threshold, None, count, worst, float(last[worst]), float(m.log_time[-1]))
    figures = (
        f"{kind.text}; at worst {last[worst]:.4g} ± {m.floor[worst]:.2g} against {kind.threshold:g} on {count} cases"
    )
    over = int(np.count_nonzero(last - m.floor > kind.threshold))
    if over:
        return Verdict(claim, Outcome.REFUTED, f"It fails on {over} of {count} cases: {figures}.", evidence, m)
    if np.all(last + m.floor <= kind.threshold):
        return Verdict(claim, Outcome.SUPPORTED, f"It holds: {figures}.", evidence, m)
    return Verdict(claim, Outcome.INCONCLUSIVE, f"It is undecided: {figures}.", evidence, m)
