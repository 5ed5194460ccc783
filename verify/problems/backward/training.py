"""Small networks trained full batch with Adam, many at once: the perturbed one-norm of the gradient while they learn.

Two layers with biases, `f(x) = φ(x W₁ + b₁) W₂ + b₂`, mean cross-entropy E or half the mean squared error. Seeds and
the values of a sweep over Adam's constants are lanes of one compiled program, of which the constants are arguments.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jaxtyping import Bool, Float, Int, Shaped

from solvers.errors import InputError
from verify import backend as backend
from verify.datasets import real
from verify.datasets.cases import Setting
from verify.errors import TrajectoryError
from verify.problems.backward.regimes import (
    late,
    preconditioned_sharpness,
    regimes,
    spiked,
    stability_threshold,
    turns_back,
)
from verify.problems.backward.sweep import Adam, Sweep, one_norm

ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "softplus": jax.nn.softplus,
    "ReLU": jax.nn.relu,
}
"""By name; ReLU is not smooth, as the theory wants it."""


class Loss(NamedTuple):
    """of: the loss of logits `[n k]` and classes `[n]`. ignorance: that of one who knows nothing of k classes."""

    of: Callable[[Array, Array], Array]
    ignorance: Callable[[int], float]


def _cross_entropy(logits: Array, y: Array) -> Array:
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


def _squared(logits: Array, y: Array) -> Array:
    return 0.5 * jnp.sum((logits - jax.nn.one_hot(y, logits.shape[1])) ** 2, axis=1).mean()


LOSSES: Mapping[str, Loss] = {
    "cross-entropy": Loss(_cross_entropy, lambda classes: float(np.log(classes))),
    "squared": Loss(_squared, lambda classes: 0.5 * (1 - 1 / classes)),
}
"""By name; the squared error is that of the classes' indicators, halved."""

HALF = 0.5
"""Share of the loss of one who knows nothing, at which runs are compared."""

_FEATURES = 16  # principal components of real data; drawn points have half as many features
_HELD_OUT = 200  # points that tell the test accuracy
_AROUND = 10  # epochs on each side of one, over which an oscillation is averaged

Parts = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Training(Setting):
    """A network, its data, Adam's constants, and seeds, each of which is a repetition: points, labels, start.

    data: "drawn" (Gaussian points, labelled by a wider network's output above its median) or a real dataset by
    specification (`verify.datasets.real.parse`), of which the leading principal components are used.
    noise: share of the labels to learn that are drawn anew. loss: a name from `LOSSES`. level: share of the loss of one
    who knows nothing, at which runs are compared. eps: that of Adam. norm_eps: that of the norm.
    """

    seeds: tuple[int, ...]
    data: str = "drawn"
    points: int = 64
    noise: float = 0.0
    hidden: int = 8
    activation: str = "tanh"
    loss: str = "cross-entropy"
    level: float = HALF
    beta: float = 0.9
    rho: float = 0.98
    step_size: float = 2e-3
    eps: float = 1e-10
    norm_eps: float = 1e-10

    def __post_init__(self) -> None:
        super().__post_init__()
        for what, name, known in (("activation", self.activation, ACTIVATIONS), ("loss", self.loss, LOSSES)):
            if name not in known:
                raise InputError(f"There is no {what} {name!r}: choose from {', '.join(known)}.")
        if not self.seeds or min(self.points, self.hidden) < 2:
            raise InputError(f"A training needs a seed, two points and two hidden units, not {self}: add some.")
        if not (0 <= self.noise <= 1 and 0 < self.level < 1):
            raise InputError(
                f"Noise and level are shares, not {self.noise} and {self.level}: take some between 0 and 1."
            )

    @property
    def adam(self) -> Adam:
        """The constants of Adam alone."""
        return Adam(self.beta, self.rho, self.step_size, self.eps)

    def with_large_eps(self) -> Training:
        """The same with ε = 100, far above any squared gradient, and a step size of 1/2 in gradient descent's terms."""
        return replace(self, eps=100.0, step_size=5.0)

    def with_squared_loss(self) -> Training:
        """The same with the squared loss, all labels as they were, and three times the step size."""
        return replace(self, loss="squared", noise=0.0, step_size=3 * self.step_size)


