"""Hypothesis strategies for separable datasets, valid by construction, edge cases included.

A dataset is drawn as a *flavour*, one row of the table `FLAVOURS`: plain small integers, Gaussian, duplicated
points, zero columns, points close to the margin, tiny margins and so on. Integers come first, so that a
counterexample shrinks to a few points with small integer features; the simplest one is `Dataset([[1]], [1])`.
Every flavour builds its points around a known separator, so nothing is filtered for separability and no
optimisation problem is solved while drawing.
"""

from __future__ import annotations

from collections.abc import Sequence

import hypothesis
from hypothesis import strategies as st

from solvers.errors import InputError
from verify.datasets import Dataset, scaled_to_unit_rows
from verify.flavours import FLAVOURS, Flavour, Limits

__all__ = ["FLAVOURS", "Flavour", "batches", "binary", "multiclass"]


def binary(
    *,
    max_points: int = 12,
    max_features: int = 8,
    flavours: Sequence[str] | None = None,
    unit_rows: bool = False,
) -> st.SearchStrategy[Dataset]:
    """Separable datasets with labels +1/-1, `n <= max_points` and `d <= max_features`.

    `flavours` picks rows of `FLAVOURS` by name (all by default); the dataset's `name` is its flavour. With
    `unit_rows` the data are divided by the largest L2 norm of a row.
    Raises `InputError` for an unknown flavour and for sizes too small for the flavours asked for.
    """
    limits = Limits(max_points, max_features, (0,))
    return _datasets(limits, _chosen(flavours, limits), unit_rows)


def multiclass(
    *,
    max_classes: int = 4,
    max_points: int = 12,
    max_features: int = 8,
    flavours: Sequence[str] | None = None,
    unit_rows: bool = False,
) -> st.SearchStrategy[Dataset]:
    """Separable datasets with class ids 0..k-1, `2 <= k <= max_classes`, every class with a point.

    The other arguments are those of `binary`.
    """
    if max_classes < 2:
        raise InputError(f"max_classes is {max_classes}: allow at least two classes, or use strategies.binary.")
    limits = Limits(max_points, max_features, tuple(range(2, max_classes + 1)))
    return _datasets(limits, _chosen(flavours, limits), unit_rows)


@st.composite
def batches(
    draw: st.DrawFn, strategy: st.SearchStrategy[Dataset], *, max_size: int = 32, min_size: int = 1
) -> list[Dataset]:
    """Lists of datasets from `strategy`, mostly of `max_size` and shrinking to `min_size` of them.

    `hypothesis.strategies.lists` would draw about six at a time, whereas a run of the engine costs nearly
    the same for a full batch.
    """
    if not 1 <= min_size <= max_size:
        raise InputError(
            f"min_size is {min_size} and max_size is {max_size}: choose sizes with 1 <= min_size <= max_size."
        )
    batch = [draw(strategy) for _ in range(min_size)]
    while len(batch) < max_size:
        dataset = draw(_perhaps(strategy))
        if dataset is None:
            break
        batch.append(dataset)
    return batch


@st.composite
def _perhaps(draw: st.DrawFn, strategy: st.SearchStrategy[Dataset]) -> Dataset | None:
    # Flag and dataset form one span, which the shrinker deletes whole; 0 is simplest and ends the batch.
    return draw(strategy) if draw(st.integers(0, 255)) else None


@st.composite
def _datasets(draw: st.DrawFn, limits: Limits, flavours: tuple[Flavour, ...], unit_rows: bool) -> Dataset:
    flavour = draw(st.sampled_from(flavours))
    hypothesis.event("flavour", flavour.name)
    classes = draw(st.sampled_from([k for k in limits.classes if flavour.fits(limits, k)]))
    x, y = flavour.build(draw, limits, classes)
    dataset = Dataset(x, y, name=flavour.name)
    return scaled_to_unit_rows(dataset) if unit_rows else dataset


def _chosen(names: Sequence[str] | None, limits: Limits) -> tuple[Flavour, ...]:
    """The flavours asked for; by default all that the size limits have room for."""
    known = ", ".join(FLAVOURS)
    if names is None:
        fitting = tuple(f for f in FLAVOURS.values() if any(f.fits(limits, k) for k in limits.classes))
        if not fitting:
            raise InputError(f"no flavour fits {limits}: allow more points or features.")
        return fitting
    if not names:
        raise InputError(f"flavours is empty: name at least one of {known}.")
    for name in names:
        if name not in FLAVOURS:
            raise InputError(f"{name!r} is no flavour: choose from {known}.")
        if not any(FLAVOURS[name].fits(limits, k) for k in limits.classes):
            points, features = FLAVOURS[name].least(limits.classes[0])
            raise InputError(f"flavour {name!r} does not fit {limits}: allow {points} points and {features} features.")
    return tuple(FLAVOURS[name] for name in FLAVOURS if name in set(names))
