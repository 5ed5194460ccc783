"""Lemmas as finite inequalities: evaluated at weights that nobody would choose, or at every step of short runs.

A lemma has two sides, `[b r]` over `b` datasets and `r` places. Places are arbitrary weights of many scales, or the
steps of a `Walk`. Of several norms, or several parts of a lemma, a measurement keeps at each place the one that is
nearest to failing; its notes say which.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
import optax
from jaxtyping import Float

import solvers.norms
from solvers import Reference
from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject
from verify.runs.walk import Readings, pad_weights, read, walk

NORMS = ("l1", "l1.5", "l2", "linf", "spectral", "nuclear")
_ROUNDING = 1e-12  # of sides that are computed in the log domain, relative to the largest of a dataset
_GAUSSIAN, _SPARSE = 24, 8  # arbitrary weights of each kind
_LEAST_MULTIPLIER = 1e-7

Curves = Float[np.ndarray, "b r"]
Sides = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""By part, the smaller and the larger side. Where the larger one is infinite the lemma says nothing."""


@dataclass(frozen=True, eq=False)
class Places:
    """Weights of `b` datasets with what a lemma may say about them; a lemma in one norm at a time.

    weights, at: `[b r k d]` and the readings there. For a walk of `r` steps they have `r + 1` entries, and `updates`
    and `step_sizes: [r]` belong to the first `r` of them.
    """

    lab: Laboratory
    norm: str
    weights: np.ndarray
    at: Readings
    updates: np.ndarray | None = None
    step_sizes: Float[np.ndarray, " r"] | None = None

    @property
    def gamma(self) -> Float[np.ndarray, "b 1"]:
        """Maximal margins in the norm, from below."""
        return self.margin_in(self.norm)

    def margin_in(self, norm: str) -> Float[np.ndarray, "b 1"]:
        """Maximal margins in a norm, from below."""
        return np.array([[r.lower] for r in self.lab.references(norm)])

    @property
    def n(self) -> Float[np.ndarray, "b 1"]:
        """Number of samples."""
        return np.array([[float(s.n)] for s in self.lab.datasets])

    @property
    def radius(self) -> Float[np.ndarray, "b 1"]:
        """`B`, the largest L1 norm of a sample."""
        return self.radius_in("l1")

    def radius_in(self, norm: str) -> Float[np.ndarray, "b 1"]:
        """Largest norm of a sample."""
        geometry = solvers.norms.norm(norm)
        return np.array([[max(float(geometry.value(row)) for row in s.x)] for s in self.lab.datasets])

    @property
    def eta(self) -> Float[np.ndarray, "1 r"]:
        """The step sizes."""
        return self._walked(self.step_sizes)[None, :]

    @property
    def steps(self) -> np.ndarray:
        """The updates over the step sizes, `[b r k d]`: minus the directions of descent."""
        return self._walked(self.updates) / self._walked(self.step_sizes)[None, :, None, None]

    def value(self, v: np.ndarray) -> Curves:
        """The norm of arrays `[b r k d]`."""
        return _over_places(self.norm, "value", v)

    def dual(self, v: np.ndarray, norm: str | None = None) -> Curves:
        """The dual norm of arrays `[b r k d]`; of another norm if one is named."""
        return _over_places(norm or self.norm, "dual_value", v)

    def direction(self, v: np.ndarray) -> np.ndarray:
        """Steepest directions of arrays, all `[b r k d]`."""
        return _over_places(self.norm, "direction", v)

    def _walked(self, kept: np.ndarray | None) -> np.ndarray:
        if kept is None:
            raise InputError("Arbitrary weights have no steps: state this lemma along a walk.")
        return kept


@functools.cache
def _mapped(norm: str, method: str) -> Callable[[Any], Any]:
    return jax.jit(jax.vmap(jax.vmap(getattr(solvers.norms.norm(norm), method))))


def _over_places(norm: str, method: str, v: np.ndarray) -> np.ndarray:
    return np.asarray(_mapped(norm, method)(v))


def inner(a: np.ndarray, b: np.ndarray) -> Curves:
    """Inner products of arrays `[b r k d]`."""
    return np.einsum("brkd,brkd->br", a, b)


