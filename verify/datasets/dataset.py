"""Labelled data: features `x [n, d]` with labels +1/-1 (binary) or class ids 0..k-1 (multiclass)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from solvers.errors import InputError
from verify.datasets.cases import Case

# Above this many feature entries `repr` gives sizes instead of a Python expression.
_LARGEST_EXPRESSION = 256


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Features and labels, validated and read-only.

    The labels say which problem it is: all in {+1, -1} is *binary*, where a weight vector has shape `[d]`;
    integers 0..k-1 are k classes, with weights of shape `[k, d]`. Labels {0, 1} are two classes, not binary.
    Lists are accepted and copied. Separability is not required here (`realdata.require_separable` does that).

    Raises `InputError` when `x` is not a finite, non-empty `[n, d]` array of numbers, or when `y` is not `n`
    labels of one of the two forms with every class present.
    """

    x: Float[np.ndarray, "n d"]
    y: Int[np.ndarray, " n"]
    name: str = ""

    def __post_init__(self) -> None:
        x = _features(self.x)
        y = _labels(self.y, len(x))
        x.setflags(write=False)
        y.setflags(write=False)
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)

    @property
    def n(self) -> int:
        """The number of points."""
        return self.x.shape[0]

    @property
    def d(self) -> int:
        """The number of features."""
        return self.x.shape[1]

    @property
    def binary(self) -> bool:
        """Whether the labels are +1/-1."""
        return _is_binary(self.y)

    @property
    def classes(self) -> int:
        """The number of classes `k`, and 0 for binary labels."""
        return 0 if self.binary else int(self.y.max()) + 1

    @property
    def weights_shape(self) -> tuple[int, ...]:
        """The shape of a weight vector: `(d,)` for binary labels, `(k, d)` for classes."""
        return (self.d,) if self.binary else (self.classes, self.d)

    @property
    def signed(self) -> Float[np.ndarray, "n d"]:
        """The points with their labels folded in, `y_i x_i`; raises `InputError` unless binary."""
        if not self.binary:
            raise InputError(
                f"signed points need labels +1/-1 but there are {self.classes} classes: use margin_vectors."
            )
        return self.y[:, None] * self.x

    @property
    def margin_vectors(self) -> Float[np.ndarray, "m p"]:
        """The vectors `q` whose inner products with the flattened weights are the margins.

        Binary: `y_i x_i`, shape `[n, d]`. Multiclass: `(e_{y_i} - e_c) x_i^T` flattened, one row for every
        point `i` and wrong class `c` in increasing order, shape `[n (k - 1), k d]`.
        """
        if self.binary:
            return self.signed
        k = self.classes
        point, wrong = np.nonzero(np.arange(k)[None, :] != self.y[:, None])
        rows = np.zeros((len(point), k, self.d))
        each = np.arange(len(point))
        rows[each, self.y[point]] = self.x[point]
        rows[each, wrong] = -self.x[point]
        return rows.reshape(len(point), k * self.d)

    @property
    def key(self) -> tuple:
        """Shape and bytes of the data: equal for datasets that differ in name at most."""
        return self.x.shape, self.x.tobytes(), self.y.tobytes()

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers, exact to the last bit; `from_json` is the inverse."""
        return {"x": _plain(self.x), "y": self.y.tolist(), "name": self.name}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Dataset:
        """The dataset of a `to_json` record; raises `InputError` when a field is missing."""
        missing = [field for field in ("x", "y") if field not in record]
        if missing:
            raise InputError(f"a dataset record lacks {' and '.join(missing)}: write it with Dataset.to_json.")
        return cls(record["x"], record["y"], record.get("name", ""))

    def __repr__(self) -> str:
        """The data as a Python expression (without the name), or name and sizes when it is large."""
        if self.x.size <= _LARGEST_EXPRESSION:
            return f"Dataset({_plain(self.x)}, {self.y.tolist()})"
        labels = "binary" if self.binary else f"{self.classes} classes"
        name = f"{self.name!r}, " if self.name else ""
        return f"<Dataset: {name}{self.n} points, {self.d} features, {labels}>"


def datasets_of(cases: Sequence[Case]) -> list[Dataset]:
    """The cases, all of which must be datasets; raises `InputError` if one is not."""
    data = [case for case in cases if isinstance(case, Dataset)]
    if len(data) < len(cases):
        raise InputError("A quantity measured on datasets was asked of settings: draw datasets in the claim's problem.")
    return data


def shown(record: Mapping[str, Any]) -> str:
    """A case's `to_json` as one line: a Python expression for a dataset, `name=value` for a setting."""
    if "setting" in record:
        return ", ".join(f"{name}={value}" for name, value in record["setting"].items())
    return repr(Dataset.from_json(record))


