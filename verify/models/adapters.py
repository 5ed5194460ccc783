"""Modules of other libraries as models."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from verify import backend as backend
from verify.models.model import Model, Params


def of_equinox(name: str, make: Callable[[Array, int, int], Any], degree: float | None = None) -> Model:
    """The model of an Equinox module that maps `[d]` to `[k]` or a scalar; see `verify.models.Model.of_equinox`."""
    import equinox as eqx

    rest: dict[Any, Any] = {}

    def init(key: Array, d: int, k: int) -> Params:
        params, others = eqx.partition(make(key, d, k), eqx.is_inexact_array)
        if any(map(eqx.is_array, jax.tree.leaves(others))):
            with jax.ensure_compile_time_eval():  # arrays that are not trained: the same for any key, and no tracers
                others = eqx.partition(make(jax.random.key(0), d, k), eqx.is_inexact_array)[1]
        rest[_form(params)] = others
        return params

    def outputs(params: Params, x: Array) -> Array:
        module = eqx.combine(params, rest[_form(params)])
        return jax.vmap(module)(x)

    return Model(name, init, outputs, degree)


def of_flax(name: str, make: Callable[[int], Any], degree: float | None = None) -> Model:
    """The model of what has `init(key, x)` and `apply(params, x)`; see `verify.models.Model.of_flax`."""
    module = functools.cache(make)
    outputs_of: dict[Any, int] = {}

    def init(key: Array, d: int, k: int) -> Params:
        params = module(k).init(key, jnp.zeros((1, d)))
        outputs_of[_form(params)] = k
        return params

    def outputs(params: Params, x: Array) -> Array:
        return module(outputs_of[_form(params)]).apply(params, x)

    return Model(name, init, outputs, degree)


def _form(params: Params) -> Any:
    """What tells a module for some features and outputs from those for others: structure and shapes."""
    return jax.tree.structure(params), tuple(leaf.shape for leaf in jax.tree.leaves(params))
