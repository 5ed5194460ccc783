"""A step of Adam's modified equation against a step of Adam, as batches and parameters grow."""

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
_BETA, _RHO, _EPS = 0.6, 0.8, 0.1
_SIZES = ((1, 10), (1, 1000), (2, 100), (4, 10), (4, 100), (4, 1000), (8, 100), (16, 100))
_WAYS = ("Adam", "equation, settled", "equation, window")
_NOTE = (
    "Logistic loss of {points} points a batch, cyclic order, float64, β = {beta}, ρ = {rho}; one core, medians over "
    "{rounds} interleaved rounds of {steps} steps after compilation. Adam takes the gradient of one batch a step. The "
    "equation is solved by one step of Tsit5 (seven evaluations) between two of them; each evaluation takes the "
    "gradients of all batches and two products with each one's Hessian, and sums over the {window} last steps (window, "
    "the form for any order and for the first steps) or over the period alone (settled; one batch has one form). The "
    "forms agree to 1e-9, and stay nearer to Adam than the equation without its h-term does."
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


@functools.cache
def _program(way: str, batches: int, features: int, correction: float) -> Callable[[], Any]:
    import diffrax
    import jax
    import jax.numpy as jnp

    from verify import lockstep, modified
    from verify.batch_losses import of_data

    rng = np.random.default_rng((batches, features))
    x = rng.normal(size=(batches, _POINTS, features)) / features**0.5 * 3
    data = jnp.asarray(x), jnp.asarray(rng.choice([-1.0, 1.0], (batches, _POINTS)))
    memory = modified.Memory(batches, modified.window(_BETA, _RHO), batches)
    numbers = modified.Hyperparameters(_BETA, _RHO, _EPS)
    # Steps are taken after the transient, so that all ways cover the same ones.
    begin, end = memory.transient, memory.transient + _STEPS
    order = np.resize(np.arange(batches), end)
    table = jax.tree.map(jnp.asarray, modified.tables(range(batches), end, memory, _BETA, _RHO))
    start = jnp.asarray(rng.normal(size=features))
    words = modified.Wording(correction)
    contest = lockstep.adam_contest(of_data(_loss), memory)
    case = lockstep.Numbers(start, data, jnp.asarray(order), numbers, (table, numbers, words))
    method = numbers.transformation

    def adam(n: Any, carry: Any) -> Any:
        theta, state = carry
        batch = jax.tree.map(lambda leaf: leaf[case.order[n]], data)
        update, state = method.update(jax.grad(_loss)(theta, batch), state, theta)
        return theta - _H * jnp.asarray(update), state

    def equation(n: Any, theta: Any) -> Any:
        field = contest.fields[1 if way.endswith("settled") and batches > 1 else 0]
        return lockstep.interval(diffrax.Tsit5(), field, n, _H, theta, case, contest.loss)[0]

    def run(theta: Any, state: Any) -> Any:
        if way == "Adam":
            return jax.lax.fori_loop(begin, end, adam, (theta, state))[0]
        return jax.lax.fori_loop(begin, end, equation, theta)

    # The steps before the first one that counts are not timed.
    warm = jax.jit(lambda: jax.lax.fori_loop(0, begin, adam, (start, method.init(start))))()
    compiled = jax.jit(run).lower(*warm).compile()
    compiled(*warm).block_until_ready()
    return functools.partial(compiled, *warm)


def follow(way: str, batches: int, features: int, correction: float = 1.0) -> Timing:
    """Called in a worker; a program is compiled once."""
    program = _program(way, batches, features, correction)
    begun = time.perf_counter()
    theta = program().block_until_ready()
    return Timing(time.perf_counter() - begun, np.asarray(theta))


def _compare(ends: dict[str, np.ndarray], uncorrected: np.ndarray) -> None:
    settled, window = (ends[way] for way in _WAYS[1:])
    apart = float(np.max(np.abs(settled - window)))
    if not apart <= 1e-9:
        raise DifferentWork(f"The two forms of the equation part by {apart:.1e}: find out why.")
    near, far = (float(np.max(np.abs(end - ends["Adam"]))) for end in (settled, uncorrected))
    if not near < far:
        raise DifferentWork(f"The equation is {near:.1e} from Adam, without its h-term {far:.1e}: find out why.")


def modified_section(*, quick: bool = False, show: Callable[[str], None] = lambda _: None) -> Section:
    """The table of steps. Raises `DifferentWork` where the forms of the equation part, or leave Adam."""
    from verify.modified import window

    rounds, rows = (3 if quick else 15), []
    with worker(cores()[:1]) as pool:

        def timed(way: str, batches: int, features: int, correction: float = 1.0) -> Timing:
            return pool.submit(follow, way, batches, features, correction).result()

        for batches, features in _SIZES:
            show(f"modified: {batches} batches, {features} parameters")
            ends = {way: timed(way, batches, features).theta for way in _WAYS}
            _compare(ends, timed(_WAYS[1], batches, features, 0.0).theta)
            times: dict[str, list[float]] = {way: [] for way in _WAYS}
            for _ in range(rounds):
                for way, found in times.items():
                    found.append(timed(way, batches, features).seconds)
            row: dict[str, Cell] = {"batches": batches, "parameters": features}
            row["Adam, µs a step"] = _micro(times["Adam"])
            for way in _WAYS[1:]:
                name = way.removeprefix("equation, ")
                row[f"{name}, µs a step"] = _micro(times[way])
                row[f"{name} / Adam"], row[f"{name}, range"] = ratio(times[way], times["Adam"])
            rows.append(row)
    note = _NOTE.format(points=_POINTS, beta=_BETA, rho=_RHO, rounds=rounds, steps=_STEPS, window=window(_BETA, _RHO))
    return Section("Modified equation", note, rows)


def _micro(seconds: list[float]) -> float:
    return 1e6 * statistics.median(seconds) / _STEPS
