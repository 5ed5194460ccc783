"""Real datasets: files, bundled names, the option texts, separability, and a sentence for every bad input."""

import sys

import numpy as np
import pytest

from solvers.errors import InputError, NonSeparableError
from verify.datasets import real
from verify.datasets.real import files_of, load, parse, require_separable
from verify.errors import Guessed

CSV = "a,label,b\n1,cat,2\n3,dog,4.5\n-1,cat,0\n"


@pytest.fixture
def table(tmp_path):
    """Writes a CSV file and returns its path."""

    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def arrays(tmp_path):
    """Writes an NPZ file of the given arrays and returns its path."""

    def write(**values):
        path = tmp_path / "data.npz"
        np.savez(path, **values)
        return path

    return write


# --- files -------------------------------------------------------------------------------------------------


def test_csv_columns_and_text_labels(table):
    dataset = load(table(CSV))
    np.testing.assert_array_equal(dataset.x, [[1, 2], [3, 4.5], [-1, 0]])
    np.testing.assert_array_equal(dataset.y, [-1, 1, -1])
    assert dataset.name == "data.csv"


def test_csv_with_a_byte_order_mark_blank_lines_and_spaces(table):
    dataset = load(table("\ufefflabel, a\n\n1, 2\n\n-1,3\n"))
    np.testing.assert_array_equal(dataset.x, [[2], [3]])
    np.testing.assert_array_equal(dataset.y, [1, -1])


def test_npz_round_trip(arrays):
    x = np.random.default_rng(0).standard_normal((4, 2))
    dataset = load(arrays(x=x, y=np.array([2, 0, 1, 0])))
    np.testing.assert_array_equal(dataset.x, x)
    np.testing.assert_array_equal(dataset.y, [2, 0, 1, 0])


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0, 1, 1], [-1, 1, 1]),
        ([-1, 1, -1], [-1, 1, -1]),
        ([1, -1, -1], [1, -1, -1]),
        ([3.0, 8.0, 8.0], [-1, 1, 1]),
        (["no", "yes", "no"], [-1, 1, -1]),
        ([5, 3, 9], [1, 0, 2]),
    ],
)
def test_labels_without_a_list_of_classes(arrays, labels, expected):
    np.testing.assert_array_equal(load(arrays(x=np.eye(3), y=np.array(labels))).y, expected)


def test_the_first_class_listed_is_positive(arrays):
    path = arrays(x=np.arange(8.0).reshape(4, 2), y=np.array([7, 5, 9, 5]))
    dataset = load(path, classes=[5, 9])
    np.testing.assert_array_equal(dataset.y, [1, -1, 1])
    np.testing.assert_array_equal(dataset.x[:, 0], [2, 4, 6])
    np.testing.assert_array_equal(load(path, classes=["9", "5"]).y, [-1, 1, -1])
    np.testing.assert_array_equal(load(path, classes=[9, 7, 5]).y, [1, 2, 0, 2])


def test_two_classes_are_asked_for_by_their_number(arrays):
    path = arrays(x=np.eye(4), y=np.array([3, 8, 8, 3]))
    for options, expected in (({}, [0, 1, 1, 0]), ({"one_vs_rest": 3}, [1, 0, 0, 1])):
        dataset = load(path, classes=2, **options)
        assert dataset.classes == 2
        np.testing.assert_array_equal(dataset.y, expected)


def test_bad_lists_of_classes(arrays, untyped_caller):
    path = arrays(x=np.eye(2), y=np.array([0, 1]))
    for classes in ("01", 1.5):
        with pytest.raises(InputError, match=r"classes is .*: give a list of labels, or the number"):
            load(path, classes=classes)
    with pytest.raises(InputError, match=r"limit is 1\.5: keep at least one"):
        load(path, limit=1.5)


def test_one_vs_rest(arrays):
    path = arrays(x=np.eye(4), y=np.array([0, 1, 2, 1]))
    np.testing.assert_array_equal(load(path, one_vs_rest=1).y, [-1, 1, -1, 1])
    np.testing.assert_array_equal(load(path, one_vs_rest=1, classes=[0, 1]).y, [-1, 1, 1])


def test_limit_takes_the_classes_in_turn(arrays):
    path = arrays(x=np.arange(12.0).reshape(6, 2), y=np.array([0, 0, 0, 0, 1, 2]))
    dataset = load(path, limit=4)
    np.testing.assert_array_equal(dataset.x[:, 0], [0, 2, 8, 10])
    np.testing.assert_array_equal(dataset.y, [0, 0, 1, 2])
    assert load(path, limit=100).n == 6


