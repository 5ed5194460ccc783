"""Optimizers of the theorems, as `optax.GradientTransformation`s composed of optax parts.

Any other optax optimizer can stand in their place. Constructors return the same object for the same arguments,
so that a program compiled for an optimizer is found again.

Weights are one array, `[d]` or `[k d]`. Where an update divides by a second moment, `0 / 0 = 0`: a feature that
no sample has leaves its weight where it was.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.core import Tracer
from jax.typing import ArrayLike

import solvers.norms
from solvers.errors import InputError
from solvers.norms import Norm
from verify import config as config

StepSize = float | optax.Schedule


@dataclass(frozen=True)
class PowerDecay:
    """Step sizes `eta_t = eta0 (t + t0)^-a`, `t = 0, 1, ...`; `a = 0` is a constant one.

    The optimizers here keep the three numbers in their state, so that one compiled program serves all of them.
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


def _ratio(numerator: Array, denominator: Array) -> Array:
    """`numerator / denominator` with `0 / 0 = 0`; anything else over zero stays infinite and stops the run."""
    zero = (numerator == 0) & (denominator == 0)
    return jnp.where(zero, 0, numerator / jnp.where(zero, 1, denominator))


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
    """`w - eta_t u_t` with the directions `u_t`: `optax.scale_by_learning_rate`, but a number or a `PowerDecay` is
    kept in the state, so that two optimizers with the same `direction` object share one compiled program.
    """
    if callable(step_size) and not isinstance(step_size, PowerDecay):
        return optax.chain(direction, optax.scale_by_learning_rate(step_size))
    eta = step_size if isinstance(step_size, PowerDecay) else PowerDecay(step_size, 0.0)

    def init(params: optax.Params) -> tuple[Any, StepSizeState]:
        numbers = (jnp.asarray(x, jnp.float64) for x in (eta.eta0, eta.a, eta.t0))
        return direction.init(params), StepSizeState(jnp.zeros([], jnp.int32), *numbers)

    return optax.GradientTransformation(init, _descending(direction))


def scale_by_steepest_direction(norm: str | Norm, normalised: bool = True) -> optax.GradientTransformation:
    """Replace `g` by `argmax_{||u|| <= 1} <g, u>`, times `||g||_*` unless `normalised`."""
    geometry = solvers.norms.norm(norm)

    def direction(g: Array) -> Array:
        compiled = isinstance(g, Tracer)
        u = geometry.direction(g, inline=compiled)
        return u if normalised else u * geometry.dual_value(g, inline=compiled)

    return optax.stateless(lambda updates, params=None: jax.tree.map(direction, updates))


NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""The quintic iteration's coefficients of Jordan et al. 2024 (Muon), which are steep at zero and do not converge."""


def scale_by_newton_schulz(iterations: int = 5) -> optax.GradientTransformation:
    """Replace a matrix by an approximation of its polar factor, as Muon is run in practice (Jordan et al. 2024).

    From `X = g / ||g||_F`, `X = a X + b (X X^T) X + c (X X^T)^2 X` with `NEWTON_SCHULZ`: of `g` the singular vectors
    are kept, and singular values that are not tiny beside the largest end between 0.68 and 1.13 instead of at 1.
    """
    if iterations < 1:
        raise InputError(f"The Newton-Schulz iteration needs at least one step, not {iterations}: give more.")
    a, b, c = NEWTON_SCHULZ

    def orthogonalise(g: Array) -> Array:
        if g.ndim != 2:
            raise InputError("The Newton-Schulz iteration needs a matrix of weights: use it with class labels.")
        if g.shape[0] > g.shape[1]:
            return orthogonalise(g.T).T
        x = solvers.norms.norm("l2").direction(g)
        for _ in range(iterations):
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
        return x

    return optax.stateless(lambda updates, params=None: jax.tree.map(orthogonalise, updates))


class SecondMomentState(NamedTuple):
    """Moving averages of the gradient (`mean`) and of its square (`square`), and the steps taken."""

    steps: Array
    mean: optax.Updates
    square: optax.Updates


