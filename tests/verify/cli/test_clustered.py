"""`verify check` on a cluster of two processes: the same records, whoever dies."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reports.records import load_curves, read_records, write_record
from solvers.errors import InputError
from tests.reports import samples
from tests.verify import conjecture, given
from tests.verify.cli.calling import Caller, one_sentence
from tests.verify.cluster import pieces
from verify.claims.catalogue import located
from verify.cli.clustered import Trials, costliest_first
from verify.cluster import pool as pools
from verify.trials import fingerprint as of_trials
from verify.trials import profiles
from verify.trials.parts import Piece, parts_of

pytest.importorskip("distributed", reason="Dask is not installed: install implicit-bias-verify[cluster]")

ROOT = str(Path(__file__).parents[3])
OF_THE_MOMENT = {"seconds", "created"}
TINY = profiles.Profile("quick", 16, 2_000, 1e3, 1, 20)
RUN = conjecture.text("run", "linf", 'Twin("L2 for L-infinity", norm="l2"),')
GIVEN = """
from pathlib import Path
from threading import Event

from tests.verify import given
from verify.claims import Bound, Twin


def stuck(lab):
    while Path(__file__).with_name("hold").exists():
        Event().wait(0.02)
    return given.STUCK[: len(lab.cases)]


CLAIM = given.claim(
    lambda lab: given.ARRIVED[: len(lab.cases)],
    id="conjectures/given",
    twins=(
        Twin("a bound that is too small", kind=Bound.constant(1e-9)),
        Twin("a curve that is stuck", quantity=given.Given(stuck)),
    ),
)
"""
"""Nothing is run for it; of its twins one shares the claim's part, and one does not, which waits for a file to go."""


@pytest.fixture(scope="module")
def pool():
    with pools.opened("local:2") as found:
        yield found


@pytest.fixture
def call(untyped_caller, pool, monkeypatch, capsys, tmp_path):
    """Calls `verify` in a folder with conjectures; its clusters are the one of this file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(profiles.PROFILES, "quick", TINY)
    monkeypatch.setattr(pools, "opened", lambda *_, **__: contextlib.nullcontext(pool))
    # Types are checked in this process and not in the workers, so that a claim is another one to them.
    monkeypatch.setattr(of_trials, "fingerprint", lambda claim, home: asked(pool, home, claim.id))
    Path("mine.py").write_text(GIVEN)
    return Caller(monkeypatch, capsys, 200)


def asked(pool: pools.Pool, home: str, name: str) -> str:
    """A claim's fingerprint, as a worker says it."""
    (done,) = pool.run([pools.Task("mark", pieces.mark, (str(Path(home).absolute()), name))])
    return done.value


def same(one: str, other: str) -> None:
    records = read_records(one), read_records(other)
    assert len(records[0]) == len(records[1]) > 0
    for record, found in zip(*records, strict=True):
        assert {**record, **dict.fromkeys(OF_THE_MOMENT)} == {**found, **dict.fromkeys(OF_THE_MOMENT)}
        curves, arrays = load_curves(one, record), load_curves(other, found)
        assert list(curves) == list(arrays)
        assert all(np.array_equal(curves[name], arrays[name], equal_nan=True) for name in curves)


QUICK = ("--profile", "quick", "--report-dir")


def test_the_records_are_those_of_one_machine(call):
    Path("mine.py").write_text(RUN)
    here = call("check", "mine.py", *QUICK, "here")
    there = call("check", "mine.py", *QUICK, "there", "--cluster", "local:2")
    assert (here[0], there[0]) == (0, 0), there
    first, *others = there[1].splitlines()
    assert others == here[1].splitlines()
    assert first.startswith("Parts finished before: 0; to be done at first: 1, on 2 of Dask's workers.")
    same("here", "there")
    assert not list(Path("there/parts").iterdir())
    again = call("check", "mine.py", *QUICK, "there", "--cluster", "local:2")
    assert again[:2] == (0, "1 of 1 claims have kept their record; --fresh tries them again.\n")


