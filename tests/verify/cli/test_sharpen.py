"""`verify sharpen`: what it prints and writes, and with which code it exits."""

import json
from pathlib import Path

import pytest

from tests.verify.cli.calling import Caller, one_sentence
from verify.claims.catalogue import from_file

FILE = """
from tests.verify.discovery.made import claim
from verify import Limit, Rate, laws

CLAIM = claim(laws.power({true}), {kind})
"""
OFTEN = ("--examples", "0")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Caller:
    return Caller(monkeypatch, capsys, columns=200)


def written(folder: Path, true: float = 0.5, kind: str = "Rate(laws.power(0.25))") -> str:
    path = folder / "test_mine.py"
    path.write_text(FILE.format(true=true, kind=kind))
    return str(path)


def test_the_surviving_law_is_told_and_written_down(tmp_path: Path, call: Caller):
    target = written(tmp_path)
    code, out, err = call("sharpen", target, "--folder", str(tmp_path), "--examples", "4")
    assert (code, err) == (0, "")
    assert out.startswith("made/curve states t^-1/4; t^-1/2 survives, exponent [0.4")
    assert "laws were tried" in out
    assert "The slowest dataset" in out
    path = tmp_path / "test_made_curve_sharper.py"
    assert f"Wrote {path}." in out
    (found,) = from_file(path).values()
    assert found.id == "conjectures/made-curve-sharper"
    code, _, err = call("sharpen", target, "--folder", str(tmp_path), *OFTEN)
    assert code == 2
    assert "exists already" in one_sentence(err)


def test_the_conjecture_is_checked_with_run(tmp_path: Path, call: Caller):
    code, out, _ = call(
        "sharpen", written(tmp_path), "--folder", str(tmp_path), "--run", "--report-dir", str(tmp_path / "r"), *OFTEN
    )
    assert code == 0
    assert "conjectures/made-curve-sharper: SUPPORTED." in out
    assert "false twin (the faster law t^-3/5): REFUTED." in out


def test_as_json(tmp_path: Path, call: Caller):
    code, out, err = call("sharpen", written(tmp_path), "--folder", str(tmp_path), "--json", *OFTEN)
    told = json.loads(out)
    assert code == 0
    assert told["survives"]["law"] == "t^-1/2"
    low, high = told["interval"]
    assert 0.4 < low < 0.5 < high < 0.65
    assert "Wrote" in err


def test_a_refuted_claim_is_said_first_and_exits_with_1(tmp_path: Path, call: Caller):
    code, out, _ = call("sharpen", written(tmp_path, 0.2, "Rate(laws.power(0.9))"), "--folder", str(tmp_path), *OFTEN)
    assert code == 1
    assert out.startswith("made/curve is itself refuted: ")
    assert not (tmp_path / "test_made_curve_sharper.py").exists()


def test_a_kind_without_a_law_exits_with_2(tmp_path: Path, call: Caller):
    code, _, err = call("sharpen", written(tmp_path, kind="Limit(0.1, laws.power(0.5))"), "--folder", str(tmp_path))
    assert code == 2
    assert "is a limit, which states no law to be sharpened" in one_sentence(err)


def test_a_run_has_no_place_in_json(tmp_path: Path, call: Caller):
    code, _, err = call("sharpen", written(tmp_path), "--folder", str(tmp_path), "--json", "--run")
    assert code == 2
    assert "leave one of them away" in one_sentence(err)
