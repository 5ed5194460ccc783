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
