"""Parts of optimizers: steepest directions, averages, second moments."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.core import Tracer

import solvers.norms
from solvers.errors import InputError
from solvers.norms import Norm
from verify import backend as backend
from verify.optimizers.step_sizes import _check


def _ratio(numerator: Array, denominator: Array) -> Array:
    """`numerator / denominator` with `0 / 0 = 0`; anything else over zero stays infinite and stops the run."""
    zero = (numerator == 0) & (denominator == 0)
    return jnp.where(zero, 0, numerator / jnp.where(zero, 1, denominator))


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
