"""Two runs of the checks against each other: which verdicts, twins and measured numbers changed, and what got worse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from reports import text
from reports.records import Record, ReportError, read_records
from reports.tables import escape_markdown

WORSE, BETTER, OTHER = "worse", "better", "other"
HEADINGS = ("", "What", "Claim", "Before", "After")
_STYLES = {WORSE: "bold red", BETTER: "green", OTHER: ""}
# From bad to good, for a claim or a real dataset; a false twin is the other way round.
_RANKS = {"REFUTED": 0, "INCONCLUSIVE": 1, "SUPPORTED": 2}


@dataclass(frozen=True)
class Change:
    """One difference: its direction (`WORSE`, `BETTER` or `OTHER`), what changed, of which claim, from what to what."""

    direction: str
    what: str
    claim: str
    before: str
    after: str


@dataclass(frozen=True)
class Comparison:
    """What changed between two runs.

    `conditions` are the ways in which the runs themselves differ, as (name, before, after); `changes` comes with what
    got worse first; `seconds` are the two wall times of the `common` claims.
    """

    conditions: tuple[tuple[str, str, str], ...]
    changes: tuple[Change, ...]
    common: int
    seconds: tuple[float, float]

    @property
    def worse(self) -> bool:
        """Whether any verdict got worse."""
        return any(change.direction == WORSE for change in self.changes)

    def headline(self) -> str:
        """The outcome in a sentence."""
        counts = {kind: sum(c.direction == kind for c in self.changes) for kind in (WORSE, BETTER, OTHER)}
        return (
            f"{text.count(self.common, 'claim')} in both runs: {counts[WORSE]} got worse, {counts[BETTER]} got better, "
            f"{text.count(counts[OTHER], 'other change')}; {self.pace()}."
        )

    def pace(self) -> str:
        """The wall times, and their ratio."""
        before, after = self.seconds
        times = f"{text.duration(before)} before, {text.duration(after)} after"
        return f"{times} (ratio {text.number(after / before)})" if before > 0 else times


def compare_folders(before: Path | str, after: Path | str) -> Comparison:
    """Compare the records of two report folders. Raises `ReportError` where one is not there, or has no records."""
    return compare(_read(before), _read(after))


def compare(before: Sequence[Record], after: Sequence[Record]) -> Comparison:
    """Compare two sets of records by claim."""
    old, new = ({record["id"]: record for record in records} for records in (before, after))
    common = sorted(old.keys() & new.keys())
    changes = [change for name in common for change in _changes(old[name], new[name])]
    removed, added = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    changes += [Change(OTHER, "claim removed", name, old[name]["verdict"], "–") for name in removed]
    changes += [Change(OTHER, "claim added", name, "–", new[name]["verdict"]) for name in added]
    changes.sort(key=lambda change: (WORSE, BETTER, OTHER).index(change.direction))
    seconds = sum(old[name]["seconds"] for name in common), sum(new[name]["seconds"] for name in common)
    return Comparison(tuple(_conditions(before, after)), tuple(changes), len(common), seconds)


def _read(folder: Path | str) -> list[Record]:
    if not Path(folder).is_dir():
        raise ReportError(f"{folder} is no folder: give the report folder of a run.")
    records = read_records(folder)
    if not records:
        raise ReportError(f"{folder} holds no records: run `make verify REPORT={folder}` first.")
    return records


def _conditions(before: Sequence[Record], after: Sequence[Record]) -> Iterator[tuple[str, str, str]]:
    """How the runs differ: in profile, seed, device, floating-point type, or a library's version."""
    tellers: dict[str, Callable[[Record], Any]] = {
        name: lambda record, name=name: record[name] for name in ("profile", "seed", "device", "dtype")
    }
    libraries = sorted({library for record in (*before, *after) for library in record["versions"]})
    tellers |= {name: lambda record, name=name: record["versions"].get(name, "absent") for name in libraries}
    for name, tell in tellers.items():
        seen = [sorted({str(tell(record)) for record in records}) for records in (before, after)]
        if seen[0] != seen[1]:
            yield name, ", ".join(seen[0]), ", ".join(seen[1])


def _changes(old: Record, new: Record) -> Iterator[Change]:
    """What changed about one claim."""
    name = new["id"]
    yield from _verdicts("verdict", name, {"": old["verdict"]}, {"": new["verdict"]})
    twins = [{twin["wrong"]: twin["verdict"] for twin in record["twins"]} for record in (old, new)]
    yield from _verdicts("false twin", name, twins[0], twins[1], wanted="REFUTED")
    real = [{one["name"]: one["verdict"] for one in record["datasets"]["real"]} for record in (old, new)]
    yield from _verdicts("real dataset", name, real[0], real[1])
    seen = old["observed"], new["observed"]
    if _apart(seen[0]["interval"], seen[1]["interval"]):
        yield Change(OTHER, "exponent", name, *(text.estimate(o["exponent"], o["interval"]) for o in seen))
    if seen[0]["statistic"] == seen[1]["statistic"] and _apart(seen[0]["value_interval"], seen[1]["value_interval"]):
        yield Change(OTHER, seen[0]["statistic"], name, *(text.estimate(o["value"], o["value_interval"]) for o in seen))


def _verdicts(
    what: str, claim: str, old: Mapping[str, str], new: Mapping[str, str], wanted: str = "SUPPORTED"
) -> Iterator[Change]:
    """The differences of verdicts by name, where `wanted` is the good one of SUPPORTED and REFUTED."""
    sign = 1 if wanted == "SUPPORTED" else -1
    for name in dict.fromkeys((*old, *new)):
        told = f"{what} ({name})" if name else what
        if name not in new or name not in old:
            fate = "added" if name in new else "removed"
            yield Change(OTHER, f"{told} {fate}", claim, old.get(name, "–"), new.get(name, "–"))
        elif old[name] != new[name]:
            rise = sign * (_RANKS[new[name]] - _RANKS[old[name]])
            yield Change(BETTER if rise > 0 else WORSE, told, claim, old[name], new[name])


def _apart(one: Sequence[float] | None, other: Sequence[float] | None) -> bool:
    """Whether both intervals are known and have no point in common."""
    return one is not None and other is not None and (one[1] < other[0] or other[1] < one[0])


# --- how it is shown ------------------------------------------------------------------------------------------------


def console(comparison: Comparison) -> Table:
    """The changes as a table for the terminal."""
    table = Table(*HEADINGS)
    for change in comparison.changes:
        table.add_row(
            Text(_mark(change.direction), style=_STYLES[change.direction]),
            *map(Text, (change.what, change.claim, change.before, change.after)),
        )
    return table


def _mark(direction: str) -> str:
    return "" if direction == OTHER else direction


def markdown(comparison: Comparison, before: str, after: str) -> str:
    """The comparison in Markdown (GitHub's dialect); `before` and `after` name the runs."""
    parts = [f"# {escape_markdown(before)} against {escape_markdown(after)}\n", f"{comparison.headline()}\n"]
    if comparison.conditions:
        parts.append(_table(("The runs differ in", "Before", "After"), comparison.conditions))
    if comparison.changes:
        shown = ((_mark(c.direction), c.what, c.claim, c.before, c.after) for c in comparison.changes)
        parts.append(_table(HEADINGS, list(shown)))
    return "\n".join(parts)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = (headings, ("---",) * len(headings), *(tuple(map(escape_markdown, row)) for row in rows))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
