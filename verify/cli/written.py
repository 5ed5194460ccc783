"""What commands write: a figure, arrays, JSON, and conjectures."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from solvers.errors import InputError

HOME = Path("properties/conjectures")
"""Where conjectures of this repository lie."""
Figure = Annotated[Path | None, typer.Option(help="Also draw the gaps over time: .svg or .png.")]
Save = Annotated[Path | None, typer.Option(help="Also save the curves and all numbers: .npz, for numpy.load.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, and everything else on standard error.")]


def check_writable(path: Path, remedy: str = "give a file in a folder of yours") -> None:
    """Raises `InputError` for a file that cannot be written, before anything is computed."""
    folder = next(each for each in (*path.absolute().parents,) if each.exists())
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(f"{path} cannot be written: {remedy}.")


def conjecture_path(folder: Path | None, name: str, *, force: bool) -> Path:
    """Where a conjecture of that name is written; `folder` is `HOME` by default where that is, else the current one.

    Raises `InputError` where it is there already and not to be overwritten, and where no file can be.
    """
    path = conjecture_folder(folder) / f"test_{re.sub(r'[^a-z0-9]+', '_', name)}.py"
    if path.exists() and not force:
        raise InputError(f"{path} exists already: overwrite it with --force, or give another --folder.")
    check_writable(path, "give another --folder")
    return path


def conjecture_folder(asked: Path | None) -> Path:
    """The folder that was asked for, or else that of conjectures."""
    return asked or (HOME if HOME.is_dir() else Path())


def write_conjecture_text(path: Path, text: str) -> None:
    """Write a conjecture's file, in a folder that need not be there yet. Raises `InputError` where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}): give another --folder.") from error


class Outputs(NamedTuple):
    """Where the figure and the arrays go, if anywhere, and whether the result is printed as JSON."""

    figure: Path | None
    save: Path | None
    as_json: bool

    def check(self) -> None:
        """Raises `InputError` for a file that cannot be written, before anything is computed."""
        from reports import svg

        if self.figure and self.figure.suffix not in svg.ENDINGS:
            raise InputError(f"A figure is an .svg or .png file, not {self.figure.name}: change the ending.")
        if self.save and self.save.suffix != ".npz":
            raise InputError(f"Curves are saved in an .npz file, not in {self.save.name}: change the ending.")
        for path in filter(None, (self.figure, self.save)):
            check_writable(path)

    def write(self, found: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        """Save the arrays, with what was found as JSON beside them as `about`, and print the JSON if it was asked for.

        found: what `solvers.display.plain` takes, which also says what stands for NaN; `about` is without the curves.
        """
        import numpy as np

        from reports.records import replace_file
        from solvers.display import plain

        told = plain(found)
        if self.save:
            about = json.dumps({key: value for key, value in told.items() if key != "curves"}, ensure_ascii=False)
            replace_file(self.save, lambda file: np.savez_compressed(file, allow_pickle=False, about=about, **arrays))
        if self.as_json:
            typer.echo(json.dumps(told, allow_nan=False, ensure_ascii=False))
