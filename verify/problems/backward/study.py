"""A user's own loss under Adam: how near its modified equation is, and what the equation's bias does along the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from verify.problems.backward import memoryless, modified_equation
from verify.problems.backward.batch_losses import Total, batch_order, of_functions
from verify.problems.backward.lockstep import Numbers, adam_contest, distances
from verify.problems.backward.modified_equation import Hyperparameters, Memory, Velocity, Wording

HALVINGS = 4
_SPAN = 20  # steps, in lengths of the longer memory, that a run needs
_MOMENTS = 8  # at which the bias is shown
_BUDGET = 2_000_000  # steps times batches of the finest run
_WORK = 300_000_000  # numbers that the published form's sums over the past may come to: some ten seconds

FORMS = ("auto", "published", "carried")
"""Of the equation; "auto" is the published one where its sums over the past can be afforded."""


@dataclass(frozen=True)
class Moment:
    """The bias at one step of the coarsest run, of the mean loss E over the batches.

    loss: E. norm: `‖∇E‖_{1,ε}`. update: the largest entry of `M/R`. bias: the largest entry of the bias, which is
    `-R` times the equation's h-term. alignment: the cosine of the bias to the norm's gradient, 1 where the norm is
    penalised and -1 where its opposite is; NaN where one of them is zero.
    """

    step: int
    time: float
    loss: float
    norm: float
    update: float
    bias: float
    alignment: float


@dataclass(frozen=True)
class Study:
    """Distances of Adam to the equation without its h-term (`first`) and with it (`second`), by step size h `[r]`.

    floor: what of each distance the solver and rounding may have. moments: the bias along the coarsest run. form: of
    the equation, "published" or "carried".
    """

    h: Float[np.ndarray, " r"]
    first: Float[np.ndarray, " r"]
    second: Float[np.ndarray, " r"]
    floor: Float[np.ndarray, " r"]
    moments: list[Moment]
    form: str

    @staticmethod
    def orders(distance: Float[np.ndarray, " r"]) -> Float[np.ndarray, " q"]:
        """The observed order between neighbouring step sizes; NaN where a distance is zero."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log2(distance[:-1] / distance[1:])


def fewest_steps(beta: float, rho: float) -> int:
    """The steps that the coarsest run needs for the memory to be short beside it."""
    return round(_SPAN / (1 - max(beta, rho)))


def study(
    losses: Sequence[Callable[[Any], Any]],
    start: Any,
    *,
    beta: float,
    rho: float,
    eps: float,
    step_size: float,
    steps: int | None = None,
    order: Sequence[int] | None = None,
    sampling: str = "in turn",
    seed: int = 0,
    form: str = "auto",
) -> Study:
    """Run Adam (RMSProp for `beta = 0`) on batches' losses, with `step_size` halved four times over the same time.

    losses: one function of a pytree like `start` for each batch. order: of the batches in one pass; all by default.
    sampling: how the passes follow, one of `batch_losses.SAMPLINGS`, drawn with `seed`. steps: of the coarsest run; by
    default the fewest that the theorem needs. form: of the equation, one of `FORMS`.
    Raises `InputError` on bad input, `TrajectoryError` where a number is not finite.
    """
    _check(beta, rho, eps, step_size, form)
    total, flat = of_functions(losses, start)
    steps = steps or fewest_steps(beta, rho)
    if steps < fewest_steps(beta, rho):
        raise InputError(
            f"{steps} steps are too few beside a memory of 1/(1 - {max(beta, rho):g}) steps: "
            f"give {fewest_steps(beta, rho)} at least."
        )
    count = len(losses)
    if steps * 2**HALVINGS * count > _BUDGET:
        raise InputError(f"{steps} steps of {count} batches, halved {HALVINGS} times, are too many: give fewer steps.")
    one_pass = tuple(order or range(count))
    modified_equation.check_order(one_pass, count)
    grid = [steps << k for k in range(HALVINGS + 1)]
    turns = batch_order(one_pass, sampling, grid[-1], np.random.default_rng(seed))
    memory = Memory(count, modified_equation.window(beta, rho), len(one_pass) if sampling == "in turn" else 0)
    if form == "carried" or (form == "auto" and _terms(memory, grid) * len(flat) > _WORK):
        memory = Memory(count)
    numbers = Hyperparameters(beta, rho, eps)
    past: Any = modified_equation.nothing(count, len(flat))
    if not memory.carried:
        past = modified_equation.tables(one_pass if memory.period else turns, grid[-1], memory, beta, rho)
    contest = adam_contest(total, memory)
    found = []
    for correction in (0.0, 1.0):
        case = Numbers(flat, None, turns, numbers, (past, numbers, Wording(correction)))
        one = jax.tree.map(lambda leaf: np.asarray(leaf)[None], case)
        time = np.array([steps * step_size])
        found.append(distances(contest, one, time, grid, change=memory.transient, names=["your loss"]))
    first, second = found
    h = steps * step_size / np.array(grid, float)
    floor = second.solver[0] + 1e-16 * np.array(grid)
    moments = _moments(total, memory, case, step_size, steps)
    return Study(h, first.largest[0], second.largest[0], floor, moments, "carried" if memory.carried else "published")


