"""Every step of a short run, and what the theory of the cross-entropy says of any weights.

A `Walk` keeps all weights and updates of a run, where `verify.runs.trajectory` keeps curves on a grid: it is for
statements about single steps. `read` evaluates loss, proxy and gradient at weights in the log domain, so that no margin
is too large.

The proxy of Fan, Schmidt, Thrampoulidis (2025) is `G = mean of 1 - p_y`, the mean slope of the loss; `L` is the mean
loss.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.errors import TrajectoryError
from verify.losses import CROSS_ENTROPY, Loss, log_sum_exp, softplus
from verify.losses import loss as loss_named
from verify.optimizers.calling import Optimizer, calling
from verify.optimizers.homogeneity import check_optimizer, harmless_padding
from verify.runs import batches
from verify.runs.batches import Batch, Values
from verify.runs.engine import asked, gradient, measured_at
from verify.runs.linear import linear_margins

Program = Callable[..., Any]
# A true gradient of this size still has room below it for the samples that matter to rounding.
_LEAST_LOG_SCALE = -600.0
_SERIES_BELOW = 0.01  # of `q = 1 - p_y`, where `-log(1 - q) - q` would cancel
_SERIES = 1 / np.arange(11.0, 0.0, -1.0)  # of `-log(1 - q) / q`, highest power first


class Walk(NamedTuple):
    """All steps of a run on `b` datasets, padded with zeros to one shape of weights.

    weights: `[b r+1 k d]` (binary `[b r+1 d]`) before every step and after the last. updates: `[b r k d]`, the
    differences of successive weights as the optimizer gave them. Of a method that takes its gradients at other weights
    than it gives, both are of those that it gives.
    """

    weights: np.ndarray
    updates: np.ndarray


class Readings(NamedTuple):
    """The cross-entropy at `r` weights of each of `b` datasets.

    margin, log_loss, log_proxy: `[b r]` smallest margin, `log L` and `log G`.
    ratio: `[b r]` the proxy over the loss, `G / L`.
    excess: `[b r]` the loss less the proxy, `(L - G) / L^2`, without cancellation.
    gradient: `[b r k d]` the gradient over the proxy, `grad L / G`, with zeros for padding.
    split: `[b r k]` a class's `(G_c + Q_c) / G`: `G_c` is the part of `G` from the samples of class `c`, and `Q_c` that
    from the others' probabilities of class `c`. Binary: `[b r 0]`.
    """

    margin: Values
    log_loss: Values
    log_proxy: Values
    ratio: Values
    excess: Values
    gradient: Values
    split: Values


def padded(datasets: Sequence[Dataset]) -> Batch:
    """The datasets in one batch, whatever their sizes. Raises `InputError` if only some of them are binary."""
    if len({s.binary for s in datasets}) != 1:
        raise InputError("The datasets are binary and multiclass, or none at all: give datasets of one kind.")
    shapes = batches.group(datasets)
    n, d, k = (max(sizes) for sizes in zip(*shapes, strict=True))
    return batches.pad(datasets, (n, d, k))


def pad_weights(datasets: Sequence[Dataset], weights: Sequence[np.ndarray]) -> np.ndarray:
    """Weights `[r k d]` (binary `[r d]`) of each dataset, in its own shape, as one array `[b r k d]`."""
    if len(weights) != len(datasets):
        raise InputError(f"There are weights for {len(weights)} of {len(datasets)} datasets: give some for each.")
    filled = np.zeros((len(datasets), len(weights[0]), *padded(datasets).real.shape[1:]))
    for i, (own, dataset) in enumerate(zip(weights, datasets, strict=True)):
        if own.shape != (filled.shape[1], *dataset.weights_shape):
            raise InputError(
                f"The weights of dataset {i} have shape {own.shape[1:]}: give them the shape {dataset.weights_shape}."
            )
        filled[(i, *map(slice, own.shape))] = own
    return filled


def walk(
    optimizer: Optimizer,
    datasets: Sequence[Dataset],
    *,
    steps: int,
    loss: str | Loss = "cross_entropy",
    w0: Sequence[np.ndarray] | None = None,
) -> Walk:
    """Run an optimizer for a few steps on all datasets, and keep every weight of every step.

    It is fed true gradients. w0: start weights per dataset, in its own shape, zero by default.
    Raises `InputError` on bad input, `TrajectoryError` at NaN, infinity, or where a gradient nears the end of the
    range of floating point (a margin of 600).
    """
    check_optimizer(optimizer)
    if steps < 1:
        raise InputError(f"A walk needs at least one step, not {steps}: give a positive number of steps.")
    data = padded(datasets)
    if not harmless_padding(optimizer, data.real.ndim == 3) and len({s.weights_shape for s in datasets}) > 1:
        raise InputError("The optimizer's steps depend on the weights' shape: give datasets of one size.")
    called = calling(optimizer, data.real.shape[1:])
    start = np.zeros(data.real.shape) if w0 is None else pad_weights(datasets, [w[None] for w in w0])[:, 0]
    state = jax.vmap(called.init)(jnp.asarray(start))
    program = _steps(called.update, called.asks, called.measured, loss_named(loss), steps)
    weights, updates, log_scale = map(np.asarray, program(data, start, state))
    _check(datasets, weights, log_scale)
    return Walk(weights, updates)


def _check(datasets: Sequence[Dataset], weights: np.ndarray, log_scale: Float[np.ndarray, "b r"]) -> None:
    finite = np.isfinite(weights).reshape(*weights.shape[:2], -1).all(axis=2)
    lost = log_scale < _LEAST_LOG_SCALE
    for trouble, what in ((~finite, "met NaN or infinity"), (lost, "left the range of floating point")):
        if trouble.any():
            i, step = np.argwhere(trouble)[0]
            raise TrajectoryError(
                f"The walk {what} after {step} steps on dataset {i}, {datasets[i]!r}: give smaller or fewer steps."
            )


@functools.cache
def _steps(
    update: Callable[..., Any],
    asks: tuple[str, ...],
    measured: Callable[[Any, Array], Array] | None,
    loss: Loss,
    steps: int,
) -> Program:
    def given(data: Batch, carry: tuple[Array, Any]) -> Array:
        w, state = carry
        return w if measured is None else measured_at(measured, data, state, w)

    def step(data: Batch, carry: tuple[Array, Any]) -> tuple[tuple[Array, Any], tuple[Array, Array, Array]]:
        w, state = carry
        g = gradient(loss, w, data)
        true = g.direction * jnp.exp(g.log_scale)
        change, state = update(true, state, w, **asked(loss, asks, data, g))
        u = jnp.asarray(change)
        # Padding stays at zero; a weight that no sample touches may give 0/0, which is 0.
        u = jnp.where(data.real & (data.touched | ~jnp.isnan(u)), u, 0)
        before, after = given(data, carry), (w + u, state)
        moved = u if measured is None else given(data, after) - before
        return after, (before, moved, g.log_scale)

    def run(data: Batch, w0: Array, state: Any) -> tuple[Array, Array, Array]:
        last, (before, updates, log_scale) = jax.lax.scan(lambda carry, _: step(data, carry), (w0, state), length=steps)
        return jnp.concatenate([before, given(data, last)[None]]), updates, log_scale

    return jax.jit(jax.vmap(run))


def read(datasets: Sequence[Dataset], weights: np.ndarray) -> Readings:
    """Loss, proxy and gradient of the cross-entropy at weights `[b r k d]` (binary `[b r d]`), padded as a `Walk`'s."""
    return Readings(*map(np.asarray, _reader()(padded(datasets), weights)))


