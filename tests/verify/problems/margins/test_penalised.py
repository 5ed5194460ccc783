"""Gradient descent with a penalty: on one point, where its steps are those of a single number."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from verify.datasets import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins.penalised import (
    CriticalStepError,
    PenalisedSteps,
    critical_steps,
    minimisers,
    steps_to_stay,
)
from verify.problems.subject import Described

NOTHING = Described("nothing")
POINT, PAIR = Dataset([[0.6, 0.8]], [1]), Dataset([[0.8, 0.0], [0.0, -0.5]], [1, -1])
PENALTIES = np.array([1e-1, 1e-2])


def test_at_the_minimum_the_gradient_vanishes():
    for dataset, found in zip((POINT, PAIR), minimisers([POINT, PAIR], PENALTIES), strict=True):
        for penalty, u in zip(PENALTIES, found, strict=True):
            push = 1 / (1 + np.exp(dataset.signed @ u))
            np.testing.assert_allclose(penalty * u, push @ dataset.signed / dataset.n, rtol=1e-9)


def test_steps_are_counted_until_the_objective_stays_near_its_minimum():
    """By the step written out, from zero weights."""
    eta, level, penalty = 5.0, 1e-6, 1e-2
    u = minimisers([PAIR], np.array([penalty]))[0, 0]
    objective = lambda w: np.logaddexp(0, -PAIR.signed @ w).mean() + penalty * w @ w / 2  # noqa: E731 - a formula, once
    w, away = np.zeros(2), 0
    for t in range(2000):
        if objective(w) > objective(u) + level:
            away = t + 1
        w = w - eta * (penalty * w - (1 / (1 + np.exp(PAIR.signed @ w))) @ PAIR.signed / 2)
    told = np.array([penalty]), np.array([eta]), np.array([level])
    assert steps_to_stay([PAIR], *told, 2000)[0, 0] == away > 20
    assert np.isnan(steps_to_stay([PAIR], *told, away)[0, 0])


def test_runs_that_do_not_arrive_are_not_judged():
    lab = Laboratory([PAIR], steps=1)
    kind = PenalisedSteps(lambda lam: 1 + 0 * lam, (0.1, 0.01), longest=2000)
    m = kind.measure(NOTHING, lab)
    steps = steps_to_stay([PAIR], PENALTIES, np.ones(2), 1e-10 * PENALTIES, 2000)
    np.testing.assert_allclose(m.values, steps * PENALTIES)
    np.testing.assert_allclose(replace(kind, inverse=True).measure(NOTHING, lab).values, 1 / steps)
    np.testing.assert_allclose(np.exp(m.log_time), [10, 100])
    assert m.judged.all()
    assert not PenalisedSteps(lambda lam: 1 + 0 * lam, (0.1, 0.01), longest=50).measure(NOTHING, lab).judged.any()


def test_a_run_that_diverges_never_arrives():
    """Its objective is no number in the end, which is no arrival."""
    penalty, level = np.array([0.01]), np.array([1e-6])
    assert np.isnan(steps_to_stay([PAIR], penalty, np.array([300.0]), level, 2000)).all()


def test_the_critical_step_is_two_over_the_curvature():
    found = critical_steps(np.array([1.0, 0.5]), PENALTIES, 2000)
    for size, row in zip((1.0, 0.5), found, strict=True):
        u = minimisers([Dataset([[size]], [1])], PENALTIES)[0, :, 0]
        push = 1 / (1 + np.exp(size * u))
        np.testing.assert_allclose(row, 2 / (PENALTIES + size**2 * push * (1 - push)), rtol=5e-3)


def test_a_critical_step_is_held_against_what_is_told_and_asks_for_one_point():
    kind = CriticalStepError(lambda lam: 1 / lam, (0.1, 0.01), 500)
    m = kind.measure(NOTHING, Laboratory([POINT], steps=1))
    np.testing.assert_allclose(m.values, np.abs(critical_steps(np.array([1.0]), PENALTIES, 500) * PENALTIES - 1))
    with pytest.raises(InputError, match="give datasets of a single one"):
        kind.measure(NOTHING, Laboratory([PAIR], steps=1))
