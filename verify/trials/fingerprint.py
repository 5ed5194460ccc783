"""Fingerprints of claims: what a finished check depends on, so that no record of an edited claim is taken for it."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import sys
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from verify import sources
from verify.datasets.real import files_of
from verify.sources import digest

if TYPE_CHECKING:
    from verify.claims.claim import Claim


def fingerprint(claim: Claim, home: Path | str) -> str:
    """A hash of all that a check of the claim depends on, but its profile, its seed and its device: 64 hexadecimal
    digits.

    These are the claim's fields, followed into its functions and what they enclose; the source text of `home`, the file
    that defines the claim, of every module that its functions come from, and of this engine; real data in files; and
    the versions of Python and of the libraries that compute. It is the same in every process.
    """
    description = _Description()
    parts = {
        "claim": description.of(claim),
        "home": digest(Path(home)),
        "sources": {str(name): digest(path) for name, path in sorted(description.sources.items())},
        "data": [digest(path) for path in _files(claim)],
        "engine": sources.engine(),
        "versions": sources.versions(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _files(claim: Claim) -> list[Path]:
    """The files of real data that the claim names, `data.csv:standardise` say."""
    return [path for given in claim.real if isinstance(given, str) for path in files_of(given)]


def _is_cache(attribute: str) -> bool:
    """Whether an attribute comes with use, as private ones may, and what hypothesis keeps of a strategy."""
    return attribute.startswith(("_", "cached_")) or attribute == "validate_called"


class _Description:
    """Describes values as JSON, equal ones equally in every process; `sources` are the modules met on the way."""

    def __init__(self):
        self.sources: dict[str, Path] = {}
        self._open: list[int] = []  # the values being described, one inside the other

    def of(self, value: Any) -> Any:
        """The description of a value."""
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float | complex | bytes):
            return [type(value).__name__, repr(value)]
        if id(value) in self._open:
            return f"level {self._open.index(id(value))}"
        self._open.append(id(value))
        try:
            return self._compound(value)
        finally:
            self._open.pop()

    def _compound(self, value: Any) -> Any:
        if isinstance(value, type | types.ModuleType):
            return self._named(value)
        if isinstance(value, Enum):
            return [self._named(type(value)), value.name]
        if isinstance(value, np.ndarray | np.generic | jax.Array):
            array = np.asarray(value)
            return [str(array.dtype), list(array.shape), array.tobytes().hex()]
        if isinstance(value, Mapping):
            return {"mapping": [[self.of(key), self.of(item)] for key, item in value.items()]}
        if isinstance(value, set | frozenset):
            return {"set": sorted(json.dumps(self.of(item), sort_keys=True) for item in value)}
        if is_dataclass(value):
            held = {f.name: self.of(getattr(value, f.name)) for f in fields(value)}
            return [self._named(type(value)), held]
        if isinstance(value, list | tuple):
            return [self._named(type(value)), *(self.of(item) for item in value)]
        return self._function(value) or self._object(value)

    def _function(self, value: Any) -> Any:
        if isinstance(value, functools.partial):
            return ["partial", self.of(value.func), self.of(value.args), self.of(value.keywords)]
        if isinstance(value, types.MethodType):
            return ["method", self.of(value.__func__), self.of(value.__self__)]
        if isinstance(value, types.FunctionType):
            # The source text of its module is part of the fingerprint, so its line tells what it does.
            cells = [self._cell(cell) for cell in value.__closure__ or ()]
            defaults = [self.of(value.__defaults__), self.of(value.__kwdefaults__)]
            return ["function", self._named(value), value.__code__.co_firstlineno, defaults, cells]
        if isinstance(value, types.BuiltinFunctionType):
            return ["function", f"{value.__module__}.{value.__qualname__}"]
        if callable(inner := getattr(value, "__wrapped__", None)):  # compiled or cached functions
            return ["wrapped", self.of(inner)]
        return None

    def _cell(self, cell: types.CellType) -> Any:
        try:
            return self.of(cell.cell_contents)
        except ValueError:  # it is empty
            return None

    def _object(self, value: Any) -> Any:
        text = repr(value)
        if " at 0x" not in text:
            return [self._named(type(value)), text]
        # A repr with an address tells nothing.
        held = {name: self.of(item) for name, item in getattr(value, "__dict__", {}).items() if not _is_cache(name)}
        return [self._named(type(value)), held]

    def _named(self, value: Any) -> str:
        """The name of a class, function or module; its module's source is noted."""
        name = value.__name__ if isinstance(value, types.ModuleType) else value.__module__
        module = sys.modules.get(name)
        path = inspect.getsourcefile(module) if module and getattr(module, "__file__", None) else None
        if path and Path(path).is_file():
            self.sources[name] = Path(path)
        return name if isinstance(value, types.ModuleType) else f"{name}.{value.__qualname__}"
