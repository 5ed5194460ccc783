"""Envelopes, exponents and limits on curves whose law is known."""

import numpy as np
import pytest

from verify import statistics
from verify.claims import envelopes
from verify.laws import inverse_log, power

LOG_TIME = np.log(10.0) * np.arange(4, 61) / 12  # twelve points a decade to 1e5


def curves(exponent: float, count: int = 16, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shape = np.exp(-exponent * LOG_TIME)
    return rng.uniform(0.5, 2.0, (count, 1)) * shape * np.exp(noise * rng.normal(size=(count, len(shape))))


@pytest.mark.parametrize("excess", [-0.3, -0.1, 0.0, 0.1, 0.2, 0.5])
def test_envelope_ratio_is_the_excess_of_the_law(excess):
    # The envelopes of a growing power are a decade apart; those of a falling one compare the ends of the windows.
    ratio = envelopes.log_envelope_ratio(LOG_TIME, curves(0.5), power(0.5 + excess))
    decades = 1.0 if excess > 0 else 2 + 1 / 12
    np.testing.assert_allclose(ratio, excess * decades, atol=1e-9)


def test_envelope_ratio_of_an_earlier_decade():
    knee = np.log(1e4)
    bent = np.exp(-0.5 * np.minimum(LOG_TIME, knee))[None, :]  # falls until 1e4, then stands still
    now = envelopes.log_envelope_ratio(LOG_TIME, bent, power(0.5))
    before = envelopes.log_envelope_ratio(LOG_TIME, bent, power(0.5), back=1.0)
    np.testing.assert_allclose([now[0], before[0]], [0.5, 0.0], atol=1e-9)


def test_envelope_ignores_dips_but_not_the_envelope():
    values = curves(0.5)
    dipped = values.copy()
    dipped[:, ::3] *= 1e-3
    assert np.all(envelopes.log_envelope_ratio(LOG_TIME, dipped, power(0.5)) < 0.1)
    assert np.all(envelopes.log_envelope_ratio(LOG_TIME, dipped, power(0.8)) > 0.2)


def test_log_law_has_its_windows_in_log_time():
    log_time = np.geomspace(10.0, 1e5, 80)
    values = (1 / log_time)[None, :]
    assert abs(envelopes.log_envelope_ratio(log_time, values, inverse_log())[0]) < 1e-9
    np.testing.assert_allclose(
        envelopes.log_envelope_ratio(log_time, values, inverse_log().faster(0.5)), 0.5, atol=0.05
    )


def test_nothing_positive_in_a_window_is_no_ratio():
    values = curves(0.5, count=2)
    values[0, np.log(1e4) - 1e-9 < LOG_TIME] = 0.0
    ratio = envelopes.log_envelope_ratio(LOG_TIME, values, power(0.5))
    assert np.isnan(ratio[0])
    assert np.isfinite(ratio[1])


@pytest.mark.parametrize("exponent", [0.2, 0.5, 1.0])
def test_exponents(exponent):
    found = envelopes.exponents(LOG_TIME, curves(exponent, noise=0.05), power(exponent))
    assert statistics.median(found).low < -exponent < statistics.median(found).high
    assert abs(statistics.median(found).value + exponent) < 0.03


@pytest.mark.parametrize(("law", "limit"), [(power(0.5), 0.0), (power(0.5), 0.3), (inverse_log(), 0.1)])
def test_limit_of_a_curve_that_follows_the_law(law, limit):
    values = limit + 2.0 * np.exp(law.log_value(LOG_TIME))[None, :]
    np.testing.assert_allclose(envelopes.limits(LOG_TIME, values, law), [limit], atol=1e-9)


def test_limit_of_a_faster_curve_lies_below_zero():
    assert envelopes.limits(LOG_TIME, curves(0.8, count=1), power(0.5))[0] < 0


def test_median_interval_holds_the_median_and_is_reproducible():
    values = np.random.default_rng(3).normal(size=41)
    interval = statistics.median(values)
    assert interval.low < interval.value < interval.high
    assert interval == statistics.median(values)
    assert interval.value == np.median(values)


def test_unresolved():
    values = np.array([[1.0, 1e-3], [1.0, 1e-10], [1.0, -1e-12]])
    late = np.array([False, True])
    np.testing.assert_array_equal(envelopes.unresolved(values, np.full(3, 1e-9), late), [True, False, False])
