"""Real datasets: files, frames and arrays, and the sets that come with scikit-learn.

Labels follow one rule (see `solvers.labelled`): two distinct ones are binary, the later in sorted order is +1, so that
0/1 becomes -1/+1. Where classes are listed, the first of two is +1, and more get ids 0..k-1 in the order listed.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from solvers import NonSeparableError, Reference, max_margin
from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.datasets.files import BUNDLED, ENDINGS, Label, Raw, Source, is_there, paths_of, read
from verify.errors import Guessed


def load(
    source: Source,
    *,
    label: str | int | None = None,
    header: str | None = None,
    classes: Sequence[int | str] | int | None = None,
    standardise: bool = False,
    intercept: bool = False,
    one_vs_rest: int | str | None = None,
    limit: int | None = None,
) -> Dataset:
    """The dataset of a file, a frame, a pair of arrays or a bundled name.

    source: the path of a table (`.csv` or the like, numbers in all columns but that of the labels), of a file in
    svmlight form (which scikit-learn reads) or of a `.npz` file with arrays x and y, X and Y, data and target, or
    X_train and y_train; the paths of two `.npy` files, `("X.npy", "y.npy")`; a frame of pandas or polars; a pair
    `(x, y)` of points (an array, a frame or a scipy sparse matrix) and labels; or `iris`, `wine`, `breast_cancer` or
    `digits`, which come with scikit-learn.

    label: the column of the labels, by its name or its place (0 is the first, -1 the last); of a `.npz` file the array.
    header: "none" or "first", for a table without names in its first line, or with them. Where these two are left away
    they are guessed, and one warning, `verify.errors.Guessed`, tells what was guessed.

    Labels are whole numbers, booleans or texts. Two distinct ones are binary, whatever they are, and the later in
    sorted order is +1. classes: the labels to keep, in this order, and the first of two is +1; or their number: 2 makes
    two classes, with a weight matrix, of what would be binary. standardise: shift and scale every feature to mean 0 and
    standard deviation 1 (over the points kept); a constant feature becomes zero. intercept: append a feature of ones,
    after standardising. one_vs_rest: this class is +1 and all others -1. limit: keep at most so many points, the first
    ones, taken from the classes in turn.

    Separability is not checked here: see `require_separable`.

    Raises `InputError` for a file that is missing or malformed, an unknown name, column or class, or labels that leave
    one class.
    """
    raw = read(source, label, header)
    if raw.guessed:
        told = f"{raw.name} is read with {'; '.join(raw.guessed)}; it has {len(raw.distinct)} classes."
        warnings.warn(told, Guessed, stacklevel=2)
    number = int(classes) if isinstance(classes, int | np.integer) else None
    listed = None if classes is None or number is not None else [raw.label(each) for each in _listed(classes)]
    order = raw.distinct if listed is None else listed
    if len(set(order)) < len(order):
        raise InputError(f"classes lists a class of {raw.name} twice: list each class once.")
    raw = raw.rows([i for i, each in enumerate(raw.labels) if each in set(order)])
    if limit is not None:
        raw = raw.rows(_in_turn(raw.labels, limit))
    y = _encoded(raw, order, one_vs_rest, listed=listed is not None)
    x = _standardised(raw.x) if standardise else raw.x
    if intercept:
        x = np.hstack([x, np.ones((len(x), 1))])
    try:
        return Dataset(x, y, raw.name, classes=cast(int, number))
    except InputError as error:
        raise InputError(f"{raw.name}: {error}") from None


def parse(spec: str) -> Dataset:
    """The dataset of a short text: a source, then a colon and options separated by commas.

    Options are those of `load`: `label=NAME`, `header=none`, `standardise`, `intercept`, `classes=3,8`, `classes=2`,
    `0-vs-rest`, `limit=100`. Examples: `"iris:0-vs-rest"`, `"digits:classes=3,8"`, `"data.csv:label=0,standardise"`,
    `"X.npy,y.npy:intercept"`.

    Raises `InputError` for an unknown option, and as `load` does.
    """
    source, text = _split(spec)
    return load(source, **_options(text) if text is not None else {})


def files_of(spec: str) -> list[Path]:
    """The files that a text names, as `parse` reads it, of those that are there."""
    source, _ = _split(spec)
    return [] if source in BUNDLED else [path for path in paths_of(source) if path.is_file()]


def _split(spec: str) -> tuple[str, str | None]:
    """The source and the options: at the last colon that leaves a source that is there, since paths may have colons."""
    places = [i for i, character in enumerate(spec) if character == ":"]
    for i in reversed(places):
        if is_there(spec[:i]):
            return spec[:i], spec[i + 1 :]
    if not places or is_there(spec) or spec.lower().endswith(ENDINGS):
        return spec, None
    return spec[: places[-1]], spec[places[-1] + 1 :]


def require_separable(dataset: Dataset) -> Reference:
    """The L2 reference of the data.

    Raises `NonSeparableError`, with a remedy, when no weights separate them: two points that are the same but for their
    labels are named.
    """
    try:
        return max_margin(dataset.x, dataset.y, "l2", classes=dataset.classes)
    except NonSeparableError as error:
        options = " (options intercept, classes=A,B, C-vs-rest)"
        name = dataset.name or "the dataset"
        message = f"{name} is not linearly separable, since {error.why}: {error.remedy}{options}."
        raise NonSeparableError(message, error.certificate, error.why, error.remedy) from None


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
        elif key in ("label", "header") and value:
            options[key] = value
        elif key == "classes" and equals:
            options["classes"] = [value]
        elif token and not equals and options and [*options][-1] == "classes":
            options["classes"].append(token)
        else:
            known = "standardise, intercept, label=NAME, header=none, classes=A,B, classes=2, C-vs-rest, limit=N"
            raise InputError(f"{token!r} is no option of a dataset: choose from {known}.")
    alone = options.get("classes", ())
    if len(alone) == 1 and alone[0].isdecimal():
        options["classes"] = int(alone[0])
    return options


def _count(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"limit={text} is no whole number: write for example limit=100.") from None


def _in_turn(labels: list[Label], limit: int) -> list[int]:
    """Indices of the first points of the classes, one of each in turn, in their old order."""
    if isinstance(limit, bool) or not isinstance(limit, int | np.integer) or limit < 1:
        raise InputError(f"limit is {limit!r}: keep at least one point.")
    seen: dict[Label, int] = {}
    rounds: list[tuple[int, int]] = []
    for i, label in enumerate(labels):
        seen[label] = seen.get(label, -1) + 1
        rounds.append((seen[label], i))
    return sorted(i for _, i in sorted(rounds)[:limit])


def _encoded(raw: Raw, order: list[Label], one_vs_rest: Label | None, *, listed: bool) -> np.ndarray:
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


def _listed(classes: object) -> list[Label]:
    if isinstance(classes, str) or not isinstance(classes, Sequence | np.ndarray):
        raise InputError(f"classes is {classes!r}: give a list of labels, or the number of classes.")
    return list(classes)
