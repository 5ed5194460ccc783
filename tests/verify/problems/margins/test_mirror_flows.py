"""Mirror flows in log time: closed forms, one flow in two parametrisations, and small steps of the method itself."""

import numpy as np
import pytest

from verify.datasets import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins.mirror_flows import (
    COSH,
    MirrorGap,
    PowerDirection,
    SupportMargins,
    diagonal_network,
    flow,
    hyperbolic_entropy,
    power,
)
from verify.problems.subject import Described

TIMES = np.geomspace(1.0, 50.0, 20)
POINT = Dataset(np.array([[2.0, 1.0]]), np.array([1]))
PAIR = Dataset(np.array([[2.0, 1.0], [1.0, -1.0]]), np.array([1, 1]))


@pytest.mark.parametrize(
    ("potential", "second"),
    [
        (power(2.0), lambda w: 1 + 0 * w),
        (power(1.5), lambda w: 0.5 * np.abs(w) ** -0.5),
        (power(3.0), lambda w: 2 * np.abs(w)),
        (hyperbolic_entropy(0.5), lambda w: 1 / np.hypot(w, 0.5)),
        (COSH, np.cosh),
    ],
)
def test_weights_move_by_the_pull_over_the_curvature(potential, second):
    """By differences of the flow itself."""
    s, h = 3.0, 1e-3
    before, now, after = flow(potential, PAIR, np.array([s - h, s, s + h]))
    z = PAIR.signed @ now
    pull = np.exp(s) * (PAIR.signed / (1 + np.exp(z))[:, None]).mean(axis=0)
    np.testing.assert_allclose((after - before) / (2 * h), pull / second(now), rtol=5e-3, atol=1e-3)


def test_on_one_point_the_quadratic_potential_has_a_closed_form():
    """`z + e^z = 5 t` and a constant along the point, from z = 0 at t = e^-3."""
    z = flow(power(2.0), POINT, TIMES) @ POINT.signed[0]
    np.testing.assert_allclose(np.logaddexp(np.log(z), z), np.log(5 * (np.exp(TIMES) - np.exp(-3)) + 1), rtol=1e-4)


def test_a_diagonal_network_is_a_hyperbolic_entropy_at_four_times_the_speed():
    """`u v = 1/4` of the network is `beta = 1/2`; its flow is as far at t as the entropy's at 4 t."""
    network = flow(diagonal_network(0.5), PAIR, TIMES + 10)
    entropy = flow(hyperbolic_entropy(0.5), PAIR, TIMES + 10 + np.log(4.0))
    np.testing.assert_allclose(network, entropy, rtol=2e-3)


def test_gaps_are_those_of_the_norm():
    lab = Laboratory([POINT, PAIR], steps=1)
    measured = MirrorGap(hyperbolic_entropy(1.0), "l1", 1e3).measure(Described("flow"), lab)
    w = flow(hyperbolic_entropy(1.0), POINT, measured.log_time)
    # The maximal L1 margin of one point is its largest entry.
    np.testing.assert_allclose(measured.values[0], 1 - w @ [2.0, 1.0] / np.abs(w).sum(axis=1) / 2, atol=1e-8)
    assert measured.values[:, -1].max() < 0.05
    assert MirrorGap(hyperbolic_entropy(1.0), "linf", 1e3).measure(Described("flow"), lab).values[0, -1] > 0.2


@pytest.mark.parametrize("p", [1.5, 3.0])
def test_support_vectors_in_features_of_their_own_are_known_by_hand(p):
    """Points (2, 0) and (0, 1) have `w = (1/2, 1)` and the multipliers `2^-p` and 1."""
    data = Dataset(np.diag([2.0, 1.0]), np.array([1, 1]))
    lab = Laboratory([data], steps=1)
    distance, margins = (kind(p, 1e3).measure(Described("flow"), lab) for kind in (PowerDirection, SupportMargins))
    w = flow(power(p), data, margins.log_time)
    s = margins.log_time[-1]
    told = s - (p - 2) * np.log(s) - np.log(2 * (p - 1) * np.array([2**-p, 1.0]))
    assert margins.values[0, -1] == pytest.approx(np.abs(w[-1] * [2, 1] - told).max())
    end = np.array([0.5, 1.0])
    direction = w[-1] / np.linalg.norm(w[-1], p) - end / np.linalg.norm(end, p)
    assert distance.values[0, -1] == pytest.approx(np.linalg.norm(direction, p))
    assert margins.values[0, -1] < 0.1
    assert SupportMargins(p, 1e3, slower=0.0).measure(Described("flow"), lab).values[0, -1] > 3
    assert SupportMargins(p, 1e3, other=2.0).measure(Described("flow"), lab).values[0, -1] > 0.3


def test_support_vectors_in_doubt_are_not_judged():
    twice = Dataset(np.array([[2.0, 1.0], [2.0, 1.0]]), np.array([1, 1]))
    nearly = Dataset(np.array([[2.0, 1.0], [2.01, 1.0]]), np.array([1, 1]))
    m = SupportMargins(1.5, 10.0).measure(Described("flow"), Laboratory([twice, nearly, POINT], steps=1))
    np.testing.assert_array_equal(m.judged, [False, False, True])
    assert m.notes == ("1 of the 3 datasets could be judged",)