def scaled_to_unit_rows(dataset: Dataset) -> Dataset:
    """The dataset divided by its largest row norm (L2), for theorems that assume `||x_i|| <= 1`.

    The rows' norms as numpy computes them do not exceed 1. Raises `InputError` when every point is zero.
    """
    largest = float(np.abs(dataset.x).max())
    if largest == 0.0:
        raise InputError("every point of the dataset is zero and cannot be scaled: give at least one non-zero row.")
    x = dataset.x / largest
    scale = float(np.linalg.norm(x, axis=1).max())
    # Rounding of the division may leave a norm one unit in the last place above 1.
    while np.linalg.norm(x / scale, axis=1).max() > 1.0:
        scale = float(np.nextafter(scale, np.inf))
    return Dataset(x / scale, dataset.y, dataset.name)


def rotated(dataset: Dataset, seed: int | Sequence[int]) -> Dataset:
    """The dataset with its features turned by a random orthogonal matrix (Haar measure).

    Margins in the L2 norm stay, margins in every other norm change: a control for claims about geometry.
    """
    gaussian = np.random.default_rng(seed).standard_normal((dataset.d, dataset.d))
    q, r = np.linalg.qr(gaussian)
    # The signs of R's diagonal make the distribution uniform (Mezzadri 2007).
    return Dataset(dataset.x @ (q * np.sign(np.diag(r))), dataset.y, dataset.name)


def _features(x: Any) -> Float[np.ndarray, "n d"]:
    try:
        array = np.asarray(x)
        if array.dtype.kind not in "iuf":
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise InputError(
            "x is not an array of real numbers: give n rows of d numbers each, all of one length."
        ) from None
    if array.ndim != 2:
        raise InputError(f"x has shape {array.shape}: give a 2-d array [n, d], one row for each point.")
    if array.size == 0:
        raise InputError(f"x has shape {array.shape} and is empty: give at least one point and one feature.")
    if not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0]
        raise InputError(
            f"x is {array[row, column]} at row {row}, column {column}: replace values that are not finite."
        )
    return array


def _labels(y: Any, n: int) -> Int[np.ndarray, " n"]:
    form = "labels are all +1/-1 (binary) or all integers 0..k-1 (classes)"
    try:
        array = np.asarray(y)
    except ValueError:
        raise InputError(f"y is not a list of numbers: {form}.") from None
    if array.dtype.kind not in "iuf":
        raise InputError(f"y has entries of type {array.dtype}: {form}.")
    if array.shape != (n,):
        raise InputError(f"y has shape {array.shape} but x has {n} rows: give one label for each row.")
    fractional = ~np.isfinite(array) | (array != np.trunc(array))
    if fractional.any():
        raise InputError(f"y holds {array[fractional][0]}: {form}.")
    if np.abs(array).max() >= 2**31:
        raise InputError(f"y holds {array[np.abs(array).argmax()]}: {form}.")
    array = array.astype(np.int64)
    if _is_binary(array):
        return array
    if array.min() < 0:
        raise InputError(f"y mixes {array.min()} with {array.max()}: {form}.")
    present = np.unique(array)
    if len(present) == 1:
        raise InputError(f"every label is {present[0]}: give at least two classes, or +1/-1 labels.")
    if present[-1] >= len(present):
        absent = np.setdiff1d(np.arange(len(present)), present)[0]
        raise InputError(f"class {absent} has no point although class {present[-1]} has: renumber classes 0..k-1.")
    return array


def _is_binary(y: np.ndarray) -> bool:
    return bool((np.abs(y) == 1).all())


def _plain(x: np.ndarray) -> list[list[float]]:
    """Nested lists with whole numbers as ints, so that `[[1, 2]]` prints as it would be typed."""
    exact = 2.0**53
    return [
        [int(value) if value == np.trunc(value) and abs(value) < exact else value for value in row]
        for row in x.tolist()
    ]
