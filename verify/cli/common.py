"""What the commands share: consoles, progress, and optimizers by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from solvers.errors import InputError

out, err = Console(), Console(stderr=True)

Device = Annotated[str | None, typer.Option(help="Where to run: cpu or gpu. By default jax's own choice.")]
ReportDir = Annotated[Path, typer.Option("--report-dir", help="Where records, curves and the report are.")]
Options = Annotated[
    list[str] | None,
    typer.Option("-o", "--option", help="An option of the optimizer, key=value; may be given again."),
]


def progress_bar() -> Progress:
    """A bar on standard error that goes away when it is done, and is not there where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


def optimizer_of(name: str, options: list[str]) -> Any:
    """An optimizer by name, of this library or by dotted name, called with `key=value` options."""
    from verify.optimizers.homogeneity import check_optimizer
    from verify.optimizers.methods import OPTIMIZERS
    from verify.optimizers.step_sizes import PowerDecay

    make, values = maker_of(name), values_of(options)
    if name in OPTIMIZERS:
        decay = {key: values.pop(key) for key in ("eta0", "a", "t0") if key in values}
        values.setdefault("step_size", PowerDecay(**({"eta0": 0.1, "a": 0.5} | decay)))
    try:
        made = check_optimizer(make(**values))
    except InputError:
        raise
    except Exception as error:  # whatever a stranger's code raises
        text = f"{error}".strip().partition("\n")[0]
        raise InputError(f"The optimizer {name} does not take these options ({text}): set them with -o.") from error
    for key, value in values.items():
        if isinstance(value, str):
            _try_text(name, made, key, value)
    return made


def _try_text(name: str, made: Any, key: str, value: str) -> None:
    """Raises `InputError` where an optimizer that was given a text cannot make a step: it wanted a number."""
    from verify.optimizers.calling import calling

    try:
        calling(made, (2, 2))
    except InputError as error:
        raise InputError(f"The optimizer {name} cannot use {key}={value}: give {key} as a number.") from error


def maker_of(name: str) -> Callable[..., Any]:
    """The function that makes the optimizer of that name, of this library or by dotted name."""
    from verify.optimizers.methods import OPTIMIZERS

    if name in OPTIMIZERS:
        return OPTIMIZERS[name]
    module, _, attribute = name.rpartition(".")
    try:
        make = getattr(importlib.import_module(module), attribute)
        if not callable(make):
            raise ValueError
        return make
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"There is no optimizer {name!r}: use one of {', '.join(OPTIMIZERS)}, or a dotted name like optax.lion."
        ) from error


def values_of(options: Iterable[str]) -> dict[str, Any]:
    """Options of the form `key=value` as a dictionary, with numbers and constants for what looks like them."""
    return dict(_option(option) for option in options)


def _option(text: str) -> tuple[str, Any]:
    key, separator, value = text.partition("=")
    if not separator:
        raise InputError(f"The option {text!r} is not of the form key=value: write for example -o learning_rate=0.1.")
    constants = {"true": True, "false": False, "none": None}
    if value.lower() in constants:
        return key, constants[value.lower()]
    try:
        return key, int(value) if value.lstrip("+-").isdigit() else float(value)
    except ValueError:
        return key, value
