"""Adam with falling steps, carried on in the logarithm of its path: against the method, and against closed forms."""

import math

import numpy as np
import pytest

from solvers.errors import InputError
from verify.datasets import Dataset
from verify.losses import loss
from verify.optimizers import PowerDecay, adam
from verify.problems.laboratory import Laboratory
from verify.problems.margins.adam_times import (
    EuclideanScaling,
    FallingAdam,
    InverseLogEuclidean,
    InverseTakeover,
    TakeoverError,
    TakeoverGap,
    first_steps,
    passed,
    runs,
)
from verify.problems.subject import Described
from verify.runs.walk import walk

METHOD = FallingAdam(0.05, 0.4, 0.9, 0.95, first=1000)
EPS = (1e-2, 1e-20, 1e-150)
DATA = [Dataset([[0.2, 0.8]], [1]), Dataset([[-0.25, 0.75], [0.1, 1.2]], [1, 1])]
NOTHING = Described("Adam")


@pytest.fixture(scope="module")
def lab():
    return Laboratory(DATA, steps=1)


def test_the_path_and_the_steps_are_each_others_inverse():
    t = np.array([1, 7, 1000, 1001, 20_000])
    path = np.cumsum(METHOD.eta * np.arange(1.0, t[-1] + 1) ** -METHOD.a)
    np.testing.assert_allclose(np.exp(METHOD.log_steps(np.log(path[t - 1]))), t, rtol=1e-6)
    far = METHOD.log_steps(np.array([50.0, 2000.0]))
    np.testing.assert_allclose(far, (np.array([50.0, 2000.0]) + math.log(0.6 / 0.05)) / 0.6, rtol=1e-12)


def test_the_first_steps_are_those_of_adam():
    optimizer = adam(PowerDecay(0.05, 0.4), 0.9, 0.95, 1e-2, eps_inside_root=False, bias_correction=True)
    walked = walk(optimizer, DATA, steps=40, loss=loss("logistic")).weights[:, 1:]
    steps = first_steps(FallingAdam(0.05, 0.4, 0.9, 0.95, first=40), DATA, np.array([1e-2, 1.0]))
    np.testing.assert_allclose(steps[0], walked[..., : steps.shape[-1]], rtol=1e-10)
    assert np.abs(steps[1, :, -1]).max() < np.abs(steps[0, :, -1]).max()


def test_the_later_the_flow_takes_over_the_nearer_it_is_to_the_method():
    whole = FallingAdam(0.05, 0.4, 0.9, 0.95, first=8000)
    eps, away = (1e-2, 1e-8), []
    true = first_steps(whole, DATA, np.array(eps))
    for first in (200, 2000):
        found = runs(FallingAdam(0.05, 0.4, 0.9, 0.95, first=first), DATA, eps, 1.0)
        away.append(0.0)
        for k, i in np.ndindex(len(eps), len(DATA)):
            run = found[k][i]
            later = (run.log_path > run.log_path[first - 1]) & (run.log_path < math.log(whole.path[-1]))
            at = np.stack([np.interp(np.exp(run.log_path[later]), whole.path, w) for w in true[k, i].T], axis=1)
            away[-1] = max(away[-1], float(np.max(np.abs(run.weights[later] / at - 1))))
    assert away[1] < away[0] / 2
    assert away[1] < 1e-2


def test_on_a_single_point_the_times_are_those_of_the_flow(lab):
    """The entries g of one point fall like its margin rises, by `dm/dS = sum_j x_j g_j / (g_j + eps)`."""
    took = passed(METHOD, EPS, lab)
    x, log_inverse = DATA[0].signed[0], -np.log(EPS)
    for k, eps in enumerate(EPS):
        # From margin 0, the first steps included, which are like the flow's up to their size.
        m = np.linspace(0.0, log_inverse[k] + np.log(x.max()), 200_001)
        speed = sum(a / (1 + np.exp(np.minimum(np.log(eps / a) + np.logaddexp(0.0, m), 700.0))) for a in x)
        path = np.trapezoid(1 / speed, m)
        told = METHOD.log_steps(np.log([path]))[0]
        assert took.takeover[0, k] == pytest.approx(told, rel=1e-2)
    assert np.isfinite(took.euclidean).all()


def test_the_quantities_are_what_their_names_say(lab):
    took, other = passed(METHOD, EPS, lab), FallingAdam(0.05, 0.7, 0.9, 0.95, first=300)
    values = InverseTakeover(METHOD, EPS).measure(NOTHING, lab)
    np.testing.assert_allclose(values.values, np.exp(-took.takeover))
    np.testing.assert_allclose(np.exp(values.log_time), -np.log(EPS))
    assert values.judged.all()
    error = TakeoverError((METHOD,), EPS).measure(NOTHING, lab).values
    assert (np.diff(error, axis=1) < 0).all()
    assert error[:, -1].max() < 0.02
    assert TakeoverError((METHOD,), EPS, root=True).measure(NOTHING, lab).values.min() > 1
    for norm, gap in took.gaps.items():
        np.testing.assert_array_equal(TakeoverGap(METHOD, EPS, norm).measure(NOTHING, lab).values, gap)
    assert took.gaps["linf"][:, -1].max() < 0.01 < 0.05 < took.gaps["l2"][:, -1].min()
    euclidean = InverseLogEuclidean(METHOD, EPS).measure(NOTHING, lab).values
    np.testing.assert_allclose(euclidean * took.euclidean, 1)
    scaled = EuclideanScaling((METHOD, other), EPS).measure(NOTHING, lab).values
    expected = 0.6 * took.euclidean / (0.3 * passed(other, EPS, lab).euclidean)
    np.testing.assert_allclose(scaled, np.abs(expected - 1))


def test_bad_input_is_one_sentence():
    with pytest.raises(InputError, match="no path that grows like a power"):
        FallingAdam(0.05, 1.0)
