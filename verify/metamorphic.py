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
import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Bool, Float, Int

import solvers
from solvers import Norm
from solvers.errors import InputError
from verify.datasets import Dataset
from verify.losses import Loss
from verify.quantities import Measurement
from verify.trajectory import Simulation

if TYPE_CHECKING:
    from verify.claims import Claim
    from verify.laboratory import Laboratory

NOISE = 2.0**-36
"""Relative noise of the data: thousands of times the rounding of a gradient, and small enough to act linearly."""
_STABLE = 64 * NOISE  # a run that the noise changes by more is not judged
_ROUNDED = 4 * 2.0**-52  # of a few operations on reference margins, relative

Weights = np.ndarray
Generator = np.random.Generator


class Image(NamedTuple):
    """A dataset that was changed, and the map from weights of the original run to those of the changed one."""

    dataset: Dataset
    carry: Callable[[Weights], Weights]


Relation = Callable[[Dataset, Generator], Image]
"""Changes a dataset; what is random about it comes from the generator."""


def unchanged(dataset: Dataset, rng: Generator) -> Image:
    """The dataset itself, for relations between two optimizers."""
    return Image(dataset, lambda w: w)


def rotation(dataset: Dataset, rng: Generator) -> Image:
    """Features turned by a random orthogonal `Q`: `x Q`, with weights `W Q`."""
    q = np.linalg.qr(rng.normal(size=(dataset.d, dataset.d)))[0]
    return Image(Dataset(dataset.x @ q, dataset.y, dataset.name), lambda w: w @ q)


def signed_permutation(dataset: Dataset, rng: Generator) -> Image:
    """Features in another order, some of them with the other sign, and their weights likewise."""
    order, signs = rng.permutation(dataset.d), rng.choice([-1.0, 1.0], size=dataset.d)
    return Image(Dataset(dataset.x[:, order] * signs, dataset.y, dataset.name), lambda w: w[..., order] * signs)


def reordering(dataset: Dataset, rng: Generator) -> Image:
    """Samples in another order and, where there are any, classes under other numbers, with their rows of weights."""
    rows = rng.permutation(dataset.n)
    if dataset.binary:
        return Image(Dataset(dataset.x[rows], dataset.y[rows], dataset.name), lambda w: w)
    old = rng.permutation(dataset.classes)
    new = np.argsort(old)
    return Image(Dataset(dataset.x[rows], new[dataset.y[rows]], dataset.name), lambda w: w[old])


def relabelling_alone(dataset: Dataset, rng: Generator) -> Image:
    """The classes under other numbers, with the weights as they were: for twins."""
    return Image(reordering(dataset, rng).dataset, lambda w: w)


def doubling(dataset: Dataset, rng: Generator) -> Image:
    """Every sample twice."""
    return Image(_repeated(dataset, np.full(dataset.n, 2)), lambda w: w)


def doubling_of_one(dataset: Dataset, rng: Generator) -> Image:
    """One sample twice, the others once: for twins, since it changes the mean loss unless there is one sample."""
    return Image(_repeated(dataset, 1 + (np.arange(dataset.n) == rng.integers(dataset.n))), lambda w: w)


def _repeated(dataset: Dataset, times: Int[np.ndarray, " n"]) -> Dataset:
    return Dataset(np.repeat(dataset.x, times, axis=0), np.repeat(dataset.y, times), dataset.name)


def shift(dataset: Dataset, rng: Generator) -> Image:
    """The same data, and weights `W + 1 u^T`: one vector added to the weights of every class changes no margin."""
    u = rng.normal(size=_classes(dataset).d)
    return Image(dataset, lambda w: w + u)


def shift_of_one(dataset: Dataset, rng: Generator) -> Image:
    """The same data, and a vector added to the weights of one class: for twins, since it changes margins."""
    u = np.zeros(_classes(dataset).weights_shape)
    u[0] = rng.normal(size=dataset.d)
    return Image(dataset, lambda w: w + u)


def centring(dataset: Dataset, rng: Generator) -> Image:
    """The same data, and weights `W - 1 1^T W / k`.

    A run keeps this relation where the sum over classes, `1^T W`, stays what it was at the start.
    """
    _classes(dataset)
    return Image(dataset, lambda w: w - w.mean(axis=0))


def two_classes_as_binary(dataset: Dataset, rng: Generator) -> Image:
    """Classes 0 and 1 as the labels +1 and -1, with weights `w = W_0 - W_1`."""
    if dataset.classes != 2:
        raise InputError(f"The dataset has {dataset.classes} classes: draw it with multiclass(max_classes=2).")
    return Image(Dataset(dataset.x, 1 - 2 * dataset.y, dataset.name), lambda w: w[0] - w[1])


def _classes(dataset: Dataset) -> Dataset:
    if dataset.binary:
        raise InputError("This relation is one between classes, but the labels are +1/-1: use class ids.")
    return dataset


def scaled_gradients(optimizer: optax.GradientTransformation, factor: float) -> optax.GradientTransformation:
    """The optimizer on the loss times `factor`."""
    return optax.chain(optax.scale(factor), optimizer)