@functools.cache
def _reader() -> Program:
    return jax.jit(jax.vmap(lambda data, ws: jax.vmap(lambda w: _reading(w, data))(ws)))


def _reading(w: Array, data: Batch) -> Readings:
    z, pull_back = jax.vjp(lambda w: linear_margins(w, data), w)
    scaled, c = CROSS_ENTROPY.scaled_slopes(z)
    slopes = data.weight[:, None] * scaled
    # In units of e^c, so that what is compared was not rounded at the size of the margins.
    proxy = jnp.sum(slopes)
    losses, excesses = _losses(z, jnp.sum(scaled, axis=-1), c)
    loss = jnp.sum(data.weight * losses)
    (direction,) = pull_back(-slopes / proxy)
    split = jnp.sum(slopes, axis=0) + jnp.sum(data.label * jnp.sum(slopes, axis=-1, keepdims=True), axis=0)
    return Readings(
        jnp.min(z),
        c + jnp.log(loss),
        c + jnp.log(proxy),
        proxy / loss,
        jnp.sum(data.weight * excesses) / loss**2,
        jnp.where(data.real, direction, 0),
        split[: data.label.shape[-1]] / proxy,
    )


def _losses(z: Float[Array, "n m"], scaled: Float[Array, " n"], c: Float[Array, ""]) -> tuple[Array, Array]:
    """Every sample's `-log p_y` over `e^c` and `-log p_y - q` over `e^2c`, where `q = 1 - p_y` is `e^c scaled`."""
    q = scaled * jnp.exp(c)
    direct = softplus(log_sum_exp(-z))
    small = q < _SERIES_BELOW
    near = jnp.where(small, q, 0)
    loss = jnp.polyval(_SERIES, near) * scaled  # sum of q^j / (j + 1)
    excess = jnp.polyval(_SERIES[:-1], near) * scaled**2  # sum of q^j / (j + 2)
    return jnp.where(small, loss, direct * jnp.exp(-c)), jnp.where(small, excess, (direct - q) * jnp.exp(-2 * c))
