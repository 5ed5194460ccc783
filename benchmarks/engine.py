"""Dataset-steps a second of the engine and of its peers, interleaved, on one core, all cores and a GPU."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

import numpy as np

from benchmarks import problems
from benchmarks.contestants import CONTESTANTS, Task, Timing, run
from benchmarks.peers import LOSSES, OPTIMIZERS
from benchmarks.tables import Cell, DifferentWork, Section, ratio
from benchmarks.workers import cores, worker

TOLERANCE = 1e-8
_WARM_UP = 10
_MOST_STEPS = 10_000
_NOTE = (
    "float64, n = 50, d = 20; steps 0.1 (t + 1)^(-1/2). Medians over {rounds} interleaved rounds, after "
    "compilation and set-up. `engine / this`: rate of the engine in the same place over the row's, with its range"
    " over the rounds (for the engine itself, the range of the next column). `this / engine on 1 core`: what the "
    "place gains. Every row's weights agree with the engine's to 1e-8. `gap`: median relative gap to the "
    "certified maximal margin at the last step."
)

Show = Callable[[str], None]


class _Place:
    """A worker and where it is."""

    def __init__(self, key: str, label: str, pool: ProcessPoolExecutor):
        self.key, self.label, self.pool = key, label, pool
        self.platform = "gpu" if key == "gpu" else "cpu"

    def time(self, name: str, optimizer: str, loss: str, size: int, steps: int) -> Timing | None:
        return self.pool.submit(run, name, Task(optimizer, loss, size, steps, self.platform)).result()


def _places(stack: ExitStack, gpu: bool) -> list[_Place]:
    every = cores()
    held: list[tuple[str, str, list[int], str | None]] = [("one", "1 core", every[:1], "cpu")]
    if len(every) > 1:
        held.append(("all", f"{len(every)} cores", every, "cpu"))
    if gpu:
        held.append(("gpu", "GPU", every, None))
    return [_Place(key, label, stack.enter_context(worker(where, kind))) for key, label, where, kind in held]


def steps_of(work: float, size: int) -> int:
    """The power of ten that comes nearest from below to so many dataset-steps; the engine's grid meets these."""
    return 10 ** math.floor(math.log10(min(max(work / size, _WARM_UP), _MOST_STEPS)) + 1e-9)


def _compare(name: str, place: _Place, timing: Timing, expected: np.ndarray) -> None:
    distance = float(np.abs(timing.weights - expected).max())
    if not distance <= TOLERANCE:
        raise DifferentWork(
            f"The weights of {name} on {place.label} differ from the engine's by {distance:.1e}: find out why first."
        )


def _relative_gap(weights: np.ndarray) -> float:
    """Median over the datasets that have a reference. Raises `DifferentWork` for a margin above the maximal one."""
    _, upper = problems.references()
    margins = np.array(
        [
            (y * (x @ w)).min() / np.abs(w).max()
            for w, (x, y) in zip(weights, map(problems.problem, range(len(upper))), strict=False)
        ]
    )
    count = len(margins)
    if (margins > upper[:count] * (1 + 1e-12)).any():
        raise DifferentWork("The engine's normalised margin is above the certified maximum: find out why first.")
    return float(np.median(1 - margins / upper[:count]))


class _Match:
    """One optimizer, loss and size: rounds in which every contestant in every place runs once."""

    def __init__(self, places: list[_Place], optimizer: str, loss: str, size: int):
        self.places, self.setting = places, (optimizer, loss, size)
        self.entries = [
            (name, place, steps_of(contestant.work[place.key], size))
            for place in places
            for name, contestant in CONTESTANTS.items()
            if place.key in contestant.work
        ]
        self.absent: set[tuple[str, str]] = set()
        self.times: dict[tuple[str, str], list[float]] = {}
        self.expected: dict[int, np.ndarray] = {}

    def _weights(self, steps: int) -> np.ndarray:
        if steps not in self.expected:
            timing = self.places[0].time("engine", *self.setting, steps)
            assert timing is not None
            self.expected[steps] = timing.weights
        return self.expected[steps]

    def play(self, rounds: int) -> None:
        for name, place, _ in self.entries:
            if place.time(name, *self.setting, _WARM_UP) is None:
                self.absent.add((name, place.key))
        for _ in range(rounds):
            for name, place, steps in self.entries:
                key = name, place.key
                if key in self.absent:
                    continue
                timing = place.time(name, *self.setting, steps)
                assert timing is not None
                _compare(name, place, timing, self._weights(steps))
                self.times.setdefault(key, []).append(timing.seconds / (steps * self.setting[2]))

    def rows(self) -> list[dict[str, Cell]]:
        optimizer, loss, size = self.setting
        rows = []
        for name, place, steps in self.entries:
            row: dict[str, Cell] = {"datasets": size, "optimizer": optimizer, "loss": loss, "who": name}
            row |= {"where": place.label, "steps": steps, "dataset-steps/s": None, "engine / this": None, "range": ""}
            row |= {"this / engine on 1 core": None, "gap": None}
            if (name, place.key) in self.absent:
                row["range"] = "not installed"
            else:
                times = self.times[name, place.key]
                row["dataset-steps/s"] = 1 / statistics.median(times)
                row["this / engine on 1 core"] = ratio(self.times["engine", "one"], times)[0]
                if name == "engine":
                    row["gap"] = _relative_gap(self._weights(steps))
                    row["range"] = ratio(self.times["engine", "one"], times)[1] if place.key != "one" else ""
                else:
                    row["engine / this"], row["range"] = ratio(times, self.times["engine", place.key])
            rows.append(row)
        return rows


def engine_section(sizes: Sequence[int], *, quick: bool = False, gpu: bool = False, show: Show = lambda _: None):
    """The engine's table. Raises `DifferentWork` where a contestant arrives at other weights."""
    rounds, rows = (3 if quick else 9), []
    with ExitStack() as stack:
        places = _places(stack, gpu)
        for size, optimizer, loss in itertools.product(sizes, OPTIMIZERS, LOSSES):
            show(f"engine: {size} datasets, {optimizer}, {loss}")
            match = _Match(places, optimizer, loss, size)
            match.play(rounds)
            rows += match.rows()
    return Section("Engine", _NOTE.format(rounds=rounds), rows)
