"""The search for the case that is nearest to refuting a claim."""

import numpy as np
import pytest

from solvers.errors import UndecidedError
from tests.verify.given import claim, fails_on_one_point, measured
from verify.claims import Bound, Separation
from verify.claims.judge import refutes_alone
from verify.errors import FlowError, TrajectoryError
from verify.trials.hunting import hunt, score


def test_a_case_that_violates_a_bound_infinitely_is_found():
    found = hunt(claim(lambda lab: np.full((1, 57), 0.3), kind=Bound.constant(0.0)), examples=4)
    assert found.case is not None
    assert found.value == np.inf
    assert found.refuted


@pytest.mark.parametrize("value", [0.05, 0.15, 0.25])
def test_a_separation_scores_above_its_limit_where_it_is_refuted_and_only_there(value):
    separation, m = claim(kind=Separation(0.1, "≤ 0.1")), measured(np.full((1, 57), value), floor=0.1)
    found = score(separation, m)
    assert found is not None
    assert (found > separation.kind.limit) == refutes_alone(separation, m)[0]


@pytest.mark.parametrize("error", [TrajectoryError("no number"), FlowError("no step"), UndecidedError("no margin")])
def test_a_case_that_fails_while_hunting_is_passed_over(error):
    found = hunt(claim(fails_on_one_point(error)), examples=20)
    assert found.case is not None
    assert 0 < found.judged < found.examples
