"""The decay of gradients under Adam, and the step at which eps takes over."""

import math
from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from verify import optimizers
from verify.datasets import Dataset
from verify.problems.margins.adam_decay import AdamLaw, first_gradient, growth, handover_seen
from verify.runs.simulation import run

POINT = Dataset([[1, 2], [-3, -1]], [1, -1])  # the maximiser (1, 1), with margin 3


@pytest.mark.parametrize(
    "law", [AdamLaw(0.01, 0.5, 0.9), AdamLaw(0.002, 0.9, 0.95), AdamLaw(0.003, 0.0, 0.97)], ids=str
)
def test_margin_grows_at_the_rate(law):
    run_ = run(optimizers.adam(law.step_size, law.b1, law.b2), Dataset([[1, 2]], [1]), steps=5000)
    _, grown = growth(run_)
    assert grown[0, -1] == pytest.approx(law.decay_rate(3.0), rel=1e-7)
    # Moments of different ages, or none, have another rate.
    for wrong in (replace(law, lag=1), replace(law, lag=-1), replace(law, throttled=False)):
        assert abs(grown[0, -1] / wrong.decay_rate(3.0) - 1) > 1e-4


def test_rate_is_throttled_by_the_second_moment():
    rates = [AdamLaw(step, 0.9, 0.99).decay_rate(1.0) for step in (1e-6, 1e-3, 1.0, 1e3)]
    assert (np.diff(rates) > 0).all()
    assert rates[0] == pytest.approx(1e-6, rel=1e-3)
    assert rates[-1] < math.log(1 / 0.99) / 2 < 1.001 * rates[-1]


@pytest.mark.parametrize("eps", [1e-4, 1e-8, 1e-16])
def test_handover_is_seen_where_it_is_predicted(eps):
    law = AdamLaw(0.01, 0.9, 0.99)
    run_ = run(optimizers.adam(law.step_size, law.b1, law.b2, eps), POINT, steps=20_000)
    steps, grown = growth(run_)
    rate = law.decay_rate(3.0)
    seen = handover_seen(steps, grown[0], rate)
    predicted = law.handover_time(3.0, first_gradient(POINT), eps)
    assert abs(math.log(seen / predicted)) < 0.15
    # Taken for eps inside the root, it would come at half the time.
    assert abs(math.log(seen / law.handover_time(3.0, first_gradient(POINT), math.sqrt(eps)))) > 0.5


def test_no_handover_without_eps():
    law = AdamLaw(0.01, 0.9, 0.99)
    steps, grown = growth(run(optimizers.adam(law.step_size, law.b1, law.b2), POINT, steps=5000))
    assert math.isnan(handover_seen(steps, grown[0], law.decay_rate(3.0)))


def test_first_gradient():
    assert first_gradient(POINT) == pytest.approx(0.5 * 4 / 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AdamLaw(0.1, 0.9, 0.8), "b1\\^2 < b2"),
        (lambda: AdamLaw(0.0), "positive step size"),
        (lambda: AdamLaw(0.1).decay_rate(0.0), "maximal margin is 0.0"),
        (lambda: AdamLaw(0.1).handover_time(1.0, 1.0, 0.0), "eps is 0.0"),
        (lambda: AdamLaw(0.1).handover_time(1.0, 1.0, 2.0), "eps is 2.0"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(InputError, match=message):
        make()
