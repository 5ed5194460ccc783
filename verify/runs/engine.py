"""The compiled step: one optimizer on a batch of padded datasets, exact at any margin.

The gradient is carried as `e^c g` with a log scale `c` per dataset. A scale-free optimizer is fed `g` in units
of a power of two, and its state is rescaled (exactly) when the unit moves. Any other optimizer is fed the true
gradient, and is stopped at its precision horizon, where that leaves the range of floating point.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int

from solvers.norms import Norm
from verify import backend as backend
from verify.losses import Loss, log_sum_exp
from verify.models.model import Shaped
from verify.optimizers.homogeneity import Homogeneity
from verify.runs import sampling as sampled
from verify.runs.batches import Batch
from verify.runs.linear import linear_gradient, linear_margins, margins
from verify.runs.sampling import ALL, Sampling

LN2 = 0.6931471805599453
NEVER = jnp.iinfo(jnp.int32).max


class Method(NamedTuple):
    """What is compiled: everything that is no array. Hashable.

    update: the optimizer's. Its state is data, so that optimizers which share their update share a program.
    asks, measured: what it asks for beside the gradient, and which weights it gives (`verify.optimizers.calling`).
    sampling: which points a step sees. keep: whether the weights are recorded. average: whether their mean is.
    model: whose flat parameters are the weights; None is the linear one.
    """

    update: Callable[..., Any]
    loss: Loss
    norms: tuple[Norm, ...]
    homogeneity: Homogeneity
    budget: bool
    asks: tuple[str, ...] = ()
    measured: Callable[[Any, Array], Array] | None = None
    sampling: Sampling = ALL
    keep: bool = False
    average: bool = False
    model: Shaped | None = None


class Gradient(NamedTuple):
    """`e^log_scale * direction` is the gradient of the objective at a point; `margins: [n m]` there."""

    direction: Array
    log_scale: Array
    margins: Array


class Sums(NamedTuple):
    """The gap budget's running sums: see `verify.runs.budget`."""

    path: Array  # [norms] sum of ||w_{t+1} - w_t||
    descent: Array  # sum of <grad F_t, w_t - w_{t+1}>
    second_order: Array  # sum of 1/2 max_i |z_i(w_{t+1} - w_t)|^2


class Carry(NamedTuple):
    """A run of one dataset between two steps.

    unit: the exponent of two in which the state is measured. reach: what each weight's gradient would be at least, if
    all slopes were 1 and nothing cancelled. quiet: of mini-batches, how many steps in turn had a
    gradient that left the range. total: the sum of the weights, where their average is asked for. drawn: points and
    their weights for a stretch of mini-batches, of which the next step may need more.
    """

    w: Array
    state: Any
    unit: Array
    reach: Array
    bad_step: Array
    horizon_step: Array
    sums: Sums
    quiet: Any = ()
    total: Any = ()
    drawn: Any = ()


def gradient(loss: Loss, w: Array, data: Batch, model: Shaped | None = None) -> Gradient:
    """Gradient of the mean loss (of its logarithm, if the loss says so) on one dataset, in log scale."""
    if model is None:
        z = linear_margins(w, data)
        slopes, c = loss.scaled_slopes(z)
        direction = linear_gradient(slopes, data, None if loss.scaled_total is None else loss.scaled_total(z))
    else:
        z, pull_back = jax.vjp(lambda w: margins(model, w, data), w)
        slopes, c = loss.scaled_slopes(z)
        (direction,) = pull_back(-data.weight[:, None] * slopes)
    if loss.of_log:
        c = c - log_sum_exp(loss.log_value(z) + jnp.log(data.weight))
    return Gradient(direction, c, z)


def asked(loss: Loss, asks: tuple[str, ...], data: Batch, g: Gradient, model: Shaped | None = None) -> dict[str, Any]:
    """What an optimizer asks for beside the true gradient, of the objective that `gradient` differentiates."""
    if not asks:
        return {}

    def of_margins(z: Array) -> Array:
        log_loss = log_sum_exp(loss.log_value(z) + jnp.log(data.weight))
        return log_loss if loss.of_log else jnp.exp(log_loss)

    def value(w: Array) -> Array:
        return of_margins(margins(model, w, data))

    def slope(w: Array, _: Any = None) -> Array:
        return _true(gradient(loss, w, data, model))

    given = {"value_fn": value, "obj_fn": value, "grad_fn": slope, "grad": _true(g), "value": of_margins(g.margins)}
    return {name: given[name] for name in asks}


