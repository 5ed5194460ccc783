"""Data of two patches, a feature and sparse noise: on them a convolutional network shows what its optimizer prefers.

A sample of label y, +1 or -1 with equal chances, is a pair of patches in R^d, in any order. One is the feature, `y v`
with a unit vector v; the other is noise, Gaussian of standard deviation `sigma_p` on `s` random coordinates off the
feature's, less the feature noise `alpha y v`.

The theorem's orders make the training noise of different samples meet nowhere. Then a weight on a noise coordinate
is seen by one sample at most, and `Blocks` keeps the noise as `[n, s]` instead of `[n, d]`: nothing is approximated.
Coordinates that no training sample has are alike; `spare` of them stand for all, since one test point needs at most s.

Reference: Zou, Cao, Li, Gu (2021), Definition 3.1, as Tang et al. (2025) state it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float
from scipy import sparse, stats

from solvers.errors import InputError
from verify import backend as backend
from verify.datasets.cases import Setting

Weights = Mapping[str, Any]
"""Weights by part, each `[2 m ..]`: class (+1 first, then -1), neuron, coordinates."""


@dataclass(frozen=True, kw_only=True)
class PatchModel(Setting):
    """The law of the data, by the paper's letters.

    n: training samples. d: coordinates of a patch. s: those that noise falls on. alpha: strength of the feature noise.
    sigma_p: standard deviation of a noise entry. width: entries of the feature v, all equal; 1 in the theorem.
    disjoint: no two training samples share a noise coordinate; else supports are drawn independently.

    Raises `InputError` where the sizes do not fit each other.
    """

    n: int
    d: int
    s: int
    alpha: float
    sigma_p: float
    width: int = 1
    disjoint: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if min(self.n, self.s, self.width) < 1 or self.sigma_p < 0:
            raise InputError(f"Patches need n, s and width of 1 or more and a sigma_p of 0 or more, not {self.values}.")
        room = self.d - self.width
        if room < (self.n * self.s if self.disjoint else self.s):
            needed = f"n s = {self.n * self.s}" if self.disjoint else f"s = {self.s}"
            raise InputError(f"Noise of {needed} coordinates does not fit into d - width = {room}: take a larger d.")

    @property
    def spare(self) -> int:
        """Untouched coordinates that are kept, where supports are disjoint: enough for any test point."""
        return min(2 * self.s, self.d - self.width - self.n * self.s)


class Blocks(NamedTuple):
    """Training data of the model. y: `[n]`. share: `[n]`, of a sample in the mean; 0 for padding.

    noise: `[n s]` on disjoint supports, the weights on them then `[2 m n s]`; or `[n d-width]`, the weights
    `[2 m d-width]`. feature: v on its coordinates, `[width]`. alpha: `[]`.
    """

    y: Array | np.ndarray
    share: Array | np.ndarray
    noise: Array | np.ndarray
    feature: Array | np.ndarray
    alpha: Array | np.ndarray | float

    def project(self, w: Weights) -> Float[Array, "two m n patches"]:
        """Inner products of all weights with the patches."""
        seen = (w["feature"] @ self.feature)[..., None] * self.y[None, None]
        return jnp.stack([seen, self.noise_products(w) - self.alpha * seen], axis=-1)

    def noise_products(self, w: Weights) -> Float[Array, "two m n"]:
        """Inner products with the Gaussian noise alone."""
        if w["noise"].ndim == self.noise.ndim + 2:
            # Fused into one pass, where a batched matrix product would copy the weights.
            return jnp.sum(w["noise"] * self.noise[None, None], axis=-1)
        return jnp.asarray(w["noise"] @ self.noise.T)


class Patches(NamedTuple):
    """Any data of patches. y, share: as for `Blocks`. x: `[n patches d]`, the weights `{"all": [2 m d]}`."""

    y: Array | np.ndarray
    share: Array | np.ndarray
    x: Array | np.ndarray

    def project(self, w: Weights) -> Float[Array, "two m n patches"]:
        """Inner products of all weights with the patches."""
        return jnp.einsum("jmd,npd->jmnp", w["all"], self.x)


def draw(model: PatchModel, seed: int) -> Blocks:
    """Training data; classes are as equal as n allows, as in the paper's experiment."""
    rng = np.random.default_rng([seed, 0])
    y = np.where(np.arange(model.n) % 2 == 0, 1.0, -1.0)
    values = model.sigma_p * rng.standard_normal((model.n, model.s))
    noise = values if model.disjoint else _scattered(values, model.d - model.width, rng).toarray()
    feature = np.full(model.width, model.width**-0.5)
    return Blocks(y, np.full(model.n, 1 / model.n), noise, feature, np.array(model.alpha))


