"""The command `verify hunt`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solvers.errors import InputError
from verify.cli.apart import check_address
from verify.cli.common import Cluster, Device, ReportDir, progress_bar
from verify.cli.completion import claim_ids
from verify.cli.hunted import complain_of, expedition_of, record_before, tell_found, tell_rounds

if TYPE_CHECKING:
    from verify.trials.long_hunt import Progress

_STEPS, _EXAMPLES = 5_000, 200


def hunt(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="A claim's or an open question's id, or a file with some.", autocompletion=claim_ids
        ),
    ],
    examples: Annotated[int | None, typer.Option(help=f"Cases to run; by default {_EXAMPLES}.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Hunt in rounds for so long, from where the last such hunt ended.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help=f"Steps of each run; by default {_STEPS}, or a question's own.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the search.")] = 0,
    cluster: Cluster = None,
    device: Device = None,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Search for the case that brings a claim closest to failing, and say how tight the claim is.

    The finding is added to the claim's record, where there is one. Open questions, and with --minutes claims too, are
    hunted in rounds: each leaves its record, with the hardest datasets of all kinds, and a second call goes on from it.
    A cluster hunts several claims or questions at once; the rounds of one follow each other.

    Examples: verify hunt ji2021/normalised-gd;  verify hunt open --minutes 30;
    verify hunt open --minutes 30 --cluster local:2
    """
    from verify.claims.catalogue import asked, located

    check_address(cluster)
    questions = asked(name)
    targets = questions or located(name)
    if minutes is not None and not minutes > 0:
        raise InputError(f"A hunt of {minutes:g} minutes finds nothing: give a positive number of minutes.")
    if examples is not None and examples < 1:
        raise InputError(f"A hunt of {examples} cases finds nothing: give a positive number of cases.")
    if examples is not None and minutes is not None:
        raise InputError("--minutes and --examples both say when a hunt ends: leave one of them away.")
    if seed < 0:
        raise InputError(f"The seed is {seed}: give 0 or more.")
    if not questions and steps is None:
        steps = _STEPS
    rounds, count = bool(questions) or minutes is not None, examples or _EXAMPLES
    if cluster is not None:
        from verify.cli.hunt_apart import Apart, in_rounds, once

        apart = Apart(cluster, targets, name.endswith(".py"), seed, device, report_dir)
        if rounds:  # all at once, so that each has the whole time
            whole = in_rounds(apart, lambda: _until(count, minutes and 60 * minutes), steps)
        else:
            whole = once(apart, count, steps or _STEPS)
        raise typer.Exit(0 if whole else 1)
    for target, module in targets:
        if not rounds:
            _once(target, count, steps or _STEPS, seed, device, report_dir)
            continue
        try:
            until = _until(count, minutes and 60 * minutes / len(targets))
            _in_rounds(target, Path(str(module.__file__)), until, steps, seed, device, report_dir)
        except InputError as error:
            if len(targets) == 1:
                raise
            complain_of(target.id, error)


def _until(examples: int, seconds: float | None) -> Callable[[Progress], bool]:
    """Says whether to go on: for so many seconds from now, or for so many more cases."""
    begun, first = time.monotonic(), []

    def go_on(progress: Progress) -> bool:
        first.append(progress.cases)
        if seconds is not None:
            return time.monotonic() - begun < seconds
        return progress.cases - first[0] < examples

    return go_on


def _in_rounds(
    target: Any, home: Path, go_on: Callable[[Progress], bool], steps: int | None, seed: int, device: str | None,
    report_dir: Path,
) -> None:  # fmt: skip
    from reports.hunts import write_hunt

    with progress_bar() as bar:
        task = bar.add_task(target.id, total=None)

        def keep(record: dict[str, Any]) -> None:
            write_hunt(report_dir, record)
            bar.update(task, description=f"{target.id}: {record['judged']} datasets")

        expedition, before = expedition_of(target, home, steps, seed), record_before(report_dir, target.id)
        record = expedition.go(before, go_on=go_on, keep=keep, clock=time.monotonic, platform=device)
    tell_rounds(report_dir, record)


def _once(claim: Any, examples: int, steps: int, seed: int, device: str | None, report_dir: Path) -> None:
    from verify.trials.hunting import hunt as search

    with progress_bar() as bar:
        task = bar.add_task(claim.id)
        found = search(
            claim, examples=examples, seed=seed, steps=steps, platform=device,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    tell_found(claim, found, report_dir)
