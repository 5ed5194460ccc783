"""A soundness run by the workers of a cluster, each of which takes what shares a run together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from benchmarks.soundness.catalogue import ENTRIES, POWER
from benchmarks.soundness.entry import Entry
from benchmarks.soundness.judging import Judge
from benchmarks.soundness.results import Line, Results
from benchmarks.soundness.run import Part, Plan, Task, missing, planned, verdict
from solvers.errors import InputError
from verify.cluster import pool as pools
from verify.cluster.pool import Pool
from verify.trials.profiles import Profile

_WHAT = {Part.CATALOGUE: "catalogue", Part.POWER: "catalogue", Part.PROPERTIES: "properties", Part.IDENTIFY: "identify"}


def run_apart(
    plan: Plan,
    results: Results,
    pool: Pool,
    *,
    show: Callable[[str, int, int], None] = lambda what, done, total: None,
    tell: Callable[[Line], None] = lambda line: None,
    lost: Callable[[str], None] = lambda sentence: None,
) -> None:
    """As `run`, but by the pool's workers; verdicts come as they fall.

    lost: told in a sentence of verdicts that came to nothing, since a worker cannot take part or they kill theirs;
    these are not in the file, and wanted again when the run goes on. Raises as `Pool.run`.
    """
    left, total = missing(plan, results), len(plan.tasks)
    done = total - len(left)
    queue = [pools.Task(_called(those), judged, _words(those, plan.profile)) for those in _together(left)]

    def watch(running: Sequence[pools.Task]) -> None:
        show("; ".join(task.name for task in running), done, total)

    for piece in pool.run(queue, watch):
        if piece.error is not None:
            lost(piece.why)
            continue
        for line in piece.value:
            results.add(line)
            tell(line)
        done += len(piece.value)


def judged(wanted: tuple[tuple[Part, str, str], ...], profile: Profile, seed: int) -> list[Line]:
    """On a worker: the verdicts on these, each by its part, name and mark.

    Raises `InputError` where this machine has another claim of that name, or none.
    """
    judge = Judge((*ENTRIES, *POWER))
    lines = []
    for part, name, mark in wanted:
        task = _known(_WHAT[part], profile).get((part, name))
        if task is None or task.mark != mark:
            raise InputError(f"{name} is another claim on this worker, or none: put the same files there.")
        lines.append(verdict(task._replace(seed=seed), judge, profile))
    return lines


@lru_cache(maxsize=4)
def _known(what: str, profile: Profile) -> dict[tuple[Part, str], Task]:
    return {(task.part, task.name): task for task in planned(what, profile, (0,), "").tasks}


def _together(tasks: Sequence[Task]) -> Iterator[tuple[Task, ...]]:
    """Entries of one run and master seed that follow each other, since these share its draws; others one by one."""

    def shared(task: Task) -> tuple[int, str]:
        return task.seed, task.subject.group if isinstance(task.subject, Entry) else task.name

    yield from (tuple(those) for _, those in groupby(tasks, shared))


def _called(those: Sequence[Task]) -> str:
    more = f" and {len(those) - 1} more" if len(those) > 1 else ""
    return f"seed {those[0].seed}, {those[0].name}{more}"


def _words(those: Sequence[Task], profile: Profile) -> tuple[tuple[tuple[Part, str, str], ...], Profile, int]:
    return tuple((task.part, task.name, task.mark) for task in those), profile, those[0].seed