def scale_by_second_moment(
    *,
    b1: float,
    b2: float | None,
    eps: float,
    eps_inside_root: bool,
    bias_correction: bool,
) -> optax.GradientTransformation:
    """`m / sqrt(v)` with moments from zero; `b2 = None` sums the squares up (AdaGrad).

    `eps` stands inside the root, `m / sqrt(v + eps)`, or outside, `m / (sqrt(v) + eps)`, after bias correction.
    """
    _check("eps", eps, 0.0)
    _check("b1", b1, 0.0, 1.0)
    if b2 is not None:
        _check("b2", b2, 0.0, 1.0)

    def init(params: optax.Params) -> SecondMomentState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return SecondMomentState(jnp.zeros([], jnp.int32), zeros, zeros)

    def scale(count: Array, m: Array, v: Array) -> Array:
        if bias_correction:
            steps = count.astype(m.dtype)
            m = m / (1 - b1**steps) if b1 else m
            v = v / (1 - b2**steps) if b2 else v
        return _ratio(m, jnp.sqrt(v + eps) if eps_inside_root else jnp.sqrt(v) + eps)

    def update(updates, state, params=None):
        del params
        count = state.steps + 1
        mean = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, state.mean, updates)
        keep, take = (1.0, 1.0) if b2 is None else (b2, 1 - b2)
        square = jax.tree.map(lambda v, g: keep * v + take * g * g, state.square, updates)
        scaled = jax.tree.map(lambda m, v: scale(count, m, v), mean, square)
        return scaled, SecondMomentState(count, mean, square)

    return optax.GradientTransformation(init, update)


def scale_by_average(b1: float) -> optax.GradientTransformation:
    """Replace `g` by its moving average `m = b1 m + (1 - b1) g` from zero, without bias correction."""
    _check("b1", b1, 0.0, 1.0)
    return optax.ema(b1, debias=False)


@functools.cache
def steepest_descent(
    step_size: StepSize, norm: str | Norm = "l2", *, b1: float = 0.0, normalised: bool = True
) -> optax.GradientTransformation:
    """Steepest descent in a norm, `w - eta_t u_t`, `u_t = argmax_{||u|| <= 1} <m_t, u>`.

    `m_t` is the gradient, or with `b1 > 0` its moving average (Signum, momentum NGD, Muon with the exact polar
    factor). With `normalised=False` the step is multiplied by `||m_t||_*`.
    """
    return descend(_steepest(solvers.norms.norm(norm), b1, normalised), step_size)


@functools.cache
def _steepest(norm: Norm, b1: float, normalised: bool) -> optax.GradientTransformation:
    direction = scale_by_steepest_direction(norm, normalised)
    return optax.chain(scale_by_average(b1), direction) if b1 else direction


def sign_gd(step_size: StepSize) -> optax.GradientTransformation:
    """SignGD: steepest descent in the L-infinity (for matrices: max) norm."""
    return steepest_descent(step_size, "linf")


def normalised_gd(step_size: StepSize) -> optax.GradientTransformation:
    """Normalised gradient descent: steepest descent in the L2 (for matrices: Frobenius) norm."""
    return steepest_descent(step_size, "l2")


def spectral_descent(step_size: StepSize, *, b1: float = 0.0) -> optax.GradientTransformation:
    """Steepest descent in the spectral norm (polar factor by SVD); with `b1 > 0` Muon without approximation."""
    return steepest_descent(step_size, "spectral", b1=b1)


@functools.cache
def muon(step_size: StepSize, b1: float = 0.95, iterations: int = 5) -> optax.GradientTransformation:
    """Muon as it is run in practice: for the polar factor of the moving average, steps of Newton-Schulz.

    See `scale_by_newton_schulz`; `spectral_descent` with `b1` is Muon with the exact polar factor.
    """
    return descend(_muon(b1, iterations), step_size)


@functools.cache
def _muon(b1: float, iterations: int) -> optax.GradientTransformation:
    return optax.chain(scale_by_average(b1), scale_by_newton_schulz(iterations))


def nuclear_descent(step_size: StepSize) -> optax.GradientTransformation:
    """Steepest descent in the nuclear norm: the leading pair of singular vectors."""
    return steepest_descent(step_size, "nuclear")


