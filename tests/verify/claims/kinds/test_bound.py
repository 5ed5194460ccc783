"""Explicit bounds, on curves made by hand."""

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.given import claim, falling, measured
from verify.claims import Bound
from verify.claims.judge import judge, refutes_alone
from verify.claims.verdict import Outcome


@pytest.mark.parametrize("judged", [False, True], ids=["nothing judged", "no bound is a number"])
def test_where_nothing_was_held_against_a_bound_no_case_is_the_worst(judged):
    bound = claim(kind=Bound(lambda m: np.full_like(m.values, np.nan if judged else 1.0), "odd"))
    verdict = judge(bound, measured(falling(0.5), judged=np.full(16, judged)))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.worst is None
    assert ("not a number on 16 datasets" in verdict.sentence) is judged


def test_a_case_with_a_value_that_is_no_number_refutes_no_bound():
    one = claim(kind=Bound.constant(1.0))
    values = np.full((2, 57), 0.5)
    values[0, 3:5] = np.nan, 7.0
    np.testing.assert_array_equal(refutes_alone(one, measured(values)), [False, False])
    assert judge(one, measured(values)).outcome is Outcome.SUPPORTED


def test_a_bound_of_another_shape_is_refused():
    """`[b]` would be taken for a bound at each time where there are as many."""
    one = claim(kind=Bound(lambda m: np.full(len(m.values), 0.75), "a row"))
    with pytest.raises(
        InputError, match=r"has the shape \(2,\) on 2 cases at 57 times: give one for each case and time"
    ):
        judge(one, measured(np.full((2, 57), 0.5)))


def test_a_bound_that_is_one_number_for_each_case_holds_at_every_time():
    one = claim(kind=Bound(lambda m: np.full((len(m.values), 1), 0.75), "a number for each"))
    values = np.full((2, 57), 0.5)
    values[1, 30] = 1.5
    verdict = judge(one, measured(values))
    assert verdict.outcome is Outcome.REFUTED
    assert "1.5 against 0.75 on dataset 1" in verdict.sentence
