"""How an optimizer answers gradients that have become tiny: what its run turns into in the end.

The state at the end of a run is fed constant tiny gradients until it has forgotten its past. If the updates are then
linear in the gradient, weight by weight, `u = -D g`, the run ends as gradient descent in the coordinates
`D^(-1/2) w`, which maximises the margin over `||D^(-1/2) w||_2 <= 1`. `D` is a multiple of the identity for GD, and
for Adam and RMSProp with `eps > 0`; for AdaGrad it is the conditioner at which its sum of squares has come to rest
(Qian and Qian 2019; Wang, Meng, Chen, Liu 2021). Sign methods, and Adam with `eps = 0`, have no such regime.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from verify.losses import Loss
from verify.optimizers.calling import has_keys
from verify.runs import engine
from verify.runs.engine import LN2, Method
from verify.runs.simulation import Simulation

_TINY = 1e-30  # a gradient far below any constant of an optimizer; its square is still a number
_PROBES = 3  # two directions, and the first one again 2^-20 times as large
_STEPS = (2**10, 2**13, 2**16, 2**18)  # to forget the past; the answer is read after one, two and four times as many
_LINEAR = 1e-6  # relative deviations from linearity that are rounding, or the rest of a memory
_STEADY = 1e-2  # likewise of the exponent of the step sizes
_REACHED = 0.05  # relative deviation of the run's next update from the linear law, from which on the law holds
_SCALES = 2.0 ** np.arange(-150, 11, 2)
_LAGS = np.array([1, 2, 4])


@dataclass(frozen=True)
class Response:
    """The linear answer `u = -D g` to tiny gradients at the end of the run on one dataset.

    gain: the diagonal of `D`, shaped like the weights, 1 where no sample has the feature. decay: the step sizes, and
    `D` with them, fall like `t^-decay`. reached: whether the run's next update obeys the law already.
    saturation: the size of a gradient's entries at which the update is half of what the law says, for Adam `eps`; inf
    where there is none, and where the weights' gains differ.
    """

    gain: Float[np.ndarray, "..."]
    decay: float
    reached: bool
    saturation: float

    @property
    def isotropic(self) -> bool:
        """Whether all weights have the same gain, to a percent."""
        return bool(self.gain.max() <= 1.01 * self.gain.min())


@functools.cache
def _program(update: Callable[..., Any], steps: int) -> Any:
    """Jitted: state, weights `[...]`, constant gradients `[p ...]` to the updates `[p 3 ...]` at the lags."""

    def answer(state: Any, w: Array, g: Array) -> Array:
        def hold(count: int, carry: tuple[Array, Any]) -> tuple[Array, Any]:
            return jax.lax.fori_loop(0, count * steps, lambda _, c: update(g, c[1], w), carry)

        one = hold(1, (jnp.zeros_like(w), state))
        two = hold(1, one)
        four = hold(2, two)
        return jnp.stack([one[0], two[0], four[0]])

    return jax.jit(jax.vmap(answer, in_axes=(None, None, 0)))


@dataclass(frozen=True)
class _End:
    """A run at its end, alone: padded data and weights, the state in units of `2^unit`."""

    method: Method
    data: Any
    carry: Any
    shape: tuple[int, ...]
    steps: int

    @property
    def unit(self) -> int:
        return int(self.carry.unit) if self.method.homogeneity.scale_free else 0

    @property
    def touched(self) -> np.ndarray:
        return np.asarray(self.data.touched)

    def probes(self) -> np.ndarray:
        """Tiny gradients `[p ...]`, no entry near zero."""
        rng = np.random.default_rng(0)
        size = (_PROBES, *self.touched.shape)
        g = rng.uniform(0.5, 2.0, size) * rng.choice([-1.0, 1.0], size) * _TINY
        g[-1] = g[0] * 2.0**-20
        return np.where(self.touched, g, 0.0)

    def answers(self, steps: int, gradients: np.ndarray) -> np.ndarray:
        return np.asarray(_program(self.method.update, steps)(self.carry.state, self.carry.w, gradients))


def ends(simulation: Simulation) -> list[_End]:
    """The runs one by one, in the order of the datasets."""
    found: dict[int, _End] = {}
    for chunk in simulation.chunks:
        for i, place in enumerate(chunk.places):
            data, carry = jax.tree.map(lambda leaf, i=i: np.asarray(leaf[i]), (chunk.data, chunk.carry))
            shape = chunk.datasets[i].weights_shape
            found[place] = _End(chunk.method, data, carry, shape, int(simulation.time[-1]))
    return [found[i] for i in range(len(found))]


def _gains(end: _End, updates: np.ndarray) -> np.ndarray | None:
    """The gains `[3 touched]` after the lags, where the answers `[p 3 ...]` are linear weight by weight, else None."""
    probes = end.probes()[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = -updates[..., end.touched] / probes[..., end.touched]
        linear = gains.size and np.all(gains > 0) and np.abs(gains / gains[:1] - 1).max() <= _LINEAR
    return gains[0] if linear else None


def _gain(end: _End, steps: int, gains: np.ndarray) -> tuple[np.ndarray, float] | None:
    """The gain at the run's end (padded, in the state's units), and its decay; None where it follows no power of t."""
    clock = np.log(end.steps + steps * _LAGS)
    slopes = -np.diff(np.log(gains), axis=0) / np.diff(clock)[:, None]
    decay = float(slopes[-1].mean())
    if np.abs(slopes - decay).max() > _STEADY or not -_STEADY < decay < 1:
        return None
    decay = max(decay, 0.0)
    gain = np.ones(end.touched.shape)
    gain[end.touched] = gains[0] * math.exp(decay * (clock[0] - math.log(end.steps)))
    return gain, decay


def _fades(updates: np.ndarray) -> bool:
    """Whether the answers `[p 3 ...]` still change by more than a factor of step sizes: more steps may show a law."""
    flat = updates.reshape(*updates.shape[:2], -1)
    size = np.abs(flat).max(axis=-1, keepdims=True)
    shape = flat / np.where(size > 0, size, 1.0)
    change = np.log(np.where(size > 0, size, 1.0))
    return bool(np.ptp(change, axis=1).max() > math.log(8) or np.ptp(shape, axis=1).max() > 0.01)


def _law(end: _End) -> tuple[int, np.ndarray, float] | None:
    """The number of steps that the optimizer needs to forget, with its gain and decay."""
    homogeneity = end.method.homogeneity
    if homogeneity.scale_free and homogeneity.highest < 1:
        return None
    for steps in _STEPS[: 1 if homogeneity.scale_free else None]:
        updates = end.answers(steps, end.probes())
        gains = _gains(end, updates)
        if gains is not None and (found := _gain(end, steps, gains)):
            return steps, *found
        if gains is None and not _fades(updates):
            return None
    return None


def _law_after(end: _End, steps: int) -> tuple[np.ndarray, float] | None:
    gains = _gains(end, end.answers(steps, end.probes()))
    return None if gains is None else _gain(end, steps, gains)


def _obeys(end: _End, gain: np.ndarray) -> bool:
    """Whether the next update of the run is that of the law."""
    w, state, data = jax.tree.map(jnp.asarray, (end.carry.w, end.carry.state, end.data))
    g = engine.gradient(end.method.loss, w, data)
    fed = np.asarray(g.direction * jnp.exp(g.log_scale - end.unit * LN2))
    update, _ = end.method.update(jnp.asarray(fed), state, w)
    law = np.where(end.touched, gain * fed, 0.0)
    actual = np.where(end.touched, np.asarray(update), 0.0)
    return bool(np.linalg.norm(actual + law) <= _REACHED * np.linalg.norm(law))


def gradient_sizes(simulation: Simulation) -> Float[np.ndarray, " b"]:
    """Logarithms of the root mean square of the gradient's entries, of features that some sample has."""
    found = np.zeros(simulation.count)
    for chunk in simulation.chunks:
        directions, scales = _gradients(chunk.method.loss)(chunk.carry.w, chunk.data)
        touched = np.asarray(chunk.data.touched)
        for i, place in enumerate(chunk.places):
            entries = np.asarray(directions)[i][touched[i]]
            found[place] = float(scales[i]) + math.log(float(np.sqrt(np.mean(entries**2))))
    return found


