"""What there is to list of the installed claims, kept beside them, so that listing them imports none of them.

A package of claims may hold an `index.json`. It is taken where it was made of the package's files as they are; else the
claims are imported, which takes seconds.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from verify.claims import catalogue

_FILE = "index.json"


@dataclass(frozen=True)
class Summary:
    """A claim in a line of a list. twins: how many."""

    id: str
    kind: str
    promise: str
    title: str
    twins: int
    source: str
    read: str


def summaries() -> list[Summary]:
    """All installed claims, in the order of their ids."""
    found: list[Summary] = []
    for entry in entry_points(group=catalogue.GROUP):
        place = _place(entry.value)
        kept = None if place is None else _kept(place)
        found += kept if kept is not None else _summarised(catalogue.claims_in(entry.load()).values())
    return sorted(found, key=lambda summary: summary.id)


def renew(package: str) -> Path:
    """Write the index of an installed package of claims, and give its path; the same for the same files."""
    place = _place(package)
    if place is None:
        raise ValueError(f"{package} is no package that can be found")
    claims = catalogue.claims_in(importlib.import_module(package)).values()
    rows = [asdict(summary) for summary in _summarised(claims)]
    file = place / _FILE
    file.write_text(json.dumps({"files": _digest(place), "claims": rows}, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return file


def _place(package: str) -> Path | None:
    """The folder of a package, which is not imported."""
    spec = importlib.util.find_spec(package) if "." not in package else None
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None


def _kept(place: Path) -> list[Summary] | None:
    """What the index of a package holds, if it is there and of its files as they are."""
    try:
        held: Any = json.loads((place / _FILE).read_text("utf-8"))
        if held["files"] == _digest(place):
            return [Summary(**row) for row in held["claims"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _digest(place: Path) -> str:
    """A hash of all Python files of a folder, by name and content."""
    whole = hashlib.sha256()
    for path in sorted(place.rglob("*.py")):
        whole.update(f"{path.relative_to(place).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return whole.hexdigest()


def _summarised(claims: Iterable[Any]) -> list[Summary]:
    return [Summary(c.id, c.kind.name, str(c.promises), c.title, len(c.twins), c.source, str(c.read)) for c in claims]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        renew(name)
