"""Which column of a table holds the labels, and whether its first row names the columns."""

import numpy as np
import pytest

from solvers.errors import InputError
from verify.datasets.columns import Column, is_header, label_column


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("a,b,label/1,2,0", None, True),
        ("sepal,petal,species/5.1,1.4,setosa", None, True),
        ("5.1,1.4,setosa/4.9,1.4,setosa", None, False),
        ("1,2,3/4,5,6", None, False),
        ("0,1,kind/4,5,cat", None, False),
        ("0,1,kind/4,5,cat", "kind", True),
        ("0,1,label/4,5,cat", None, True),
        ("0,1,name,kind/4,5,6,cat", None, True),
        ("?,1,cat/2,3,dog", None, False),
        ("nan,1,cat/2,3,dog", None, False),
        ("1,2,0/1,2,1", "0", False),
        ("a,b", None, True),
    ],
)
def test_a_header(text, label, expected):
    assert is_header([row.split(",") for row in text.split("/")], label) is expected


def columns(text):
    names, *rows = (row.split(",") for row in text.split("/"))
    return [Column(name, list(cells)) for name, cells in zip(names, zip(*rows, strict=True), strict=True)]


@pytest.mark.parametrize(
    ("text", "label", "place", "told"),
    [
        ("label,a,y/0,1,1/1,2,0", None, 0, ()),
        ("a,Class,b/0,1,1/1,2,0", None, 1, ("column 'Class' as labels (label=Class)",)),
        ("a,kind,b/0,cat,1/1,dog,0", None, 1, ("column 'kind' as labels (label=kind)",)),
        ("a,b,c/0,1.5,1/1,2,0", None, 2, ("column 'c' as labels (label=c)",)),
        ("a,b,c/0,1.5,1.5/1,2,0", None, 0, ("column 'a' as labels (label=a)",)),
        ("a,b,c/0,?,1/1,2,0", None, 2, ("column 'c' as labels (label=c)",)),
        ("a,b,c/0,1,1/1,2,0", "b", 1, ()),
        ("a,b,c/0,1,1/1,2,0", -2, 1, ()),
        ("a,1,0/0,1,1/1,2,0", "0", 2, ()),
    ],
)
def test_the_column_of_labels(text, label, place, told):
    assert label_column("t.csv", columns(text), label, named=True) == (place, told)


def test_without_names_the_place_is_told():
    given = columns("0,1,2/0.5,1,0/1,2,1")
    assert label_column("t.csv", given, None, named=False) == (2, ("its last column as labels (label=-1)",))
    given = columns("0,1,2/a,1,0.5/b,2,1")
    assert label_column("t.csv", given, None, named=False) == (0, ("its first column as labels (label=0)",))
    given = columns("0,1,2/1,a,0.5/2,b,1")
    assert label_column("t.csv", given, None, named=False) == (1, ("its column 1 as labels (label=1)",))


@pytest.mark.parametrize(
    ("text", "label", "sentence"),
    [
        ("a,b,c/0.5,1.5,1.5/1,2,0", None, "t.csv does not say which of its columns are the labels: say label=NAME"),
        ("a,b,c/0,1,u/1,2,v", "d", "t.csv has no column 'd': choose from a, b, c, or a place from 0 to 2"),
        ("a,b,c/0,1,u/1,2,v", "-4", "t.csv has no column '-4'"),
        ("a,b,c/p,1,u/q,2,v", None, "t.csv does not say which"),
        ("y,b,Target/0,1,0/1,2,1", None, "t.csv does not say which"),
        ("label,b,label/0,1,0/1,2,1", None, "t.csv has 2 columns named label: name exactly one"),
    ],
)
def test_no_column_is_clearly_that_of_the_labels(text, label, sentence):
    with pytest.raises(InputError, match=sentence):
        label_column("t.csv", columns(text), label, named=True)


@pytest.mark.parametrize(
    ("values", "texts", "may", "counts"),
    [
        (["0", "1", "0"], False, True, False),
        (["1", "2", "3", "4"], False, False, True),
        (["0", "1"], False, True, True),
        (["a", "b", "b"], True, True, False),
        (["a", "1", "1"], False, True, False),
        (["0.5", "1"], False, False, False),
        (["nan", "1", "1"], False, False, False),
        (np.array([True, False, True]), False, True, False),
        (np.array(["u", "v", "u"], dtype=object), True, True, False),
    ],
)
def test_what_a_column_may_be(values, texts, may, counts):
    column = Column("c", values)
    assert (column.texts, column.may_be_labels, column.counts) == (texts, may, counts)