def test_standardise_then_intercept(arrays):
    x = np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 6.0]])
    dataset = load(arrays(x=x, y=np.array([1, -1, 1])), standardise=True, intercept=True)
    np.testing.assert_array_equal(dataset.x[:, 0], 0.0)
    assert dataset.x[:, 1].mean() == pytest.approx(0.0, abs=1e-15)
    assert dataset.x[:, 1].std() == pytest.approx(1.0, abs=1e-15)
    np.testing.assert_array_equal(dataset.x[:, 2], 1.0)


def test_standardise_uses_the_points_kept(arrays):
    path = arrays(x=np.array([[1.0], [3.0], [100.0]]), y=np.array([0, 1, 2]))
    np.testing.assert_allclose(load(path, classes=[0, 1], standardise=True).x, [[-1], [1]])


# --- the option texts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        ("standardise", {"standardise": True}),
        ("intercept, standardise", {"intercept": True, "standardise": True}),
        ("classes=dog,cat", {"classes": ["dog", "cat"]}),
        ("classes=dog,cat,intercept", {"classes": ["dog", "cat"], "intercept": True}),
        ("dog-vs-rest", {"one_vs_rest": "dog"}),
        ("limit=2", {"limit": 2}),
        ("label=label,header=first", {"label": "label", "header": "first"}),
        ("label=1,classes=2", {"label": 1, "classes": 2}),
    ],
)
def test_options_mean_the_keywords_of_load(table, options, keywords):
    path = table(CSV)
    parsed, loaded = parse(f"{path}:{options}"), load(path, **keywords)
    np.testing.assert_array_equal(parsed.x, loaded.x)
    np.testing.assert_array_equal(parsed.y, loaded.y)


def test_a_path_alone(table):
    assert parse(str(table(CSV))).n == 3


def test_a_path_with_colons(table):
    path = table(CSV, "12:30.csv")
    assert parse(str(path)).n == 3
    assert parse(f"{path}:limit=2").n == 2


def test_the_files_that_are_named(table):
    path = table(CSV)
    assert files_of(f"{path}:intercept") == [path]
    assert files_of("iris:0-vs-rest") == files_of("missing.csv") == []
    pair = [table("", "X.npy"), table("", "y.npy")]
    assert files_of(f"{pair[0]},{pair[1]}:intercept") == pair


# --- what is guessed ---------------------------------------------------------------------------------------


def test_a_guess_is_told_in_one_sentence(table):
    with pytest.warns(Guessed) as told:
        assert load(table("1.5,2,cat\n2.5,3,dog\n")).n == 2
    (warning,) = told
    assert str(warning.message) == (
        "data.csv is read with no header (header=none); its last column as labels (label=-1); it has 2 classes."
    )
    assert load(table("1.5,2,cat\n2.5,3,dog\n"), header="none", label=-1).n == 2  # and here nothing is


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("normalise", "'normalise' is no option of a dataset: choose from standardise"),
        ("", "'' is no option of a dataset"),
        ("intercept=1", "'intercept=1' is no option"),
        ("cat,dog", "'cat' is no option"),
        ("limit=many", "limit=many is no whole number"),
        ("limit=0", "limit is 0: keep at least one"),
        ("classes=cat,cow", "no class 'cow': choose from cat, dog"),
        ("cow-vs-rest", "no class 'cow'"),
        ("classes=cat,cat", "lists a class of data.csv twice"),
        ("classes=cat", "only the class 'cat' is kept"),
        ("limit=1", "no point of class 'dog' is kept"),
        ("classes=3", "2 distinct values, but 3 classes are asked for"),
        ("label=", "'label=' is no option"),
        ("header=maybe", "header is 'maybe': say none"),
        ("header=none", "line 1, column '0' holds 'a'"),
        ("label=weight", "has no column 'weight': choose from a, label, b, or a place from 0 to 2"),
        ("label=3", "has no column '3'"),
    ],
)
def test_bad_options(table, options, sentence):
    with pytest.raises(InputError, match=sentence):
        parse(f"{table(CSV)}:{options}")


# --- bad files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "has 0 rows and 0 features"),
        ("a,b,c\n1.5,2.5,0.5\n2,2.5,1.5\n", "does not say which of its columns are the labels: say label=NAME"),
        ("target,y,a\n0,1,2\n1,0,3\n", "does not say which of its columns are the labels"),
        ("label,label\n1,2\n", "has 2 columns named label"),
        ("label\n1\n", "has 1 rows and 0 features"),
        ("a,label\n", "has 0 rows and 1 features"),
        ("a,label\n1,0\nx,1\n", "line 3, column 'a' holds 'x': every feature must be a finite number"),
        ("a,label\n1,0\nnan,1\n", "line 3, column 'a' holds 'nan'"),
        ("a,label\n1,0\n,1\n", "line 3, column 'a' holds ''"),
        ("a,label\n1,0\n2\n", "has 1 cells in line 3 but 2 in its first"),
        ("a,label\n1,0\n2,\n", "has no label in line 3"),
        ('a,label\n"1,0\n', "cannot be read as text in CSV form"),
        ("a,label\n1,0.5\n2,1\n", "labels y are not classes, they hold 0.5: pass whole numbers or texts"),
    ],
)
def test_bad_csv(table, text, sentence):
    with pytest.raises(InputError, match=sentence):
        load(table(text))


