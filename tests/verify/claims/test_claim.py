"""Claims and their twins as data."""

from dataclasses import replace

import pytest

from solvers.errors import InputError
from tests.verify.given import POINT, claim
from verify import strategies
from verify.claims import Bound, Claim, Kind, Limit, Order, Paper, Promise, Rate, Read, Tight, Trend, Twin
from verify.datasets.dataset import scaled_to_unit_rows
from verify.laws import power
from verify.problems.subject import Described, Flow

OF_THE_CLAIM = {
    "problem": strategies.binary,
    "real": (POINT,),
    "share": 0.5,
    "horizon": 1.0,
    "prepare": scaled_to_unit_rows,
    "larger": strategies.binary,
    "paper": Paper("other", "nobody", "nothing", 2025),
    "read": Read.PAPER,
    "promise": Promise.TIGHT,
    "title": "another",
    "statement": "another",
    "source": "elsewhere",
}


@pytest.mark.parametrize("name", OF_THE_CLAIM)
def test_a_twin_may_not_change_what_does_nothing(name):
    with pytest.raises(InputError, match=f"changes '{name}': change one of kind, quantity, subject"):
        claim(twins=(Twin("nothing is wrong", **{name: OF_THE_CLAIM[name]}),))


def test_a_twin_changes_what_is_claimed_and_of_what():
    twins = (Twin("another law", kind=Limit(1e-4, power(1))), Twin("another loss", loss="logistic", norm="l2"))
    own = claim(twins=twins)
    assert own.twin(0).kind == twins[0].changes["kind"]
    assert own.twin(1).subject.loss == "logistic"


PAPER = Paper("lyu2020", "Lyu, Li", "A title", 2020)
REST = {"kind": Limit(1e-4, power(1)), "problem": strategies.binary}


def test_a_paper_makes_its_claims():
    made = PAPER.claim("limit", "Theorem 4.4", "a title", "a statement", read=Read.PAPER, norm="l2", **REST)
    assert (made.id, made.source, made.read) == ("lyu2020/limit", "Lyu, Li 2020, Theorem 4.4", Read.PAPER)
    assert made.paper is PAPER
    assert (made.title, made.statement, made.subject.norm) == ("a title", "a statement", "l2")
    assert PAPER.claim("x", "", "a title", "a statement", read=Read.DERIVED, **REST).source == "Lyu, Li 2020"


def test_a_subject_may_be_given_whole_or_by_its_fields():
    own = claim(flow=True)
    assert isinstance(own.subject, Flow)
    whole = replace(claim(), subject=Described("words", norm="l1"))
    assert (whole.subject.text, whole.subject.norm, whole.norms) == ("words", "l1", ("l1",))
    assert replace(claim(), norm="l2").subject == replace(claim().subject, norm="l2")
    assert replace(claim(), norm="l2").title == claim().title


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"colour": "red"}, "A claim has no field 'colour': give one of id, title, .*, flow"),
        ({"id": "No Paper"}, "is not of the form paper/name"),
        ({"share": 0.0}, "give a positive part"),
        ({"real": "iris:0-vs-rest"}, "give a tuple"),
        ({"twins": (Twin("nothing"),)}, "changes nothing and is as true"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_field_that_cannot_be_is_refused_in_a_sentence(fields, sentence):
    with pytest.raises(InputError, match=sentence):
        claim(**fields)


def test_a_claim_says_all_that_is_needed():
    with pytest.raises(InputError, match="A claim without title says too little: give title="):
        Claim(id="a/b")


@pytest.mark.parametrize(
    ("kind", "promise"),
    [
        (Rate(power(1)), Promise.UPPER),
        (Tight(power(1)), Promise.TIGHT),
        (Limit(0.1, power(1)), Promise.ASYMPTOTIC),
        (Order(1.8, 2.2), Promise.TIGHT),
        (Trend(-1), Promise.DIRECTION),
        (Bound.constant(1.0), Promise.UPPER),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Kind) else str(value),
)
def test_a_claim_promises_what_its_kind_does_unless_it_says_otherwise(kind, promise):
    assert claim(kind=kind).promises is promise
    assert claim(kind=kind, promise=Promise.LOWER).promises is Promise.LOWER


def test_norms_are_told_apart_for_twins_of_another_norm_only():
    twins = (
        Twin("norm", norm="l2"),
        Twin("law", kind=Limit(1e-4, power(1))),
        Twin("loss", loss="logistic", apart=("l1", "l2")),
    )
    own = claim(twins=twins)
    assert [own.apart(i) for i in range(3)] == [("linf", "l2"), None, ("l1", "l2")]
    assert own.norms == ("linf", "l2")
    assert (own.twin(0).id, own.twin(0).twins) == ("test/claim/twin-0", ())
