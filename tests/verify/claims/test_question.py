"""Open questions: what one must have, and where they are found."""

import pytest

from solvers.errors import InputError
from tests.verify.given import claim
from verify.claims import Paper
from verify.claims.catalogue import all_claims, asked
from verify.claims.provenance import Read
from verify.claims.question import Question, question


def test_a_question_is_made_of_its_own_fields_and_of_its_claims():
    base = claim()
    made = question(
        "gap",
        "Does it fall?",
        "The gap falls: always.",
        paper=Paper("someone2030", "Someone", "Gaps", 2030),
        where="section 4",
        refuted="no",
        steps=7,
        kind=base.kind,
        problem=base.problem,
        subject=base.subject,
    )
    assert (made.id, made.claim.title, made.steps, made.seeds()) == ("open/gap", "The gap falls", 7, ())
    assert made.claim.source == "asked after Someone 2030, section 4"
    assert made.claim.read is Read.CONJECTURED


def test_a_question_needs_its_mark_and_its_id():
    with pytest.raises(InputError, match="asks nothing: end it with a question mark"):
        Question("It falls.", claim(id="open/gap"), "no")
    with pytest.raises(InputError, match="begins with open/"):
        Question("Does it fall?", claim(), "no")


def test_questions_are_found_by_id_and_are_no_claims():
    found = [each.id for each, _ in asked("open")]
    assert found == sorted(found)
    assert "open/ridge-distance" in found
    assert not set(found) & set(all_claims())
    assert [each.id for each, _ in asked("open/ridge-distance")] == ["open/ridge-distance"]
    assert asked("ji2021") == []
    with pytest.raises(InputError, match=r"There is no open question 'open/gone': see `verify list open`\."):
        asked("open/gone")
