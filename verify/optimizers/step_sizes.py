"""Schedules of step sizes, and the step that takes them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.typing import ArrayLike

from solvers.errors import InputError
from verify import backend as backend

StepSize = float | optax.Schedule
"""A number, or a function of the number of steps that were made before."""


@dataclass(frozen=True)
class PowerDecay:
    """Step sizes that fall like a power of t, or stay constant.

    Rule: `eta_t = eta0 (t + t0)^-a`, `t = 0, 1, ...`; `a = 0` is a constant one.

    eta0: the first step size where `t0 = 1`, positive. a: the power, 0 or more. t0: the shift, positive. Called with
    the steps taken, an array of any shape, it gives the step sizes in the same shape. The optimizers here keep the
    three numbers in their state, so that one compiled program serves all of them.

    Raises `InputError` for numbers out of these ranges.

    Example: steps `t^-1/2`.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import PowerDecay
        >>> print(PowerDecay(0.5, 1 / 2)(jnp.arange(4)).round(4))
        [0.5    0.3536 0.2887 0.25  ]

    Reference: Robbins, Monro 1951, A stochastic approximation method, Annals of Mathematical Statistics 22.
    """

    eta0: float
    a: float
    t0: float = 1.0

    def __post_init__(self):
        try:
            good = self.eta0 > 0 and self.a >= 0 and self.t0 > 0
        except TypeError:
            good = False
        if not good:
            raise InputError(
                f"Step sizes eta0 (t + t0)^-a need eta0 > 0, a >= 0 and t0 > 0, not {self}: choose them so."
            )

    def __call__(self, count: ArrayLike) -> Array:
        return self.eta0 * (jnp.asarray(count) + self.t0) ** (-self.a)


def _check(name: str, value: float, low: float, high: float = float("inf")) -> None:
    try:
        good = low <= value < high
    except TypeError:
        good = False
    if not good:
        raise InputError(f"{name} must lie in [{low}, {high}), not {value!r}: choose it so.")


class StepSizeState(NamedTuple):
    """The steps taken, and the numbers of a `PowerDecay`."""

    taken: Array
    eta0: Array
    a: Array
    t0: Array


@functools.cache
def _descending(direction: optax.GradientTransformation) -> Callable[..., Any]:
    """The update that multiplies a direction by minus the step size found in the state."""

    def update(updates, state, params=None):
        inner, steps = state
        updates, inner = direction.update(updates, inner, params)
        step_size = steps.eta0 * (steps.taken + steps.t0) ** -steps.a
        scaled = jax.tree.map(lambda u: -step_size.astype(u.dtype) * u, updates)
        return scaled, (inner, steps._replace(taken=steps.taken + 1))

    return update


def descend(direction: optax.GradientTransformation, step_size: StepSize) -> optax.GradientTransformation:
    """Steps against the directions of a transformation.

    Rule: `w_{t+1} = w_t - eta_t u_t`, where `u_t` is what `direction` makes of the gradient.

    direction: any transformation of gradients. step_size: `eta_t`, a number or a schedule (`StepSize`). It does what
    `optax.scale_by_learning_rate` does in a chain, but a number or a `PowerDecay` is kept in the state, so that two
    optimizers with the same `direction` object share one compiled program.

    Raises `InputError` for a number that is not positive; what a function gives is not looked at.

    Example: gradient descent with steps `1 / (t + 1)`.

        >>> import jax.numpy as jnp
        >>> import optax
        >>> from verify.optimizers import PowerDecay, descend
        >>> g = jnp.array([3.0, -4.0])
        >>> method = descend(optax.identity(), PowerDecay(1.0, 1.0))
        >>> first, state = method.update(g, method.init(g))
        >>> second, state = method.update(g, state)
        >>> print(first, second)
        [-3.  4.] [-1.5  2. ]

    Reference: Robbins, Monro 1951, A stochastic approximation method, Annals of Mathematical Statistics 22.
    """
    if callable(step_size) and not isinstance(step_size, PowerDecay):
        return optax.chain(direction, optax.scale_by_learning_rate(step_size))
    eta = step_size if isinstance(step_size, PowerDecay) else PowerDecay(step_size, 0.0)

    def init(params: optax.Params) -> tuple[Any, StepSizeState]:
        numbers = (jnp.asarray(x, jnp.float64) for x in (eta.eta0, eta.a, eta.t0))
        return direction.init(params), StepSizeState(jnp.zeros([], jnp.int32), *numbers)

    return optax.GradientTransformation(init, _descending(direction))
