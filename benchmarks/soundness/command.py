"""`python -m benchmarks --only soundness`: the run with its progress, and what it found."""

from __future__ import annotations

from pathlib import Path

from benchmarks.soundness.apart import run_apart
from benchmarks.soundness.report import sections
from benchmarks.soundness.results import Line, Results
from benchmarks.soundness.run import planned, run, wrong
from benchmarks.tables import Section
from solvers.errors import InputError
from verify.cli.common import err, progress_bar
from verify.cluster.pool import opened
from verify.trials.profiles import PROFILES


def soundness_sections(
    *, seeds: int, first: int, profile: str, what: str, words: str, path: Path, resume: bool, cluster: str | None = None
) -> tuple[list[Section], bool]:
    """The tables of a run over so many master seeds from `first` on, and whether it came to its end.

    cluster: the workers that judge, as of `verify check --cluster`; None is this process.
    Interrupted by Ctrl-C it has the tables of what is done. What is wrong is told on standard error as it falls.
    Raises `InputError` on bad input, and `ClusterError` where the scheduler is lost.
    """
    if seeds < 1 or first < 0:
        raise InputError(
            f"{seeds} master seeds from {first} on are none: give --seeds 1 or more, --seed-start 0 or more."
        )
    if profile not in PROFILES:
        raise InputError(f"There is no profile {profile!r}: use one of {', '.join(PROFILES)}.")
    plan = planned(what, PROFILES[profile], range(first, first + seeds), words)
    results = Results(path, resume=resume)
    ended = True
    with progress_bar() as bar:
        task = bar.add_task("starting", total=len(plan.tasks))

        def show(what: str, done: int, _: int) -> None:
            bar.update(task, description=what, completed=done)

        try:
            if cluster is None:
                run(plan, results, show=show, tell=_tell)
            else:
                with opened(cluster, wait=_say) as pool:
                    run_apart(plan, results, pool, show=show, tell=_tell, lost=_say)
        except KeyboardInterrupt:
            ended = False
    return sections(plan, plan.found(results)), ended


def _tell(line: Line) -> None:
    for what in wrong(line):
        _say(f"seed {line['seed']}, {line['name']}: {what}")


def _say(sentence: str) -> None:
    err.print(sentence, highlight=False, markup=False, soft_wrap=True)
