"""Parts of optimizers: steepest directions, averages, second moments."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.core import Tracer
from jax.flatten_util import ravel_pytree

import solvers.norms
from solvers.errors import InputError
from solvers.layered import Layered
from solvers.newton_schulz import Steps
from solvers.norms import Norm
from verify import backend as backend
from verify.models.model import layers_of
from verify.optimizers.step_sizes import _check


def _ratio(numerator: Array, denominator: Array) -> Array:
    """`numerator / denominator` with `0 / 0 = 0`; anything else over zero stays infinite and stops the run."""
    zero = (numerator == 0) & (denominator == 0)
    return jnp.where(zero, 0, numerator / jnp.where(zero, 1, denominator))


def scale_by_steepest_direction(norm: str | Norm | Layered, normalised: bool = True) -> optax.GradientTransformation:
    """The steepest direction in a norm, in place of the gradient.

    Rule: `u_t = argmax_{||u|| <= 1} <g_t, u>`, times the dual norm `||g_t||_*` unless `normalised`.

    norm: by name, or a `solvers.Norm`; of a pytree's arrays each has its own direction. A `solvers.Layered` is
    a norm of all of them together. normalised: whether all directions have norm 1. Zero gradients give zero.

    Raises `InputError` for an unknown norm; when it is run, for a norm of matrices on weights `[d]` and for an own norm
    without a direction.

    Example: the two scalings in the L-infinity norm.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import scale_by_steepest_direction
        >>> g = jnp.array([3.0, -4.0])
        >>> for normalised in (True, False):
        ...     part = scale_by_steepest_direction("linf", normalised)
        ...     print(part.update(g, part.init(g))[0])
        [ 1. -1.]
        [ 7. -7.]

    Reference: Boyd, Vandenberghe 2004, Convex optimization, section 9.4.
    """
    if isinstance(norm, Layered):
        return optax.stateless(functools.partial(_of_layers, norm, normalised))
    geometry = solvers.norms.norm(norm)

    def direction(g: Array) -> Array:
        return (_traced_once if isinstance(g, Tracer) else _direction)(geometry, normalised, g)

    return optax.stateless(lambda updates, params=None: jax.tree.map(direction, updates))


def _direction(geometry: Norm, normalised: bool, g: Array, *, inline: bool = False) -> Array:
    u = geometry.direction(g, inline=inline)
    return u if normalised else u * geometry.dual_value(g, inline=inline)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _traced_once(geometry: Norm, normalised: bool, g: Array) -> Array:
    """Inside a compiled program: of a small decomposition's hundreds of operations one trace serves all programs."""
    return _direction(geometry, normalised, g, inline=True)


def _of_layers(norm: Layered, normalised: bool, updates: Any, params: Any = None) -> Any:
    """The steepest direction of a whole pytree."""
    flat, unravel = ravel_pytree(updates)
    geometry, compiled = norm.on(dict(layers_of(updates))), isinstance(flat, Tracer)
    u = geometry.direction(flat, inline=compiled)
    return unravel(u if normalised else u * geometry.dual_value(flat, inline=compiled))


NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""The quintic iteration's coefficients of Jordan et al. 2024 (Muon), which are steep at zero and do not converge."""
CUBIC = (1.5, -0.5, 0.0)
"""The cubic iteration's coefficients, which tend to the polar factor."""


