"""`verify compare`: what it says, and its exit codes; `verify report --paper`."""

from __future__ import annotations

import pytest

from reports.records import write_record
from tests.reports import samples
from verify.cli import app


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    write_record("old", samples.record(), samples.curves())
    write_record("new", samples.record(verdict="REFUTED", profile="quick"), samples.curves())

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["verify", *arguments])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as stopped:
            app.main()
        captured = capsys.readouterr()
        return int(stopped.value.code or 0), captured.out, captured.err

    return run


def test_nothing_changed(call):
    code, out, _ = call("compare", "old", "old")
    assert code == 0
    assert "1 claim in both runs: 0 got worse, 0 got better" in out


def test_a_verdict_got_worse(call, tmp_path):
    code, out, _ = call("compare", "old", "new", "--markdown", "changes.md")
    assert code == 1
    assert "The runs differ in profile: standard before, quick after." in out
    assert "fan2025/signgd-max-norm" in out
    assert "| worse | verdict |" in (tmp_path / "changes.md").read_text("utf-8")


def test_a_verdict_got_better(call):
    assert call("compare", "new", "old")[0] == 0


def test_bad_input_is_one_sentence(call):
    code, out, err = call("compare", "old", "nowhere")
    assert (code, out) == (2, "")
    assert err.strip() == "verify: nowhere is no folder: give the report folder of a run."


def test_files_for_a_paper(call, tmp_path):
    code, out, _ = call("report", "--report-dir", "old", "--paper")
    assert code == 0
    for name in ("claims.tex", "references.bib", "summary.md", "figures/fan2025__signgd-max-norm.pdf"):
        assert (tmp_path / "old" / name).is_file()
    assert "latex: old/claims.tex" in out
