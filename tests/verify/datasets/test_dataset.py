"""Datasets: validation sentences, derived shapes, round trips, rescaling and rotation."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from solvers import max_margin, normalised_margin
from solvers.errors import InputError
from verify.datasets import Dataset, rotated, scaled_to_unit_rows


def test_binary_labels():
    dataset = Dataset([[1, 2], [3, -4]], [1, -1])
    assert (dataset.n, dataset.d, dataset.classes, dataset.binary) == (2, 2, 0, True)
    assert dataset.weights_shape == (2,)
    assert dataset.x.dtype == np.float64
    assert dataset.y.dtype == np.int64
    np.testing.assert_array_equal(dataset.signed, [[1, 2], [-3, 4]])
    np.testing.assert_array_equal(dataset.margin_vectors, dataset.signed)


@pytest.mark.parametrize("labels", [[1, 1], [-1, -1], [1.0, -1.0]])
def test_labels_of_unit_size_are_binary(labels):
    assert Dataset([[1], [2]], labels).binary


@pytest.mark.parametrize(
    ("labels", "expected"),
    [([0, 1], [-1, 1]), ([True, False], [1, -1]), (["no", "yes"], [-1, 1]), ([2.0, -3.0], [1, -1]), ([-1, 0], [-1, 1])],
)
def test_two_distinct_labels_are_binary(labels, expected):
    dataset = Dataset([[1, 2], [3, 4]], labels)
    assert (dataset.classes, dataset.binary, dataset.weights_shape) == (0, True, (2,))
    np.testing.assert_array_equal(dataset.y, expected)


@pytest.mark.parametrize("labels", [[0, 1], [-1, 1], [False, True], ["no", "yes"], [3, 8]])
def test_two_classes_are_asked_for(labels):
    dataset = Dataset([[1, 2], [3, 4]], labels, classes=2)
    assert (dataset.classes, dataset.binary, dataset.weights_shape) == (2, False, (2, 2))
    np.testing.assert_array_equal(dataset.y, [0, 1])
    assert replace(dataset, x=-dataset.x).classes == 2
    with pytest.raises(InputError, match="there are 2 classes: use margin_vectors"):
        _ = dataset.signed


def test_the_rule_for_labels_is_that_of_the_solver():
    x = np.random.default_rng(0).normal(size=(3, 4))
    for labels, classes in (([0, 1, 1], None), ([True, False, False], 2), (["b", "c", "a"], None), ([1, 1, 1], None)):
        dataset, reference = Dataset(x, labels, classes=classes), max_margin(x, labels, classes=classes)
        assert reference.weights.shape == dataset.weights_shape
        assert max_margin(dataset.x, dataset.y, classes=dataset.classes).lower == reference.lower
        assert normalised_margin(reference.weights, x, labels) == pytest.approx(reference.lower)


@pytest.mark.parametrize("labels", [["b", "c", "a", "a"], np.array(["b", "c", "a", "a"], dtype=object)])
def test_texts_are_numbered_in_sorted_order(labels):
    np.testing.assert_array_equal(Dataset(np.eye(4), labels).y, [1, 2, 0, 0])


@pytest.mark.parametrize("y", [[1, -1, 1, 1], [2, 0, 1, 0]], ids=["binary", "classes"])
def test_the_least_margin_is_that_of_the_margin_vectors(y: list[int]):
    rng = np.random.default_rng(4)
    dataset = Dataset(rng.normal(size=(4, 3)), np.array(y))
    weights = rng.normal(size=dataset.weights_shape)
    least = (dataset.margin_vectors @ weights.ravel()).min()
    assert dataset.least_margin(weights) == pytest.approx(least, rel=1e-13)


def test_margin_vectors_give_the_multiclass_margins():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((5, 3)), np.array([2, 0, 1, 2, 0])
    weights = rng.standard_normal((3, 3))
    scores = x @ weights.T
    expected = [scores[i, y[i]] - scores[i, c] for i in range(5) for c in range(3) if c != y[i]]
    np.testing.assert_allclose(Dataset(x, y).margin_vectors @ weights.ravel(), expected, atol=1e-13)


def test_arrays_are_read_only_copies():
    x = np.ones((2, 2))
    dataset = Dataset(x, [1, -1])
    x[0, 0] = 7
    assert dataset.x[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        dataset.x[0, 0] = 7
    with pytest.raises(ValueError, match="read-only"):
        dataset.y[0] = 7


@pytest.mark.parametrize(
    ("x", "y", "sentence"),
    [
        ([], [], r"x have shape \(0,\): pass a non-empty matrix"),
        ([[]], [1], r"x have shape \(1, 0\): pass a non-empty matrix"),
        ([1, 2], [1, 1], r"x have shape \(2,\): pass a non-empty matrix"),
        ([[1, 2], [3]], [1, 1], "rows of different lengths: pass a matrix"),
        ([["a"]], [1], "x have dtype <U1: pass"),
        ([[1j]], [1], "x have dtype complex128: pass"),
        ([[1, 0], [0, np.nan]], [1, 1], "x hold nan in row 1, column 1: drop"),
        ([[np.inf]], [1], "x hold inf in row 0, column 0: drop"),
        ([[1]], [1, 1], r"y have shape \(2,\): pass one label per row of x, shape \(1,\)"),
        ([[1]], 1, r"y have shape \(\): pass"),
        ([[1]], [[1]], r"y have shape \(1, 1\): pass"),
        ([[1]], [[1], [1, 2]], "y are no list of labels: pass"),
        ([[1]], ["cat"], "one class only"),
        ([[1]], [1j], "y have type complex128: pass"),
        ([[1], [1]], [0.5, 1], "they hold 0.5: pass"),
        ([[1], [1]], [np.nan, 1], "they hold nan: pass"),
        ([[1], [1]], [1, 2**40], "they hold 1099511627776: pass"),
        ([[1], [1], [1]], [-1, 0, 2], r"mix -1 or less \(-1\) with 2: pass"),
        ([[1], [1]], [0, 0], "one class only, which has no margin: pass at least two"),
        ([[1], [1], [1]], [0, 2, 3], "no point of class 1: renumber"),
        ([[1], [1], [1]], [1, 2, 3], "no point of class 0: renumber"),
    ],
)
def test_bad_input_is_one_sentence_with_a_remedy(x, y, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        Dataset(x, y)
    message = str(caught.value)
    assert ":" in message
    assert "\n" not in message
    assert message.endswith(".")


@pytest.mark.parametrize(
    ("x", "y", "text"),
    [
        ([[1, 2]], [1], "Dataset([[1, 2]], [1])"),
        ([[1.0, -0.5]], [-1.0], "Dataset([[1, -0.5]], [-1])"),
        ([[1e300], [-1e-300]], [0, 1], "Dataset([[1e+300], [-1e-300]], [-1, 1])"),
    ],
)
def test_repr_is_an_expression(x, y, text):
    assert repr(Dataset(x, y, name="given")) == text


def test_repr_of_floats_pastes_back_exactly():
    dataset = Dataset(np.random.default_rng(1).standard_normal((16, 16)), [1] * 16)
    pasted = eval(repr(dataset), {"Dataset": Dataset})
    np.testing.assert_array_equal(pasted.x, dataset.x)


def test_repr_of_large_data_is_a_summary():
    x = np.ones((100, 20))
    assert repr(Dataset(x, [1] * 100)) == "<Dataset: 100 points, 20 features, binary>"
    named = Dataset(x, [0, 1] * 50, name="ones", classes=2)
    assert repr(named) == "<Dataset: 'ones', 100 points, 20 features, 2 classes>"


def test_json_round_trip_is_exact():
    dataset = Dataset(np.random.default_rng(2).standard_normal((4, 3)) * 1e-200, [0, 1, 2, 0], name="tiny")
    again = Dataset.from_json(json.loads(json.dumps(dataset.to_json())))
    np.testing.assert_array_equal(again.x, dataset.x)
    np.testing.assert_array_equal(again.y, dataset.y)
    assert again.name == "tiny"


@pytest.mark.parametrize("classes", [None, 2])
def test_a_record_tells_two_classes_from_binary_labels(classes):
    dataset = Dataset([[1], [2], [3]], [0, 1, 1], classes=classes)
    again = Dataset.from_json(dataset.to_json())
    assert again.classes == dataset.classes
    np.testing.assert_array_equal(again.y, dataset.y)


def test_json_record_without_labels():
    with pytest.raises(InputError, match="record lacks y"):
        Dataset.from_json({"x": [[1]]})


@pytest.mark.parametrize("scale", [1.0, 3.0, 1e300, 1e-300])
def test_unit_rows(scale):
    x = np.random.default_rng(3).standard_normal((6, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unit = scaled_to_unit_rows(Dataset(x * scale, [1] * 6, name="kept"))
    norms = np.linalg.norm(unit.x, axis=1)
    assert norms.max() <= 1.0
    assert norms.max() == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_allclose(unit.x, x / np.linalg.norm(x, axis=1).max(), rtol=1e-14)
    assert unit.name == "kept"


def test_unit_rows_need_a_non_zero_row():
    with pytest.raises(InputError, match="every point of the dataset is zero"):
        scaled_to_unit_rows(Dataset([[0, 0]], [1]))


def test_rotation_keeps_angles_and_depends_on_the_seed():
    dataset = Dataset(np.random.default_rng(4).standard_normal((5, 3)), [1] * 5)
    turned = rotated(dataset, seed=0)
    np.testing.assert_allclose(turned.x @ turned.x.T, dataset.x @ dataset.x.T, atol=1e-13)
    assert np.abs(turned.x - dataset.x).max() > 0.1
    np.testing.assert_array_equal(turned.x, rotated(dataset, seed=0).x)
    assert np.abs(turned.x - rotated(dataset, seed=1).x).max() > 0.1


ODD = {
    "truth values": (np.array([[True, False], [False, True]]), [1, -1]),
    "ragged labels": ([[1.0, 2.0], [2.0, 1.0]], [[1], [1, 2]]),
    "a huge label": ([[1.0, 2.0], [2.0, 1.0]], [1e300, 1.0]),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("take", [Dataset, max_margin], ids=["dataset", "solver"])
def test_what_is_no_dataset_is_refused_by_the_solver_too(take, name, untyped_caller):
    with pytest.raises(InputError):
        take(*ODD[name])
