"""Relations between the maximal margins of a dataset, as quantities."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

import solvers
from solvers import Norm
from verify.datasets.dataset import Dataset
from verify.problems.margins.relations import two_classes_as_binary
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject
from verify.seeds import generator

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

_ROUNDED = 4 * 2.0**-52  # of a few operations on reference margins, relative


@dataclass(frozen=True)
class TwoClassMargins:
    """How far maximal margins of two classes are from `factor` times those of the same data with labels +1/-1.

    Of the norms the one that comes nearest to refuting it; `Measurement.bound` is what the brackets of the two
    references leave open, so that a value above it separates them. The binary norm of a Schatten norm is L2, since
    `(w, -w)` is of rank one. factor: from a norm to the factor. There is no time.
    """

    norms: tuple[str, ...]
    factor: Callable[[Norm], float]
    name: str = field(default="relative difference of two maximal margins", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """One value a dataset, judged where the references of all norms are certified."""
        binary = [two_classes_as_binary(s, generator(s.x, s.y, "relation")).dataset for s in lab.datasets]
        return _nearest([self._difference(norm, lab, binary) for norm in self.norms], lab.datasets)

    def _difference(self, name: str, lab: Laboratory, binary: list[Dataset]) -> tuple[np.ndarray, ...]:
        kind = solvers.norm(name)
        classes = lab.references(name)
        labels = solvers.max_margins([s.problem for s in binary], "l2" if kind.matrix_only else name)
        factor = self.factor(kind)
        low, high = np.array([[r.lower for r in classes], [r.upper for r in classes]])
        least, most = factor * np.array([[r.lower for r in labels], [r.upper for r in labels]])
        certified = np.array([a.certified and b.certified for a, b in zip(classes, labels, strict=True)])
        # Both in units of the margin; the product with the factor, and the middles, are rounded.
        return abs(low + high - least - most) / 2 / most, (high - low + most - least) / 2 / most + _ROUNDED, certified


@dataclass(frozen=True)
class KnownMargins:
    """How far maximal margins are from numbers in closed form, relative to these.

    Of the norms the one that comes nearest to refuting it; `Measurement.bound` is what the reference's bracket leaves
    open, so that a value above it separates them. known: from a norm and a dataset to the number. There is no time.
    """

    norms: tuple[str, ...]
    known: Callable[[Norm, Dataset], float]
    name: str = field(default="relative error of a maximal margin", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """One value a dataset, judged where the references of all norms are certified."""
        return _nearest([self._error(norm, lab) for norm in self.norms], lab.datasets)

    def _error(self, name: str, lab: Laboratory) -> tuple[np.ndarray, ...]:
        found = lab.references(name)
        known = np.array([self.known(solvers.norm(name), s) for s in lab.datasets])
        low, high = np.array([[r.lower for r in found], [r.upper for r in found]])
        certified = np.array([r.certified for r in found])
        return abs(low + high - 2 * known) / 2 / known, (high - low) / 2 / known + _ROUNDED, certified


@dataclass(frozen=True)
class OrderedMargins:
    """The maximal margin in a norm over that in the next one: the largest along chains of norms.

    A norm that is nowhere smaller has a maximal margin that is nowhere larger, so it is at most 1 along a chain of
    falling norms. Lower ends of brackets are divided by upper ones, so that more than 1 is a proof. There is no time.
    """

    chains: tuple[tuple[str, ...], ...]
    name: str = field(default="maximal margin over that in a smaller norm", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """One value a dataset, judged where the references of all norms are certified."""
        pairs = [pair for chain in self.chains for pair in itertools.pairwise(chain)]
        references = {name: lab.references(name) for pair in pairs for name in pair}
        certified = np.array([[r.certified for r in column] for column in references.values()])
        ratios = [
            [a.lower / b.upper for a, b in zip(references[large], references[small], strict=True)]
            for large, small in pairs
        ]
        values = np.max(ratios, axis=0)[:, None]
        return _timeless(values, np.ones_like(values), np.asarray(certified.all(axis=0)), lab.datasets)


def _nearest(alone: list[tuple[np.ndarray, ...]], datasets: Sequence[Dataset]) -> Measurement:
    """Of the values, bounds and certificates `[b]` of several norms, on each dataset those nearest to failing."""
    values, bounds, certified = (np.stack(parts) for parts in zip(*alone, strict=True))
    nearest = np.argmax(values / bounds, axis=0)[None, :]
    values, bounds = (np.take_along_axis(a, nearest, axis=0).T for a in (values, bounds))
    return _timeless(values, bounds, np.asarray(certified.all(axis=0)), datasets)


def _timeless(
    values: Float[np.ndarray, "b 1"],
    bound: Float[np.ndarray, "b 1"],
    judged: Bool[np.ndarray, " b"],
    datasets: Sequence[Dataset],
) -> Measurement:
    lost = np.count_nonzero(~judged)
    notes = (f"{lost} references were not certified and are left out",) if lost else ()
    return Measurement(np.zeros(1), values, np.zeros(len(values)), judged, datasets, None, notes, bound)