def scale_by_newton_schulz(iterations: int = 5, *, steps: Steps | None = None) -> optax.GradientTransformation:
    """An approximation of a matrix's polar factor, as Muon is run in practice.

    Rule: from `X = g / ||g||_F`, for the coefficients of each step `X = a X + b (X X^T) X + c (X X^T)^2 X`.

    Of `g` the singular vectors are kept. iterations: how many steps with `a, b, c = NEWTON_SCHULZ`, 1 or more; of five
    singular values that are not tiny beside the largest end between 0.68 and 1.13 instead of at 1. steps: the
    coefficients of each step instead, such as five times `CUBIC`, which tends to the polar factor. Gradients are
    `[k d]`.

    Raises `InputError` for less than one iteration and, when it is run, for gradients `[d]`.

    Example: a rotation times 5, whose polar factor is the rotation.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import CUBIC, scale_by_newton_schulz
        >>> g = jnp.array([[3.0, 4.0], [-4.0, 3.0]])
        >>> for part in (scale_by_newton_schulz(), scale_by_newton_schulz(steps=(CUBIC,) * 5)):
        ...     print(part.update(g, part.init(g))[0].round(3))
        [[ 0.665  0.886]
         [-0.886  0.665]]
        [[ 0.6  0.8]
         [-0.8  0.6]]

    Reference: Jordan et al. 2024, Muon: an optimizer for hidden layers in neural networks,
    kellerjordan.github.io/posts/muon; Higham 2008, Functions of matrices, section 8.3, for the cubic iteration.
    """
    coefficients = (NEWTON_SCHULZ,) * iterations if steps is None else steps
    if not coefficients:
        raise InputError(f"The Newton-Schulz iteration needs at least one step, not {min(iterations, 0)}: give more.")

    def orthogonalise(g: Array) -> Array:
        if g.ndim != 2:
            raise InputError("The Newton-Schulz iteration needs a matrix of weights: use it with class labels.")
        if g.shape[0] > g.shape[1]:
            return orthogonalise(g.T).T
        x = solvers.norms.norm("l2").direction(g)
        for a, b, c in coefficients:
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
    """The gradient's moving average over the root of that of its square, as in Adam, RMSProp and AdaGrad.

    Rule: `u_t = m_t / (sqrt(v_t) + eps)`, `m_t = b1 m_{t-1} + (1 - b1) g_t`, `v_t = b2 v_{t-1} + (1 - b2) g_t^2`, from
    zero.

    b1: in [0, 1), 0 for the gradient itself. b2: in [0, 1); None for the sum of the squares, `v_t = v_{t-1} + g_t^2`.
    eps: 0 or more. eps_inside_root: whether it is `m_t / sqrt(v_t + eps)` instead. bias_correction: whether `m_t` is
    divided by `1 - b1^(t+1)` first, and `v_t` by `1 - b2^(t+1)`. Powers and products are taken entry by entry,
    `0 / 0 = 0`.

    Raises `InputError` for b1, b2 or eps out of range.

    Example: the first step of Adam goes by `(1 - b1) / sqrt(1 - b2)` along the signs, unless its bias is corrected.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import scale_by_second_moment
        >>> g = jnp.array([3.0, -4.0])
        >>> for corrected in (False, True):
        ...     part = scale_by_second_moment(
        ...         b1=0.9, b2=0.96, eps=0.0, eps_inside_root=False, bias_correction=corrected
        ...     )
        ...     print(part.update(g, part.init(g))[0])
        [ 0.5 -0.5]
        [ 1. -1.]

    Reference: Kingma, Ba 2015, Adam: a method for stochastic optimization, arXiv:1412.6980.
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
    """The moving average of the gradients in place of the gradient.

    Rule: `m_t = b1 m_{t-1} + (1 - b1) g_t` from zero, without bias correction.

    b1: in [0, 1).

    Raises `InputError` for b1 out of range.

    Example: the first average is `1 - b1` times the gradient.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import scale_by_average
        >>> g = jnp.array([3.0, -4.0])
        >>> part = scale_by_average(0.75)
        >>> print(part.update(g, part.init(g))[0])
        [ 0.75 -1.  ]

    Reference: Bernstein, Wang, Azizzadenesheli, Anandkumar 2018, signSGD: compressed optimisation for non-convex
    problems, arXiv:1802.04434, whose Signum has it.
    """
    _check("b1", b1, 0.0, 1.0)
    return optax.ema(b1, debias=False)


@functools.cache
def rotated(optimizer: optax.GradientTransformation, angle: float = 0.5) -> optax.GradientTransformation:
    """The optimizer run on features of which the first two are turned by an angle, its weights turned back.

    Rule: `w_{t+1} = w_t + R^T u_t`, where `u_t` is the optimizer's update for the gradient `R g_t` at the weights
    `R w_t`.

    optimizer: any transformation. angle: of the rotation R, in radians. A method whose bias does not depend on the axes
    (any in the L2 norm) is not changed by it; SignGD and Adam lose the L-infinity margin of the features as they were.
    One feature cannot be turned.

    Example: SignGD no longer goes along a diagonal.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import rotated, sign_gd
        >>> g = jnp.array([3.0, -4.0])
        >>> method = rotated(sign_gd(0.1), 0.5)
        >>> step, state = method.update(g, method.init(g))
        >>> print(step.round(4))
        [-0.0398  0.1357]

    Reference: Xie, Mohamadi, Li 2025, Adam exploits l-infinity geometry of loss landscape via coordinate-wise
    adaptivity, arXiv:2410.08198, who tell Adam from gradient descent by a rotation.
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
