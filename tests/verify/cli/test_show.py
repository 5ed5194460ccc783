"""`verify show`: a claim told whole, with and without a record, and from a record alone."""

import json

import pytest

from reports.records import write_record
from tests.reports import samples
from tests.verify import conjecture
from tests.verify.cli.calling import Caller, one_sentence
from verify.claims.index import summaries
from verify.cli.completion import claim_ids

ID = "fan2025/sign-gd-binary"


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    return Caller(monkeypatch, capsys)


def words(out: str) -> str:
    """The output without its line breaks."""
    return " ".join(out.split())


def test_every_part_of_a_claim_is_told_in_80_columns(call):
    code, out, _ = call("show", ID)
    (claim,) = [claim for claim in summaries() if claim.id == ID]
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    told = [claim.statement, claim.source, claim.read, claim.promise, claim.about, claim.law, claim.file, *claim.twins]
    told += [claim.paper["title"], claim.paper["arxiv"], *claim.real, f"verify check {ID}"]
    for part in told:
        assert part in words(out), part
    assert "SUPPORTED" not in out


def test_the_last_verdict_and_its_figures(call, tmp_path):
    record = samples.record(id=ID)
    write_record(tmp_path / "verify-report", record, samples.curves())
    assert "figure" not in call("show", ID)[1]
    call("report", "--paper")
    (tmp_path / "verify-report/replays").mkdir()
    (tmp_path / "verify-report/replays/fan2025__sign-gd-binary.svg").touch()
    out = words(call("show", ID)[1])
    assert f"verdict {record['verdict']}. {words(record['sentence'])}" in out
    assert f"on twin 0 {record['twins'][0]['verdict']}." in out
    assert f"again {record['reproduce']}" in out
    assert "figure verify-report/index.html#claim-fan2025__sign-gd-binary" in out
    assert "figure verify-report/figures/fan2025__sign-gd-binary.pdf" in out
    assert "figure verify-report/replays/fan2025__sign-gd-binary.svg" in out


def test_a_claim_that_only_its_record_knows(call, tmp_path):
    record = samples.record(id="conjectures/mine", statement="Mine is true.")
    write_record(tmp_path / "elsewhere", record, samples.curves())
    code, out, _ = call("show", "conjectures/mine", "--report-dir", "elsewhere")
    assert code == 0
    assert "Mine is true." in out
    assert record["twins"][0]["wrong"] in words(out)


def test_the_claims_of_a_file(call, tmp_path):
    (tmp_path / "mine.py").write_text(conjecture.TRUE)
    code, out, _ = call("show", "mine.py")
    assert code == 0
    assert "conjectures/true" in out
    assert "verify check mine.py" in words(out)


def test_json_has_claim_and_record(call, tmp_path):
    (told,) = json.loads(call("show", ID, "--json")[1])
    assert told["claim"]["id"] == ID
    assert told["record"] is None
    write_record(tmp_path / "verify-report", samples.record(id=ID), samples.curves())
    (told,) = json.loads(call("show", ID, "--json")[1])
    assert told["record"]["id"] == ID


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("fan2025/sign-gd-binar", "There is no claim 'fan2025/sign-gd-binar': did you mean fan2025/sign-gd-binary?"),
        ("qqqqqqq", "There is no claim 'qqqqqqq': see `verify list`"),
        ("xie2024", "xie2024 has 6 claims: choose one of `verify list --paper xie2024`."),
        ("missing.py", "missing.py is no Python file"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(call, target, sentence):
    code, _, err = call("show", target)
    assert code == 2
    assert sentence in one_sentence(err)


def test_the_shell_is_offered_the_ids_that_begin_so():
    assert claim_ids("xie2024/adamw") == ["xie2024/adamw-kkt", "xie2024/adamw-minimum"]
    assert len(claim_ids("")) == len(summaries())
    assert claim_ids("zebra") == []
