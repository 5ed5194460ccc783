"""The table of planted bugs fits the program as it stands, and what is found of them is kept and shown rightly.

That something notices each of them `make mutants` tells.
"""

import ast
import json
from dataclasses import replace

import pytest

from solvers.errors import InputError
from tests.mutants import table, trying
from tests.mutants.outcomes import Results, page, summary
from tests.mutants.table import ROOT, Mutant
from tests.mutants.trying import Outcome, Red
from verify.claims.index import summaries

MUTANTS = table.load()
CLAIMS = {summary.id for summary in summaries()}
ONE = Mutant("one", "area", "a word", "file.py", "a = 1", "a = 2", ("paper/claim",), ("tests/test_a.py",))
RED = Red("tests/test_a.py::test_b[c]", "assert 1 == 2")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_fits_the_program(mutant: Mutant):
    """Its text is there once, what becomes of it is Python and something else, and what should notice it exists."""
    text = (ROOT / mutant.file).read_text("utf-8")
    changed = mutant.applied(text)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(text))
    assert set(mutant.claims) <= CLAIMS
    assert mutant.tests
    for file, _, test in (name.partition("::") for name in mutant.tests):
        assert not test or f"def {test}(" in (ROOT / file).read_text("utf-8")


def test_there_are_enough_of_them():
    assert len(MUTANTS) >= 40
    assert sum(bool(mutant.claims) for mutant in MUTANTS) >= 30


def test_the_page_tells_of_all_of_them():
    text = (ROOT / "docs/mutants.md").read_text("utf-8")
    assert [mutant.name for mutant in MUTANTS if f"| `{mutant.name}` | {mutant.wrong} |" not in text] == []


@pytest.mark.parametrize("text", ["", "b = 1", "a = 1, a = 1"])
def test_a_text_that_is_not_there_once_is_told(text):
    with pytest.raises(InputError, match=r"The mutant one finds its text [02] times in file\.py: renew"):
        ONE.applied(text)


def test_the_first_and_last_line_breaks_of_a_text_do_not_count(tmp_path):
    entry = "wrong = 'w'\nfile = 'f'\nold = '''\na\nb\n'''\nnew = 'c'\nclaims = []\ntests = ['t']\n"
    (tmp_path / "area.toml").write_text(f"[one]\n{entry}[two]\n{entry}", "utf-8")
    first, second = table.load(tmp_path)
    assert (first.old, first.area, second.name) == ("a\nb", "area", "two")
    (tmp_path / "other.toml").write_text(f"[two]\n{entry}", "utf-8")
    with pytest.raises(InputError, match="two mutants two"):
        table.load(tmp_path)
    (tmp_path / "other.toml").write_text("[three]\nold = 'a'\n", "utf-8")
    with pytest.raises(InputError, match="The mutant three has old: give it claims, file, new, old, tests, wrong"):
        table.load(tmp_path)


def test_few_of_them_rotate_until_all_have_come():
    some = [replace(ONE, name=str(i)) for i in range(5)]
    turns = [[mutant.name for mutant in table.rotating(some, 2, turn)] for turn in range(5)]
    assert turns[:3] == [["0", "1"], ["2", "3"], ["4", "0"]]
    assert {name for turn in turns for name in turn} == set("01234")
    assert len(table.rotating(some, 9, 1)) == 5
    with pytest.raises(InputError, match="0 mutants are asked for"):
        table.rotating(some, 0, 1)


def test_bugs_are_chosen_by_name():
    other = replace(ONE, name="other")
    assert table.chosen([ONE, other], []) == [ONE, other]
    assert table.chosen([ONE, other], ["other"]) == [other]
    with pytest.raises(InputError, match="no mutant 'third': choose from one, other"):
        table.chosen([ONE, other], ["third"])