@dataclass(frozen=True)
class Arbitrary:
    """Zero, weights of random direction and scale, sparse ones, and multiples of max-margin weights, for each dataset.

    maximisers: the norms whose max-margin weights are among them, once as they are, and once moved so that the samples'
    shares of the gradient are the multipliers, which is where the gradient is as small as it can be.
    The weights depend on the dataset alone.
    """

    maximisers: tuple[str, ...] = ("l2",)

    def places(self, lab: Laboratory, norm: str) -> Places:
        """The weights of all datasets, padded to one shape, with what was read there; there are no updates."""
        datasets = lab.datasets
        references = [lab.references(name) for name in self.maximisers]
        own = [_arbitrary_weights(s, [r[i] for r in references]) for i, s in enumerate(datasets)]
        weights = pad_weights(datasets, own)
        return Places(lab, norm, weights, read(datasets, weights))


def _arbitrary_weights(dataset: Dataset, references: Sequence[Reference]) -> np.ndarray:
    content = hashlib.sha256(dataset.x.tobytes() + dataset.y.tobytes()).digest()
    rng = np.random.default_rng(int.from_bytes(content[:8], "big"))
    shape, size = dataset.weights_shape, float(np.abs(dataset.x).sum(axis=1).max()) or 1.0
    scales = 10 ** rng.uniform(-2, 2, (_GAUSSIAN + _SPARSE, 1, 1)) / size
    random = scales * rng.normal(size=(_GAUSSIAN + _SPARSE, *shape))
    random[_GAUSSIAN:] *= rng.random(random[_GAUSSIAN:].shape) < 0.3
    found = [np.zeros((1, *shape)), random]
    for reference in references:
        best = reference.weights / reference.lower
        found += [s * best[None] for s in (0.1, 1.0, 10.0)]
        found += [(s * best + _levelled(dataset, reference))[None] for s in (10.0, 100.0, 400.0)]
    return np.concatenate(found)


def _levelled(dataset: Dataset, reference: Reference) -> np.ndarray:
    """Weights whose margins on the support vectors are minus the logarithms of their multipliers, nearly."""
    multipliers, support = np.asarray(reference.multipliers), np.asarray(reference.support)
    if dataset.classes:
        rivals = np.arange(dataset.classes)[None, :] != dataset.y[:, None]
        multipliers, support = multipliers[rivals], support[rivals]
    used = support | (multipliers > _LEAST_MULTIPLIER)
    levels = -np.log(np.maximum(multipliers[used], _LEAST_MULTIPLIER))
    return np.linalg.lstsq(dataset.margin_vectors[used], levels, rcond=None)[0].reshape(dataset.weights_shape)


@dataclass(frozen=True)
class Along:
    """Every step of runs from zero weights, one for each norm.

    method: from a norm's name to its optimizer. step_size: the schedule that it was given. length: the number of steps.
    """

    method: Callable[[str], optax.GradientTransformation]
    step_size: optax.Schedule
    length: int = 1000

    def places(self, lab: Laboratory, norm: str) -> Places:
        """The weights of every step, with its update and its step size."""
        kept = walk(self.method(norm), lab.datasets, steps=self.length)
        step_sizes = np.asarray(jax.vmap(self.step_size)(np.arange(self.length)))
        return Places(lab, norm, kept.weights, read(lab.datasets, kept.weights), kept.updates, step_sizes)


def _places(lab: Laboratory, where: Arbitrary | Along, norm: str) -> Places:
    """The places of a laboratory, of which a claim and its twins share what they can."""
    if isinstance(where, Arbitrary):
        found = lab.once(("places", where), lambda: where.places(lab, norm))
        return Places(lab, norm, found.weights, found.at)
    key = where.method(norm), where.step_size, where.length, norm
    return lab.once(("places", key), lambda: where.places(lab, norm))


