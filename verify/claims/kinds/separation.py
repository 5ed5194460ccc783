"""An inequality between two numbers on every case, each known up to an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from verify.claims.advice import Advice, capped, times
from verify.claims.kinds.kind import Kind, nothing, usable
from verify.claims.verdict import Evidence, Finding, Outcome
from verify.problems.quantity import Measurement
from verify.statistics import Interval


@dataclass(frozen=True)
class Separation(Kind):
    """The quantity's last value is at most `threshold` on every case, its interval (the floor) included.

    text: the inequality, in words or as a formula.
    """

    threshold: float
    text: str

    name = "separation"

    def judge(self, quantity: str, m: Measurement) -> Finding:
        """Refuted where the whole interval lies above the threshold, supported where none reaches above it."""
        last = np.where(m.judged, m.values[:, -1], -np.inf)
        count = int(np.count_nonzero(m.judged))
        name = f"last {quantity}"
        if not count:
            return nothing(name, self.threshold, 0, "No case could be judged.", m)
        worst = int(np.argmax(np.where(m.judged, last + m.floor, -np.inf)))
        spread = Interval(float(np.median(last[m.judged])), float(last[m.judged].min()), float(last[worst]))
        spread = Interval(spread.value, spread.low, max(spread.high, spread.value))
        end = float(m.log_time[-1])
        evidence = Evidence(name, spread, self.threshold, None, count, worst, float(last[worst]), end)
        figures = f"{self.text}; at worst {last[worst]:.4g} ± {m.floor[worst]:.2g} against {self.threshold:g}"
        figures += f" on {count} cases"
        over = int(np.count_nonzero(self.alone(m)))
        if over:
            return Finding(Outcome.REFUTED, f"It fails on {over} of {count} cases: {figures}.", evidence, m)
        if np.all(last + m.floor <= self.threshold):
            return Finding(Outcome.SUPPORTED, f"It holds: {figures}.", evidence, m)
        return Finding(Outcome.INCONCLUSIVE, f"It is undecided: {figures}.", evidence, m)

    def alone(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """One case whose interval lies above the threshold refutes."""
        return self.nearness(m) > self.limit

    def nearness(self, m: Measurement) -> Float[np.ndarray, " b"]:
        """The lower end of the interval of the last value."""
        return np.where(usable(m), m.values[:, -1] - m.floor, np.nan)

    def kept(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """A case whose interval does not reach above the threshold."""
        return usable(m) & (m.values[:, -1] + m.floor <= self.threshold)

    @property
    def limit(self) -> float:
        """The threshold."""
        return self.threshold

    def statistic(self, quantity: str) -> str:
        """The last value."""
        return f"last {quantity}"

    def claimed(self) -> tuple[str, float | None]:
        """The inequality."""
        return self.text, None

    def advise(self, finding: Finding) -> Advice:
        """More draws narrow an interval."""
        m, worst = finding.measurement, finding.evidence.worst
        if worst is None:
            return Advice(1, 1, "No case could be judged: look at the notes.")
        distance = abs(float(m.values[worst, -1]) - self.threshold)
        factor = capped((float(m.floor[worst]) / max(distance, 1e-12)) ** 2)
        told = f"An interval {np.sqrt(factor):.2g} times narrower would tell"
        return Advice(1, factor, f"{told}: {times(factor)} draws.")
