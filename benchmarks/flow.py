"""Gradient flow in log time against the discrete steps that it replaces."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from benchmarks import problems
from benchmarks.tables import Cell, DifferentWork, Section, ratio
from benchmarks.workers import cores, worker

_COUNT = 64
_NOTE = (
    "64 problems of n = 50, d = 20, logistic loss, gradient descent with the stable step size; one core, medians "
    "over {rounds} interleaved rounds after compilation. The flow's time includes its 1000 discrete steps. "
    "Discrete steps are run to t = {steps:g} (their weights then agree with the flow's within its own estimate of"
    " the hand-over's error) and extrapolated from there."
)


class Run(NamedTuple):
    """Seconds, and the last weights `[b d]`; of a flow also its step sizes and errors `[b]` and implicit steps."""

    seconds: float
    weights: np.ndarray
    step_size: np.ndarray
    error: np.ndarray
    solver_steps: float


def _datasets() -> list[Any]:
    from verify.datasets.dataset import Dataset

    return [Dataset(*problems.problem(i)) for i in range(_COUNT)]


def follow(log_time: float) -> Run:
    """The flow to `t = e^log_time`; called in a worker."""
    from verify.flows.flow import flow

    datasets = _datasets()
    start = time.perf_counter()
    found = flow(datasets, log_time=log_time)
    seconds = time.perf_counter() - start
    last = np.stack([weights[-1] for weights in found.weights])
    return Run(seconds, last, found.step_size, found.handover_error, float(np.mean(found.solver_steps)))


def descend(steps: int) -> Run:
    """Gradient descent of as many steps in the engine; called in a worker."""
    from verify.flows.smoothness import step_limit
    from verify.optimizers.methods import gradient_descent
    from verify.runs.simulation import run

    datasets = _datasets()
    eta = np.array([step_limit(dataset) / 2 for dataset in datasets])
    # One program for all step sizes: features times their roots.
    scaled = [replace(s, x=math.sqrt(a) * s.x) for a, s in zip(eta, datasets, strict=True)]
    start = time.perf_counter()
    found = run(gradient_descent(1.0), scaled, steps=steps)
    seconds = time.perf_counter() - start
    return Run(seconds, np.sqrt(eta)[:, None] * np.stack(found.weights), eta, np.zeros(_COUNT), 0.0)


def _compare(flow: Run, discrete: Run) -> None:
    distance = np.linalg.norm(flow.weights - discrete.weights, axis=1) / np.linalg.norm(discrete.weights, axis=1)
    if not np.all(distance <= flow.error):
        raise DifferentWork(
            f"The flow is {distance.max():.1e} from the discrete run, estimated {flow.error.max():.1e}: find out why."
        )


def _power(log10: float) -> Cell:
    """A number by its decimal logarithm, as text once it is out of any sensible range."""
    return 10.0**log10 if abs(log10) < 6 else f"10^{log10:.1f}"


def flow_section(*, quick: bool = False, show: Callable[[str], None] = lambda _: None) -> Section:
    """The flow's table. Raises `DifferentWork` where the flow and the discrete run part."""
    rounds, steps = (2, 10_000) if quick else (5, 100_000)
    times = {f"{steps:g}": math.log(steps), "1e9": math.log(1e9), "e^100": 100.0, "e^1000": 1e3, "e^10000": 1e4}
    with worker(cores()[:1]) as pool:
        show("flow: compiling")
        discrete = pool.submit(descend, steps).result()
        flows = {name: pool.submit(follow, log_time).result() for name, log_time in times.items()}
        _compare(flows[f"{steps:g}"], discrete)
        stepping: list[float] = []
        flowing: dict[str, list[float]] = {name: [] for name in times}
        for turn in range(rounds):
            show(f"flow: round {turn + 1} of {rounds}")
            stepping.append(pool.submit(descend, steps).result().seconds)
            for name, log_time in times.items():
                flowing[name].append(pool.submit(follow, log_time).result().seconds)
    rows = []
    for name, log_time in times.items():
        extra = (log_time - math.log(steps)) / math.log(10)
        quotient, spread = ratio(stepping, flowing[name])
        row: dict[str, Cell] = {"t": name, "flow, s": statistics.median(flowing[name])}
        row |= {"implicit steps": flows[name].solver_steps}
        row |= {"discrete steps, s": _power(math.log10(statistics.median(stepping)) + extra)}
        row |= {"discrete": "measured" if not extra else "extrapolated"}
        row |= {"discrete / flow": _power(math.log10(quotient) + extra)}
        rows.append(row | {"range": spread if not extra else f"({spread}) x 10^{extra:.1f}"})
    rate = _COUNT * steps / statistics.median(stepping)
    note = _NOTE.format(rounds=rounds, steps=steps) + f" The engine took {rate:.3g} dataset-steps a second."
    return Section("Flow", note, rows)
