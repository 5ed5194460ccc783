"""Rate laws: their values in log time, their clocks and their names."""

import math

import numpy as np
import pytest

from solvers.errors import InputError
from verify.laws import DecayLaw, Law, PathLaw, exponential, inverse_log, log_squared, path, power, summed
from verify.optimizers import PowerDecay

TIMES = np.log([10.0, 1e3, 1e7])


@pytest.mark.parametrize(
    ("law", "direct"),
    [
        (power(1 / 2), lambda t: t**-0.5),
        (power(1 / 3, log=1), lambda t: t ** (-1 / 3) * math.log(t)),
        (inverse_log(), lambda t: 1 / math.log(t)),
        (inverse_log().faster(0.5), lambda t: math.log(t) ** -1.5),
        (power(1 / 2).faster(0.25), lambda t: t**-0.75),
        (Law(0.5, 1.0, log_log_power=2.0), lambda t: t**-0.5 * math.log(t) * math.log(max(math.log(t), math.e)) ** 2),
        (
            Law(0.0, -1.0, log_log_power=1.0).faster(0.5),
            lambda t: math.log(max(math.log(t), math.e)) / math.log(t) ** 1.5,
        ),
    ],
)
def test_value(law, direct):
    expected = [math.log(direct(math.exp(s))) for s in TIMES]
    np.testing.assert_allclose(law.log_value(TIMES), expected, rtol=1e-12)


def test_no_time_is_too_large():
    assert np.isfinite(inverse_log().log_value(np.array([1e5]))).all()
    assert power(1 / 2).log_value(np.array([1e5]))[0] == -5e4


def test_clock_of_a_power_is_time_and_of_a_log_law_log_time():
    np.testing.assert_array_equal(power(1 / 2).log_clock(TIMES), TIMES)
    np.testing.assert_array_equal(inverse_log().log_clock(TIMES), np.log(TIMES))
    assert power(1 / 2, log=1).exponent == -0.5
    assert inverse_log().exponent == -1.0


def test_a_log_law_may_be_watched_in_steps():
    law = inverse_log(in_steps=True)
    np.testing.assert_array_equal(law.log_clock(TIMES), TIMES)
    np.testing.assert_array_equal(law.log_value(TIMES), inverse_log().log_value(TIMES))
    assert law.exponent == 0.0
    assert law.faster(0.25) == Law(0.25, -1.0)
    assert str(law) == "1/log t"


@pytest.mark.parametrize(
    ("law", "name"),
    [
        (power(1 / 2), "t^-1/2"),
        (power(1 / 3, log=1), "t^-1/3 log t"),
        (power(0.2), "t^-1/5"),
        (power(0.123), "t^-0.123"),
        (inverse_log(), "1/log t"),
        (Law(0.0, -1.5), "(log t)^-3/2"),
        (Law(0.0, -1.0, log_log_power=1.0), "log log t / log t"),
        (Law(0.5, 0.0, log_log_power=1.0), "t^-1/2 (log log t)^1"),
    ],
)
def test_name(law, name):
    assert str(law) == name


@pytest.mark.parametrize("arguments", [(0.0, 0.0), (0.0, 1.0), (-1.0, 0.0)])
def test_a_law_that_does_not_fall_is_refused(arguments):
    with pytest.raises(InputError, match="does not fall"):
        Law(*arguments)


@pytest.mark.parametrize(
    ("law", "direct", "name"),
    [
        (exponential(), lambda t: t, "exp(-c t)"),
        (exponential(1 / 3), lambda t: t ** (1 / 3), "exp(-c t^1/3)"),
        (log_squared(), lambda t: math.log(t) ** 2, "exp(-c log^2 t)"),
        (log_squared().slower(1.0), math.log, "t^-c"),
        (DecayLaw(0.5, 1.0), lambda t: t**0.5 * math.log(t), "exp(-c t^1/2 log t)"),
        (exponential(1 / 2).slower(1 / 4), lambda t: t**0.25, "exp(-c t^1/4)"),
    ],
)
def test_laws_that_hide_their_constant(law, direct, name):
    np.testing.assert_allclose(law.speed(TIMES), [direct(math.exp(s)) for s in TIMES], rtol=1e-12)
    assert str(law) == name


def test_a_decay_law_falls():
    with pytest.raises(InputError, match="does not fall: give a positive power of t or log t"):
        DecayLaw(0.0)
    with pytest.raises(InputError, match="does not fall"):
        exponential(1 / 2).slower(1 / 2)


@pytest.mark.parametrize("a", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_the_path_is_the_sum_of_the_step_sizes(a):
    steps = PowerDecay(0.1, a)
    sums = np.cumsum(steps(np.arange(200_000)))
    time = np.array([1.0, 7.0, 1e4, 1e4 + 1, 2e5])
    np.testing.assert_allclose(summed(steps, time), sums[time.astype(int) - 1], rtol=1e-5)
    np.testing.assert_allclose(
        path(steps, 2).log_value(np.log(time)), -2 * np.log(sums[time.astype(int) - 1]), atol=1e-4
    )
    assert str(path(steps)) == "S^-1"
    assert path(steps).faster(0.2) == path(steps, 1.2)
    assert path(steps, 2).exponent == pytest.approx(-2 * (1 - a), abs=0.06 if a == 1 else 2e-3)


def test_a_law_in_the_path_has_no_logarithm():
    with pytest.raises(InputError, match="leave its logarithms away"):
        PathLaw(1.0, 1.0, step_size=PowerDecay(0.1, 0.5))
