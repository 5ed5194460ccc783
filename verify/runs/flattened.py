"""An optimizer of a pytree as the engine calls it: on one flat vector of all parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import optax
from jax.flatten_util import ravel_pytree

from verify import backend as backend
from verify.models.model import Shaped
from verify.optimizers.calling import FUNCTIONS, KEPT, Optimizer, keeps


@functools.cache
def flattened(optimizer: Optimizer, model: Shaped) -> optax.GradientTransformationExtraArgs:
    """The same optimizer on flat parameters `[p]`, which sees the model's pytree.

    Where its state keeps parameters that are to be measured (`verify.optimizers.calling.measured`), these are flat too.
    """
    inside, outside = _tree(model), _ravelled
    update = _update(optimizer.update, inside)

    def init(params: Any) -> Any:
        return outside(optimizer.init(inside(params)))

    return optax.GradientTransformationExtraArgs(init, update)


def _tree(model: Shaped) -> Callable[[Any], Any]:
    """Flat parameters as pytrees, alone or as lookahead's pair; states with the parameters that they keep."""

    def unravelled(value: Any) -> Any:
        if isinstance(value, optax.LookaheadParams):
            return optax.LookaheadParams(fast=model.unravel(value.fast), slow=model.unravel(value.slow))
        return model.unravel(value)

    return unravelled


def _update(update: Callable[..., Any], inside: Callable[[Any], Any]) -> Callable[..., Any]:
    def flat(g: Any, state: Any, w: Any = None, **asked: Any) -> tuple[Any, Any]:
        given = {name: _given(name, value, inside) for name, value in asked.items()}
        params = None if w is None else inside(w)
        change, state = update(inside(g), _kept(state, inside), params, **given)
        if isinstance(change, optax.LookaheadParams):
            change = optax.LookaheadParams(fast=ravel_pytree(change.fast)[0], slow=ravel_pytree(change.slow)[0])
        else:
            change = ravel_pytree(change)[0]
        return change, _ravelled(state)

    return flat


def _given(name: str, value: Any, inside: Callable[[Any], Any]) -> Any:
    """What an optimizer asked for, as functions and values of the pytree."""
    if name == "grad_fn":
        return lambda params, *rest: inside(value(ravel_pytree(params)[0], *rest))
    if name in FUNCTIONS:
        return lambda params, *rest: value(ravel_pytree(params)[0], *rest)
    return inside(value) if name == "grad" else value


def _over_kept(state: Any, change: Callable[[Any], Any]) -> Any:
    """The state with the parameters changed that it keeps to be measured."""

    def each(node: Any) -> Any:
        if not keeps(node):
            return node
        name = KEPT[type(node)]
        return node._replace(**{name: change(getattr(node, name))})

    return jax.tree.map(each, state, is_leaf=keeps)


def _ravelled(state: Any) -> Any:
    return _over_kept(state, lambda params: ravel_pytree(params)[0])


def _kept(state: Any, inside: Callable[[Any], Any]) -> Any:
    return _over_kept(state, inside)
