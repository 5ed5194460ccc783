"""The arithmetic of the checker, by hand."""

from fractions import Fraction

import numpy as np
import pytest

from verify import Dataset
from verify.discovery.check_certificate import digest, margin, norm, root, vectors

THIRD = Fraction(1, 3)


def test_roots_are_enclosed():
    assert root(Fraction(9, 4)) == (Fraction(3, 2), Fraction(3, 2))
    low, high = root(Fraction(2))
    assert low**2 < 2 < high**2
    assert high - low < Fraction(1, 10**40)
    assert root(Fraction(0)) == (0, 0)


@pytest.mark.parametrize(("name", "value"), [("l1", 7), ("l2", 5), ("linf", 4)])
def test_norms(name, value):
    assert norm([Fraction(3), Fraction(-4)], name) == (value, value)


def test_the_margin_is_the_least():
    assert margin([[THIRD, Fraction(1)], [Fraction(2), Fraction(0)]], [Fraction(3), Fraction(1)]) == 2


@pytest.mark.parametrize(
    "data",
    [Dataset([[1, 2], [3, 4]], [1, -1]), Dataset([[1, 2], [3, 4], [5, 6], [7, 8]], [2, 0, 1, 0])],
    ids=["+-", "k"],
)
def test_data_vectors_are_those_of_the_dataset(data):
    found = vectors([[Fraction(v) for v in row] for row in data.x.tolist()], data.y.tolist(), data.classes)
    np.testing.assert_array_equal(np.array(found, float), data.margin_vectors)


def test_the_digest_does_not_depend_on_the_order():
    assert digest({"a": "1", "b": "ü"}) == digest({"b": "ü", "a": "1"}) != digest({"a": "1", "b": "u"})
