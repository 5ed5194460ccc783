"""What a run plans, what of it is finished, and the sweeping of what killed processes leave."""

import os
import subprocess
import sys

import pytest

from reports.records import read_records, replace_file, write_record
from reports.runs import Plan, partial, read_plan, sweep, write_plan
from tests.reports import samples

MARK = "0" * 64


def written(folder, name, **changes):
    fields = {"id": name, "fingerprint": MARK, "profile": "quick", "seed": 0, "device": "cpu"}
    write_record(folder, samples.record(**(fields | changes)), samples.curves())


def plan(*names):
    return Plan(dict.fromkeys(names, MARK), "quick", 0, "cpu")


def test_a_plan_is_read_as_it_was_written(tmp_path):
    write_plan(tmp_path, plan("a/x", "a/y"))
    assert read_plan(tmp_path) == plan("a/x", "a/y")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 2}', '{"schema": 1}', '{"schema": 1, "planned": 3}'])
def test_a_plan_that_cannot_be_read_is_none(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    assert read_plan(tmp_path) is None
    assert partial(tmp_path, []) == ""


def test_a_report_is_partial_until_all_is_finished(tmp_path):
    assert partial(tmp_path, []) == ""
    write_plan(tmp_path, plan("a/x", "a/y"))
    assert partial(tmp_path, read_records(tmp_path)) == "Partial: 0 of 2 claims."
    written(tmp_path, "a/x")
    written(tmp_path, "a/not-planned")
    assert partial(tmp_path, read_records(tmp_path)) == "Partial: 1 of 2 claims."
    written(tmp_path, "a/y")
    assert partial(tmp_path, read_records(tmp_path)) == ""


@pytest.mark.parametrize(
    "changes", [{"fingerprint": "1" * 64}, {"profile": "standard"}, {"seed": 1}, {"device": "gpu"}], ids=str
)
def test_a_record_of_something_else_does_not_count(tmp_path, changes):
    write_plan(tmp_path, plan("a/x"))
    written(tmp_path, "a/x", **changes)
    assert partial(tmp_path, read_records(tmp_path)) == "Partial: 0 of 1 claims."


def test_a_record_without_fingerprint_does_not_count(tmp_path):
    write_record(tmp_path, samples.record(id="a/x", profile="quick", seed=0, device="cpu"), samples.curves())
    (record,) = read_records(tmp_path)
    assert not plan("a/x").of(record)
    assert not plan("a/other").of(record)


def left_by(process: int, folder) -> object:
    path = folder / f".x.json.{process}.{'a' * 32}.tmp"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("half")
    os.utime(path, (0, 0))
    return path


def test_only_what_the_dead_left_is_swept(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, alive = left_by(ended.pid, tmp_path / "records"), left_by(os.getpid(), tmp_path)
    young = left_by(ended.pid, tmp_path)
    os.utime(young)
    (tmp_path / ".notes.tmp").write_text("another's")
    assert sweep(tmp_path) == 1
    assert not dead.exists()
    assert alive.exists()
    assert young.exists()
    assert (tmp_path / ".notes.tmp").exists()
    assert sweep(tmp_path / "nowhere") == 0


def test_what_a_writing_leaves_is_known_to_the_sweep(tmp_path, monkeypatch):
    kept = []

    def write(file):
        half = tmp_path / os.path.basename(file.name)
        kept.append(half.name)
        file.write(b"x")

    replace_file(tmp_path / "x.json", write)
    half = tmp_path / kept[0].replace(f".{os.getpid()}.", f".{2**22 + 1}.")  # above the largest number of a process
    half.write_text("half")
    os.utime(half, (0, 0))
    assert sweep(tmp_path) == 1
