"""The columns of a table: which of them holds the labels, and numbers from its cells."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from solvers.errors import InputError

# What a column of labels is called, in small letters, where it is not called `label`.
_USUAL = ("label", "labels", "target", "class", "y")
# What stands for a number that is missing; it makes no header of the first row.
_MISSING = ("", "?", "NA", "N/A", "null", "None")


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table: its name, and its values: texts of a file, or an array of a frame."""

    name: str
    values: Sequence[str] | np.ndarray

    @functools.cached_property
    def known(self) -> Float[np.ndarray, " n"] | None:
        """The values as numbers, where all of them are some."""
        try:
            return np.asarray(self.values, dtype=np.float64)
        except (TypeError, ValueError):
            return None

    @property
    def texts(self) -> bool:
        """Whether no value is a number."""
        return self.known is None and not any(map(_is_number, self.values))

    @property
    def may_be_labels(self) -> bool:
        """Whether it holds texts or whole numbers, of which few are distinct."""
        values = self.values if self.known is None else self.known.tolist()
        whole = self.known is None or bool((self.known == np.round(self.known)).all())
        return whole and len(set(values)) <= max(2, len(values) // 2)

    @property
    def counts(self) -> bool:
        """Whether it holds row numbers, from 0 or 1."""
        known = self.known
        return known is not None and known[0] in (0, 1) and bool((np.diff(known) == 1).all())

    @property
    def labels(self) -> Any:
        """The values as labels: numbers where all are numbers, else as they are."""
        if isinstance(self.values, np.ndarray):
            return self.values
        return list(self.values) if self.known is None else self.known


def is_header(rows: Sequence[Sequence[str]], label: str | int | None) -> bool:
    """Whether the first of a table's first two rows names its columns.

    It does where it has the label's name or no number at all, or a text above a number.
    """
    names = [cell.strip() for cell in rows[0]]
    if "label" in names or (isinstance(label, str) and not _is_index(label) and label in names):
        return True
    words = [name not in _MISSING and not _is_number(name) for name in names]
    above = any(word and _is_number(cell) for word, cell in zip(words, rows[-1], strict=False))
    return above or not any(map(_is_number, names))


def label_column(
    source: str, columns: Sequence[Column], label: str | int | None, *, named: bool
) -> tuple[int, tuple[str, ...]]:
    """The place of the column of labels, and in words what was guessed of it, if anything.

    label: its name or its place, counted from 0, or from -1 backwards. Without it: the column `label`; one of another
    usual name; the only one that holds texts; the last one if it may be labels; the first one if it may. named: whether
    the columns have names. Raises `InputError` where there is no such column.
    """
    names = [column.name for column in columns] if named else None
    if label is not None:
        return column_of_labels(source, names, len(columns), label), ()
    if names is not None and "label" in names:
        return column_of_labels(source, names, len(columns), "label"), ()
    usual = [i for i, column in enumerate(columns) if named and column.name.lower() in _USUAL]
    texts = [i for i, column in enumerate(columns) if column.texts]
    ends = [i for i in (len(columns) - 1, 0) if columns[i].may_be_labels]
    for found in (usual, texts):
        if len(found) == 1:
            return found[0], (_told(columns, found[0], named),)
    if usual or len(texts) > 1 or not ends:
        raise InputError(f"{source} does not say which of its columns are the labels: say label=NAME or label=INDEX.")
    return ends[0], (_told(columns, ends[0], named),)


def column_of_labels(source: str, names: Sequence[str] | None, width: int, label: str | int) -> int:
    """The place of a column that is given by its name, or by its place."""
    if names is not None and str(label) in names:
        if names.count(str(label)) > 1:
            raise InputError(f"{source} has {names.count(str(label))} columns named {label}: name exactly one so.")
        return names.index(str(label))
    if _is_index(label) and -width <= int(label) < width:
        return int(label) % width
    shown = f"choose from {', '.join(names[:12])}, or a place" if names else "choose a place"
    raise InputError(f"{source} has no column {label!r}: {shown} from 0 to {width - 1}.")


def numbers(column: Column, path: Path, lines: Sequence[int]) -> Float[np.ndarray, " n"]:
    """The finite numbers of a column of a file. Raises `InputError` at the first cell that is none."""
    if column.known is not None and np.isfinite(column.known).all():
        return column.known
    row = next(i for i, cell in enumerate(column.values) if not _is_number(cell) or not math.isfinite(float(cell)))
    raise InputError(
        f"{path}, line {lines[row]}, column {column.name!r} holds {str(column.values[row])[:40]!r}: "
        "every feature must be a finite number."
    )


def _told(columns: Sequence[Column], place: int, named: bool) -> str:
    which = {len(columns) - 1: "its last column", 0: "its first column"}.get(place, f"its column {place}")
    if named:
        return f"column {columns[place].name!r} as labels (label={columns[place].name})"
    return f"{which} as labels (label={place if place < len(columns) - 1 else -1})"


def _is_index(label: str | int) -> bool:
    try:
        return int(label) == label or isinstance(label, str)
    except (TypeError, ValueError, OverflowError):
        return False


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True
