"""Points and labels as they lie in files, frames and arrays: tables, svmlight files, NumPy's files, bundled sets.

NumPy, scikit-learn and the standard library read them. Where a file does not say which of its columns are the labels,
or whether its first line is a header, that is guessed, and the guess is told in words.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from jaxtyping import Float

from solvers import labelled
from solvers.errors import InputError
from verify.datasets.columns import Column, column_of_labels, is_header, label_column, numbers

BUNDLED = ("iris", "wine", "breast_cancer", "digits")
ENDINGS = (".csv", ".tsv", ".txt", ".data", ".svm", ".libsvm", ".svmlight", ".npz", ".npy")
"""Of files that are known by them; a file of another name is read as a table, or in svmlight form where it has it."""

# Arrays of a `.npz` file that are points and labels, in the order in which they are looked for.
_PAIRS = (
    ("x", "y"), ("X", "Y"), ("X", "y"), ("data", "target"), ("data", "labels"), ("features", "labels"),
    ("X_train", "y_train"), ("x_train", "y_train"), ("X_train", "Y_train"), ("train_data", "train_labels"),
)  # fmt: skip
# A line of svmlight form: a label, then index:value, with a query and a comment perhaps.
_SVMLIGHT = re.compile(r"^[-+\w.]+(,[-+\w.]+)*(\s+(qid|\d+):\S+)+\s*(#.*)?$")
_INSTALL = "run pip install scikit-learn"

Label = int | str
Source: TypeAlias = Any
"""A path, a name, a frame, or a pair of points and labels: arrays, or paths of `.npy` files."""


@dataclass(frozen=True, eq=False)
class Raw:
    """Features `[n, d]` and labels as they were read, with the names that some sources give to labels.

    guessed: what was guessed, in words that end a sentence, none where nothing was.
    """

    name: str
    x: Float[np.ndarray, "n d"]
    labels: list[Label]
    names: Mapping[str, Label]
    guessed: tuple[str, ...] = ()

    @property
    def distinct(self) -> list[Label]:
        """The labels that occur, numbers before texts, in sorted order."""
        return sorted(set(self.labels), key=lambda label: (isinstance(label, str), label))

    def label(self, wanted: Label) -> Label:
        """The label that the user means: itself, its text, or its name."""
        known = {str(label): label for label in self.distinct}
        found = known.get(str(wanted), self.names.get(str(wanted)))
        if found is None:
            shown = ", ".join([*known][:12] + (["..."] if len(known) > 12 else []))
            raise InputError(f"{self.name} has no class {wanted!r}: choose from {shown}.")
        return found

    def rows(self, index: Sequence[int]) -> Raw:
        """Some of the points."""
        return replace(self, x=self.x[index], labels=[self.labels[i] for i in index])


def read(source: Source, label: str | int | None = None, header: str | None = None) -> Raw:
    """The points and labels of a source, as `verify.load` takes it. Raises `InputError` as that does."""
    if header not in (None, "none", "first"):
        raise InputError(f"header is {header!r}: say none for a file without a header, or first where it has one.")
    if isinstance(source, str | Path):
        return _of_text(str(source), label, header)
    if hasattr(source, "columns") and hasattr(source, "dtypes"):
        return _of_frame(source, label)
    if isinstance(source, tuple | list) and len(source) == 2:
        return _of_pair(source, label)
    raise InputError(f"{type(source).__name__} is no source of data: give a path, a name, a frame or a pair (x, y).")


def paths_of(source: str) -> list[Path]:
    """The files that a text names, one or a pair of `.npy` files with a comma between, there or not."""
    parts = source.split(",")
    pair = len(parts) == 2 and all(part.lower().endswith(".npy") for part in parts)
    return [Path(part.strip()) for part in parts] if pair else [Path(source)]


def is_there(source: str) -> bool:
    """Whether a text is a bundled name, or names files that are there."""
    try:
        return source in BUNDLED or all(path.is_file() for path in paths_of(source))
    except OSError:  # a name that no file can have
        return False


def _of_text(source: str, label: str | int | None, header: str | None) -> Raw:
    if source in BUNDLED:
        _refuse(source, "a bundled set", label, header)
        return _bundled(source)
    paths = paths_of(source)
    for path in paths:
        if not is_there(str(path)):
            if path.suffix.lower() in ENDINGS:
                raise InputError(f"{_short(path)} does not exist: check the path of the data file.")
            known = ", ".join(BUNDLED)
            raise InputError(f"{_short(source)} is no dataset: give a file of data, a .csv say, or one of {known}.")
    if len(paths) == 2:
        return _of_pair(paths, label)
    path = paths[0]
    if path.suffix.lower() in (".npz", ".npy"):
        _refuse(path.name, "a file of arrays", None, header)
        return _npz(path, label) if path.suffix.lower() == ".npz" else _npy(path, label)
    if path.suffix.lower() in (".svm", ".libsvm", ".svmlight") or _SVMLIGHT.match(_first(path)):
        _refuse(path.name, "a file in svmlight form", label, header)
        return _svmlight(path)
    return _table(path, label, header)


def _short(source: str | Path) -> str:
    """A name as it was given, unless it is very long."""
    text = str(source) if isinstance(source, Path) else repr(source)
    return text if len(text) <= 100 else f"{text[:100]}..."


def _refuse(name: str, what: str, label: object, header: object) -> None:
    for option, given in (("label", label), ("header", header)):
        if given is not None:
            raise InputError(f"{name} is {what}, which needs no {option}: leave {option}={given} away.")


def _bundled(name: str) -> Raw:
    try:
        bundle: Any = getattr(import_module("sklearn.datasets"), f"load_{name}")()
    except ImportError:
        raise InputError(f"{name} comes with scikit-learn, which is not installed: {_INSTALL}.") from None
    names = {str(text): i for i, text in enumerate(bundle.target_names)}
    return Raw(name, np.asarray(bundle.data, dtype=float), bundle.target.tolist(), names)


def _svmlight(path: Path) -> Raw:
    try:
        reader: Callable[..., Any] = import_module("sklearn.datasets").load_svmlight_file
    except ImportError:
        raise InputError(f"{path} is in svmlight form, which scikit-learn reads: {_INSTALL}.") from None
    try:
        x, y = reader(str(path))
    except (ValueError, OSError, EOFError, OverflowError) as error:
        words = " ".join(str(error).split())[:80]
        raise InputError(f"{path} cannot be read in svmlight form ({words}): write label index:value ... .") from None
    return _raw(path.name, x, y)


# --- NumPy's files ------------------------------------------------------------------------------------------------


def _npz(path: Path, label: str | int | None) -> Raw:
    try:
        with np.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile):
        raise InputError(f"{path} is no .npz file of plain arrays: save it with numpy.savez(path, x=x, y=y).") from None
    x, y = _pair_of(path, arrays, label)
    others = [name for name in arrays if name not in (x, y)]
    guessed = (f"{x} and {y} of its arrays, without {', '.join(others)}",) if others else ()
    return _checked(path.name, arrays[x], arrays[y], guessed)


def _pair_of(path: Path, arrays: Mapping[str, np.ndarray], label: str | int | None) -> tuple[str, str]:
    shown = ", ".join([*arrays][:12]) or "none"
    if label is None:
        for x, y in _PAIRS:
            if x in arrays and y in arrays:
                return x, y
        raise InputError(f"{path} holds no arrays x and y but {shown}: save it with numpy.savez(path, x=x, y=y).")
    y = str(label)
    if y not in arrays:
        raise InputError(f"{path} has no array {y!r}: choose the labels from {shown}.")
    known = [x for x, other in _PAIRS if other == y and x in arrays]
    rest = [name for name in arrays if name != y and arrays[name].ndim > 1]
    if not known and len(rest) != 1:
        raise InputError(f"{path} has no array that is clearly the points of {y}, but {shown}: name them x.")
    return (known or rest)[0], y


def _npy(path: Path, label: str | int | None) -> Raw:
    """One array with a column of labels, or points whose labels lie in a file beside them."""
    x = _array(path)
    if label is not None and str(label).lower().endswith(".npy"):
        return _of_pair([path, Path(str(label))], None)
    if label is not None:
        if x.ndim != 2:
            raise InputError(f"{path} has shape {x.shape}: give a matrix with a column of labels.")
        place = column_of_labels(path.name, None, x.shape[1], label)
        return _raw(path.name, np.delete(x, place, axis=1), x[:, place])
    beside = _labels_beside(path)
    if beside is None:
        raise InputError(f"{path} comes without labels: give a pair, {path.name},y.npy, or label=INDEX for its column.")
    return _checked(path.name, x, _array(beside), (f"the labels of {beside.name}",))


def _labels_beside(path: Path) -> Path | None:
    """The file of labels whose name answers to that of the points, `y_train.npy` to `X_train.npy`."""
    for points, names in (("X", "yY"), ("x", "y"), ("features", ("labels",)), ("data", ("target", "labels"))):
        if re.match(rf"{points}(?![a-zA-Z])", path.stem):
            rest = path.name.removeprefix(points)
            return next((found for name in names if (found := path.with_name(name + rest)).is_file()), None)
    return None


def _array(path: Path) -> np.ndarray:
    if not path.is_file():
        raise InputError(f"{path} does not exist: check the path of the data file.")
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError):
        raise InputError(f"{path} is no .npy file of plain numbers: save it with numpy.save(path, x).") from None


def _of_pair(source: Sequence[Any], label: str | int | None) -> Raw:
    if label is not None:
        raise InputError(f"A pair holds its labels in its second part: leave label={label} away.")
    named = [isinstance(part, str | Path) for part in source]
    for part in (part for part, path in zip(source, named, strict=True) if path):
        if Path(part).suffix.lower() != ".npy":
            raise InputError(f"{part} is no .npy file: give a pair of such files, points and labels.")
    x, y = (_array(Path(part)) if path else part for part, path in zip(source, named, strict=True))
    return _checked(Path(source[0]).name if named[0] else "the pair", x, y)


def _checked(name: str, x: Any, y: Any, guessed: tuple[str, ...] = ()) -> Raw:
    """Points and labels as they were saved: images become rows, and a single column of labels a list."""
    if isinstance(x, np.ndarray) and x.ndim > 2 and x.size:
        guessed = (*guessed, f"its points of shape {' x '.join(map(str, x.shape[1:]))} as rows")
        x = x.reshape(len(x), -1)
    if isinstance(y, np.ndarray) and y.ndim == 2 and 1 in y.shape:
        y = y.ravel()
    return _raw(name, x, y, guessed)


def _raw(name: str, x: Any, y: Any, guessed: tuple[str, ...] = ()) -> Raw:
    try:
        points, labels = labelled.features(x), labelled.plain(y)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    if labels.shape != (len(points),):
        raise InputError(f"{name} holds x {points.shape} and y {labels.shape}: give x as [n, d] and y as [n].")
    return Raw(name, points, labels.tolist(), {}, guessed)


# --- tables -------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """A file of text, compressed perhaps. Raises `InputError` where it is none."""
    openers: dict[str, Callable[..., IO[str]]] = {".gz": gzip.open, ".bz2": bz2.open}
    try:
        with openers.get(path.suffix.lower(), open)(path, "rt", newline="", encoding="utf-8-sig") as file:
            yield file
    except (OSError, UnicodeDecodeError, EOFError, zlib.error, csv.Error):
        raise InputError(f"{path} cannot be read as text in CSV form: save it as comma-separated UTF-8.") from None


def _first(path: Path) -> str:
    """The first line that is neither empty nor a comment."""
    with _opened(path) as file:
        return next((line.strip() for line in file if line.strip() and not line.lstrip().startswith("#")), "")


def _table(path: Path, label: str | int | None, header: str | None) -> Raw:
    rows = _rows(path)
    named = bool(rows) and (header == "first" or (header is None and is_header([row for _, row in rows[:2]], label)))
    names = [cell.strip() for cell in rows[0][1]] if named else None
    body = rows[1:] if named else rows
    width = len(names if names is not None else rows[0][1]) if rows else 0
    if width < 2 or not body:
        raise InputError(f"{path} has {len(body)} rows and {max(width - 1, 0)} features: give at least one of each.")
    for line, row in body:
        if len(row) != width:
            raise InputError(f"{path} has {len(row)} cells in line {line} but {width} in its first: repair it.")
    columns = [
        Column(names[i] if names is not None else f"{i}", [cell.strip() for cell in cells])
        for i, cells in enumerate(zip(*(row for _, row in body), strict=True))
    ]
    place, guessed = label_column(path.name, columns, label, named=named)
    if header is None and not named:
        guessed = ("no header (header=none)", *guessed)
    counting = [i for i, column in enumerate(columns) if not column.name and i != place and column.counts]
    if counting:
        guessed = (*guessed, "its nameless column of row numbers left out")
    kept = [column for i, column in enumerate(columns) if i != place and i not in counting]
    where = [line for line, _ in body]
    if not all(columns[place].values):
        raise InputError(
            f"{path} has no label in line {where[[*columns[place].values].index('')]}: fill it in, or remove it."
        )
    x = np.stack([numbers(column, path, where) for column in kept], axis=1)
    return _raw(path.name, x, columns[place].labels, guessed)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The rows of a table that are not empty, each with the number of its line, by the delimiter of the first line."""
    first = _first(path)
    delimiter = max(",;\t", key=first.count)
    with _opened(path) as file:
        if not first.count(delimiter) and " " in first:
            return [(i, line.split()) for i, line in enumerate(file, 1) if line.strip()]
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        return [(reader.line_num, row) for row in reader if any(map(str.strip, row))]


def _of_frame(frame: Any, label: str | int | None) -> Raw:
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise InputError(f"Two columns of the frame have one name among {', '.join(names[:12])}: rename one of them.")
    if len(names) < 2 or not len(frame):
        raise InputError(f"The frame has {len(frame)} rows and {len(names)} columns: give at least 1 and 2.")
    columns = [Column(name, np.asarray(frame[key])) for name, key in zip(names, frame.columns, strict=True)]
    place, guessed = label_column("the frame", columns, label, named=True)
    kept = [key for i, key in enumerate(frame.columns) if i != place]
    return _raw("the frame", frame[kept], columns[place].labels, guessed)
