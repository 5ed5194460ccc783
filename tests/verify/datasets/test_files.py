"""Points and labels from files of all forms, frames and pairs, and what of them is refused."""

import bz2
import gzip
import importlib
import sys

import numpy as np
import pytest
from scipy import sparse

from solvers.errors import InputError
from tests.solvers.test_labelled import Frame
from verify import Dataset, load
from verify.datasets.files import read

X = np.array([[1.0, 2.0], [0.0, -1.5], [3.0, 0.0], [-2.0, 0.5]])
Y = np.array([0, 1, 1, 0])
SIGNS = [-1, 1, 1, -1]
SVMLIGHT = "+1 1:0.5 3:2  # the first\n-1 2:1\n"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def written(name, content):
    with open(name, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return name


def told(source, **options):
    """What is read of it, and what was guessed."""
    raw = read(source, **options)
    return raw.x.tolist(), raw.labels, raw.guessed


# --- tables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "guessed"),
    [
        ("a.csv", "a,b,label\n1,2,cat\n3,4,dog\n", ()),
        ("a.csv", "1.0,2,cat\n3,4,dog\n", ("no header (header=none)", "its last column as labels (label=-1)")),
        ("a.csv", "cat,1,2\ndog,3,4\n", ("no header (header=none)", "its first column as labels (label=0)")),
        ("a.csv", "kind,b,a\ncat,1,2\ndog,3,4\n", ("column 'kind' as labels (label=kind)",)),
        ("a.tsv", "a\tb\tlabel\n1\t2\tcat\n3\t4\tdog\n", ()),
        ("a.data", "a;b;label\n1;2;cat\n3;4;dog\n", ()),
        (
            "a.txt",
            " 1.0  2.0   cat\n\n 3.0  4.0 dog \n",
            ("no header (header=none)", "its last column as labels (label=-1)"),
        ),
        ("table", "a,b,label\n1,2,cat\n3,4,dog\n", ()),
        ("a.csv", ",a,b,label\n0,1,2,cat\n1,3,4,dog\n", ("its nameless column of row numbers left out",)),
        ("a.csv.gz", gzip.compress(b"a,b,label\n1,2,cat\n3,4,dog\n", mtime=0), ()),
        ("a.csv.bz2", bz2.compress(b"a,b,label\n1,2,cat\n3,4,dog\n"), ()),
    ],
)
def test_tables(name, text, guessed):
    assert told(written(name, text)) == ([[1, 2], [3, 4]], ["cat", "dog"], guessed)


def test_a_nameless_column_that_does_not_count_stays():
    written("a.csv", ",a,label\n5,1,cat\n2,3,dog\n")
    assert told("a.csv") == ([[5, 1], [2, 3]], ["cat", "dog"], ())


@pytest.mark.parametrize(
    ("label", "header", "expected"),
    [("b", None, [2, 4]), (1, "first", [2, 4]), ("-1", None, [0, 1]), (0, None, [1, 3])],
)
def test_the_label_that_is_named(label, header, expected):
    written("a.csv", "a,b,c\n1,2,0\n3,4,1\n")
    _, labels, guessed = told("a.csv", label=label, header=header)
    assert (labels, guessed) == (expected, ())


def test_a_first_row_that_is_a_header_only_when_it_is_said():
    written("a.csv", "2019,2020,7\n1,2,0\n3,4,7\n5,6,0\n")
    assert len(told("a.csv")[0]) == 4
    assert len(told("a.csv", header="first", label="7")[0]) == 3


# --- svmlight ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.svm", "a.libsvm", "a.svmlight", "heart_scale", "a.txt", "a.t"])
def test_svmlight_form_is_known_by_its_ending_or_its_first_line(name):
    written(name, f"# a comment\n{SVMLIGHT}")
    assert told(name) == ([[0.5, 0, 2], [0, 1, 0]], [1, -1], ())


