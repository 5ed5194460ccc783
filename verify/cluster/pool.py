"""A pool of workers of Dask: pieces of work go in, and what became of them comes out."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import textwrap
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, MutableSequence, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from solvers.errors import InputError
from verify.cluster.agreement import FLAGS, Refused, compare, identity, settle_in
from verify.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client, Future

DEATHS = 3
"""Workers that a piece of work may take with it, where the scheduler is ours; another one has a number of its own."""
_CROWD = 8  # processes a core, at most
_PATIENCE = 10.0  # seconds in which a scheduler must answer
_LOOK = 1.0  # seconds after which it is looked who has come and gone, while nothing is finished
_MISSING = "A cluster needs Dask: install implicit-bias-verify[cluster]."


@dataclass(frozen=True)
class Task:
    """A piece of work. function: one that every worker can import; it and the arguments can be pickled."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Done:
    """What became of a piece of work: its value, or why there is none.

    error: what it raised. killed: whether it took so many workers with it that it was given up.
    """

    task: Task
    value: Any = None
    error: BaseException | None = None
    killed: bool = False

    @property
    def why(self) -> str:
        """Why it came to nothing, in a sentence."""
        if self.killed:
            deaths = getattr(self.error, "allowed_failures", 0) + 1
            times = f"{self.task.name} killed its worker {deaths} times"
            return f"{times}, and is given up: look into the worker's log, memory first."
        return f"{self.task.name}: {self.error}"

    def result(self) -> Any:
        """Its value; raises what it raised, and `ClusterError` where it was given up."""
        if self.killed:
            raise ClusterError(self.why)
        if self.error is not None:
            raise self.error
        return self.value


class Pool:
    """The workers of one scheduler, all of which agree with this process.

    address: the scheduler's. dashboard: where Dask shows what they do; empty where it does not. device: theirs.
    """

    def __init__(self, client: Client, address: str, platform: str | None, dashboard: str):
        self.address, self.dashboard = address, dashboard
        self._client: Any = client  # what its methods give is no coroutine here, as their types say it may be
        self._platform = platform
        self._wanted = self._agreed()
        self.device = self._wanted["device"]

    def _agreed(self) -> dict[str, str]:
        """What all workers must have; raises `Refused` where one that is there has not."""
        self._flags = os.environ.get(FLAGS)
        found = self._client.run(_introduce, self._flags, self._platform, on_error="return")
        for worker, theirs in found.items():
            if isinstance(theirs, BaseException):
                raise Refused(f"The worker {worker} cannot take part ({_told(theirs)}): install the same there.")
        first = next(iter(found.values()))
        wanted = identity(None) | {"device": first["device"]}
        for worker, theirs in found.items():
            with _named(worker):
                compare(wanted, theirs)
        return wanted

    @property
    def shown(self) -> str:
        """Where to look, as a sentence that follows another; nothing where Dask shows nothing."""
        return f" Dask shows them at {self.dashboard}." if self.dashboard else ""

    def workers(self) -> int:
        """How many there are at the moment."""
        return len(self._client.nthreads())

    def run(
        self, queue: MutableSequence[Task], watch: Callable[[Sequence[Task]], None] = lambda running: None
    ) -> Iterator[Done]:
        """Have all pieces of work done, the first first, and give each when it is; more may be put in meanwhile.

        watch: called with those at work about once a second.
        As many are given out as there are workers, so that one that dies costs no more than its piece, and tells which
        that was. Raises `ClusterError` if the scheduler is lost, and `Refused` where a worker has come that
        does not agree.
        """
        running: dict[Future, Task] = {}
        while queue or running:
            free = self._look(running) - len(running)
            for _ in range(min(free, len(queue))):
                task = queue.pop(0)
                running[self._submit(task)] = task
            watch(list(running.values()))
            yield from self._finished(running)

    def _look(self, running: Mapping[Future, Task]) -> int:
        """How many workers there are; raises `ClusterError` where no one knows."""
        try:
            if any(future.cancelled() for future in running):
                raise OSError("it is gone")
            return self.workers()
        except (OSError, RuntimeError, AttributeError) as error:
            raise self._lost() from error

    def _submit(self, task: Task) -> Future:
        key = f"{task.name} [{uuid.uuid4().hex[:8]}]"
        work = (task.function, task.arguments)
        return self._client.submit(_work, self._wanted, self._flags, self._platform, *work, key=key, pure=False)

    def _finished(self, running: dict[Future, Task]) -> Iterator[Done]:
        """Those that are done, once there are some, or none after a while."""
        from distributed import KilledWorker, wait

        if not running:  # for want of workers
            self._client.wait_for_workers(1)
            return
        try:
            ended: Any = wait(list(running), timeout=_LOOK, return_when="FIRST_COMPLETED")
        except TimeoutError:
            return
        except (asyncio.CancelledError, CancelledError) as error:
            raise self._lost() from error
        for future in ended.done:
            if future.cancelled():
                raise self._lost()
            task = running.pop(future)
            try:
                error = future.exception()
                value = future.result() if error is None else None
            except (asyncio.CancelledError, CancelledError) as gone:
                raise self._lost() from gone
            if isinstance(error, Refused):
                raise error
            yield Done(task, value, error, isinstance(error, KilledWorker))

    def _lost(self) -> ClusterError:
        return ClusterError(
            f"The scheduler {self.address} is lost: give the same command again. A check, a hunt and a "
            "gallery go on from what they kept; the others begin anew."
        )


