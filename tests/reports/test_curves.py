"""What a figure shows of the curves: quantiles, slopes, exact and unknown gaps."""

from __future__ import annotations

import numpy as np
import pytest

from reports.curves import band, decades, last, last_slope

TIMES = np.geomspace(1, 1e4, 41)


def test_quantiles_of_known_gaps():
    level = np.arange(1.0, 12.0)[:, None]
    seen = band({"time": TIMES, "gap": level / TIMES})
    assert seen is not None
    np.testing.assert_allclose(seen.low * TIMES, 2, rtol=1e-12)
    np.testing.assert_allclose(seen.median * TIMES, 6, rtol=1e-12)
    np.testing.assert_allclose(seen.high * TIMES, 10, rtol=1e-12)
    assert (seen.datasets, seen.exact, seen.exact_at_end, seen.unknown) == (11, 0, 0, 0)


def test_exact_gaps_count_as_zero_and_unknown_ones_not_at_all():
    gap = np.ones((5, 41))
    gap[0, 20] = 0.0
    gap[1, 30:] = -1.0
    gap[2, 40] = np.nan
    gap[3, :3] = np.inf
    seen = band({"time": TIMES, "gap": gap})
    assert seen is not None
    assert (seen.datasets, seen.exact, seen.exact_at_end, seen.unknown) == (5, 2, 1, 2)
    assert seen.low[20] == pytest.approx(0.4)
    assert seen.median[40] == 1
    assert seen.high[0] == 1
    assert seen.low[35] == pytest.approx(0.4)


def test_a_time_that_nobody_knows():
    gap = np.ones((2, 41))
    gap[:, 5] = np.nan
    seen = band({"time": TIMES, "gap": gap})
    assert seen is not None
    assert np.isnan(seen.median[5])
    assert np.isfinite(np.delete(seen.median, 5)).all()


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_nothing_to_draw(value):
    seen = band({"time": TIMES, "gap": np.full((3, 41), value)})
    assert seen is not None
    assert not seen.drawable


def test_absent_curves_and_own_times():
    curves = {"time": TIMES, "twin_0": np.ones((2, 3)), "twin_0_time": np.array([0.0, 1.0, 2.0])}
    assert band(curves) is None
    twin = band(curves, "twin_0")
    assert twin is not None
    np.testing.assert_array_equal(twin.times, [1, 2])
    assert band({"real_0": np.ones(3)}, "real_0") is None


@pytest.mark.parametrize("exponent", [-1.0, -0.25, 0.0])
def test_slope_of_the_last_decade(exponent):
    values = np.where(TIMES < 999, 5.0, TIMES**exponent)
    assert last_slope(TIMES, values) == pytest.approx(exponent, abs=1e-9)


def test_slope_needs_three_values():
    values = np.full(41, np.nan)
    assert last_slope(TIMES, values) is None
    values[[0, 40]] = 1.0
    assert last_slope(TIMES, values) is None
    values[38:] = TIMES[38:] ** -0.5
    assert last_slope(TIMES, values) == pytest.approx(-0.5)


def test_decades_and_last():
    np.testing.assert_array_equal(decades(np.array([100, 0, -1, np.nan, np.inf])), [2, *[np.nan] * 4])
    assert last(np.array([1.0, 2.0, np.nan])) == 2
    assert last(np.array([np.nan])) is None


def test_no_dataset_has_no_quantiles():
    found = band({"time": TIMES, "gap": np.zeros((0, TIMES.size))})
    assert found is not None
    assert not found.drawable
    assert np.isnan(found.median).all()
    assert (found.datasets, found.exact, found.unknown) == (0, 0, 0)
