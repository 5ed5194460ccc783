"""`verify hunt` in rounds: of open questions, and of claims with --minutes."""

import json

import pytest

from tests.verify.cli.calling import Caller, one_sentence

QUESTION = "open/leave-one-out-l2"


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    return Caller(monkeypatch, capsys)


def test_a_second_call_goes_on_from_the_first(call, tmp_path):
    def hunt() -> dict:
        code, out, _ = call("hunt", QUESTION, "--examples", "20", "--steps", "40")
        assert code == 0
        # So early most hard datasets are beyond the limit.
        assert out.startswith(f"{QUESTION}: open: not refuted on ")
        return json.loads((tmp_path / "verify-report/hunts/open__leave-one-out-l2.json").read_text())

    first, second = hunt(), hunt()
    assert first["steps"] == 40
    assert second["rounds"] > first["rounds"]
    assert second["cases"] >= first["cases"] + 20


def test_a_claim_is_hunted_in_rounds_for_the_minutes_that_are_given(call, tmp_path):
    code, out, _ = call("hunt", "kim2026/gradient", "--minutes", "0.001")
    assert code == 0
    assert "1 rounds in all" in out
    assert json.loads((tmp_path / "verify-report/hunts/kim2026__gradient.json").read_text())["asks"] is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--minutes", "0"), "A hunt of 0 minutes finds nothing"),
        (("--minutes", "nan"), "A hunt of nan minutes finds nothing"),
        (("--examples", "0"), "A hunt of 0 cases finds nothing"),
        (("--steps", "0"), "at least one step"),
        (("--seed", "-1"), "The seed is -1: give 0 or more"),
        (("--minutes", "1", "--examples", "3"), "both say when a hunt ends"),
    ],
)
def test_a_hunt_that_can_find_nothing_is_refused(call, arguments, told):
    code, _, err = call("hunt", QUESTION, *arguments)
    assert code == 2
    assert told in one_sentence(err)


@pytest.mark.parametrize("command", ["check", "show", "replay", "sharpen"])
def test_other_commands_say_that_a_question_is_hunted(call, command):
    code, _, err = call(command, QUESTION)
    assert code == 2
    assert f"hunted and not checked: verify hunt {QUESTION}." in one_sentence(err)
