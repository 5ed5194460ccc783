"""The methods whose flows on networks are followed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from solvers.errors import InputError


@dataclass(frozen=True)
class Method:
    """A flow's conditioner, with the gradient `g` and `A = int g^2 dt`, entry by entry:

        h = |g|^power (constant + accumulated A + square g^2 + relative (width^2 ||g||^2 + g^2))^-1/2

    Two methods differ in numbers only, and share their programs.
    """

    name: str
    power: float = 0.0
    constant: float = 0.0
    accumulated: float = 0.0
    square: float = 0.0
    relative: float = 0.0
    width: float = 0.0

    @property
    def numbers(self) -> Float[np.ndarray, "6"]:
        """The formula's numbers in its order."""
        return np.array([self.power, self.constant, self.accumulated, self.square, self.relative, self.width])


def gradient() -> Method:
    """Gradient flow, `h = 1`."""
    return Method("gradient flow", constant=1.0)


def adagrad(eps: float) -> Method:
    """AdaGrad flow, `h = (eps + int g^2 dt)^-1/2`."""
    return Method("AdaGrad flow", constant=_eps(eps, "AdaGrad"), accumulated=1.0)


def rmsprop(eps: float) -> Method:
    """RMSProp flow with its second moment at rest, `h = (eps + g^2)^-1/2`; Adam's without momentum is the same.

    The moment follows `g^2` with a lag of constant `t`, in which the gradient hardly changes once `t` is large.
    """
    return Method("RMSProp flow", constant=_eps(eps, "RMSProp"), square=1.0)


def steepest(p: float) -> Method:
    """Steepest flow in the `lp` norm: along `sign(g) |g|^(1/(p - 1))`."""
    if not 1 < p <= 2:
        raise InputError(f"The steepest flow in the l{p:g} norm is not smooth: give 1 < p <= 2, or use smooth_sign.")
    return Method(f"steepest flow in the l{p:g} norm", power=1 / (p - 1) - 1, constant=1.0)


def smooth_sign(width: float) -> Method:
    """SignGD's flow, and that of RMSProp with `eps = 0`, smoothed: `g / sqrt(g^2 + width^2 |g|^2)`, entry by entry."""
    if not width > 0:
        raise InputError(f"The width {width} leaves a flow that jumps with a gradient's sign: give a positive one.")
    return Method("smoothed sign flow", relative=1.0, width=width)


def _eps(eps: float, name: str) -> float:
    if not 0 < eps < math.inf:
        raise InputError(f"{name} with eps = {eps} has no smooth flow where gradients vanish: give a positive eps.")
    return float(eps)
