"""The command `verify gallery`: make the experiments' exhibits, keeping what is finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from solvers.errors import InputError
from verify.cli.apart import check_address, complain, finished, workers
from verify.cli.common import Cluster
from verify.cli.listing import print_lines, print_wide

if TYPE_CHECKING:
    from verify.gallery.experiment import Experiment
    from verify.gallery.making import Making

_out, _err = Console(), Console(stderr=True)


def gallery(
    target: Annotated[
        str | None, typer.Argument(help="An experiment's id, or 'all'; without it they are listed.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Master seed of all draws.")] = 0,
    option: Annotated[
        list[str] | None,
        typer.Option("-o", "--option", help="A parameter of the experiment, key=value; may be given again."),
    ] = None,
    wide: Annotated[bool, typer.Option("--wide", help="List the experiments' parameters as well.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute everything again, what is finished as well.")] = False,
    cluster: Cluster = None,
    report_dir: Annotated[Path, typer.Option("--report-dir", help="Where the gallery and the report are.")] = Path(
        "verify-report"
    ),
) -> None:
    """Do the papers' experiments again: a figure and a JSON file each, shown on the report's page.

    Parts that were finished with the same parameters and seed, by the same code, are kept. A cluster computes those
    that need no other at once, of all experiments that are asked for; exits with 1 if one cannot be made there.

    Examples: verify gallery;  verify gallery fan2025-experiment;  verify gallery all --report-dir verify-report;
    verify gallery atlas --cluster local:2
    """
    from verify.gallery import EXPERIMENTS

    check_address(cluster)
    if target is None:
        _list(EXPERIMENTS, report_dir, wide)
        return
    if target != "all" and target not in EXPERIMENTS:
        raise InputError(f"There is no experiment {target!r}: see `verify gallery` for their ids, or say all.")
    changes = dict(_pair(text) for text in option or [])
    chosen = EXPERIMENTS.values() if target == "all" else [EXPERIMENTS[target]]
    # All of them before the first is made: one that does not know an option would stop the others midway.
    experiments = [each.with_parameters(changes) for each in chosen]
    if cluster is None:
        for experiment in experiments:
            _tell(_made(experiment, seed, report_dir, fresh), report_dir)
        made = len(experiments)
    else:
        made = _apart(experiments, seed, report_dir, fresh, cluster)
    if made:
        _renew_report(report_dir)
    if made < len(experiments):
        raise typer.Exit(1)


def _made(experiment: Experiment, seed: int, report_dir: Path, fresh: bool) -> dict[str, Any]:
    from verify.gallery.making import make

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=_err, transient=True, disable=not _err.is_terminal) as bar:
        task = bar.add_task(experiment.id)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{experiment.id}: {what}", completed=done, total=total)

        return make(experiment, seed, report_dir, fresh=fresh, show=show)


def _apart(experiments: Sequence[Experiment], seed: int, report_dir: Path, fresh: bool, address: str) -> int:
    """Make the exhibits on a cluster, each told when it is whole; how many are."""
    from verify.cluster.pool import Task
    from verify.gallery.making import Making, Wanted, computed

    def task(wanted: Wanted) -> Task:
        return Task(wanted.name, computed, (wanted,))

    with workers(address, None) as pool:
        makings = {each.id: Making(each, seed, report_dir, fresh=fresh) for each in experiments}
        whole = [_tell_whole(making, report_dir) for making in makings.values() if not making.left]
        queue = [task(wanted) for making in makings.values() for wanted in making.ready()]
        for done in finished(pool, queue, lambda: sum(making.left for making in makings.values())):
            (wanted,) = done.task.arguments
            making = makings[wanted.experiment]
            if done.error is not None:
                complain(done.why)
                continue
            making.note(wanted.part, done.value)
            queue += map(task, making.ready())
            if not making.left:
                whole.append(_tell_whole(making, report_dir))
    return sum(whole)


def _tell_whole(making: Making, report_dir: Path) -> bool:
    """Tell an exhibit; whether there is one, since the others are made even where this one has nothing to show."""
    try:
        _tell(making.exhibit(), report_dir)
    except InputError as error:
        complain(f"{making.experiment.id}: {error}")
        return False
    return True


def _tell(exhibit: Mapping[str, Any], report_dir: Path) -> None:
    """Write an exhibit, and say what it shows."""
    from reports.gallery import write_exhibit

    paths = write_exhibit(report_dir, exhibit)
    for line in (f"{exhibit['id']}: {exhibit['title']}", *(f"  {sentence}" for sentence in exhibit["sentences"])):
        _say(line)
    for kind, path in paths.items():
        _say(f"{kind}: {path}")


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator:
        raise InputError(f"The option {text!r} is not of the form key=value: write for example -o steps=1000.")
    return key, value


def _list(experiments: Mapping[str, Experiment], report_dir: Path, wide: bool) -> None:
    from reports.gallery import read_exhibits

    made = {exhibit["id"]: exhibit["created"][:10] for exhibit in read_exhibits(report_dir)}
    if not wide:
        print_lines((name, made.get(name, ""), each.title) for name, each in experiments.items())
        return
    table = Table("id", "made", "experiment", "parameters", box=None)
    for name, experiment in experiments.items():
        parameters = ", ".join(f"{key}={value}" for key, value in asdict(experiment.parameters).items())
        table.add_row(name, made.get(name, ""), experiment.title, parameters)
    print_wide(table)


def _renew_report(report_dir: Path) -> None:
    """Put the gallery onto the report's page."""
    from reports.page import write_report

    _say(f"html: {write_report(report_dir)['html']}")


def _say(line: str) -> None:
    _out.print(line, highlight=False, markup=False, soft_wrap=True)
