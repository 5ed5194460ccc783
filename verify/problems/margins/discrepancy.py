"""Metamorphic relations: what must agree when the data, the start weights or the loss are changed in a known way.

No reference is needed, and the relations are exact: in exact arithmetic the two runs agree at every step. In floating
point they agree as far as the run is stable, so a third run measures that: the original one on data that relative
noise of `NOISE` was put on. A sum in another order is no more than such noise of a few units in the last place, so
two runs that agree differ by less than the noise makes (backward error analysis, as in Higham, Accuracy and Stability).

Runs start from random weights and are short. A tie, such as a gradient of zero at weights of zero, is broken by
rounding in every method that jumps there (the sign, one coordinate, the rank of a matrix), and the smallest
difference grows in bursts wherever steps overshoot. A run that makes noise grow more than 64-fold says nothing, since
its next burst may favour either: it is left out and counted (most have tiny margins). What the noise does not show:
a singular value decomposition errs in units of the largest singular value, so the spectral norm wants data whose
samples neither cancel nor differ in weight by 1e8.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from verify.datasets.dataset import Dataset
from verify.losses import Loss
from verify.optimizers.calling import Optimizer
from verify.problems.margins.relations import Relation
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject, loss_of, run_of
from verify.runs.simulation import Simulation
from verify.seeds import generator

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory


NOISE = 2.0**-36
"""Relative noise of the data: thousands of times the rounding of a gradient, and small enough to act linearly."""
_STABLE = 64 * NOISE  # a run that the noise changes by more is not judged


@dataclass(frozen=True)
class _Trail:
    """Runs on `b` datasets: at the `r` steps of `time`, weights (`r` lists of `b` arrays) and margins `[b r]`."""

    time: Int[np.ndarray, " r"]
    weights: list[list[np.ndarray]]
    margin: Float[np.ndarray, "b r"]

    def split(self, count: int) -> tuple[_Trail, _Trail]:
        """The runs on the first `count` datasets, and those on the others."""
        first, rest = slice(None, count), slice(count, None)
        head, tail = (_Trail(self.time, [w[part] for w in self.weights], self.margin[part]) for part in (first, rest))
        return head, tail


def _trail(
    optimizer: Optimizer,
    datasets: Sequence[Dataset],
    starts: Sequence[np.ndarray],
    *,
    loss: str | Loss,
    steps: int,
) -> _Trail:
    """Weights three times a decade, which is where a simulation can stop."""
    simulation = Simulation(optimizer, datasets, loss=loss, norms=("l2",), w0=starts)
    stops = 10 ** (np.arange(1, round(3 * np.log10(steps)) + 1) / 3)
    results = [simulation.advance(int(stop + 1e-6)).result() for stop in stops]
    return _Trail(
        np.array([r.time[-1] for r in results]),
        [r.weights for r in results],
        np.stack([r.margin[:, -1] for r in results], axis=1),
    )


def noisy(dataset: Dataset) -> Dataset:
    """The dataset with relative noise of `NOISE` on every feature; zeros stay zero."""
    noise = generator(dataset.x, dataset.y, "noise").uniform(-NOISE, NOISE, size=dataset.x.shape)
    return replace(dataset, x=dataset.x * (1 + noise))


@dataclass(frozen=True)
class Discrepancy:
    """By how much two runs differ that must agree: the claim's, and its image's under a relation.

    Of weights `W_t` and `W'_t` it is `||W'_t - carry(W_t)|| / ||carry(W_t)||`, or if larger the difference of the
    margins over `||W_t|| max_i ||x_i||`, in the L2 norm. `Measurement.bound` is what noise in the data makes, at most
    so far. partner: the optimizer on the image, by default the claim's. steps: at most these many.
    """

    relation: Relation
    partner: Optimizer | None = None
    steps: int = 1_000
    name: str = field(default="discrepancy", init=False)

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """By steps; both runs of a dataset begin at the same random weights, carried over."""
        images = [self.relation(s, generator(s.x, s.y, "relation")) for s in lab.datasets]
        starts = [generator(s.x, s.y, "start").normal(size=s.weights_shape) for s in lab.datasets]
        run = functools.partial(_trail, loss=loss_of(subject), steps=min(self.steps, lab.steps))
        both = run(run_of(subject).optimizer, [*lab.datasets, *map(noisy, lab.datasets)], [*starts, *starts])
        original, shaken = both.split(len(starts))
        partner = run_of(subject).optimizer if self.partner is None else self.partner
        carried = [image.carry(w) for image, w in zip(images, starts, strict=True)]
        image = run(partner, [i.dataset for i in images], carried)

        carries = [i.carry for i in images]
        size = np.array([[np.linalg.norm(w) for w in weights] for weights in original.weights]).T
        scale = size * np.array([[np.linalg.norm(s.x, axis=1).max()] for s in lab.datasets])
        expected = _carried(original.weights, carries)
        margins = np.abs(np.stack([image.margin, shaken.margin]) - original.margin) / scale
        values = np.maximum(_distance(image.weights, expected), margins[0])
        noise = np.maximum(_distance(_carried(shaken.weights, carries), expected), margins[1])
        return _measurement(original.time, values, noise, lab.datasets)


def _measurement(
    time: Int[np.ndarray, " r"],
    values: Float[np.ndarray, "b r"],
    noise: Float[np.ndarray, "b r"],
    datasets: Sequence[Dataset],
) -> Measurement:
    bound = NOISE + np.maximum.accumulate(noise, axis=1)
    judged = np.isfinite(values).all(axis=1) & (bound[:, -1] <= _STABLE)
    lost = np.count_nonzero(~judged)
    notes = (
        (f"{lost} of {len(judged)} runs are left out: they make noise of 2^-36 in the data grow more than 64-fold",)
        if lost
        else ()
    )
    return Measurement(np.log(time), values, np.zeros(len(datasets)), judged, datasets, None, notes, np.asarray(bound))


def _carried(weights: list[list[np.ndarray]], carries: Sequence[Any]) -> list[list[np.ndarray]]:
    return [[carry(w) for carry, w in zip(carries, row, strict=True)] for row in weights]


def _distance(weights: list[list[np.ndarray]], expected: list[list[np.ndarray]]) -> Float[np.ndarray, "b r"]:
    """Relative distances of the weights, from `r` lists of `b` arrays."""
    pairs = [zip(found, wanted, strict=True) for found, wanted in zip(weights, expected, strict=True)]
    return np.array([[np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in row] for row in pairs]).T