def start(model: PatchModel, m: int, sigma_0: float, seed: int) -> dict[str, np.ndarray]:
    """Gaussian weights of standard deviation sigma_0 by part: `feature`, `noise` and `spare`."""
    rng = np.random.default_rng([seed, 1])
    noise = (model.n, model.s) if model.disjoint else (model.d - model.width,)
    shapes = {"feature": (model.width,), "noise": noise, "spare": (model.spare if model.disjoint else 0,)}
    return {name: sigma_0 * rng.standard_normal((2, m, *shape)) for name, shape in shapes.items()}


class Fresh(NamedTuple):
    """Test points: labels `[n]` and noise over the flattened coordinates that are kept, `[n, noise + spare]`."""

    y: np.ndarray
    noise: sparse.csr_matrix


def fresh(model: PatchModel, count: int, seed: int) -> Fresh:
    """Points of the law of the training data, independent of them and of each other given the weights."""
    rng = np.random.default_rng([seed, 2])
    y = np.where(rng.random(count) < 0.5, 1.0, -1.0)
    values = model.sigma_p * rng.standard_normal((count, model.s))
    if not model.disjoint:
        return Fresh(y, _scattered(values, model.d - model.width, rng))
    touched = model.n * model.s
    # By the inverse of its distribution: numpy draws hypergeometric numbers out of fewer than 10^9 only.
    chances = np.cumsum(_relative_chances(model))
    hits = np.searchsorted(chances / chances[-1], rng.random(count), side="right")
    # The first columns of random orders of the spare coordinates, then as many replaced as hit the training data's.
    columns = touched + np.argsort(rng.random((count, model.spare)), axis=1)[:, : model.s]
    for row in np.flatnonzero(hits):
        columns[row, : hits[row]] = rng.choice(touched, hits[row], replace=False)
    return Fresh(y, _rows(values, columns, touched + model.spare))


def hits_law(model: PatchModel) -> Any:
    """The law of the number of coordinates that a test point's noise shares with the training data's."""
    # A test point's other coordinates lie among those that no training sample has.
    return stats.hypergeom(model.d - model.width, model.n * model.s, model.s)


def _relative_chances(model: PatchModel) -> Float[np.ndarray, " hits"]:
    """The chances of 0, 1, ..., s hits over that of none, by the ratios of successive ones; scipy's take 0.1 s."""
    touched, k = model.n * model.s, np.arange(model.s)
    spare = model.d - model.width - touched - model.s
    return np.cumprod(np.r_[1.0, (touched - k) * (model.s - k) / ((k + 1.0) * (spare + k + 1.0))])


def _scattered(values: Float[np.ndarray, "n s"], d: int, rng: np.random.Generator) -> sparse.csr_matrix:
    columns = np.stack([rng.choice(d, values.shape[1], replace=False) for _ in values])
    return _rows(values, columns, d)


def _rows(values: np.ndarray, columns: np.ndarray, d: int) -> sparse.csr_matrix:
    ends = np.arange(0, values.size + 1, values.shape[1])
    return sparse.csr_matrix((values.ravel(), columns.ravel(), ends), shape=(len(values), d))
