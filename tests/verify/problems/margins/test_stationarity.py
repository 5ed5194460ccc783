"""The gap of weights that are nearly stationary, on points where it is known."""

import numpy as np
import pytest

import solvers
from tests.verify import samples
from tests.verify.given import claim
from verify.datasets import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins.stationarity import StationaryGap, stationary_weights

SUBJECT = claim().subject
DATA = [samples.binary(6, 3, seed) for seed in range(6)]


@pytest.mark.parametrize("norm", ["l1.5", "l2", "l3"])
def test_the_weights_are_stationary_but_for_the_noise_on_every_third(norm):
    dataset = DATA[0]
    weights = stationary_weights(dataset, norm)
    np.testing.assert_array_equal(weights, stationary_weights(dataset, norm))
    seen = 0
    for place, w in enumerate(weights):
        margins = dataset.margin_vectors @ w
        if margins.min() > 0 and place % 3:
            free = solvers.kkt_residual(w, dataset.margin_vectors, np.full(dataset.n, 1.0), 1, norm)  # no slackness
            assert free.stationarity < 1e-9
            seen += 1
    assert seen


def test_the_gap_is_within_what_the_conditions_allow_and_not_without_slackness():
    m = StationaryGap().measure(SUBJECT, Laboratory(DATA, steps=1))
    assert m.judged.all()
    assert np.all(m.values - m.floor[:, None] <= m.larger_side)
    without = StationaryGap(slackness=0.0).measure(SUBJECT, Laboratory(DATA, steps=1))
    assert np.any(without.values - without.floor[:, None] > without.larger_side)


def test_one_point_leaves_nothing_open():
    """Every positive combination of one point is the point, whose steepest direction is the maximiser."""
    m = StationaryGap(("l2",)).measure(SUBJECT, Laboratory([Dataset([[3, 4]], [1])], steps=1))
    kept = np.arange(m.values.shape[1]) % 3 > 0
    np.testing.assert_allclose(m.values[0, kept], 0, atol=1e-12)
    np.testing.assert_allclose(m.larger_side[0, kept], 0, atol=1e-12)
    assert (m.values[0, ~kept] > 1e-6).any()


def test_another_norm_has_another_margin():
    lab = Laboratory([Dataset([[3, 4]], [1])], steps=1)
    other = StationaryGap(("l2",), margin_in="linf").measure(SUBJECT, lab)
    assert other.values[0, 1] == pytest.approx(1 - 5 / 7)  # of (3, 4) the margins are 5 and 7
