"""`verify list` in a terminal of 80 columns, and its filters."""

import json

import pytest
from rich.cells import cell_len

from tests.verify.cli.calling import Caller, one_sentence
from verify.claims.index import questions, summaries

EVERY = summaries()


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys):
    return Caller(monkeypatch, capsys)


QUESTIONS = "Open questions, "


def of_claims(out: str) -> str:
    """What stands above the open questions."""
    return out.partition(QUESTIONS)[0].rstrip("\n")


def listed(out: str) -> list[str]:
    return [line.split()[0] for line in of_claims(out).splitlines()]


def test_a_claim_is_a_line_of_80_columns_with_its_whole_id(call):
    code, out, _ = call("list")
    assert code == 0
    assert listed(out) == [claim.id for claim in EVERY]
    assert max(map(cell_len, out.splitlines())) <= 80  # a letter with a hat is two characters
    for line, claim in zip(of_claims(out).splitlines(), EVERY, strict=True):
        _, kind, title = line.split(maxsplit=2)
        assert kind == claim.kind
        assert claim.title.startswith(title.rstrip("…").rstrip())
        assert len(title) >= 20


@pytest.mark.parametrize("arguments", [("--paper", "xie2024"), ("--paper", "xie2024", "--paper", "ji2021")])
def test_by_paper(call, arguments):
    papers = set(arguments[1::2])
    assert listed(call("list", *arguments)[1]) == [c.id for c in EVERY if c.id.partition("/")[0] in papers]


def test_by_kind(call):
    assert listed(call("list", "--kind", "tight", "--kind", "limit")[1]) == [
        c.id for c in EVERY if c.kind in ("tight", "limit")
    ]


def test_by_words_of_any_case_all_of_which_must_occur(call):
    def holding(*words: str) -> list[str]:
        texts = {c.id: f"{c.id} {c.title} {c.statement} {c.source}".lower() for c in EVERY}
        return [name for name, text in texts.items() if all(word in text for word in words)]

    assert "fan2025/muon" in holding("spectral", "muon")
    assert listed(call("list", "MUON", "Spectral")[1]) == holding("spectral", "muon")
    assert len(holding("spectral", "muon")) < len(holding("spectral")) < len(EVERY)
    rates = [c.id for c in EVERY if c.kind == "rate" and c.id.startswith("fan2025/")]
    found = listed(call("list", "spectral", "--kind", "rate", "--paper", "fan2025")[1])
    assert found == [name for name in holding("spectral") if name in rates]


def test_wide_cuts_nothing(call):
    code, out, _ = call("list", "--paper", "xie2024", "--wide")
    heading, *rows = out.splitlines()
    mine = [claim for claim in EVERY if claim.id.startswith("xie2024/")]
    assert code == 0
    assert heading.split() == ["id", "kind", "promise", "claim", "twins", "source", "read"]
    assert len(rows) == len(mine)
    for row, claim in zip(rows, mine, strict=True):
        for words in (claim.id, claim.kind, claim.promise, claim.title, claim.source, claim.read):
            assert words in row


def test_json_is_what_the_index_holds(call):
    rows = json.loads(call("list", "--json", "lemma-2-impurity")[1])
    (claim,) = [claim for claim in EVERY if claim.id == "fan2025/lemma-2-impurity"]
    assert [row["id"] for row in rows] == [claim.id]
    assert rows[0]["statement"] == claim.statement
    assert rows[0]["twins"] == claim.twins
    assert rows[0]["paper"]["year"] == 2025
    assert json.loads(call("list", "--json", "no such words at all")[1]) == []
    (question,) = json.loads(call("list", "--json", "open/large-steps")[1])
    assert question["asks"].endswith("?")


def test_nothing_found_is_said(call):
    code, out, err = call("list", "no such words at all")
    assert (code, out) == (0, "")
    assert f"None of {len(EVERY)} claims" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--kind", "rates"), "There is no kind 'rates': choose from bound, decay,"),
        (("--paper", "fan"), "There is no paper 'fan': choose from baek2025, "),
    ],
)
def test_an_unknown_filter_names_those_that_there_are(call, arguments, sentence):
    code, _, err = call("list", *arguments)
    assert code == 2
    assert sentence in one_sentence(err)


def test_open_questions_have_a_section_of_their_own(call):
    asked = questions()
    assert {each.id.partition("/")[0] for each in asked} == {"open"}
    below = call("list")[1].partition(QUESTIONS)[2].splitlines()[1:]
    assert [line.split()[0] for line in below] == [each.id for each in asked]
    assert not {each.id for each in asked} & {claim.id for claim in EVERY}
    assert QUESTIONS not in call("list", "--kind", "bound")[1]
    assert QUESTIONS not in call("list", "--paper", "ji2021")[1]
    assert not listed(call("list", "--paper", "open")[1])
