"""The quantity tends to zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from solvers.errors import InputError
from verify.claims import envelopes
from verify.claims.advice import FARTHEST, Advice, capped, times
from verify.claims.envelopes import LN10, levels_off
from verify.claims.kinds.budgeted import BudgetedLimit
from verify.claims.kinds.kind import Kind, check_law, nothing, usable
from verify.claims.provenance import Promise
from verify.claims.verdict import Evidence, Finding, Outcome, counted
from verify.laws import Law
from verify.problems.quantity import Measurement
from verify.statistics import Interval


@dataclass(frozen=True)
class Limit(Kind):
    """The quantity tends to zero: it ends below `tolerance`, and is extrapolated below it by the law."""

    tolerance: float
    law: Law

    name = "limit"
    promise = Promise.ASYMPTOTIC
    extends = True

    def __post_init__(self):
        check_law(self.law)
        if not self.tolerance > 0:
            raise InputError(f"The tolerance of a limit is {self.tolerance}: give a positive number.")

    def judge(self, quantity: str, m: Measurement) -> Finding:
        """Supported where all end, and are extrapolated, below the tolerance; refuted where one levels off above it.

        On the scale of a gap budget: by the slope of the deficit, see `verify.claims.kinds.budgeted`.
        """
        if m.scale is not None:
            return BudgetedLimit(self, quantity, self.tolerance).judge(m)
        judged = m.judged
        count = int(np.count_nonzero(judged))
        last = np.where(judged, m.values[:, -1], -np.inf)
        name = f"last {quantity}"
        if not count:
            return nothing(name, self.tolerance, 0, "No dataset could be judged.", m)
        ends = np.full(len(judged), -np.inf)
        ends[judged] = envelopes.limits(m.log_time, m.values[judged], self.law)
        worst = int(np.argmax(last))
        spread = Interval(float(np.median(last[judged])), float(last[judged].min()), float(last[worst]))
        end = float(m.log_time[-1])
        evidence = Evidence(name, spread, self.tolerance, None, count, worst, float(last[worst]), end)
        if last[worst] <= self.tolerance:
            shown = f"ends at {last[worst]:.2g} or less on {counted(count)} (tolerance {self.tolerance:g})"
            if not (above := int(np.count_nonzero(ends > self.tolerance))):
                return Finding(Outcome.SUPPORTED, f"The {quantity} {shown}.", evidence, m)
            shown += f", but on {above} of {counted(count)} its extrapolation does not"
            return Finding(Outcome.INCONCLUSIVE, f"The {quantity} {shown}.", evidence, m)
        # A growing curve has no limit to extrapolate to, but tends to zero least of all.
        grows = last > np.max(m.values[:, : max(1, len(m.log_time) // 2)], axis=1, initial=0.0)
        stuck = judged & (last > self.tolerance) & (grows | (ends > last / 2)) & levels_off(m, self.law)
        if stuck.any():
            i = int(np.argmax(np.where(stuck, last, -np.inf)))
            sentence = (
                f"The {quantity} stops falling on {np.count_nonzero(stuck)} of {counted(count)}: "
                f"on the worst it ends at {last[i]:.3g}, above {self.tolerance:g}."
            )
            return Finding(Outcome.REFUTED, sentence, evidence, m)
        sentence = f"The {quantity} ends at up to {last[worst]:.2g}, above {self.tolerance:g}, but still falls."
        return Finding(Outcome.INCONCLUSIVE, sentence, evidence, m)

    def judge_one(self, quantity: str, m: Measurement) -> Finding:
        """A single dataset, on the scale of its gap budget where it has one."""
        return (
            self.judge(quantity, m) if m.scale is None else BudgetedLimit(self, quantity, self.tolerance).judge_one(m)
        )

    def resolve(self, quantity: str, m: Measurement, places: Int[np.ndarray, " p"], later: Measurement) -> Finding:
        """What still stands at ten times the horizon refutes; what cannot be judged there is left out."""
        return BudgetedLimit(self, quantity, self.tolerance).resolve(m, places, later)

    def wait(self, m: Measurement) -> float:
        """What brings half of the datasets into their regime, where there is a gap budget; else twice the horizon."""
        return 2.0 if m.scale is None else BudgetedLimit(self, "").wait(m)

    def suspects(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """On the scale of a gap budget, those that may refute alone, or forbid support."""
        if m.scale is None:
            return np.zeros(len(m.values), bool)
        return BudgetedLimit(self, "").read(m).pending

    def alone(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """A curve that levels off above the tolerance follows in no time scale a law that tends to zero."""
        above = m.values[:, -1] > np.maximum(self.tolerance, 100 * m.floor)
        return usable(m) & above & levels_off(m, self.law, share=0.02)

    def nearness(self, m: Measurement) -> Float[np.ndarray, " b"]:
        """The last value, counted up to the tolerance while the curve still falls."""
        last = m.values[:, -1]
        return np.where(usable(m), np.where(self.alone(m), last, np.minimum(last, self.limit)), np.nan)

    @property
    def limit(self) -> float:
        """The tolerance."""
        return self.tolerance

    def statistic(self, quantity: str) -> str:
        """The last value."""
        return f"last {quantity}"

    def claimed(self) -> tuple[str, float | None]:
        """The limit."""
        return f"tends to 0 (below {self.tolerance:g})", None

    def allowed(self, m: Measurement) -> Float[np.ndarray, " r"] | None:
        """The law on the scale of the gap budget, where there is one."""
        return None if m.scale is None else BudgetedLimit(self, "").allowed(m)

    def advise(self, finding: Finding) -> Advice:
        """As many steps as its slope says."""
        m = finding.measurement
        if m.scale is not None and (known := BudgetedLimit(self, "", self.tolerance).advise(finding)) is not None:
            return known
        worst, value = finding.evidence.worst, finding.evidence.worst_value
        if value is not None and value <= self.tolerance:
            return Advice(10, 1, "What ends below the tolerance is not extrapolated below it: one more decade tells.")
        slope = 0.0
        if worst is not None:
            found = float(envelopes.exponents(m.log_time, m.values[[worst]], self.law)[0])
            slope = found if np.isfinite(found) else 0.0
        if worst is None or slope > -1e-2:
            return Advice(10, 1, "The quantity hardly falls any more: one more decade shows whether it levels off.")
        decades = np.log(m.values[worst, -1] / self.tolerance) / -slope / LN10
        factor = 10**decades if self.law.in_time else None
        if factor is None or factor > FARTHEST:
            told = f"At its slope of {slope:.2f} it passes the tolerance in {decades:.1f} decades, which is far."
            return Advice(10, 1, told)
        told = f"At its slope of {slope:.2f} it passes the tolerance at {times(factor)} steps."
        return Advice(capped(factor * 1.5), 1, told)
