"""How decoupled weight decay draws weights into a ball: by hand, on a point."""

import numpy as np

from verify.datasets import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins.decay_ball import BallExcess
from verify.problems.subject import Described

LAB = Laboratory([Dataset([[1.0]], [1])], steps=1)


def measure(**given):
    return BallExcess(("l2",), **given).measure(Described("decay"), LAB)


def test_what_is_left_of_the_start():
    """From norm 6 towards the ball of radius 2, the first steps with `η λ` of .5 and .5/√2."""
    m = measure()
    np.testing.assert_allclose(m.larger_side[0, :2], [2.0, 2 * (1 - 0.5**1.5)], rtol=1e-12)
    assert (m.values <= m.larger_side).all()


def test_in_one_dimension_it_is_attained_or_undershot():
    """The gradient points one way: from its side the excess contracts exactly, from the other faster."""
    m = measure()
    exact = np.abs(m.values - m.larger_side) < 1e-11
    assert exact.all() or (m.values[0, 1:] == 0).all()


def test_coupled_decay_leaves_more():
    assert (measure(coupled=True).values > measure(coupled=True).larger_side).any()