def _true(g: Gradient) -> Array:
    return g.direction * jnp.exp(g.log_scale)


def measured_weights(method: Method, data: Batch, state: Any, w: Array) -> Array:
    """The weights that are measured, of a method that takes its gradients at `w`."""
    return w if method.measured is None else measured_at(method.measured, data, state, w)


def measured_at(measured: Callable[[Any, Array], Array], data: Batch, state: Any, w: Array) -> Array:
    """What a `verify.optimizers.calling` measures of padded weights."""
    given = measured(state, w)
    # Where the optimizer's own copy met 0/0 in padding or an untouched weight, `w` has stayed where it was.
    return jnp.where(data.real & (data.touched | ~jnp.isnan(given)), given, w)


def _power_of_two(k: Int[Array, ""], dtype: Any) -> Float[Array, ""]:
    """`2^k` exactly; zero below the normal range, where what it multiplies is negligible."""
    if dtype == jnp.float64:
        bits, bias, shift, integer, wide = 1023, 1022, 52, jnp.int64, jnp.float64
    else:
        bits, bias, shift, integer, wide = 127, 126, 23, jnp.int32, jnp.float32
    pattern = (jnp.clip(k, -bias - 1, bits) + bits).astype(integer) << shift
    return jax.lax.bitcast_convert_type(jnp.where(k < -bias, 0, pattern).astype(integer), wide).astype(dtype)


def _magnitude(state: Any, degrees: tuple[int, ...]) -> Array:
    """Largest `log2 |leaf|^(1/degree)` over the state's leaves that have a degree, NaN of untouched weights apart."""
    leaves = [(leaf, p) for leaf, p in zip(jax.tree.leaves(state), degrees, strict=True) if p]
    tops = [jnp.log2(jnp.max(jnp.where(jnp.isnan(leaf), 0, jnp.abs(leaf)))) / p for leaf, p in leaves]
    return jnp.max(jnp.stack(tops))


def _rescale(state: Any, degrees: tuple[int, ...], moved: Array) -> Any:
    """The state in units that are `2^moved` times the old ones."""

    def scaled(leaf: Array, p: int) -> Array:
        # In two factors: a state near the bottom of the range may have to rise by more than the largest power of two.
        half = (-p * moved) // 2
        return leaf * _power_of_two(half, leaf.dtype) * _power_of_two(-p * moved - half, leaf.dtype)

    leaves, structure = jax.tree.flatten(state)
    return jax.tree.unflatten(
        structure, [scaled(leaf, p) if p else leaf for leaf, p in zip(leaves, degrees, strict=True)]
    )


def _feed_scale_free(method: Method, carry: Carry, g: Gradient) -> tuple[Array, Any, Array]:
    """The gradient in units of a power of two near its scale, and the state in the same units.

    The unit follows the gradient, but never so far below the state that a square of it could overflow.
    """
    degrees = method.homogeneity.degrees or ()
    if not method.homogeneity.highest:
        return g.direction, carry.state, carry.unit
    dtype = _narrowest(g.direction, carry.state, degrees)
    room = 200 if dtype == jnp.float64 else 20
    wanted = jnp.floor(g.log_scale / LN2)
    lowest = carry.unit + jnp.ceil(_magnitude(carry.state, degrees)) - room
    unit = jnp.where(jnp.isfinite(wanted), jnp.maximum(wanted, lowest), carry.unit).astype(jnp.int32)
    direction = g.direction * jnp.exp(g.log_scale - unit * LN2).astype(g.direction.dtype)
    state = _rescale(carry.state, degrees, unit - carry.unit)
    if method.homogeneity.highest > 1:
        return _flush(direction, dtype), _flush_state(state, degrees, dtype), unit
    return direction, state, unit


def least_square_root(dtype: Any) -> float:
    """Below this an entry's square, times a `1 - b2` of 1e-7, would leave the normal range."""
    return 2.0**-480 if dtype == jnp.float64 else 2.0**-50


def _narrowest(direction: Array, state: Any, degrees: tuple[int, ...]) -> Any:
    """The type of least range in which the gradient or a leaf that has a degree is held."""
    held = [leaf.dtype for leaf, p in zip(jax.tree.leaves(state), degrees, strict=True) if p]
    return min([direction.dtype, *held], key=lambda dtype: float(jnp.finfo(dtype).max))


