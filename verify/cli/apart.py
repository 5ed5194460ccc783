"""Parts that do not need each other on a cluster: who does them is told, and those at work are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableSequence, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.progress import Progress, TaskID

from verify.cli.common import err, progress_bar

if TYPE_CHECKING:
    from verify.cluster.pool import Done, Pool, Task

_NAMED = 2  # parts at work that have room in a line


class Bar:
    """A bar of parts: how many are done, and the names of those at work."""

    def __init__(self, bar: Progress, task: TaskID):
        self._bar, self._task = bar, task

    def show(self, running: Sequence[str], done: int, total: int) -> None:
        """What stands in the bar from now on."""
        more = f" and {len(running) - _NAMED} more" if len(running) > _NAMED else ""
        words = f"{done} of {total} parts: {', '.join(running[:_NAMED])}{more}"
        self._bar.update(self._task, description=words, completed=done, total=total)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While it lasts the bar is not there, so that lines can be printed."""
        self._bar.stop()
        yield
        self._bar.start()


@contextmanager
def parts_bar() -> Iterator[Bar]:
    """A bar of parts on standard error, none of which is known yet."""
    with progress_bar() as bar:
        yield Bar(bar, bar.add_task(""))


def check_address(cluster: str | None) -> None:
    """Raise `InputError` where that is the address of no cluster, before anything else is done."""
    if cluster is not None:
        from verify.cluster.pool import processes_of

        processes_of(cluster)


@contextmanager
def workers(address: str, device: str | None) -> Iterator[Pool]:
    """The workers of a cluster, on a device; how many there are, and where Dask shows them, is told."""
    from verify.cluster import pool as pools

    with pools.opened(address, device, wait=complain) as pool:
        err.print(f"The parts go to {pool.workers()} of Dask's workers.{pool.shown}", highlight=False, soft_wrap=True)
        yield pool


def finished(pool: Pool, queue: MutableSequence[Task], left: Callable[[], int] | None = None) -> Iterator[Done]:
    """Have all parts done, the first first, and give each when it is; more may be put into the queue meanwhile.

    left: how many are not done, where more are known than the queue holds. The bar that is shown meanwhile makes room
    for what the caller prints.
    """
    with parts_bar() as bar:
        done = 0

        def watch(running: Sequence[Task]) -> None:
            known = len(running) + len(queue) if left is None else left()
            bar.show([task.name for task in running], done, done + known)

        for each in pool.run(queue, watch):
            done += 1
            with bar.aside():
                yield each


def results(pool: Pool, tasks: Sequence[Task]) -> list[Any]:
    """What parts come to, in their order; raises what one of them raises, and `ClusterError` for one given up."""
    found = {id(done.task): done.result() for done in finished(pool, list(tasks))}
    return [found[id(task)] for task in tasks]


def complain(sentence: str) -> None:
    """Tell something on standard error, as what was typed wrongly is told."""
    err.print(f"verify: {sentence}", highlight=False, markup=False, soft_wrap=True)
