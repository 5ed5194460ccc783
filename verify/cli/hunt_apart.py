"""Hunts of several claims or questions at once, on a cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from reports.hunts import write_hunt
from solvers.errors import InputError
from verify.cli.apart import complain, finished, workers
from verify.cli.hunted import complain_of, expedition_of, record_before, tell_found, tell_rounds
from verify.cluster.pool import Done, Task
from verify.trials.away import Round, followed, hunted
from verify.trials.hunt_record import Pursuit
from verify.trials.long_hunt import Progress
from verify.trials.whereabouts import Whereabouts


@dataclass(frozen=True)
class Apart:
    """What is hunted on a cluster. targets: claims or questions, each with its module. file: whether of a file."""

    address: str
    targets: list[tuple[Any, ModuleType]]
    file: bool
    seed: int
    device: str | None
    report_dir: Path

    def whereabouts(self) -> Iterator[tuple[Any, ModuleType, Whereabouts]]:
        """Each target with its module, and where workers find it."""
        yield from ((target, module, Whereabouts.of(target, module, file=self.file)) for target, module in self.targets)

    def spared(self, done: Done) -> bool:
        """Whether a part came to nothing, which costs its target; raises why where that is the only one."""
        if done.error is None:
            return False
        if len(self.targets) == 1 or not (done.killed or isinstance(done.error, InputError)):
            done.result()
        complain(done.why)
        return True


def once(apart: Apart, examples: int, steps: int) -> bool:
    """Search for the case of each claim that is nearest to failing; a part is a claim's search.

    Gives whether none came to nothing, as a search on one machine would not have gone on after it.
    """
    whole = True
    with workers(apart.address, apart.device) as pool:
        claims = {at.id: target for target, _, at in apart.whereabouts()}
        queue = [
            Task(at.id, hunted, (at, examples, apart.seed, steps, pool.device)) for _, _, at in apart.whereabouts()
        ]
        for done in finished(pool, queue):
            whole = whole and done.error is None
            if not apart.spared(done):
                tell_found(claims[done.task.name], done.value, apart.report_dir)
    return whole


def in_rounds(apart: Apart, until: Callable[[], Callable[[Progress], bool]], steps: int | None) -> bool:
    """Hunt all targets at once; a part is a round, and the next one of its target begins with what it found.

    until: makes what says whether to go on with a target. Gives whether no target was given up, since a round of it
    killed its workers. Raises `InputError` where the only one cannot be hunted.
    """
    whole = True
    ready: dict[str, Callable[..., Pursuit]] = {}
    places: dict[str, Whereabouts] = {}
    for target, module, at in apart.whereabouts():
        try:
            expedition = expedition_of(target, Path(str(module.__file__)), steps, apart.seed)
            before = record_before(apart.report_dir, at.id)
            ready[at.id] = partial(Pursuit, expedition, before, clock=time.monotonic)
            places[at.id] = at
        except InputError as error:
            if len(apart.targets) == 1:
                raise
            complain_of(at.id, error)
    with workers(apart.address, apart.device) as pool:
        # Their time begins when there are workers, for which one may have to wait.
        pursuits = {name: begin(go_on=until()) for name, begin in ready.items()}

        def part(name: str) -> Task:
            pursuit = pursuits[name]
            one = Round.next(places[name], pursuit.expedition, pursuit.progress, pool.device)
            return Task(one.name, followed, (one,))

        queue = [part(name) for name, pursuit in pursuits.items() if pursuit.goes_on()]
        for done in finished(pool, queue):
            (one,) = done.task.arguments
            whole = whole and not done.killed
            if apart.spared(done):
                continue
            pursuit = pursuits[one.of.id]
            write_hunt(apart.report_dir, pursuit.note(done.value))
            if pursuit.goes_on():
                queue.append(part(one.of.id))
            else:
                tell_rounds(apart.report_dir, pursuit.record())
    return whole
