"""Every step of a short run, and what the theory of the cross-entropy says of any weights.

A `Walk` keeps all weights and updates of a run, where `verify.trajectory` keeps curves on a grid: it is for statements
about single steps. `read` evaluates loss, proxy and gradient at weights in the log domain, so that no margin is
too large.

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
import optax
from jax import Array
from jaxtyping import Float

from solvers.errors import InputError
from verify import batches
from verify.batches import Batch
from verify.datasets import Dataset
from verify.engine import gradient
from verify.homogeneity import check_optimizer, harmless_padding
from verify.losses import Loss, log_sum_exp, softplus
from verify.losses import loss as loss_named
from verify.models import linear_margins
from verify.trajectory import TrajectoryError

Program = Callable[..., Any]
# Below this a gradient's square still is no denormal number beside gradients of order 1, nor is a sample that matters.
_LEAST_LOG_SCALE = -600.0
_SERIES_BELOW = 0.01  # of `1 - p_y`, where `-log p_y - (1 - p_y)` would cancel


class Walk(NamedTuple):
    """All steps of a run on `b` datasets, padded with zeros to one shape of weights.

    weights: `[b r+1 k d]` (binary `[b r+1 d]`) before every step and after the last. updates: `[b r k d]`, the
    differences of successive weights as the optimizer gave them.
    """

    weights: np.ndarray
    updates: np.ndarray


class Readings(NamedTuple):
    """The cross-entropy at `r` weights of each of `b` datasets.

    margin, log_loss, log_proxy: `[b r]` smallest margin, `log L` and `log G`.
    excess: `[b r]` the loss less the proxy, `(L - G) / L^2`, without cancellation.
    gradient: `[b r k d]` the gradient over the proxy, `grad L / G`, with zeros for padding.
    split: `[b r k]` a class's `(G_c + Q_c) / G`: `G_c` is the part of `G` from the samples of class `c`, and `Q_c` that
    from the others' probabilities of class `c`. Binary: `[b r 0]`.
    """

    margin: np.ndarray
    log_loss: np.ndarray
    log_proxy: np.ndarray
    excess: np.ndarray
    gradient: np.ndarray
    split: np.ndarray


def padded(datasets: Sequence[Dataset]) -> Batch:
    """The datasets in one batch, whatever their sizes. Raises `InputError` if only some of them are binary."""
    if len({s.binary for s in datasets}) != 1:
        raise InputError("The datasets are binary and multiclass, or none at all: give datasets of one kind.")
    shapes = batches.group(datasets)
    n, d, k = (max(sizes) for sizes in zip(*shapes, strict=True))
    return batches.pad(datasets, (n, d, k))


def walk(
    optimizer: optax.GradientTransformation,
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
        raise InputError("The optimizer's steps depend on the weights' shape: give datasets of one shape.")
    start = np.zeros(data.real.shape)
    if w0 is not None:
        for i, (own, dataset) in enumerate(zip(w0, datasets, strict=True)):
            if own.shape != dataset.weights_shape:
                raise InputError(f"w0[{i}] has shape {own.shape}: give start weights of shape {dataset.weights_shape}.")
            start[(i, *map(slice, own.shape))] = own
    state = jax.vmap(optimizer.init)(jnp.asarray(start))
    weights, updates, log_scale = map(np.asarray, _steps(optimizer.update, loss_named(loss), steps)(data, start, state))
    _check(datasets, weights, log_scale)
    return Walk(weights, updates)


def _check(datasets: Sequence[Dataset], weights: np.ndarray, log_scale: Float[np.ndarray, "b r"]) -> None:
    finite = np.isfinite(weights).reshape(*weights.shape[:2], -1).all(axis=2)
    for trouble, remedy in ((~finite, "met NaN or infinity"), (log_scale < _LEAST_LOG_SCALE, "left the float range")):
        if trouble.any():
            i, step = np.argwhere(trouble)[0]
            raise TrajectoryError(
                f"The walk {remedy} after {step} steps on dataset {i}, {datasets[i]!r}: give smaller or fewer steps."
            )


@functools.cache
def _steps(update: Callable[..., Any], loss: Loss, steps: int) -> Program:
    def step(data: Batch, carry: tuple[Array, Any]) -> tuple[tuple[Array, Any], tuple[Array, Array, Array]]:
        w, state = carry
        g = gradient(loss, w, data)
        change, state = update(g.direction * jnp.exp(g.log_scale), state, w)
        u = jnp.asarray(change)
        # Padding stays at zero; a weight that no sample touches may give 0/0, which is 0.
        u = jnp.where(data.real & (data.touched | ~jnp.isnan(u)), u, 0)
        return (w + u, state), (w, u, g.log_scale)

    def run(data: Batch, w0: Array, state: Any) -> tuple[Array, Array, Array]:
        (last, _), (before, updates, log_scale) = jax.lax.scan(
            lambda carry, _: step(data, carry), (w0, state), length=steps
        )
        return jnp.concatenate([before, last[None]]), updates, log_scale

    return jax.jit(jax.vmap(run))


def read(datasets: Sequence[Dataset], weights: np.ndarray) -> Readings:
    """Loss, proxy and gradient of the cross-entropy at weights `[b r k d]` (binary `[b r d]`), padded as a `Walk`'s."""
    return Readings(*map(np.asarray, _reader()(padded(datasets), weights)))


@functools.cache
def _reader() -> Program:
    loss = loss_named("cross_entropy")

    def reading(w: Array, data: Batch) -> Readings:
        z, pull_back = jax.vjp(lambda w: linear_margins(w, data), w)
        log_weight = jnp.log(data.weight)
        log_slopes = loss.log_slopes(z) + log_weight[:, None]
        log_proxy = log_sum_exp(log_slopes.reshape(-1))
        log_loss = log_sum_exp(loss.log_value(z) + log_weight)
        shares = jnp.exp(log_slopes - log_proxy)
        (direction,) = pull_back(-shares)
        excess = jnp.exp(_log_excess(z) + log_weight - 2 * log_loss)
        split = jnp.sum(shares, axis=0)
        if data.label.shape[-1]:
            split += jnp.sum(data.label * jnp.sum(shares, axis=-1, keepdims=True), axis=0)
        else:
            split = split[:0]
        return Readings(jnp.min(z), log_loss, log_proxy, jnp.sum(excess), jnp.where(data.real, direction, 0), split)

    return jax.jit(jax.vmap(lambda data, ws: jax.vmap(lambda w: reading(w, data))(ws)))


def _log_excess(z: Float[Array, "n m"]) -> Float[Array, " n"]:
    """`log(-log p_y - (1 - p_y))` of every sample."""
    odds = log_sum_exp(-z)
    log_q = odds - softplus(odds)
    q = jnp.exp(jnp.minimum(log_q, jnp.log(_SERIES_BELOW)))
    series = sum(q**j / (j + 2) for j in range(9))
    direct = softplus(odds) - jnp.exp(log_q)
    small = log_q < np.log(_SERIES_BELOW)
    return jnp.where(small, 2 * log_q + jnp.log(series), jnp.log(jnp.where(small, 1.0, direct)))