def planned(fresh: bool = False) -> tuple[Trials, list]:
    """The trial of the conjecture, taken in, and what was finished of it at once."""
    ((claim, home),) = located("mine.py")
    mark = of_trials.fingerprint(claim, str(home.__file__))
    trials = Trials(Path("report"), lambda name: f"verify check {name}", fresh=fresh)
    parts = parts_of(claim, home, mark, TINY, seed=1, platform="cpu", file=True)
    return trials, [trials.add(claim.id, home, parts)]


def test_what_was_finished_is_kept_where_a_run_is_interrupted(call, pool):
    def interrupt(names):
        if list(Path("report/parts").iterdir() if Path("report/parts").exists() else ()):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(planned()[0].run(pool, interrupt))
    finished = len(list(Path("report/parts").glob("*.npz")))
    assert finished >= 1
    assert planned(fresh=True)[0].done == 0
    trials, before = planned()
    assert (trials.done, before) == (finished, [None])
    ((record, why),) = trials.run(pool, lambda names: None)
    assert (record["verdict"], why) == ("SUPPORTED", "")
    assert [twin["verdict"] for twin in record["twins"]] == ["REFUTED", "REFUTED"]
    assert not list(Path("report/parts").iterdir())


def test_a_part_in_a_damaged_file_is_done_again(call):
    Path("report/parts").mkdir(parents=True)
    Path("report/parts/conjectures__given-claim.npz").write_bytes(b"half of it")
    assert planned()[0].done == 0


class Failing:
    """A pool in which nothing comes to anything."""

    def __init__(self, error: Exception, *, killed: bool):
        self.error, self.killed = error, killed

    def run(self, queue, watch):
        while queue:
            yield pools.Done(queue.pop(0), None, self.error, self.killed)


class Killed(Exception):
    allowed_failures = 2


def test_a_part_that_kills_its_workers_is_told_by_its_name(call):
    told = list(planned()[0].run(Failing(Killed(), killed=True), lambda names: None))
    assert told == [
        (None, f"{name} killed its worker 3 times, and is given up: look into the worker's log, memory first.")
        for name in ("conjectures/given", "conjectures/given, twin 1")
    ]
    assert not Path("report/records").exists()


def test_a_part_that_fails_is_told_and_the_command_ends_with_one(call, monkeypatch):
    failing = Failing(InputError("The data are wrong: give others."), killed=False)
    failing.device, failing.shown, failing.workers = "cpu", "", lambda: 2
    monkeypatch.setattr(pools, "opened", lambda *_, **__: contextlib.nullcontext(failing))
    code, _, err = call("check", "mine.py", "--profile", "quick", "--cluster", "local:2")
    assert code == 1
    assert err.splitlines() == [
        "verify: conjectures/given: The data are wrong: give others.",
        "verify: conjectures/given, twin 1: The data are wrong: give others.",
    ]


HUNTED = """
import os
from pathlib import Path
from threading import Event

import numpy as np

from tests.verify.given import claim
from verify.claims import Bound


def largest(lab):
    file = Path(__file__).with_name("process")
    if not file.exists():
        file.write_text(str(os.getpid()))
        Event().wait(60)
    return np.array([[np.abs(s.x).max()] for s in lab.datasets])


CLAIM = claim(largest, kind=Bound.constant(9.0), id="conjectures/hunted")
"""
"""The first process that measures it leaves its number, and waits to be killed."""


