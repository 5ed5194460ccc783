"""Labelled data: features `x [n, d]` with labels +1/-1 (binary) or class ids 0..k-1 (multiclass)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from jaxtyping import Float, Int

from solvers import labelled
from solvers.errors import InputError
from verify.datasets.cases import Case

# Above this many feature entries `repr` gives sizes instead of a Python expression.
_LARGEST_EXPRESSION = 256


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Features and labels, validated and read-only.

    x: features `[n d]`: an array or rows of numbers, a frame of pandas or polars, or a scipy sparse matrix; float64
    from then on. y: labels `[n]`. Two distinct ones, whatever they are (+1/-1, 0/1, booleans, texts), are *binary*: the
    later in sorted order becomes +1 and the other -1, and weights have shape `[d]`; so are labels that are all +1, or
    all -1. classes: 2 makes two classes of them, 0 and 1, with weights `[2, d]`. Three or more distinct labels are k
    classes, with weights `[k, d]`: the numbers 0..k-1, or texts, numbered in sorted order. A dataset has k in `classes`
    once it is made, and 0 where it is binary.

    Lists are accepted and copied. Separability is not required here (`verify.datasets.real.require_separable` does
    that).

    Raises `InputError` when `x` is not a finite, non-empty matrix of numbers, or when `y` is not `n` such labels with
    every class present.
    """

    x: Float[np.ndarray, "n d"]
    y: Int[np.ndarray, " n"]
    name: str = ""
    # None is what the labels say; from the start of its life it is a number.
    classes: int = field(default=cast(int, None), kw_only=True)

    def __post_init__(self) -> None:
        x = labelled.features(self.x)
        y, classes = labelled.labels(self.y, len(x), self.classes)
        x.setflags(write=False)
        y.setflags(write=False)
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)
        object.__setattr__(self, "classes", classes)

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
        return not self.classes

    @property
    def problem(self) -> tuple[Float[np.ndarray, "n d"], Int[np.ndarray, " n"], int]:
        """Features, labels and classes, as `solvers.max_margins` takes them."""
        return self.x, self.y, self.classes

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

    def least_margin(self, weights: Float[np.ndarray, "*shape"]) -> float:
        """The least margin of weights of the shape `weights_shape`, without making the margin vectors."""
        scores = self.x @ weights.T
        if self.binary:
            return float((self.y * scores).min())
        own = np.arange(self.n), self.y
        mine = scores[own]
        scores[own] = -np.inf
        return float((mine - scores.max(axis=1)).min())

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
        # Labels of a record are as they are in a dataset: 0 and 1 are two classes there, not binary.
        classes = None if {-1, 1}.issuperset(record["y"]) else max(record["y"]) + 1
        return cls(record["x"], record["y"], record.get("name", ""), classes=cast(int, classes))

    def __repr__(self) -> str:
        """The data as a Python expression (without the name), or name and sizes when it is large."""
        if self.x.size > _LARGEST_EXPRESSION:
            return self.summary
        two = ", classes=2" if self.classes == 2 else ""
        return f"Dataset({_plain(self.x)}, {self.y.tolist()}{two})"

    @property
    def summary(self) -> str:
        """Name and sizes."""
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
    return replace(dataset, x=x / scale)


def rotated(dataset: Dataset, seed: int | Sequence[int]) -> Dataset:
    """The dataset with its features turned by a random orthogonal matrix (Haar measure).

    Margins in the L2 norm stay, margins in every other norm change: a control for claims about geometry.
    """
    gaussian = np.random.default_rng(seed).standard_normal((dataset.d, dataset.d))
    q, r = np.linalg.qr(gaussian)
    # The signs of R's diagonal make the distribution uniform (Mezzadri 2007).
    return replace(dataset, x=dataset.x @ (q * np.sign(np.diag(r))))


def _plain(x: np.ndarray) -> list[list[float]]:
    """Nested lists with whole numbers as ints, so that `[[1, 2]]` prints as it would be typed."""
    exact = 2.0**53
    return [
        [int(value) if value == np.trunc(value) and abs(value) < exact else value for value in row]
        for row in x.tolist()
    ]
