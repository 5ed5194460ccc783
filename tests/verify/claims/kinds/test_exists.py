"""There is a case: supported by a witness, refuted where the construction holds none."""

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.given import LOG_TIME, POINT, claim, measured
from verify.claims import Bound, Exists, Rate
from verify.claims.judge import advise, judge
from verify.claims.verdict import Outcome
from verify.laws import power

KIND = Exists(Bound.constant(1.0))


def of(*levels: float):
    return measured(np.array(levels)[:, None] * np.ones(len(LOG_TIME)))


def test_one_witness_among_many_supports_and_is_shown():
    found = judge(claim(kind=KIND), of(*[2.0] * 15, 0.25))
    assert found.outcome is Outcome.SUPPORTED
    assert f"There is one: {POINT!r} keeps 1, as do 1 of 16 datasets tried." in found.sentence
    assert (found.evidence.worst, found.worst) == (15, POINT)


def test_none_among_enough_refutes():
    assert judge(claim(kind=KIND), of(*[2.0] * 8)).outcome is Outcome.REFUTED
    found = judge(claim(kind=KIND), of(*[2.0] * 7))
    assert found.outcome is Outcome.INCONCLUSIVE
    advice = advise(found)
    assert advice is not None
    assert advice.cases == 4


def test_a_single_case_is_a_witness_or_says_nothing():
    assert judge(claim(kind=KIND), of(0.5), one=True).outcome is Outcome.SUPPORTED
    assert judge(claim(kind=KIND), of(2.0), one=True).outcome is Outcome.INCONCLUSIVE


@pytest.mark.usefixtures("untyped_caller")
def test_bad_input_is_one_sentence():
    with pytest.raises(InputError, match="is not judged case by case: give Exists a Bound or a Separation"):
        Exists(Rate(power(1 / 2)))  # type: ignore[arg-type] - the wrong kind is what is tried
    with pytest.raises(InputError, match="An existence falls with 0 cases"):
        Exists(Bound.constant(1.0), fewest=0)
