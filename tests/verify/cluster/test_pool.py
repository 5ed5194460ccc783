"""Work on two processes of Dask: what is done, what is killed, who is refused."""

import contextlib
import os
import signal
import socket

import pytest

from solvers.errors import InputError
from tests.verify.cluster import pieces
from verify.cluster import pool as pools
from verify.cluster.agreement import Refused
from verify.cluster.pool import Task, opened, processes_of
from verify.errors import ClusterError

distributed = pytest.importorskip("distributed", reason="Dask is not installed: install implicit-bias-verify[cluster]")


@pytest.fixture(scope="module")
def both():
    with opened("local:2") as found:
        yield found


@pytest.fixture
def pool(both):
    """The same two for all tests; those that a test before has killed are there again."""
    both._client.wait_for_workers(2, timeout=60)
    return both


def doubled(count):
    return [Task(f"double {i}", pieces.double, (i,)) for i in range(count)]


def test_all_is_done_and_what_fails_costs_itself(pool):
    tasks = [*doubled(3), Task("fail", pieces.fail, (7,)), *doubled(2)]
    done = list(pool.run(tasks))
    assert sorted(each.value for each in done if each.error is None) == [0, 0, 2, 2, 4]
    (failed,) = (each for each in done if each.error is not None)
    assert (failed.task.name, str(failed.error), failed.killed) == ("fail", "7 is too much", False)


def test_more_may_be_put_in_while_others_are_done(pool):
    queue, values = doubled(1), []
    for done in pool.run(queue):
        values.append(done.value)
        if len(values) < 3:
            queue.append(Task("more", pieces.double, (done.value + 1,)))
    assert values == [0, 2, 6]


def test_a_killed_worker_costs_its_piece_which_runs_again(pool, tmp_path):
    file = tmp_path / "process"
    killed = []

    def kill(running):
        with contextlib.suppress(FileNotFoundError, ValueError):
            if not killed:
                killed.append(int(file.read_text()))
                os.kill(killed[0], signal.SIGKILL)

    tasks = [Task("waits", pieces.wait_for_the_end, (str(file),)), *doubled(2)]
    done = {each.task.name: each.value for each in pool.run(tasks, kill)}
    assert killed
    assert done == {"waits": "done", "double 0": 0, "double 1": 2}


def test_what_kills_its_worker_three_times_is_given_up_and_named(pool):
    done = {each.task.name: each for each in pool.run([Task("bad", pieces.die), *doubled(4)])}
    assert done["bad"].killed
    assert done["bad"].error.allowed_failures + 1 == pools.DEATHS == 3
    assert [done[f"double {i}"].value for i in range(4)] == [0, 2, 4, 6]


def test_a_worker_of_another_version_is_refused(pool, monkeypatch):
    def other(platform, threads=1):
        return found(platform, threads) | {"jax": "0.0.1"}

    found = pools.identity
    monkeypatch.setattr(pools, "identity", other)
    with pytest.raises(
        Refused, match=r"^The worker tcp://\S+ has jax \S+ where 0.0.1 is wanted: install the same there"
    ):
        pools.Pool(pool._client, "local:2", None, "")


def test_a_worker_that_comes_later_is_refused_too(pool):
    late = pools.Pool(pool._client, "local:2", None, "")
    late._wanted = late._wanted | {"engine": "another"}
    with pytest.raises(Refused, match=r"^The worker tcp://\S+ has other source texts of verify and solvers: install"):
        list(late.run(doubled(1)))


def test_a_scheduler_that_is_lost_is_told(monkeypatch):
    monkeypatch.setattr(pools, "_LOOK", 0.1)
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        pool = pools.Pool(client, "tcp://there:8786", None, "")
        with pytest.raises(ClusterError, match=r"^The scheduler tcp://there:8786 is lost: give the same command again"):
            list(pool.run([Task("never", pieces.wait_for_the_end, (os.devnull + "/no",))], lambda _: cluster.close()))


def test_an_address_where_no_one_answers(monkeypatch):
    monkeypatch.setattr(pools, "_PATIENCE", 0.2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(InputError, match=f"^No scheduler of Dask answers at {address} .*: start one"),
            opened(address),
        ):
            pass


@pytest.mark.parametrize("address", ["there", "local:0", "local:two", "tcp://there", ""])
def test_what_is_no_address(address):
    with pytest.raises(InputError, match=f"^The cluster is {address!r}: give"), opened(address):
        pass


def test_a_machine_is_not_asked_for_a_crowd():
    with pytest.raises(InputError, match=r"'local:9999' is of too many processes for one machine: give \d+ at most"):
        processes_of("local:9999")


@pytest.mark.parametrize("protocol", ["tls", "ucx"])
def test_a_protocol_that_is_not_set_up_is_told_like_a_wrong_address(protocol):
    address = f"{protocol}://127.0.0.1:9"
    with pytest.raises(InputError, match=f"No scheduler of Dask answers at {address} "), opened(address):
        pass


def test_an_address_says_how_many_processes():
    assert [processes_of(address) for address in ("local:2", "local:16", "tcp://there:8786", "tls://10.0.0.1:1")] == [
        2,
        16,
        0,
        0,
    ]