@dataclass(frozen=True)
class Lemma:
    """An inequality between two sides, at places.

    name: of the smaller side, in a few words. sides: from places to both sides, by part. norms: those it is stated in.
    """

    name: str
    sides: Callable[[Places], Sides]
    where: Arbitrary | Along
    norms: tuple[str, ...] = NORMS

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """The smaller side as `values`, the larger one as `bound`, of the norm and the part nearest to failing."""
        parts = {
            f"{part} in {norm}".strip(): sides
            for norm in self.norms
            for part, sides in self.sides(_places(lab, self.where, norm)).items()
        }
        smaller, larger = (np.stack([np.broadcast_to(*_alike(s, i)) for s in parts.values()]) for i in (0, 1))
        ratio = _nearness(smaller, larger)
        nearest = np.argmax(ratio, axis=0)[None]
        values, bound = (np.take_along_axis(side, nearest, axis=0)[0] for side in (smaller, larger))
        judged = np.isfinite(bound).any(axis=1)
        sizes = np.maximum(np.abs(values), np.where(np.isfinite(bound), np.abs(bound), 0.0))
        return Measurement(
            np.log(np.arange(1, values.shape[1] + 1)),
            values,
            _ROUNDING * sizes.max(axis=1),
            judged,
            lab.datasets,
            bound=bound,
            notes=self._notes(list(parts), ratio, judged),
        )

    def _notes(self, parts: list[str], ratio: Float[np.ndarray, "parts b r"], judged: np.ndarray) -> tuple[str, ...]:
        near = ", ".join(f"{ratio[i].max():.4g} ({part})" for i, part in enumerate(parts))
        notes = [f"largest ratio of the sides: {near}"]
        if isinstance(self.where, Arbitrary):
            notes.append(f"t numbers the {ratio.shape[2]} weights that are tried on a dataset, the first of them 0")
        if not judged.all():
            notes.append(f"{np.count_nonzero(judged)} of the {len(judged)} datasets could be judged")
        return tuple(notes)


def _alike(sides: tuple[np.ndarray, np.ndarray], i: int) -> tuple[np.ndarray, tuple[int, ...]]:
    return sides[i], np.broadcast_shapes(sides[0].shape, sides[1].shape)


def _nearness(smaller: np.ndarray, larger: np.ndarray) -> np.ndarray:
    """The ratio of the sides; infinite where the larger one is not positive and is exceeded, and at NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(larger > 0, smaller / larger, np.where(smaller > larger, np.inf, 0.0))
    return np.where(np.isnan(smaller) | np.isnan(larger), np.inf, ratio)


def unit_l1_samples(dataset: Dataset) -> Dataset:
    """The dataset divided by `B`, the largest L1 norm of a sample, so that `B = 1` to rounding."""
    size = float(np.abs(dataset.x).sum(axis=1).max())
    if size == 0.0:
        raise InputError("every point of the dataset is zero and cannot be scaled: give at least one non-zero row.")
    return replace(dataset, x=dataset.x / size)


def summed(terms: Curves) -> Float[np.ndarray, "b s"]:
    """Sums of the first 0, 1, ..., r terms."""
    return np.concatenate([np.zeros((len(terms), 1)), np.cumsum(terms, axis=1)], axis=1)


def momentum(places: Places, b1: float) -> np.ndarray:
    """`M_t / G_t` of the moving average `M_t = b1 M_{t-1} + (1 - b1) grad_t` from zero along a walk, `[b r+1 k d]`."""
    fading = b1 * np.exp(-np.diff(places.at.log_proxy, axis=1))
    gradient = (1 - b1) * places.at.gradient
    kept = [gradient[:, 0]]
    for t in range(1, gradient.shape[1]):
        kept.append(fading[:, t - 1, None, None] * kept[-1] + gradient[:, t])
    return np.stack(kept, axis=1)


def memory(step_sizes: Float[np.ndarray, " r"], b1: float, c1: float) -> Float[np.ndarray, " r"]:
    """`sum_{s <= t} b1^s (exp(c1 sum_{tau=1..s} eta_{t-tau}) - 1)` for every step: how far an average lags behind."""
    path = np.concatenate([[0.0], np.cumsum(step_sizes)])[:-1]
    t = np.arange(len(path))
    lag = np.maximum(t[:, None] - t[None, :], 0)
    terms = np.where(t[:, None] >= t[None, :], b1**lag * np.expm1(c1 * np.maximum(path[:, None] - path[None, :], 0)), 0)
    return terms.sum(axis=1)
