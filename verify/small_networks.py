"""Small networks trained full batch with Adam, many at once: the perturbed one-norm of the gradient while they learn.

Two layers with biases, `f(x) = φ(x W₁ + b₁) W₂ + b₂`, mean cross-entropy E. Seeds and the values of a sweep over Adam's
constants are lanes of one compiled program, of which the constants are arguments.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from hypothesis import strategies as st
from jax import Array
from jaxtyping import Bool, Float
from scipy import stats

from solvers.errors import InputError
from verify import config as config
from verify import realdata
from verify.cases import Setting
from verify.laboratory import Laboratory
from verify.perturbed import Adam, Sweep, one_norm
from verify.quantities import Measurement
from verify.trajectory import TrajectoryError

if TYPE_CHECKING:
    from verify.claims import Claim

ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "softplus": jax.nn.softplus,
    "ReLU": jax.nn.relu,
}
"""By name; ReLU is not smooth, as the theory wants it."""

HALF = 0.5
"""Share of `log k`, the loss of one who knows nothing, at which runs are compared."""

_FEATURES = 16  # principal components of real data; drawn points have half as many features
_HELD_OUT = 200  # points that tell the test accuracy
_SPIKE = 2.0  # a loss that many times the least so far is a spike

Parts = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Training(Setting):
    """A network, its data, Adam's constants, and seeds, each of which is a repetition: points, labels, start.

    data: "drawn" (Gaussian points, labelled by a wider network's output above its median) or a real dataset by
    specification (`verify.realdata.parse`), of which the leading principal components are used.
    eps: that of Adam. norm_eps: that of the norm.
    """

    seeds: tuple[int, ...]
    data: str = "drawn"
    points: int = 64
    hidden: int = 8
    activation: str = "tanh"
    beta: float = 0.9
    rho: float = 0.98
    step_size: float = 2e-3
    eps: float = 1e-10
    norm_eps: float = 1e-10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.activation not in ACTIVATIONS:
            raise InputError(f"There is no activation {self.activation!r}: choose from {', '.join(ACTIVATIONS)}.")
        if not self.seeds or min(self.points, self.hidden) < 2:
            raise InputError(f"A training needs a seed, two points and two hidden units, not {self}: add some.")

    @property
    def adam(self) -> Adam:
        """The constants of Adam alone."""
        return Adam(self.beta, self.rho, self.step_size, self.eps)

    def with_large_eps(self) -> Training:
        """The same with ε = 100, far above any squared gradient, and a step size of 1/2 in gradient descent's terms."""
        return replace(self, eps=100.0, step_size=5.0)


@dataclass(frozen=True)
class Curves:
    """What was seen of `b` repetitions and `r` values of a sweep, at the start of each epoch `t`.

    loss, norm: `[b r t]` E and its gradient's perturbed one-norm. at_level: `[b r]` the test accuracy after the first
    epoch with a loss of at most the level. accuracy: `[b r]` that of the last weights. level: `[b]` that loss.
    """

    loss: Float[np.ndarray, "b r t"]
    norm: Float[np.ndarray, "b r t"]
    at_level: Float[np.ndarray, "b r"]
    accuracy: Float[np.ndarray, "b r"]
    level: Float[np.ndarray, " b"]

    @property
    def spiked(self) -> Bool[np.ndarray, "b r"]:
        """Whether the loss once was twice as large as it had been before."""
        least = np.minimum.accumulate(self.loss, axis=2)
        return np.any(self.loss[..., 1:] > _SPIKE * least[..., :-1], axis=2)

    def norm_at_level(self) -> Float[np.ndarray, "b r"]:
        """The norm where the loss first reaches the level, interpolated between epochs; NaN where it never does."""
        below = self.loss <= self.level[:, None, None]
        first = np.argmax(below, axis=2)
        reached = below.any(axis=2) & (first > 0)
        after = np.maximum(first, 1)[..., None]

        def at(values: np.ndarray, place: np.ndarray) -> np.ndarray:
            return np.take_along_axis(values, place, axis=2)[..., 0]

        one, two = at(self.loss, after - 1), at(self.loss, after)
        share = (one - self.level[:, None]) / np.where(reached, one - two, 1.0)
        logs = np.log(self.norm)
        between = at(logs, after - 1) * (1 - share) + at(logs, after) * share
        return np.where(reached, np.exp(between), np.nan)

    def late_norm(self, share: float = 0.25) -> Float[np.ndarray, "b r"]:
        """The mean norm over the last epochs."""
        return self.norm[..., -max(1, int(share * self.norm.shape[2])) :].mean(axis=2)


def train(settings: Sequence[Training], sweep: Sweep, epochs: int) -> Curves:
    """Each setting's networks along the sweep, a repetition for each of its seeds.

    Settings of the same shapes are trained together; what was trained once in this process is not trained again.
    Raises `TrajectoryError` when a loss is not finite.
    """
    groups: dict[Any, list[int]] = {}
    for place, setting in enumerate(settings):
        groups.setdefault((setting.data, setting.points, setting.hidden, len(setting.seeds)), []).append(place)
    found: list[Curves | None] = [None] * len(settings)
    for places in groups.values():
        together = _train_alike(tuple(settings[i] for i in places), sweep, epochs)
        rows = len(settings[places[0]].seeds)
        for n, i in enumerate(places):
            part = slice(n * rows, (n + 1) * rows)
            found[i] = Curves(*(getattr(together, name)[part] for name in Curves.__dataclass_fields__))
    return Curves(*(np.concatenate([getattr(f, name) for f in found]) for name in Curves.__dataclass_fields__))


@functools.lru_cache(maxsize=16)
def _train_alike(settings: tuple[Training, ...], sweep: Sweep, epochs: int) -> Curves:
    rows = [(setting, seed) for setting in settings for seed in setting.seeds]
    points = [_points(setting, seed) for setting, seed in rows]
    classes = 1 + max(int(y.max()) for _, y in points)
    n, d = settings[0].points, points[0][0].shape[1]
    x, y = (jnp.asarray(np.stack(column)) for column in zip(*points, strict=True))
    starts = [_start(d, setting.hidden, classes, seed) for setting, seed in rows]
    start = {name: jnp.asarray(np.stack([s[name] for s in starts])) for name in starts[0]}
    columns = [sweep.columns(setting.adam) for setting, _ in rows]
    adam = Adam(*(jnp.array([[float(a[i]) for a in row] for row in columns]) for i in range(len(Adam._fields))))
    kind = jnp.array([list(ACTIVATIONS).index(setting.activation) for setting, _ in rows])
    eps = jnp.array([setting.norm_eps for setting, _ in rows])
    level = np.full(len(rows), HALF * np.log(classes))
    seen = _run(start, (x[:, :n], y[:, :n]), (x[:, n:], y[:, n:]), adam, kind, eps, jnp.asarray(level), epochs)
    loss, norm, at_level, accuracy = (np.asarray(values) for values in seen)
    if not np.isfinite(loss).all():
        i, j, t = np.argwhere(~np.isfinite(loss))[0]
        setting, seed = rows[i]
        raise TrajectoryError(f"The loss is not finite at step {t} of {columns[i][j]} with seed {seed} on {setting}.")
    return Curves(loss, norm, at_level, accuracy, level)


def _points(setting: Training, seed: int) -> tuple[Float[np.ndarray, "n d"], np.ndarray]:
    """The points to learn, then those held out, and their classes."""
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
    dataset = realdata.parse(spec)
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


@functools.partial(jax.jit, static_argnums=7)
def _run(start: Parts, seen: Any, held_out: Any, adam: Adam, kind: Array, eps: Array, level: Array, epochs: int) -> Any:
    """Losses and norms `[b r t]`, test accuracies at the level and at the end `[b r]`."""

    def lane(start: Parts, seen: Any, held_out: Any, adam: Adam, kind: Array, eps: Array, level: Array) -> Any:
        method = adam.transformation

        def loss(parts: Parts) -> Array:
            return optax.softmax_cross_entropy_with_integer_labels(_logits(parts, seen[0], kind), seen[1]).mean()

        def accuracy(parts: Parts) -> Array:
            return jnp.mean(jnp.argmax(_logits(parts, held_out[0], kind), axis=1) == held_out[1])

        def epoch(carry: Any, _: Any) -> Any:
            parts, state, kept, reached = carry
            value, gradient = jax.value_and_grad(loss)(parts)
            kept = jax.tree.map(lambda old, new: jnp.where(reached, old, new), kept, parts)
            reached = reached | (value <= level)
            norm = sum(one_norm(g.ravel(), eps) for g in gradient.values())
            updates, state = method.update(gradient, state)
            return (optax.apply_updates(parts, updates), state, kept, reached), (value, norm)

        carry = start, method.init(start), start, jnp.array(False)
        (last, _, kept, _), (losses, norms) = jax.lax.scan(epoch, carry, None, length=epochs)
        return losses, norms, accuracy(kept), accuracy(last)

    along = jax.vmap(lane, in_axes=(None, None, None, 0, None, None, None))
    return jax.vmap(along)(start, seen, held_out, adam, kind, eps, level)


def trainings() -> st.SearchStrategy[Training]:
    """Smooth networks on drawn points, one seed each, with step sizes from 0.002 to 0.004."""
    return st.builds(
        lambda seed, activation, step: Training(
            seeds=(seed,), activation=activation, step_size=step / 10_000, name=activation
        ),
        st.integers(0, 2**31 - 1),
        st.sampled_from(["tanh", "softplus"]),
        st.integers(20, 40),
    )


def unchanged(setting: Training) -> Training:
    """The setting as it is."""
    return setting


@dataclass(frozen=True)
class NetworkNorm:
    """The gradient's perturbed one-norm along a sweep, a row for each seed of a setting changed by `change`.

    at_level: where the loss first is half of that of one who knows nothing; else over the last quarter of the epochs.
    Repetitions with a spike of the loss, or one that never reached the level, are not judged.
    """

    sweep: Sweep
    at_level: bool = True
    epochs: int = 600
    change: Callable[[Training], Training] = unchanged

    @property
    def name(self) -> str:
        return f"perturbed one-norm of the gradient {'at the same loss' if self.at_level else 'after as many epochs'}"

    def measure(self, claim: Claim, lab: Laboratory) -> Measurement:
        settings = [case for case in lab.cases if isinstance(case, Training)]
        if len(settings) < len(lab.cases):
            raise InputError("This quantity is measured on settings of the kind Training: draw such ones.")
        seen = train([self.change(setting) for setting in settings], self.sweep, self.epochs)
        values = seen.norm_at_level() if self.at_level else seen.late_norm()
        spiked = seen.spiked.any(axis=1)
        judged = np.asarray(~spiked & np.isfinite(values).all(axis=1))
        unreached = np.count_nonzero(np.isnan(values).any(axis=1) & ~spiked)
        accuracy = seen.at_level if self.at_level else seen.accuracy
        notes = [
            f"{np.count_nonzero(spiked)} of {len(values)} repetitions are left out for a spike of the loss",
            *([f"{unreached} are left out, not having reached the loss"] if unreached else []),
            accuracy_trend(accuracy[judged]),
        ]
        cases = [setting for setting in settings for _ in setting.seeds]
        # Rows with NaN are not judged; their floor only must be a number.
        floor = 1e-12 * np.max(np.nan_to_num(values), axis=1)
        return Measurement(self.sweep.log_clock, values, floor, judged, cases, notes=tuple(notes), axis=self.sweep.axis)


def accuracy_trend(accuracy: Float[np.ndarray, "b r"]) -> str:
    """The test accuracy along a sweep in words, with Page's test for a fall and for a rise."""
    shown = ", ".join(f"{value:.3f}" for value in accuracy.mean(axis=0)) if len(accuracy) else "unknown"
    if len(accuracy) < 2:
        return f"test accuracy along the sweep: {shown}"
    falls, rises = (stats.page_trend_test(sign * accuracy).pvalue for sign in (-1, 1))
    tests = f"p = {falls:.2g} for a fall, {rises:.2g} for a rise"
    return f"mean test accuracy along the sweep: {shown} (Page's test: {tests})"
