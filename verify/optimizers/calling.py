"""How an optimizer is called: what it asks for beside the gradient, and at which weights it is measured.

An optax transformation may ask for arguments of its own: the value of the objective (`value`), its gradient (`grad`),
the objective as a function of the weights (`value_fn`, `obj_fn`) or the gradient (`grad_fn`). They are found by reading
the signatures of its update and of all updates that this one has in its closure; where they are hidden, by trying.

Some transformations take gradients at other weights than those that they give in the end, and say so:
`optax.lookahead` has slow weights for inference, `optax.contrib.schedule_free` weights for evaluation, and
`optax.contrib.sam` steps aside in between. Gradients are taken where the method wants them, and margins are measured
at the weights that it gives.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from optax.contrib import SAMState, ScheduleFreeState, schedule_free_eval_params

from solvers.errors import InputError
from verify import backend as backend

Optimizer = optax.GradientTransformation | optax.MultiSteps
"""What can be run. `optax.MultiSteps` is no transformation by type, but has `init` and `update`."""

FUNCTIONS = ("value_fn", "obj_fn", "grad_fn")
ASKED = ("value", "grad", *FUNCTIONS)
"""The arguments that an optimizer may ask for."""

# What is tried where signatures do not tell: `optax.inject_hyperparams` makes its inner transformation at each step.
_LADDER = ((), ("value",), ("value", "grad", "value_fn"), ("obj_fn",), ("grad_fn",), ASKED)
_LONGEST = 160  # of what is told of an error


class Called(NamedTuple):
    """An optimizer as the engine calls it: `update(g, state, w, **asked)` on one array of weights.

    asks: names out of `ASKED`. measured: from the state and the weights at which gradients are taken to those that are
    measured; None where they are the same.
    """

    init: Callable[..., Any]
    update: Callable[..., Any]
    asks: tuple[str, ...]
    measured: Callable[[Any, Array], Array] | None


class Pair(NamedTuple):
    """The state of `optax.lookahead`, with the slow weights."""

    inner: Any
    slow: Array


@functools.cache
def calling(optimizer: Optimizer, shape: tuple[int, ...], dtype: type = float) -> Called:
    """How an optimizer of weights of that shape and type is called. Nothing is computed, only traced.

    An optimizer that asks for nothing keeps its own `init` and `update`. Raises `InputError` for one that can make no
    step on one array of weights, from its gradient and what is in `ASKED`.
    """
    init, update = optimizer.init, optimizer.update
    signatures = list(_signatures(update))
    if any(map(_takes_pair, signatures)):
        init, update = _paired_init(init), _paired_update(update)
    w = jax.ShapeDtypeStruct(shape, dtype)
    with_names = tuple(name for name in ASKED if any(name in list(s.parameters)[3:] for s in signatures))
    error: Exception | None = None
    for names in dict.fromkeys((with_names, *_LADDER)):
        try:
            state = jax.eval_shape(init, w)
            asks, step, after = _tried(update, state, w, names)
        except InputError:
            raise
        except Exception as failed:  # whatever a stranger's code raises
            error = error or failed
            continue
        if _cast(w, state, step, after):
            update = _typed(update)
        return Called(init, update, asks, measured if _measures_elsewhere(state) else None)
    lines = str(error).strip().splitlines() or [""]
    raise InputError(
        f"The optimizer makes no step on weights of shape {shape} ({type(error).__name__}: {lines[0][:_LONGEST]}): "
        "give one that steps on one array of weights, from the gradient of the mean loss."
    ) from error


def arguments(asks: tuple[str, ...], objective: Callable[[Any], Array], w: Array, g: Array) -> dict[str, Any]:
    """What an optimizer asks for beside the gradient `g` at `w`, of an objective as a function of the weights."""
    if not asks:
        return {}
    given = {
        "value": objective(w),
        "grad": g,
        "value_fn": objective,
        "obj_fn": objective,
        "grad_fn": lambda at, _=None: jax.grad(objective)(at),
    }
    return {name: given[name] for name in asks}


def _tried(update: Callable[..., Any], state: Any, w: Any, names: tuple[str, ...]) -> tuple[tuple[str, ...], Any, Any]:
    """Which of these names are used, and the types of the update and of the next state."""
    used = set(names) - set(FUNCTIONS)

    def stand_in(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(w: Any, *rest: Any) -> Any:
            used.add(name)
            return function(w)

        return counted

    def step(state: Any, w: Any) -> Any:
        value = lambda w: jnp.sum(w * w)  # noqa: E731 - any objective will do
        functions = {name: stand_in(name, jax.grad(value) if name == "grad_fn" else value) for name in FUNCTIONS}
        given = {"value": value(w), "grad": w} | functions
        return update(w, state, w, **{name: given[name] for name in names})

    change, after = jax.eval_shape(step, state, w)
    return tuple(name for name in names if name in used), change, after


def _cast(w: Any, state: Any, step: Any, after: Any) -> bool:
    """Whether update or state come in another type than weights and state had. Raises `InputError` for other shapes."""
    shape = getattr(step, "shape", None)
    if shape != w.shape:
        answer = "updates in several parts" if shape is None else f"updates of shape {shape}"
        raise InputError(
            f"The optimizer answers gradients of shape {w.shape} with {answer}: give one that takes the gradient of "
            "the mean loss, not the gradients of single examples."
        )
    before, later = jax.tree.leaves(state), jax.tree.leaves(after)
    same = jax.tree.structure(state) == jax.tree.structure(after)
    if not same or any(a.shape != b.shape for a, b in zip(before, later, strict=True)):
        raise InputError(
            "The optimizer's state has another form after a step than before: give one whose state keeps its shapes."
        )
    return step.dtype != w.dtype or any(a.dtype != b.dtype for a, b in zip(before, later, strict=True))


@functools.cache
def _typed(update: Callable[..., Any]) -> Callable[..., Any]:
    """The update with its results in the types that weights and state came in, as a compiled loop needs them."""

    def typed(g: Array, state: Any, w: Array, **asked: Any) -> tuple[Array, Any]:
        change, after = update(g, state, w, **asked)
        kept = jax.tree.map(lambda new, old: new.astype(old.dtype) if new.dtype != old.dtype else new, after, state)
        return change.astype(w.dtype), kept

    return typed


def _signatures(update: Callable[..., Any]) -> Iterator[inspect.Signature]:
    """Those of an update, and of all functions in its closure that may be updates of inner transformations."""
    seen: set[int] = set()
    waiting: list[Any] = [update]
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, tuple | list):
            waiting += found
        elif isinstance(found, dict):
            waiting += found.values()
        elif isinstance(found, functools.partial):
            waiting += [found.func, *found.args, *found.keywords.values()]
        elif inspect.ismethod(found):
            waiting += [found.__func__, *getattr(found.__self__, "__dict__", {}).values()]
        elif inspect.isfunction(found):
            yield inspect.signature(found)
            waiting += _held(found)


def _held(function: Callable[..., Any]) -> Iterator[Any]:
    for cell in getattr(function, "__closure__", None) or ():
        with contextlib.suppress(ValueError):  # of a cell that is empty as yet
            yield cell.cell_contents


def _takes_pair(signature: inspect.Signature) -> bool:
    third = list(signature.parameters.values())[2:3]
    return any(p.annotation in (optax.LookaheadParams, "LookaheadParams", "optax.LookaheadParams") for p in third)


@functools.cache
def _paired_init(init: Callable[..., Any]) -> Callable[..., Any]:
    return lambda w: Pair(init(optax.LookaheadParams(fast=w, slow=w)), w)


@functools.cache
def _paired_update(update: Callable[..., Any]) -> Callable[..., Any]:
    def paired(g: Array, state: Pair, w: Array, **asked: Any) -> tuple[Array, Pair]:
        change, inner = update(g, state.inner, optax.LookaheadParams(fast=w, slow=state.slow), **asked)
        return change.fast, Pair(inner, state.slow + change.slow)

    return paired


KEPT: dict[type, str] = {Pair: "slow", ScheduleFreeState: "z", SAMState: "cache"}
"""States that keep weights of their own to be measured, with the names under which they keep them."""


def _apart(state: Any) -> list[Any]:
    """The parts of a state that know the weights to measure; not those of a mask that covers all weights."""
    parts = jax.tree.leaves(state, is_leaf=keeps)
    return [part for part in parts if keeps(part) and hasattr(getattr(part, KEPT[type(part)]), "shape")]


def keeps(node: Any) -> bool:
    """Whether a part of a state is one of those in `KEPT`."""
    return type(node) in KEPT


def _measures_elsewhere(state: Any) -> bool:
    return bool(_apart(state))


def measured(state: Any, w: Array) -> Array:
    """The weights that a method gives, where they are not those at which it takes gradients.

    state: the optimizer's. w: where the next gradient is taken, in any shape, as is what is returned.

    Lookahead: the slow weights, "for inference". Schedule-free: those of `schedule_free_eval_params`. SAM: those of the
    outer optimizer, before the adversarial steps.
    """
    for part in _apart(state)[:1]:
        if isinstance(part, Pair):
            return part.slow
        if isinstance(part, ScheduleFreeState):
            return schedule_free_eval_params(part, w)
        return jnp.where(part.steps_since_sync == 0, w, part.cache)
    return w


def has_keys(state: Any) -> bool:
    """Whether a state holds random keys, as arrays of jax's key types."""
    return any(is_key(leaf) for leaf in jax.tree.leaves(state))


def is_key(leaf: Any) -> bool:
    """Whether an array is one of random keys, which are no numbers."""
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