def _flush(x: Array, dtype: Any) -> Array:
    """Zero where the square of an entry would underflow in that type: else 0/0 could become 1/0."""
    return jnp.where(jnp.abs(x) < least_square_root(dtype), 0, x)


def _flush_state(state: Any, degrees: tuple[int, ...], dtype: Any) -> Any:
    """The state with `_flush` applied to its leaves of degree 1, which stand over roots of those of degree 2."""
    leaves, structure = jax.tree.flatten(state)
    return jax.tree.unflatten(
        structure, [_flush(leaf, dtype) if p == 1 else leaf for leaf, p in zip(leaves, degrees, strict=True)]
    )


def _budget_sums(method: Method, sums: Sums, w: Array, g: Gradient, u: Array, data: Batch) -> Sums:
    """The sums after the update `u` from `w`; the budget is of all points, whatever the step has seen."""
    if not method.budget:
        return sums
    if not method.sampling.full:
        g = gradient(method.loss, w, data)
    moved = jnp.where(data.rivals, linear_margins(u, data), 0)
    return Sums(
        sums.path + jnp.stack([norm.value(u, inline=True) for norm in method.norms]),
        sums.descent - _relative_scale(method.loss, g, data) * jnp.sum(g.direction * u),
        sums.second_order + jnp.max(moved * moved) / 2,
    )


def _relative_scale(loss: Loss, g: Gradient, data: Batch) -> Array:
    """What `g.direction` is to be multiplied by for the gradient of the mean loss's logarithm."""
    if loss.of_log:
        return jnp.exp(g.log_scale)
    if loss.scaled_value is not None:
        return 1 / jnp.sum(data.weight * loss.scaled_value(g.margins))
    return jnp.exp(g.log_scale - log_sum_exp(loss.log_value(g.margins) + jnp.log(data.weight)))


def _step(method: Method, data: Batch, seen: Batch, t: Array, carry: Carry) -> Carry:
    """One step of one dataset, which takes its gradient on what is `seen` of it: all, or a mini-batch."""
    g = gradient(method.loss, carry.w, seen, method.model)
    quiet = carry.quiet
    if method.homogeneity.scale_free:
        fed, state, unit = _feed_scale_free(method, carry, g)
        going, last = jnp.asarray(True), t
    else:
        fed, state, unit = _true(g), carry.state, carry.unit
        # The horizon is where a sample that matters to rounding, beside the one that matters most, would underflow.
        smallest = jnp.log(jnp.finfo(fed.dtype).tiny / jnp.finfo(fed.dtype).eps)
        going, last = g.log_scale > smallest, t
        if not method.sampling.full:
            # A batch may be far below the others; the horizon is where all batches of an epoch are.
            quiet = jnp.where(going, 0, carry.quiet + 1)
            going, last = quiet < method.sampling.epoch(_points(data)), t - quiet + 1
        going &= carry.horizon_step == NEVER
    update, state = method.update(fed, state, carry.w, **asked(method.loss, method.asks, seen, g, method.model))
    u = jnp.asarray(update)
    # Padding stays at zero; a weight that no sample touches may give 0/0, which is 0.
    touched = seen.touched if method.model is None else g.direction != 0
    u = jnp.where(data.real & (touched | ~jnp.isnan(u)) & going, u, 0)
    w = carry.w + u
    bad = jnp.where(jnp.isfinite(g.log_scale), jnp.where(jnp.all(jnp.isfinite(w)), NEVER, t + 1), t)
    after = Carry(
        w,
        state,
        unit,
        carry.reach,
        jnp.minimum(carry.bad_step, bad).astype(jnp.int32),
        jnp.where(going, carry.horizon_step, jnp.minimum(carry.horizon_step, last)),
        _budget_sums(method, carry.sums, carry.w, g, u, data),
        quiet,
        carry.total,
    )
    if method.measured is not None:
        after = _aside(method, data, carry, after)
    if method.average:
        after = after._replace(total=carry.total + measured_weights(method, data, after.state, after.w))
    return after


def _aside(method: Method, data: Batch, before: Carry, after: Carry) -> Carry:
    """The step of a method that is measured elsewhere: its budget is that of the measured weights."""
    stopped = after.horizon_step != NEVER
    state = jax.tree.map(lambda old, new: jnp.where(stopped, old, new), before.state, after.state)
    after = after._replace(state=state)
    if not method.budget:
        return after
    w = measured_weights(method, data, before.state, before.w)
    u = measured_weights(method, data, state, after.w) - w
    return after._replace(sums=_budget_sums(method, before.sums, w, gradient(method.loss, w, data), u, data))


