"""The record of a hunt, and how it is gone on with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reports.hunts import validator
from solvers.errors import InputError
from tests.verify.given import claim
from verify.claims import Bound
from verify.claims.question import Question
from verify.datasets import Dataset
from verify.trials.hunt_record import Expedition
from verify.trials.long_hunt import Progress

HOME = Path(__file__)
FAR = Dataset([[1.0, 0.0], [0.0, 8.0]], [1, 1])


def largest(lab):
    return np.array([[np.abs(s.x).max()] for s in lab.datasets])


QUESTION = Question(
    "Is no entry above nine?",
    claim(largest, kind=Bound.constant(9.0), id="open/entries"),
    refuted="no, one is",
    known="nothing",
    seeds=lambda: (FAR,),
    admits=lambda s: s.n <= 3,
    steps=5,
)


def go(record, count: int, **changes):
    kept = []
    end = Expedition.of(QUESTION, HOME, **{"size": 6} | changes).go(
        record, go_on=lambda progress: progress.rounds < count, keep=kept.append, clock=iter(range(99)).__next__
    )
    return end, kept


def test_a_record_is_kept_after_each_round_and_fits_its_schema():
    end, kept = go(None, 2)
    validator().validate(end)
    assert [record["rounds"] for record in kept] == [1, 2]
    assert (end["id"], end["asks"], end["known"]) == ("open/entries", QUESTION.asks, "nothing")
    assert (end["horizon"], end["limit"], end["cases"]) == ("5 steps", 1.0, end["judged"])
    assert kept[0]["archive"][0]["value"] == pytest.approx(8 / 9)


def test_a_second_call_goes_on_and_its_time_is_added():
    first, _ = go(None, 2)
    second, kept = go(first, 3)
    whole, _ = go(None, 3)
    assert [record["rounds"] for record in kept] == [3]
    assert {name: second[name] for name in ("rounds", "cases", "archive")} == {
        name: whole[name] for name in ("rounds", "cases", "archive")
    }
    assert second["seconds"] > first["seconds"]


def test_after_another_horizon_what_was_found_is_tried_first():
    first, _ = go(None, 3)
    again, kept = go(first, 1, steps=7)
    assert again["horizon"] == "7 steps"
    assert kept[0]["rounds"] == 1
    assert again["archive"][0]["value"] >= first["archive"][0]["value"]


def test_a_claim_is_hunted_among_what_it_draws():
    mine = claim(largest, kind=Bound.constant(1e9))
    record = Expedition.of(mine, HOME, size=6, steps=5).go(
        None, go_on=lambda progress: progress.rounds < 2, keep=lambda record: None, clock=lambda: 0.0
    )
    validator().validate(record)
    assert record["asks"] is None
    assert 6 < record["cases"] <= 12


def test_a_hunt_without_time_does_one_round_and_an_answer_stays_one():
    answered, _ = go(None, 1, steps=6)
    assert go(answered, 0, steps=6)[0]["rounds"] == 2


def test_a_hunt_of_another_horizon_counts_anew_and_keeps_the_count_before():
    first, _ = go(None, 3)
    again, _ = go(first, 1, steps=7)
    more, _ = go(again, 2, steps=7)
    assert first["earlier"] == []
    for record in (again, more):
        validator().validate(record)
        (before,) = record["earlier"]
        assert (before["judged"], before["seconds"]) == (first["judged"], first["seconds"])
    assert again["seconds"] < first["seconds"] < first["seconds"] + more["seconds"]


def test_flows_take_no_steps():
    flow = replace(QUESTION, flows=True)
    assert Expedition.of(flow, HOME).record(Progress(), 0.0)["horizon"] == "log t = 1000"
    with pytest.raises(InputError, match="open/entries is of flows, which take no steps: leave --steps away"):
        Expedition.of(flow, HOME, steps=5)
