"""The command `verify gallery`: make the experiments' exhibits, keeping what is finished."""

from __future__ import annotations

import json
import platform
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from reports.gallery import folder, read_exhibits, write_exhibit
from reports.records import read_records, replace_file
from solvers.errors import InputError

if TYPE_CHECKING:
    from verify.experiments import Experiment

_PACKAGES = ("jax", "optax", "numpy", "scipy", "cvxpy", "clarabel", "highspy", "implicit-bias-verify")
_out, _err = Console(), Console(stderr=True)

Show = Callable[[str, int, int], None]


def gallery(
    target: Annotated[
        str | None, typer.Argument(help="An experiment's id, or 'all'; without it they are listed.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Master seed of all draws.")] = 0,
    option: Annotated[
        list[str] | None,
        typer.Option("-o", "--option", help="A parameter of the experiment, key=value; may be given again."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute everything again, what is finished as well.")] = False,
    report_dir: Annotated[Path, typer.Option("--report-dir", help="Where the gallery and the report are.")] = Path(
        "verify-report"
    ),
) -> None:
    """Do the papers' experiments again: a figure and a JSON file each, shown on the report's page.

    Parts that were finished with the same parameters and seed are kept.

    Examples: verify gallery;  verify gallery fan2025-experiment;  verify gallery all --report-dir verify-report
    """
    from verify.experiments import EXPERIMENTS

    if target is None:
        _list(EXPERIMENTS, report_dir)
        return
    if target != "all" and target not in EXPERIMENTS:
        raise InputError(f"There is no experiment {target!r}: see `verify gallery` for their ids, or say all.")
    changes = dict(_pair(text) for text in option or [])
    for experiment in EXPERIMENTS.values() if target == "all" else [EXPERIMENTS[target]]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=_err, transient=True, disable=not _err.is_terminal) as bar:
            task = bar.add_task(experiment.id)

            def show(what: str, done: int, total: int, bar=bar, task=task, name=experiment.id) -> None:
                bar.update(task, description=f"{name}: {what}", completed=done, total=total)

            exhibit = make(experiment.with_parameters(changes), seed, report_dir, fresh=fresh, show=show)
        paths = write_exhibit(report_dir, exhibit)
        for line in (f"{experiment.id}: {experiment.title}", *(f"  {sentence}" for sentence in exhibit["sentences"])):
            _say(line)
        for kind, path in paths.items():
            _say(f"{kind}: {path}")
    _renew_report(report_dir)


def make(experiment: Experiment, seed: int, report_dir: Path, *, fresh: bool = False, show: Show) -> dict[str, Any]:
    """The exhibit of an experiment; each part is written when it is finished, and read again the next time.

    A part counts as finished if it has the same parameters, seed and version of this package, unless `fresh`.
    """
    parameters = asdict(experiment.parameters)
    parts = experiment.parts(experiment.parameters, seed)
    files, results = {}, {}
    for done, (name, compute) in enumerate(parts.items()):
        show(name, done, len(parts))
        path = folder(report_dir) / "parts" / experiment.id / f"{re.sub(r'[^A-Za-z0-9.]+', '-', name)}.json"
        key = {"part": name, "parameters": parameters, "seed": seed, "version": version("implicit-bias-verify")}
        file = None if fresh else _finished(path, key)
        if file is None:
            file = key | _compute(compute, results)
            content = json.dumps(file, allow_nan=False)
            replace_file(path, lambda opened, content=content: opened.write(content.encode()))
        files[name], results[name] = file, file["result"]
    found = experiment.find(experiment.parameters, results)
    last = max(files.values(), key=lambda file: datetime.fromisoformat(file["created"]))
    return {
        "schema": 1,
        "id": experiment.id,
        "title": experiment.title,
        "source": experiment.source,
        "shows": experiment.shows,
        "figure": experiment.figure,
        "drawing": found.drawing,
        "caption": found.caption,
        "alternative": found.alternative,
        "sentences": list(found.sentences),
        "headings": list(found.headings),
        "rows": [list(row) for row in found.rows],
        "numbers": found.numbers,
        "parameters": parameters,
        "seed": seed,
        "device": last["device"],
        "versions": last["versions"],
        "seconds": sum(file["seconds"] for file in files.values()),
        "created": last["created"],
        "reproduce": _reproduce(experiment, seed),
    }


def _compute(compute: Callable[[Mapping[str, Any]], Any], results: Mapping[str, Any]) -> dict[str, Any]:
    from verify.trajectory import devices

    begun = time.perf_counter()
    result = compute(results)
    return {
        "result": result,
        "seconds": time.perf_counter() - begun,
        "created": datetime.now(UTC).isoformat(timespec="microseconds"),
        "device": devices()[0].platform,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
    }


def _finished(path: Path, key: Mapping[str, Any]) -> dict[str, Any] | None:
    """A part that was computed before with the same key; a damaged or older file counts as none."""
    try:
        file = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return file if isinstance(file, dict) and {name: file.get(name) for name in key} == dict(key) else None


def _reproduce(experiment: Experiment, seed: int) -> str:
    from verify.experiments import EXPERIMENTS

    usual = asdict(EXPERIMENTS[experiment.id].parameters) if experiment.id in EXPERIMENTS else {}
    changed = {name: value for name, value in asdict(experiment.parameters).items() if usual.get(name) != value}
    options = "".join(f" -o {name}={value}" for name, value in changed.items())
    return f"verify gallery {experiment.id} --seed {seed}{options}"


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator:
        raise InputError(f"The option {text!r} is not of the form key=value: write for example -o steps=1000.")
    return key, value


def _list(experiments: Mapping[str, Experiment], report_dir: Path) -> None:
    made = {exhibit["id"]: exhibit for exhibit in read_exhibits(report_dir)}
    table = Table("id", "experiment", "parameters", "made")
    table.columns[0].no_wrap = True
    for name, experiment in experiments.items():
        parameters = ", ".join(f"{key}={value}" for key, value in asdict(experiment.parameters).items())
        done = f"seed {made[name]['seed']}, {made[name]['created'][:16]}" if name in made else "no"
        table.add_row(name, experiment.title, parameters, done)
    _out.print(table)


def _renew_report(report_dir: Path) -> None:
    """Put the gallery onto the report's page, if there is a report."""
    from reports.page import write_report

    if read_records(report_dir):
        _say(f"html: {write_report(report_dir)['html']}")
    else:
        _say("The report's page shows it once theorems are checked: run `make verify`, then `verify report`.")


def _say(line: str) -> None:
    _out.print(line, highlight=False, markup=False, soft_wrap=True)
