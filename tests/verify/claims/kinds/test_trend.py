"""Trends along a sweep, on curves made by hand."""

import numpy as np
import pytest

from tests.verify.given import LOG_TIME, claim, measured
from verify.claims import Trend
from verify.claims.judge import judge, refutes_alone
from verify.claims.verdict import Outcome

STRICT = claim(kind=Trend(1, strict=True))


def rising() -> np.ndarray:
    return np.tile(1 + LOG_TIME, (16, 1))


def test_one_repetition_that_falls_refutes_a_strict_trend():
    values = rising()
    values[5, 30] = 1.0
    verdict = judge(STRICT, measured(values))
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.evidence.worst == 5
    assert "repetition 5" in verdict.sentence
    assert "column 30" in verdict.sentence
    np.testing.assert_array_equal(np.flatnonzero(refutes_alone(STRICT, measured(values))), [5])


def test_what_falls_within_its_floor_leaves_a_strict_trend_open():
    values = rising()
    values[5, 30] = values[5, 29] - 0.01
    m = measured(values, floor=0.02)
    assert judge(STRICT, m).outcome is Outcome.INCONCLUSIVE
    assert not refutes_alone(STRICT, m).any()


@pytest.mark.parametrize("sign", [1, -1])
def test_no_repetition_refutes_alone_a_trend_that_is_the_ensemble_s(sign):
    assert not refutes_alone(claim(kind=Trend(sign)), measured(rising())).any()