def test_svmlight_files_may_be_compressed():
    written("duke.bz2", bz2.compress(SVMLIGHT.encode()))
    assert told("duke.bz2")[1] == [1, -1]


def test_svmlight_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(InputError, match=r"a\.svm is in svmlight form, which scikit-learn reads: run pip install"):
        read(written("a.svm", SVMLIGHT))


# --- NumPy's files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y"), [("x", "y"), ("X", "Y"), ("X", "y"), ("data", "target"), ("X_train", "y_train"), ("x_train", "y_train")]
)
def test_arrays_of_the_usual_names(x, y):
    np.savez("a.npz", **{x: X.astype(np.float32), y: Y})
    assert told("a.npz") == (X.tolist(), Y.tolist(), ())


def test_arrays_that_are_left_out_are_told():
    np.savez("a.npz", x_train=X, y_train=Y, x_test=X, y_test=Y)
    assert told("a.npz")[2] == ("x_train and y_train of its arrays, without x_test, y_test",)


def test_the_array_of_labels_is_named():
    np.savez("a.npz", x=X, y=Y, other=1 - Y)
    assert told("a.npz", label="other")[1] == (1 - Y).tolist()
    np.savez("b.npz", points=X, kinds=Y)
    assert told("b.npz", label="kinds") == (X.tolist(), Y.tolist(), ())


def test_images_become_rows_and_a_column_of_labels_a_list():
    np.savez("a.npz", x=X.reshape(4, 2, 1).astype(np.uint8), y=Y[:, None])
    points, labels, guessed = told("a.npz")
    assert points == X.astype(np.uint8).tolist()
    assert labels == Y.tolist()
    assert guessed == ("its points of shape 2 x 1 as rows",)


@pytest.mark.parametrize(
    ("points", "labels"),
    [("X.npy", "y.npy"), ("X_train.npy", "y_train.npy"), ("features.npy", "labels.npy"), ("data.npy", "target.npy")],
)
def test_files_of_one_array(points, labels):
    np.save(points, X)
    with pytest.raises(InputError, match=r"comes without labels: give a pair, .*,y\.npy, or label=INDEX"):
        read(points)
    np.save(labels, Y)
    assert told(points) == (X.tolist(), Y.tolist(), (f"the labels of {labels}",))
    assert told((points, labels)) == told(f"{points},{labels}") == (X.tolist(), Y.tolist(), ())
    assert told(points, label=labels) == (X.tolist(), Y.tolist(), ())


def test_one_array_with_a_column_of_labels():
    np.save("a.npy", np.column_stack([Y, X]))
    assert told("a.npy", label=0) == (X.tolist(), Y.tolist(), ())


# --- frames, sparse matrices, arrays -------------------------------------------------------------------------


class Table(Frame):
    """A frame of which columns can be chosen."""

    def __getitem__(self, name):
        return (
            Table(**{each: self.held[each] for each in name}) if isinstance(name, list) else super().__getitem__(name)
        )


@pytest.mark.parametrize("kind", [Table, "pandas", "polars"], ids=str)
@pytest.mark.parametrize(
    ("label", "guessed"), [("kind", ()), (1, ()), (None, ("column 'kind' as labels (label=kind)",))]
)
def test_frames(kind, label, guessed):
    held = {"a": X[:, 0], "kind": np.array(["u", "v", "v", "u"], dtype=object), "b": X[:, 1].astype(np.float32)}
    frame = Table(**held) if kind is Table else importlib.import_module(kind).DataFrame(held)
    assert told(frame, label=label) == (X.tolist(), ["u", "v", "v", "u"], guessed)
    dataset = load(frame, label="kind", intercept=True)
    np.testing.assert_array_equal(dataset.x, np.column_stack([X, np.ones(4)]))
    np.testing.assert_array_equal(dataset.y, SIGNS)