@pytest.fixture
def tree(tmp_path):
    """A small program with a test, and what is no part of it."""
    (tmp_path / "verify").mkdir()
    (tmp_path / "file.py").write_text("a = 1\n", "utf-8")
    (tmp_path / "verify/__init__.py").write_text("", "utf-8")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").write_text("from file import a\n\ndef test_b():\n    assert a == 1\n", "utf-8")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def test_a_bug_is_planted_in_a_copy_and_turns_a_test_red(tree):
    bug = replace(ONE, claims=())
    found = trying.attempt(bug, {}, tree)
    assert (found.name, found.noticed, found.properties) == ("one", "tests", None)
    assert found.tests is not None
    assert found.tests.name == "tests/test_a.py::test_b"
    assert "assert 2 == 1" in found.tests.why
    assert (tree / "file.py").read_text("utf-8") == "a = 1\n"
    assert trying.attempt(replace(bug, new="a = 1.0"), {}, tree).noticed == "nothing"
    broken = trying.attempt(replace(bug, new="a = ("), {}, tree)
    assert broken.tests is not None
    assert broken.tests.name == "tests/test_a.py"
    with trying.tree(tree) as copy:
        assert not (copy / ".hidden").exists()
        assert trying.control(copy, ["tests/test_a.py"], copy.parent / "red.xml") == {"tests/test_a.py": None}
        (copy / "file.py").write_text("a = 2\n", "utf-8")
        (red,) = trying.control(copy, ["tests/test_a.py::test_b"], copy.parent / "red.xml").values()
        assert red == found.tests
        with pytest.raises(InputError, match=r"Without any bug pytest fails \(ended with 4"):
            trying.control(copy, ["tests/test_none.py"], copy.parent / "red.xml")


def test_a_mark_changes_with_the_program_the_bug_and_what_should_notice_it(tree):
    bug = replace(ONE, claims=())
    marks = [trying.mark(bug, {}, tree), trying.mark(replace(bug, new="a = 3"), {}, tree)]
    for path in ("verify/__init__.py", "tests/test_a.py"):
        (tree / path).write_text("b = 1\n", "utf-8")
        marks.append(trying.mark(bug, {}, tree))
    assert len(set(marks)) == 4
    (tree / "file.py").write_text("a = 1  # no part of the engine\n", "utf-8")
    assert trying.mark(bug, {}, tree) == marks[-1]
    with pytest.raises(InputError, match="The mutant one names the claim paper/claim, which is not there"):
        trying.mark(ONE, {}, tree)


def test_findings_are_kept_line_by_line(tmp_path):
    kept = Results(tmp_path / "folder/results.jsonl")
    assert (kept.outcomes(), kept.green()) == ({}, set())
    both, none = (
        Outcome("one", "m", Red("paper/claim", "it is REFUTED"), RED, 3.0),
        Outcome("two", "m", None, None, 1.0),
    )
    for line in (
        both,
        {"control": "a", "mark": "m", "green": True},
        {"control": "b", "mark": "m", "green": False},
        none,
    ):
        kept.add(line)
    with kept.path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"name": "three"})[:-3])  # cut off
    assert kept.outcomes() == {("one", "m"): both, ("two", "m"): none}
    assert kept.green() == {("a", "m")}


def test_what_noticed_a_bug_is_counted_and_shown():
    outcomes = [
        Outcome("one", "m", Red("paper/claim", "why"), RED, 3.0),
        Outcome("two", "m", Red("paper/claim", "why"), None, 3.0),
        Outcome("three", "m", None, RED, 3.0),
        Outcome("four", "m", None, None, 3.0),
    ]
    assert [outcome.noticed for outcome in outcomes] == ["both", "properties", "tests", "nothing"]
    assert summary(outcomes) == "of 4 bugs 1 noticed by both, 1 by theorems alone, 1 by tests alone, 1 by nothing"
    text = page([replace(ONE, name=name) for name in ("one", "two", "three", "four", "five")], outcomes)
    assert "| `one` | a word | `paper/claim` | `test_a::test_b` |" in text
    assert "| `four` | a word | – | – |" in text
    assert "| `five` | a word | not tried yet | not tried yet |" in text
