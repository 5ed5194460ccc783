"""In place of a pool of workers: this process, to which tasks go, and from which values come, as bytes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from verify.cluster.pool import Done, Pool, Task


class Alone(Pool):
    """Does tasks when they are asked for. last_first: in the other order. killed: names of those that are given up."""

    def __init__(self, *, last_first: bool = False, killed: tuple[str, ...] = ()):
        self.device, self.address, self.dashboard = "cpu", "local:1", ""
        self.place, self.killed = -1 if last_first else 0, killed
        self.done: list[str] = []

    def workers(self) -> int:
        return 1

    def run(self, queue, watch=lambda running: None) -> Iterator[Done]:
        while queue:
            task: Task = queue.pop(self.place)
            watch([task])
            self.done.append(task.name)
            if task.name in self.killed:
                yield Done(task, None, RuntimeError("it died"), killed=True)
                continue
            try:
                yield Done(task, _sent(task.function(*_sent(task.arguments))))
            except Exception as error:  # as with workers, whatever a part raises is what came of it
                yield Done(task, None, error)


def _sent(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@contextmanager
def opened(pool: Alone, *_: Any, **__: Any) -> Iterator[Alone]:
    """Stands in for `verify.cluster.pool.opened`, once a pool is given."""
    yield pool