def coordinate_descent(step_size: StepSize) -> optax.GradientTransformation:
    """Steepest descent in the L1 norm: one signed coordinate a step."""
    return steepest_descent(step_size, "l1")


@functools.cache
def gradient_descent(step_size: StepSize) -> optax.GradientTransformation:
    """Gradient descent, `w - eta_t g_t`."""
    return descend(_IDENTITY, step_size)


_IDENTITY = optax.identity()


@functools.cache
def heavy_ball(step_size: StepSize, momentum: float = 0.9) -> optax.GradientTransformation:
    """Gradient descent with momentum, `m = momentum m + g`, `w - eta_t m`."""
    _check("momentum", momentum, 0.0, 1.0)
    return descend(_trace(momentum), step_size)


_trace = functools.cache(optax.trace)


@functools.cache
def adam(
    step_size: StepSize,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 0.0,
    *,
    eps_inside_root: bool = False,
    bias_correction: bool = False,
) -> optax.GradientTransformation:
    """Adam, `w - eta_t m_t / (sqrt(v_t) + eps)`; by default without eps and bias correction (Zhang, Zou, Cao 2024)."""
    scale = _second_moment(b1=b1, b2=b2, eps=eps, eps_inside_root=eps_inside_root, bias_correction=bias_correction)
    return descend(scale, step_size)


_second_moment = functools.cache(scale_by_second_moment)


def rmsprop(
    step_size: StepSize,
    b2: float = 0.99,
    eps: float = 0.0,
    *,
    eps_inside_root: bool = True,
    bias_correction: bool = False,
) -> optax.GradientTransformation:
    """RMSProp, `w - eta_t g_t / sqrt(v_t + eps)`: Adam without its first moment."""
    return adam(step_size, 0.0, b2, eps, eps_inside_root=eps_inside_root, bias_correction=bias_correction)


@functools.cache
def adagrad(step_size: StepSize, eps: float = 0.0, *, eps_inside_root: bool = True) -> optax.GradientTransformation:
    """AdaGrad, `w - eta_t g_t / sqrt(eps + sum_{s <= t} g_s^2)`, the current gradient included."""
    scale = _second_moment(b1=0.0, b2=None, eps=eps, eps_inside_root=eps_inside_root, bias_correction=False)
    return descend(scale, step_size)


@functools.cache
def rotated(optimizer: optax.GradientTransformation, angle: float = 0.5) -> optax.GradientTransformation:
    """The optimizer run on features of which the first two are turned by an angle, its weights turned back.

    A method whose bias does not depend on the axes (any in the L2 norm) is not changed by it; SignGD and Adam lose
    the L-infinity margin of the features as they were. One feature cannot be turned.
    """

    def turn(w: Array, angle: float) -> Array:
        if w.shape[-1] == 1:
            return w
        a, b = w[..., 0], w[..., 1]
        c, s = math.cos(angle), math.sin(angle)
        return w.at[..., 0].set(c * a - s * b).at[..., 1].set(s * a + c * b)

    def update(updates, state, params=None):
        turned = jax.tree.map(lambda g: turn(g, angle), updates)
        turned_params = None if params is None else jax.tree.map(lambda w: turn(w, angle), params)
        scaled, state = optimizer.update(turned, state, turned_params)
        return jax.tree.map(lambda u: turn(u, -angle), scaled), state

    return optax.GradientTransformation(optimizer.init, update)


OPTIMIZERS: dict[str, Callable[..., optax.GradientTransformation]] = {
    "sign_gd": sign_gd,
    "normalised_gd": normalised_gd,
    "spectral_descent": spectral_descent,
    "muon": muon,
    "nuclear_descent": nuclear_descent,
    "coordinate_descent": coordinate_descent,
    "steepest_descent": steepest_descent,
    "gradient_descent": gradient_descent,
    "heavy_ball": heavy_ball,
    "adam": adam,
    "rmsprop": rmsprop,
    "adagrad": adagrad,
}
"""The library's own optimizers by name; each takes the step size (a number or a schedule) first."""
