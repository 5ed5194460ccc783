"""`verify tighten`: what it prints and records, and with which code it exits."""

import json
from pathlib import Path

import pytest

from reports.records import read_records, write_record
from tests.reports import samples
from tests.verify.cli.calling import Caller, one_sentence

FILE = """
import numpy as np
from tests.verify.discovery.made import claim
from verify import Bound, Rate, laws

LAW = laws.power(0.5)
BOUND = Bound(lambda m: {constant} * np.exp(LAW.log_value(m.log_time))[None, :] + 0 * m.values, "{constant} t^-1/2")
CLAIM = claim(LAW, {kind})
"""
FEW = ("--examples", "12", "--datasets", "8", "--steps", "200")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Caller:
    monkeypatch.chdir(tmp_path)
    return Caller(monkeypatch, capsys, columns=200)


def written(folder: Path, constant: float = 100, kind: str = "BOUND") -> str:
    path = folder / "test_mine.py"
    path.write_text(FILE.format(constant=constant, kind=kind))
    return str(path)


def test_the_constant_is_told_and_recorded(tmp_path: Path, call: Caller):
    write_record(tmp_path / "report", samples.record(id="made/curve", kind="bound"), samples.curves())
    code, out, err = call("tighten", written(tmp_path), "--report-dir", "report", *FEW)
    assert (code, err) == (0, "")
    assert out.startswith("made/curve states 100 t^-1/2; 0.")
    assert "times that survives" in out
    assert "needs 0." in out
    assert "There it is the first time at which the bound says something." in out
    (record,) = read_records(tmp_path / "report")
    assert 0 < record["tightness"]["value"] < 1
    kept = record["tightness"]["extremal"]
    assert 0 < kept["constant"] <= kept["needed"] < 1
    assert kept["words"][0] in " ".join(out.split())
    assert call("hunt", written(tmp_path), "--report-dir", "report", "--examples", "3", "--steps", "200")[0] == 0
    (record,) = read_records(tmp_path / "report")
    assert (record["tightness"]["examples"], record["tightness"]["extremal"]) == (3, kept)


def test_as_json(tmp_path: Path, call: Caller):
    code, out, _ = call("tighten", written(tmp_path), "--json", *FEW)
    told = json.loads(out)
    assert code == 0
    assert told["needed"] <= told["survives"] < 1
    assert told["extremal"]["case"]["setting"]["size"] > 100


def test_a_bound_that_is_refuted_exits_with_1(tmp_path: Path, call: Caller):
    code, out, _ = call("tighten", written(tmp_path, 1), *FEW)
    assert code == 1
    assert out.startswith("made/curve is itself refuted: ")


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [("Rate(LAW)", (), "states no explicit bound"), ("BOUND", ("--examples", "1"), "finds nothing")],
)
def test_bad_input_is_one_sentence(tmp_path: Path, call: Caller, kind: str, more: tuple[str, ...], words: str):
    code, _, err = call("tighten", written(tmp_path, kind=kind), *FEW, *more)
    assert code == 2
    assert words in one_sentence(err)
