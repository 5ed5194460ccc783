"""Inequalities between numbers that are known up to an interval, on curves made by hand."""

import numpy as np
import pytest

from tests.verify.given import LOG_TIME, claim, measured
from verify.claims import Separation
from verify.claims.judge import judge, refutes_alone
from verify.claims.verdict import Outcome

KIND = Separation(1.0, "≤ 1")


def ending_at(values, half: float):
    """Curves that end there, each known up to `half` on both sides."""
    curves = np.tile(np.asarray(values, float)[:, None], len(LOG_TIME))
    return measured(curves, floor=half)


@pytest.mark.parametrize(
    ("last", "outcome"),
    [(0.7, Outcome.SUPPORTED), (0.9, Outcome.INCONCLUSIVE), (1.1, Outcome.INCONCLUSIVE), (1.3, Outcome.REFUTED)],
)
def test_the_whole_interval_decides(last, outcome):
    m = ending_at([0.5, last], 0.2)
    assert judge(claim(kind=KIND), m).outcome is outcome
    assert list(refutes_alone(claim(kind=KIND), m)) == [False, outcome is Outcome.REFUTED]
    assert list(KIND.kept(m)) == [True, outcome is Outcome.SUPPORTED]


def test_how_near_a_case_comes_is_the_lower_end_of_its_interval():
    np.testing.assert_allclose(KIND.nearness(ending_at([0.5, 1.1], 0.2)), [0.3, 0.9])
