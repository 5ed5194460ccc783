"""`verify table`: the files that it writes, and what bad input is told."""

from pathlib import Path

import pytest

from tests.verify.cli.calling import Caller, one_sentence

FILE = """
from tests.verify.discovery.made import claim
from verify import laws

CLAIM = claim(laws.power(0.5))
"""


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Caller:
    (tmp_path / "test_tabled.py").write_text(FILE)
    return Caller(monkeypatch, capsys, columns=200)


def test_the_table_stands_beside_the_report(call: Caller, tmp_path: Path):
    code, out, err = call("table", str(tmp_path / "test_tabled.py"), "--report-dir", str(tmp_path), "--parquet")
    assert (code, err) == (0, "")
    assert f"Wrote {tmp_path}/measurements.csv: 64 rows of 1 claim." in out
    lines = (tmp_path / "measurements.csv").read_text("utf-8").splitlines()
    assert lines[0].startswith("claim,kind,version,profile,seed,case,n,d,k,radius,gamma_l1,")
    assert len(lines) == 65
    assert (tmp_path / "measurements.parquet").read_bytes()[:4] == b"PAR1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("gone",), "There is no claim 'gone'"),
        (("{file}", "--profile", "fast"), "There is no profile 'fast'"),
        (("{file}", "--report-dir", "{file}"), "cannot be written"),
    ],
)
def test_bad_input_is_one_sentence(call: Caller, tmp_path: Path, arguments: tuple[str, ...], words: str):
    file = str(tmp_path / "test_tabled.py")
    code, out, err = call("table", *(each.format(file=file) for each in arguments))
    assert (code, out) == (2, "")
    assert words in one_sentence(err)
