"""Datasets padded to a few shapes, so that thousands of them run through a handful of compiled programs.

Padding changes nothing: an extra row repeats a real one and has weight zero in the loss, an extra column is
zero and its weight is held at zero, an extra class is no rival to anybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt32

from solvers.labelled import aligned
from verify.backend import power_of_two
from verify.datasets.dataset import Dataset

_SMALLEST = {"n": 16, "d": 8, "k": 4}
_LARGEST = 64


Values = Any
"""A numpy array before a program is called with it, a jax array inside."""


class Batch(NamedTuple):
    """`b` datasets of one padded shape. Binary data have no class axis: `rivals` is then `[b n 1]`, all true.

    x: `[b n d]` features, times the label where the data are binary.
    label: `[b n k]` one-hot labels (`[b n 0]` for binary data).
    rivals: `[b n m]` which rivals a sample has: the wrong classes, or the one of binary data.
    weight: `[b n]` a sample's weight in the mean loss: `1 / n`, or 0 for padding.
    real: `[b k d]` (binary `[b d]`) weights that exist before padding.
    touched: of `real`, those in whose feature some sample is not zero.
    key: `[b 2]` random bits from which mini-batches are drawn.
    sign: `[b n]` the labels of binary data whose `x` is without them; an empty tuple where it is with them.
    """

    x: Values
    label: Values
    rivals: Values
    weight: Values
    real: Values
    touched: Values
    key: Values
    sign: Any = ()


def _padded(size: int, axis: str) -> int:
    """The next power of two, and at least the smallest bucket."""
    return power_of_two(size, _SMALLEST[axis])


def _bucket(dataset: Dataset, pad_weights: bool) -> tuple[int, int, int]:
    """The padded shape `(n, d, k)` of a dataset; a large one keeps its own, where padding costs more than it saves."""
    n, d, k = dataset.n, dataset.d, dataset.classes
    if large(dataset):
        return n, d, k
    if not pad_weights:
        return _padded(n, "n"), d, k
    return _padded(n, "n"), _padded(d, "d"), _padded(k, "k") if k else 0


def _fill_features(x: np.ndarray, dataset: Dataset) -> None:
    """Its points with their labels where they are binary, and again in the rows that are left."""
    n, d = dataset.x.shape
    rows = np.resize(np.arange(n), len(x))
    own = x[:, :d]
    np.multiply(dataset.x, 1 if dataset.classes else dataset.y[:, None], out=own[:n], casting="same_kind")
    own[n:] = own[rows[n:]]


def _fill(batch: Batch, i: int, dataset: Dataset) -> None:
    """All but the features."""
    n, d, k = dataset.n, dataset.d, dataset.classes
    rows = np.resize(np.arange(n), batch.x.shape[1])
    batch.weight[i, :n] = 1 / n
    touched = np.any(dataset.x, axis=0)
    if k:
        batch.label[i, np.arange(len(rows)), dataset.y[rows]] = 1
        batch.rivals[i, :, :k] = batch.label[i, :, :k] == 0
        batch.real[i, :k, :d] = True
        batch.touched[i, :k, :d] = touched
    else:
        batch.rivals[i] = True
        batch.real[i, :d] = True
        batch.touched[i, :d] = touched


def _around(x: np.ndarray, datasets: Sequence[Dataset], k: int, keys: UInt32[np.ndarray, "b 2"] | None) -> Batch:
    """The batch of these datasets, given its features."""
    b, n, d = x.shape
    weights = (b, k, d) if k else (b, d)
    batch = Batch(
        x=x,
        label=np.zeros((b, n, k), x.dtype),
        rivals=np.zeros((b, n, k or 1), bool),
        weight=np.zeros((b, n), x.dtype),
        real=np.zeros(weights, bool),
        touched=np.zeros(weights, bool),
        key=np.zeros((b, 2), np.uint32) if keys is None else keys,
    )
    for i, dataset in enumerate(datasets):
        _fill(batch, i, dataset)
    return batch


def pad(
    datasets: Sequence[Dataset],
    shape: tuple[int, int, int],
    dtype: type = np.float64,
    keys: UInt32[np.ndarray, "b 2"] | None = None,
) -> Batch:
    """Put datasets into one batch of the padded shape `(n, d, k)`, `k = 0` for binary labels.

    keys: for drawing mini-batches; zeros by default.
    """
    n, d, k = shape
    x = aligned((len(datasets), n, d), dtype)
    for own, dataset in zip(x, datasets, strict=True):
        _fill_features(own, dataset)
    return _around(x, datasets, k, keys)


def alone(dataset: Dataset, dtype: type = np.float64, keys: UInt32[np.ndarray, "1 2"] | None = None) -> Batch:
    """The batch of one dataset in its own shape, which shares its features with it where they are of that type.

    keys: as of `pad`.
    """
    batch = _around(dataset.x.astype(dtype, copy=False)[None], [dataset], dataset.classes, keys)
    return batch if dataset.classes else batch._replace(sign=dataset.y.astype(dtype)[None])


def large(dataset: Dataset) -> bool:
    """Whether it keeps its own shape among others, since padding would cost more than it saves."""
    return max(dataset.n, dataset.d) > _LARGEST


def points(
    datasets: Sequence[Dataset],
    n: int,
    size: int,
    dtype: type = np.float64,
    keys: UInt32[np.ndarray, "b 2"] | None = None,
) -> Batch:
    """Datasets of as many features and classes in one batch of `n` rows, for a model of `size` parameters.

    Features are as they are, and `label` of binary data is `[b n 1]`, their labels; the parameters have no padding.
    """
    first, b = datasets[0], len(datasets)
    signed = pad(datasets, (n, first.d, first.classes), dtype, keys)
    every = np.ones((b, size), bool)
    if not first.binary:
        return signed._replace(real=every, touched=every)
    label = np.stack([np.resize(s.y, n)[:, None] for s in datasets]).astype(dtype)
    return signed._replace(x=signed.x * label, label=label, real=every, touched=every)


def unpadded(datasets: Sequence[Dataset]) -> bool:
    """Whether the datasets are all of one shape, larger than the smallest bucket: these are not padded at all."""
    shapes = {(s.n, s.d, s.classes) for s in datasets}
    return len(shapes) == 1 and any(size > _SMALLEST[axis] for size, axis in zip(shapes.pop(), "ndk", strict=True))


def group_points(datasets: Sequence[Dataset]) -> dict[tuple[int, int, int], list[int]]:
    """Indices of the datasets by their shape `(n, d, k)`, of which only `n` is padded, up to a power of two.

    Nothing is padded where they are `unpadded`.
    """
    if unpadded(datasets):
        return {(datasets[0].n, datasets[0].d, datasets[0].classes): list(range(len(datasets)))}
    groups: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for i, s in enumerate(datasets):
        groups[power_of_two(s.n, 8) if s.n <= _LARGEST else s.n, s.d, s.classes].append(i)
    return dict(groups)


def group(datasets: Sequence[Dataset], pad_weights: bool = True) -> dict[tuple[int, int, int], list[int]]:
    """Indices of the datasets by padded shape `(n, d, k)`, in the order in which they came.

    Without `pad_weights` only `n` is padded, and nothing where they are `unpadded`.
    """
    if unpadded(datasets):
        first = datasets[0]
        return {(first.n, first.d, first.classes): list(range(len(datasets)))}
    groups: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for i, dataset in enumerate(datasets):
        groups[_bucket(dataset, pad_weights)].append(i)
    return dict(groups)
