"""One dataset of any size: the engine against a compiled loop of optax that takes and records the same steps."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks import problems
from benchmarks.contestants import optimizer_named
from benchmarks.peers import OPTIMIZERS
from benchmarks.tables import Cell, DifferentWork, Section, ratio
from benchmarks.workers import cores, worker

_AGREEMENT = 1e-8
_ENGINE, _OPTAX = "engine", "optax, compiled loop"
_NOTE = (
    "float64, logistic loss or cross-entropy; steps 0.1 (t + 1)^(-1/2); all cores, medians over {rounds} interleaved "
    "rounds after compilation. Both record margin, norm and loss at the same steps, twelve a decade. `optax, compiled "
    "loop`: a jitted loop over `jax.grad` of the mean loss and the optimizer's update, on plain gradients. `s`: of the "
    "steps and what they record; `set-up, s`: of what is done to the data before. `with set-up / optax`: both over "
    "optax's steps alone. All rows arrive at the same weights to 1e-8."
)
# Points, features, classes (0 for binary data), and steps. Past a margin of 36 plain gradients of classes are lost.
SIZES = ((50, 20, 0, 10_000), (1000, 100, 0, 1000), (1797, 65, 10, 200), (10_000, 784, 0, 100), (60_000, 784, 0, 22))


class Timing(NamedTuple):
    """Seconds of the steps and of what came before them, and the last weights."""

    seconds: float
    set_up: float
    weights: np.ndarray


@functools.cache
def _dataset(n: int, d: int, k: int) -> Any:
    from verify.datasets.dataset import Dataset

    return Dataset(*(problems.multiclass(n, d, k) if k else problems.planted(n, d)))


def _engine(size: tuple[int, int, int], optimizer: str, steps: int) -> Timing:
    from verify.runs.simulation import Simulation
    from verify.runs.trajectory import grid_to

    dataset = _dataset(*size)
    begin = time.perf_counter()
    simulation = Simulation(optimizer_named(optimizer), [dataset], norms=("linf",))
    start = time.perf_counter()
    simulation.through(grid_to(steps))
    seconds = time.perf_counter() - start
    return Timing(seconds, start - begin, simulation.result().weights[0])


@functools.cache
def _loop(optimizer: str, classes: int) -> Any:
    """The steps up to each of `ends`, and margin, norm and loss there, as a user of optax writes them."""
    import jax
    import jax.numpy as jnp
    import optax

    method = optimizer_named(optimizer)

    def objective(w: Any, x: Any, y: Any) -> Any:
        if classes:
            return optax.softmax_cross_entropy_with_integer_labels(x @ w.T, y).mean()
        return jnp.mean(jax.nn.softplus(-(x @ w)))

    def margin(w: Any, x: Any, y: Any) -> Any:
        if not classes:
            return jnp.min(x @ w)
        logits = x @ w.T
        own = jnp.take_along_axis(logits, y[:, None], axis=1)
        return jnp.min(jnp.where(jnp.arange(classes)[None, :] == y[:, None], jnp.inf, own - logits))

    def step(_: Any, carry: tuple[Any, Any], x: Any, y: Any) -> tuple[Any, Any]:
        w, state = carry
        updates, state = method.update(jax.grad(objective)(w, x, y), state, w)
        return w + updates, state

    def run(w: Any, x: Any, y: Any, ends: Any) -> Any:
        def until(carry: Any, end: Any) -> Any:
            w, state, begin = carry
            w, state = jax.lax.fori_loop(begin, end, functools.partial(step, x=x, y=y), (w, state))
            return (w, state, end), (margin(w, x, y), jnp.max(jnp.abs(w)), objective(w, x, y))

        (w, _, _), recorded = jax.lax.scan(until, (w, method.init(w), 0), ends)
        return w, recorded

    return jax.jit(run)


def _optax(size: tuple[int, int, int], optimizer: str, steps: int) -> Timing:
    import jax
    import jax.numpy as jnp

    from verify.runs.trajectory import grid_to

    dataset, program = _dataset(*size), _loop(optimizer, size[2])
    x, y = jax.block_until_ready(_placed(*size))
    ends = grid_to(steps)
    start = time.perf_counter()
    w, recorded = jax.device_get(program(jnp.zeros(dataset.weights_shape), x, y, ends))
    assert np.isfinite(recorded[0]).all()
    return Timing(time.perf_counter() - start, 0.0, w)


@functools.cache
def _placed(n: int, d: int, k: int) -> Any:
    import jax

    dataset = _dataset(n, d, k)
    return jax.device_put((dataset.x if k else dataset.signed, dataset.y))


_WAYS = {_OPTAX: _optax, _ENGINE: _engine}


def descend(way: str, size: tuple[int, int, int], optimizer: str, steps: int) -> Timing:
    """Called in a worker."""
    return _WAYS[way](size, optimizer, steps)


def single_section(*, quick: bool = False, show: Callable[[str], None] = lambda _: None) -> Section:
    """The table of single datasets. Raises `DifferentWork` where the two ways part."""
    rounds, rows = (3 if quick else 9), []
    with worker(cores()) as pool:
        for n, d, k, steps in SIZES[:-1] if quick else SIZES:
            name = f"{n} x {d}, {k} classes" if k else f"{n} x {d}"
            for optimizer in OPTIMIZERS:
                show(f"single: {name}, {optimizer}")
                job = ((n, d, k), optimizer, steps)
                first = {way: pool.submit(descend, way, *job).result() for way in _WAYS}
                distance = float(np.abs(first[_ENGINE].weights - first[_OPTAX].weights).max())
                if not distance <= _AGREEMENT:
                    raise DifferentWork(f"On {name} the weights of {optimizer} differ by {distance:.1e}: find out why.")
                found: dict[str, list[Timing]] = {way: [] for way in _WAYS}
                for _ in range(rounds):
                    for way, timings in found.items():
                        timings.append(pool.submit(descend, way, *job).result())
                rows += _rows({"data": name, "optimizer": optimizer, "steps": steps}, found)
    return Section("Single datasets", _NOTE.format(rounds=rounds), rows)


def _rows(what: dict[str, Cell], found: dict[str, list[Timing]]) -> list[dict[str, Cell]]:
    optax, rows = [one.seconds for one in found[_OPTAX]], []
    for way, timings in found.items():
        row = what | {"who": way, "s": statistics.median(one.seconds for one in timings)}
        row["set-up, s"] = statistics.median(one.set_up for one in timings) if way == _ENGINE else None
        row["this / optax"], row["range"] = ratio([one.seconds for one in timings], optax)
        row["with set-up / optax"] = ratio([one.seconds + one.set_up for one in timings], optax)[0]
        rows.append(row)
    return rows
