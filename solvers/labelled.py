"""What is passed as points and labels, as arrays: one reading, and one rule for labels, on every floor.

Two distinct labels are *binary*: the later in sorted order is +1 and the other -1, so that 0/1 becomes -1/+1, and True
is +1. So are labels that are all +1, or all -1. `classes=2` asks for two classes instead, 0 and 1, with a row of
weights each. Three or more distinct labels are classes: the numbers 0..k-1, or texts, numbered in sorted order.
"""

from __future__ import annotations

import numbers
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float, Int

from solvers.errors import InputError

Points: TypeAlias = Any
"""An array or rows of numbers `[n d]`, a frame of pandas or polars, or a scipy sparse matrix."""
Labels: TypeAlias = Any
"""An array, a list or a series `[n]` of numbers, booleans or texts."""

_FAR = 2.0**31  # labels beyond it are no classes of any data
_LARGEST_DENSE = 2**29  # entries of a sparse matrix as an array: 4 GiB of float64
_ALIGNMENT = 64


def features(x: Points) -> Float[np.ndarray, "n d"]:
    """The points as a new array of float64 `[n d]` in row order, finite and not empty.

    Neither pandas nor polars is imported for it.

    Raises `InputError` for anything else.
    """
    raw = _array(x)
    if raw.dtype.kind not in "fiu":
        raise InputError(f"The features x have dtype {raw.dtype}: pass an array of floats or integers.")
    if raw.ndim != 2 or 0 in raw.shape:
        raise InputError(f"The features x have shape {raw.shape}: pass a non-empty matrix with one row per point.")
    found = aligned(raw.shape)
    found[...] = raw
    if not np.isfinite(found).all():
        row, column = np.argwhere(~np.isfinite(found))[0]
        raise InputError(
            f"The features x hold {found[row, column]} in row {row}, column {column}: drop or impute that point."
        )
    return found


def aligned(shape: tuple[int, ...], dtype: type = np.float64) -> np.ndarray:
    """Zeros in row order that begin where XLA wants arrays to begin, so that it takes them without a copy."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(size + _ALIGNMENT, np.uint8)
    begin = -raw.ctypes.data % _ALIGNMENT
    return raw[begin : begin + size].view(dtype).reshape(shape)


def labels(y: Labels, n: int, classes: int | None = None) -> tuple[Int[np.ndarray, " n"], int]:
    """The labels as integers, by the rule of this module, and the number of classes: 0 where they are binary.

    y: `[n]`, whole numbers, booleans or texts. classes: 2 for two classes where the rule would make them binary, 0 for
    binary labels; another number must be that of the classes.

    Raises `InputError` for labels of another shape or kind, of one class only, or of another number of classes.
    """
    if classes is not None and (isinstance(classes, bool) or not isinstance(classes, int | np.integer) or classes < 0):
        raise InputError(f"The number of classes is {classes!r}: pass 2 or more, or leave it away.")
    raw = plain(y)
    if raw.shape != (n,):
        raise InputError(f"The labels y have shape {raw.shape}: pass one label per row of x, shape ({n},).")
    signs = _signs(raw)
    if signs is not None and classes in (None, 0):
        return signs, 0
    distinct, ids = np.unique(raw, return_inverse=True)
    k = len(distinct)
    if k == 1:
        raise InputError("The labels y hold one class only, which has no margin: pass at least two classes, or +1/-1.")
    if classes is not None and classes != k:
        absent = np.setdiff1d(np.arange(min(classes, n + 1)), raw) if raw.dtype.kind == "i" and raw.min() >= 0 else []
        what = f"no point of class {absent[0]}" if len(absent) else f"{k} distinct values"
        asked = f"{classes} classes" if classes else "binary labels"
        raise InputError(f"The labels y have {what}, but {asked} are asked for: pass another number.")
    if k > 2 and raw.dtype.kind == "i":
        _check_ids(distinct, n)
    return ids.astype(np.int64), k


def _array(x: Points) -> np.ndarray:
    if hasattr(x, "columns") and hasattr(x, "dtypes"):
        return _of_frame(x)
    if callable(getattr(x, "toarray", None)):
        if x.shape[0] * x.shape[-1] > _LARGEST_DENSE:
            raise InputError(
                f"The features x have shape {x.shape}, too much for an array: pass fewer points or columns."
            )
        return np.asarray(x.toarray())
    try:
        return np.asarray(x)
    except ValueError:
        raise InputError("The features x have rows of different lengths: pass a matrix, one row per point.") from None


def _of_frame(x: Any) -> np.ndarray:
    names = list(x.columns)
    if len(set(names)) < len(names):
        raise InputError(f"Two columns of x have one name among {', '.join(map(str, names[:12]))}: rename one of them.")
    if not names or not len(x):
        raise InputError(f"The features x have shape ({len(x)}, {len(names)}): pass at least one row and one column.")
    return np.stack([_column(np.asarray(x[name]), name) for name in names], axis=1)


def _column(values: np.ndarray, name: Any) -> Float[np.ndarray, " n"]:
    """A frame's column as numbers; truth values are 1 and 0, as those of dummy variables."""
    if values.dtype.kind in "fiub":
        return values.astype(np.float64)
    plain = values.tolist()
    # What a frame has for a missing value is a number of no kind, or NaN.
    wrong = next((row for row, value in enumerate(plain) if not isinstance(value, numbers.Real)), None)
    if wrong is not None:
        raise InputError(
            f"Column {str(name)!r} of x holds {str(plain[wrong])[:40]!r} in row {wrong}: pass numbers in every column."
        )
    return np.array(plain, dtype=np.float64)


