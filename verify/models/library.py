"""Models of the theory: small homogeneous networks. All start from Gaussian parameters."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from solvers.errors import InputError
from verify import backend as backend
from verify.models.activations import SQUARED_RELU, Activation
from verify.models.activations import activation as _phi
from verify.models.model import Model

Parts = Mapping[str, Any]
Shapes = Callable[[int, int], Mapping[str, tuple[int, ...]]]


def _gaussian(shapes: Shapes, scale: float) -> Callable[[Array, int, int], Parts]:
    """An `init`: entries of standard deviation `scale`, over the root of how many of them are summed."""
    if not 0 < scale < math.inf:
        raise InputError(f"The start parameters have the scale {scale!r}: give a positive number.")

    def init(key: Array, d: int, k: int) -> Parts:
        parts = sorted(shapes(d, k).items())
        keys = jax.random.split(key, len(parts))
        return {
            name: scale / math.sqrt(shape[-1]) * jax.random.normal(each, shape, float)
            for each, (name, shape) in zip(keys, parts, strict=True)
        }

    return init


def _last(width: int, k: int) -> tuple[int, ...]:
    """A vector in front of one output, so that it is no matrix to methods that tell these apart."""
    return (width,) if k == 1 else (k, width)


@functools.cache
def two_layer(width: int = 4, activation: str | Activation = SQUARED_RELU, scale: float = 1.0) -> Model:
    """`f_c = sum_j a_cj phi(<w_j, x>)`, of degree `1 + degree of phi`.

    width: the number of neurons. activation: `phi`, as an `Activation` or by name: identity, relu, squared_relu or
    quadratic. scale: of the start parameters.

    Raises `InputError` for a width that is not positive, an unknown activation or a scale that is not positive.
    """
    phi = _phi(activation)
    _positive("width", width)

    def outputs(parts: Parts, x: Array) -> Array:
        return phi.apply(x @ parts["first"].T) @ parts["last"].T

    init = _gaussian(lambda d, k: {"first": (width, d), "last": _last(width, k)}, scale)
    return Model(f"two-layer {phi.name} network of width {width}", init, outputs, 1 + phi.degree)


@functools.cache
def three_layer(
    width: int = 4,
    activation: str | Activation = SQUARED_RELU,
    second: str | Activation | None = None,
    scale: float = 1.0,
) -> Model:
    """`f = A psi(V phi(W x))`, of degree `1 + s + s r` for `phi` and `psi` of degrees `r` and `s`.

    width: the number of neurons in both layers. activation, second: `phi` and `psi`, by default the same. scale: of the
    start parameters.

    Raises `InputError` as `two_layer` does.
    """
    phi = _phi(activation)
    psi = phi if second is None else _phi(second)
    _positive("width", width)

    def outputs(parts: Parts, x: Array) -> Array:
        return psi.apply(phi.apply(x @ parts["first"].T) @ parts["inner"].T) @ parts["last"].T

    init = _gaussian(lambda d, k: {"first": (width, d), "inner": (width, width), "last": _last(width, k)}, scale)
    names = phi.name if psi is phi else f"{phi.name} and {psi.name}"
    degree = 1 + psi.degree * (1 + phi.degree)
    return Model(f"three-layer {names} network of width {width}", init, outputs, degree)


@functools.cache
def diagonal_linear(depth: int = 2, scale: float = 1.0) -> Model:
    """`f_c = sum_j (u_cj^L - v_cj^L) x_j`, of degree `L`, the depth.

    scale: of the start parameters, which are the same for u and v, so that `f = 0` at the start.

    Raises `InputError` for a depth below 2 and a scale that is not positive.
    """
    _positive("depth", depth, least=2)

    def outputs(parts: Parts, x: Array) -> Array:
        return x @ (parts["u"] ** depth - parts["v"] ** depth).T

    gaussian = _gaussian(lambda d, k: {"u": (d,) if k == 1 else (k, d)}, scale)

    def init(key: Array, d: int, k: int) -> Parts:
        u = jnp.abs(gaussian(key, d, k)["u"])
        return {"u": u, "v": u}

    return Model(f"diagonal linear network of depth {depth}", init, outputs, depth)


@functools.cache
def deep_linear(depth: int = 3, width: int = 4, scale: float = 1.0) -> Model:
    """`f = W_L ... W_1 x`, of degree `L`, the depth.

    width: of the layers between. Raises `InputError` for a depth below 2, or a width or scale that is not positive.
    """
    _positive("depth", depth, least=2)
    _positive("width", width)

    def outputs(parts: Parts, x: Array) -> Array:
        h = x @ parts["first"].T
        for j in range(depth - 2):
            h = h @ parts[f"inner{j}"].T
        return h @ parts["last"].T

    def shapes(d: int, k: int) -> Mapping[str, tuple[int, ...]]:
        inner = {f"inner{j}": (width, width) for j in range(depth - 2)}
        return {"first": (width, d), **inner, "last": _last(width, k)}

    return Model(f"deep linear network of depth {depth}, width {width}", _gaussian(shapes, scale), outputs, depth)


@functools.cache
def convolutional(
    filters: int = 2, size: int = 3, activation: str | Activation = SQUARED_RELU, scale: float = 1.0
) -> Model:
    """`f_c = sum_j a_cj mean_s phi(<w_j, x_s>)`, with `x_s` the `size` features from `s` on, in a circle.

    It is of degree `1 + degree of phi`. filters, size: how many filters, and of how many features each.

    Raises `InputError` for numbers that are not positive, and as `two_layer` does; when it is run, where a filter is
    larger than the data.
    """
    phi = _phi(activation)
    _positive("filters", filters)
    _positive("size", size)

    def outputs(parts: Parts, x: Array) -> Array:
        windows = jnp.stack([jnp.roll(x, -s, axis=1) for s in range(size)], axis=-1)
        return jnp.mean(phi.apply(windows @ parts["first"].T), axis=1) @ parts["last"].T

    gaussian = _gaussian(lambda d, k: {"first": (filters, size), "last": _last(filters, k)}, scale)

    def init(key: Array, d: int, k: int) -> Parts:
        if d < size:
            raise InputError(f"A filter of {size} features is larger than the data's {d}: give a smaller size.")
        return gaussian(key, d, k)

    name = f"convolutional {phi.name} network of {filters} filters of size {size}"
    return Model(name, init, outputs, 1 + phi.degree)


MODELS: dict[str, Callable[..., Model]] = {
    "two-layer": two_layer,
    "three-layer": three_layer,
    "diagonal-linear": diagonal_linear,
    "deep-linear": deep_linear,
    "convolutional": convolutional,
}
"""The library's models by name; each is a function of sizes, which have defaults."""


def _positive(name: str, value: int, least: int = 1) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(f"The {name} is {value!r}: give a whole number, {least} or more.")
