"""Flows of single datasets of many points or many features to `t = e^1000`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.problems import planted
from benchmarks.tables import Cell, Section
from benchmarks.workers import cores, worker

_LOG_TIME = 1000.0
_NOTE = (
    "One dataset, logistic loss, to t = e^1000, the thousand discrete steps before included; one core, medians over "
    "{rounds} rounds. `first`: with compilation. `implicit steps`: those of the solver. `width of the hand-over`: how "
    "far the flow is from the discrete run where it takes over, relative. Features of wide data are of size "
    "1 / sqrt(d)."
)
# Points, features, and the method of the flow.
CASES = (
    (1000, 100, "gradient descent"),
    (2000, 200, "gradient descent"),
    (38, 7129, "gradient descent"),
    (38, 7129, "Adam (eps = 1e-6)"),
    (62, 2000, "RMSProp (eps = 1e-6)"),
    (38, 7129, "AdaGrad"),
)


class Run(NamedTuple):
    """Seconds, implicit steps, and the distance at the hand-over."""

    seconds: float
    steps: int
    distance: float


def _dataset(n: int, d: int) -> Any:
    from verify.datasets.dataset import Dataset

    if n >= d:
        return Dataset(*planted(n, d))
    rng = np.random.default_rng([2024, n, d])
    return Dataset(rng.standard_normal((n, d)) / np.sqrt(d), np.where(np.arange(n) % 2, 1, -1))


def follow(n: int, d: int, method: str) -> Run:
    """Called in a worker."""
    from verify.flows.dynamics import AdaGrad, Adam, GradientDescent
    from verify.flows.flow import flow

    dynamics = {
        "gradient descent": GradientDescent(),
        "Adam (eps = 1e-6)": Adam(0.01, 1e-6),
        "RMSProp (eps = 1e-6)": Adam(0.01, 1e-6, b1=0.0),
        "AdaGrad": AdaGrad(0.1),
    }[method]
    dataset = _dataset(n, d)
    start = time.perf_counter()
    found = flow(dataset, dynamics=dynamics, log_time=_LOG_TIME)
    seconds = time.perf_counter() - start
    return Run(seconds, int(found.solver_steps[0]), float(found.handover_error[0]))


def large_flows_section(*, quick: bool = False, show: Callable[[str], None] = lambda _: None) -> Section:
    """The table of single large flows."""
    rounds, rows = (1 if quick else 3), []
    with worker(cores()[:1]) as pool:
        for case in CASES:
            n, d, method = case
            show(f"flow: {n} x {d}, {method}")
            first, *later = [pool.submit(follow, *case).result() for _ in range(rounds + 1)]
            row: dict[str, Cell] = {"data": f"{n} x {d}", "method": method, "first, s": first.seconds}
            row |= {"s": statistics.median(run.seconds for run in later), "implicit steps": first.steps}
            rows.append(row | {"width of the hand-over": first.distance})
    return Section("Large flows", _NOTE.format(rounds=rounds), rows)
