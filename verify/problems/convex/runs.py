"""Runs of optimizers on stacks of convex problems, from start to horizon, with the weights at some steps kept."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Float, Int

from verify.datasets.cases import Case
from verify.errors import TrajectoryError
from verify.optimizers.calling import arguments, calling
from verify.problems.convex.methods import Method
from verify.problems.convex.settings import Convex, convex_of
from verify.problems.convex.stacks import Objective, Stack, regularised, stack
from verify.problems.laboratory import Laboratory

_RECORDS = 61


@dataclass(frozen=True)
class Run:
    """What is descended: an objective, on problems stacked in some way, by a method."""

    method: Method
    objective: Objective = regularised
    stacked: Callable[[Sequence[Convex]], Stack] = stack


def recorded(steps: int) -> Int[np.ndarray, " r"]:
    """Steps on a geometric grid from 1 to the horizon; early ones repeat."""
    return np.round(np.geomspace(1, steps, _RECORDS)).astype(np.int64)


@functools.cache
def _program(method: Method, objective: Objective) -> Callable[[Stack, Any], Any]:
    gradient = jax.grad(objective, argnums=1)

    def alone(p: Stack, lengths: Any) -> Any:
        w = jnp.asarray(p.start)
        # Not out of the cache: the optimizer may be made of the problem's traced numbers.
        called = calling.__wrapped__(method.make(p), w.shape)

        def step(_: Any, carry: Any) -> Any:
            w, state = carry
            g = gradient(p, w)
            u, state = called.update(g, state, w, **arguments(called.asks, functools.partial(objective, p), w, g))
            return optax.apply_updates(w, u), state

        def stretch(carry: Any, length: Any) -> Any:
            w, state = carry = jax.lax.fori_loop(0, length, step, carry)
            return carry, called.measured(state, w) if called.measured else w

        return jax.lax.scan(stretch, (w, called.init(w)), lengths)[1]

    return jax.jit(jax.vmap(alone, (0, None)))


def descend(run: Run, p: Stack, cases: Sequence[Case], steps: int) -> Float[np.ndarray, "b r k d"]:
    """The weights at the steps `recorded(steps)`. Raises `TrajectoryError` at NaN or infinity."""
    times = recorded(steps)
    weights = np.asarray(_program(run.method, run.objective)(p, np.diff(times, prepend=0)))
    bad = np.argwhere(~np.isfinite(weights).all(axis=(2, 3)))
    if len(bad):
        i, step = int(bad[0, 0]), int(times[bad[0, 1]])
        raise TrajectoryError(f"{run.method.name} met NaN or infinity by step {step} on case {i}: {cases[i]}.")
    return weights


def weights_of(run: Run, lab: Laboratory, share: float = 1.0) -> Float[np.ndarray, "b r k d"]:
    """The weights of a run on the laboratory's problems, to that share of its horizon; computed once."""
    steps = horizon(lab, share)
    return lab.once(("convex run", run, steps), lambda: descend(run, problems_of(lab, run.stacked), lab.cases, steps))


def problems_of(lab: Laboratory, stacked: Callable[[Sequence[Convex]], Stack] = stack) -> Stack:
    """The laboratory's problems, stacked once."""
    return lab.once(("convex problems", stacked), lambda: stacked(convex_of(lab.cases)))


def horizon(lab: Laboratory, share: float) -> int:
    """That share of the laboratory's horizon in steps, and ten at least."""
    return max(10, int(share * lab.steps))


def columns(steps: int) -> tuple[Int[np.ndarray, " r"], Float[np.ndarray, " r"]]:
    """Places of the recorded steps without repetitions and without the first step, and their log times."""
    times = recorded(steps)
    first = np.unique(times, return_index=True)[1]
    use = first[times[first] > 1]
    return use, np.log(times[use])


def nearness(values: np.ndarray, bound: np.ndarray, floor: Float[np.ndarray, " b"]) -> np.ndarray:
    """What exceeds the floor, over its bound; infinite over a bound of zero. Both are `[... b r]`."""
    excess = values - floor[:, None]
    return np.where(bound > 0, excess / np.where(bound > 0, bound, 1.0), np.where(excess > 0, np.inf, 0.0))
