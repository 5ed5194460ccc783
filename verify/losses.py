"""Losses of the margins, in the log domain, so that no margin is too large for floating point.

A sample has the margins `z: [m]` against its `m` rivals: one in binary classification, the wrong classes in
multiclass classification, where an absent rival has `z = +inf`. A loss is given by the logarithms of its
value and of its slopes `-d loss / d z_j`; neither cancels nor underflows at any finite margin. The engine uses
the slopes as `e^c s` with one log scale `c` for all samples of a dataset.

The slopes of the cross-entropy are the probabilities of the wrong classes, computed as such: `softmax - onehot`
would be exactly zero for the true class past a logit margin of 36.7 in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from solvers.errors import InputError
from verify import backend as backend

__all__ = [
    "CROSS_ENTROPY",
    "EXPONENTIAL",
    "LOG_EXPONENTIAL",
    "LOSSES",
    "PAIRWISE_LOGISTIC",
    "POLYNOMIAL_TAIL",
    "Loss",
    "log_softplus",
    "log_sum_exp",
    "loss",
    "own_loss",
    "softplus",
]


@dataclass(frozen=True)
class Loss:
    """A loss of the margins.

    `log_value`: margins `[... m]` to the logarithm of the sample's loss `[...]`.
    `log_slopes`: margins `[... m]` to the logarithms of `-d loss / d z_j`, `[... m]` (`-inf` for absent rivals).
    `scaled_slopes`: margins `[n m]` of one dataset to `(s, c)` with slopes `e^c s`, the largest `s` of order 1.
    `of_log`: whether the optimizer descends the logarithm of the mean loss instead of the mean loss.
    `scaled_value`: margins `[n m]` of one dataset to the samples' losses over the same `e^c`, `[n]`, where that is
    cheaper than `log_value`; it may share subexpressions with `scaled_slopes`, as may
    `scaled_total`: margins `[n m]` to the sums of `s` over the rivals, `[n 1]`, where they need not be added up.
    """

    name: str
    log_value: Callable[[Array], Array]
    log_slopes: Callable[[Array], Array]
    scaled_slopes: Callable[[Array], tuple[Array, Array]]
    of_log: bool = False
    scaled_value: Callable[[Array], Array] | None = None
    scaled_total: Callable[[Array], Array] | None = None


def softplus(u: Float[Array, "..."]) -> Float[Array, "..."]:
    """`log(1 + e^u)`, accurate to rounding for every `u`, its derivative at zero included."""
    return jnp.logaddexp(u, 0.0)


def log_softplus(u: Float[Array, "..."]) -> Float[Array, "..."]:
    """`log log(1 + e^u)`; below -37 it equals `u` to rounding, where `e^u` would in the end underflow."""
    return jnp.where(u < -37, u, jnp.log(softplus(jnp.maximum(u, -37))))


def log_sum_exp(a: Float[Array, "... m"]) -> Float[Array, "..."]:
    """`log sum_j e^(a_j)` over the last axis, of which at least one entry must be finite."""
    if a.shape[-1] == 1:
        return a[..., 0]
    top = jnp.max(a, axis=-1)
    return top + jnp.log(jnp.sum(jnp.exp(a - top[..., None]), axis=-1))


def _exponential_slopes(z: Array) -> Array:
    return -z


def _exponential_scaled(z: Array) -> tuple[Array, Array]:
    least = jnp.min(z)
    return jnp.exp(least - z), -least


def _exponential_scaled_value(z: Array) -> Array:
    return jnp.sum(jnp.exp(jnp.min(z) - z), axis=-1)


def _exponential_value(z: Array) -> Array:
    return log_sum_exp(-z)


def _cross_entropy_slopes(z: Array) -> Array:
    return -z - softplus(log_sum_exp(-z))[..., None]


def _cross_entropy_scaled(z: Array) -> tuple[Array, Array]:
    """`p_j = e^(-z_j) / (1 + sum_c e^(-z_c))`, with no exponential above 1 and none of a large margin alone."""
    if z.shape[-1] == 1:
        least = jnp.maximum(jnp.min(z), 0)
        return 1 / (jnp.exp(z - least) + jnp.exp(-least)), -least
    a, total, behind, least = _cross_entropy_parts(z)
    return a / (jnp.exp(behind) + jnp.exp(-least) * total), -least


def _cross_entropy_scaled_total(z: Array) -> Array:
    if z.shape[-1] == 1:
        return _cross_entropy_scaled(z)[0]
    _, total, behind, least = _cross_entropy_parts(z)
    return total / (jnp.exp(behind) + jnp.exp(-least) * total)


def _cross_entropy_parts(z: Array) -> tuple[Array, Array, Array, Array]:
    """`a_j` with `e^-z_j = e^-(least + behind) a_j`, their sum, and what is added: the margin that is least of all but
    not below 0, and the sample's least where that is below 0.
    """
    # XLA would make one reduction of both minima, and read all margins for each.
    nearest = jax.lax.optimization_barrier(jnp.min(z, axis=-1, keepdims=True))
    least, behind = jnp.maximum(jnp.min(nearest), 0), jnp.minimum(nearest, 0)
    a = jnp.exp(least + behind - z)
    return a, jnp.sum(a, axis=-1, keepdims=True), behind, least


def _cross_entropy_scaled_value(z: Array) -> Array:
    """`log(1 + u)` over `e^-least` for `u = sum_c e^(-z_c)`, where `u` may underflow and its multiple `a` does not."""
    if z.shape[-1] == 1:
        return _logistic_over_scale(z)[..., 0]
    _, total, behind, least = _cross_entropy_parts(z)
    a, behind = total[..., 0], behind[..., 0]
    # Some sample is misclassified only where `least` is 0: then `u = e^(-behind) a`.
    u = jnp.where(behind < 0, jnp.exp(behind) - 1, 0) + jnp.exp(-least) * a
    log = jnp.log1p(u)
    return jnp.where(behind < 0, log - behind, a * _ratio(log, u))


def _logistic_over_scale(z: Array) -> Array:
    """`log(1 + e^-z)` over `e^-least` for every margin, `least` being the smallest of all, or 0 if that is negative."""
    least = jnp.maximum(jnp.min(z), 0)
    e = jnp.exp(z - least)
    u = jnp.where(z < 0, e, jnp.exp(-least) / e)
    log = jnp.log1p(u)
    return jnp.where(z < 0, log - z, _ratio(log, u) / e)


def _ratio(log: Array, u: Array) -> Array:
    """`log(1 + u) / u`, which is 1 where `u` leaves the normal range."""
    lost = u < jnp.finfo(u.dtype).tiny
    return jnp.where(lost, 1, log / jnp.where(lost, 1, u))


def _cross_entropy_value(z: Array) -> Array:
    return log_softplus(log_sum_exp(-z))


def _pairwise_slopes(z: Array) -> Array:
    return -softplus(z)


def _pairwise_scaled(z: Array) -> tuple[Array, Array]:
    least = jnp.maximum(jnp.min(z), 0)
    return 1 / (jnp.exp(z - least) + jnp.exp(-least)), -least


def _pairwise_scaled_value(z: Array) -> Array:
    return jnp.sum(jnp.where(z == jnp.inf, 0, _logistic_over_scale(z)), axis=-1)


def _pairwise_value(z: Array) -> Array:
    return log_sum_exp(log_softplus(-z))


def _polynomial_slopes(z: Array) -> Array:
    return -2 * jnp.log1p(jnp.maximum(z, 0))


def _polynomial_scaled(z: Array) -> tuple[Array, Array]:
    slopes = _polynomial_slopes(z)
    largest = jnp.max(slopes)
    return jnp.exp(slopes - largest), largest


def _polynomial_value(z: Array) -> Array:
    above, below = jnp.maximum(z, 0), jnp.where(z > 0, 0, z)
    return log_sum_exp(jnp.where(z > 0, -jnp.log1p(above), jnp.log1p(-below)))


EXPONENTIAL = Loss(
    "exponential",
    _exponential_value,
    _exponential_slopes,
    _exponential_scaled,
    scaled_value=_exponential_scaled_value,
)
"""`sum_j e^(-z_j)` over the rivals."""
CROSS_ENTROPY = Loss(
    "cross_entropy",
    _cross_entropy_value,
    _cross_entropy_slopes,
    _cross_entropy_scaled,
    scaled_value=_cross_entropy_scaled_value,
    scaled_total=_cross_entropy_scaled_total,
)
"""`log(1 + sum_j e^(-z_j))`; with one rival it is the logistic loss."""
PAIRWISE_LOGISTIC = Loss(
    "pairwise_logistic", _pairwise_value, _pairwise_slopes, _pairwise_scaled, scaled_value=_pairwise_scaled_value
)
"""`sum_j log(1 + e^(-z_j))`: PairLogLoss."""
POLYNOMIAL_TAIL = Loss("polynomial_tail", _polynomial_value, _polynomial_slopes, _polynomial_scaled)
"""`sum_j 1 / (1 + z_j)`, carried on by its tangent below zero."""
LOG_EXPONENTIAL = Loss("log_exponential", _exponential_value, _exponential_slopes, _exponential_scaled, of_log=True)
"""The logarithm of the mean exponential loss."""

LOSSES: dict[str, Loss] = {
    "exponential": EXPONENTIAL,
    "logistic": CROSS_ENTROPY,
    "cross_entropy": CROSS_ENTROPY,
    "pairwise_logistic": PAIRWISE_LOGISTIC,
    "polynomial_tail": POLYNOMIAL_TAIL,
    "log_exponential": LOG_EXPONENTIAL,
}
"""By name. `logistic` is the cross-entropy with one rival; `log_exponential` is `log mean exp(-z)`; `polynomial_tail`
is `1 / (1 + z)`, carried on by its tangent `1 - z` below zero and summed over the rivals: its tail is too heavy for
the maximal margin.
"""


def loss(spec: str | Loss) -> Loss:
    """The loss of that name. Raises `InputError` where there is none."""
    if isinstance(spec, Loss):
        return spec
    if spec not in LOSSES:
        raise InputError(f"There is no loss {spec!r}: use one of {', '.join(LOSSES)}, or a verify.losses.Loss.")
    return LOSSES[spec]


def own_loss(name: str, log_value: Callable[[Array], Array]) -> Loss:
    """A loss of the user's own, from the logarithm of its value: the slopes are found by differentiation.

    log_value: margins `[... m]` to the logarithm of the sample's loss `[...]`, falling in each margin, written with
    `jax.numpy`. It is differentiated as it stands, so it must be accurate in the log domain: `-z[..., 0]` for `e^-z` of
    binary data, where `jnp.log(jnp.exp(-z))` underflows; with classes `log_sum_exp` over the rivals. A margin over an
    absent rival is infinite, and a rival whose slope is below `e^-700` of the loss counts as absent. Where the loss
    rises its slope has no logarithm, and the run stops with the step and the dataset.

    Raises `InputError` for the name of a loss of the library.
    """
    if name in LOSSES:
        raise InputError(f"There is a loss {name!r} in the library: give the own loss another name.")
    rate = jax.grad(lambda z: jnp.sum(log_value(z)))

    def log_slopes(z: Array) -> Array:
        # l = e^f has the slope l f': far out only its logarithm is a number.
        absent = z == jnp.inf
        return jnp.where(absent, -jnp.inf, log_value(z)[..., None] + jnp.log(-jnp.where(absent, -1.0, rate(z))))

    def scaled_slopes(z: Array) -> tuple[Array, Array]:
        slopes = log_slopes(z)
        largest = jnp.max(slopes)
        return jnp.exp(slopes - largest), largest

    return Loss(name, log_value, log_slopes, scaled_slopes)