def _terms(memory: Memory, grid: Sequence[int]) -> int:
    """The terms `[d]` of the published form's sums over the past, in all runs, where it has no short form."""
    if memory.batches == 1:
        return 0
    general = sum(min(count, memory.transient) if memory.period else count for count in grid)
    return general * memory.window * memory.batches


def _check(beta: float, rho: float, eps: float, step_size: float, form: str) -> None:
    if form not in FORMS:
        raise InputError(f"There is no form {form!r} of the equation: use one of {', '.join(FORMS)}.")
    for name, decay in (("beta", beta), ("rho", rho)):
        if not 0 <= decay < 1:
            raise InputError(f"{name} must lie in [0, 1), not {decay}: choose it so.")
    if not 0 < eps < float("inf"):
        raise InputError(f"eps must be positive, not {eps}: the equation needs an eps inside the root.")
    if not 0 < step_size < float("inf"):
        raise InputError(f"The step size must be positive, not {step_size}: choose it so.")


def _moments(total: Total, memory: Memory, case: Numbers, h: float, steps: int) -> list[Moment]:
    """The bias at steps spread evenly over the coarsest run."""
    past, numbers, wording = case.equation
    method, order = numbers.transformation, jnp.asarray(case.order[:steps])

    def entered(past: Any, theta: Any, n: Any) -> Any:
        return modified_equation.carry(past, theta, order[n], total, None, numbers) if memory.carried else past

    def advance(n: Any, run: Any) -> Any:
        theta, state, past = run
        copies = jnp.broadcast_to(theta, (memory.batches, *theta.shape))
        update, state = method.update(jax.grad(lambda at: total(at, None))(copies)[order[n]], state, theta)
        return theta - h * update, state, entered(past, theta, n)

    go = jax.jit(lambda begin, end, run: jax.lax.fori_loop(begin, end, advance, run))

    @jax.jit
    def parts(run: Any, n: Any) -> Velocity:
        theta, _, past = run
        return modified_equation.velocity(theta, n, total, None, memory, entered(past, theta, n), numbers, wording)

    def mean(copies: Any, data: Any) -> Any:
        return total(jnp.broadcast_to(copies, (memory.batches, copies.shape[-1])), data) / memory.batches

    @jax.jit
    def scalars(theta: Any) -> Any:
        _, g, slope = memoryless.bias_of(theta, h, None, memoryless.Bias(*numbers[:3]), mean)
        return mean(theta[None], None), memoryless.one_norm(g, numbers.eps), slope

    found, begin = [], 0
    run: Any = case.start, method.init(case.start), jax.tree.map(jnp.asarray, past)
    for n in np.unique(np.linspace(0, steps - 1, _MOMENTS).round().astype(int)):
        run, begin = go(begin, n, run), n
        velocity = parts(run, n)
        value, norm, slope = map(np.asarray, scalars(run[0]))
        bias = -h * np.asarray(velocity.root * velocity.correction)
        sizes = np.linalg.norm(bias) * np.linalg.norm(slope)
        cosine = float(bias @ slope / sizes) if sizes else float("nan")
        update = float(np.max(np.abs(velocity.leading)))
        largest = float(np.max(np.abs(bias)))
        found.append(Moment(int(n), float(n * h), float(value), float(norm), update, largest, cosine))
    return found
