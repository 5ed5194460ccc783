"""Commands on a cluster: what they find is what one machine finds, in whatever order their parts are done."""

import json
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

import verify.cli.hunt
import verify.cli.hunt_apart
import verify.gallery
from solvers.errors import InputError
from tests.verify import toys
from tests.verify.cli.calling import Caller, one_sentence
from tests.verify.cluster import alone
from tests.verify.cluster.alone import Alone
from verify.cli.apart import finished, results
from verify.cluster import pool as pools
from verify.cluster.pool import Task
from verify.discovery.sharpening import Search
from verify.errors import ClusterError

HUNTED = """
import numpy as np

from tests.verify.given import claim
from verify.claims import Bound
from verify.claims.question import Question


def largest(lab):
    return np.array([[np.abs(s.x).max()] for s in lab.datasets])


def of(name):
    return claim(largest, kind=Bound.constant(9.0), id=name)


{defined}
"""
QUESTIONS = 'QUESTIONS = tuple(Question("Is it?", of(f"open/{name}"), "no", steps=5) for name in "ab")'
CLAIMS = 'CLAIMS = (of("test/a"), of("test/b"))'
CURVE = """
from tests.verify.discovery.made import claim
from verify import Rate, laws

CLAIM = claim(laws.power(0.5), Rate(laws.power(0.25)))
"""
GROWN = """
from tests.verify.discovery.grown import claim

CLAIM = claim({"n": 0.5})
"""
OF_THE_MOMENT = {"seconds", "created"}
CLUSTER = ("--cluster", "local:2")


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path) -> Caller:
    monkeypatch.chdir(tmp_path)
    return Caller(monkeypatch, capsys, 200)


@pytest.fixture
def among(monkeypatch):
    """Makes a pool the cluster of all commands."""

    def make(pool: Alone) -> Alone:
        monkeypatch.setattr(pools, "opened", partial(alone.opened, pool))
        return pool

    return make


def hunts(folder: str) -> dict[str, dict]:
    files = sorted(Path(folder, "hunts").glob("*.json"))
    return {file.stem: json.loads(file.read_text()) | dict.fromkeys(OF_THE_MOMENT) for file in files}


def test_questions_are_hunted_round_by_round_and_found_as_on_one_machine(call, among):
    Path("mine.py").write_text(HUNTED.format(defined=QUESTIONS))
    asked = ("hunt", "mine.py", "--examples", "40", "--report-dir")
    assert call(*asked, "here")[0] == 0
    pool = among(Alone(last_first=True))
    code, out, _ = call(*asked, "there", *CLUSTER)
    assert code == 0
    assert {line.partition(":")[0] for line in out.splitlines()} >= {"open/a", "open/b"}
    assert hunts("there") == hunts("here")
    assert len(hunts("here")) == 2
    assert pool.done[:2] == ["open/b, round 0", "open/b, round 1"]
    assert call(*asked, "there", *CLUSTER)[0] == 0
    assert all(hunts("there")[name]["rounds"] > record["rounds"] for name, record in hunts("here").items())


def test_a_round_that_is_given_up_costs_its_question_and_what_was_finished_is_kept(call, among):
    Path("mine.py").write_text(HUNTED.format(defined=QUESTIONS))
    among(Alone(killed=("open/a, round 1",)))
    code, out, err = call("hunt", "mine.py", "--examples", "40", *CLUSTER)
    assert code == 1
    assert "open/a, round 1 killed its worker" in one_sentence(err.partition("\n")[2])
    assert out.startswith("open/b: ")
    a, b = hunts("verify-report").values()
    assert (a["rounds"], b["rounds"] > 1) == (1, True)


def test_steered_hunts_of_several_claims_find_what_one_machine_finds(call, among):
    Path("mine.py").write_text(HUNTED.format(defined=CLAIMS))
    asked = ("hunt", "mine.py", "--examples", "10", "--steps", "10")
    here = call(*asked)
    among(Alone())
    assert call(*asked, *CLUSTER)[:2] == here[:2]
    assert here[1].count("on 10 cases.") == 2
    code, _, err = call("hunt", "mine.py", "--examples", "1", *CLUSTER)
    assert (code, err.count("give 2 or more.")) == (1, 2)


def test_the_time_of_a_hunt_begins_when_there_are_workers(call, monkeypatch):
    passed = [0.0]

    def monotonic() -> float:
        passed[0] += 10
        return passed[0]

    @contextmanager
    def late(*_, **__):
        passed[0] += 3600
        yield Alone()

    for module in (verify.cli.hunt, verify.cli.hunt_apart):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=monotonic))
    monkeypatch.setattr(pools, "opened", late)
    Path("mine.py").write_text(HUNTED.format(defined=QUESTIONS))
    assert call("hunt", "mine.py", "--minutes", "2", *CLUSTER)[0] == 0
    records = [json.loads(file.read_text()) for file in Path("verify-report/hunts").glob("*.json")]
    assert [record["rounds"] > 1 for record in records] == [True, True]
    assert all(record["seconds"] < 3600 for record in records)


def test_a_sweep_measures_what_one_machine_measures(call, among):
    Path("mine.py").write_text(GROWN)
    asked = ("scaling", "mine.py", "--in", "n", "--values", "8,16,32", "--datasets", "4", "--json")
    here = call(*asked)
    pool = among(Alone(last_first=True))
    assert call(*asked, *CLUSTER)[:2] == here[:2]
    assert here[0] == 0
    assert pool.done == ["grown/size, n = 32", "grown/size, n = 16", "grown/size, n = 8"]
    among(Alone(killed=("grown/size, n = 16",)))
    code, _, err = call(*asked, *CLUSTER)
    assert code == 2
    assert "grown/size, n = 16 killed its worker" in err


