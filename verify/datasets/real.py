"""Real datasets: NumPy and CSV files, and the ones that come with scikit-learn.

Binary labels are made where two classes are asked for: the first class listed is +1. Where none are listed and
there are two, the later one in sorted order is +1, so that 0/1 becomes -1/+1 and -1/+1 stays. More classes get
ids 0..k-1 in the order listed, or sorted.
"""

from __future__ import annotations

import csv
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from solvers import NonSeparableError, Reference, max_margin
from solvers.errors import InputError
from verify.datasets.dataset import Dataset

BUNDLED = ("iris", "wine", "breast_cancer", "digits")

Label = int | str


@dataclass(frozen=True, eq=False)
class _Raw:
    """Features `[n, d]` and labels as they were read, with the names that some sources give to labels."""

    name: str
    x: np.ndarray
    labels: list[Label]
    names: Mapping[str, Label]

    @property
    def distinct(self) -> list[Label]:
        return sorted(set(self.labels), key=lambda label: (isinstance(label, str), label))

    def label(self, wanted: Label) -> Label:
        """The label that the user means: itself, its text, or its name."""
        known = {str(label): label for label in self.distinct}
        found = known.get(str(wanted), self.names.get(str(wanted)))
        if found is None:
            shown = ", ".join([*known][:12] + (["..."] if len(known) > 12 else []))
            raise InputError(f"{self.name} has no class {wanted!r}: choose from {shown}.")
        return found

    def rows(self, index: Sequence[int]) -> _Raw:
        return replace(self, x=self.x[index], labels=[self.labels[i] for i in index])


def load(
    source: str | Path,
    *,
    classes: Sequence[int | str] | None = None,
    standardise: bool = False,
    intercept: bool = False,
    one_vs_rest: int | str | None = None,
    limit: int | None = None,
) -> Dataset:
    """The dataset of a `.npz` file, a `.csv` file or a bundled name (`iris`, `wine`, `breast_cancer`, `digits`).

    source: a `.npz` file with arrays `x [n d]` and `y [n]`; a `.csv` file with a header, one column `label` and numbers
    in the others; or a bundled name, which needs scikit-learn. classes: the labels to keep, in this order. standardise:
    shift and scale every feature to mean 0 and standard deviation 1 (over the points kept); a constant feature becomes
    zero. intercept: append a feature of ones, after standardising. one_vs_rest: this class is +1 and all others -1.
    limit: keep at most so many points, the first ones, taken from the classes in turn.

    Separability is not checked here: see `require_separable`.

    Raises `InputError` for a file that is missing or malformed, an unknown name or class, or labels that leave one
    class.
    """
    raw = _read(source)
    order = raw.distinct if classes is None else [raw.label(label) for label in classes]
    if len(set(order)) < len(order):
        raise InputError(f"classes lists a class of {raw.name} twice: list each class once.")
    raw = raw.rows([i for i, label in enumerate(raw.labels) if label in set(order)])
    if limit is not None:
        raw = raw.rows(_in_turn(raw.labels, limit))
    y = _encoded(raw, order, one_vs_rest, listed=classes is not None)
    x = _standardised(raw.x) if standardise else raw.x
    if intercept:
        x = np.hstack([x, np.ones((len(x), 1))])
    return Dataset(x, y, raw.name)


def parse(spec: str) -> Dataset:
    """The dataset of a short text: a source, then a colon and options separated by commas.

    Options are those of `load`: `standardise`, `intercept`, `classes=3,8`, `0-vs-rest`, `limit=100`. Examples:
    `"iris:0-vs-rest"`, `"digits:classes=3,8"`, `"data.csv:intercept,standardise"`.

    Raises `InputError` for an unknown option, and as `load` does.
    """
    if ":" not in spec or spec.lower().endswith((".npz", ".csv")):
        return load(spec)
    source, _, text = spec.rpartition(":")
    return load(source, **_options(text))


def require_separable(dataset: Dataset) -> Reference:
    """The L2 reference of the data; raises `NonSeparableError`, with a remedy, when no weights separate them."""
    try:
        return max_margin(dataset.x, dataset.y, "l2", classes=dataset.classes)
    except NonSeparableError as error:
        constant = bool(((dataset.x == dataset.x[0]).all(axis=0) & (dataset.x[0] != 0)).any())
        remedy = "choose other classes or fewer points" if constant else "add an intercept, or choose other classes"
        message = f"{dataset.name or 'the dataset'} is not linearly separable by weights through the origin: {remedy}."
        raise NonSeparableError(message, error.certificate) from None