@dataclass(frozen=True)
class Curves:
    """What was seen of `b` repetitions and `r` values of a sweep, at the start of each epoch `t`.

    loss, norm, turned: `[b r t]` E, its gradient's perturbed one-norm, and whether that gradient's changes turn back
    (`verify.problems.backward.regimes.turns_back`). sharpness: `[b r m]` the preconditioned sharpness over its
    threshold, at moments evenly spaced (or one NaN). at_level: `[b r]` the test accuracy after the first epoch with a
    loss of at most the level. accuracy: `[b r]` that of the last weights. level: `[b]` that loss.
    """

    loss: Float[np.ndarray, "b r t"]
    norm: Float[np.ndarray, "b r t"]
    turned: Bool[np.ndarray, "b r t"]
    sharpness: Float[np.ndarray, "b r m"]
    at_level: Float[np.ndarray, "b r"]
    accuracy: Float[np.ndarray, "b r"]
    level: Float[np.ndarray, " b"]

    @property
    def spiked(self) -> Bool[np.ndarray, "b r"]:
        """Whether the loss once was twice as large as it had been before."""
        return spiked(self.loss)

    def _crossing(self) -> tuple[Int[np.ndarray, "b r"], Bool[np.ndarray, "b r"]]:
        """The first epoch at the level, and whether there is one, and not the first of all."""
        below = self.loss <= self.level[:, None, None]
        first = np.argmax(below, axis=2)
        return first, below.any(axis=2) & (first > 0)

    def norm_at_level(self) -> Float[np.ndarray, "b r"]:
        """The norm where the loss first reaches the level, interpolated between epochs; NaN where it never does."""
        first, reached = self._crossing()
        after = np.maximum(first, 1)[..., None]

        def at(values: np.ndarray, place: np.ndarray) -> np.ndarray:
            return np.take_along_axis(values, place, axis=2)[..., 0]

        one, two = at(self.loss, after - 1), at(self.loss, after)
        share = (one - self.level[:, None]) / np.where(reached, one - two, 1.0)
        logs = np.log(self.norm)
        between = at(logs, after - 1) * (1 - share) + at(logs, after) * share
        return np.where(reached, np.exp(between), np.nan)

    def mean_norm_at_level(self) -> Float[np.ndarray, "b r"]:
        """The geometric mean of the norm over the 20 epochs around that one; NaN where they are not all there."""
        around, inside = self._around_level(self.norm)
        return np.where(inside, np.exp(np.log(around).mean(axis=2)), np.nan)

    def late_norm(self) -> Float[np.ndarray, "b r"]:
        """The mean norm over the last quarter of the epochs."""
        return late(self.norm).mean(axis=2)

    def regimes(self, at_level: bool = False) -> Shaped[np.ndarray, "b r"]:
        """The `Regime` of each run: in the last quarter of the epochs, or around the level, where that is reached."""
        around, inside = self._around_level(self.turned)
        return regimes(self.loss, around & inside[..., None] if at_level else late(self.turned))

    def _around_level(
        self, values: Shaped[np.ndarray, "b r t"]
    ) -> tuple[Shaped[np.ndarray, "b r s"], Bool[np.ndarray, "b r"]]:
        first, reached = self._crossing()
        epochs = values.shape[2]
        places = first[..., None] + np.arange(-_AROUND, _AROUND)
        inside = reached & (first >= _AROUND) & (first + _AROUND <= epochs)
        return np.take_along_axis(values, np.clip(places, 0, epochs - 1), axis=2), inside


