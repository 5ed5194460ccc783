"""The arithmetic of the checker, by hand."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from verify import Dataset
from verify.discovery.check_certificate import (
    Method,
    Unread,
    digest,
    evaluate,
    margin,
    method_of,
    norm,
    root,
    slopes_of,
    vectors,
    walk,
)

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


GIVEN = {
    name: (Fraction(value), Fraction(value)) for name, value in {"n": 5, "k": 3, "t": 10, "B": 2, "Σ η": 4}.items()
}
GIVEN |= {"γ": (Fraction(1, 4), Fraction(1, 2))}


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("0.06", 0.06, 0.06),
        ("(1 + ln n)/(γ t)", (1 + math.log(5)) / 5, (1 + math.log(5)) / 2.5),
        ("(½ B² + ln n(k-1))/Σ η", (2 + math.log(10)) / 4, (2 + math.log(10)) / 4),
        ("ln n (B - 1) t²", math.log(5) * 100, math.log(5) * 100),
        ("n - γ", 4.5, 4.75),
    ],
)
def test_formulas_are_read_as_they_are_written(text: str, low: float, high: float):
    found = evaluate(text, GIVEN)
    assert [float(each) for each in found] == pytest.approx([low, high])
    assert found[0] <= found[1]


@pytest.mark.parametrize(
    "text", ["", "its budget", "1/γ t", "(n", "n)", "γ - n", "ln γ", "n/(t - 10)", "q", "n +", "Σ η²", "n^2", "1.2.3"]
)
def test_what_is_no_such_formula_is_not_read(text: str):
    with pytest.raises(Unread):
        evaluate(text, GIVEN)


@pytest.mark.parametrize(
    ("about", "loss", "method"),
    [
        ("SignGD, η = 0.1 (t+1)^-1/2", "logistic", ("sign", Fraction(1, 10), Fraction(1, 2))),
        ("Normalised GD, η = 1/3 (t+1)^-0.3", "exponential", ("unit", THIRD, Fraction(3, 10))),
        ("normalised steepest descent in the l2 norm, η = 2", "logistic", ("unit", Fraction(2), Fraction(0))),
        ("coordinate descent, η = 2", "logistic", ("", Fraction(2), Fraction(0))),
        ("SignGD, η = 2", "hinge", ("", Fraction(2), Fraction(0))),
        ("SignGD, η = 0.1 on Sundays", "logistic", None),
        ("SignGD on single points, η falls", "logistic", None),
    ],
)
def test_methods_are_read_from_words(about: str, loss: str, method: tuple | None):
    assert method_of({"about": about, "loss": loss}) == (None if method is None else Method(*method, loss))


def test_steps_by_hand():
    data = {"x": [["1", "2"]], "classes": 0}
    row = [[Fraction(1), Fraction(2)]]
    (sign,) = walk(Method("sign", Fraction(1), Fraction(1), "logistic"), data, row, [2], 30)
    assert sign == [Decimal("1.5"), Decimal("1.5")]
    first, second = walk(Method("plain", Fraction(1), Fraction(0), "log_exponential"), data, row, [1, 3], 30)
    assert (first, second) == ([1, 2], [3, 6])
    # Parts that cancel move nothing, whatever is left of them.
    both = [[THIRD, Fraction(1)], [-THIRD, Fraction(1)]]
    (other,) = walk(Method("sign", THIRD, Fraction(0), "logistic"), {"x": [[], []], "classes": 0}, both, [5], 30)
    assert other[0] == 0


@pytest.mark.parametrize(
    ("loss", "slopes"),
    [("exponential", [1, 1]), ("pairwise_logistic", [1 / 2, 1 / 2]), ("cross_entropy", [1 / 3, 1 / 3])],
)
def test_slopes_at_zero(loss: str, slopes: list[float]):
    assert [float(each) for each in slopes_of(loss, [Decimal(0), Decimal(0)])] == pytest.approx(slopes)