@functools.cache
def _gradients(loss: Loss) -> Any:
    def one(w: Array, data: Any) -> tuple[Array, Array]:
        g = engine.gradient(loss, w, data)
        return g.direction, g.log_scale

    return jax.jit(jax.vmap(one))


def responses(simulation: Simulation) -> list[Response] | None:
    """The linear answers at the end of all runs; None where some run's answer is not linear, weight by weight."""
    method = simulation.chunks[0].method
    # What answers to values of the loss, is measured elsewhere or draws numbers has no answer to a gradient alone, and
    # what becomes of mini-batches is not what becomes of a constant gradient.
    if method.asks or method.measured or not method.sampling.full or has_keys(simulation.chunks[0].carry.state):
        return None
    runs = ends(simulation)
    first = _law(runs[0])
    if first is None:
        return None
    steps, gain, decay = first
    # A gain that is the same for all weights is the optimizer's own, and no matter of the dataset.
    own = bool(gain[runs[0].touched].max() > 1.01 * gain[runs[0].touched].min())
    common = float(gain[runs[0].touched][0])
    # The step sizes of the probes, not those of the run's end.
    late = common * (1 + 4 * (steps // 4) / runs[0].steps) ** -decay
    saturation = math.inf if own else _saturation(runs[0], steps, late)
    found: list[Response] = []
    for end in runs:
        law = _law_after(end, steps) if own else (np.where(end.touched, common, 1.0), decay)
        if law is None:
            return None
        inside = tuple(map(slice, end.shape))
        absolute = np.where(end.touched, np.ldexp(law[0], -end.unit), 1.0)[inside]
        found.append(Response(absolute, law[1], _obeys(end, law[0]), saturation))
    return found


def _saturation(end: _End, steps: int, gain: float) -> float:
    """The size of a constant gradient's entries at which the update is half of `gain` times it; inf if at none."""
    signs = np.where(end.touched, 1.0, 0.0)
    # The last answer comes after as many steps as the optimizer needs to forget.
    updates = end.answers(steps // 4, _SCALES.reshape(-1, *[1] * signs.ndim) * signs)[:, -1]
    share = -updates[..., end.touched].mean(axis=-1) / (gain * _SCALES)
    below = np.flatnonzero(share < 0.5)
    if not below.size:
        return math.inf
    i = max(int(below[0]), 1)
    # For Adam, whose share is `eps / (c + eps)`, these odds are exactly proportional to the scale c.
    odds = np.log(1 / np.minimum(share[i - 1 : i + 1], 1 - _LINEAR) - 1)
    return float(np.exp(np.interp(0.0, odds, np.log(_SCALES[i - 1 : i + 1]))))
