"""Interrupted and killed runs, as processes of their own: what was finished stays, and the next run goes on."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reports.page import write_report
from reports.records import read_records
from reports.runs import partial
from tests.verify import conjecture

ROOT = Path(__file__).parents[3]
DEADLINE = 120.0

# Trying a claim takes no time here. At the claim that HOLD names, or in writing its record, the process says so in a
# file, and waits for its end.
CONFTEST = """
import os, pathlib, threading
import reports.records
from tests.reports import samples
from verify import sources
from verify.trials import record, trial

holding, sync, last = os.environ["HOLD"].split(), os.fsync, []

def hold(name):
    if name in holding:
        pathlib.Path(f"held-{name}").touch()
        threading.Event().wait(300)

def attempt(claim, profile, *, seed, **options):
    last[:] = [claim.id]
    hold(claim.id[-1])
    return samples.record(id=claim.id, profile=profile.name, seed=seed, device="cpu"), samples.curves()

def fsync(file):
    if "/records/" in os.readlink(f"/proc/self/fd/{file}"):
        hold(f"write-{last[0][-1]}")
    sync(file)

trial.try_claim, record.record_of = attempt, lambda trial, reproduce: trial
reports.records.os.fsync, sources.engine = fsync, lambda: []
"""
CLAIMS = (
    conjecture.TRUE.partition("def ")[0]
    + """
import dataclasses, pytest
CLAIMS = [dataclasses.replace(CLAIM, id=f"conjectures/{letter}") for letter in "abcd"]

@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_conjecture(theorem, claim):
    theorem(claim)
"""
)


# A shell starts its background jobs deaf to SIGINT, and their children inherit that.
HEEDING_INTERRUPTS = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class Runs:
    """Runs of pytest in a folder that holds the four claims."""

    def __init__(self, folder: Path):
        self.folder, self.report = folder, folder / "report"
        (folder / "conftest.py").write_text(CONFTEST)
        (folder / "test_claims.py").write_text(CLAIMS)

    def start(self, *options: str, hold: str = "") -> subprocess.Popen:
        command = [sys.executable, "-c", HEEDING_INTERRUPTS, "-m", "pytest"]
        command += ["-p", "no:cacheprovider", "--profile=quick", "--report-dir=report"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        environment |= {"HOLD": hold, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [*command, *options], cwd=self.folder, env=environment, start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def wait_for(self, process: subprocess.Popen, *held: str) -> None:
        """Until the process, or its workers, have come to where they are held."""
        end = time.monotonic() + DEADLINE
        while not all((self.folder / f"held-{name}").exists() for name in held):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
            assert process.returncode is None, process.communicate()[0]
            assert time.monotonic() < end

    @staticmethod
    def stop(process: subprocess.Popen, number: signal.Signals) -> str:
        """Send the signal to all processes of the run, as a terminal does; returns what was written."""
        os.killpg(process.pid, number)
        return process.communicate(timeout=DEADLINE)[0]

    def finish(self) -> str:
        process = self.start()
        return process.communicate(timeout=DEADLINE)[0]

    def ids(self) -> list[str]:
        return [record["id"][-1] for record in read_records(self.report)]

    def temporaries(self) -> list[Path]:
        return list(self.report.rglob(".*.tmp"))


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


@pytest.mark.parametrize(
    ("options", "held", "finished"),
    [(["-p", "no:xdist"], "c", ["a", "b"]), (["-n", "2"], "b d", ["a", "c"])],
    ids=["one process", "two workers"],
)
def test_ctrl_c_keeps_what_was_finished(runs, options, held, finished):
    process = runs.start(*options, hold=held)
    runs.wait_for(process, *held.split())
    text = runs.stop(process, signal.SIGINT)
    assert process.returncode == pytest.ExitCode.INTERRUPTED, text
    assert "Partial: 2 of 4 claims. The same command goes on with the others." in text
    assert runs.ids() == finished
    assert runs.temporaries() == []
    assert "Partial: 2 of 4 claims." in write_report(runs.report)["html"].read_text()
    text = runs.finish()
    assert "2 of 4 theorems have kept their record; --fresh tries them again." in text
    assert "Partial" not in text
    assert runs.ids() == ["a", "b", "c", "d"]
    assert partial(runs.report, read_records(runs.report)) == ""


def test_a_kill_in_mid_write_loses_nothing_that_was_finished(runs):
    process = runs.start("-p", "no:xdist", hold="write-b")
    runs.wait_for(process, "write-b")
    runs.stop(process, signal.SIGKILL)
    (half,) = runs.temporaries()
    assert runs.ids() == ["a"]
    assert "Partial: 1 of 4 claims." in write_report(runs.report)["html"].read_text()
    os.utime(half, (0, 0))
    text = runs.finish()
    assert "1 of 4 theorems have kept their record" in text
    assert runs.ids() == ["a", "b", "c", "d"]
    assert runs.temporaries() == []
