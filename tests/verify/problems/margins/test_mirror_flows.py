"""Mirror flows in log time: closed forms, one flow in two parametrisations, and small steps of the method itself."""

import numpy as np
import pytest

from verify.datasets import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins.mirror_flows import COSH, MirrorGap, diagonal_network, flow, hyperbolic_entropy, power
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
