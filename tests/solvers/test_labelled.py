"""What is passed as points and labels: frames, sparse matrices, all kinds of labels, and what is refused of them."""

import importlib

import numpy as np
import pytest
from scipy import sparse

from solvers import max_margin
from solvers.errors import InputError
from solvers.labelled import features, labels


class Frame:
    """A table by columns, of which pandas' and polars' have in common what is used here."""

    def __init__(self, **columns):
        self.held = {name: np.asarray(values) for name, values in columns.items()}
        self.columns = [*self.held]
        self.dtypes = [values.dtype for values in self.held.values()]

    def __getitem__(self, name):
        return self.held[name]

    def __len__(self):
        return len(next(iter(self.held.values()), ()))


MIXED = {"a": [1, 2, 3], "b": [0.5, -1.0, 2.0], "c": [True, False, True]}


@pytest.mark.parametrize("kind", [Frame, "pandas", "polars"], ids=str)
def test_a_frame_is_read_column_by_column(kind):
    frame = Frame(**MIXED) if kind is Frame else importlib.import_module(kind).DataFrame(MIXED)
    np.testing.assert_array_equal(features(frame), [[1, 0.5, 1], [2, -1, 0], [3, 2, 1]])
    series = (
        np.array(["u", "v", "u"], dtype=object) if kind is Frame else importlib.import_module(kind).Series(list("uvu"))
    )
    np.testing.assert_array_equal(labels(series, 3)[0], [-1, 1, -1])
    assert max_margin(frame, series, "linf").lower > 0


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"a": [1.0, 2.0], "city": ["Ulm", "Bonn"]}, "Column 'city' of x holds 'Ulm' in row 0: pass numbers"),
        ({"a": np.array([1, None], dtype=object)}, "Column 'a' of x holds 'None' in row 1"),
        ({"a": np.array(["2020-01-01"], dtype="datetime64[D]")}, "Column 'a' of x holds '2020-01-01' in row 0"),
        ({"a": [1.0, np.nan]}, "x hold nan in row 1, column 0: drop"),
        ({}, r"x have shape \(0, 0\): pass at least one row"),
        ({"a": []}, r"x have shape \(0, 1\): pass at least one row"),
    ],
)
def test_a_frame_that_holds_no_numbers(columns, sentence):
    with pytest.raises(InputError, match=sentence):
        features(Frame(**columns))


def test_a_frame_with_a_name_twice():
    frame = Frame(a=[1.0])
    frame.columns = ["a", "a"]
    with pytest.raises(InputError, match="Two columns of x have one name among a, a: rename"):
        features(frame)


@pytest.mark.parametrize("form", ["csr_matrix", "csc_array", "coo_matrix"])
def test_sparse_matrices(form):
    dense = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, -3.0]])
    np.testing.assert_array_equal(features(getattr(sparse, form)(dense)), dense)
    assert max_margin(getattr(sparse, form)(dense), [0, 1]).lower == max_margin(dense, [-1, 1]).lower


def test_a_sparse_matrix_that_is_too_much_as_an_array():
    with pytest.raises(InputError, match=r"shape \(100000, 100000\), too much for an array: pass fewer"):
        features(sparse.csr_matrix((100_000, 100_000)))


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8, np.uint64, np.longdouble])
def test_numbers_of_other_types_become_float64(dtype):
    found = features(np.array([[1, 2], [3, 4]], dtype=dtype))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("given", "classes", "expected", "k"),
    [
        ([0, 1, 1], None, [-1, 1, 1], 0),
        ([0, 1, 1], 2, [0, 1, 1], 2),
        ([-1, 1, 1], 2, [0, 1, 1], 2),
        ([True, True, True], None, [1, 1, 1], 0),
        ([-1, -1, -1], 0, [-1, -1, -1], 0),
        (np.array([1, 0, 0], dtype=np.uint8), None, [1, -1, -1], 0),
        (np.array([2, 0, 1], dtype=np.float32), None, [2, 0, 1], 3),
        (["b", "a", "b"], None, [1, -1, 1], 0),
        (["b", "a", "c"], 3, [1, 0, 2], 3),
        (np.array([True, False, True], dtype=object), None, [1, -1, 1], 0),
        (np.array([1, 2, 1], dtype=object), None, [-1, 1, -1], 0),
    ],
)
def test_the_rule(given, classes, expected, k):
    found, number = labels(given, 3, classes)
    np.testing.assert_array_equal(found, expected)
    assert number == k
    assert found.dtype == np.int64


@pytest.mark.parametrize(
    ("given", "classes", "sentence"),
    [
        (["a", 1, "b"], None, "hold 'a' and 1: pass whole numbers alone, or booleans, or texts"),
        ([True, False, True], 3, "2 distinct values, but 3 classes are asked for"),
        ([True, True, True], 2, "one class only"),
        ([0, 1, 2], 10**12, "no point of class 3, but 1000000000000 classes are asked for"),
        ([0, 1, 1], -1, "number of classes is -1: pass 2"),
        ([0, 1, 1], True, "number of classes is True: pass 2"),
        ([2**64 - 1, 0, 1], None, r"they hold 1\.8447?\S+: pass"),
        (np.array([b"a", b"b", b"a"]), None, "have type"),
    ],
)
def test_what_is_no_label(given, classes, sentence, untyped_caller):
    with pytest.raises(InputError, match=sentence):
        labels(given, 3, classes)
