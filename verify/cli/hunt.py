"""The command `verify hunt`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from solvers.errors import InputError
from verify.cli.check import say
from verify.cli.common import Device, ReportDir, err, progress_bar
from verify.cli.completion import claim_ids
from verify.cli.replay import recorded

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
    device: Device = None,
    report_dir: ReportDir = Path("verify-report"),
) -> None:
    """Search for the case that brings a claim closest to failing, and say how tight the claim is.

    The finding is added to the claim's record, where there is one. Open questions, and with --minutes claims too, are
    hunted in rounds: each leaves its record, with the hardest datasets of all kinds, and a second call goes on from it.

    Examples: verify hunt ji2021/normalised-gd;  verify hunt open --minutes 30
    """
    from verify.claims.catalogue import asked, located

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
    if questions or minutes is not None:
        until = _until(examples or _EXAMPLES, None if minutes is None else 60 * minutes / len(targets))
        for target, module in targets:
            try:
                _in_rounds(target, Path(str(module.__file__)), until(), steps, seed, device, report_dir)
            except InputError as error:
                if len(targets) == 1:
                    raise
                err.print(f"{target.id}: {error}", highlight=False, markup=False, soft_wrap=True)
        return
    for claim, _ in targets:
        _once(claim, examples or _EXAMPLES, steps or _STEPS, seed, device, report_dir)


def _until(examples: int, seconds: float | None) -> Callable[[], Callable[[Progress], bool]]:
    """Makes what says whether to go on: for so many seconds from its making, or for so many more cases."""

    def make() -> Callable[[Progress], bool]:
        begun, first = time.monotonic(), []

        def go_on(progress: Progress) -> bool:
            first.append(progress.cases)
            if seconds is not None:
                return time.monotonic() - begun < seconds
            return progress.cases - first[0] < examples

        return go_on

    return make


def _in_rounds(
    target: Any, home: Path, go_on: Callable[[Progress], bool], steps: int | None, seed: int, device: str | None,
    report_dir: Path,
) -> None:  # fmt: skip
    from reports.hunts import path_of, read_hunt, sentence, write_hunt
    from verify.trials.hunt_record import Expedition

    changes: dict[str, Any] = {"seed": seed} | ({} if steps is None else {"steps": steps})
    expedition, path = Expedition.of(target, home, **changes), path_of(report_dir, target.id)
    with progress_bar() as bar:
        task = bar.add_task(target.id, total=None)

        def keep(record: dict[str, Any]) -> None:
            write_hunt(report_dir, record)
            bar.update(task, description=f"{target.id}: {record['judged']} datasets")

        before = read_hunt(path, target.id) if path.is_file() else None
        record = expedition.go(before, go_on=go_on, keep=keep, clock=time.monotonic, platform=device)
    say(f"{target.id}: {sentence(record)}")
    say(f"  {record['rounds']} rounds in all, {len(record['archive'])} hard datasets kept in {path}")


def _once(claim: Any, examples: int, steps: int, seed: int, device: str | None, report_dir: Path) -> None:
    from reports.records import load_curves, write_record
    from verify.datasets.dataset import shown
    from verify.trials.hunting import hunt as search
    from verify.trials.record import plain_hunt

    with progress_bar() as bar:
        task = bar.add_task(claim.id)
        found = search(
            claim, examples=examples, seed=seed, steps=steps, platform=device,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    if found.case is None:
        say(f"{claim.id}: none of {found.examples} cases could be judged.")
        return
    fails = f"it fails at {found.limit:g}"
    say(f"{claim.id}: {found.statistic} {found.value:.6g} at most ({fails}), on {found.judged} cases.")
    say(f"  before the search was steered: {found.untargeted:.6g}")
    say(f"  {shown(found.case.to_json())}")
    if found.refuted:
        say("  This case refutes the claim, and does so again with twice the steps.")
    if (record := recorded(report_dir, claim.id)) is not None:
        record["tightness"] = plain_hunt(found)
        write_record(report_dir, record, load_curves(report_dir, record))
