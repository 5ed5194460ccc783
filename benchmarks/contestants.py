"""The contestants of the engine's benchmark. They run in worker processes; only the steps are timed, not the set-up."""

from __future__ import annotations

import functools
import importlib.util
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from benchmarks import peers, problems

_CHUNK = 64  # datasets a batch of numpy's, as of the engine's on a CPU


class Task(NamedTuple):
    """What is done: so many steps of an optimizer on the first `size` problems."""

    optimizer: str
    loss: str
    size: int
    steps: int
    platform: str


class Timing(NamedTuple):
    """Seconds that the steps took, and the weights `[b d]` after the last one."""

    seconds: float
    weights: Float[np.ndarray, "b d"]


@functools.cache
def signed_points(size: int) -> Float[np.ndarray, "b n d"]:
    """The points of the first problems, with their labels."""
    return np.stack([y[:, None] * x for x, y in map(problems.problem, range(size))])


@functools.cache
def datasets(size: int) -> list[Any]:
    """The first problems."""
    from verify.datasets.dataset import Dataset

    return [Dataset(*problems.problem(i)) for i in range(size)]


@functools.cache
def optimizer_named(name: str) -> Any:
    """One of `peers.OPTIMIZERS`, of this engine."""
    from verify.optimizers.methods import adam, sign_gd
    from verify.optimizers.step_sizes import PowerDecay

    decay = PowerDecay(peers.ETA0, peers.POWER)
    return sign_gd(decay) if name == "SignGD" else adam(decay, peers.B1, peers.B2)


def engine(task: Task) -> Timing:
    """This engine, the records on its grid included."""
    from verify.backend import working_on
    from verify.runs.simulation import Simulation

    with working_on(task.platform):
        simulation = Simulation(optimizer_named(task.optimizer), datasets(task.size), loss=task.loss, norms=("linf",))
    start = time.perf_counter()
    simulation.advance(task.steps)  # the records are fetched, so that all work is done
    seconds = time.perf_counter() - start
    run = simulation.result()
    if run.time[-1] != task.steps:
        raise ValueError(f"The engine's grid ends at {run.time[-1]}, not at {task.steps}: take a power of ten.")
    return Timing(seconds, np.stack(run.weights))


def numpy_batched(task: Task) -> Timing:
    """numpy on batches that stay in the cache."""
    w = np.zeros((task.size, problems.D))
    parts = [slice(first, first + _CHUNK) for first in range(0, task.size, _CHUNK)]
    products = [peers.batch(np, signed_points(task.size)[part]) for part in parts]
    start = time.perf_counter()
    for part, (forward, backward) in zip(parts, products, strict=True):
        peers.descend(np, task.optimizer, task.loss, w[part], forward, backward, task.steps)
    return Timing(time.perf_counter() - start, w)


def numpy_loop(task: Task) -> Timing:
    """numpy dataset by dataset."""
    w = np.zeros((task.size, problems.D))
    products = [peers.single(signed) for signed in signed_points(task.size)]
    start = time.perf_counter()
    for row, (forward, backward) in zip(w, products, strict=True):
        peers.descend(np, task.optimizer, task.loss, row, forward, backward, task.steps)
    return Timing(time.perf_counter() - start, w)


@functools.cache
def _optax_step(optimizer: str, loss: str) -> tuple[Any, Any]:
    return peers.optax_step(optimizer_named(optimizer), loss)


def optax_loop(task: Task) -> Timing:
    """One jitted optax step, called from Python."""
    import jax

    init, step = _optax_step(task.optimizer, task.loss)
    device = jax.devices(task.platform)[0]
    signed = jax.device_put(signed_points(task.size), device)
    w = jax.device_put(np.zeros((task.size, problems.D)), device)
    state = init(w)
    start = time.perf_counter()
    for _ in range(task.steps):
        w, state = step(w, state, signed)
    w.block_until_ready()
    return Timing(time.perf_counter() - start, np.asarray(w))


def torch_batched(task: Task) -> Timing | None:
    """PyTorch on the whole batch; None where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    torch: Any = importlib.import_module("torch")
    device = "cuda" if task.platform == "gpu" else "cpu"
    with torch.no_grad():
        forward, backward = peers.batch(torch, torch.from_numpy(signed_points(task.size)).to(device))
        w = torch.zeros((task.size, problems.D), dtype=torch.float64, device=device)
        start = time.perf_counter()
        peers.descend(torch, task.optimizer, task.loss, w, forward, backward, task.steps)
        weights = w.cpu().numpy()
        return Timing(time.perf_counter() - start, weights)


class Contestant(NamedTuple):
    """Who runs, where (of "one", "all", "gpu"), and about how many dataset-steps a round there."""

    run: Callable[[Task], Timing | None]
    work: dict[str, float]


CONTESTANTS = {
    "engine": Contestant(engine, {"one": 1.5e6, "all": 1.5e6, "gpu": 1e8}),
    "numpy, batched": Contestant(numpy_batched, {"one": 1e6, "all": 1e6}),
    "numpy, one by one": Contestant(numpy_loop, {"one": 4e4}),
    "optax, Python loop": Contestant(optax_loop, {"one": 4e5, "gpu": 1e7}),
    "PyTorch, batched": Contestant(torch_batched, {"one": 1e6, "all": 1e6, "gpu": 1e7}),
}


def run(name: str, task: Task) -> Timing | None:
    """Called in a worker by name, since functions of modules that import jax must not be unpickled earlier."""
    return CONTESTANTS[name].run(task)
