"""Rational margins and witnesses against closed forms and the certified references."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from solvers import InputError, max_margin
from solvers.exact import NORMS, rational_margin, rational_witness
from tests.verify.samples import binary, classes


def test_single_point_in_linf_is_exact():
    witness = rational_witness([[1, 2]], [1], max_margin([[1, 2]], [1], "linf"))
    assert (witness.lower, witness.upper) == (3, 3)
    assert (witness.weights, witness.multipliers) == ((1, 1), (1,))


def test_single_point_in_l2_encloses_root_five():
    witness = rational_witness([[1, 2]], [1], max_margin([[1, 2]], [1], "l2"))
    assert witness.lower**2 <= 5 <= witness.upper**2
    assert witness.upper - witness.lower < Fraction(1, 10**8)


def test_rational_root_is_exact():
    assert rational_margin([3.0, 4.0], [[3, 4]], [1], "l2") == (5, 5)


def test_margin_of_floats_is_theirs_to_the_last_bit():
    low, high = rational_margin([0.1, 0.2], [[1, 1]], [1], "linf")
    assert low == high == (Fraction(0.1) + Fraction(0.2)) / Fraction(0.2)
    # Which no float says: 0.1 + 0.2 rounds.
    assert float(low) * 0.2 != Fraction(0.1) + Fraction(0.2)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("dataset", [binary(7, 3), binary(4, 6, 1), classes(6, 4, 3)], ids=["tall", "wide", "classes"])
def test_witness_agrees_with_the_reference(norm, dataset):
    reference = max_margin(dataset.x, dataset.y, norm)
    witness = rational_witness(dataset.x, dataset.y, reference)
    assert witness.lower <= witness.upper
    # Both brackets hold the maximal margin, so they meet.
    assert witness.lower <= Fraction(reference.upper)
    assert witness.upper >= Fraction(reference.lower)
    assert float(witness.upper - witness.lower) <= 1e-8 * reference.upper
    assert sum(witness.multipliers) == 1
    assert min(witness.multipliers) >= 0
    assert rational_margin(reference.weights, dataset.x, dataset.y, norm)[1] <= witness.upper


def test_wrong_weights_fall_short_of_the_witness():
    reference = max_margin([[1, 2]], [1], "l2")
    assert rational_margin([1.0, 1.0], [[1, 2]], [1], "l2")[1] < rational_witness([[1, 2]], [1], reference).lower


def test_bad_input():
    with pytest.raises(InputError, match="no rational bracket: use one of l1, l2, linf"):
        rational_margin([1.0, 1.0], [[1, 2]], [1], "l3")
    with pytest.raises(InputError, match="zero"):
        rational_margin([0.0, 0.0], [[1, 2]], [1], "l2")
    with pytest.raises(InputError, match="shape"):
        rational_margin([1.0], [[1, 2]], [1], "l2")
    with pytest.raises(InputError, match="smaller dataset"):
        rational_margin(np.ones(50), np.ones((50, 50)), np.ones(50, int), "l1")
