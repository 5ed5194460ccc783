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
from jaxtyping import Float

from verify import backend as backend
from verify.errors import TrajectoryError
from verify.problems.backward import memoryless, modified_equation
from verify.problems.backward.batch_losses import Total, derivatives
from verify.problems.backward.modified_equation import Memory


class Numbers(NamedTuple):
    """What a case is made of: arrays with a leading axis of cases.

    start: `[c d]`. data: what the loss is a function of. order: `[c n]` the batch of every step.
    method, equation: their own numbers.
    """

    start: Any
    data: Any
    order: Any
    method: Any
    equation: Any


Field = Callable[[Array, Any, Any, Any, Total], Array]
"""Parameters `[d]`, step n, step size h, the case's `data` and `equation` numbers (a pair), loss: `dθ/dt`, `[d]`."""

Remember = Callable[[Array, Any, Any, Total], Any]
"""Parameters `[d]` where an interval begins, its step's batch, the pair, loss: the `equation` numbers from there on."""


@dataclass(frozen=True)
class Contest:
    """A method and an equation as functions, both hashable: what a compiled program depends on.

    loss: the batches' losses, `batches` of them. method: its numbers to the transformation, for a step size of -1.
    fields: the equation at first, and optionally in another form from some step on. discrete: whether the equation
    is an iteration itself, `θ + h field`, instead of a differential equation. remember: how its numbers change as an
    interval begins, for an equation that remembers where it was. one_step: whether the method goes every step from
    where the equation is, with the gradients that it met there, so that distances are errors of single steps.
    """

    loss: Total
    batches: int
    method: Callable[[Any], optax.GradientTransformation]
    fields: tuple[Field, ...]
    discrete: bool = False
    remember: Remember | None = None
    one_step: bool = False


@functools.cache
def adam_contest(loss: Total, memory: Memory) -> Contest:
    """Adam against its modified equation; the equation's numbers are `(tables, hyperparameters, wording)`, with
    `modified.nothing` in place of tables for the carried form.
    """

    def field(theta: Array, n: Any, h: Any, case: Any, total: Total, *, settled: bool) -> Array:
        data, (past, numbers, wording) = case
        return modified_equation.velocity(theta, n, total, data, memory, past, numbers, wording, settled=settled).at(h)

    def remember(theta: Array, batch: Any, case: Any, total: Total) -> Any:
        data, (past, numbers, wording) = case
        return modified_equation.carry(past, theta, batch, total, data, numbers), numbers, wording

    forms = (False, True) if memory.batches > 1 and memory.period else (False,)
    fields = tuple(functools.partial(field, settled=settled) for settled in forms)
    remembers = remember if memory.carried else None
    return Contest(loss, memory.batches, memoryless.adam_method, fields, remember=remembers)


class Distance(NamedTuple):
    """Arrays `[c]`: the largest distance over the steps, in the largest component; what the solver may have of it;
    the first step at which a number was not finite, or -1; the smallest entry of a gradient that the method met.
    """

    largest: Any
    solver: Any
    lost: Any
    least: Any


class Ends(NamedTuple):
    """Where the method and the equation end, `[c d]`."""

    method: Any
    equation: Any


@functools.cache
def _program(contest: Contest) -> Callable[..., tuple[Distance, Ends]]:
    solver = diffrax.Euler() if contest.discrete else diffrax.Tsit5()

    def run(case: Numbers, h: Any, steps: Any, change: Any, burn_in: Any) -> tuple[Distance, Ends]:
        method = contest.method(case.method)

        def gradient(theta: Array, n: Any) -> Array:
            g, _ = derivatives(contest.loss, theta, case.data, contest.batches)
            return g[case.order[n]]

        def advance(field: Field, n: Any, carry: Any) -> Any:
            theta, state, at, equation, distance = carry
            theta = at if contest.one_step else theta
            g = gradient(theta, n)
            update, state = method.update(g, state, theta)
            theta = jnp.asarray(optax.apply_updates(theta, -h * jnp.asarray(update)))
            if contest.remember:
                equation = contest.remember(at, case.order[n], (case.data, equation), contest.loss)
            moved, error = interval(solver, field, n, h, at, case._replace(equation=equation), contest.loss)
            early = n < burn_in
            at = jnp.where(early, theta, moved)
            gap = jnp.max(jnp.abs(theta - at))
            lost = jnp.where((distance.lost < 0) & ~jnp.isfinite(gap), n, distance.lost)
            solver_error = distance.solver + jnp.where(early, 0, error)
            least = jnp.minimum(distance.least, jnp.min(jnp.abs(g)))
            distance = Distance(jnp.maximum(distance.largest, gap), solver_error, lost, least)
            return theta, state, at, equation, distance

        begun = Distance(jnp.zeros(()), jnp.zeros(()), jnp.array(-1), jnp.array(jnp.inf))
        carry = case.start, method.init(case.start), case.start, case.equation, begun
        for i, field in enumerate(contest.fields):
            begin = change if i else 0
            end = steps if i == len(contest.fields) - 1 else jnp.minimum(change, steps)
            carry = jax.lax.fori_loop(begin, end, functools.partial(advance, field), carry)
        return carry[-1], Ends(carry[0], carry[2])

    return jax.jit(jax.vmap(run, in_axes=(0, 0, None, None, None)))


def interval(solver: Any, field: Field, n: Any, h: Any, at: Array, case: Numbers, loss: Total) -> tuple[Array, Array]:
    """The equation's solution after one step, and the solver's estimate of its error."""

    def right_side(t: Any, y: Array, args: Any) -> Array:
        del t
        step, size = args
        return size * field(y, step, size, (case.data, case.equation), loss)

    term = diffrax.ODETerm(right_side)
    state = solver.init(term, 0.0, 1.0, at, (n, h))
    moved, error, _, _, _ = solver.step(term, 0.0, 1.0, at, (n, h), state, True)
    return moved, jnp.zeros(()) if error is None else jnp.max(jnp.abs(error))


@dataclass(frozen=True)
class Course:
    """What was found for each of `r` numbers of steps: by the names of `Distance`, and the ends."""

    largest: Float[np.ndarray, "c r"]
    solver: Float[np.ndarray, "c r"]
    least: Float[np.ndarray, "c r"]
    ends: list[Ends]


def distances(
    contest: Contest,
    cases: Numbers,
    time: Float[np.ndarray, " c"],
    steps: Sequence[int],
    *,
    change: int = 0,
    burn_in: float = 0.0,
    names: Sequence[str] | None = None,
) -> Course:
    """Run method and equation over `time` in each of these numbers of steps.

    change: the step from which on the second field holds, where there are two. burn_in: the share of the
    steps after which the equation starts, at the method's place.
    Raises `TrajectoryError` where a number is not finite, with the step and the case.
    """
    found, ends = [], []
    for count in steps:
        distance, end = _program(contest)(cases, time / count, count, change, round(burn_in * count))
        lost = np.asarray(distance.lost)
        if (lost >= 0).any():
            row = int(np.argmax(lost >= 0))
            name = names[row] if names else f"case {row}"
            raise TrajectoryError(f"NaN or infinity at step {lost[row]} of {count} on {name}: take smaller steps.")
        found.append(distance)
        ends.append(Ends(*map(np.asarray, end)))
    largest, solver, _, least = (np.stack([np.asarray(each[i]) for each in found], axis=1) for i in range(4))
    return Course(largest, solver, least, ends)
