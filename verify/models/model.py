"""What a run differentiates: outputs as a function of a pytree of parameters and the features.

A sample's margin is `y f(params, x)` where there are two classes as labels +1/-1, and `f_y - f_c` against each wrong
class `c` where there are k outputs. A model that declares a degree `L` of homogeneity, `f(c params, x) = c^L f(params,
x)` for `c > 0`, is held to Euler's identity `<grad f, params> = L f` at random parameters: a bias or a shift breaks it.

The engine sees the parameters as one flat vector `[p]`, the optimizer sees the pytree.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from solvers.errors import InputError
from verify import backend as backend

_EULER = 1e-9  # of Euler's identity, relative to the sizes of its two sides
_PROBES = 8
_LONGEST = 160  # of what is told of an error

Params = Any
"""A pytree of floating arrays."""


@dataclass(frozen=True)
class Model:
    """A classifier that a run trains.

    name: for reports. init: from a random key of jax's, the number of features `d` and that of outputs `k` (1 where the
    labels are +1/-1) to start parameters, a pytree of floating arrays. outputs: from parameters and features `[n d]` to
    outputs `[n k]`, or `[n]` where `k = 1`; a sample's must not depend on the other samples. degree: `L`, the declared
    degree of homogeneity in all parameters together, or None.

    Two models are the same where their functions are, so that compiled programs are found again; build one once.
    """

    name: str
    init: Callable[[Array, int, int], Params]
    outputs: Callable[[Params, Array], Array]
    degree: float | None = None

    def at(self, d: int, k: int) -> Shaped:
        """The model for `d` features and `k` outputs.

        Raises `InputError` where parameters or outputs are not as they should be, and where the declared degree fails
        Euler's identity.
        """
        return _shaped(self, d, k)

    @classmethod
    def of_equinox(cls, name: str, make: Callable[[Array, int, int], Any], degree: float | None = None) -> Model:
        """The model of an Equinox module, which maps one sample's features `[d]` to its outputs `[k]` or a scalar.

        make: from a key, `d` and `k` to the module, whose floating arrays are trained.
        """
        from verify.models.adapters import of_equinox

        return of_equinox(name, make, degree)

    @classmethod
    def of_flax(cls, name: str, make: Callable[[int], Any], degree: float | None = None) -> Model:
        """The model of anything with `init(key, x)` and `apply(params, x)` on features `[n d]`, as a Flax module has.

        make: from the number of outputs `k` to the module.
        """
        from verify.models.adapters import of_flax

        return of_flax(name, make, degree)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Shaped:
    """A model for `d` features and `k` outputs, of which the engine sees flat parameters `[p]`; see `Model.at`.

    size: `p`. unravel: from flat parameters to the pytree. layers: name and shape of each part, in the flat order.
    """

    model: Model
    d: int
    k: int
    size: int
    unravel: Callable[[Any], Params]
    layers: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The parts' shapes by name."""
        return dict(self.layers)

    def outputs(self, flat: Array, x: Array) -> Array:
        """Outputs `[n k]` at flat parameters `[p]`, from features `[n d]`."""
        with jax.numpy_rank_promotion("allow"):  # a user's bias may be broadcast; our own code may not
            found = self.model.outputs(self.unravel(flat), x)
        return found[:, None] if found.ndim == 1 else found

    def start(self, seed: Any) -> np.ndarray:
        """Start parameters `[p]` from the seeds of a random key, two numbers of 32 bits."""
        return np.asarray(_starter(self)(np.asarray(seed, np.uint32)))

    def flat(self, params: Params) -> np.ndarray:
        """Parameters as a flat vector `[p]`; raises `InputError` where they have another form than the model's."""
        found = jax.tree.map(jnp.asarray, params)
        if layers_of(found) != self.layers:
            raise InputError(
                f"The parameters have the parts {_told(layers_of(found))}, but {self.model} has {_told(self.layers)} "
                f"for {self.d} features and {self.k} outputs: give parameters of that form."
            )
        return np.asarray(ravel_pytree(found)[0], np.float64)

    def flats(self, params: Params) -> np.ndarray:
        """Parameters at `r` times, with a leading axis in each part, as flat vectors `[r p]`."""
        return np.concatenate([np.reshape(leaf, (len(leaf), -1)) for leaf in jax.tree.leaves(params)], axis=1)

    def __hash__(self) -> int:
        return hash((self.model, self.d, self.k))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shaped) and (self.model, self.d, self.k) == (other.model, other.d, other.k)


