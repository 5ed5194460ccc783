"""Mini-batches: dataset-steps a second of the engine and of numpy batched over the datasets, on the same points."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from benchmarks import peers, problems
from benchmarks.contestants import Timing, datasets, optimizer_named, signed_points
from benchmarks.tables import Cell, DifferentWork, Section, ratio
from benchmarks.workers import cores, worker

_COUNT, _BATCH, _STEPS = 64, 10, 1000
_SAMPLINGS = ("cyclic", "reshuffled", "with-replacement")
_AGREEMENT = 1e-8
_NOTE = (
    "64 problems of n = 50, d = 20, logistic loss, batches of 10, {steps} steps 0.1 (t + 1)^(-1/2), float64; one core, "
    "medians over {rounds} interleaved rounds after compilation. The engine draws its points and records on its grid; "
    "numpy is given the points that the engine drew, and records nothing. All weights agree to 1e-8."
)


@functools.cache
def _points(kind: str) -> Int[np.ndarray, "steps b m"]:
    """The points that the engine sees."""
    import jax
    import jax.numpy as jnp

    from verify.runs import sampling

    how, first, n = sampling.Sampling(kind, _BATCH), 0, problems.N

    def one(key: Any, first: Any) -> Any:
        return sampling.draw(how, key, jnp.asarray(n), first, padded=n)[0]

    draw = jax.jit(jax.vmap(one, (0, None)))
    keys, parts = sampling.keys(datasets(_COUNT), 0), []
    while first < _STEPS:
        parts.append(np.asarray(draw(keys, first)).swapaxes(0, 1))
        first += len(parts[-1])
    return np.concatenate(parts)[:_STEPS]


def engine(kind: str, optimizer: str) -> Timing:
    """This engine; called in a worker."""
    from verify.runs.sampling import Sampling
    from verify.runs.simulation import Simulation

    how = Sampling(kind, _BATCH)
    simulation = Simulation(optimizer_named(optimizer), datasets(_COUNT), norms=("linf",), how=how)
    start = time.perf_counter()
    simulation.advance(_STEPS)
    seconds = time.perf_counter() - start
    return Timing(seconds, np.stack(simulation.result().weights))


def numpy_batched(kind: str, optimizer: str) -> Timing:
    """numpy on all datasets at once; called in a worker."""
    points, w = _points(kind), np.zeros((_COUNT, problems.D))
    start = time.perf_counter()
    peers.descend(np, optimizer, "logistic", w, *_products(signed_points(_COUNT), points), _STEPS)
    return Timing(time.perf_counter() - start, w)


def _products(signed: Float[np.ndarray, "b n d"], points: Int[np.ndarray, "steps b m"]) -> tuple[peers.Map, peers.Map]:
    """Both products of the batch of each step, forward first."""
    rows, steps = np.arange(len(signed))[:, None], iter(points)
    seen = signed[:, :_BATCH]

    def forward(w: Any) -> Any:
        nonlocal seen
        seen = signed[rows, next(steps)]
        return -(seen @ w[:, :, None])[:, :, 0]

    return forward, lambda s: (s[:, None, :] @ seen)[:, 0]


_WAYS = {"engine": engine, "numpy, batched": numpy_batched}


def descend(way: str, kind: str, optimizer: str) -> Timing:
    """Called in a worker, by name."""
    return _WAYS[way](kind, optimizer)


def minibatches_section(*, quick: bool = False, show: Callable[[str], None] = lambda _: None) -> Section:
    """The table of mini-batches. Raises `DifferentWork` where the two ways part."""
    rounds, rows = (3 if quick else 9), []
    with worker(cores()[:1]) as pool:
        for kind in _SAMPLINGS:
            for optimizer in peers.OPTIMIZERS:
                show(f"minibatches: {kind}, {optimizer}")
                first = {way: pool.submit(descend, way, kind, optimizer).result().weights for way in _WAYS}
                distance = float(np.abs(first["engine"] - first["numpy, batched"]).max())
                if not distance <= _AGREEMENT:
                    raise DifferentWork(f"With {kind} batches the weights of {optimizer} differ by {distance:.1e}.")
                times: dict[str, list[float]] = {way: [] for way in _WAYS}
                for _ in range(rounds):
                    for way, found in times.items():
                        found.append(pool.submit(descend, way, kind, optimizer).result().seconds)
                for way, found in times.items():
                    row: dict[str, Cell] = {"sampling": kind, "optimizer": optimizer, "who": way}
                    row["dataset-steps/s"] = _COUNT * _STEPS / statistics.median(found)
                    row["engine / this"], row["range"] = ratio(found, times["engine"])
                    rows.append(row)
    return Section("Mini-batches", _NOTE.format(rounds=rounds, steps=_STEPS), rows)
