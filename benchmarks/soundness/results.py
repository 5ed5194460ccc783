"""The file of results: a line of JSON a verdict, written as soon as it falls."""

from __future__ import annotations

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from solvers.errors import InputError

Line = dict[str, Any]


class Results:
    """Verdicts by what they are of: the part, the name, the profile, the seed, and the mark of what they depend on.

    resume: whether the file may hold some already; a last line that was cut short is dropped, and judged again.
    Raises `InputError` for a file that is there without `resume`, or holds something else.
    """

    def __init__(self, path: Path, *, resume: bool):
        self.path = path
        self._lines: dict[Hashable, Line] = {}
        if path.is_file() and path.stat().st_size:
            if not resume:
                raise InputError(f"{path} has results already: give --resume to go on with it, or another --results.")
            self._read()

    def _read(self) -> None:
        text = self.path.read_text("utf-8")
        whole, _, rest = text.rpartition("\n")
        try:
            for line in whole.splitlines():
                self._keep(json.loads(line))
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{self.path} holds no results of a soundness run: give another --results.") from None
        if rest:
            self.path.write_text(whole + "\n" if whole else "", "utf-8")

    def _keep(self, line: Line) -> None:
        self._lines[tuple(line[name] for name in ("part", "name", "profile", "seed", "mark"))] = line

    def find(self, part: str, name: str, profile: str, seed: int, mark: str) -> Line | None:
        """The verdict, if it is there."""
        return self._lines.get((part, name, profile, seed, mark))

    def add(self, line: Line) -> None:
        """Append a verdict to the file, and keep it."""
        self._keep(line)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
