"""Homogeneous networks: their output is multiplied by `c^L` when all weights are multiplied by `c`.

A network declares its degree `L`, and `check_homogeneous` holds it to Euler's identity
`<grad_theta f(theta, x), theta> = L f(theta, x)` at random weights: a bias, a shift or a leaky offset breaks it.
The weights are one flat vector `theta [p]`; the names and shapes of its parts depend on the number of features.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import Float

from solvers.errors import InputError
from verify import backend as backend
from verify.datasets.dataset import Dataset
from verify.models.activations import SQUARED_RELU, Activation

_EULER = 1e-9  # of Euler's identity, relative to the sizes of gradient and weights
_PROBES = 8

Shapes = Mapping[str, tuple[int, ...]]
Parts = Mapping[str, Array]
Features = Any
"""A numpy array before a program is called with it, a jax array inside."""


@dataclass(frozen=True)
class Network:
    """A classifier `f(theta, x)` that is homogeneous in theta: the label is its sign, or the largest of its outputs.

    shapes: from the number of features `d` to the parts of the weights; one whose last axis is as long as `d` and
    whose name is `"first"` meets the features, and has zero columns for features that are padding.
    output: parts and features `[n d]` to outputs, `[n]` or `[n k]`. degree: `L`. smooth: whether `f` is once
    differentiable. classes: 0 for labels +1/-1 and one output, else `k`, the number of outputs.
    """

    name: str
    shapes: Callable[[int], Shapes]
    output: Callable[[Parts, Features], Array]
    degree: int
    smooth: bool = True
    classes: int = 0

    def size(self, d: int) -> int:
        """The number `p` of weights for `d` features."""
        return sum(math.prod(shape) for shape in self.shapes(d).values())

    def parts(self, theta: Any, d: int) -> Parts:
        """The named parts of flat weights `[p]`."""
        return self._unravel(d)(theta)

    def margins(self, theta: Any, x: Features, y: Any) -> Array:
        """Margins at flat weights `[p]`, from features `[n d]` and labels `[n]`.

        Binary: `y_i f(theta, x_i)`, `[n 1]`. Of k classes: `f_(y_i) - f_c` for every wrong class c, `[n k-1]`.
        """
        outputs = self.output(self.parts(theta, x.shape[1]), x)
        if not self.classes:
            return (y * outputs)[:, None]
        own = jax.nn.one_hot(jnp.asarray(y).astype(int), self.classes, dtype=float)
        wrong = jnp.stack([jnp.roll(own, place, axis=1) for place in range(1, self.classes)], axis=1)
        return jnp.einsum("nmk,nk->nm", own[:, None, :] - wrong, outputs)

    def start(self, dataset: Dataset, d: int, scale: float, seed: int = 0) -> Float[np.ndarray, " p"]:
        """Gaussian weights of standard deviation `scale` for a dataset padded to `d` features.

        Their seed comes from the data, so that the same dataset starts alike in any company and any padding.
        """
        digest = hashlib.sha256(dataset.x.tobytes() + dataset.y.tobytes() + self.name.encode()).digest()
        rng = np.random.default_rng([seed, *digest[:8]])
        parts = {}
        for name, shape in self.shapes(dataset.d).items():
            part = scale * rng.standard_normal(shape)
            padded = np.zeros(self.shapes(d)[name])
            padded[tuple(map(slice, shape))] = part
            parts[name] = padded
        return np.asarray(ravel_pytree(parts)[0])

    def own(self, theta: Float[np.ndarray, "... p"], d: int, padded: int) -> Float[np.ndarray, "... q"]:
        """The weights that are left when the padding from `d` to `padded` features is taken away."""
        template = {name: np.zeros(shape, bool) for name, shape in self.shapes(padded).items()}
        for name, shape in self.shapes(d).items():
            template[name][tuple(map(slice, shape))] = True
        return theta[..., np.concatenate([template[name].ravel() for name in sorted(template)])]

    def _unravel(self, d: int) -> Callable[[Array], Parts]:
        return _unravel(tuple(sorted(self.shapes(d).items())))


@functools.cache
def _unravel(shapes: tuple[tuple[str, tuple[int, ...]], ...]) -> Callable[[Array], Parts]:
    return ravel_pytree({name: np.zeros(shape) for name, shape in shapes})[1]


@functools.cache
def two_layer(width: int = 3, activation: Activation = SQUARED_RELU, classes: int = 0) -> Network:
    """`f_c = sum_j a_cj phi(<w_j, x>)`, of degree `1 + degree of phi`.

    classes: an output for each; 0 for one output, of binary labels.
    """
    _positive(width)
    last = _last(width, classes)

    def output(parts: Parts, x: Features) -> Array:
        return activation.apply(x @ parts["first"].T) @ parts["last"].T

    return Network(
        f"two-layer {activation.name} network of width {width}{_told(classes)}",
        lambda d: {"first": (width, d), "last": last},
        output,
        1 + activation.degree,
        activation.smooth,
        classes,
    )


@functools.cache
def three_layer(
    width: int = 2, activation: Activation = SQUARED_RELU, second: Activation | None = None, classes: int = 0
) -> Network:
    """`f_c = <a_c, psi(V phi(W x))>`, of degree `1 + s + s r` for `phi` and `psi` of degrees `r` and `s`.

    second: `psi`, by default `phi`. classes: an output for each; 0 for one output, of binary labels.
    """
    _positive(width)
    last = _last(width, classes)
    outer = activation if second is None else second

    def output(parts: Parts, x: Features) -> Array:
        hidden = activation.apply(x @ parts["first"].T)
        return outer.apply(hidden @ parts["inner"].T) @ parts["last"].T

    r, s = activation.degree, outer.degree
    names = activation.name if outer is activation else f"{activation.name} and {outer.name}"
    return Network(
        f"three-layer {names} network of width {width}{_told(classes)}",
        lambda d: {"first": (width, d), "inner": (width, width), "last": last},
        output,
        1 + s + s * r,
        activation.smooth and outer.smooth,
        classes,
    )


@functools.cache
def linear() -> Network:
    """`f = <w, x>`, of degree 1: the linear classifier as a network."""
    return Network("linear classifier", lambda d: {"first": (d,)}, lambda parts, x: x @ parts["first"], 1)


@functools.cache
def check_homogeneous(network: Network, d: int) -> None:
    """Check Euler's identity at random weights and features. Raises `InputError` where it fails."""
    rng = np.random.default_rng(0)
    theta, x = rng.standard_normal((_PROBES, network.size(d))), rng.standard_normal((_PROBES, d))

    def output(theta: Array, x: Array) -> Array:
        # The outputs' sum is homogeneous of the same degree, and at random weights no error cancels in it.
        return jnp.sum(network.output(network.parts(theta, d), x[None, :])[0])

    values, slopes = jax.vmap(jax.value_and_grad(output))(theta, x)
    values, slopes = np.asarray(values), np.asarray(slopes)
    reached = np.sum(slopes * theta, axis=1)
    size = np.abs(values) + np.sum(np.abs(slopes * theta), axis=1)
    error = np.abs(reached - network.degree * values)
    if (error > _EULER * size).any():
        i = int(np.argmax(error))
        raise InputError(
            f"The {network.name} is not homogeneous of degree {network.degree}: at random weights <grad f, theta> = "
            f"{reached[i]:.6g} but {network.degree} f = {network.degree * values[i]:.6g}; "
            "leave out biases and offsets, or declare another degree."
        )


def _last(width: int, classes: int) -> tuple[int, ...]:
    if classes < 0 or classes == 1:
        raise InputError(f"The network has {classes} classes: give 0 for labels +1/-1 and one output, or 2 and more.")
    return (classes, width) if classes else (width,)


def _told(classes: int) -> str:
    return f" with {classes} outputs" if classes else ""


def _positive(width: int) -> None:
    if width < 1:
        raise InputError(f"The width is {width}: give a positive number of neurons.")
