"""`verify certify`: from a record to a certificate and its checker, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reports.records import write_record
from tests.reports import samples
from tests.verify.cli.calling import Caller, one_sentence

NAME = "fan2025/sign-gd-binary"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Caller:
    return Caller(monkeypatch, capsys, columns=200)


@pytest.fixture
def report(tmp_path: Path) -> str:
    record = samples.record(id=NAME)
    twin = record["twins"][0] | {"verdict": "REFUTED", "counterexample": {"x": [[1, 2]], "y": [1]}}
    other = twin | {"verdict": "SUPPORTED", "counterexample": None}
    write_record(tmp_path / "report", record | {"twins": [twin, other]}, samples.curves())
    return str(tmp_path / "report")


def test_a_twins_refutation_is_written_and_checked_by_a_stranger(tmp_path: Path, report: str, call: Caller):
    code, out, err = call(
        "certify", NAME, "--twin", "0", "--steps", "50", "--folder", str(tmp_path / "proof"), "--report-dir", report
    )
    assert (code, err) == (0, "")
    assert "fall short of it by" in out
    path = tmp_path / "proof" / "fan2025__sign-gd-binary__twin-0.certificate.json"
    assert json.loads(path.read_text())["norm"] == "l2"
    checker = [sys.executable, "-I", "-S", str(tmp_path / "proof" / "check_certificate.py"), str(path)]
    assert "PROVED" in subprocess.run(checker, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((NAME,), "is SUPPORTED in its record, and nothing is to be certified"),
        ((NAME, "--twin", "1"), "is SUPPORTED in its record, and nothing is to be certified"),
        ((NAME, "--twin", "7"), "has no twin 7"),
        ((NAME, "--steps", "0"), "A run of 0 steps shows nothing"),
        (("fan2025/gone",), "has no record of 'fan2025/gone'"),
    ],
)
def test_what_cannot_be_certified_is_one_sentence(report: str, call: Caller, arguments, words: str):
    code, _, err = call("certify", *arguments, "--report-dir", report)
    assert code == 2
    assert words in one_sentence(err)


def test_a_tight_case_is_the_hunts_where_that_came_nearer(tmp_path: Path, call: Caller):
    name = "ji2021/normalised-gd"
    record = samples.record(id=name)
    hunt = {"statistic": "gap / bound", "limit": 1.0, "examples": 9, "judged": 9, "untargeted": 0.1, "refuted": False}
    record |= {"tightness": hunt | {"value": 1e9, "case": {"x": [[1, 2], [2, -1]], "y": [1, -1]}}}
    write_record(tmp_path / "report", record, samples.curves())
    arguments = ("certify", name, "--tight", "--steps", "50", "--report-dir", str(tmp_path / "report"))
    code, out, err = call(*arguments, "--folder", str(tmp_path))
    assert (code, err) == (0, "")
    assert 'It keeps the bound "(1 + ln n)/(γ t)", whose value there is, by the claim\'s words, ' in out
    assert "computed again, not proved" in out
    found = json.loads((tmp_path / "ji2021__normalised-gd.tight.certificate.json").read_text())
    assert found["data"]["x"] == [["1", "2"], ["2", "-1"]]
    small = {"needed": 1e8, "case": {"x": [[1, 1]], "y": [1]}, "constant": 9e7, "words": ["It is small."]}
    for needed, x in ((1e8, [["1", "2"], ["2", "-1"]]), (2e9, [["1", "1"]])):
        record["tightness"]["extremal"] = small | {"needed": needed}
        write_record(tmp_path / "report", record, samples.curves())
        assert call(*arguments, "--folder", str(tmp_path))[0] == 0
        assert json.loads((tmp_path / "ji2021__normalised-gd.tight.certificate.json").read_text())["data"]["x"] == x
    code, _, err = call(*arguments, "--twin", "0")
    assert code == 2
    assert "leave --tight or --twin away" in one_sentence(err)
