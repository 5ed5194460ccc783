"""Quantities that tend to zero, on curves made by hand."""

import numpy as np

from tests.verify.given import LOG_TIME, claim, measured
from verify.claims import Limit
from verify.claims.envelopes import LN10, limits
from verify.claims.judge import advise, judge
from verify.claims.verdict import Outcome
from verify.laws import power

TOLERANCE, LAW = 1e-3, power(1 / 2)


def ending_at(share: float) -> np.ndarray:
    """A curve that falls like `t^-1/2` and ends at this share of the tolerance."""
    return share * TOLERANCE * np.exp((LOG_TIME[-1] - LOG_TIME) / 2)


def test_every_curve_must_extrapolate_below_the_tolerance():
    rises = np.where(LOG_TIME[-1] - LN10 < LOG_TIME, 0.9 * TOLERANCE, 0.01 * TOLERANCE)
    curves = np.stack([rises, ending_at(0.95)])
    assert list(limits(LOG_TIME, curves, LAW) > TOLERANCE) == [True, False]
    verdict = judge(claim(kind=Limit(TOLERANCE, LAW)), measured(curves))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "on 1 of 2 datasets its extrapolation does not" in verdict.sentence
    assert advise(verdict).steps == 10


def test_a_curve_may_level_off_below_the_tolerance():
    level = np.full((16, len(LOG_TIME)), 0.5 * TOLERANCE)
    assert judge(claim(kind=Limit(TOLERANCE, LAW)), measured(level)).outcome is Outcome.SUPPORTED