def plain(y: Labels) -> np.ndarray:
    """The labels as an array of integers, booleans or texts. Raises `InputError` for anything else."""
    try:
        raw = np.asarray(y)
    except ValueError:
        raise InputError("The labels y are no list of labels: pass one label per row of x.") from None
    if raw.dtype.kind == "U" and isinstance(y, list | tuple):
        raw = np.array(y, dtype=object)  # where numpy has made texts of numbers beside them
    if raw.dtype.kind in "OT":
        raw = _of_objects(raw)
    if raw.dtype.kind in "fiu":
        odd = ~np.isfinite(raw) | (raw != np.round(raw)) | (raw >= _FAR) | (raw <= -_FAR)
        if odd.any():
            raise InputError(f"The labels y are not classes, they hold {raw[odd][0]}: pass whole numbers or texts.")
        return raw.astype(np.int64)
    if raw.dtype.kind not in "bU":
        raise InputError(f"The labels y have type {raw.dtype}: pass whole numbers, booleans or texts.")
    return raw


def _of_objects(raw: np.ndarray) -> np.ndarray:
    """What series of texts, and lists of mixed values, are as arrays."""
    values = raw.ravel().tolist()
    for kind in (str, bool | np.bool_, numbers.Real):
        if all(isinstance(value, kind) for value in values):
            return np.array(values).reshape(raw.shape)
    kinds: dict[bool, Any] = {}
    for value in values:
        kinds.setdefault(isinstance(value, str), value)
    shown = " and ".join(repr(value)[:40] for value in kinds.values())
    raise InputError(f"The labels y hold {shown}: pass whole numbers alone, or booleans, or texts.")


def _signs(raw: np.ndarray) -> Int[np.ndarray, " n"] | None:
    """The labels as +1/-1, where they are binary."""
    if raw.dtype.kind == "b":
        return np.where(raw, 1, -1).astype(np.int64)
    distinct = np.unique(raw)
    if len(distinct) == 2:
        return np.where(raw == distinct[1], 1, -1).astype(np.int64)
    if len(distinct) == 1 and raw.dtype.kind == "i" and abs(int(distinct[0])) == 1:
        return raw.astype(np.int64)
    return None


def _check_ids(distinct: Int[np.ndarray, " k"], n: int) -> None:
    low, high = int(distinct[0]), int(distinct[-1])
    if low < 0:
        raise InputError(f"The labels y mix -1 or less ({low}) with {high}: pass +1/-1, or class ids 0..k-1.")
    absent = np.setdiff1d(np.arange(min(high, n) + 1), distinct)
    if len(absent):
        raise InputError(f"The labels y have no point of class {absent[0]}: renumber the classes as 0..k-1.")
