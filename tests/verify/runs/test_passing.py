"""When runs come to the constants hidden in their optimizers, and how that is told."""

import math

import numpy as np
import optax
import pytest

from verify import optimizers
from verify.datasets import Dataset
from verify.optimizers.constants import Change
from verify.runs.passing import Constant, below_from, constants_of, passed
from verify.runs.simulation import run

LOG_TIME = np.log([1.0, 10.0, 100.0, 1000.0])
DATA = [Dataset([[1.0, 2.0]], [1]), Dataset([[3.0, 1.0]], [1])]


@pytest.mark.parametrize(
    ("sizes", "since"),
    [
        ([1e-9, 1e-9, 1e-9, 1e-9], 0.0),
        ([1.0, 1e-9, 1e-9, 1e-9], math.log(10)),
        ([1.0, 1e-9, 1.0, 1e-9], math.log(1000)),  # it came back above
        ([1.0, 1.0, 1.0, 1.0], math.inf),
        ([1.0, 1e-9, math.nan, math.nan], math.log(10)),  # it left the range of floating point
    ],
)
def test_from_when_on_gradients_are_below_a_size(sizes, since):
    assert below_from(LOG_TIME, np.log([sizes]), 1e-8) == pytest.approx([since])


def test_the_median_run_is_told_and_the_others_are_counted():
    sizes = np.log([[1.0, 1.0, 1e-9, 1e-9], [1.0, 1e-9, 1e-9, 1e-9], [1.0] * 4])
    (found,) = passed([Change(1e-8, 0, 1)], LOG_TIME, sizes)
    assert found.log_time == pytest.approx(math.log(100))
    assert (found.passed, found.datasets) == (2, 3)
    assert found.sentence == (
        "A constant of about 1e-08 (to a factor of 3) is hidden in the optimizer: above it updates do not depend on "
        "their size, below it they are in proportion to it. Gradients are below it from t = 1e+02 on (median)."
    )
    (late,) = passed([Change(1e-10, 0, 1)], LOG_TIME, sizes)
    assert late.log_time is None
    assert "Up to t = 1e+03 gradients are still above it on 3 of 3 datasets" in late.sentence


def test_words_of_other_powers():
    told = {(a, b): Constant(1.0, a, b, 0.0, 1, 1, 1.0).sentence for a, b in ((1, 1), (1, 2))}
    assert "the directions of updates change" in told[1, 1]
    assert "go like its power 2" in told[1, 2]
    assert "from the start" in told[1, 2]


@pytest.mark.parametrize("eps", [1e-2, 1e-4])
def test_a_planted_constant_is_passed_when_the_gradients_are(eps):
    """On one point `w` is along `x`, and the gradient `e^-z x` for margins `z` that are large."""
    found = run(optax.adam(0.01, b2=0.95, eps=eps), DATA, loss="exponential", steps=1_000)
    (constant,) = constants_of(optax.adam(0.01, b2=0.95, eps=eps), found, DATA)
    assert eps / 3 < constant.size < 3 * eps
    assert (constant.above, constant.below) == (0, 1)
    assert (constant.passed, constant.datasets) == (2, 2)
    at = np.searchsorted(found.time, round(math.exp(constant.log_time)))
    sizes = [math.exp(-found.margin[i, at]) * np.sqrt(np.mean(s.x**2)) for i, s in enumerate(DATA)]
    assert min(sizes) < constant.size


def test_scale_free_runs_have_none():
    assert constants_of(optimizers.sign_gd(0.1), run(optimizers.sign_gd(0.1), DATA, steps=10), DATA) == ()
