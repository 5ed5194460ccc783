"""Experiments of a part and another that needs it, written to files as a user's would be."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TEXT = """
from dataclasses import dataclass
from verify.gallery import Experiment, Finding
from verify.gallery.experiment import After

COMPUTED = []


@dataclass(frozen=True)
class Parameters:
    {parameter}: int = 2


def count(results):
    COMPUTED.append("{name}")
    return {result}


def total(results):
    return sum(results.values())


def parts(p, seed):
    return {{"count": count, "sum": After(("count",), total)}}


def find(p, results):
    line = {{"x": [1, 10], "y": [1.0, 2.0], "low": [1.0, 1.0], "high": [1.0, 1.0], "series": 0, "row": 0, "column": 0}}
    drawing = {{
        "x": {{"label": "t", "scale": "log"}},
        "rows": [{{"label": "gap", "scale": "linear"}}],
        "columns": ["all"],
        "series": [{{"name": "one", "group": 0}}],
        "curves": [line | {{"strong": False}}],
    }}
    return Finding(drawing, "A line.", "A line.", ["It is so."], ["Count"], [[results["count"]]], {{}})


EXPERIMENT = Experiment("{name}", "A toy", "nobody", "Nothing.", "panels", Parameters(), parts, find)
"""


def written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "toy", parameter: str = "size", result: int = 1
) -> ModuleType:
    """The module of an experiment of that name, which has that parameter and finds that result."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = folder / f"{name}_experiment.py"
    path.write_text(TEXT.format(name=name, parameter=parameter, result=result))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, path.stem, module)
    spec.loader.exec_module(module)
    return module
