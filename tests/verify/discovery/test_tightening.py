"""The smallest constant of a bound: of curves whose largest ratio is known, and where there is nothing to tighten."""

import json

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.discovery.grown import bounded
from tests.verify.discovery.made import Place, claim
from verify import Bound, Rate, laws, tighten
from verify.discovery.extremal import KEPT, times
from verify.discovery.tightening import rounded_up

LAW = laws.power(0.5)
FEW = {"examples": 40, "datasets": 24, "steps": 200}


def over(constant: float) -> Bound:
    """Of curves of at most 5.05 t^-1/2, and more at first: `size (1 + slowness / t)`, from t = e^0.7 on."""
    return Bound(lambda m: constant * np.exp(LAW.log_value(m.log_time))[None, :] + 0 * m.values, f"{constant:g} t^-1/2")


def test_the_constant_is_found_with_the_case_that_needs_it():
    made = tighten(claim(LAW, over(100.0)), **FEW)
    truth = 0.05 * (1 + 9 / 2.01) * 1.01
    assert made.needed is not None
    assert 0.7 * truth < made.needed <= truth
    assert made.survives == rounded_up(made.survives or 0.0)
    assert made.fresh is not None
    assert made.fresh <= made.survives
    assert made.survives >= made.needed
    worst = made.extremal
    assert worst is not None
    assert isinstance(worst.case, Place)
    assert worst.constant == pytest.approx(made.needed, rel=0.03)
    assert worst.case.slowness >= 7
    assert "it is the first time at which the bound says something" in worst.active
    assert made.notes[0].startswith("No data are built beside")
    assert len(set(made.seeds.values())) == len(made.seeds)
    assert "it is loose by a factor of" in made.sentence


def test_a_constant_that_fresh_draws_refute_is_replaced():
    made = tighten(claim(LAW, over(100.0)), examples=2, datasets=32, steps=200)
    assert made.tried > 1
    assert made.survives is not None
    assert made.hunt.value is not None
    assert made.survives > rounded_up(made.hunt.value)


def test_a_bound_that_is_not_positive_on_fresh_draws_has_no_constant():
    large = 4.5 * 200**-0.5
    kind = Bound(lambda m: np.where(m.values[:, -1:] > large, -1.0, 10.0) + 0 * m.values, "10, or less")
    made = tighten(claim(LAW, kind), examples=2, datasets=48, steps=200)
    assert (made.hunt.value or 0.0) < 1
    assert (made.needed, made.survives, made.extremal) == (np.inf, None, None)
    assert made.sentence.startswith("No constant of made/curve survives fresh data: inf times")
    assert json.loads(json.dumps(made.to_dict(), allow_nan=False))["survives"] is None


def test_a_simpler_draw_that_needs_more_moves_the_constants_up(monkeypatch):
    monkeypatch.setattr("verify.discovery.extremal.shrink", lambda *_, **__: Place(size=500, slowness=9))
    made = tighten(claim(LAW, over(100.0)), examples=2, datasets=2, steps=200)
    worst = made.extremal
    assert worst is not None
    assert worst.first is not None
    assert worst.case == Place(size=500, slowness=9)
    assert made.needed == worst.constant > worst.first[1]
    assert made.survives == rounded_up(worst.constant)
    assert "and needs more: " in worst.made_smaller


def test_where_the_ratio_still_grows_it_is_said():
    kind = Bound(lambda m: 200 * np.exp(3 * LAW.log_value(m.log_time))[None, :] + 0 * m.values, "200 t^-3/2")
    worst = tighten(claim(LAW, kind), **FEW).extremal
    assert worst is not None
    (line,) = worst.active
    assert line.startswith("it is the end of the run, and ")


def test_a_bound_that_is_refuted_is_said_first():
    made = tighten(claim(LAW, over(0.5)), **FEW)
    assert made.refuted
    assert made.survives is None
    assert made.tried == 0
    assert made.sentence.startswith("made/curve is itself refuted: a case needs ")
    assert made.extremal is not None


def test_data_are_built_beside_those_that_are_drawn():
    made = tighten(bounded({"n": 0.5}, wobble=0.0), **FEW)
    assert made.built is not None
    assert made.hunt.value is not None
    assert made.built > made.hunt.value  # of 128 points
    assert made.extremal is not None
    assert made.extremal.first is not None
    assert made.extremal.first[0].n == 128  # pyright: ignore[reportAttributeAccessIssue]
    assert KEPT * made.extremal.first[1] <= made.extremal.constant
    assert any("the largest that is drawn, or above it" in line for line in made.extremal.active)
    assert made.extremal.witness is not None
    told = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert told["extremal"]["witness"]["norm"] == "l2"
    assert "needed" in made._repr_html_()


def test_a_bound_that_nothing_comes_near_to_says_nothing():
    made = tighten(bounded({}, floor=1e3), **FEW)
    assert made.needed is None
    assert made.sentence.startswith("Of grown/size nothing is said")


def test_the_same_seed_gives_the_same_numbers():
    first, again = (tighten(claim(LAW, over(100.0)), **FEW, seed=3).to_dict() for _ in range(2))
    assert first == again


@pytest.mark.parametrize(("value", "up"), [(0.2912, 0.3), (0.3, 0.3), (0.301, 0.31), (12.01, 13.0), (1e-4, 1e-4)])
def test_rounding_up(value, up):
    assert rounded_up(value) == up


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_a_bound_times_a_factor(factor):
    kind = times(over(2.0), factor)
    m = claim(LAW).measure(_lab())
    assert kind.upper(m) == pytest.approx(over(2.0 * factor).upper(m))
    assert kind.text == f"{factor:g} × 2 t^-1/2"


def _lab():
    from verify.problems.laboratory import Laboratory

    return Laboratory([Place(size=100, slowness=0)], steps=200)


@pytest.mark.parametrize(
    ("kind", "how", "words"),
    [
        (Rate(LAW), {}, "states no explicit bound to be tightened"),
        (over(9.0), {"examples": 1}, "finds nothing"),
        (over(9.0), {"steps": 1}, "finds nothing"),
        (over(9.0), {"datasets": 0}, "finds nothing"),
    ],
)
def test_bad_input(kind, how, words):
    with pytest.raises(InputError, match=words):
        tighten(claim(LAW, kind), **(FEW | how))
