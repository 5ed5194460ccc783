"""What `verify.identify` says of methods, on drawn data at several horizons, against the truth."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import solvers
from benchmarks.soundness.judging import ERROR, timed
from benchmarks.soundness.methods import METHODS, NONE, Method
from benchmarks.soundness.results import Line
from benchmarks.tables import Cell
from solvers import Reference
from solvers.display import plain
from verify import sources
from verify.datasets.dataset import Dataset
from verify.identification.drawn import drawn
from verify.identification.identification import Identification
from verify.identification.identify import MATRIX_NORMS, identify
from verify.trials.profiles import Profile

RIGHT, OPEN, WRONG, UNKNOWN = "right", "not settled", "wrong", "not known"
_CLASSES = 5
_LOG_TIME = 1e4
_BY_NAME = {method.name: method for method in METHODS}


@dataclass(frozen=True)
class Question:
    """A method on drawn data, run for so many steps."""

    method: Method
    steps: int

    @property
    def name(self) -> str:
        """Unique: `signum at 1e3`."""
        return f"{self.method.name} at {self.steps:.0e}".replace("e+0", "e")


def questions(profile: Profile) -> Iterator[Question]:
    """All questions, those of few steps first; a million steps in the thorough profile alone."""
    for steps in (1_000, 10_000, 100_000, *((1_000_000,) if profile.name == "thorough" else ())):
        for method in METHODS:
            yield Question(method, steps)


@functools.cache
def mark() -> str:
    """Changes with whatever an answer depends on."""
    home = sources.digest(Path(__file__).with_name("methods.py"))
    parts = [home, sources.digest(Path(__file__)), sources.engine(), sources.versions()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def ask(question: Question, seed: int) -> dict[str, Any]:
    """The answer as a line, with the figures by which it was found."""

    def attempt() -> dict[str, Any]:
        data, references = _drawn(seed)
        optimizer = question.method.optimizer()
        return _answer(identify(optimizer, data, steps=question.steps, log_time=_LOG_TIME, references=references))

    found = timed(attempt)
    return found | {"kind": "identify", "method": question.method.name, "steps": question.steps}


@functools.lru_cache(maxsize=1)
def _drawn(seed: int) -> tuple[list[Dataset], dict[str, list[Reference]]]:
    """The datasets of a master seed and their maximal margins, which all methods share."""
    data = drawn(seed=seed, classes=_CLASSES)
    return data, {norm: solvers.max_margins([s.problem for s in data], norm) for norm in MATRIX_NORMS}


def _answer(found: Identification) -> dict[str, Any]:
    said = (found.norm or NONE) if found.settled else OPEN
    numbers = ("norm", "share", "slope", "misalignment", "falls", "judged", "stands")
    ranking = [{name: plain(getattr(score, name)) for name in numbers} for score in found.ranking]
    return {
        "outcome": said,
        "later": found.later,
        "coincide": list(found.coincide),
        "until": found.until,
        "ranking": ranking,
        "sentence": found.sentence,
    }


def judged(line: Line, truth: str | None, longer: Sequence[Line] = ()) -> str:
    """Whether an answer is right, by the truth, or where that is not known by what was said of longer runs.

    A norm is right, too, where it is not told apart from the true one, or said to give way to it later.
    """
    said = line["outcome"]
    if said == ERROR:
        return ERROR
    if said == OPEN:
        return OPEN
    names = {said} if said == NONE else {said, line["later"], *line["coincide"]}
    if truth is not None:
        return RIGHT if truth in names else WRONG
    others = [each for each in longer if each["steps"] > line["steps"] and each["outcome"] not in (ERROR, OPEN)]
    agree = all(names & {each["outcome"], *each["coincide"]} for each in others)
    return UNKNOWN if agree else WRONG


def truth_of(line: Line) -> str | None:
    """The truth of the method that a line is about, as the table has it now."""
    return _BY_NAME[line["method"]].truth


def verdicts(lines: Sequence[Line]) -> Iterator[tuple[Line, str]]:
    """Each answer with what `judged` says of it."""
    by_run: dict[tuple[str, int], list[Line]] = {}
    for line in lines:
        by_run.setdefault((line["method"], line["seed"]), []).append(line)
    for line in lines:
        yield line, judged(line, truth_of(line), by_run[line["method"], line["seed"]])


def counts(lines: Sequence[Line]) -> Iterator[dict[str, Cell]]:
    """A row for each horizon, of the methods of known norm, and of optax."""
    found = list(verdicts(lines))
    for optax in (False, True):
        for steps in sorted({line["steps"] for line in lines}):
            those = [
                (line, verdict)
                for line, verdict in found
                if line["steps"] == steps and line["method"].startswith("optax-") is optax
            ]
            if not those:
                continue
            row: dict[str, Cell] = {"methods": "of optax" if optax else "of known norm", "steps": steps}
            row |= {"answers": len(those)}
            row |= {which: sum(v == which for _, v in those) for which in (RIGHT, UNKNOWN, OPEN, WRONG)}
            row |= {"errors": sum(v == ERROR for _, v in those)}
            yield row | {"seconds": float(sum(line["seconds"] for line, _ in those))}


def missed(lines: Sequence[Line]) -> Iterator[dict[str, Cell]]:
    """A row for each wrong answer, and each error."""
    for line, verdict in verdicts(lines):
        if verdict in (WRONG, ERROR):
            method = _BY_NAME[line["method"]]
            known = f"{method.truth}: {method.why}" if method.truth else "another answer at more steps"
            row: dict[str, Cell] = {"method": method.name, "steps": line["steps"], "seed": line["seed"]}
            yield row | {"said": line["outcome"], "truth": known, "sentence": line["sentence"]}