@pytest.mark.parametrize("y", [Y, Y.astype(bool), ["no", "yes", "yes", "no"], Y.astype(np.float32), Y.tolist()])
@pytest.mark.parametrize(
    "x", [X, X.tolist(), sparse.csr_matrix(X), X.astype(np.float32)], ids=lambda x: type(x).__name__
)
def test_pairs_and_datasets_of_all_kinds(x, y):
    for dataset in (load((x, y)), Dataset(x, y)):
        np.testing.assert_array_equal(dataset.x, X)
        np.testing.assert_array_equal(dataset.y, SIGNS)


# --- what is refused -----------------------------------------------------------------------------------------

NPZ, TEXT = {"points": X, "more": X, "kinds": Y}, "a,b,label\n1,2,0\n3,4,1\n"


@pytest.mark.parametrize(
    ("name", "content", "options", "sentence"),
    [
        ("iris", None, {"label": 0}, "iris is a bundled set, which needs no label: leave label=0 away"),
        ("a.npz", NPZ, {"header": "none"}, "needs no header: leave header=none away"),
        ("a.npz", NPZ, {"label": "kind"}, "has no array 'kind': choose the labels from points, more, kinds"),
        ("a.npz", NPZ, {"label": "kinds"}, "has no array that is clearly the points of kinds"),
        ("a.npy", Y, {"label": 0}, r"has shape \(4,\): give a matrix with a column"),
        ("a.npy", X, {"label": 7}, "has no column 7: choose a place from 0 to 1"),
        ("a.npy", X, {"label": "b.npy"}, "b.npy does not exist"),
        ("a.npy", "text", {"label": 0}, "is no .npy file of plain numbers"),
        ("a.npy", np.array([[{}]], dtype=object), {"label": 0}, "is no .npy file of plain numbers"),
        ("a.svm", "1 1:x\n", {}, "cannot be read in svmlight form"),
        ("a.svm", SVMLIGHT, {"label": 0}, "needs no label: leave label=0 away"),
        ("a.svm", "0.5 1:2\n1.5 1:3\n", {}, "labels y are not classes, they hold 0.5"),
        ("a.csv.gz", TEXT, {}, "cannot be read as text in CSV form"),
        ("a.csv.gz", gzip.compress(TEXT.encode(), mtime=0)[:-9], {}, "cannot be read as text in CSV form"),
        ("a.png", b"\x89PNG\r\n\x1a\n\x00\xff", {}, "cannot be read as text in CSV form"),
        ("a.csv", "a,b,label\n1,1e999,0\n3,4,1\n", {}, "line 2, column 'b' holds '1e999'"),
        ("a.csv", "label,city,a\n0,Ulm,1\n1,Bonn,2\n", {}, "line 2, column 'city' holds 'Ulm': every feature"),
        ("a.csv,b.csv", None, {}, "a.csv,b.csv does not exist"),
    ],
)
def test_what_is_refused(name, content, options, sentence):
    if isinstance(content, dict):
        np.savez(name, **content)
    elif isinstance(content, np.ndarray):
        np.save(name, content)
    elif content is not None:
        written(name, content)
    with pytest.raises(InputError, match=sentence) as caught:
        read(name, **options)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("source", "options", "sentence"),
    [
        ((X, Y), {"label": "y"}, "A pair holds its labels in its second part: leave label=y away"),
        ((X, Y[:3]), {}, r"the pair holds x \(4, 2\) and y \(3,\): give x as"),
        (("a.csv", "b.csv"), {}, "a.csv is no .npy file: give a pair"),
        ((X, Y, Y), {}, "tuple is no source of data"),
        (Table(a=[1.0]), {}, "The frame has 1 rows and 1 columns: give at least 1 and 2"),
        (Table(a=["x", "y"], label=[0, 1]), {}, "Column 'a' of x holds 'x' in row 0"),
        (Table(a=[0.5, 1.5], b=[0.5, 2.5]), {}, "The frame does not say which|the frame does not say which"),
    ],
)
def test_what_is_refused_in_python(source, options, sentence):
    with pytest.raises(InputError, match=sentence):
        read(source, **options)
