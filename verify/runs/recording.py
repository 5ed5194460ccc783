"""What is recorded of a run at the steps of its grid, apart from stepping: methods share the programs that record."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from verify import backend as backend
from verify.losses import log_sum_exp
from verify.optimizers.homogeneity import Homogeneity
from verify.runs.batches import Batch, Values
from verify.runs.engine import Gradient, Method, Recorded, gradient, least_square_root
from verify.runs.linear import linear_reach


class Metrics(NamedTuple):
    """What is recorded on the grid. Norm-wise entries have a last axis over the method's norms."""

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
    )


def _none(*_: Any) -> Any:
    raise AssertionError("no step is taken here")


def _metrics(method: Method, data: Batch, at: Recorded, t: Array) -> Metrics:
    g = gradient(method.loss, at.w, data)
    slopes = method.loss.log_slopes(g.margins) + jnp.log(data.weight)[:, None]
    return Metrics(
        jnp.min(g.margins),
        jnp.stack([norm.value(at.w) for norm in method.norms]),
        log_sum_exp(method.loss.log_value(g.margins) + jnp.log(data.weight)),
        log_sum_exp(slopes.reshape(-1)),
        _starved(method, data, g if isinstance(at.fed, tuple) else gradient(method.loss, at.fed, data), at.reach),
        *at.sums,
        at.w if method.keep else (),
        at.total / t if method.average else (),
    )


def _starved(method: Method, data: Batch, g: Gradient, least_reach: Array) -> Array:
    """Whether some weight's gradient, cancellation apart, is too small beside the largest one to be fed at all.

    least_reach: what it is at least with slopes of 1; with it most answers need no look at the data.
    """
    if method.homogeneity.scale_free and not method.homogeneity.highest and method.sampling.batch == 1:
        return jnp.asarray(False)  # every point's gradient is fed in its own units
    slopes, _ = method.loss.scaled_slopes(g.margins)
    squared = method.homogeneity.highest > 1
    least = least_square_root(slopes.dtype) if squared else jnp.finfo(slopes.dtype).tiny
    smallest = jnp.min(jnp.where(data.rivals & (data.weight > 0)[:, None], slopes, jnp.inf))

    def exactly() -> Array:
        reach = linear_reach(data.weight[:, None] * slopes, data)
        return jnp.any((reach < least) & data.touched)

    return jax.lax.cond(smallest * least_reach >= 2 * least, lambda: jnp.asarray(False), exactly)