def _points(data: Batch) -> Int[Array, ""]:
    return jnp.sum(data.weight > 0).astype(jnp.int32)


def _part(model: Shaped | None, data: Batch, points: Int[Array, " m"], weight: Float[Array, " m"]) -> Batch:
    """The mini-batch of these points."""
    x = data.x[points]
    # Of a model's parameters the gradient tells which no sample touches.
    touched = jnp.any(x != 0, axis=0) if model is None else jnp.asarray(True)
    return data._replace(
        x=x,
        label=data.label[points],
        rivals=data.rivals[points],
        weight=weight.astype(data.weight.dtype),
        sign=data.sign if isinstance(data.sign, tuple) else data.sign[points],
        touched=data.touched & jnp.broadcast_to(touched, data.touched.shape),
    )


def _steps(method: Method, data: Batch, carry: Carry, begin: Array, end: Array) -> Carry:
    """The run of one dataset from one step to another."""
    if method.sampling.full:
        return jax.lax.fori_loop(begin, end, partial(_step, method, data, data), carry)
    padded = data.x.shape[0]
    length, n = sampled.stretch(method.sampling.batch or 1, padded), _points(data)

    def stretch(at: tuple[Array, Carry]) -> tuple[Array, Carry]:
        first, carry = at
        # Stretches begin at multiples of their length, so that the step alone tells which of them the carry holds.
        begun = first // length * length
        drawn = jax.lax.cond(
            first == begun,
            lambda: sampled.draw(method.sampling, data.key, n, first, padded=padded),
            lambda: carry.drawn,
        )
        points, weights = drawn

        def step(t: Array, carry: Carry) -> Carry:
            return _step(method, data, _part(method.model, data, points[t - begun], weights[t - begun]), t, carry)

        last = jnp.minimum(begun + length, end)
        return last, jax.lax.fori_loop(first, last, step, carry._replace(drawn=()))._replace(drawn=drawn)

    return jax.lax.while_loop(lambda at: at[0] < end, stretch, (begin, carry))[1]


class Recorded(NamedTuple):
    """What the grid's metrics are computed from, by `verify.runs.recording`.

    w: the weights that are measured. fed: those that the gradient is taken at, where they are others. reach, sums,
    total: as in `Carry`.
    """

    w: Array
    fed: Any
    reach: Array
    sums: Sums
    total: Any


def start(method: Method, data: Batch, w0: Array) -> Carry:
    """The carry of one dataset before its first step, without the optimizer's state."""
    zero = jnp.zeros([], w0.dtype)
    g = gradient(method.loss, w0, data, method.model)
    unit = jnp.floor(g.log_scale / LN2).astype(jnp.int32)
    reach = zero
    if method.model is None:
        reach = jnp.sum(data.weight[:, None] * jnp.abs(data.x), axis=0)
        reach = jnp.min(jnp.where(data.touched, jnp.broadcast_to(reach, data.touched.shape), jnp.inf))
    sums = Sums(jnp.zeros(len(method.norms), w0.dtype), zero, zero)
    never = jnp.asarray(NEVER, jnp.int32)
    total = jnp.zeros_like(w0) if method.average else ()
    if method.sampling.full:
        return Carry(w0, (), unit, reach, never, never, sums, (), total)
    padded, n = data.x.shape[0], _points(data)
    shapes = jax.eval_shape(lambda: sampled.draw(method.sampling, data.key, n, never, padded=padded))
    drawn = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    return Carry(w0, (), unit, reach, never, never, sums, jnp.zeros([], jnp.int32), total, drawn)


def segment(method: Method, data: Batch, carry: Carry, ends: Array, first: Array) -> tuple[Carry, Recorded]:
    """Run one dataset through the grid `ends: [r]` from step `first`; what is recorded has a leading axis `r`."""

    def until(carry_and_step: tuple[Carry, Array], end: Array):
        carry, begin = carry_and_step
        carry = _steps(method, data, carry, begin, end)
        w = measured_weights(method, data, carry.state, carry.w)
        fed = () if method.measured is None else carry.w
        return (carry, end), Recorded(w, fed, carry.reach, carry.sums, carry.total)

    (carry, _), recorded = jax.lax.scan(until, (carry, first), ends)
    return carry, recorded
