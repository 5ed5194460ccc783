"""The table of planted bugs: which text of which file is changed into which, and what should notice."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from solvers.errors import InputError

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Mutant:
    """A planted bug.

    name: unique. area: the file of the table that it stands in. wrong: what is wrong, in one line. file: what is
    changed, from the root. old, new: a text that occurs there once, and what takes its place. claims: ids of theorems
    that should notice, the likeliest first. tests: files of tests that should, or tests in them.
    """

    name: str
    area: str
    wrong: str
    file: str
    old: str
    new: str
    claims: tuple[str, ...]
    tests: tuple[str, ...]

    def applied(self, text: str) -> str:
        """The file's text with the bug in it. Raises `InputError` unless the old text occurs once."""
        if (count := text.count(self.old)) != 1:
            raise InputError(
                f"The mutant {self.name} finds its text {count} times in {self.file}: renew `old` in "
                f"tests/mutants/{self.area}.toml."
            )
        return text.replace(self.old, self.new)


def load(folder: Path = FOLDER) -> list[Mutant]:
    """All planted bugs, in the order of the table. Raises `InputError` for an entry that is not whole, or a name twice.

    The table is a few TOML files; a text in ''' ''' is what stands between its first line break and its last one.
    """
    found: dict[str, Mutant] = {}
    wanted = {field.name for field in fields(Mutant)} - {"name", "area"}
    for path in sorted(folder.glob("*.toml")):
        for name, entry in tomllib.loads(path.read_text("utf-8")).items():
            if entry.keys() != wanted:
                raise InputError(f"The mutant {name} has {', '.join(entry)}: give it {', '.join(sorted(wanted))}.")
            if name in found:
                raise InputError(f"There are two mutants {name}: rename one of them.")
            texts = {key: entry[key].removesuffix("\n") for key in ("old", "new")}
            lists = {key: tuple(entry[key]) for key in ("claims", "tests")}
            found[name] = Mutant(name, path.stem, entry["wrong"], entry["file"], **texts, **lists)
    return list(found.values())


def rotating(mutants: list[Mutant], few: int, turn: int) -> list[Mutant]:
    """So many of them, others at the next turn: in as many turns as it takes all of them come.

    Raises `InputError` where `few` is below 1.
    """
    if few < 1:
        raise InputError(f"{few} mutants are asked for: give 1 or more.")
    return [mutants[(turn * few + i) % len(mutants)] for i in range(min(few, len(mutants)))]


def chosen(mutants: list[Mutant], names: list[str]) -> list[Mutant]:
    """Those of the names, or all without any. Raises `InputError` for a name that there is not."""
    known = {mutant.name: mutant for mutant in mutants}
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"There is no mutant {unknown[0]!r}: choose from {', '.join(known)}.")
    return [known[name] for name in names] if names else mutants
