"""The command `verify gallery`: make the experiments' exhibits, keeping what is finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from solvers.errors import InputError
from verify.cli.listing import print_lines, print_wide

if TYPE_CHECKING:
    from verify.gallery.experiment import Experiment

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
    report_dir: Annotated[Path, typer.Option("--report-dir", help="Where the gallery and the report are.")] = Path(
        "verify-report"
    ),
) -> None:
    """Do the papers' experiments again: a figure and a JSON file each, shown on the report's page.

    Parts that were finished with the same parameters and seed, by the same code, are kept.

    Examples: verify gallery;  verify gallery fan2025-experiment;  verify gallery all --report-dir verify-report
    """
    from reports.gallery import write_exhibit
    from verify.gallery import EXPERIMENTS
    from verify.gallery.making import make

    if target is None:
        _list(EXPERIMENTS, report_dir, wide)
        return
    if target != "all" and target not in EXPERIMENTS:
        raise InputError(f"There is no experiment {target!r}: see `verify gallery` for their ids, or say all.")
    changes = dict(_pair(text) for text in option or [])
    chosen = EXPERIMENTS.values() if target == "all" else [EXPERIMENTS[target]]
    # All of them before the first is made: one that does not know an option would stop the others midway.
    for experiment in [each.with_parameters(changes) for each in chosen]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=_err, transient=True, disable=not _err.is_terminal) as bar:
            task = bar.add_task(experiment.id)

            def show(what: str, done: int, total: int, bar=bar, task=task, name=experiment.id) -> None:
                bar.update(task, description=f"{name}: {what}", completed=done, total=total)

            exhibit = make(experiment, seed, report_dir, fresh=fresh, show=show)
        paths = write_exhibit(report_dir, exhibit)
        for line in (f"{experiment.id}: {experiment.title}", *(f"  {sentence}" for sentence in exhibit["sentences"])):
            _say(line)
        for kind, path in paths.items():
            _say(f"{kind}: {path}")
    _renew_report(report_dir)


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
    """Put the gallery onto the report's page, if there is a report."""
    from reports.page import write_report
    from reports.records import read_records

    if read_records(report_dir):
        _say(f"html: {write_report(report_dir)['html']}")
    else:
        _say("The report's page shows it once theorems are checked: run `make verify`, then `verify report`.")


def _say(line: str) -> None:
    _out.print(line, highlight=False, markup=False, soft_wrap=True)