def train(settings: Sequence[Training], sweep: Sweep, epochs: int, *, moments: int = 0) -> Curves:
    """Each setting's networks along the sweep, a repetition for each of its seeds.

    moments: how often, evenly spaced and at the end, the preconditioned sharpness is measured; 0 for never (NaN).
    Settings of the same shapes are trained together; what was trained once in this process is not trained again.
    Raises `TrajectoryError` when a loss is not finite, `InputError` when the moments do not divide the epochs.
    """
    if moments and epochs % moments:
        raise InputError(f"{epochs} epochs cannot be split into {moments} stretches of a length: choose a divisor.")
    groups: dict[Any, list[int]] = {}
    for place, setting in enumerate(settings):
        alike = setting.data, setting.points, setting.hidden, setting.loss, len(setting.seeds)
        groups.setdefault(alike, []).append(place)
    found: list[Curves | None] = [None] * len(settings)
    for places in groups.values():
        together = _train_alike(tuple(settings[i] for i in places), sweep, epochs, moments)
        rows = len(settings[places[0]].seeds)
        for n, i in enumerate(places):
            part = slice(n * rows, (n + 1) * rows)
            found[i] = Curves(*(getattr(together, name)[part] for name in Curves.__dataclass_fields__))
    return Curves(*(np.concatenate([getattr(f, name) for f in found]) for name in Curves.__dataclass_fields__))


@functools.lru_cache(maxsize=16)
def _train_alike(settings: tuple[Training, ...], sweep: Sweep, epochs: int, moments: int) -> Curves:
    rows = [(setting, seed) for setting in settings for seed in setting.seeds]
    points = [_points(setting, seed) for setting, seed in rows]
    classes = 1 + max(int(y.max()) for _, y in points)
    n, d = settings[0].points, points[0][0].shape[1]
    x, y = (jnp.asarray(np.stack(column)) for column in zip(*points, strict=True))
    starts = [_start(d, setting.hidden, classes, seed) for setting, seed in rows]
    start = {name: jnp.asarray(np.stack([s[name] for s in starts])) for name in starts[0]}
    columns = [sweep.columns(setting.adam) for setting, _ in rows]
    adam = Adam(*(jnp.array([[float(a[i]) for a in row] for row in columns]) for i in range(len(Adam._fields))))
    kinds = [list(ACTIVATIONS).index(setting.activation) for setting, _ in rows]
    # Of a batched choice all branches are computed; most batches have the same activation everywhere.
    kind = jnp.array(kinds if len(set(kinds)) > 1 else kinds[0])
    eps = jnp.array([setting.norm_eps for setting, _ in rows])
    name = settings[0].loss
    level = np.array([setting.level for setting, _ in rows]) * LOSSES[name].ignorance(classes)
    lanes = start, (x[:, :n], y[:, :n]), (x[:, n:], y[:, n:]), adam, kind, eps, jnp.asarray(level)
    which = jnp.array(list(LOSSES).index(name))
    seen = (np.asarray(values) for values in _run(*lanes, which, epochs, moments))
    loss, norm, turned, sharpness, at_level, accuracy = seen
    if not np.isfinite(loss).all():
        i, j, t = np.argwhere(~np.isfinite(loss))[0]
        setting, seed = rows[i]
        raise TrajectoryError(f"The loss is not finite at step {t} of {columns[i][j]} with seed {seed} on {setting}.")
    return Curves(loss, norm, turned, sharpness, at_level, accuracy, level)


def _points(setting: Training, seed: int) -> tuple[Float[np.ndarray, "n d"], np.ndarray]:
    """The points to learn, then those held out, and their classes, of which the noise has spared the latter."""
    x, y = _clean_points(setting, seed)
    rng = np.random.default_rng([seed, 3])
    anew = (np.arange(len(y)) < setting.points) & (rng.random(len(y)) < setting.noise)
    return x, np.where(anew, rng.integers(0, y.max() + 1, len(y)), y)


def _clean_points(setting: Training, seed: int) -> tuple[Float[np.ndarray, "n d"], np.ndarray]:
    rng = np.random.default_rng([seed, 1])
    count = setting.points + _HELD_OUT
    if setting.data == "drawn":
        d = _FEATURES // 2
        x = rng.normal(size=(count, d))
        score = np.tanh(2 / np.sqrt(d) * x @ rng.normal(size=(d, 6))) @ rng.normal(size=6)
        return x, (score > np.median(score)).astype(int)
    x, y = _components(setting.data)
    if len(x) < count:
        raise InputError(f"{setting.data} has {len(x)} points, and {count} are needed: take fewer to learn.")
    chosen = rng.permutation(len(x))[:count]
    return x[chosen], y[chosen]