@functools.cache
def _starter(shaped: Shaped) -> Callable[[Any], Array]:
    """Jitted: the seeds of a random key to flat start parameters."""

    def start(seed: Array) -> Array:
        with jax.numpy_rank_promotion("allow"):
            params = shaped.model.init(jax.random.wrap_key_data(seed), shaped.d, shaped.k)
        return ravel_pytree(jax.tree.map(lambda leaf: leaf.astype(float), params))[0]

    return jax.jit(start)


def layers_of(params: Params) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Name and shape of each leaf of a pytree, in jax's order; a name joins the keys to it by dots."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return tuple((jax.tree_util.keystr(path, simple=True, separator="."), tuple(leaf.shape)) for path, leaf in leaves)


def _unravel(structure: Any, layers: tuple[tuple[str, tuple[int, ...]], ...], flat: Any) -> Params:
    """A flat vector as a pytree, in the vector's own type."""
    ends = np.cumsum([math.prod(shape) for _, shape in layers])
    parts = [flat[end - math.prod(shape) : end].reshape(shape) for end, (_, shape) in zip(ends, layers, strict=True)]
    return jax.tree.unflatten(structure, parts)


def _told(layers: tuple[tuple[str, tuple[int, ...]], ...]) -> str:
    return ", ".join(f"{name} {list(shape)}" for name, shape in layers) or "none"


@functools.cache
def _shaped(model: Model, d: int, k: int) -> Shaped:
    key = jax.random.key(0)
    try:
        with jax.numpy_rank_promotion("allow"):
            params = jax.eval_shape(lambda key: model.init(key, d, k), key)
    except Exception as error:  # whatever a stranger's code raises
        raise InputError(_fails(model, "gives no parameters", d, k, error)) from error
    _check_params(model, params)
    layers = layers_of(params)
    size = sum(math.prod(shape) for _, shape in layers)
    shaped = Shaped(model, d, k, size, functools.partial(_unravel, jax.tree.structure(params), layers), layers)
    _check_outputs(shaped)
    if model.degree is not None:
        _check_degree(shaped, model.degree)
    return shaped


def _check_params(model: Model, params: Params) -> None:
    leaves = jax.tree_util.tree_leaves_with_path(params)
    if not leaves:
        raise InputError(f"{model} has no parameters to train: give an init that returns a pytree of floating arrays.")
    for path, leaf in leaves:
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            name = jax.tree_util.keystr(path, simple=True, separator=".") or "the parameters"
            raise InputError(
                f"In the parameters of {model} {name} has the type {leaf.dtype}: give floating arrays only, and keep "
                "what is not trained in the function of the outputs."
            )


def _check_outputs(shaped: Shaped) -> None:
    model, d, k = shaped.model, shaped.d, shaped.k
    flat, x = jax.ShapeDtypeStruct((shaped.size,), float), jax.ShapeDtypeStruct((3, d), float)
    try:
        with jax.numpy_rank_promotion("allow"):
            found = jax.eval_shape(lambda flat, x: model.outputs(shaped.unravel(flat), x), flat, x)
        shape, floating = tuple(found.shape), jnp.issubdtype(found.dtype, jnp.floating)
    except Exception as error:  # whatever a stranger's code raises
        raise InputError(_fails(model, "gives no outputs", d, k, error)) from error
    if not (shape == (3, k) or (k == 1 and shape == (3,))) or not floating:
        wanted = "[n] or [n 1]" if k == 1 else f"[n {k}]"
        raise InputError(
            f"{model} gives outputs of shape {list(shape)} and type {found.dtype} for 3 samples: give {wanted} "
            "floating outputs."
        )


def _fails(model: Model, what: str, d: int, k: int, error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    told = f"{type(error).__name__}: {lines[0][:_LONGEST]}"
    return f"{model} {what} for {d} features and {k} outputs ({told}): mend its functions, or use other data."


def _check_degree(shaped: Shaped, degree: float) -> None:
    rng = np.random.default_rng(0)
    flat, x = rng.standard_normal((_PROBES, shaped.size)), rng.standard_normal((_PROBES, shaped.d))

    def both(flat: Any, x: Any) -> tuple[Array, Array]:
        return jax.jvp(lambda w: shaped.outputs(w, x[None])[0], (flat,), (flat,))

    values, reached = map(np.asarray, jax.jit(jax.vmap(both))(flat, x))
    error = np.abs(reached - degree * values)
    size = np.max(np.abs(reached) + np.abs(degree * values), axis=1, keepdims=True)
    if not (error <= _EULER * size).all():
        i = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error)), error.shape)
        raise InputError(
            f"{shaped.model} is not homogeneous of degree {degree:g}: at random parameters <grad f, params> = "
            f"{reached[i]:.6g} but {degree:g} f = {degree * values[i]:.6g}; leave out biases and offsets, or declare "
            "another degree, or None."
        )
