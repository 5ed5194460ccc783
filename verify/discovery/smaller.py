"""A smaller dataset on which something still holds: fewer points, fewer features, rounder numbers.

A hunt's worst case is drawn, or built, and seldom small; hypothesis makes draws smaller that it can draw again. Here
the one dataset is made smaller, whatever drew it, and stays among those that a problem draws as far as can be seen from
outside: it keeps what it has in common with all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace

import numpy as np

import solvers
from solvers.errors import InputError
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset

_SAME = 1e-9  # relative difference of sizes that is none
_ROUNDING = 1e-12
_LEAST = 1e-300  # of the largest number, below which powers of ten that round it are none
_DIGITS = 4  # after the first one, that numbers are rounded to at the finest

Holds = Callable[[Dataset], bool]


def smaller(dataset: Dataset, holds: Holds, *, most: int, among: Sequence[Dataset] = ()) -> Dataset:
    """The smallest dataset found on which it holds, or the dataset itself.

    Labels are folded into the points, features left out, then points, then numbers are cut off after so many decimal
    places, toward zero, so that no point becomes longer. holds: of a dataset, whether what matters is still so; it is
    asked once of data that differ in the order of points only. most: how often that is asked. among: what a problem
    draws, see `traits`.
    """
    known: dict[Hashable, bool] = {}
    kept = traits(dataset, among)

    def good(found: Dataset) -> bool:
        if not all(has(found) for has in kept.values()):
            return False
        key = _in_order(found)
        if key not in known:
            known[key] = len(known) < most and holds(found)
        return known[key]

    before = None
    while before is not dataset and len(known) < most:
        before = dataset
        for candidates in (_folded, _rounder):
            dataset = next((each for each in candidates(dataset) if good(each)), dataset)
            for axis in (1, 0):
                dataset = _fewer(dataset, good, axis)
    return dataset


def traits(dataset: Dataset, drawn: Sequence[Dataset]) -> dict[str, Holds]:
    """What a dataset has in common with all that are drawn, by name: at most what `TRAITS` tells of, and as many points
    or features as the smallest of them.
    """
    if not drawn:
        return {}
    points, features = min(each.n for each in drawn), min(each.d for each in drawn)
    classes = {each.classes for each in drawn}
    common: dict[str, Holds] = {
        f"at least {points} points": lambda each: each.n >= points,
        f"at least {features} features": lambda each: each.d >= features,
        "as many classes": lambda each: each.classes in classes,
    }
    common = {name: has for name, has in (common | TRAITS).items() if has(dataset)}
    return {name: has for name, has in common.items() if all(map(has, drawn))}


def _lengths(dataset: Dataset) -> np.ndarray:
    return np.linalg.norm(dataset.x, axis=1)


def _orthogonal(dataset: Dataset) -> bool:
    products = dataset.x @ dataset.x.T
    return bool(np.all(np.abs(products - np.diag(np.diag(products))) <= _SAME * np.abs(products).max()))


def _separable(dataset: Dataset) -> bool:
    try:
        solvers.max_margin(*dataset.problem[:2], "l2", classes=dataset.classes)
    except InputError:
        return False
    return True


TRAITS: dict[str, Holds] = {
    "no point is longer than 1": lambda each: bool(_lengths(each).max() <= 1 + _SAME),
    "points are equally long": lambda each: bool(np.ptp(_lengths(each)) <= _SAME * _lengths(each).max()),
    "points are orthogonal": _orthogonal,
    "points are independent": lambda each: np.linalg.matrix_rank(each.x) == each.n,
    "features are independent": lambda each: np.linalg.matrix_rank(each.x) == each.d,
    "no point is zero": lambda each: bool(_lengths(each).min() > 0),
    "numbers are whole": lambda each: bool(np.all(each.x == np.round(each.x))),
    "no number is negative": lambda each: bool(np.all(each.x >= 0)),
    "both labels occur": lambda each: len(np.unique(each.y)) > 1,
    "labels are evenly many": lambda each: bool(np.ptp(np.unique(each.y, return_counts=True)[1]) == 0),
    "no point occurs twice": lambda each: len(np.unique(np.c_[each.x, each.y], axis=0)) == each.n,
    "weights separate the points": _separable,
    "no weights separate the points": lambda each: not _separable(each),
}
"""What may be seen of data that a theorem may need."""


def sized(case: Case) -> str:
    """Its points and features, or that it has none."""
    return f"{case.n} x {case.d} numbers" if isinstance(case, Dataset) else "a setting"


def _in_order(dataset: Dataset) -> Hashable:
    """The same for data that differ in the order of their points only."""
    rows = np.column_stack([dataset.y, dataset.x])
    return rows.shape, rows[np.lexsort(rows.T)].tobytes()


def _folded(dataset: Dataset) -> Iterator[Dataset]:
    """With all labels +1, of labels that are +1 and -1."""
    if dataset.binary and (dataset.y < 0).any():
        yield Dataset(dataset.signed, np.ones(dataset.n, int), dataset.name)


def _fewer(dataset: Dataset, good: Holds, axis: int) -> Dataset:
    """Without points (axis 0) or features (axis 1), half of them at a time, then a quarter, and at last one by one."""
    size = dataset.x.shape[axis] // 2
    while size:
        start = 0
        while start < dataset.x.shape[axis]:
            found = _without(dataset, slice(start, start + size), axis)
            if found is not None and good(found):
                dataset = found
            else:
                start += size
        size //= 2
    return dataset


def _without(dataset: Dataset, part: slice, axis: int) -> Dataset | None:
    """None where nothing would be left, or a class lose its last point."""
    x = np.delete(dataset.x, part, axis=axis)
    y = np.delete(dataset.y, part) if axis == 0 else dataset.y
    return None if not x.size else _made(dataset, x, y)


def _made(dataset: Dataset, x: np.ndarray, y: np.ndarray) -> Dataset | None:
    try:
        return replace(dataset, x=x, y=y)
    except InputError:
        return None


def _rounder(dataset: Dataset) -> Iterator[Dataset]:
    """With numbers of fewer decimal places, from the fewest on, as long as they have fewer."""
    largest = np.abs(dataset.x).max()
    if not largest > _LEAST:
        return
    first = -int(np.floor(np.log10(largest)))
    for places in range(first, first + _DIGITS + 1):
        # A hundred times 0.29 comes to a little less than 29.
        x = np.trunc(dataset.x * 10.0**places * (1 + _ROUNDING)) / 10.0**places
        if np.array_equal(x, dataset.x):
            return
        if (found := _made(dataset, x, dataset.y)) is not None:
            yield found
