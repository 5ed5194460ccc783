"""What an experiment is: parts that are computed one by one and kept, and the exhibit that is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from solvers.errors import InputError

Results = Mapping[str, Any]
"""What the parts gave so far, by name: numbers, strings, lists and dictionaries that JSON can hold."""

Part = Callable[[Results], Any]
"""A part of an experiment, computed from the results of the parts before it that its attribute `needs` names, if it has
one; its attribute `mark`, if it has one, is of what else it depends on."""


@dataclass(frozen=True)
class After:
    """A part that takes results of others. needs: their names."""

    needs: tuple[str, ...]
    compute: Part

    def __call__(self, results: Results) -> Any:
        """What it comes to."""
        return self.compute(results)


@dataclass(frozen=True)
class Finding:
    """What an experiment found, in the form that `reports.gallery` shows.

    drawing: the data of the figure. caption, alternative: the figure in words, with and without seeing it.
    sentences: the outcome in words. headings, rows: the outcome as a table. numbers: whatever else is kept.
    """

    drawing: Mapping[str, Any]
    caption: str
    alternative: str
    sentences: Sequence[str]
    headings: Sequence[str]
    rows: Sequence[Sequence[str | float | None]]
    numbers: Mapping[str, Any]


@dataclass(frozen=True)
class Experiment:
    """An experiment as data.

    source: where it was done first. shows: what it shows, and what it leaves out. figure: the name of its drawing in
    `reports.gallery`. parameters: a frozen dataclass of numbers. parts: the parts by name, in the order in which they
    are computed, from parameters and seed; those that need no other can be computed at once. find: the finding, from
    parameters and all results. also: packages of `verify` that compute them beside the engine.
    """

    id: str
    title: str
    source: str
    shows: str
    figure: str
    parameters: Any
    parts: Callable[[Any, int], dict[str, Part]]
    find: Callable[[Any, Results], Finding]
    also: tuple[str, ...] = ()

    def with_parameters(self, changes: Mapping[str, str]) -> Experiment:
        """The experiment with other parameters, given as text. Raises `InputError` for unknown or unreadable ones."""
        kinds = {field.name: type(getattr(self.parameters, field.name)) for field in fields(self.parameters)}
        unknown = [name for name in changes if name not in kinds]
        if unknown:
            raise InputError(f"{self.id} has no parameter {unknown[0]!r}: its parameters are {', '.join(kinds)}.")
        values = {}
        for name, written in changes.items():
            try:
                values[name] = kinds[name](written)
            except ValueError:
                raise InputError(f"{name}={written} is no {kinds[name].__name__}: write {name}=NUMBER.") from None
        return replace(self, parameters=replace(self.parameters, **values))
