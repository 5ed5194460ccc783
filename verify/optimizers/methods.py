"""Optimizers of the theorems, as `optax.GradientTransformation`s composed of optax parts.

Any other optax optimizer can stand in their place. Constructors return the same object for the same arguments,
so that a program compiled for an optimizer is found again.

Weights are one array, `[d]` or `[k d]`. Where an update divides by a second moment, `0 / 0 = 0`: a feature that
no sample has leaves its weight where it was.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import optax

import solvers.norms
from solvers.layered import Layered
from solvers.newton_schulz import Steps
from solvers.norms import Norm
from verify import backend as backend
from verify.optimizers.directions import (
    scale_by_average,
    scale_by_newton_schulz,
    scale_by_second_moment,
    scale_by_steepest_direction,
)
from verify.optimizers.step_sizes import StepSize, _check, descend


@functools.cache
def steepest_descent(
    step_size: StepSize, norm: str | Norm | Layered = "l2", *, b1: float = 0.0, normalised: bool = True
) -> optax.GradientTransformation:
    """Steepest descent in a norm.

    Rule: `w_{t+1} = w_t - eta_t u_t`, `u_t = argmax_{||u|| <= 1} <m_t, u>`.

    `m_t` is the gradient, or with `b1 > 0` its moving average (Signum, momentum NGD, Muon with the exact polar factor).
    step_size: `eta_t`, a number or a schedule (`StepSize`). norm: by name, or a `solvers.Norm`; for the parameters of a
    network a `solvers.Layered`, without which each array has its own direction. b1: in [0, 1), as in
    `scale_by_average`. normalised: whether all steps have norm `eta_t`; if not, they are multiplied by the dual norm
    `||m_t||_*`.

    Raises `InputError` for a step size that is not positive, b1 out of range or an unknown norm; when it is run, for a
    norm of matrices on weights `[d]` and for an own norm without a direction.

    Example: in the L-infinity norm, without normalisation; the dual norm is `|3| + |-4| = 7`.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import steepest_descent
        >>> g = jnp.array([3.0, -4.0])
        >>> method = steepest_descent(1.0, "linf", normalised=False)
        >>> step, state = method.update(g, method.init(g))
        >>> print(step)
        [-7.  7.]

    Reference: Gunasekar, Lee, Soudry, Srebro 2018, Characterizing implicit bias in terms of optimization geometry,
    arXiv:1802.08246.
    """
    geometry = norm if isinstance(norm, Layered) else solvers.norms.norm(norm)
    return descend(_steepest(geometry, b1, normalised), step_size)


@functools.cache
def _steepest(norm: Norm | Layered, b1: float, normalised: bool) -> optax.GradientTransformation:
    direction = scale_by_steepest_direction(norm, normalised)
    return optax.chain(scale_by_average(b1), direction) if b1 else direction


def sign_gd(step_size: StepSize) -> optax.GradientTransformation:
    """SignGD: steepest descent in the L-infinity (for matrices: max) norm.

    Rule: `w_{t+1} = w_t - eta_t sign(g_t)`, entry by entry, `sign(0) = 0`.

    step_size: `eta_t`, a number or a schedule (`StepSize`).

    Raises `InputError` for a step size that is not positive.

    Example: every weight moves by the step size.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import sign_gd
        >>> g = jnp.array([3.0, -4.0])
        >>> method = sign_gd(0.1)
        >>> step, state = method.update(g, method.init(g))
        >>> print(step)
        [-0.1  0.1]

    Reference: Bernstein, Wang, Azizzadenesheli, Anandkumar 2018, signSGD: compressed optimisation for non-convex
    problems, arXiv:1802.04434.
    """
    return steepest_descent(step_size, "linf")


def normalised_gd(step_size: StepSize) -> optax.GradientTransformation:
    """Normalised gradient descent: steepest descent in the L2 (for matrices: Frobenius) norm.

    Rule: `w_{t+1} = w_t - eta_t g_t / ||g_t||_2`, and no step where the gradient is zero.

    step_size: `eta_t`, a number or a schedule (`StepSize`).

    Raises `InputError` for a step size that is not positive.

    Example: the step has the length of the step size.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import normalised_gd
        >>> g = jnp.array([3.0, -4.0])
        >>> method = normalised_gd(0.5)
        >>> step, state = method.update(g, method.init(g))
        >>> print(step)
        [-0.3  0.4]

    Reference: Nacson, Lee, Gunasekar, Savarese, Srebro, Soudry 2019, Convergence of gradient descent on separable data,
    arXiv:1803.01905.
    """
    return steepest_descent(step_size, "l2")


def spectral_descent(step_size: StepSize, *, b1: float = 0.0) -> optax.GradientTransformation:
    """Steepest descent in the spectral norm; with `b1 > 0` Muon without approximation.

    Rule: `W_{t+1} = W_t - eta_t U V^T`, where `m_t = U S V^T` is the reduced singular value decomposition.

    `m_t` is the gradient, or with `b1 > 0` its moving average; `U V^T` is its polar factor. step_size: `eta_t`, a
    number or a schedule (`StepSize`). b1: in [0, 1), as in `scale_by_average`. Weights are `[k d]`.

    Raises `InputError` for a step size that is not positive or b1 out of range and, when it is run, for weights `[d]`.

    Example: a rotation times 5, whose polar factor is the rotation.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import spectral_descent
        >>> g = jnp.array([[3.0, 4.0], [-4.0, 3.0]])
        >>> method = spectral_descent(0.1)
        >>> step, state = method.update(g, method.init(g))
        >>> print(step)
        [[-0.06 -0.08]
         [ 0.08 -0.06]]

    Reference: Carlson, Cevher, Carin 2015, Stochastic spectral descent for restricted Boltzmann machines, AISTATS; for
    its bias Fan, Schmidt, Thrampoulidis 2025, arXiv:2502.04664.
    """
    return steepest_descent(step_size, "spectral", b1=b1)


@functools.cache
def muon(
    step_size: StepSize, b1: float = 0.95, iterations: int = 5, *, steps: Steps | None = None
) -> optax.GradientTransformation:
    """Muon as it is run in practice: for the polar factor of the moving average, steps of Newton-Schulz.

    Rule: `W_{t+1} = W_t - eta_t NS(m_t)`, `m_t = b1 m_{t-1} + (1 - b1) g_t`, NS the iteration of
    `scale_by_newton_schulz`.

    step_size: `eta_t`, a number or a schedule (`StepSize`). b1: in [0, 1). iterations: of Newton-Schulz, 1 or more.
    steps: the coefficients of each instead, see `scale_by_newton_schulz`. Weights are `[k d]`. There is neither
    Nesterov's momentum nor weight decay. `spectral_descent` with `b1` has the exact polar factor.

    Raises `InputError` for a step size that is not positive, b1 out of range or less than one iteration and, when it is
    run, for weights `[d]`.

    Example: `spectral_descent` goes by 0.06 and 0.08 here.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import muon
        >>> g = jnp.array([[3.0, 4.0], [-4.0, 3.0]])
        >>> method = muon(0.1)
        >>> step, state = method.update(g, method.init(g))
        >>> print(step.round(4))
        [[-0.0665 -0.0886]
         [ 0.0886 -0.0665]]

    Reference: Jordan et al. 2024, Muon: an optimizer for hidden layers in neural networks,
    kellerjordan.github.io/posts/muon.
    """
    return descend(_muon(b1, iterations, steps), step_size)


@functools.cache
def _muon(b1: float, iterations: int, steps: Steps | None) -> optax.GradientTransformation:
    return optax.chain(scale_by_average(b1), scale_by_newton_schulz(iterations, steps=steps))


def nuclear_descent(step_size: StepSize) -> optax.GradientTransformation:
    """Steepest descent in the nuclear norm: the leading pair of singular vectors.

    Rule: `W_{t+1} = W_t - eta_t u v^T`, where u and v are singular vectors of `g_t` for its largest singular value.

    step_size: `eta_t`, a number or a schedule (`StepSize`). Weights are `[k d]`.

    Raises `InputError` for a step size that is not positive and, when it is run, for weights `[d]`.

    Example: the singular values are 3 and 1, and the step has rank one.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import nuclear_descent
        >>> g = jnp.array([[2.0, 1.0], [1.0, 2.0]])
        >>> method = nuclear_descent(0.1)
        >>> step, state = method.update(g, method.init(g))
        >>> print(step)
        [[-0.05 -0.05]
         [-0.05 -0.05]]

    Reference: Jaggi 2013, Revisiting Frank-Wolfe: projection-free sparse convex optimization, ICML, for the direction;
    Gunasekar, Lee, Soudry, Srebro 2018, arXiv:1802.08246, for steepest descent.
    """
    return steepest_descent(step_size, "nuclear")


def coordinate_descent(step_size: StepSize) -> optax.GradientTransformation:
    """Steepest descent in the L1 norm: one signed coordinate a step.

    Rule: `w_{t+1} = w_t - eta_t sign(g_t[j]) e_j`, j the first entry with the largest `|g_t[j]|`.

    step_size: `eta_t`, a number or a schedule (`StepSize`).

    Raises `InputError` for a step size that is not positive.

    Example: the second gradient is the larger one.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import coordinate_descent
        >>> g = jnp.array([3.0, -4.0])
        >>> method = coordinate_descent(0.1)
        >>> step, state = method.update(g, method.init(g))
        >>> print(step)
        [-0.   0.1]

    Reference: Telgarsky 2013, Margins, shrinkage, and boosting, arXiv:1303.4172.
    """
    return steepest_descent(step_size, "l1")


@functools.cache
def gradient_descent(step_size: StepSize) -> optax.GradientTransformation:
    """Gradient descent.

    Rule: `w_{t+1} = w_t - eta_t g_t`.

    step_size: `eta_t`, a number or a schedule (`StepSize`).

    Raises `InputError` for a step size that is not positive.

    Example: one step.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import gradient_descent
        >>> g = jnp.array([3.0, -4.0])
        >>> method = gradient_descent(0.5)
        >>> step, state = method.update(g, method.init(g))
        >>> print(step)
        [-1.5  2. ]

    Reference: Soudry, Hoffer, Nacson, Gunasekar, Srebro 2018, The implicit bias of gradient descent on separable data,
    arXiv:1710.10345.
    """
    return descend(_IDENTITY, step_size)


_IDENTITY = optax.identity()


@functools.cache
def heavy_ball(step_size: StepSize, momentum: float = 0.9) -> optax.GradientTransformation:
    """Gradient descent with momentum.

    Rule: `w_{t+1} = w_t - eta_t m_t`, `m_t = momentum m_{t-1} + g_t` from zero.

    step_size: `eta_t`, a number or a schedule (`StepSize`). momentum: in [0, 1). With a constant gradient steps grow by
    `1 / (1 - momentum)` in the end.

    Raises `InputError` for a step size that is not positive or momentum out of range.

    Example: the second of two steps.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import heavy_ball
        >>> g = jnp.array([3.0, -4.0])
        >>> method = heavy_ball(0.5, momentum=0.5)
        >>> first, state = method.update(g, method.init(g))
        >>> second, state = method.update(g, state)
        >>> print(second)
        [-2.25  3.  ]

    Reference: Polyak 1964, Some methods of speeding up the convergence of iteration methods, USSR Computational
    Mathematics and Mathematical Physics 4; for its bias Wang et al. 2022, arXiv:2110.03891.
    """
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
    """Adam, by default without eps and bias correction.

    Rule: `w_{t+1} = w_t - eta_t m_t / (sqrt(v_t) + eps)`, with the moving averages `m_t` of `g_t` and `v_t` of `g_t^2`.

    step_size: `eta_t`, a number or a schedule (`StepSize`). b1, b2: in [0, 1). eps: 0 or more. eps_inside_root: whether
    it is `m_t / sqrt(v_t + eps)` instead. bias_correction: whether `m_t` and `v_t` are corrected for their start at
    zero. See `scale_by_second_moment`; with `eps = 0` the method is scale-free.

    Raises `InputError` for a step size that is not positive, or b1, b2 or eps out of range.

    Example: the first step, `(1 - b1) / sqrt(1 - b2)` times the step size, unless its bias is corrected.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import adam
        >>> g = jnp.array([3.0, -4.0])
        >>> for corrected in (False, True):
        ...     method = adam(0.1, 0.9, 0.96, bias_correction=corrected)
        ...     print(method.update(g, method.init(g))[0])
        [-0.05  0.05]
        [-0.1  0.1]

    Reference: Kingma, Ba 2015, Adam: a method for stochastic optimization, arXiv:1412.6980; without eps and for its
    bias Zhang, Zou, Cao 2024, The implicit bias of Adam on separable data, arXiv:2406.10650.
    """
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
    """RMSProp: Adam without its first moment.

    Rule: `w_{t+1} = w_t - eta_t g_t / sqrt(v_t + eps)`, `v_t = b2 v_{t-1} + (1 - b2) g_t^2` from zero.

    step_size: `eta_t`, a number or a schedule (`StepSize`). b2: in [0, 1). eps: 0 or more. eps_inside_root: False for
    `g_t / (sqrt(v_t) + eps)`. bias_correction: whether `v_t` is corrected for its start at zero.

    Raises `InputError` for a step size that is not positive, or b2 or eps out of range.

    Example: the first step is `1 / sqrt(1 - b2) = 10` times the step size.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import rmsprop
        >>> g = jnp.array([3.0, -4.0])
        >>> method = rmsprop(0.1)
        >>> step, state = method.update(g, method.init(g))
        >>> print(step)
        [-1.  1.]

    Reference: Tieleman, Hinton 2012, Neural networks for machine learning, lecture 6.5; for its bias Wang, Meng, Chen,
    Liu 2021, arXiv:2012.06244.
    """
    return adam(step_size, 0.0, b2, eps, eps_inside_root=eps_inside_root, bias_correction=bias_correction)


@functools.cache
def adagrad(step_size: StepSize, eps: float = 0.0, *, eps_inside_root: bool = True) -> optax.GradientTransformation:
    """AdaGrad, with a sum of squares that includes the current gradient.

    Rule: `w_{t+1} = w_t - eta_t g_t / sqrt(eps + sum_{s <= t} g_s^2)`.

    step_size: `eta_t`, a number or a schedule (`StepSize`). eps: 0 or more. eps_inside_root: False for
    `g_t / (eps + sqrt(sum_{s <= t} g_s^2))`. The sum begins with nothing, where optax puts 0.1.

    Raises `InputError` for a step size that is not positive or eps below 0.

    Example: with a constant gradient the steps fall like `t^-1/2`.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import adagrad
        >>> g = jnp.array([3.0, -4.0])
        >>> method = adagrad(0.1)
        >>> first, state = method.update(g, method.init(g))
        >>> second, state = method.update(g, state)
        >>> print(first, second.round(4))
        [-0.1  0.1] [-0.0707  0.0707]

    Reference: Duchi, Hazan, Singer 2011, Adaptive subgradient methods for online learning and stochastic optimization,
    JMLR 12; for its bias Qian, Qian 2019, arXiv:1906.03559.
    """
    scale = _second_moment(b1=0.0, b2=None, eps=eps, eps_inside_root=eps_inside_root, bias_correction=False)
    return descend(scale, step_size)


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
