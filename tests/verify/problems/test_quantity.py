"""Clocks and measurements."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.given import LOG_TIME as LOG_TIMES
from tests.verify.given import POINT, Given, claim, measured
from verify.datasets import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins.gap import Gap
from verify.problems.margins.stationarity import StationaryGap
from verify.problems.quantity import LOG_TIME, STEPS, Clock, Measurement, OneWrong, Quantity

SUBJECT = claim().subject
STEP_SIZE = Clock.named("h")
NETWORK = Clock.named("log 1/L", in_log=True)
THOUSAND = float(np.log(1000.0))


@pytest.mark.parametrize(
    ("clock", "at", "when", "horizon"),
    [
        (STEPS, 1000, "after 1000 steps", "1000 steps"),
        (LOG_TIME, THOUSAND, "at log t = 6.90776", "gradient flow to t = e^7"),
        (STEP_SIZE, pytest.approx(1000), "at h = 1000", "h to 1000"),
        (NETWORK, THOUSAND, "at log 1/L = 6.90776", "flow to log 1/L = 6.90776"),
    ],
    ids=["steps", "log t", "step size", "log 1/L"],
)
def test_a_clock_tells_its_time(clock, at, when, horizon):
    assert clock.at(THOUSAND) == at
    assert (clock.when(THOUSAND), clock.horizon(THOUSAND)) == (when, horizon)


def test_a_figure_shows_what_the_clock_counts():
    log_time = np.array([0.0, THOUSAND])
    np.testing.assert_allclose(STEPS.shown(log_time), [1, 1000])
    np.testing.assert_array_equal(LOG_TIME.shown(log_time), log_time)


def test_no_time_overflows():
    assert np.isfinite(STEP_SIZE.at(1e5))
    assert LOG_TIME.at(1e5) == 1e5


def test_a_measurement_knows_its_data():
    m = measured(np.ones((2, 57)))
    np.testing.assert_array_equal(m.n, [[1], [1]])
    np.testing.assert_array_equal(m.margin, [[1], [1]])
    np.testing.assert_allclose(m.time, np.exp(m.log_time))
    np.testing.assert_allclose(m.radius("linf"), [[3], [3]])  # the dual norm of (1, 2)


def test_what_was_not_measured_is_refused_in_a_sentence():
    m = Measurement(np.zeros(1), np.ones((1, 1)), np.zeros(1), np.ones(1, bool), [POINT])
    with pytest.raises(InputError, match="measures no inequality"):
        _ = m.larger_side
    with pytest.raises(InputError, match="has no reference margin"):
        _ = m.margin


def test_a_quantity_is_what_measures_under_a_name():
    assert isinstance(Gap(), Quantity)
    assert not isinstance(POINT, Quantity)


def test_one_wrong_case_is_the_one_on_which_the_wrong_quantity_is_largest():
    lab = Laboratory([POINT] * 3, steps=10)
    wrong = np.tile([[3.0], [5.0], [4.0]], 57)
    m = OneWrong(Given(lambda lab: np.full((3, 57), 0.5)), Given(lambda lab: wrong)).measure(SUBJECT, lab)
    np.testing.assert_array_equal(m.values[:, -1], [0.5, 5, 0.5])
    later = Given(lambda lab: wrong[:, 1:], lambda lab: LOG_TIMES[1:])
    with pytest.raises(InputError, match="No case has both 'curve' and the wrong one in its place"):
        OneWrong(Given(lambda lab: wrong), later).measure(SUBJECT, lab)


def test_one_wrong_case_brings_its_larger_side():
    data = Laboratory([Dataset([[1, 0], [2, -1]], [1, 1]), Dataset([[3, 1], [-1, 3]], [1, 1])], steps=10)
    true, wrong = StationaryGap(), StationaryGap(slackness=0.1)
    m, t, w = (q.measure(SUBJECT, data) for q in (OneWrong(true, wrong), true, wrong))
    changed = (m.larger_side != t.larger_side).any(axis=1)
    assert np.count_nonzero(changed) == 1
    np.testing.assert_array_equal(m.larger_side[changed], w.larger_side[changed])


def test_what_is_within_its_floor_is_not_the_wrong_case():
    """However small its larger side is: such a case breaks no bound, and a twin that it stands in would be kept."""

    class Bounded(Given):
        def measure(self, subject, lab):
            m = super().measure(subject, lab)
            bound = np.where(np.arange(3)[:, None] == 2, 1e-12, 1.0) * np.ones_like(m.values)
            return replace(m, floor=np.full(3, 1e-6), bound=bound)

    wrong = np.tile([[0.5], [2.0], [1e-7]], 57)
    m = OneWrong(Bounded(lambda lab: np.full((3, 57), 1e-8)), Bounded(lambda lab: wrong)).measure(
        SUBJECT, Laboratory([POINT] * 3, steps=10)
    )
    np.testing.assert_array_equal(m.values[:, -1], [1e-8, 2, 1e-8])
