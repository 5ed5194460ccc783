"""What is recorded of a run at the steps of its grid, apart from stepping: methods share the programs that record."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from verify import backend as backend
from verify.losses import Loss, log_sum_exp
from verify.optimizers.homogeneity import Homogeneity
from verify.runs.batches import Batch, Values
from verify.runs.engine import Gradient, Method, Recorded, gradient, least_square_root
from verify.runs.linear import linear_reach, margins


class Metrics(NamedTuple):
    """What is recorded on the grid. Norm-wise entries have a last axis over the method's norms.

    alignment: of a model, the cosine between minus the gradient and the parameters.
    """

    margin: Values
    norms: Values
    log_loss: Values
    log_slope: Values
    starved: Values  # some weight's gradient is lost beside the largest one's
    path: Values
    descent: Values
    second_order: Values
    weights: Any = ()
    average: Any = ()
    alignment: Any = ()


def record(method: Method, data: Batch, recorded: Recorded, ends: Array) -> Metrics:
    """The metrics of one dataset, and what they are computed from, with a leading axis over the grid `ends: [r]`."""
    fresh = jnp.concatenate([jnp.ones(1, bool), ends[1:] > ends[:-1]])

    def each(known: Metrics, at: tuple[Recorded, Array, Array]) -> tuple[Metrics, Metrics]:
        found = jax.lax.cond(at[2], lambda: _metrics(method, data, at[0], at[1]), lambda: known)
        return found, found  # an end that repeats is looked at once

    first = jax.tree.map(lambda leaf: leaf[0], (recorded, ends))
    shapes = jax.eval_shape(lambda at, t: _metrics(method, data, at, t), *first)
    nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    return jax.lax.scan(each, nothing, (recorded, ends, fresh))[1]


def recording(method: Method) -> Method:
    """What `start` and `record` depend on: methods that have it in common share these programs."""
    degrees = method.homogeneity.degrees and (method.homogeneity.highest,)
    return Method(
        update=_none,
        loss=method.loss,
        norms=method.norms,
        homogeneity=Homogeneity(method.homogeneity.scale_free, degrees),
        budget=False,
        sampling=method.sampling,
        keep=method.keep,
        average=method.average,
        model=method.model,
    )


def _none(*_: Any) -> Any:
    raise AssertionError("no step is taken here")


def _metrics(method: Method, data: Batch, at: Recorded, t: Array) -> Metrics:
    g = gradient(method.loss, at.w, data, method.model)
    log_loss, log_slope = _log_means(method.loss, g.margins, data.weight)
    return Metrics(
        jnp.min(g.margins),
        jnp.stack([norm.value(at.w) for norm in method.norms]),
        log_loss,
        log_slope,
        _starved(method, data, at, g),
        *at.sums,
        at.w if method.keep else (),
        at.total / t if method.average else (),
        () if method.model is None else _alignment(g.direction, at.w),
    )


def _log_means(loss: Loss, z: Array, weight: Array) -> tuple[Array, Array]:
    """The logarithms of the mean loss and of the slopes' mean sum; both share their exponentials with the gradient."""
    slopes, c = loss.scaled_slopes(z)
    totals = jnp.sum(slopes, axis=-1) if loss.scaled_total is None else loss.scaled_total(z)[:, 0]
    log_slope = c + jnp.log(jnp.sum(weight * totals))
    if loss.scaled_value is None:
        return log_sum_exp(loss.log_value(z) + jnp.log(weight)), log_slope
    return c + jnp.log(jnp.sum(weight * loss.scaled_value(z))), log_slope


def _alignment(direction: Array, w: Array) -> Array:
    """The cosine between minus the gradient and the parameters, NaN where one of them is zero."""
    a, b = (v / jnp.max(jnp.abs(v)) for v in (direction, w))
    return -jnp.sum(a * b) / jnp.sqrt(jnp.sum(a * a) * jnp.sum(b * b))


def _starved(method: Method, data: Batch, at: Recorded, g: Gradient) -> Array:
    """Whether some weight's gradient, cancellation apart, is too small beside the largest one to be fed at all.

    Of what is to be recorded `reach` is what that gradient is at least with slopes of 1; with it most answers need no
    look at the data. g: the gradient at the measured weights.
    """
    least_reach = at.reach
    if not isinstance(at.fed, tuple):
        g = gradient(method.loss, at.fed, data, method.model)
    if method.homogeneity.scale_free and not method.homogeneity.highest and method.sampling.batch == 1:
        return jnp.asarray(False)  # every point's gradient is fed in its own units
    slopes, _ = method.loss.scaled_slopes(g.margins)
    squared = method.homogeneity.highest > 1
    least = least_square_root(slopes.dtype) if squared else jnp.finfo(slopes.dtype).tiny
    smallest = jnp.min(jnp.where(data.rivals & (data.weight > 0)[:, None], slopes, jnp.inf))
    if method.model is not None:
        fed = at.w if isinstance(at.fed, tuple) else at.fed
        return (smallest < least) & _lost(method, data, fed, g.direction, least)

    def exactly() -> Array:
        reach = linear_reach(data.weight[:, None] * slopes, data)
        return jnp.any((reach < least) & data.touched)

    return jax.lax.cond(smallest * least_reach >= 2 * least, lambda: jnp.asarray(False), exactly)


def _lost(method: Method, data: Batch, w: Array, direction: Array, least: Any) -> Array:
    """Whether a parameter of a model that equal slopes of all margins would move has almost no gradient."""
    _, pull_back = jax.vjp(lambda w: margins(method.model, w, data), w)
    (even,) = pull_back(jnp.where(data.rivals, data.weight[:, None], 0))
    return jnp.any((jnp.abs(direction) < least) & (even != 0))
