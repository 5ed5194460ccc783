"""Losses along every step of a method, first times, and inequalities: by hand, on a point or two."""

import numpy as np
import pytest

from verify import optimizers
from verify.datasets import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins.descents import (
    AverageIterateLoss,
    AverageLoss,
    FirstPassage,
    Inequality,
    LeastLoss,
    Loss,
    average_separated,
    below,
    falling_on,
    path,
    separated,
)
from verify.problems.subject import Described, Run
from verify.runs.descent import Constant, Descent, OverLoss

NOTHING = Described("nothing")
DATA = [Dataset([[0.6, 0.8], [1.0, 0.0], [0.0, -0.5]], [1, 1, -1]), Dataset([[0.5, 0.0]], [1])]
LAB = Laboratory(DATA, steps=30)
PLAIN = Descent(Constant(2.0), 30)
RUN = Run(optimizers.gradient_descent(2.0), "gradient descent", "logistic")
# One point against many, on which large steps go to and fro.
HARD = Laboratory([Dataset([[0.2, -0.2], *[[0.2, 0.97]] * 20], [1] * 21)], steps=30)


def test_a_method_and_the_same_optimizer_agree():
    for kind in (AverageLoss, AverageIterateLoss):
        own, walked = kind(PLAIN).measure(NOTHING, LAB), kind(length=30).measure(RUN, LAB)
        np.testing.assert_allclose(own.values, walked.values, rtol=1e-12)
    own, run = Loss(PLAIN).measure(NOTHING, LAB), Loss().measure(RUN, LAB)
    at = np.round(np.exp(run.log_time)).astype(int) <= 30
    steps = np.round(np.exp(run.log_time[at])).astype(int)
    np.testing.assert_allclose(own.values[:, steps - 2], run.values[:, at], rtol=1e-12)


def test_averages_are_over_the_weights_before_each_step():
    kept = path(PLAIN, LAB)
    losses = np.exp(kept.log_loss(kept.weights))
    np.testing.assert_allclose(AverageLoss(PLAIN).measure(NOTHING, LAB).values[:, 3], losses[:, :5].mean(axis=1))
    at_average = np.exp(kept.log_loss(kept.weights[:, :5].mean(axis=1, keepdims=True)))[:, 0]
    np.testing.assert_allclose(AverageIterateLoss(PLAIN).measure(NOTHING, LAB).values[:, 3], at_average)


def test_a_loss_below_the_smallest_number_keeps_its_logarithm():
    m = Loss(Descent(OverLoss(100.0), 30, "exponential")).measure(NOTHING, LAB)
    assert (m.values[1, -1], m.judged.all()) == (0.0, True)
    assert m.logs[1, -1] == pytest.approx(-100 * 0.25 * 30)


def test_the_least_loss_may_be_asked_to_fall():
    calm, wild = Descent(Constant(0.5), 30), Descent(Constant(300.0), 30)
    rises = path(wild, HARD)
    assert (np.diff(rises.log_loss(rises.weights)) > 0).any()
    np.testing.assert_array_equal(
        LeastLoss((calm, wild)).measure(NOTHING, HARD).values, Loss(calm).measure(NOTHING, HARD).values
    )
    assert not LeastLoss((wild,)).measure(NOTHING, HARD).judged.any()
    assert LeastLoss((wild,), falling=False).measure(NOTHING, HARD).judged.all()


def test_an_inequality_keeps_the_method_that_is_nearest_to_failing():
    methods = (PLAIN, Descent(Constant(1.0), 30))
    m = Inequality("step", lambda p: (p.eta, np.full_like(p.eta, 4.0)), methods).measure(NOTHING, LAB)
    assert m.larger_side.min() == 4.0
    np.testing.assert_allclose(m.values, 2.0)
    assert m.notes == ("largest ratio of the sides, method by method: 0.5, 0.25",)


def test_an_inequality_allows_rounding_and_no_more():
    def measure(excess: float):
        sides = lambda p: (np.full_like(p.eta, 1 + excess), np.full_like(p.eta, 1.0))  # noqa: E731 - said in place
        return Inequality("one", sides, (PLAIN,)).measure(NOTHING, LAB)

    assert measure(1e-13).values.max() == 1.0
    assert measure(1e-11).values.min() > 1.0


def test_an_inequality_that_is_silent_judges_nothing():
    m = Inequality("one", lambda p: (p.eta, np.where(p.count > 1, np.inf, 3.0) + 0 * p.eta), (PLAIN,))
    np.testing.assert_array_equal(m.measure(NOTHING, LAB).judged, [False, True])


def test_first_times():
    wild = Descent(Constant(300.0), 30)
    kept = path(wild, HARD)
    first = int(np.argmax(separated(kept)[0]))
    assert first > 0
    assert (kept.margins(kept.weights[:, first - 1 : first]) <= 0).any()

    def measure(bound: float, **given) -> object:
        return FirstPassage("time", separated, lambda p: np.full((1, 1), bound), (wild,), **given).measure(
            NOTHING, HARD
        )

    assert (measure(40.0).values[0, 0], measure(40.0).larger_side[0, 0]) == (first, 40.0)
    assert (measure(2.0, at_least=True).values[0, 0], measure(2.0, at_least=True).larger_side[0, 0]) == (2.0, first)


def test_what_never_comes_is_later_than_the_end_or_not_judged():
    never = below(lambda p: np.full((1, 1), -1e9))

    def measure(bound: float):
        return FirstPassage("time", never, lambda p: np.full((1, 1), bound), (PLAIN,)).measure(NOTHING, LAB)

    assert (measure(10.0).values == 31).all()
    assert measure(10.0).judged.all()
    assert not measure(100.0).judged.any()
    assert measure(100.0).notes == ("2 cases are left out, which never came there",)


def test_events():
    kept = path(Descent(Constant(300.0), 30), HARD)
    losses = kept.log_loss(kept.weights)[0]
    last_rise = int(np.flatnonzero(np.diff(losses) > 1e-9)[-1])
    np.testing.assert_array_equal(falling_on(kept)[0], np.arange(31) > last_rise)
    assert not average_separated(kept)[0, 0]
    assert average_separated(kept)[0, 1] == (kept.margins(kept.weights[:, :1]).min() > 0)
