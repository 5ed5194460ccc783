"""Homogeneous activations of networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from solvers.errors import InputError
from verify import backend as backend


@dataclass(frozen=True)
class Activation:
    """An activation of one variable with `phi(c z) = c^degree phi(z)` for `c > 0`. smooth: once differentiable."""

    name: str
    degree: int
    apply: Callable[[Array], Array]
    smooth: bool = True


IDENTITY = Activation("identity", 1, lambda z: z)
RELU = Activation("ReLU", 1, lambda z: jnp.maximum(z, 0), smooth=False)
SQUARED_RELU = Activation("squared ReLU", 2, lambda z: jnp.square(jnp.maximum(z, 0)))
QUADRATIC = Activation("quadratic", 2, jnp.square)

ACTIVATIONS = {"identity": IDENTITY, "relu": RELU, "squared_relu": SQUARED_RELU, "quadratic": QUADRATIC}
"""By name."""


def activation(spec: str | Activation) -> Activation:
    """The activation of that name. Raises `InputError` where there is none."""
    if isinstance(spec, Activation):
        return spec
    if spec not in ACTIVATIONS:
        raise InputError(f"There is no activation {spec!r}: use one of {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[spec]
