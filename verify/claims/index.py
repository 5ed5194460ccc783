"""What there is to list of the installed claims, kept beside them, so that listing them imports none of them.

A package of claims may hold an `index.json`. It is taken where it was made of the package's files as they are; else the
claims are imported, which takes seconds.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from verify.claims import catalogue

if TYPE_CHECKING:
    from verify.claims.claim import Claim

_FILE = "index.json"


@dataclass(frozen=True)
class Summary:
    """What a claim says, in words.

    paper: its authors, title, year and arXiv number. about: the optimizer, or what else it is of; loss and norm stand
    beside it, empty where it has none. law: what is claimed of the quantity. twins: what is wrong in each. real: real
    data. file: where it stands, from the package's folder on; of a claim of no package, the path.
    """

    id: str
    kind: str
    promise: str
    title: str
    statement: str
    source: str
    read: str
    paper: Mapping[str, Any]
    about: str
    loss: str
    norm: str
    quantity: str
    law: str
    twins: Sequence[str]
    real: Sequence[str]
    file: str


@dataclass(frozen=True)
class Asked:
    """An open question in words. file: where it stands."""

    id: str
    asks: str
    title: str
    statement: str
    source: str
    known: str
    file: str


def questions() -> list[Asked]:
    """All installed open questions, in the order of their ids."""
    found: list[Asked] = []
    for entry in entry_points(group=catalogue.GROUP):
        place = _place(entry.value)
        held = None if place is None else _held(place)
        try:
            found += [Asked(**row) for row in held["questions"]] if held else _asked(entry.load(), place)
        except (KeyError, TypeError):
            found += _asked(entry.load(), place)
    return sorted(found, key=lambda question: question.id)


def _asked(package: ModuleType, place: Path | None) -> list[Asked]:
    return [
        Asked(
            each.id, each.asks, each.claim.title, each.claim.statement, each.claim.source, each.known,
            _file(module, place),
        )
        for each, module in catalogue.questions_in(package).values()
    ]  # fmt: skip


def summaries() -> list[Summary]:
    """All installed claims, in the order of their ids."""
    found: list[Summary] = []
    for entry in entry_points(group=catalogue.GROUP):
        place = _place(entry.value)
        kept = None if place is None else _kept(place)
        found += kept if kept is not None else _summarised(list(catalogue.located_in(entry.load()).values()), place)
    return sorted(found, key=lambda summary: summary.id)


def of_file(path: str) -> list[Summary]:
    """The claims that a Python file defines; raises `InputError` where it defines none."""
    return [summary_of(claim, _file(module)) for claim, module in catalogue.located(path)]


def renew(package: str) -> Path:
    """Write the index of an installed package of claims, and give its path; the same for the same files."""
    place = _place(package)
    if place is None:
        raise ValueError(f"{package} is no package that can be found")
    claims = list(catalogue.located_in(importlib.import_module(package)).values())
    rows = [asdict(summary) for summary in _summarised(claims, place)]
    asked = [asdict(each) for each in _asked(importlib.import_module(package), place)]
    content = {"files": _digest(place), "claims": rows, "questions": asked}
    file = place / _FILE
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return file


def _place(package: str) -> Path | None:
    """The folder of a package, which is not imported."""
    spec = importlib.util.find_spec(package) if "." not in package else None
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None


def _kept(place: Path) -> list[Summary] | None:
    """The claims that the index of a package holds, if it is there and of its files as they are."""
    held = _held(place)
    try:
        return None if held is None else [Summary(**row) for row in held["claims"]]
    except (KeyError, TypeError):
        return None


def _held(place: Path) -> dict[str, Any] | None:
    """What the index of a package holds, if it is there and of its files as they are."""
    try:
        held: Any = json.loads((place / _FILE).read_text("utf-8"))
        return held if held["files"] == _digest(place) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(place: Path) -> str:
    """A hash of all Python files of a folder, by name and content."""
    whole = hashlib.sha256()
    for path in sorted(place.rglob("*.py")):
        whole.update(f"{path.relative_to(place).as_posix()} {hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return whole.hexdigest()


def _summarised(claims: Iterable[tuple[Claim, ModuleType]], place: Path | None) -> list[Summary]:
    """place: the package's folder, from which files are named."""
    return [summary_of(claim, _file(module, place)) for claim, module in claims]


def _file(module: ModuleType, place: Path | None = None) -> str:
    file = Path(str(module.__file__))
    return (file if place is None else file.relative_to(place.parent)).as_posix()


def summary_of(claim: Claim, file: str = "") -> Summary:
    """A claim in words. file: where it stands."""
    from verify.problems.subject import named

    subject, paper = claim.subject, claim.paper
    return Summary(
        id=claim.id,
        kind=claim.kind.name,
        promise=str(claim.promises),
        title=claim.title,
        statement=claim.statement,
        source=claim.source,
        read=str(claim.read),
        paper={"authors": paper.authors, "title": paper.title, "year": paper.year, "arxiv": paper.arxiv},
        about=subject.text,
        loss=named(subject.loss),
        norm=named(subject.norm),
        quantity=claim.kind.measured(claim.quantity.name),
        law=claim.kind.claimed()[0],
        twins=[twin.wrong for twin in claim.twins],
        real=[given if isinstance(given, str) else given.name for given in claim.real],
        file=file,
    )


if __name__ == "__main__":
    for name in sys.argv[1:]:
        renew(name)