def test_a_hunt_is_that_of_one_machine_though_its_worker_is_killed(call):
    Path("mine.py").write_text(HUNTED)
    killed, pause = [], threading.Event()

    def kill() -> None:
        while not killed:
            with contextlib.suppress(FileNotFoundError, ValueError):
                killed.append(int(Path("process").read_text()))
                os.kill(killed[0], signal.SIGKILL)
            pause.wait(0.02)

    killer = threading.Thread(target=kill)
    killer.start()
    asked_for = ("hunt", "mine.py", "--examples", "10", "--steps", "10")
    there = call(*asked_for, "--cluster", "local:2")
    killer.join()
    assert there[:2] == call(*asked_for)[:2]
    assert "on 10 cases." in there[1]


COMMAND = f"""
from verify.cli import main
from verify.trials import profiles
profiles.PROFILES["quick"] = profiles.{TINY!r}
if __name__ == "__main__":
    main()
"""


def test_a_client_that_is_killed_costs_nothing_that_was_finished(call):
    Path("command.py").write_text(COMMAND)
    Path("hold").touch()
    arguments = ("check", "mine.py", *QUICK, "report", "--cluster", "local:2")
    client = subprocess.Popen(
        [sys.executable, "command.py", *arguments], stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": ROOT}
    )
    pause = threading.Event()
    while len(finished := list(Path("report/parts").glob("*.npz"))) < 2 and client.poll() is None:
        pause.wait(0.02)
    client.send_signal(signal.SIGKILL)
    assert client.wait() == -signal.SIGKILL
    Path("hold").unlink()
    assert {file.stem for file in finished} == {f"conjectures__given-{part}" for part in ("claim", "smallest-0")}
    code, out, _ = call(*arguments)
    assert code == 0
    assert "Parts finished before: 2; to be done at first: 1, on 2" in out
    call("check", "mine.py", *QUICK, "alone")
    same("report", "alone")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check",), "A check is of one target, or of all: give"),
        (("check", "mine.py", "--all"), "A check is of one target, or of all: give"),
        (("check", "mine.py", "--cluster", "local:2", "--budget", "4"), "The budget 4 is spent by one process: leave"),
    ],
)
def test_what_does_not_go_together_is_told(call, arguments, said):
    code, _, err = call(*arguments)
    assert code == 2
    assert said in one_sentence(err)


def test_a_wrong_address_is_told_in_one_sentence(untyped_caller, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(conjecture.TRUE)
    code, out, err = Caller(monkeypatch, capsys)("check", "mine.py", "--cluster", "there:8786")
    assert (code, out) == (2, "")
    assert "The cluster is 'there:8786': give the address of its scheduler" in one_sentence(err)


def test_parts_go_in_the_order_of_their_claims_and_what_they_ask_for_comes_next(call):
    claim, home = located("mine.py")[0]
    trials = Trials(Path("report"), lambda name: "")
    for name in "abc":
        part = parts_of(claim, home, "mark", TINY, seed=1, platform="cpu")[0]
        trials.add(f"test/{name}", home, [replace(part, claim=f"test/{name}")])
    after = []

    class Once:
        """A pool that does the first part, which asks for another one."""

        def run(self, queue, watch):
            task = queue.pop(0)
            (part,) = task.arguments
            further = (replace(part, of="smallest", twins=(0,)),)
            yield pools.Done(task, Piece(part, {}, {}, {}, further, 1.0).to_bytes())
            after.extend(each.name for each in queue)

    assert list(trials.run(Once(), lambda names: None)) == []
    assert after == ["test/a, smallest counterexample of twin 0", "test/b", "test/c"]


def test_claims_that_took_longest_come_first(tmp_path):
    claims = [(given.claim(id=f"test/{name}"), given) for name in "abc"]
    for name, seconds in (("a", 1.0), ("b", 5.0)):
        record = samples.record(id=f"test/{name}", seconds=seconds, profile="quick")
        write_record(tmp_path, record, samples.curves())
    assert [claim.id[-1] for claim, _ in costliest_first(claims, tmp_path, "quick")] == ["b", "c", "a"]
    assert [claim.id[-1] for claim, _ in costliest_first(claims, tmp_path, "standard")] == ["a", "b", "c"]
