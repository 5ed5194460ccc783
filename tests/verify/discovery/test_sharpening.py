"""The fastest law that survives: of curves whose law is known, and where there is nothing to search for."""

import json
from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from tests.verify.discovery.known import KINDS, table
from tests.verify.discovery.made import PROFILE, claim
from verify import Bound, Decay, Limit, Rate, laws, sharpen
from verify.claims.verdict import Outcome
from verify.laws import DecayLaw, Law

POWERS = (0.25, 1 / 3, 0.4, 0.47, 0.5, 0.6, 2 / 3, 0.71, 0.8, 0.9, 1.0, 1.13)
LOGARITHMS = (Law(0.5, 1.0), Law(0.3, 1.0), Law(0.4, -1.0), Law(1.0, 1.0))
IN_LOG_TIME = (0.5, 0.75, 1.0, 1.3)
DECAYS = (0.3, 0.5, 0.8)
STATED = {True: Rate(laws.power(0.1)), False: Rate(Law(0.0, -0.25))}


def found(law, kind, **made):
    return sharpen(claim(law, kind, **made), profile=PROFILE, examples=0)


@pytest.mark.parametrize(
    ("p", "budgeted"),
    [*((p, False) for p in POWERS), *((p, True) for p in POWERS[::3])],
    ids=lambda each: f"{each:.2f}" if isinstance(each, float) else "with a budget" if each else "by envelopes",
)
def test_the_interval_holds_the_power(p, budgeted):
    made = found(laws.power(p), STATED[True], budgeted=budgeted)
    assert made.interval is not None
    low, high = made.interval
    assert low <= p <= high
    assert high - low < 0.2
    assert made.law is not None
    assert made.law.power == pytest.approx(p, abs=0.06)
    assert made.wide is not None
    assert made.wide[0] < low
    assert "cannot be told" in made.logarithms


@pytest.mark.parametrize("law", LOGARITHMS, ids=str)
def test_a_logarithm_beside_the_power_is_in_the_wide_interval(law):
    made = found(law, STATED[True], budgeted=True)
    assert made.wide is not None
    low, high = made.wide
    assert low <= law.power <= high


@pytest.mark.parametrize("p", IN_LOG_TIME)
def test_laws_of_log_time_are_climbed_in_their_clock(p):
    made = found(Law(0.0, -p), STATED[False])
    assert made.interval is not None
    assert made.interval[0] <= p <= made.interval[1] < p + 0.15
    assert made.logarithms == ""


@pytest.mark.parametrize("law", [Law(0.0, -1.0), laws.power(0.5)], ids=str)
def test_what_fell_fast_at_first_is_not_taken_for_the_law(law):
    made = found(law, STATED[law.in_time], early=5.0)
    assert made.interval is not None
    exact = abs(law.exponent)
    assert made.interval[0] <= exact <= made.interval[1]


@pytest.mark.parametrize("p", DECAYS)
def test_decays_are_climbed_by_the_power_in_the_exponent(p):
    made = found(DecayLaw(p), Decay(DecayLaw(0.2)))
    assert made.interval is not None
    assert made.interval[0] <= p <= made.interval[1] < p + 0.2


def test_intervals_hold_the_law_of_curves_that_wobble_on_another_seed():
    (wobbling,) = (kind for kind in KINDS if "wobble" in kind.what)
    (row,) = table([1], [wobbling._replace(laws=wobbling.laws[::3])])
    assert (row.held, row.of) == (3, 3)
    assert row.width < 0.2


def test_what_was_searched_is_judged_on_other_draws_and_counted():
    made = found(laws.power(0.5), STATED[True])
    assert len(set(made.seeds.values())) == len(made.seeds) >= 2
    assert made.judged is not None
    seen = {case.key for case in made.verdict.measurement.datasets}
    fresh = {case.key for case in made.judged.measurement.datasets}
    assert len(seen & fresh) < len(fresh) / 2
    assert made.tried > 10
    assert made.refuted is not None
    assert 8 < made.refuted.datasets <= made.refuted.of == 16


def test_a_claim_that_is_sharp_already_is_told_so():
    made = found(laws.power(0.5), Rate(laws.power(0.5)))
    assert made.law == laws.power(0.5)
    assert not made.sharper
    assert "no faster law of the ladder survives" in made.sentence


def test_a_claim_that_is_refuted_is_said_first():
    made = found(laws.power(0.2), Rate(laws.power(0.9)))
    assert made.verdict.outcome is Outcome.REFUTED
    assert made.law is None
    assert made.sentence.startswith("made/curve is itself refuted: ")
    assert made.tried == 1


def test_the_counterexample_of_a_refuted_claim_is_shrunk():
    made = found(laws.power(0.2), Rate(laws.power(0.9)), plateau=1.0)
    assert made.counterexample is not None
    assert made.to_dict()["counterexample"]["setting"]["slowness"] == 0


def test_laws_of_log_t_that_are_watched_in_steps_are_told_in_a_sentence():
    with pytest.raises(InputError, match="too few decades of it to tell a faster law"):
        found(Law(0.0, -1.0, in_steps=True), Rate(laws.inverse_log(in_steps=True)))


@pytest.mark.parametrize("kind", [Limit(0.1, laws.power(0.5)), Bound(lambda m: 1 + 0 * m.values, "1")], ids=["l", "b"])
def test_a_kind_without_a_law_is_told_in_a_sentence(kind):
    with pytest.raises(InputError, match="which states no law to be sharpened"):
        found(laws.power(0.5), kind)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"resolution": 0.0}, "The resolution is 0.0"),
        ({"examples": 1}, "A hunt of 1 examples"),
        ({"profile": "slow"}, "no profile 'slow'"),
    ],
)
def test_bad_input(wrong, words):
    with pytest.raises(InputError, match=words):
        sharpen(claim(laws.power(0.5)), **wrong)


def test_everything_is_plain_data():
    made = sharpen(claim(laws.power(0.5)), profile=PROFILE, examples=4)
    told = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert told["proved"] == {"law": "t^-1/10", "exponent": 0.1}
    assert told["survives"]["exponent"] == pytest.approx(0.5, abs=0.06)
    assert told["slowest"]["examples"] == 4
    assert "survives" in made._repr_html_()


def test_an_exponent_without_end_is_told_as_such():
    made = found(laws.power(4.0), STATED[True])
    assert made.interval is not None
    assert np.isinf(made.interval[1])
    assert "∞)" in made.sentence
    assert made.refuted is None


def test_a_dataset_of_the_hunt_may_refute_what_the_draws_support():
    made = sharpen(claim(laws.power(0.5)), profile=PROFILE, examples=4)
    assert made.slowest is not None
    assert made.sharper
    hunted = replace(made, slowest=replace(made.slowest, refuted=True))
    assert not hunted.sharper
    assert hunted.sentence.endswith("survives the draws, and one dataset of a hunt refutes it.")
