"""A step of Adam's modified equation against a step of Adam, as batches, parameters and the memory grow."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.tables import Cell, DifferentWork, Section, ratio
from benchmarks.workers import cores, worker

_POINTS, _STEPS, _H = 32, 400, 1e-3
_BETA, _EPS = 0.6, 0.1
_SIZES = (
    (1, 10, 0.8),
    (1, 1000, 0.8),
    (2, 100, 0.8),
    (4, 10, 0.8),
    (4, 100, 0.8),
    (4, 1000, 0.8),
    (8, 100, 0.8),
    (16, 100, 0.8),
    (4, 100, 0.9),
    (4, 100, 0.95),
    (4, 100, 0.99),
)
"""Batches, parameters, ρ."""
_WAYS = ("Adam", "equation, settled", "equation, window", "equation, carried")
_NOTE = (
    "Logistic loss of {points} points a batch, cyclic order, float64, β = {beta}; one core, medians over {rounds} "
    "interleaved rounds of {steps} steps after compilation. Adam takes the gradient of one batch a step. The equation "
    "is solved by one step of Tsit5 (seven evaluations) between two of them; each evaluation takes the gradients of "
    "all batches and two products with each one's Hessian. Beside these the published form sums over the W last steps "
    "(window, for any order and for the first steps) or over the period alone (settled, once an order that repeats has "
    "forgotten its first steps; one batch needs no sum); the carried form, for any order, keeps its sums and takes the "
    "gradients once more a step. The published form's two ways agree to 1e-9, and all stay nearer to Adam than the "
    "equation without its h-term does."
)


class Timing(NamedTuple):
    """Seconds for all steps, and the last parameters `[d]`."""

    seconds: float
    theta: np.ndarray


def _loss(theta: Any, data: Any) -> Any:
    import jax
    import jax.numpy as jnp

    x, y = data
    return jnp.mean(jax.nn.softplus(-y * (x @ theta)))


def _case(way: str, batches: int, features: int, rho: float, correction: float) -> tuple[Any, Any, int]:
    """The contest, its numbers, and the step from which on the order's first steps are forgotten."""
    import jax
    import jax.numpy as jnp

    from verify.problems.backward import lockstep, modified_equation
    from verify.problems.backward.batch_losses import of_data

    rng = np.random.default_rng((batches, features))
    x = rng.normal(size=(batches, _POINTS, features)) / features**0.5 * 3
    data = jnp.asarray(x), jnp.asarray(rng.choice([-1.0, 1.0], (batches, _POINTS)))
    memory = modified_equation.Memory(batches, modified_equation.window(_BETA, rho), batches)
    numbers = modified_equation.Hyperparameters(_BETA, rho, _EPS)
    begin, end = memory.transient, memory.transient + _STEPS
    order = np.resize(np.arange(batches), end)
    past: Any = modified_equation.tables(range(batches), end, memory, _BETA, rho)
    if way.endswith("carried"):
        memory, past = modified_equation.Memory(batches), modified_equation.nothing(batches, features)
    equation = jax.tree.map(jnp.asarray, (past, numbers, modified_equation.Wording(correction)))
    start = jnp.asarray(rng.normal(size=features))
    case = lockstep.Numbers(start, data, jnp.asarray(order), numbers, equation)
    return lockstep.adam_contest(of_data(_loss), memory), case, begin


