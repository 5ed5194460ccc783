"""How a dataset may be changed, and what the change does to the weights that a run reaches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Int

from solvers.errors import InputError
from verify.datasets.dataset import Dataset

SHRUNKEN = 2.0**-30
"""The factor of `shrunken`: a power of two, so that nothing is rounded."""

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
    return Image(replace(dataset, x=dataset.x @ q), lambda w: w @ q)


def signed_permutation(dataset: Dataset, rng: Generator) -> Image:
    """Features in another order, some of them with the other sign, and their weights likewise."""
    order, signs = rng.permutation(dataset.d), rng.choice([-1.0, 1.0], size=dataset.d)
    return Image(replace(dataset, x=dataset.x[:, order] * signs), lambda w: w[..., order] * signs)


def shrunken(dataset: Dataset, rng: Generator) -> Image:
    """Features times `SHRUNKEN`, with weights over it, which leaves every margin as it was."""
    return Image(replace(dataset, x=dataset.x * SHRUNKEN), lambda w: w / SHRUNKEN)


def reordering(dataset: Dataset, rng: Generator) -> Image:
    """Samples in another order and, where there are any, classes under other numbers, with their rows of weights."""
    rows = rng.permutation(dataset.n)
    if dataset.binary:
        return Image(replace(dataset, x=dataset.x[rows], y=dataset.y[rows]), lambda w: w)
    old = rng.permutation(dataset.classes)
    new = np.argsort(old)
    return Image(replace(dataset, x=dataset.x[rows], y=new[dataset.y[rows]]), lambda w: w[old])


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
    return replace(dataset, x=np.repeat(dataset.x, times, axis=0), y=np.repeat(dataset.y, times))


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
