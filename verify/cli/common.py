"""What the commands share: consoles, progress, and options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from solvers.errors import InputError

out, err = Console(), Console(stderr=True)

Device = Annotated[str | None, typer.Option(help="Where to run: cpu or gpu. By default jax's own choice.")]
ReportDir = Annotated[Path, typer.Option("--report-dir", help="Where records, curves and the report are.")]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Have what does not need each other done on a cluster of Dask: its scheduler, tcp://host:8786 say; or "
        "local:2 for two processes here.",
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--option",
        help="An option of the optimizer, key=value, where step sizes may be a formula of t; may be given again.",
    ),
]
Sampling = Annotated[
    str, typer.Option(help="Points of a step: full, or with --batch cyclic, reshuffled or with-replacement.")
]
Batch = Annotated[int | None, typer.Option(help="Points in a mini-batch.")]


def progress_bar() -> Progress:
    """A bar on standard error that goes away when it is done, and is not there where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


@contextmanager
def progress_of(name: str) -> Iterator[Callable[[str, int, int], None]]:
    """The same for work in several parts: what to call with a part's words, and how much of it is done of how much."""
    with progress_bar() as bar:
        task = bar.add_task(name)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{name}: {what}", completed=done, total=total)

        yield show


def values_of(options: Iterable[str]) -> dict[str, Any]:
    """Options of the form `key=value` as a dictionary.

    Values are numbers, constants (true, false, none), words, or step sizes as a formula of t. Raises `InputError` for
    what is none of these.
    """
    return dict(_option(option) for option in options)


def _option(text: str) -> tuple[str, Any]:
    key, separator, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not separator or not key.isidentifier() or not value:
        raise InputError(f"The option {text!r} is not of the form key=value: write for example -o learning_rate=0.1.")
    constants = {"true": True, "false": False, "none": None}
    if value.lower() in constants:
        return key, constants[value.lower()]
    try:
        return key, int(value) if value.lstrip("+-").isdecimal() else float(value)
    except ValueError:
        return key, _word_or_formula(key, value)


def _word_or_formula(key: str, value: str) -> Any:
    """A text as it is where it is one word; else what the formula stands for."""
    if value != "t" and re.fullmatch(r"[A-Za-z_][\w.-]*", value):
        return value
    from verify.optimizers.formulas import formula_or_number

    try:
        return formula_or_number(" ".join(value.split()))
    except InputError as error:
        raise InputError(f"The option {key} cannot be read: {str(error)[0].lower()}{str(error)[1:]}") from None
