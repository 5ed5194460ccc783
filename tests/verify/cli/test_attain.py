"""`verify attain`: what it prints and writes, and with which code it exits."""

import json
from pathlib import Path

import pytest

from tests.verify.cli.calling import Caller, one_sentence
from verify.claims.catalogue import from_file

FILE = """
from tests.verify.discovery.grown import claim

CLAIM = claim({'n': 0.5}, wobble=0.0)
"""


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Caller:
    return Caller(monkeypatch, capsys, columns=200)


@pytest.fixture
def target(tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(FILE)
    return str(tmp_path / "mine.py")


def test_the_family_is_told_written_and_checked(tmp_path: Path, target: str, call: Caller):
    where = ("--folder", str(tmp_path), "--report-dir", str(tmp_path / "report"))
    code, out, err = call("attain", target, *where, "--run")
    assert (code, err) == (0, "")
    assert out.startswith("On Dataset([[")
    assert "falls like t^-1/2 and not faster" in out
    assert "families were looked at." in out
    path = tmp_path / "test_grown_size_attained.py"
    assert f"Wrote {path}." in out
    assert "conjectures/grown-size-attained: SUPPORTED." in out
    assert "false twin (the slower law t^-1/5, and not faster): REFUTED." in out
    assert list(from_file(path)) == ["conjectures/grown-size-attained"]
    code, _, err = call("attain", target, *where)
    assert code == 2
    assert "exists already" in one_sentence(err)


def test_where_there_is_none_it_exits_with_1(tmp_path: Path, target: str, call: Caller):
    code, out, _ = call("attain", target, "--rate", "-1", "--folder", str(tmp_path), "--json")
    assert code == 1
    assert json.loads(out)["family"] is None
    assert not list(tmp_path.glob("test_*"))


def test_a_claim_that_is_itself_refuted_is_said_first(tmp_path: Path, call: Caller):
    path = tmp_path / "test_mine.py"
    path.write_text("from verify import Rate, laws\n" + FILE.replace("wobble", "Rate(laws.power(0.9)), wobble"))
    code, out, _ = call("attain", str(path), "--folder", str(tmp_path))
    assert code == 1
    assert out.startswith("grown/size is itself refuted: ")
    assert "families" not in out


@pytest.mark.parametrize(
    ("more", "words"), [(("--rate", "fast"), "is no exponent of t"), (("--run", "--json"), "leave one of them away")]
)
def test_bad_input_is_one_sentence(tmp_path: Path, target: str, call: Caller, more: tuple[str, ...], words: str):
    code, _, err = call("attain", target, "--folder", str(tmp_path), *more)
    assert code == 2
    assert words in one_sentence(err)
