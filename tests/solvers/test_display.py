"""Plain data, HTML and axes, of which all results make theirs."""

import enum
import json
import math
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib import pyplot

from solvers.display import axes_for, html, plain, plain_fields


class Colour(enum.StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Point:
    x: float
    y: np.ndarray
    f: object = None


Pair = namedtuple("Pair", "low high")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, None),
        (True, True),
        (np.bool_(False), False),
        (3, 3),
        (np.int64(3), 3),
        (2.5, 2.5),
        (np.float64(2.5), 2.5),
        (math.nan, None),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        ("a", "a"),
        (Colour.RED, "red"),
        (np.array([[1.0, np.nan], [-np.inf, 2.0]]), [[1.0, None], ["-inf", 2.0]]),
        (np.array([True]), [True]),
        (np.array(1.5), 1.5),
        ((1, (2.0, None)), [1, [2.0, None]]),
        (Pair(0.5, math.inf), {"low": 0.5, "high": "inf"}),
        ({"a": [np.int32(1)], 2: 3}, {"a": [1], "2": 3}),
        (Point(1.0, np.zeros(2)), {"x": 1.0, "y": [0.0, 0.0], "f": None}),
    ],
    ids=str,
)
def test_a_value_becomes_what_json_has(value, found):
    told = plain(value)
    assert told == found
    assert type(told) is type(found)
    assert json.loads(json.dumps(told, allow_nan=False)) == found


def test_what_is_no_plain_value_is_refused():
    for value in (object(), len, Point, {1, 2}, 1j):
        with pytest.raises(TypeError, match="is no plain value"):
            plain(value)


def test_fields_can_be_replaced_and_added():
    point = Point(1.0, np.zeros(1), f=len)
    with pytest.raises(TypeError, match="builtin_function"):
        plain_fields(point)
    assert plain_fields(point, f="len", more=2.0) == {"x": 1.0, "y": [0.0], "f": "len", "more": 2.0}


def test_html_escapes_what_it_is_given():
    text = html("a < b", "c & d", [("<i>", "1 > 0")], ("<x>", "y"))
    for part in ("a &lt; b", "c &amp; d", "&lt;i&gt;", "1 &gt; 0", "&lt;x&gt;"):
        assert part in text
    assert "<i>" not in text


def test_html_leaves_out_what_is_not_there():
    assert "<table>" not in html("a")
    assert "<thead>" not in html("a", rows=[("b", "c")])


def test_axes_are_those_given_or_new_ones():
    mine = pyplot.subplots()[1]
    assert axes_for(mine) is mine
    new = axes_for(None)
    assert new is not mine
    assert new.figure.number in pyplot.get_fignums()
    pyplot.close("all")
