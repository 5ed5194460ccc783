"""Along a sweep the quantity rises, or falls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import stats

from solvers.errors import InputError
from verify import statistics
from verify.claims.advice import Advice, times
from verify.claims.kinds.kind import Kind, nothing, usable
from verify.claims.provenance import Promise
from verify.claims.verdict import Evidence, Finding, Outcome
from verify.problems.quantity import Measurement
from verify.statistics import Interval

_FEWEST_ROWS = 4  # repetitions that a test of a trend needs
_AGAIN = 4.0  # times as many repetitions, where their spread does not say how many


@dataclass(frozen=True)
class Trend(Kind):
    """Along a sweep the quantity rises (`sign` 1) or falls (-1), by the share `resolution` from end to end at least.

    The measurement's columns are the sweep, its rows repetitions. strict: every repetition must rise with every
    column, and one that falls refutes. Else the trend must be significant at `level` over the repetitions (Page's test
    for ordered alternatives).
    """

    sign: int
    resolution: float = 0.01
    level: float = 0.01
    strict: bool = False

    name = "trend"
    promise = Promise.DIRECTION
    observes = ("least_step", "p_value")

    def judge(self, quantity: str, m: Measurement) -> Finding:
        """Over the repetitions."""
        columns, fewest = m.values.shape[1], 2 if self.strict else 3  # Page's test needs three
        if columns < fewest:
            raise InputError(f"The sweep of the {quantity} has {columns} columns: a trend is seen in {fewest} or more.")
        rows = np.flatnonzero(m.judged & np.isfinite(m.values).all(axis=1))
        name = f"change of the {quantity} from end to end, as claimed, relative"
        if len(rows) < (1 if self.strict else _FEWEST_ROWS):
            why = f"Only {len(rows)} repetitions could be judged: {_FEWEST_ROWS} are needed."
            return nothing(name, self.resolution, len(rows), why, m)
        values = m.values[rows]
        change = self.sign * (values[:, -1] / values[:, 0] - 1)
        size = statistics.median(change)
        worst = int(np.argmax(self.nearness(m)[rows]))
        evidence = Evidence(
            name, size, self.resolution, None, len(rows), int(rows[worst]), float(change[worst]), float(m.log_time[-1])
        )
        verb = "rises" if self.sign > 0 else "falls"
        figures = f"from end to end it {verb} by {size.value:.3g} [{size.low:.3g}, {size.high:.3g}] of its first value"
        return (self._strictly if self.strict else self._by_test)(rows, size, figures, evidence, m)

    def _strictly(
        self, rows: Int[np.ndarray, " j"], size: Interval, figures: str, evidence: Evidence, m: Measurement
    ) -> Finding:
        """One step against the claim that is larger than its floor refutes; all must be as claimed to support."""
        steps = self.sign * np.diff(m.values[rows], axis=1)
        rises = int(np.count_nonzero((steps > m.floor[rows, None]).all(axis=1)))
        least = float(np.min(steps / m.values[rows, :1]))
        figures += f", with every column on {rises} of {len(rows)} repetitions"
        if fails := bool(self.alone(m)[rows].any()):
            step = int(np.argmin(steps[rows == evidence.worst]))
            figures += f", but on repetition {evidence.worst} not to column {step + 1}"
        return self._finding(rises == len(rows), fails, size, figures, replace(evidence, least_step=least), m)

    def _by_test(
        self, rows: Int[np.ndarray, " j"], size: Interval, figures: str, evidence: Evidence, m: Measurement
    ) -> Finding:
        """Page's test decides."""
        values = m.values[rows]
        test, against = stats.page_trend_test(self.sign * values), stats.page_trend_test(-self.sign * values)
        least = float(np.min(np.median(self.sign * np.diff(values, axis=1) / values[:, :1], axis=0)))
        figures += f" (median of {len(rows)} repetitions; Page's test: p = {test.pvalue:.2g})"
        evidence = replace(evidence, p_value=float(test.pvalue), least_step=least)
        holds, fails = bool(test.pvalue <= self.level), bool(against.pvalue <= self.level)
        return self._finding(holds, fails, size, figures, evidence, m)

    def _finding(
        self, holds: bool, fails: bool, size: Interval, figures: str, evidence: Evidence, m: Measurement
    ) -> Finding:
        if holds and size.low >= self.resolution:
            return Finding(Outcome.SUPPORTED, f"The trend holds: {figures}.", evidence, m)
        if fails or size.high < self.resolution:
            return Finding(Outcome.REFUTED, f"There is no such trend: {figures}.", evidence, m)
        return Finding(Outcome.INCONCLUSIVE, f"The trend is undecided: {figures}.", evidence, m)

    def alone(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """Of a strict trend, a repetition with a step against the claim; else none, since a trend is the ensemble's."""
        return self.nearness(m) > self.limit

    def nearness(self, m: Measurement) -> Float[np.ndarray, " b"]:
        """The change from end to end against the claim, relative; of a strict trend the largest step against it."""
        change = -self.sign * (m.values[:, -1] / m.values[:, 0] - 1)
        if self.strict:
            change = np.max(-self.sign * np.diff(m.values, axis=1), axis=1) - m.floor
        return np.where(usable(m), change, np.nan)

    @property
    def limit(self) -> float:
        """None; of a strict trend, no step."""
        return 0.0 if self.strict else np.inf

    def statistic(self, quantity: str) -> str:
        """The change, or the step."""
        if self.strict:
            return f"largest step of the {quantity} against the claim, beyond its floor"
        return f"change of the {quantity} against the claim, relative"

    def claimed(self) -> tuple[str, float | None]:
        """Up or down."""
        return f"{'rises' if self.sign > 0 else 'falls'} along the sweep", None

    def advise(self, finding: Finding) -> Advice:
        """More repetitions."""
        told = f"{finding.evidence.informative} repetitions leave it open"
        return Advice(1, _AGAIN, f"{told}: {times(_AGAIN)} cases would tell.")
