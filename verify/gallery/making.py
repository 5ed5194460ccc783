"""Make the experiments' exhibits, keeping what is finished."""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.gallery import folder
from reports.records import replace_file
from verify import sources
from verify.cluster.agreement import Refused

if TYPE_CHECKING:
    from verify.gallery.experiment import Experiment, Part


_NOT_COMPUTING = ("claims", "cli", "cluster", "gallery", "plugin", "trials")
_PACKAGES = ("jax", "optax", "numpy", "scipy", "cvxpy", "clarabel", "implicit-bias-verify")

Show = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Wanted:
    """A part of an experiment that is to be computed, as plain data; an experiment of that id is known everywhere.

    key: what the part depends on. results: those of the parts that it needs.
    """

    experiment: str
    parameters: Any
    seed: int
    part: str
    key: Mapping[str, Any]
    results: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What it is, in words."""
        return f"{self.experiment}, {self.part}"


class Making:
    """An exhibit in the making: its parts, and the files of those that are finished.

    A part counts as finished if it was made with the same parameters and seed, by the same code and libraries, unless
    `fresh`.
    """

    def __init__(self, experiment: Experiment, seed: int, report_dir: Path, *, fresh: bool = False):
        self.experiment, self._seed = experiment, seed
        self._folder = folder(report_dir) / "parts" / experiment.id
        self.parts = experiment.parts(experiment.parameters, seed)
        self._keys = keys(experiment, seed, self.parts)
        found = {} if fresh else {name: _finished(self._path(name), self._keys[name]) for name in self.parts}
        self._files = {name: file for name, file in found.items() if file is not None}
        self._given_out = set(self._files)

    @property
    def left(self) -> int:
        """How many parts are not finished."""
        return len(self.parts) - len(self._files)

    def ready(self) -> list[Wanted]:
        """The parts that can be computed now, each given out once."""
        found = []
        for name, part in self.parts.items():
            needs = needed(part)
            if name not in self._given_out and self._files.keys() >= set(needs):
                results = {each: self._files[each]["result"] for each in needs}
                key = self._keys[name]
                found.append(Wanted(self.experiment.id, self.experiment.parameters, self._seed, name, key, results))
        self._given_out |= {wanted.part for wanted in found}
        return found

    def note(self, name: str, file: dict[str, Any]) -> None:
        """Keep what a part came to."""
        self._files[name] = file
        content = json.dumps(file, allow_nan=False)
        replace_file(self._path(name), lambda opened: opened.write(content.encode()))

    def exhibit(self) -> dict[str, Any]:
        """The exhibit, when no part is left."""
        experiment, files = self.experiment, {name: self._files[name] for name in self.parts}
        found = experiment.find(experiment.parameters, {name: file["result"] for name, file in files.items()})
        last = max(files.values(), key=lambda file: datetime.fromisoformat(file["created"]))
        return {
            "schema": 1,
            "id": experiment.id,
            "title": experiment.title,
            "source": experiment.source,
            "shows": experiment.shows,
            "figure": experiment.figure,
            "drawing": found.drawing,
            "caption": found.caption,
            "alternative": found.alternative,
            "sentences": list(found.sentences),
            "headings": list(found.headings),
            "rows": [list(row) for row in found.rows],
            "numbers": found.numbers,
            "parameters": asdict(experiment.parameters),
            "seed": self._seed,
            "device": last["device"],
            "versions": last["versions"],
            "seconds": sum(file["seconds"] for file in files.values()),
            "created": last["created"],
            "reproduce": _reproduce(experiment, self._seed),
        }

    def _path(self, name: str) -> Path:
        return self._folder / f"{re.sub(r'[^A-Za-z0-9.]+', '-', name)}.json"


def make(experiment: Experiment, seed: int, report_dir: Path, *, fresh: bool = False, show: Show) -> dict[str, Any]:
    """The exhibit of an experiment; each part is written when it is finished, and read again the next time."""
    making = Making(experiment, seed, report_dir, fresh=fresh)
    while making.left:
        for wanted in making.ready():
            show(wanted.part, len(making.parts) - making.left, len(making.parts))
            making.note(wanted.part, {**wanted.key, **compute(making.parts[wanted.part], wanted.results)})
    return making.exhibit()


def computed(wanted: Wanted) -> dict[str, Any]:
    """On a worker: the file of a part.

    Raises `Refused` where the experiment has another text here, and what computing it raises.
    """
    from verify.trials.whereabouts import at_work

    with at_work(None):
        parts, own = _known(wanted.experiment, wanted.parameters, wanted.seed)
        if own.get(wanted.part) != wanted.key:
            raise Refused(
                f"has another text or other data of {wanted.name}: install the same there, and start it anew."
            )
        return {**wanted.key, **compute(parts[wanted.part], wanted.results)}


@cache
def _known(name: str, parameters: Any, seed: int) -> tuple[Mapping[str, Part], dict[str, dict[str, Any]]]:
    """The parts of an experiment and their keys, as they are in this process."""
    from verify.gallery import EXPERIMENTS

    experiment = replace(EXPERIMENTS[name], parameters=parameters)
    parts = experiment.parts(parameters, seed)
    return parts, keys(experiment, seed, parts)


def needed(part: Part) -> tuple[str, ...]:
    """The names of the parts whose results a part takes."""
    return getattr(part, "needs", ())


def keys(experiment: Experiment, seed: int, parts: Mapping[str, Part]) -> dict[str, dict[str, Any]]:
    """By part what it depends on: parameters and seed, code, libraries, and what it says of itself."""
    common = {
        "parameters": asdict(experiment.parameters),
        "seed": seed,
        "code": _code(experiment),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
    }
    marks = {name: {"mark": mark} for name, part in parts.items() if (mark := getattr(part, "mark", None)) is not None}
    return {name: {"part": name, **common, **marks.get(name, {})} for name in parts}


def _code(experiment: Experiment) -> str:
    """A hash of the texts that compute an experiment: its own, those it takes from others, and those of the engine."""
    home = inspect.unwrap(getattr(experiment.parts, "func", experiment.parts)).__globals__
    others = {getattr(value, "__module__", None) or "" for value in home.values()}
    paths = {home["__file__"], *(sys.modules[name].__file__ for name in others if name.startswith("verify.gallery."))}
    without = tuple(name for name in _NOT_COMPUTING if name not in experiment.also)
    texts = [*map(sources.digest, map(Path, sorted(paths))), *sources.engine(without)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def compute(part: Part, results: Mapping[str, Any]) -> dict[str, Any]:
    """What a part comes to, with the seconds that it took, when and where."""
    from verify.backend import devices

    begun = time.perf_counter()
    result = part(results)
    return {
        "result": result,
        "seconds": time.perf_counter() - begun,
        "created": datetime.now(UTC).isoformat(timespec="microseconds"),
        "device": devices()[0].platform,
    }


def _finished(path: Path, key: Mapping[str, Any]) -> dict[str, Any] | None:
    """A part that was computed before with the same key; a damaged or older file counts as none."""
    try:
        file = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return file if isinstance(file, dict) and {name: file.get(name) for name in key} == dict(key) else None


def _reproduce(experiment: Experiment, seed: int) -> str:
    from verify.gallery import EXPERIMENTS

    usual = asdict(EXPERIMENTS[experiment.id].parameters) if experiment.id in EXPERIMENTS else {}
    changed = {name: value for name, value in asdict(experiment.parameters).items() if usual.get(name) != value}
    options = "".join(f" -o {name}={value}" for name, value in changed.items())
    return f"verify gallery {experiment.id} --seed {seed}{options}"