FAMILY = """
from functools import partial

import numpy as np
from verify import Dataset


def made(n, seed, width):
    return Dataset(np.abs(np.random.default_rng(seed).standard_normal((int(n), width))) + 0.1, np.ones(int(n), int))


def fails(n, seed):
    raise RuntimeError("no data today")


wide = partial(made, width=3)
"""


def test_a_sweep_of_ones_own_data_is_that_of_one_machine(call, among):
    Path("mine.py").write_text(GROWN)
    Path("data.py").write_text(FAMILY)
    asked = ("scaling", "mine.py", "--in", "n", "--values", "4,16,64", "--datasets", "4", "--json", "--family")
    here = call(*asked, "data.py:wide")
    assert here[0] == 0
    among(Alone(last_first=True))
    assert call(*asked, "data.py:wide", *CLUSTER)[:2] == here[:2]
    code, _, err = call(*asked, "data.py:fails", *CLUSTER)
    assert code == 2
    assert "data.py:fails cannot be run (RuntimeError: no data today" in one_sentence(err)


@pytest.mark.parametrize("failing", [0, 1, 9])
def test_laws_that_are_judged_at_once_are_those_of_one_machine(call, among, monkeypatch, failing):
    """The first judgements are made to fail, as they may."""

    def do(self: Search, step):
        value = usual(self, step)
        return None if step.what == "judgement" and step.turn < failing else value

    usual = Search.do
    monkeypatch.setattr(Search, "do", do)
    Path("mine.py").write_text(CURVE)
    asked = ("sharpen", "mine.py", "--examples", "4", "--json", "--force")
    here = call(*asked)
    pool = among(Alone(last_first=True))
    there = call(*asked, *CLUSTER)
    assert there[:2] == here[:2]
    assert here[0] == (1 if failing == 9 else 0)
    assert len(pool.done) > 2 * len([name for name in json.loads(here[1])["seeds"] if name.startswith("judgement")])


def test_what_follows_a_law_that_survives_is_not_begun(call, among):
    Path("mine.py").write_text(CURVE)
    pool = among(Alone())
    assert call("sharpen", "mine.py", "--examples", "4", *CLUSTER)[0] == 0
    assert pool.done == [f"made/curve, {step}" for step in ("search", "judgement 0", "hunt 0")]


def gallery_of(tmp_path, monkeypatch) -> None:
    found = (toys.written(tmp_path, monkeypatch, name).EXPERIMENT for name in ("one", "two"))
    monkeypatch.setattr(verify.gallery, "EXPERIMENTS", {each.id: each for each in found})


def exhibits(folder: str) -> dict[str, dict]:
    files = sorted(Path(folder, "gallery").rglob("*.json"))
    return {
        str(file.relative_to(folder)): json.loads(file.read_text()) | dict.fromkeys(OF_THE_MOMENT) for file in files
    }


def test_a_gallery_is_that_of_one_machine_and_what_was_finished_is_kept(call, among, monkeypatch, tmp_path):
    gallery_of(tmp_path, monkeypatch)
    here = call("gallery", "all", "--report-dir", "here")
    among(Alone(last_first=True, killed=("one, sum",)))
    code, out, err = call("gallery", "all", "--report-dir", "there", *CLUSTER)
    assert code == 1
    assert out.startswith("two: A toy")
    assert "verify: one, sum killed its worker" in err
    pool = among(Alone())
    code, out, _ = call("gallery", "all", "--report-dir", "there", *CLUSTER)
    assert (code, pool.done) == (0, ["one, sum"])
    assert exhibits("there") == exhibits("here")
    assert sorted(out.splitlines()) == sorted(here[1].replace("here/", "there/").splitlines())


def test_an_experiment_that_has_nothing_to_show_leaves_the_others_alone(call, among, monkeypatch, tmp_path):
    def nothing(*_):
        raise InputError("There is nothing to draw: give more.")

    gallery_of(tmp_path, monkeypatch)
    one = verify.gallery.EXPERIMENTS["one"]
    monkeypatch.setitem(verify.gallery.EXPERIMENTS, "one", replace(one, find=nothing))
    among(Alone())
    code, out, err = call("gallery", "all", *CLUSTER)
    assert code == 1
    assert out.startswith("two: A toy")
    assert "verify: one: There is nothing to draw: give more." in err
    code, out, err = call("gallery", "one", "--report-dir", "empty", *CLUSTER)
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == "verify: one: There is nothing to draw: give more."


@pytest.mark.parametrize(
    "command",
    [
        ("hunt", "open/leave-one-out-l2"),
        ("sharpen", "fan2025/signum"),
        ("scaling", "fan2025/signum", "--in", "n"),
        ("gallery", "atlas"),
    ],
)
def test_what_is_no_address_is_told_in_one_sentence(call, command):
    code, out, err = call(*command, "--cluster", "there:8786")
    assert (code, out) == (2, "")
    assert "The cluster is 'there:8786': give the address of its scheduler" in one_sentence(err)


def test_what_parts_come_to_is_given_in_their_order():
    tasks = [Task("same name", divmod, (7, by)) for by in (1, 2, 3)]
    assert results(Alone(last_first=True), tasks) == [(7, 0), (3, 1), (2, 1)]
    with pytest.raises(ZeroDivisionError):
        results(Alone(), [Task("nothing", divmod, (7, 0))])
    with pytest.raises(ClusterError, match="given up"):
        results(Alone(killed=("lost",)), [Task("lost", divmod, (7, 1))])


def test_more_parts_may_be_put_in_while_others_are_done():
    queue = [Task("first", divmod, (7, 2))]
    values = []
    for done in finished(Alone(), queue):
        values.append(done.value)
        if len(values) == 1:
            queue.append(Task("second", divmod, (9, 2)))
    assert values == [(3, 1), (4, 1)]