@functools.cache
def _components(spec: str) -> tuple[Float[np.ndarray, "n d"], np.ndarray]:
    """The leading principal components of a real dataset, of mean square 1 altogether, and classes 0..k-1."""
    dataset = real.parse(spec)
    centred = dataset.x - dataset.x.mean(axis=0)
    basis = np.linalg.svd(centred, full_matrices=False)[2][:_FEATURES]
    x = centred @ basis.T
    return x / np.sqrt(np.mean(x**2)), np.unique(dataset.y, return_inverse=True)[1]


def _start(d: int, hidden: int, classes: int, seed: int) -> Parts:
    rng = np.random.default_rng([seed, 2])
    return {
        "first": rng.normal(size=(d, hidden)) / np.sqrt(d),
        "first bias": np.zeros(hidden),
        "second": rng.normal(size=(hidden, classes)) / np.sqrt(hidden),
        "second bias": np.zeros(classes),
    }


def _logits(parts: Parts, x: Array, kind: Array) -> Array:
    z = x @ parts["first"] + parts["first bias"][None]
    return jax.lax.switch(kind, list(ACTIVATIONS.values()), z) @ parts["second"] + parts["second bias"][None]


@functools.partial(jax.jit, static_argnums=(8, 9))
def _run(
    start: Parts, seen: Any, held_out: Any, adam: Adam, kind: Array, eps: Array, level: Array,
    which: Array, epochs: int, moments: int,
) -> Any:  # fmt: skip
    """Losses, norms and turns `[b r t]`, sharpness `[b r m]`, test accuracies at the level and at the end `[b r]`."""
    stretches = max(1, moments)

    def lane(start: Parts, seen: Any, held_out: Any, adam: Adam, kind: Array, eps: Array, level: Array) -> Any:
        method = adam.transformation

        def loss(parts: Parts) -> Array:
            return jax.lax.switch(which, [one.of for one in LOSSES.values()], _logits(parts, seen[0], kind), seen[1])

        def accuracy(parts: Parts) -> Array:
            return jnp.mean(jnp.argmax(_logits(parts, held_out[0], kind), axis=1) == held_out[1])

        def epoch(carry: Any, t: Any) -> Any:
            parts, state, kept, reached, last, before = carry
            value, gradient = jax.value_and_grad(loss)(parts)
            kept = jax.tree.map(lambda old, new: jnp.where(reached, old, new), kept, parts)
            reached = reached | (value <= level)
            norm = sum(one_norm(g.ravel(), eps) for g in gradient.values())
            turned = (t > 1) & turns_back(gradient, last, before)
            updates, state = method.update(gradient, state)
            carry = optax.apply_updates(parts, updates), state, kept, reached, gradient, last
            return carry, (value, norm, turned)

        def stretch(carry: Any, begin: Any) -> Any:
            carry, found = jax.lax.scan(epoch, carry, begin + jnp.arange(epochs // stretches))
            if not moments:
                return carry, (*found, jnp.nan)
            parts, (average, *_) = carry[:2]
            roots = jax.tree.map(lambda v: jnp.sqrt(v / (1 - adam.rho**average.count) + adam.eps), average.nu)
            sharpness = preconditioned_sharpness(loss, parts, roots)
            return carry, (*found, sharpness / stability_threshold(adam.beta, adam.step_size))

        nothing = jax.tree.map(jnp.zeros_like, start)
        carry = start, method.init(start), start, jnp.array(False), nothing, nothing
        carry, found = jax.lax.scan(stretch, carry, jnp.arange(0, epochs, epochs // stretches))
        return *(values.ravel() for values in found), accuracy(carry[2]), accuracy(carry[0])

    along = jax.vmap(lane, in_axes=(None, None, None, 0, None, None, None))
    each = jax.vmap(along, in_axes=(0, 0, 0, 0, 0 if kind.ndim else None, 0, 0))
    return each(start, seen, held_out, adam, kind, eps, level)