def unevenly_scaled_gradients(optimizer: optax.GradientTransformation) -> optax.GradientTransformation:
    """The optimizer on gradients of which each entry is multiplied by a positive factor of its own, from 1/4 to 4."""

    def scale(g: jax.Array) -> jax.Array:
        place = np.tensordot([3, 1][-g.ndim :], np.indices(g.shape), axes=1)
        return g * jnp.asarray(2.0 ** (place % 5 - 2), g.dtype)

    return optax.chain(optax.stateless(lambda updates, params=None: jax.tree.map(scale, updates)), optimizer)


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
    optimizer: optax.GradientTransformation,
    datasets: Sequence[Dataset],
    starts: Sequence[np.ndarray],
    *,
    loss: str | Loss,
    steps: int,
    platform: str | None,
) -> _Trail:
    """Weights three times a decade, which is where a simulation can stop."""
    simulation = Simulation(optimizer, datasets, loss=loss, norms=("l2",), platform=platform, w0=starts)
    stops = 10 ** (np.arange(1, round(3 * np.log10(steps)) + 1) / 3)
    results = [simulation.advance(int(stop + 1e-6)).result() for stop in stops]
    return _Trail(
        np.array([r.time[-1] for r in results]),
        [r.weights for r in results],
        np.stack([r.margin[:, -1] for r in results], axis=1),
    )


def generator(dataset: Dataset, purpose: str) -> np.random.Generator:
    """Random numbers that depend on the dataset and on what they are for, and on nothing else."""
    shape = f"{purpose} {dataset.x.shape}".encode()
    digest = hashlib.sha256(shape + dataset.x.tobytes() + dataset.y.tobytes()).digest()
    return np.random.default_rng(np.frombuffer(digest, np.uint32))


def noisy(dataset: Dataset) -> Dataset:
    """The dataset with relative noise of `NOISE` on every feature; zeros stay zero."""
    noise = generator(dataset, "noise").uniform(-NOISE, NOISE, size=dataset.x.shape)
    return Dataset(dataset.x * (1 + noise), dataset.y, dataset.name)


@dataclass(frozen=True)
class Discrepancy:
    """By how much two runs differ that must agree: the claim's, and its image's under a relation.

    Of weights `W_t` and `W'_t` it is `||W'_t - carry(W_t)|| / ||carry(W_t)||`, or if larger the difference of the
    margins over `||W_t|| max_i ||x_i||`, in the L2 norm. `Measurement.bound` is what noise in the data makes, at most
    so far. partner: the optimizer on the image, by default the claim's. steps: at most these many.
    """

    relation: Relation
    partner: optax.GradientTransformation | None = None
    steps: int = 1_000
    name: str = field(default="discrepancy", init=False)

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        images = [self.relation(s, generator(s, "relation")) for s in lab.datasets]
        starts = [generator(s, "start").normal(size=s.weights_shape) for s in lab.datasets]
        run = functools.partial(_trail, loss=claim.loss, steps=min(self.steps, lab.steps), platform=lab.platform)
        both = run(claim.optimizer, [*lab.datasets, *map(noisy, lab.datasets)], [*starts, *starts])
        original, shaken = both.split(len(starts))
        partner = claim.optimizer if self.partner is None else self.partner
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

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        binary = [two_classes_as_binary(s, generator(s, "relation")).dataset for s in lab.datasets]
        alone = [self._difference(norm, lab, binary) for norm in self.norms]
        values, bounds, certified = (np.stack(parts) for parts in zip(*alone, strict=True))
        nearest = np.argmax(values / bounds, axis=0)[None, :]
        values, bounds = (np.take_along_axis(a, nearest, axis=0).T for a in (values, bounds))
        return _timeless(values, bounds, np.asarray(certified.all(axis=0)), lab.datasets)

    def _difference(self, name: str, lab: Laboratory, binary: list[Dataset]) -> tuple[np.ndarray, ...]:
        kind = solvers.norm(name)
        classes = lab.references(name)
        labels = solvers.max_margins([(s.x, s.y) for s in binary], "l2" if kind.matrix_only else name)
        factor = self.factor(kind)
        low, high = np.array([[r.lower for r in classes], [r.upper for r in classes]])
        least, most = factor * np.array([[r.lower for r in labels], [r.upper for r in labels]])
        certified = np.array([a.certified and b.certified for a, b in zip(classes, labels, strict=True)])
        # Both in units of the margin; the product with the factor, and the middles, are rounded.
        return abs(low + high - least - most) / 2 / most, (high - low + most - least) / 2 / most + _ROUNDED, certified


@dataclass(frozen=True)
class OrderedMargins:
    """The maximal margin in a norm over that in the next one: the largest along chains of norms.

    A norm that is nowhere smaller has a maximal margin that is nowhere larger, so it is at most 1 along a chain of
    falling norms. Lower ends of brackets are divided by upper ones, so that more than 1 is a proof. There is no time.
    """

    chains: tuple[tuple[str, ...], ...]
    name: str = field(default="maximal margin over that in a smaller norm", init=False)

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        pairs = [pair for chain in self.chains for pair in itertools.pairwise(chain)]
        references = {name: lab.references(name) for pair in pairs for name in pair}
        certified = np.array([[r.certified for r in column] for column in references.values()])
        ratios = [
            [a.lower / b.upper for a, b in zip(references[large], references[small], strict=True)]
            for large, small in pairs
        ]
        values = np.max(ratios, axis=0)[:, None]
        return _timeless(values, np.ones_like(values), np.asarray(certified.all(axis=0)), lab.datasets)


def _timeless(
    values: Float[np.ndarray, "b 1"],
    bound: Float[np.ndarray, "b 1"],
    judged: Bool[np.ndarray, " b"],
    datasets: Sequence[Dataset],
) -> Measurement:
    lost = np.count_nonzero(~judged)
    notes = (f"{lost} references were not certified and are left out",) if lost else ()
    return Measurement(np.zeros(1), values, np.zeros(len(values)), judged, datasets, None, notes, bound)
