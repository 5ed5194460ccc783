"""Methods with weight decay, and steepest descent, as convex claims run them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp
import optax

from verify import optimizers
from verify.optimizers.step_sizes import PowerDecay
from verify.problems.convex.stacks import Stack


@dataclass(frozen=True)
class Method:
    """An optimizer by name. make: from one problem, whose numbers may be traced, to the optax transformation."""

    name: str
    make: Callable[[Stack], optax.GradientTransformation]


DECAYING = PowerDecay(0.5, 0.7)
"""Steps whose sum is infinite, and whose last is small at every horizon that is used here."""


class Averages(NamedTuple):
    """Moving averages of the gradient and of its square."""

    mean: Any
    square: Any


def scale_by_averages(betas: Any) -> optax.GradientTransformation:
    """`m / sqrt(v)` with `0 / 0 = 0`: `optimizers.scale_by_second_moment` whose betas `[2]` may be traced numbers."""

    def init(params: Any) -> Averages:
        return Averages(jnp.zeros_like(params), jnp.zeros_like(params))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, Averages]:
        del params
        mean = betas[0] * state.mean + (1 - betas[0]) * updates
        square = betas[1] * state.square + (1 - betas[1]) * updates * updates
        still = (mean == 0) & (square == 0)
        return jnp.where(still, 0.0, mean / jnp.where(still, 1.0, jnp.sqrt(square))), Averages(mean, square)

    return optax.GradientTransformation(init, update)


def decoupled(direction: optax.GradientTransformation, decay: Any, step_size: Any) -> optax.GradientTransformation:
    """`W - eta_t (u_t + decay W)`: weight decay beside the direction, not in the gradient that it is made of."""
    return optax.chain(direction, optax.add_decayed_weights(decay), optax.scale_by_learning_rate(step_size))


def _adamw(step_size: PowerDecay, p: Stack) -> optax.GradientTransformation:
    return decoupled(scale_by_averages(p.betas), p.decay, step_size)


def _adam(step_size: PowerDecay, p: Stack) -> optax.GradientTransformation:
    return optax.chain(scale_by_averages(p.betas), optax.scale_by_learning_rate(step_size))


def _signum(p: Stack) -> optax.GradientTransformation:
    direction = optax.chain(optimizers.scale_by_average(0.9), optimizers.scale_by_steepest_direction("linf"))
    return decoupled(direction, p.decay, DECAYING)


def _lion(p: Stack) -> optax.GradientTransformation:
    return decoupled(optax.scale_by_lion(0.9, 0.99), p.decay, DECAYING)


def _steepest(norm: str, step_size: Callable[[Any, Any], Any], p: Stack) -> optax.GradientTransformation:
    return decoupled(optimizers.scale_by_steepest_direction(norm), p.decay, lambda count: step_size(count + 1, p.decay))


def harmonic(t: Any, decay: Any) -> Any:
    """`2 / (lambda (t + 1))`."""
    return 2 / (decay * (t + 1))


def constant(t: Any, decay: Any) -> Any:
    """`1 / (4 lambda)`, with which the method comes no nearer than such steps are long."""
    return 0.25 / decay + 0 * t


@functools.cache
def steepest_descent(norm: str, step_size: Callable[[Any, Any], Any] = harmonic) -> Method:
    """Normalised steepest descent in a norm with weight decay; step_size: from `t = 1, 2, ...` and lambda."""
    return Method(f"steepest descent in {norm}", functools.partial(_steepest, norm, step_size))


ADAMW = Method("AdamW", functools.partial(_adamw, DECAYING))
ADAM = Method("Adam", functools.partial(_adam, DECAYING))
STOPPING = Method("AdamW with summable steps", functools.partial(_adamw, PowerDecay(0.1, 1.5)))
SIGNUM = Method("Signum with weight decay", _signum)
LION = Method("Lion with weight decay", _lion)
