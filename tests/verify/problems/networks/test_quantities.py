"""Quantities along the flows of networks, on a flow made by hand."""

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.given import POINT, claim
from verify.losses import CROSS_ENTROPY, EXPONENTIAL
from verify.problems.laboratory import Laboratory
from verify.problems.networks.flow import NetworkFlow
from verify.problems.networks.network import linear
from verify.problems.networks.quantities import Growth, SmoothedMarginDrop


class AlongThis(SmoothedMarginDrop):
    """On a flow in which the smoothed margin falls a little."""

    def flow(self, subject, lab):
        clock, one = np.geomspace(1, 100, 5), np.ones((1, 5))
        weights = [np.linspace(1, 2, 5)[:, None] * np.ones((5, 2))]
        empty = [np.ones((5, 1))]
        return NetworkFlow(
            clock, 100.0, np.array([True]), np.array([True]), clock * one, one, weights, empty,
            [np.ones((5, 1, 2))], [np.ones((5, 2))],
        )  # fmt: skip


@pytest.mark.parametrize(
    ("loss", "same"),
    [(EXPONENTIAL, "exponential"), (CROSS_ENTROPY, "logistic"), ("cross_entropy", "logistic")],
    ids=["exponential", "logistic", "other name"],
)
def test_a_loss_is_known_however_it_is_spelled(loss, same):
    lab, quantity = Laboratory([POINT], steps=10), AlongThis(linear())
    found, expected = (quantity.measure(claim(loss=each).subject, lab).values for each in (loss, same))
    np.testing.assert_array_equal(found, expected)


def test_a_horizon_too_short_for_exponents_is_refused():
    with pytest.raises(InputError, match=r"ends at log 1/L = 60, but exponents are measured past 100: give a longer"):
        Growth().measure(claim().subject, Laboratory([POINT], steps=10, log_time=60.0))
