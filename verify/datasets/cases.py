"""What a claim is tried on: a dataset, or a setting, which is a handful of named values."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol, runtime_checkable

import numpy as np

from solvers.errors import InputError


@runtime_checkable
class Case(Protocol):
    """What is drawn, judged, shrunk and shown: a `Dataset` or a `Setting`."""

    @property
    def name(self) -> str:
        """Its flavour, in a word or two; may be empty."""
        ...

    @property
    def key(self) -> Hashable:
        """Equal for cases that differ in name at most."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers, `{"x": .., "y": .., "name": ..}` or `{"setting": {..}, "name": ..}`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Named values that a claim is tried on where it is not about a dataset: hyperparameters, sizes, a seed.

    Subclasses are frozen dataclasses whose fields are numbers, strings, None, or tuples of these.

    Raises `InputError` when a number is not finite.
    """

    name: str = ""

    def __post_init__(self) -> None:
        for field, value in self.values.items():
            if any(isinstance(v, float) and not math.isfinite(v) for v in _flat(_plain(value))):
                raise InputError(f"The value {field} = {value} of a {type(self).__name__} is not finite: correct it.")

    @property
    def values(self) -> Mapping[str, Any]:
        """The fields but for the name."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "name"}

    @property
    def key(self) -> Hashable:
        """The values, by name."""
        return type(self).__name__, tuple(self.values.items())

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, strings and lists."""
        return {"setting": {name: _plain(value) for name, value in self.values.items()}, "name": self.name}


def _flat(value: Any) -> list[Any]:
    return [v for each in value for v in _flat(each)] if isinstance(value, list) else [value]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list | np.ndarray):
        return [_plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value
