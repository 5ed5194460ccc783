"""The catalogue: conjectures whose truth is known, and how some of them are chosen by words."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.soundness import flows, matrices, networks, others, power, runs
from benchmarks.soundness.entry import Entry

ENTRIES = others.ENTRIES + flows.ENTRIES + runs.ENTRIES + matrices.ENTRIES + networks.ENTRIES
"""Those that are counted, the dear ones last."""
POWER = power.ENTRIES
"""Those that ask how finely rates are told apart."""


def has(name: str, words: str) -> bool:
    """Whether all of the words occur in the name, and none of those after a `!`; no words are in any."""
    return all((word.removeprefix("!") in name) != word.startswith("!") for word in words.split())


def chosen(entries: Iterable[Entry], words: str) -> list[Entry]:
    """The entries whose names have all of the words."""
    return [entry for entry in entries if has(entry.name, words)]
