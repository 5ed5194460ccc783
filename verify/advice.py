"""What would settle an inconclusive verdict: more steps, more cases, or a sharper measurement."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from verify import rates
from verify.claims import Bound, Limit, Order, Rate, Separation, Trend
from verify.evidence import Outcome, Verdict
from verify.rates import LN10

_ENOUGH = 8  # cases that an ensemble statistic needs
_MOST = 1e4  # a factor above this is no advice
_AGAIN = 4.0  # cases for one, where the spread does not say how many


@dataclass(frozen=True)
class Advice:
    """Factors on the steps (on `log t` for flows) and on the number of cases that should settle it, in a sentence.

    A factor of 1 means that more of it does not help; both are 1 where neither does.
    """

    steps: float
    cases: float
    sentence: str

    @property
    def helps(self) -> bool:
        """Whether a larger budget can settle the verdict."""
        return self.steps > 1 or self.cases > 1


def advise(verdict: Verdict) -> Advice | None:
    """What would settle the verdict; None where it is settled."""
    if verdict.outcome is not Outcome.INCONCLUSIVE:
        return None
    m, evidence = verdict.measurement, verdict.evidence
    drawn, judged = len(m.judged), int(np.count_nonzero(m.judged))
    if not judged:
        why = f" ({'; '.join(m.notes)})" if m.notes else ""
        return Advice(1, 1, f"None of the {drawn} cases could be judged{why}: draw others, in the claim's problem.")
    if 2 * judged < drawn:
        return Advice(
            1, 1, f"{drawn - judged} of {drawn} cases were left out: widen what can be judged, or draw others."
        )
    match verdict.claim.kind:
        case Rate():
            return _for_rate(verdict)
        case Limit(tolerance=tolerance):
            return _for_limit(verdict, tolerance)
        case Order():
            finer = "a finer step size, and data or an eps that leave the asymptotic regime more room"
            return Advice(2, 1, f"{evidence.informative} of {judged} cases have a settled order: {finer} would tell.")
        case Separation(threshold=threshold):
            worst = evidence.worst
            if worst is None:
                return Advice(1, 1, "A judged value is not a number: look at the notes.")
            distance = abs(float(m.values[worst, -1]) - threshold)
            factor = _capped((float(m.floor[worst]) / max(distance, 1e-12)) ** 2)
            return Advice(
                1, factor, f"An interval {np.sqrt(factor):.2g} times narrower would tell: {_times(factor)} draws."
            )
        case Trend():
            return Advice(
                1, _AGAIN, f"{evidence.informative} repetitions leave it open: {_times(_AGAIN)} cases would tell."
            )
        case Bound():
            return Advice(
                1, 1, "The bound is not a number on some cases: its precision has to be mended, not the budget."
            )


def _for_rate(verdict: Verdict) -> Advice:
    evidence = verdict.evidence
    if evidence.alone:
        return Advice(
            10, 1, f"{evidence.alone} cases stand still: ten times the steps show whether they go on falling."
        )
    if evidence.value is None:
        share = max(evidence.informative, 1) / len(verdict.measurement.judged)
        factor = _capped(_ENOUGH / share / len(verdict.measurement.judged))
        return Advice(1, factor, f"{_ENOUGH} informative cases are needed: about {_times(factor)} draws.")
    value, threshold = evidence.value, evidence.threshold
    distance = abs(value.value - threshold)
    half = (value.high - value.low) / 2
    if half > distance / 2 and distance > 1e-3:
        # A median's interval narrows like the root of the number of cases.
        factor = _capped((half / distance) ** 2 * 2)
        return Advice(1, factor, f"The interval of the growth holds the threshold: {_times(factor)} cases narrow it.")
    return Advice(10, 1, "The growth is close to its threshold and slows: one more decade of steps tells.")


def _for_limit(verdict: Verdict, tolerance: float) -> Advice:
    m = verdict.measurement
    assert isinstance(verdict.claim.kind, Limit)
    clock = verdict.claim.kind.law.log_clock(m.log_time)
    worst = verdict.evidence.worst
    slopes = (
        rates.exponents(m.log_time, m.values[[worst]], verdict.claim.kind.law) if worst is not None else np.array([])
    )
    slope = float(slopes[0]) if len(slopes) and np.isfinite(slopes[0]) else 0.0
    if worst is None or slope > -1e-2:
        return Advice(10, 1, "The quantity hardly falls any more: one more decade shows whether it levels off.")
    decades = np.log(m.values[worst, -1] / tolerance) / -slope / LN10
    in_steps = clock is m.log_time
    factor = 10**decades if in_steps else None
    if factor is None or factor > _MOST:
        return Advice(
            10, 1, f"At its slope of {slope:.2f} it passes the tolerance in {decades:.1f} decades, which is far."
        )
    return Advice(
        _capped(factor * 1.5), 1, f"At its slope of {slope:.2f} it passes the tolerance at {_times(factor)} steps."
    )


def _capped(factor: float) -> float:
    return float(min(max(ceil(factor * 10) / 10, 2.0), _MOST))


def _times(factor: float) -> str:
    return f"{factor:.2g} times as many"