def processes_of(address: str) -> int:
    """How many processes of this machine an address asks for; 0 where it is that of a scheduler.

    Raises `InputError` where it is neither.
    """
    local = re.fullmatch(r"local:([1-9]\d*)", address)
    if not local and not re.fullmatch(r"[a-z]+://\S+:\d+", address):
        raise InputError(
            f"The cluster is {address!r}: give the address of its scheduler, tcp://host:8786 say, or local:2."
        )
    count, most = int(local[1]) if local else 0, _CROWD * (os.cpu_count() or 1)
    if count > most:
        raise InputError(f"The cluster {address!r} is of too many processes for one machine: give {most} at most.")
    return count


@contextmanager
def opened(
    address: str, platform: str | None = None, *, wait: Callable[[str], None] = lambda words: None
) -> Iterator[Pool]:
    """The pool of a scheduler, `tcp://host:8786` say, or of so many processes of this machine, `local:2`.

    platform: the workers' device, "cpu" or "gpu"; by default jax's own choice. wait: told in a sentence where there is
    no worker yet, and one is waited for.
    Raises `InputError` where there is no such scheduler, no Dask, or a worker that does not agree with this process.
    """
    try:
        import distributed  # noqa: F401 - its loggers are there then
    except ImportError:
        raise InputError(_MISSING) from None
    processes = processes_of(address)
    with _silence(), _connected(address, processes) as (client, dashboard):
        if not client.nthreads():
            wait(f"The scheduler {address} has no worker yet: one is waited for.")
            client.wait_for_workers(1)
        yield Pool(client, address, platform, dashboard)


@contextmanager
def _connected(address: str, processes: int) -> Iterator[tuple[Client, str]]:
    """A client of that scheduler, or of one with so many processes here; and where Dask shows what they do."""
    from distributed import Client

    if processes:
        with _processes(processes) as cluster, Client(cluster) as client:
            yield client, cluster.dashboard_link if find_spec("bokeh") else ""
        return
    try:
        client = Client(address, timeout=_PATIENCE)
    except Exception as error:  # a protocol that is not set up here, a server of another kind: Dask raises anything
        raise InputError(
            f"No scheduler of Dask answers at {address} ({_told(error)}): start one by dask scheduler, or say local:2."
        ) from error
    with client:
        yield client, client.dashboard_link or ""


@contextmanager
def _silence() -> Iterator[None]:
    """While it lasts Dask logs nothing here: what is lost is told in a sentence."""
    loggers = [
        logging.getLogger(name) for name in (*logging.root.manager.loggerDict,) if name.startswith("distributed")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _processes(count: int) -> Any:
    """A cluster of this machine, each worker a process that does one piece of work at a time."""
    import dask.config
    from distributed import LocalCluster

    # They do not hear Ctrl-C, which is for this process: it ends them, and they would tell where they were.
    with dask.config.set({"distributed.scheduler.allowed-failures": DEATHS - 1}), _deaf():
        return LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            memory_limit=0,  # as of the same work without a cluster
            silence_logs=logging.CRITICAL,
            # By this variable the cores are shared out.
            env={"PYTEST_XDIST_WORKER_COUNT": str(count)},
        )


@contextmanager
def _deaf() -> Iterator[None]:
    """While it lasts Ctrl-C does nothing here, and nothing ever in processes that are started meanwhile."""
    if threading.current_thread() is not threading.main_thread():  # which alone may say so
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _introduce(flags: str | None, platform: str | None, dask_worker: Any) -> dict[str, str]:
    """The identity of a worker; Dask gives it as `dask_worker`."""
    return _identity(flags, platform, dask_worker.state.nthreads)


@cache
def _identity(flags: str | None, platform: str | None, threads: int) -> dict[str, str]:
    settle_in(flags)
    return identity(platform, threads)


def _work(
    wanted: Mapping[str, str],
    flags: str | None,
    platform: str | None,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> Any:
    """On a worker: do a piece of work, if the worker agrees; one may have come after the others were asked."""
    from distributed import get_worker

    worker = get_worker()
    with _named(worker.address):
        compare(wanted, _introduce(flags, platform, worker))
        return function(*arguments)


@contextmanager
def _named(worker: str) -> Iterator[None]:
    """While it lasts, a refusal is one of that worker."""
    try:
        yield
    except Refused as error:
        raise Refused(f"The worker {worker} {error}") from error


def _told(error: BaseException) -> str:
    return textwrap.shorten(f"{type(error).__name__}: {error}".rstrip(": ."), 120, placeholder=" ...")
