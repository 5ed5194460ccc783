"""Data without an answer: the certificate, or one sentence that names the input and the remedy."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris

from solvers import (
    InputError,
    NonSeparableError,
    UndecidedError,
    hard_margin,
    margins,
    max_margin,
    max_margins,
    normalised_margin,
)
from tests.solvers.data import binary
from tests.solvers.test_references import combination


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([1.0, 2.0], [1, -1], r"features x have shape \(2,\)"),
        (np.zeros((0, 2)), [], "non-empty matrix"),
        (np.zeros((2, 0)), [1, -1], "non-empty matrix"),
        ([[1.0, np.nan], [0.0, 1.0]], [1, -1], "hold nan in row 0, column 1"),
        ([[1.0, 2.0], [np.inf, 1.0]], [1, -1], "inf in row 1, column 0: drop"),
        ([["a"], ["b"]], [1, -1], "dtype"),
        ([[1.0], [2.0]], [1], r"pass one label per row of x, shape \(2,\)"),
        ([[1.0], [2.0]], [[1], [-1]], "one label per row"),
        ([[1.0], [2.0]], [0.5, -1], "not classes, they hold 0.5: pass"),
        ([[1.0], [2.0]], [np.nan, 1], "not classes, they hold nan: pass"),
        ([[1.0], [2.0], [3.0]], [-1, 0, 1], r"mix -1 or less \(-1\) with 1: pass"),
        ([[1.0], [2.0], [3.0]], [0, 2, 3], "no point of class 1: renumber"),
        ([[1.0], [2.0], [3.0]], [1, 2, 3], "no point of class 0: renumber"),
        ([[1.0], [2.0], [3.0]], [0, 10**15, 1], "they hold 1000000000000000: pass"),
        ([[1.0], [2.0], [3.0]], [0, 2**30, 1], "no point of class 2"),
        ([[1.0], [2.0]], [1, "a"], "hold 1 and 'a': pass"),
        ([[1.0], [2.0]], ["a", None], "hold 'a' and None: pass"),
        ([[1.0], [2.0]], ["a", "a"], "one class only"),
        ([[1.0], [2.0]], [0, 0], "one class only"),
    ],
)
def test_every_bad_dataset_is_named_in_one_sentence(x, y, words):
    for call in (lambda: max_margin(x, y), lambda: max_margins([(x, y)]), lambda: margins([1.0], x, y)):
        with pytest.raises(InputError, match=words) as raised:
            call()
        message = str(raised.value)
        assert message.endswith(".")
        assert "\n" not in message


def test_bad_norms_and_weights():
    x, y = [[1.0, 2.0]], [1]
    with pytest.raises(InputError, match="spectral norm needs a weight matrix but binary labels"):
        max_margin(x, y, "spectral")
    with pytest.raises(InputError, match="Unknown norm"):
        max_margin(x, y, "l-2")
    with pytest.raises(InputError, match=r"weights w have shape \(3,\): these labels need shape \(2,\)"):
        margins([1.0, 2.0, 3.0], x, y)
    with pytest.raises(InputError, match="weights w are zero"):
        normalised_margin([0.0, 0.0], x, y)
    with pytest.raises(InputError, match="hard-margin problem is binary"):
        hard_margin([[1.0], [-1.0], [2.0]], [0, 1, 2])


def check_certificate(error, x, y):
    certificate = error.certificate
    assert (certificate >= 0).all()
    assert certificate.sum() == pytest.approx(1, rel=1e-13)
    assert np.abs(combination(x, y, certificate)).max() <= 1e-9 * np.abs(x).max()


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([[1.0, 0.0], [1.0, 0.0]], [1, -1]),
        ([[0.0, 0.0], [1.0, 0.0]], [1, -1]),
        ([[0.0]], [1]),
        ([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], [1, 1, 1]),
        ([[1e-200, 0.0], [1e-200, 0.0]], [1, -1]),
    ],
)
@pytest.mark.parametrize("name", ["l2", "linf", "l3"])
def test_data_without_a_margin_comes_with_a_certificate(x, y, name):
    with pytest.raises(NonSeparableError, match=r"no positive margin, since (the data vectors of )?points? ") as raised:
        max_margin(x, y, name)
    check_certificate(raised.value, np.array(x), np.array(y))


def test_a_point_with_two_labels_is_named():
    x = [[1.0, 0.0], [2.0, 1.0], [-0.0, 3.0], [2.0, 1.0], [0.0, 3.0]]
    for y, classes in (([1, 1, -1, 1, 1], None), ([0, 1, 0, 1, 1], 2), (["a", "b", "c", "b", "a"], None)):
        with pytest.raises(
            NonSeparableError, match=r"points 2 and 4 have the same features and different labels, .*: drop one"
        ) as raised:
            max_margin(x, y, classes=classes)
        if classes:
            check_certificate(raised.value, np.array(x), np.array(y))


def test_real_data_without_a_margin():
    x, y = load_iris(return_X_y=True)
    with pytest.raises(
        NonSeparableError, match=r"tells classes 1 and 2 apart, even with an intercept .see points "
    ) as raised:
        max_margin(x, y, "spectral")
    check_certificate(raised.value, x, y)
    assert set(y[raised.value.certificate.any(axis=1)]) == {1, 2}
    widened = np.hstack([x, np.ones((len(x), 1))])
    with pytest.raises(NonSeparableError, match="leave out one of them, take one class against all") as raised:
        max_margin(widened, y, "linf")
    check_certificate(raised.value, widened, y)
    x, y = load_breast_cancer(return_X_y=True)
    x, y = (x - x.mean(axis=0)) / x.std(axis=0), 2 * y - 1
    with pytest.raises(
        NonSeparableError, match=r"and \d+ others combine to zero: add an intercept column, which"
    ) as raised:
        max_margin(x, y, "linf")
    check_certificate(raised.value, x, y)
    assert max_margin(np.hstack([x, np.ones((len(x), 1))]), y, "l2").lower > 0


def test_a_batch_names_its_member():
    good = binary(0, 5, 2)
    bad = (np.array([[1.0], [1.0]]), np.array([1, -1]))
    with pytest.raises(NonSeparableError, match=r"^Dataset 1: ") as raised:
        max_margins([good, bad, good])
    assert raised.value.certificate.shape == (2,)
    with pytest.raises(InputError, match=r"^Dataset 2: The labels"):
        max_margins([good, good, (good[0], good[1][:2])])
    assert max_margins([]) == []


@pytest.mark.parametrize("height", [1e-13, 1e-15, 1e-17, 1e-40])
def test_a_margin_near_the_rounding_is_proved_or_not_claimed(height):
    # The exact margin is about height / 2.
    x = np.array([[1.0, height], [-1.0, 0.0]])
    try:
        reference = max_margin(x, [1, 1])
    except (NonSeparableError, UndecidedError) as error:
        # Each names its remedy.
        text = str(error)
    else:
        assert reference.lower <= height / 2 * (1 + 1e-9)
        assert height / 2 * (1 - 1e-9) <= reference.upper
        return
    assert "bring the features to one scale" in text
