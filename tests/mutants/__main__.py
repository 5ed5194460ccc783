"""`python -m tests.mutants`: plant bugs, and tell what turned red."""

from __future__ import annotations

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from solvers.errors import InputError
from tests.mutants import table, trying
from tests.mutants.outcomes import COLOURS, Results, page, shown
from tests.mutants.table import ROOT, Mutant
from tests.mutants.trying import Outcome

console, err = Console(), Console(stderr=True)
LINE = threading.Lock()
AT_ONCE = 8  # claims or files of tests of the control in one run of pytest


def turn() -> int:
    """What moves `--few` on: the number of commits, or the day where there is no history."""
    command = ["git", "-C", str(ROOT), "rev-list", "--count", "HEAD"]
    try:
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return datetime.now(UTC).toordinal()


def controlled(mutants: list[Mutant], homes: dict[str, str], results: Results) -> None:
    """Make sure that all that should notice is green without a bug. Raises `InputError` where it is not."""
    known, whole = results.green(), {mutant.name: trying.mark(mutant, homes) for mutant in mutants}
    # A claim's or a test's mark is that of a bug which changes nothing.
    nothing = Mutant("", "", "", "", "", "", (), ())
    marks: dict[str, str] = {}
    for mutant in mutants:
        marks |= {homes[claim]: trying.mark(_only(nothing, claims=(claim,)), homes) for claim in mutant.claims}
        marks |= {test: trying.mark(_only(nothing, tests=(test,)), homes) for test in mutant.tests}
    left = [node for node in marks if (node, marks[node]) not in known]
    console.print(f"{len(whole)} bugs; control without any: {len(marks)} claims and files of tests, {len(left)} to run")
    with trying.tree() as copy:
        # Claims and tests apart, since tests check types; and few at once, so that little is lost where it is stopped.
        parts = ([node for node in left if node.startswith(folder)] for folder in ("properties", "tests"))
        for nodes in (part[i : i + AT_ONCE] for part in parts for i in range(0, len(part), AT_ONCE)):
            found = trying.control(copy, nodes, copy.parent / "red.xml")
            for node, red in found.items():
                results.add({"control": node, "mark": marks[node], "green": red is None, "why": red and red.why})
            for node, red in found.items():
                if red is not None:
                    raise InputError(f"{node} is red without any bug, so that it can notice none ({red.why}): mend it.")
    console.print("the control is green")


def _only(mutant: Mutant, **changes: tuple[str, ...]) -> Mutant:
    return Mutant(**vars(mutant) | changes)


def tried(mutants: list[Mutant], homes: dict[str, str], results: Results, workers: int) -> list[Outcome]:
    """The outcome of each, from an earlier run where it is known."""
    known = results.outcomes()

    def outcome(mutant: Mutant) -> Outcome:
        found = known.get((mutant.name, trying.mark(mutant, homes)))
        if found is None:
            found = trying.attempt(mutant, homes)
            with LINE:
                results.add(found)
        with LINE:
            by = f"[{COLOURS[found.noticed]}]{found.noticed}[/]"
            console.print(f"{found.name}: noticed by {by} ({found.seconds:.0f} s)", highlight=False)
        return found

    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(outcome, mutants))


def mutants(
    names: Annotated[list[str] | None, typer.Argument(help="Bugs by name; all of them by default.")] = None,
    workers: Annotated[int, typer.Option(help="Bugs tried at once.", min=1)] = os.cpu_count() or 1,
    few: Annotated[int | None, typer.Option(help="Try so many only, other ones at the next commit.")] = None,
    results: Annotated[Path, typer.Option(help="Where outcomes are kept, as JSON lines.")] = ROOT / ".mutants.jsonl",
    write: Annotated[Path | None, typer.Option(help="Write the page of the documentation there.")] = None,
) -> None:
    """Plant bugs in copies of the program one by one, and tell which claims and tests turn red."""
    every = table.load()
    some = table.chosen(every, names or []) if few is None else table.rotating(every, few, turn())
    with trying.tree() as copy:
        for mutant in some:
            mutant.applied((copy / mutant.file).read_text("utf-8"))
        homes = trying.claim_homes(copy)
    kept = Results(results)
    controlled(some, homes, kept)
    outcomes = tried(some, homes, kept, workers)
    console.print(shown(some, outcomes))
    if write is not None:
        write.write_text(page(some, outcomes), "utf-8")
    if any(outcome.noticed == "nothing" for outcome in outcomes):
        raise typer.Exit(1)


def main() -> None:
    """Bad input is one sentence on standard error, and exit code 2."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(mutants)
    try:
        app()
    except InputError as error:
        err.print(f"mutants: {error}", highlight=False, markup=False, soft_wrap=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
