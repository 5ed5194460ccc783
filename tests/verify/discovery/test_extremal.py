"""The case that needs the largest constant: smaller than it was found, and what is told of it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.verify.discovery.grown import bounded, claim
from verify import Bound, Dataset
from verify.claims.kinds.kind import Kind
from verify.discovery.extremal import KEPT, Extremal, Found, _sizes, extremal
from verify.trials.profiles import Profile

PROFILE = Profile("made", 8, 200, 1e3, 0, 40)
Y = np.resize([1, -1], 40)
MANY = Dataset(Y[:, None] * (np.arange(1.0, 121.0).reshape(40, 3) / 7 % 3 + 0.1), Y, "dense")
DRAWN = [Dataset([[0.5, 0.1], [1, 2]], [1, -1]), Dataset([[0.5, 1]], [1])]


def found(of: Dataset, constant: float, *, refuted: bool = False, **grown) -> Extremal:
    made = bounded({"n": 0.5}, wobble=0.0, **grown)
    assert isinstance(made.kind, Bound)
    return extremal(made, made.kind, Found(of, constant, built=True, refuted=refuted), DRAWN, PROFILE, 0)


def need(n: int) -> float:
    """What `n^1/2 t^-1/2` needs of `30 (1 + ln n) t^-1/2`."""
    return float(n**0.5 / (30 * (1 + np.log(n))))


def test_it_has_as_few_points_as_need_nearly_as_much():
    least = found(MANY, need(40))
    assert isinstance(least.case, Dataset)
    n = least.case.n
    assert need(n) >= KEPT * need(40) > need(n - 1)
    assert least.constant == pytest.approx(need(n))
    assert (least.case.d, set(least.case.y.tolist())) == (2, {1})
    assert least.first == (MANY, need(40))
    assert not least.drawn
    assert f"from 40 x 3 numbers to {n} x 2 numbers, and needs {need(n) / need(40):.3f} of" in least.made_smaller
    assert "weights separate the points" in least.made_smaller
    told = json.loads(json.dumps(least.to_dict(), allow_nan=False))
    assert told["first"]["constant"] == need(40)
    assert told["kept"] == list(least.kept)


def test_what_cannot_be_smaller_is_as_it_was():
    one = Dataset([[1, 2]], [1])
    least = found(one, need(1))
    assert least.case is one
    assert (least.first, least.kept, least.made_smaller) == (None, (), "")
    assert "n = 1 is the least that is drawn" in least.active


def test_what_cannot_be_measured_alone_keeps_the_constant_that_was_found(monkeypatch):
    monkeypatch.setattr("verify.discovery.extremal.measured", lambda *_, **__: None)
    least = found(MANY, need(40))
    assert (least.case, least.constant, least.first) == (MANY, need(40), None)


def test_copies_are_counted_and_listed():
    copies = Dataset(np.array([[1.0, 2]] * 49 + [[2, 1]]), np.ones(50, int))
    assert _sizes(copies, DRAWN)[-1] == "2 of the 50 points are distinct, y x = (1, 2) 49 times, (2, 1) once"


def test_a_refutation_stays_one_of_the_problems_draws():
    refuted: Kind = Bound(lambda m: 0.5 * np.exp(-m.log_time / 2)[None, :] + 0 * m.values, "0.5 t^-1/2")
    made = replace(claim({"n": 0.5}, refuted, wobble=0.0), twins=())
    assert isinstance(made.kind, Bound)
    many = Dataset(MANY.x, np.ones(40, int))
    least = extremal(made, made.kind, Found(many, 2 * 40**0.5, built=False, refuted=True), DRAWN, PROFILE, 0)
    # The problem draws no forty points, and nothing that needs nearly as much: then it stays what it is.
    assert least.case is many
    assert least.constant == pytest.approx(2 * 40**0.5)


def test_what_needs_more_than_all_that_was_found_is_left_alone():
    copies = Dataset(np.array([[1.0, 2]] * 3), np.ones(3, int))
    falling = bounded({"n": -2.0}, wobble=0.0)
    assert isinstance(falling.kind, Bound)
    constant = float(3**-2 / (30 * (1 + np.log(3))))
    least = extremal(falling, falling.kind, Found(copies, constant, built=True, refuted=False), DRAWN, PROFILE, 0)
    assert least.case.n == 3  # pyright: ignore[reportAttributeAccessIssue]
    assert least.constant == pytest.approx(constant)
