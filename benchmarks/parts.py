"""What a part of work costs on a cluster beside itself: parts of known lengths on processes of this machine.

    python -m benchmarks.parts [--workers 1,2,4] [--seconds 0,0.1,1] [--rounds 20] [--markdown]

The parts only wait, so that more processes than cores can be had; they go through `verify.cluster.pool` as trials do.
Here is the process of the command, in which the scheduler runs too.
"""

from __future__ import annotations

import threading
import time
from typing import Annotated

import typer

from benchmarks import tables
from solvers.errors import InputError
from verify.cluster.pool import Pool, Task, opened


def wait(seconds: float) -> None:
    """A part of that length."""
    threading.Event().wait(seconds)


def measured(pool: Pool, workers: int, seconds: float, rounds: int) -> dict[str, tables.Cell]:
    """A row of the table: so many rounds of parts, one for each worker in a round."""
    count = workers * (rounds if seconds < 1 else max(3, round(rounds / 5)))
    begun, used = time.perf_counter(), time.process_time()
    done = sum(1 for _ in pool.run([Task(f"part {i}", wait, (seconds,)) for i in range(count)]))
    wall, used = time.perf_counter() - begun, time.process_time() - used
    beside = wall * workers / done - seconds
    return {
        "workers": workers,
        "seconds a part": seconds,
        "parts": done,
        "parts a second": done / wall,
        "ms beside each, of a worker": 1e3 * beside,
        "5 % of a part of, s": beside / 0.05,
        "ms of processor here, each": 1e3 * used / done,
    }


def _numbers(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 0:
        raise typer.BadParameter("give numbers such as 1,2,4.")
    return numbers


def main(
    workers: Annotated[str, typer.Option(help="Processes.")] = "1,2,4",
    seconds: Annotated[str, typer.Option(help="Lengths of parts.")] = "0,0.1,1",
    rounds: Annotated[int, typer.Option(help="Parts for each process; of those of a second or more a fifth.")] = 20,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown instead of a table.")] = False,
) -> None:
    """Have parts of known lengths done by processes of this machine, and show what each costs beside itself."""
    rows = []
    for count in map(int, _numbers(workers)):
        try:
            with opened(f"local:{count}") as pool:
                list(pool.run([Task(f"warm {i}", wait, (0.0,)) for i in range(count)]))
                rows += [measured(pool, count, length, rounds) for length in _numbers(seconds)]
        except InputError as error:
            raise typer.BadParameter(str(error)) from error
    section = tables.Section("Parts", "Parts that only wait, on processes of one machine.", rows)
    if markdown:
        print(tables.markdown([section], tables.machine()))
    else:
        from rich.console import Console

        Console().print(tables.console(section))


if __name__ == "__main__":
    typer.run(main)
