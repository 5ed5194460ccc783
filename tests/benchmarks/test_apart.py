"""Soundness by workers: the same verdicts, what shares a run together, and what comes to nothing."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.soundness import apart
from benchmarks.soundness.apart import judged, run_apart
from benchmarks.soundness.entry import Entry
from benchmarks.soundness.results import Line, Results
from benchmarks.soundness.run import planned, run
from solvers.errors import InputError
from tests.conftest import ROOT, untyped
from verify.cluster.pool import Done
from verify.trials.profiles import PROFILES

CHEAP, QUICK = "softmax-form", PROFILES["quick"]
PLAN = planned("catalogue", QUICK, (0, 1), CHEAP)


def compared(line: Line) -> Line:
    return {name: value for name, value in line.items() if name not in ("seconds", "mark")}


def of_each(results: Results) -> list[Line]:
    return [compared(line) for line in PLAN.found(results)]


class Here:
    """In place of a pool: does each piece at once, but for the first if that is to end otherwise."""

    def __init__(self, **end: Any):
        self.end = end

    def run(self, queue, watch):
        for i, task in enumerate(queue):
            watch([task])
            yield Done(task, **self.end) if self.end and i == 0 else Done(task, task.function(*task.arguments))


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> list[Line]:
    results = Results(tmp_path_factory.mktemp("alone") / "results.jsonl", resume=False)
    with untyped():
        run(PLAN, results)
    return of_each(results)


def test_workers_give_the_verdicts_of_one_process(tmp_path, alone):
    """By the command, since marks depend on the types that are checked in this process."""
    pytest.importorskip("distributed", reason="Dask is not installed: install implicit-bias-verify[cluster]")
    command = [sys.executable, "-m", "benchmarks", "--only=soundness", "-k", CHEAP, "--seeds=2", "--cluster=local:2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in (tmp_path / "soundness.jsonl").read_text("utf-8").splitlines()]
    assert sorted(map(compared, lines), key=str) == sorted(alone, key=str)


def test_entries_of_one_run_go_together():
    tasks = planned("catalogue", QUICK, (0, 1), "").tasks
    pieces = list(apart._together(tasks))
    assert [task for those in pieces for task in those] == list(tasks)
    for those in pieces:
        assert len({(task.seed, task.subject.group) for task in those if isinstance(task.subject, Entry)}) == 1
    assert len(pieces) < len(tasks) / 2


def test_what_is_there_is_not_judged_again(tmp_path, alone):
    results = Results(tmp_path / "results.jsonl", resume=False)
    run(planned("catalogue", QUICK, (0,), CHEAP), results)
    told = []
    run_apart(PLAN, results, Here(), tell=told.append)  # type: ignore[arg-type] - stands in for a pool of processes
    assert {line["seed"] for line in told} == {1}
    assert of_each(results) == alone


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ({"killed": True, "error": RuntimeError("3 deaths")}, "killed its worker 1 times, and is given up"),
        ({"error": InputError("softmax-form is another claim on this worker.")}, "is another claim on this worker"),
    ],
)
def test_what_comes_to_nothing_is_told_and_not_kept(tmp_path, end, told):
    results, lost = Results(tmp_path / "results.jsonl", resume=False), []
    run_apart(PLAN, results, Here(**end), lost=lost.append)  # type: ignore[arg-type] - stands in for a pool of processes
    (sentence,) = lost
    assert told in sentence
    assert sentence.startswith("seed 0, softmax-form")
    assert {line["seed"] for line in PLAN.found(results)} == {1}


@pytest.mark.parametrize("change", [{"name": "no such entry"}, {"mark": "other"}])
def test_a_worker_that_has_another_claim_says_so(change):
    task = PLAN.tasks[0]._replace(**change)
    with pytest.raises(InputError, match="is another claim on this worker, or none: put the same files there"):
        judged(((task.part, task.name, task.mark),), QUICK, 0)


def test_an_address_that_is_none_gets_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.command()(main)
    done = CliRunner().invoke(app, ["--only", "soundness", "-k", CHEAP, "--cluster", "here"])
    assert done.exit_code == 2
    assert "The cluster is 'here': give the address of its scheduler" in done.stderr