@functools.cache
def _program(way: str, batches: int, features: int, rho: float, correction: float) -> Callable[[], Any]:
    import diffrax
    import jax
    import jax.numpy as jnp

    from verify.problems.backward.lockstep import interval

    contest, case, begin = _case(way, batches, features, rho, correction)
    method, end = case.method.transformation, begin + _STEPS
    field = contest.fields[1 if way.endswith("settled") and batches > 1 else 0]

    def remember(theta: Any, n: Any, known: Any) -> Any:
        return contest.remember(theta, case.order[n], (case.data, known), contest.loss) if contest.remember else known

    def adam(n: Any, carry: Any) -> Any:
        theta, state = carry
        batch = jax.tree.map(lambda leaf: leaf[case.order[n]], case.data)
        update, state = method.update(jax.grad(_loss)(theta, batch), state, theta)
        return theta - _H * jnp.asarray(update), state

    def equation(n: Any, carry: Any) -> Any:
        theta, known = carry
        known = remember(theta, n, known)
        here = case._replace(equation=known)
        return interval(diffrax.Tsit5(), field, n, _H, theta, here, contest.loss)[0], known

    def warm_up() -> Any:
        begun = (case.start, method.init(case.start)), case.equation
        return jax.lax.fori_loop(0, begin, lambda n, c: (adam(n, c[0]), remember(c[0][0], n, c[1])), begun)

    def run(state: Any, known: Any) -> Any:
        if way == "Adam":
            return jax.lax.fori_loop(begin, end, adam, state)[0]
        return jax.lax.fori_loop(begin, end, equation, (state[0], known))[0]

    # The steps before the first one that counts are not timed, so that all ways cover the same ones.
    warm = jax.jit(warm_up)()
    compiled = jax.jit(run).lower(*warm).compile()
    compiled(*warm).block_until_ready()
    return functools.partial(compiled, *warm)


def follow(way: str, batches: int, features: int, rho: float, correction: float = 1.0) -> Timing:
    """Called in a worker; a program is compiled once."""
    program = _program(way, batches, features, rho, correction)
    begun = time.perf_counter()
    theta = program().block_until_ready()
    return Timing(time.perf_counter() - begun, np.asarray(theta))


def _compare(ends: dict[str, np.ndarray], uncorrected: np.ndarray) -> None:
    settled, window, carried = (ends[way] for way in _WAYS[1:])
    apart = float(np.max(np.abs(settled - window)))
    if not apart <= 1e-9:
        raise DifferentWork(f"The published form's two ways part by {apart:.1e}: find out why.")
    far = float(np.max(np.abs(uncorrected - ends["Adam"])))
    for form, end in (("published", settled), ("carried", carried)):
        near = float(np.max(np.abs(end - ends["Adam"])))
        if not near < far:
            raise DifferentWork(f"The {form} form is {near:.1e} from Adam, without its h-term {far:.1e}: find out why.")


def modified_section(*, quick: bool = False, show: Callable[[str], None] = lambda _: None) -> Section:
    """The table of steps. Raises `DifferentWork` where the forms of the equation part, or leave Adam."""
    from verify.problems.backward.modified_equation import window

    rounds, rows = (3 if quick else 15), []
    with worker(cores()[:1]) as pool:

        def timed(way: str, size: tuple[int, int, float], correction: float = 1.0) -> Timing:
            return pool.submit(follow, way, *size, correction).result()

        for size in _SIZES:
            batches, features, rho = size
            show(f"modified: {batches} batches, {features} parameters, ρ = {rho}")
            ends = {way: timed(way, size).theta for way in _WAYS}
            _compare(ends, timed(_WAYS[1], size, 0.0).theta)
            times: dict[str, list[float]] = {way: [] for way in _WAYS}
            for _ in range(rounds):
                for way, found in times.items():
                    found.append(timed(way, size).seconds)
            row: dict[str, Cell] = {"batches": batches, "parameters": features, "ρ": rho, "W": window(_BETA, rho)}
            row["Adam, µs a step"] = _micro(times["Adam"])
            for way in _WAYS[1:]:
                name = way.removeprefix("equation, ")
                row[f"{name}, µs a step"] = _micro(times[way])
                row[f"{name} / Adam"], row[f"{name}, range"] = ratio(times[way], times["Adam"])
            rows.append(row)
    return Section("Modified equation", _NOTE.format(points=_POINTS, beta=_BETA, rounds=rounds, steps=_STEPS), rows)


def _micro(seconds: list[float]) -> float:
    return 1e6 * statistics.median(seconds) / _STEPS