def test_csv_that_is_no_text(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b"\xff\xfe\x00label")
    with pytest.raises(InputError, match="cannot be read as text in CSV form"):
        load(path)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"x": np.eye(2)}, "holds no arrays x and y but x: save it"),
        ({"y": np.ones(2), "points": np.eye(2)}, "holds no arrays x and y but y, points: save it"),
        ({"x": np.eye(2), "y": np.ones(3)}, r"holds x \(2, 2\) and y \(3,\)"),
        ({"x": np.eye(2), "y": np.eye(2)}, r"holds x \(2, 2\) and y \(2, 2\)"),
        ({"x": np.ones(2), "y": np.ones(2)}, r"data.npz: The features x have shape \(2,\): pass"),
        ({"x": np.ones((0, 2)), "y": np.ones(0)}, r"data.npz: The features x have shape \(0, 2\): pass"),
        ({"x": np.array([[1.0], [np.nan]]), "y": np.array([0, 1])}, "x hold nan in row 1, column 0: drop"),
        ({"x": np.eye(2), "y": np.array([0.5, 1.0])}, "labels y are not classes, they hold 0.5: pass"),
        ({"x": np.array([[{}]], dtype=object), "y": np.ones(1)}, "is no .npz file of plain arrays"),
    ],
)
def test_bad_npz(arrays, values, sentence):
    with pytest.raises(InputError, match=sentence):
        load(arrays(**values))


def test_npz_that_is_no_archive(tmp_path):
    path = tmp_path / "data.npz"
    path.write_text("plain text")
    with pytest.raises(InputError, match=r"is no \.npz file of plain arrays"):
        load(path)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("missing.csv", "missing.csv does not exist"),
        ("missing.npz", "missing.npz does not exist"),
        ("irris", "'irris' is no dataset: .* iris, wine, breast_cancer, digits"),
        ("data.txt", "data.txt does not exist"),
        ("data", "'data' is no dataset"),
        (3, "int is no source of data: give a path"),
        ("y" * 999, "yyy\\.\\.\\. is no dataset: give"),
    ],
)
def test_unknown_sources(source, sentence):
    with pytest.raises(InputError, match=sentence):
        load(source)


def test_bundled_data_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(InputError, match=r"run pip install scikit-learn"):
        load("iris")


# --- separability ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "classes", "shape"),
    [
        ("iris:0-vs-rest", 0, (150, 4)),
        ("iris:setosa-vs-rest", 0, (150, 4)),
        ("wine:standardise", 3, (178, 13)),
        ("digits:classes=3,8", 0, (357, 64)),
        ("digits:limit=200", 10, (200, 64)),
    ],
)
def test_separable_data(spec, classes, shape):
    dataset = parse(spec)
    assert (dataset.classes, dataset.x.shape) == (classes, shape)
    assert require_separable(dataset).lower > 0


def test_the_known_margin_of_wine():
    assert require_separable(parse("wine:standardise")).lower == pytest.approx(0.4284, abs=1e-4)


@pytest.mark.parametrize(
    ("spec", "remedy"),
    [
        ("iris", "classes 1 and 2 apart, even with an intercept .*: leave out .*classes=A,B, C-vs-rest"),
        (
            "breast_cancer:standardise",
            "breast_cancer is not linearly separable, since .*: add an intercept column, which",
        ),
        ("iris:intercept", "iris is not linearly separable, since .* classes 1 and 2 apart"),
    ],
)
def test_data_that_are_not_separable(spec, remedy):
    dataset = parse(spec)
    with pytest.raises(NonSeparableError, match=remedy) as caught:
        require_separable(dataset)
    multipliers = caught.value.certificate
    wrong = multipliers[np.arange(dataset.classes) != dataset.y[:, None]] if dataset.classes else multipliers
    np.testing.assert_allclose(wrong @ dataset.margin_vectors, 0.0, atol=1e-7)
    assert wrong.min() >= 0
    assert wrong.sum() == pytest.approx(1.0)


def test_a_point_with_two_labels_is_named(table):
    dataset = load(table("a,b,label\n1,0,no\n2,1,yes\n0,3,no\n2,1,no\n"))
    with pytest.raises(
        NonSeparableError,
        match=r"data\.csv is not .* points 1 and 3 have the same features and different labels, .*: drop one",
    ):
        require_separable(dataset)


def test_names_of_bundled_data_are_those_that_load_knows():
    assert real.BUNDLED == ("iris", "wine", "breast_cancer", "digits")
