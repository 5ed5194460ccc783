"""Steepest directions of small matrices in a compiled batch: the library's decomposition against the inline one."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.tables import Cell, DifferentWork, Section, ratio
from benchmarks.workers import cores, worker

_COUNT, _STEPS = 64, 300
_AGREEMENT = 1e-10
_WAYS = {"LAPACK, a call each": False, "solvers.polar, inline": True}
_NOTE = (
    "64 matrices with zero column sums, as gradients of the cross-entropy have; float64, one core, medians over "
    "{rounds} interleaved rounds after compilation. A step takes the steepest direction and adds a little of it to the "
    "matrices. Both ways arrive at the same matrices to 1e-10. `compile`: seconds, once."
)


class Timing(NamedTuple):
    """Seconds for all steps and for the compilation, and the last matrices `[b k d]`."""

    seconds: float
    compilation: float
    matrices: np.ndarray


@functools.cache
def _program(name: str, inline: bool, shape: tuple[int, int]) -> tuple[Any, Any, float]:
    import jax

    from solvers import norm

    drawn = np.random.default_rng(shape).normal(size=(_COUNT, *shape))
    matrices = jax.device_put(drawn - drawn.mean(axis=1, keepdims=True))

    def steps(a: Any) -> Any:
        return jax.lax.fori_loop(0, _STEPS, lambda _, x: a + 0.01 * norm(name).direction(x, inline=inline), a)

    lowered = jax.jit(jax.vmap(steps)).lower(matrices)
    start = time.perf_counter()
    compiled = lowered.compile()
    return compiled, matrices, time.perf_counter() - start


def descend(name: str, inline: bool, shape: tuple[int, int]) -> Timing:
    """Called in a worker; a program is compiled once."""
    program, matrices, compilation = _program(name, inline, shape)
    start = time.perf_counter()
    last = program(matrices).block_until_ready()
    return Timing(time.perf_counter() - start, compilation, np.asarray(last))


def polar_section(*, quick: bool = False, show: Callable[[str], None] = lambda _: None) -> Section:
    """The table of directions. Raises `DifferentWork` where the two ways part."""
    rounds, rows = (5 if quick else 25), []
    with worker(cores()[:1]) as pool:

        def timed(name: str, way: str, shape: tuple[int, int]) -> Timing:
            return pool.submit(descend, name, _WAYS[way], shape).result()

        for name, shape in (("spectral", (4, 16)), ("spectral", (4, 8)), ("spectral", (2, 16)), ("nuclear", (4, 16))):
            show(f"polar: {name}, {shape[0]} x {shape[1]}")
            first = {way: timed(name, way, shape) for way in _WAYS}
            distance = float(np.ptp([timing.matrices for timing in first.values()], axis=0).max())
            if not distance <= _AGREEMENT:
                raise DifferentWork(f"The {name} directions of the two ways differ by {distance:.1e}: find out why.")
            times: dict[str, list[float]] = {way: [] for way in _WAYS}
            for _ in range(rounds):
                for way, found in times.items():
                    found.append(timed(name, way, shape).seconds)
            for way, found in times.items():
                row: dict[str, Cell] = {"norm": name, "matrices": f"{shape[0]} x {shape[1]}", "who": way}
                row["µs a direction"] = 1e6 * statistics.median(found) / (_COUNT * _STEPS)
                row["LAPACK / this"], row["range"] = ratio(times["LAPACK, a call each"], found)
                rows.append(row | {"compile": first[way].compilation})
    return Section("Polar", _NOTE.format(rounds=rounds), rows)
