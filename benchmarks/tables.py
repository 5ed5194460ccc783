"""What a benchmark returns, and how it is shown: on the console, as Markdown, as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

Cell = str | int | float | None
_PACKAGES = ("numpy", "scipy", "jax", "optax", "diffrax", "cvxpy", "clarabel", "torch")


@dataclass(frozen=True)
class Section:
    """A table: `rows` share their keys, which are the columns; None is what could not be measured."""

    name: str
    note: str
    rows: list[dict[str, Cell]]


class DifferentWork(RuntimeError):
    """The contestants did not arrive at the same numbers, so that their times mean nothing."""


def ratio(times: Sequence[float], others: Sequence[float]) -> tuple[float, str]:
    """Median and range of `times / others`, taken within each round of an interleaved measurement."""
    quotients = [a / b for a, b in zip(times, others, strict=True)]
    return statistics.median(quotients), f"{min(quotients):.3g} to {max(quotients):.3g}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        fields = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        named = {key.strip(): value.strip() for key, _, value in fields}
        if "model name" in named:
            family = f"family {named['cpu family']} model {named['model']}" if "cpu family" in named else ""
            return f"{named['model name']} {family}".strip()
    return platform.processor() or platform.machine()


def machine() -> dict[str, str]:
    """Where and when the figures were measured."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "cores": str(count),
        "load at the start": f"{os.getloadavg()[0]:.1f}",
        "system": platform.system(),
        "python": platform.python_version(),
        **found,
    }


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.3g}" if 1e-3 < abs(cell) < 1e4 or not cell else f"{cell:.2e}"
    return str(cell)


def console(section: Section) -> Table:
    """The table for rich's console."""
    from rich.table import Table

    table = Table(*section.rows[0], title=section.name, caption=section.note, title_justify="left")
    for row in section.rows:
        table.add_row(*map(_text, row.values()))
    return table


def markdown(sections: Sequence[Section], where: dict[str, str]) -> str:
    """All tables, with the machine's description."""
    lines = [", ".join(f"{key} {value}" for key, value in where.items()) + "."]
    for section in sections:
        lines += ["", f"### {section.name}", "", section.note, ""]
        lines += ["| " + " | ".join(section.rows[0]) + " |", "|" + " --- |" * len(section.rows[0])]
        lines += ["| " + " | ".join(map(_text, row.values())) + " |" for row in section.rows]
    return "\n".join(lines)


def write_json(path: Path, sections: Sequence[Section], where: dict[str, str]) -> None:
    """Unrounded figures with the machine's description."""
    record = {"machine": where, "sections": [asdict(section) for section in sections]}
    path.write_text(json.dumps(record, indent=1) + "\n")
