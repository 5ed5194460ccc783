"""Exponents with intervals: of single sweeps, of the largest of them, and of what is late in a curve."""

import numpy as np
import pytest

from verify.discovery.exponents import dependence, late, shown, slopes, worst
from verify.statistics import Interval

X = np.log([8.0, 16.0, 32.0, 64.0])


def test_a_power_has_its_exponent():
    np.testing.assert_allclose(slopes(X, np.exp(np.outer([0.5, -2.0], X))), [0.5, -2.0])


def test_the_worst_case_is_that_of_the_largest_at_each_size():
    flat, rising = np.full((5, 4), 10.0), np.tile(np.exp(X), (5, 1))
    found = dependence("both", X, np.concatenate([flat, rising]))
    assert found.worst == worst(X, np.concatenate([flat, rising]))
    assert found.worst is not None
    assert found.worst.value == pytest.approx(slopes(X, np.maximum(flat, rising)[:1])[0])
    assert found.worst.low <= found.worst.value <= found.worst.high
    assert found.beyond is not None
    assert found.beyond.value == pytest.approx(1.0)
    assert found.median is not None
    assert found.median.value == pytest.approx(0.5)


def test_sweeps_with_a_hole_are_left_out_and_too_few_say_nothing():
    levels = np.ones((5, 4))
    levels[0, 2] = np.nan
    assert dependence("one", X, levels).told == 4
    levels[1, 0] = np.nan
    none = dependence("one", X, levels)
    assert (none.told, none.of, none.median, none.worst) == (3, 5, None, None)
    assert none.to_dict()["median"] is None


def test_most_intervals_hold_the_truth():
    rng, inside = np.random.default_rng(0), 0
    for _ in range(400):
        levels = np.exp(0.5 * X + 0.3 * rng.standard_normal((24, 4)))
        found = dependence("noisy", X, levels).median
        assert found is not None
        inside += found.low <= 0.5 <= found.high
    assert inside >= 368  # of 400, at 95 %


def test_late_is_the_largest_of_a_third_of_a_decade():
    clock = np.log([1.0, 10.0, 60.0, 90.0, 100.0])
    values = np.array([[9.0, 5.0, 2.0, 3.0, 1.0], [9.0, 5.0, np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(late(clock, values), [3.0, np.nan])
    np.testing.assert_array_equal(late(clock, values, np.log(10.0)), [5.0, 5.0])
    np.testing.assert_array_equal(late(clock, values, 9.0), [np.nan, np.nan])


def test_an_exponent_is_shown_without_a_minus_zero():
    assert shown(Interval(-0.001, -0.004, 0.25)) == "0.00 [0.00, 0.25]"
    assert shown(None) == "–"
