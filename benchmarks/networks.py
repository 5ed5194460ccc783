"""Networks in steps: the engine on many datasets at once against a jitted optax loop for each dataset."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks import peers, problems
from benchmarks.tables import Cell, DifferentWork, Section, ratio
from benchmarks.workers import cores, worker

_COUNT = 64
_TOLERANCE = 1e-6  # of parameters, relative: networks carry rounding errors on
_WARM_UP = 10
_NOTE = (
    "64 problems of n = 50, d = 20; a two-layer squared-ReLU network of width 8 from the same start parameters of size "
    "0.1; logistic loss, float64, one core, steps 0.01 (t + 1)^(-1/2). Medians over {rounds} interleaved rounds, after "
    "compilation and set-up. The loops are one dataset after the other with true gradients: in Python, a call of a "
    "jitted step each, or compiled as a whole (`lax.fori_loop`). All arrive at the same parameters."
)


class Timing(NamedTuple):
    """Seconds that the steps took, and the parameters `[b p]` after the last one."""

    seconds: float
    parameters: np.ndarray


@functools.cache
def _setting(optimizer: str) -> tuple[Any, Any, list[Any]]:
    from verify.datasets.dataset import Dataset
    from verify.models import two_layer
    from verify.optimizers.methods import adam, sign_gd
    from verify.optimizers.step_sizes import PowerDecay

    decay = PowerDecay(0.01, 0.5)
    method = sign_gd(decay) if optimizer == "SignGD" else adam(decay, peers.B1, peers.B2)
    return method, two_layer(8, scale=0.1), [Dataset(*problems.problem(i)) for i in range(_COUNT)]


@functools.cache
def _starts(optimizer: str) -> list[Any]:
    import jax

    _, model, datasets = _setting(optimizer)
    keys = jax.random.split(jax.random.key(0), _COUNT)
    return [model.init(key, s.d, 1) for key, s in zip(keys, datasets, strict=True)]


def engine(optimizer: str, steps: int) -> Timing:
    """This engine, the records on its grid included; called in a worker."""
    from verify.runs.simulation import Simulation

    method, model, datasets = _setting(optimizer)
    simulation = Simulation(method, datasets, model=model, w0=_starts(optimizer))
    start = time.perf_counter()
    simulation.advance(steps)
    seconds = time.perf_counter() - start
    return Timing(seconds, _flat(simulation.result().weights))


@functools.cache
def _step(optimizer: str) -> tuple[Any, Any, Any]:
    """An optimizer's init, its jitted step, and its jitted loop of so many steps."""
    import jax
    import jax.numpy as jnp
    import optax

    method, model, _ = _setting(optimizer)

    def loss(params: Any, x: Any, y: Any) -> Any:
        return jnp.mean(jnp.logaddexp(0.0, -y * model.outputs(params, x)))

    def step(params: Any, state: Any, x: Any, y: Any) -> Any:
        u, state = method.update(jax.grad(loss)(params, x, y), state, params)
        return optax.apply_updates(params, u), state

    def loop(params: Any, state: Any, x: Any, y: Any, steps: Any) -> Any:
        return jax.lax.fori_loop(0, steps, lambda _, carry: step(carry[0], carry[1], x, y), (params, state))

    return method.init, jax.jit(step), jax.jit(loop)


def _one_by_one(optimizer: str, steps: int, run: Callable[..., Any]) -> Timing:
    import jax
    import jax.numpy as jnp

    init, step, loop = _step(optimizer)
    held = [(jnp.asarray(s.x), jnp.asarray(s.y, float)) for s in _setting(optimizer)[2]]
    starts = [(params, init(params)) for params in _starts(optimizer)]
    begin = time.perf_counter()
    found = [run(step, loop, *start, *data, steps) for start, data in zip(starts, held, strict=True)]
    jax.block_until_ready(found)
    return Timing(time.perf_counter() - begin, _flat([params for params, _ in found]))


def python_loop(optimizer: str, steps: int) -> Timing:
    """A call of a jitted step for each step of each dataset; called in a worker."""

    def run(step: Any, loop: Any, params: Any, state: Any, x: Any, y: Any, steps: int) -> Any:
        for _ in range(steps):
            params, state = step(params, state, x, y)
        return params, state

    return _one_by_one(optimizer, steps, run)


def compiled_loop(optimizer: str, steps: int) -> Timing:
    """A call of a jitted loop for each dataset; called in a worker."""
    return _one_by_one(optimizer, steps, lambda step, loop, *given: loop(*given))


def _flat(params: list[Any]) -> np.ndarray:
    import jax

    return np.stack([np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(each)]) for each in params])


_CONTESTANTS = {"engine": engine, "optax, compiled loop": compiled_loop, "optax, Python loop": python_loop}


def networks_section(*, quick: bool = False, show: Callable[[str], None] = lambda _: None) -> Section:
    """The networks' table. Raises `DifferentWork` where a loop arrives at other parameters than the engine."""
    rounds, steps, rows = 3 if quick else 9, 1000, []
    with worker(cores()[:1]) as pool:
        for optimizer in peers.OPTIMIZERS:
            times: dict[str, list[float]] = {name: [] for name in _CONTESTANTS}
            for contestant in _CONTESTANTS.values():
                pool.submit(contestant, optimizer, _WARM_UP).result()
            for turn in range(rounds):
                show(f"networks: {optimizer}, round {turn + 1} of {rounds}")
                expected = None
                for name, contestant in _CONTESTANTS.items():
                    timing = pool.submit(contestant, optimizer, steps).result()
                    expected = timing.parameters if expected is None else expected
                    _compare(name, timing.parameters, expected)
                    times[name].append(timing.seconds)
            for name in _CONTESTANTS:
                quotient, spread = ratio(times[name], times["engine"])
                row: dict[str, Cell] = {"datasets": _COUNT, "optimizer": optimizer, "who": name, "steps": steps}
                row |= {"dataset-steps/s": _COUNT * steps / statistics.median(times[name])}
                rows.append(row | {"engine / this": quotient, "range": spread})
    return Section("Networks", _NOTE.format(rounds=rounds), rows)


def _compare(name: str, found: np.ndarray, expected: np.ndarray) -> None:
    distance = float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))
    if not distance <= _TOLERANCE:
        raise DifferentWork(f"The parameters of {name} differ from the engine's by {distance:.1e}: find out why first.")
