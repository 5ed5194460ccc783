"""Statements that hold with a promised probability: how often they may be broken, by which interval."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.given import claim, measured
from verify.claims import Bound, HighProbability, Rate, Separation
from verify.claims.judge import advise, judge
from verify.claims.verdict import Outcome
from verify.laws import power
from verify.statistics import binomial_interval

KIND = HighProbability(Separation(1.0, "small"))
SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE


def of(broken: int, cases: int, allowed: float | np.ndarray, unsure: int = 0):
    """A measurement of which so many first cases end at 2, and the next ones at 1 with a floor of a half."""
    values, floor = np.zeros((cases, 57)), np.zeros(cases)
    values[:broken] = 2.0
    values[broken : broken + unsure], floor[broken : broken + unsure] = 1.0, 0.5
    return replace(measured(values), floor=floor, chance=np.broadcast_to(allowed, cases).astype(float))


def outcome(*args, **kwargs) -> Outcome:
    return judge(claim(kind=KIND), of(*args, **kwargs)).outcome


@pytest.mark.parametrize("cases", [20, 64])
@pytest.mark.parametrize("allowed", [0.05, 0.25, 0.5])
def test_the_interval_decides(cases, allowed):
    for broken in range(cases + 1):
        low, high = binomial_interval(broken, cases, KIND.level)
        expected = SUPPORTED if high <= allowed else REFUTED if low > allowed else INCONCLUSIVE
        assert outcome(broken, cases, allowed) is expected


def test_a_case_that_is_not_known_may_go_either_way():
    assert outcome(2, 40, 0.25) is SUPPORTED
    assert outcome(2, 40, 0.25, unsure=10) is INCONCLUSIVE
    assert outcome(20, 40, 0.25, unsure=20) is REFUTED


def test_cases_are_held_against_the_mean_of_what_they_are_allowed():
    allowed = np.repeat([0.25, 0.125], 32)
    verdict = judge(claim(kind=KIND), of(2, 64, allowed))
    assert verdict.outcome is SUPPORTED
    assert verdict.evidence.threshold == pytest.approx(0.1875)
    assert "2 of 64 cases break it, so that it breaks with a probability in [" in verdict.sentence
    assert "(level 98 %), of which the theorem allows 0.188" in verdict.sentence


def test_one_size_at_which_it_fails_too_often_refutes():
    """13 of 64 are what is allowed of all, but not 13 of the 32 that are allowed an eighth."""
    m = of(13, 64, np.repeat([0.125, 0.25], 32))
    assert binomial_interval(13, 64, KIND.level)[0] < 0.1875
    verdict = judge(claim(kind=KIND), m)
    assert verdict.outcome is REFUTED
    assert "13 of 32 cases break it" in verdict.sentence
    assert "the theorem allows 0.125" in verdict.sentence
    assert outcome(13, 64, 0.1875) is INCONCLUSIVE


def test_a_weaker_statement_takes_fewer_cases():
    weaker = replace(KIND, weaker=0.3)
    assert outcome(0, 16, 0.02) is INCONCLUSIVE
    verdict = judge(claim(kind=weaker), of(0, 16, 0.02))
    assert verdict.outcome is SUPPORTED
    assert "of which the weaker statement allows 0.300" in verdict.sentence
    assert weaker.claimed()[0].endswith("with probability 0.7 at least")
    # It does not make a theorem stricter.
    assert judge(claim(kind=weaker), of(10, 64, 0.5)).evidence.threshold == 0.5


def test_no_case_refutes_alone_and_the_nearest_one_is_shown():
    m = of(3, 40, 0.25)
    assert not KIND.alone(m).any()
    found = judge(claim(kind=KIND), m)
    assert found.evidence.worst == 0
    assert found.evidence.worst_value == pytest.approx(3 / 40)


def test_one_case_tells_nothing_of_how_often_it_happens():
    kept, broken = (judge(claim(kind=KIND), of(count, 1, 0.25), one=True) for count in (0, 1))
    assert kept.outcome is SUPPORTED
    assert broken.outcome is INCONCLUSIVE
    assert broken.sentence.startswith("One case breaks it, which the theorem allows with probability 0.25. It fails")


def test_advice_is_a_number_of_cases_that_tells():
    verdict = judge(claim(kind=KIND), of(0, 10, 0.25))
    advice = advise(verdict)
    assert advice is not None
    assert outcome(0, round(10 * advice.cases), 0.25) is SUPPORTED
    even = advise(judge(claim(kind=KIND), of(10, 40, 0.25)))
    assert even is not None
    assert not even.helps


@pytest.mark.usefixtures("untyped_caller")
def test_what_it_cannot_judge_is_refused():
    with pytest.raises(InputError, match="not judged case by case: give HighProbability a Bound or a Separation"):
        HighProbability(Rate(power(1 / 2)))
    with pytest.raises(InputError, match=r"level of an interval is 1\.0: give one between 0 and 1"):
        HighProbability(Bound.constant(1.0), level=1.0)
    with pytest.raises(InputError, match=r"weaker probability is 1\.0: give one from 0 to 1"):
        HighProbability(Bound.constant(1.0), weaker=1.0)
    with pytest.raises(InputError, match="curve does not say with which probability"):
        KIND.judge("curve", replace(of(0, 4, 0.25), chance=None))
