"""What would settle an inconclusive verdict: more steps, more cases, or a sharper measurement."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from verify.claims import envelopes
from verify.claims.claim import Limit
from verify.claims.envelopes import LN10
from verify.claims.verdict import Verdict

_ENOUGH = 8  # cases that an ensemble statistic needs
_MOST = 1e4  # a factor above this is no advice


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
        envelopes.exponents(m.log_time, m.values[[worst]], verdict.claim.kind.law)
        if worst is not None
        else np.array([])
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
