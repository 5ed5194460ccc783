"""What was found so far, kept as JSON lines; and how it is shown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from tests.mutants.table import Mutant
from tests.mutants.trying import Outcome, Red

COLOURS = {"both": "green", "properties": "green", "tests": "yellow", "nothing": "red"}
PAGE = """# Planted bugs

Who checks the checker? `make mutants` plants {count} bugs in copies of this program, one at a time, and runs a few of
the theorems of `properties/` and of the tests on each: something must turn red. Before that it runs the same theorems
and tests without any bug, and goes on only where all of them are green.

```sh
make mutants
make mutants FEW=2
```

`FEW=2` tries two of them, other ones at the next commit. A run that was interrupted goes on where it stopped. The bugs
stand in `tests/mutants/`, each an exact piece of text and what takes its place; a test holds the table to the program.

This is what the last run said, with the first theorem and the first test that turned red: {summary}.

{table}
"""


class Results:
    """A file of JSON lines, to which each finding is added as it comes."""

    def __init__(self, path: Path):
        self.path = path

    def _lines(self) -> Iterator[dict]:
        if self.path.is_file():
            for line in self.path.read_text("utf-8").splitlines():
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:  # the last line of a run that was killed
                    continue

    def outcomes(self) -> dict[tuple[str, str], Outcome]:
        """All outcomes, by the mutant's name and the mark of what they were found of."""
        found = {}
        for line in self._lines():
            if "control" not in line:
                reds = {key: line[key] and Red(**line[key]) for key in ("properties", "tests")}
                found[line["name"], line["mark"]] = Outcome(**line | reds)
        return found

    def green(self) -> set[tuple[str, str]]:
        """Claims and files of tests that were green without a bug, with their marks."""
        return {(line["control"], line["mark"]) for line in self._lines() if line.get("green")}

    def add(self, line: Outcome | dict) -> None:
        """Write one more line; it is there once this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(line) if isinstance(line, Outcome) else line, ensure_ascii=False) + "\n")


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many were noticed, and by what."""
    by = Counter(outcome.noticed for outcome in outcomes)
    parts = {"both": "noticed by both", "properties": "by theorems alone", "tests": "by tests alone"}
    told = ", ".join(f"{by[key]} {words}" for key, words in parts.items())
    return f"of {len(outcomes)} bugs {told}, {by['nothing']} by nothing"


def shown(mutants: Sequence[Mutant], outcomes: Sequence[Outcome]) -> Table:
    """The table for the terminal."""
    wrong = {mutant.name: mutant.wrong for mutant in mutants}
    table = Table(title=summary(outcomes), title_style="bold")
    for heading in ("bug", "what is wrong", "theorem", "test", "noticed by"):
        table.add_column(heading, overflow="fold")
    for o in outcomes:
        colour = COLOURS[o.noticed]
        table.add_row(o.name, wrong[o.name], _short(o.properties), _short(o.tests), f"[{colour}]{o.noticed}[/]")
    return table


def page(mutants: Sequence[Mutant], outcomes: Sequence[Outcome]) -> str:
    """The page of the documentation: a line for each bug, also where it was not tried yet."""
    known = {outcome.name: outcome for outcome in outcomes}
    rows = ["| Bug | What is wrong | Theorem | Test |", "| --- | --- | --- | --- |"]
    for mutant in mutants:
        o = known.get(mutant.name)
        found = ["not tried yet"] * 2 if o is None else [_code(o.properties), _code(o.tests)]
        rows.append(f"| `{mutant.name}` | {mutant.wrong} | {' | '.join(found)} |")
    return PAGE.format(count=len(mutants), summary=summary(outcomes), table="\n".join(rows))


def _short(red: Red | None) -> str:
    """Its name without the folders, and without what it was parametrised by."""
    if red is None:
        return "-"
    file, _, test = red.name.partition("::")
    return f"{Path(file).stem}::{test.partition('[')[0]}" if test else red.name


def _code(red: Red | None) -> str:
    return "–" if red is None else f"`{_short(red)}`"
