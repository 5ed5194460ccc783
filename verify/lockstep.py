"""A discrete method beside an equation that claims to follow it: the largest distance over a fixed stretch of time.

Between two steps the equation is solved by one step of a Runge-Kutta method of order 5 (diffrax' Tsit5), whose own
estimates of its error are added up. One program runs many cases, with any number of steps, and is compiled once for
the shapes of the loss and of the method.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jaxtyping import Float, Int

from verify import config as config
from verify.batch_losses import Total, derivatives
from verify.trajectory import TrajectoryError


class Numbers(NamedTuple):
    """What a case is made of: arrays with a leading axis of cases.

    start: `[c d]`. data: what the loss is a function of. order: `[c n]` the batch of every step.
    method, equation: their own numbers. burn_in: `[c]` steps after which the equation starts, at the method's place.
    """

    start: Any
    data: Any
    order: Any
    method: Any
    equation: Any
    burn_in: Any


Field = Callable[[Array, Any, Any, Any, Total], Array]
"""Parameters `[d]`, step n, step size h, the case's `data` and `equation` numbers (a pair), loss: `dθ/dt`, `[d]`."""


@dataclass(frozen=True)
class Contest:
    """A method and an equation as functions, both hashable: what a compiled program depends on.

    loss: the batches' losses, `batches` of them. method: its numbers to the transformation, for a step size of -1.
    fields: the equation at first, and optionally in another form from some step on. discrete: whether the equation
    is an iteration itself, `θ + h field`, instead of a differential equation.
    """

    loss: Total
    batches: int
    method: Callable[[Any], optax.GradientTransformation]
    fields: tuple[Field, ...]
    discrete: bool = False


class Distance(NamedTuple):
    """Arrays `[c]`: the largest distance over the steps, in the largest component; what the solver may have of it;
    the first step at which a number was not finite, or -1.
    """

    largest: Any
    solver: Any
    lost: Any


@functools.cache
def _program(contest: Contest) -> Callable[..., Distance]:
    solver = diffrax.Euler() if contest.discrete else diffrax.Tsit5()

    def run(case: Numbers, h: Any, steps: Any, change: Any) -> Distance:
        method = contest.method(case.method)

        def gradient(theta: Array, n: Any) -> Array:
            g, _ = derivatives(contest.loss, theta, case.data, contest.batches)
            return g[case.order[n]]

        def advance(field: Field, n: Any, carry: Any) -> Any:
            theta, state, at, distance = carry
            update, state = method.update(gradient(theta, n), state, theta)
            theta = jnp.asarray(optax.apply_updates(theta, -h * jnp.asarray(update)))
            moved, error = _solved(solver, field, n, h, at, case, contest.loss)
            early = n < case.burn_in
            at = jnp.where(early, theta, moved)
            gap = jnp.max(jnp.abs(theta - at))
            lost = jnp.where((distance.lost < 0) & ~jnp.isfinite(gap), n, distance.lost)
            solver_error = distance.solver + jnp.where(early, 0, error)
            return theta, state, at, Distance(jnp.maximum(distance.largest, gap), solver_error, lost)

        zero = jnp.zeros(())
        carry = case.start, method.init(case.start), case.start, Distance(zero, zero, jnp.array(-1))
        for i, field in enumerate(contest.fields):
            begin = change if i else 0
            end = steps if i == len(contest.fields) - 1 else jnp.minimum(change, steps)
            carry = jax.lax.fori_loop(begin, end, functools.partial(advance, field), carry)
        return carry[-1]

    return jax.jit(jax.vmap(run, in_axes=(0, 0, None, None)))


def _solved(solver: Any, field: Field, n: Any, h: Any, at: Array, case: Numbers, loss: Total) -> tuple[Array, Array]:
    """The equation's solution after one step, and the solver's estimate of its error."""

    def right_side(t: Any, y: Array, args: Any) -> Array:
        del t
        step, size = args
        return size * field(y, step, size, (case.data, case.equation), loss)

    term = diffrax.ODETerm(right_side)
    state = solver.init(term, 0.0, 1.0, at, (n, h))
    moved, error, _, _, _ = solver.step(term, 0.0, 1.0, at, (n, h), state, True)
    return moved, jnp.zeros(()) if error is None else jnp.max(jnp.abs(error))


def distances(
    contest: Contest,
    cases: Numbers,
    time: Float[np.ndarray, " c"],
    steps: Sequence[int],
    *,
    change: int = 0,
    names: Sequence[str] | None = None,
) -> tuple[Float[np.ndarray, "c r"], Float[np.ndarray, "c r"]]:
    """The largest distances for each number of steps in which `time` is covered, and the solver's own errors.

    change: the step from which on the second field holds, where there are two.
    Raises `TrajectoryError` where a number is not finite, with the step and the case.
    """
    found = []
    for count in steps:
        distance = _program(contest)(cases, time / count, count, min(change, count))
        lost = np.asarray(distance.lost)
        if (lost >= 0).any():
            row = int(np.argmax(lost >= 0))
            name = names[row] if names else f"case {row}"
            raise TrajectoryError(f"NaN or infinity at step {lost[row]} of {count} on {name}: take smaller steps.")
        found.append(distance)
    largest, solver = (np.stack([np.asarray(each[i]) for each in found], axis=1) for i in range(2))
    return largest, solver


def padded(cases: Numbers, rows: Int[np.ndarray, " k"]) -> Numbers:
    """Some of the cases, in that order and as often: batches of one size need one program."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[rows], cases)
