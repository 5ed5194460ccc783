"""Hypothesis strategies for separable datasets, valid by construction, edge cases included.

A dataset is drawn as a *flavour*, one row of the table `FLAVOURS`: plain small integers, Gaussian, duplicated
points, zero columns, points close to the margin, tiny margins and so on. Integers come first, so that a
counterexample shrinks to a few points with small integer features; the simplest one is `Dataset([[1]], [1])`.
Every flavour builds its points around a known separator, so nothing is filtered for separability and no
optimisation problem is solved while drawing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import hypothesis
from hypothesis import strategies as st

from solvers import Norm
from solvers import norm as parse
from solvers.errors import InputError
from verify.datasets import cross_norm as crossing
from verify.datasets.dataset import Dataset, scaled_to_unit_rows
from verify.datasets.flavours import FLAVOURS, Draw, Flavour, Limits
from verify.datasets.repairs import cross_ratio, with_margin_within, with_support_gap

# Unused choices that make every other flavour longer than the simplest integers.
_PADDING = 8

__all__ = ["FLAVOURS", "Flavour", "batches", "binary", "multiclass"]


def binary(
    *,
    max_points: int = 12,
    max_features: int = 8,
    flavours: Sequence[str] | None = None,
    unit_rows: bool = False,
    support_gap: float | None = None,
    gap_norm: str | Norm = "l2",
    gamma_bounds: tuple[float, float] | None = None,
    gamma_norm: str | Norm = "l2",
    cross_norm: tuple[str | Norm, str | Norm, float] | None = None,
) -> st.SearchStrategy[Dataset]:
    """Separable datasets with labels +1/-1, `n <= max_points` and `d <= max_features`.

    flavours: rows of `FLAVOURS` by name, all that fit by default; a dataset's `name` is its flavour. unit_rows: divide
    the data by their largest row norm (L2), for theorems that assume `||x_i|| <= 1`. support_gap: every margin outside
    the support is at least `(1 + support_gap)` times the maximal margin, measured at the reference maximiser in
    `gap_norm`. gamma_bounds: `(low, high)` with the maximal normalised margin in `gamma_norm` between them, by scaling.

    cross_norm: `(a, b, ratio)`: the norm-b maximiser has a normalised margin in norm a of at most `ratio` times the
    maximum, so that a claim with the wrong norm is refuted. These data have a construction of their own (named
    "cross_norm") instead of flavours. A norm-b maximiser that is not unique is the one that `max_margin` returns.

    Raises `InputError` for an unknown flavour or norm, options that exclude each other, bounds out of order, and sizes
    too small for the flavours or for the ratio asked for.
    """
    limits = Limits(max_points, max_features, (0,))
    options = _Options(unit_rows, support_gap, gap_norm, gamma_bounds, gamma_norm, cross_norm)
    return _strategy(limits, flavours, options)


def multiclass(
    *,
    max_classes: int = 4,
    max_points: int = 12,
    max_features: int = 8,
    flavours: Sequence[str] | None = None,
    unit_rows: bool = False,
    support_gap: float | None = None,
    gap_norm: str | Norm = "l2",
    gamma_bounds: tuple[float, float] | None = None,
    gamma_norm: str | Norm = "l2",
    cross_norm: tuple[str | Norm, str | Norm, float] | None = None,
) -> st.SearchStrategy[Dataset]:
    """Separable datasets with class ids 0..k-1, `2 <= k <= max_classes`, every class with a point.

    The other arguments, and the errors, are those of `binary`. With a `support_gap` of 1 or more, about one
    dataset in four is drawn anew, because repairing it did not end.
    """
    if max_classes < 2:
        raise InputError(f"max_classes is {max_classes}: allow at least two classes, or use strategies.binary.")
    limits = Limits(max_points, max_features, tuple(range(2, max_classes + 1)))
    options = _Options(unit_rows, support_gap, gap_norm, gamma_bounds, gamma_norm, cross_norm)
    return _strategy(limits, flavours, options)


def batches(
    strategy: st.SearchStrategy[Dataset], *, max_size: int = 32, min_size: int = 1
) -> st.SearchStrategy[list[Dataset]]:
    """Lists of datasets from `strategy`, often of `max_size` and shrinking to `min_size` of them.

    `hypothesis.strategies.lists` would draw about six at a time, whereas a run of the engine costs nearly
    the same for a full batch. Raises `InputError` unless `1 <= min_size <= max_size`.
    """
    if not 1 <= min_size <= max_size:
        raise InputError(f"min_size is {min_size} and max_size {max_size}: choose 1 <= min_size <= max_size.")
    return _batches(strategy, max_size, min_size)


@st.composite
def _batches(draw: Draw, strategy: st.SearchStrategy[Dataset], max_size: int, min_size: int) -> list:
    batch = [draw(strategy) for _ in range(min_size)]
    while len(batch) < max_size:
        dataset = draw(_perhaps(strategy))
        if dataset is None:
            break
        batch.append(dataset)
    return batch


@st.composite
def _perhaps(draw: Draw, strategy: st.SearchStrategy[Dataset]) -> Dataset | None:
    # Flag and dataset form one span, which the shrinker deletes whole; 0 is simplest and ends the batch.
    return draw(strategy) if draw(st.integers(0, 255)) else None


@dataclass(frozen=True)
class _Options:
    unit_rows: bool
    support_gap: float | None
    gap_norm: str | Norm
    gamma_bounds: tuple[float, float] | None
    gamma_norm: str | Norm
    cross_norm: tuple[str | Norm, str | Norm, float] | None
    # Whether the ratio of `cross_norm` may be lost after the construction.
    recheck: bool = False

    def __post_init__(self) -> None:
        parse(self.gap_norm)
        parse(self.gamma_norm)
        if self.support_gap is not None and not 0.0 < self.support_gap < math.inf:
            raise InputError(f"support_gap is {self.support_gap}: give a positive number such as 0.1.")
        if self.gamma_bounds is not None:
            low, high = self.gamma_bounds
            if not 0.0 < low < high:
                raise InputError(f"gamma_bounds is {self.gamma_bounds}: give (low, high) with 0 < low < high.")
            if self.unit_rows:
                raise InputError("unit_rows and gamma_bounds both fix the scale of the data: choose one of them.")
        if self.cross_norm is not None and not 0.0 < self.cross_norm[2] < 1.0:
            raise InputError(f"the ratio of cross_norm is {self.cross_norm[2]}: give a number between 0 and 1.")

    def apply(self, dataset: Dataset) -> Dataset | None:
        """The dataset with every option in force, or None when repairing it failed."""
        if self.support_gap is not None:
            repaired = with_support_gap(dataset, self.support_gap, self.gap_norm)
            if repaired is None:
                return None
            dataset = repaired
        if self.recheck and self.cross_norm is not None:
            a, b, ratio = self.cross_norm
            if cross_ratio(dataset, a, b) > ratio:
                return None
        if self.gamma_bounds is not None:
            return with_margin_within(dataset, self.gamma_bounds, self.gamma_norm)
        return scaled_to_unit_rows(dataset) if self.unit_rows else dataset


def _strategy(limits: Limits, names: Sequence[str] | None, options: _Options) -> st.SearchStrategy[Dataset]:
    if options.cross_norm is None:
        drawn = _flavoured(limits, st.sampled_from(_chosen(names, limits)))
    else:
        if names is not None:
            raise InputError("flavours and cross_norm each choose the points: give one of them.")
        a, b, ratio = options.cross_norm
        bases = crossing.bases(parse(a), parse(b), ratio, limits)
        # Stretching points may move a maximiser, and a maximiser that is not unique is the solver's choice.
        recheck = options.support_gap is not None or not all(base.unique for base in bases)
        options = replace(options, recheck=recheck)
        drawn = _crossed(limits, st.sampled_from(bases))
    if options.support_gap is None and not options.recheck:
        return drawn.map(options.apply).map(_certain)
    return drawn.map(options.apply).filter(lambda dataset: dataset is not None).map(_certain)


def _certain(dataset: Dataset | None) -> Dataset:
    assert dataset is not None
    return dataset


@st.composite
def _flavoured(draw: Draw, limits: Limits, flavours: st.SearchStrategy[Flavour]) -> Dataset:
    flavour = draw(flavours)
    hypothesis.event("flavour", flavour.name)
    classes = draw(st.sampled_from([k for k in limits.classes if flavour.fits(limits, k)]))
    x, y = flavour.build(draw, limits, classes)
    if flavour.name != "integers":
        # Of two counterexamples hypothesis holds the one with fewer choices to be simpler.
        draw(st.tuples(*[st.booleans()] * _PADDING))
    return Dataset(x, y, flavour.name, classes=classes)


@st.composite
def _crossed(draw: Draw, limits: Limits, bases: st.SearchStrategy[crossing.Base]) -> Dataset:
    base = draw(bases)
    x, y = crossing.draw_points(draw, base, limits)
    hypothesis.event("flavour", "cross_norm")
    return Dataset(x, y, "cross_norm", classes=base.classes)


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
