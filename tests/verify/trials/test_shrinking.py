"""The smallest case that refutes a claim, where cases fail and bounds fail late."""

import numpy as np
import pytest

from solvers.errors import UndecidedError
from tests.verify.given import TINY, Given, claim, fails_on_one_point
from verify.claims import Bound
from verify.claims.verdict import Outcome
from verify.errors import FlowError, TrajectoryError
from verify.problems.laboratory import Laboratory
from verify.trials.shrinking import shrink
from verify.trials.trial import try_claim


def test_a_bound_on_a_flow_that_fails_where_steps_overflow_has_its_counterexample():
    def clock(lab: Laboratory) -> np.ndarray:
        return np.linspace(1, lab.log_time, 60)

    late = Given(lambda lab: np.where(clock(lab) > 900, 2.0, 0.5), clock)
    trial = try_claim(claim(quantity=late, kind=Bound.constant(1.0), flow=True), TINY)
    assert trial.verdict.outcome is Outcome.REFUTED
    assert trial.counterexample is not None


@pytest.mark.parametrize("error", [TrajectoryError("no number"), FlowError("no step"), UndecidedError("no margin")])
def test_a_case_that_fails_while_shrinking_is_passed_over(error):
    smallest = shrink(claim(fails_on_one_point(error)), TINY, seed=0)
    assert smallest is not None
    assert smallest.n > 1
