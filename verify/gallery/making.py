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
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.gallery import folder
from reports.records import replace_file
from verify import sources

if TYPE_CHECKING:
    from verify.gallery.experiment import Experiment


_NOT_COMPUTING = ("claims", "cli", "gallery", "plugin", "trials")
_PACKAGES = ("jax", "optax", "numpy", "scipy", "cvxpy", "clarabel", "implicit-bias-verify")

Show = Callable[[str, int, int], None]


def make(experiment: Experiment, seed: int, report_dir: Path, *, fresh: bool = False, show: Show) -> dict[str, Any]:
    """The exhibit of an experiment; each part is written when it is finished, and read again the next time.

    A part counts as finished if it was made with the same parameters and seed, by the same code and libraries, unless
    `fresh`.
    """
    parameters, code = asdict(experiment.parameters), _code(experiment)
    versions = {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}
    parts = experiment.parts(experiment.parameters, seed)
    files, results = {}, {}
    for done, (name, compute) in enumerate(parts.items()):
        show(name, done, len(parts))
        path = folder(report_dir) / "parts" / experiment.id / f"{re.sub(r'[^A-Za-z0-9.]+', '-', name)}.json"
        key = {"part": name, "parameters": parameters, "seed": seed, "code": code, "versions": versions}
        key |= {"mark": compute.mark} if hasattr(compute, "mark") else {}  # pyright: ignore[reportFunctionMemberAccess]
        file = None if fresh else _finished(path, key)
        if file is None:
            file = key | _compute(compute, results)
            content = json.dumps(file, allow_nan=False)
            replace_file(path, lambda opened, content=content: opened.write(content.encode()))
        files[name], results[name] = file, file["result"]
    found = experiment.find(experiment.parameters, results)
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
        "parameters": parameters,
        "seed": seed,
        "device": last["device"],
        "versions": versions,
        "seconds": sum(file["seconds"] for file in files.values()),
        "created": last["created"],
        "reproduce": _reproduce(experiment, seed),
    }


def _code(experiment: Experiment) -> str:
    """A hash of the texts that compute an experiment: its own, those it takes from others, and those of the engine."""
    home = inspect.unwrap(getattr(experiment.parts, "func", experiment.parts)).__globals__
    others = {getattr(value, "__module__", None) or "" for value in home.values()}
    paths = {home["__file__"], *(sys.modules[name].__file__ for name in others if name.startswith("verify.gallery."))}
    without = tuple(name for name in _NOT_COMPUTING if name not in experiment.also)
    texts = [*map(sources.digest, map(Path, sorted(paths))), *sources.engine(without)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _compute(compute: Callable[[Mapping[str, Any]], Any], results: Mapping[str, Any]) -> dict[str, Any]:
    from verify.backend import devices

    begun = time.perf_counter()
    result = compute(results)
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