def _options(text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for token in (part.strip() for part in text.split(",")):
        key, equals, value = token.partition("=")
        if token in ("standardise", "standardize"):
            options["standardise"] = True
        elif token == "intercept":
            options["intercept"] = True
        elif token.endswith("-vs-rest") and not equals:
            options["one_vs_rest"] = token.removesuffix("-vs-rest")
        elif key == "limit" and equals:
            options["limit"] = _count(value)
        elif key == "classes" and equals:
            options["classes"] = [value]
        elif token and not equals and options and [*options][-1] == "classes":
            options["classes"].append(token)
        else:
            known = "standardise, intercept, classes=A,B, C-vs-rest, limit=N"
            raise InputError(f"{token!r} is no option of a dataset: choose from {known}.")
    return options


def _count(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"limit={text} is no whole number: write for example limit=100.") from None


def _in_turn(labels: list[Label], limit: int) -> list[int]:
    """Indices of the first points of the classes, one of each in turn, in their old order."""
    if limit < 1:
        raise InputError(f"limit is {limit}: keep at least one point.")
    seen: dict[Label, int] = {}
    rounds: list[tuple[int, int]] = []
    for i, label in enumerate(labels):
        seen[label] = seen.get(label, -1) + 1
        rounds.append((seen[label], i))
    return sorted(i for _, i in sorted(rounds)[:limit])


def _encoded(raw: _Raw, order: list[Label], one_vs_rest: Label | None, *, listed: bool) -> np.ndarray:
    if one_vs_rest is not None:
        first = raw.label(one_vs_rest)
        order, listed = [first, *(label for label in order if label != first)], True
        y = np.array([1 if label == first else -1 for label in raw.labels])
    elif len(order) == 2:
        first = order[0] if listed else order[1]
        y = np.array([1 if label == first else -1 for label in raw.labels])
    else:
        place = {label: c for c, label in enumerate(order)}
        y = np.array([place[label] for label in raw.labels])
    missing = [label for label in order if label not in raw.labels]
    if len(order) < 2 or missing:
        why = f"no point of class {missing[0]!r} is kept" if missing else f"only the class {order[0]!r} is kept"
        raise InputError(f"{why} of {raw.name}: keep points of at least two classes, and of every class listed.")
    return y


def _standardised(x: np.ndarray) -> np.ndarray:
    constant = (x == x[0]).all(axis=0)
    centred = np.where(constant, 0.0, x - x.mean(axis=0))
    return centred / np.where(constant, 1.0, centred.std(axis=0))


# --- reading -----------------------------------------------------------------------------------------------


def _read(source: str | Path) -> _Raw:
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix not in (".npz", ".csv"):
        if str(source) in BUNDLED:
            return _read_bundled(str(source))
        known = ", ".join(BUNDLED)
        raise InputError(f"{str(source)!r} is no dataset: give a .npz or .csv file, or one of {known}.")
    if not path.is_file():
        raise InputError(f"{path} does not exist: check the path of the data file.")
    return _read_npz(path) if suffix == ".npz" else _read_csv(path)


def _read_bundled(name: str) -> _Raw:
    try:
        bundle: Any = getattr(import_module("sklearn.datasets"), f"load_{name}")()
    except ImportError:
        raise InputError(
            f"{name} comes with scikit-learn, which is not installed: run pip install implicit-bias-verify[data]."
        ) from None
    names = {str(text): i for i, text in enumerate(bundle.target_names)}
    return _Raw(name, np.asarray(bundle.data, dtype=float), _labels(bundle.target.tolist()), names)


def _read_npz(path: Path) -> _Raw:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            missing = [key for key in ("x", "y") if key not in arrays]
            if missing:
                raise InputError(f"{path} has no array {missing[0]!r}: save it with numpy.savez(path, x=x, y=y).")
            x, y = arrays["x"], arrays["y"]
    except InputError:
        raise
    except (ValueError, OSError, EOFError, zipfile.BadZipFile):
        raise InputError(f"{path} is no .npz file of plain arrays: save it with numpy.savez(path, x=x, y=y).") from None
    if y.ndim != 1 or x.ndim != 2 or len(x) != len(y):
        raise InputError(f"{path} holds x {x.shape} and y {y.shape}: give x as [n, d] and y as [n].")
    if x.size == 0:
        raise InputError(f"{path} holds x {x.shape}: give at least one point and one feature.")
    if y.dtype.kind == "f" and not (y == np.trunc(y)).all():
        raise InputError(f"{path} holds labels y that are not whole numbers: give classes, as integers or texts.")
    # Dataset checks the numbers; the labels stand in for themselves here.
    return _Raw(path.name, Dataset(x, np.ones(len(x))).x, _labels(y.tolist()), {})


def _read_csv(path: Path) -> _Raw:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            lines = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error):
        raise InputError(f"{path} cannot be read as text in CSV form: save it as comma-separated UTF-8.") from None
    if header.count("label") != 1:
        raise InputError(f"{path} has {header.count('label')} columns named label in its header: name exactly one.")
    if len(header) == 1 or not lines:
        raise InputError(f"{path} has {len(lines)} rows and {len(header) - 1} features: give at least one of each.")
    place = header.index("label")
    columns = [i for i in range(len(header)) if i != place]
    x = np.empty((len(lines), len(columns)))
    for r, (line, row) in enumerate(lines):
        if len(row) != len(header):
            raise InputError(f"{path} has {len(row)} cells in line {line} but {len(header)} in its header: repair it.")
        for c, i in enumerate(columns):
            x[r, c] = _number(row[i], f"{path}, line {line}, column {header[i]!r}")
        if not row[place].strip():
            raise InputError(f"{path} has no label in line {line}: fill it in, or remove the line.")
    return _Raw(path.name, x, _labels([row[place].strip() for _, row in lines]), {})


def _number(cell: str, place: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{place} holds {cell.strip()!r}: every feature must be a finite number.")
    return value


def _labels(values: list[Any]) -> list[Label]:
    """Whole numbers where every label is one, else texts."""
    try:
        numbers = [float(value) for value in values]
        if all(number.is_integer() for number in numbers):
            return [int(number) for number in numbers]
    except (TypeError, ValueError):
        pass
    return [str(value) for value in values]
