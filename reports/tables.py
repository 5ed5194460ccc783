"""The claims as one table: plain rows, Markdown, the terminal, JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from reports import text
from reports.matrix import theorems
from reports.records import Record, ReportError

_STYLES = {"SUPPORTED": "bold green", "REFUTED": "bold red", "INCONCLUSIVE": "bold yellow"}


@dataclass(frozen=True)
class Row:
    """One claim in a table; every field but `verdict` is ready to be read."""

    id: str
    title: str
    source: str
    verdict: str
    claimed: str
    observed: str
    slack: str
    datasets: str
    twins: str
    worst: str


HEADINGS = (
    "Claim",
    "Verdict",
    "Source",
    "Claimed",
    "Observed",
    "Slack",
    "Informative datasets",
    "Twins refuted",
    "Worst dataset",
)


def rows(records: Sequence[Record]) -> list[Row]:
    """One row for each record, in their order."""
    return [
        Row(
            id=record["id"],
            title=record["title"],
            source=record["source"],
            verdict=record["verdict"],
            claimed=text.claimed(record),
            observed=text.observed(record),
            slack=text.slack(record),
            datasets=f"{record['datasets']['informative']} of {record['datasets']['drawn']}",
            twins=text.twins(record),
            worst=text.worst(record),
        )
        for record in records
    ]


def escape_markdown(words: str) -> str:
    """Text on one line in which Markdown and HTML find nothing to interpret."""
    return re.sub(r"([\\`*_\[\]<>|~&$])", r"\\\1", " ".join(words.split()))


def markdown(records: Sequence[Record]) -> str:
    """The claims as a Markdown table (GitHub's dialect), ending in a newline."""
    lines = [HEADINGS, ("---",) * len(HEADINGS)]
    for row in rows(records):
        cells = (
            text.verdict(row.verdict),
            row.source,
            row.claimed,
            row.observed,
            row.slack,
            row.datasets,
            row.twins,
            row.worst,
        )
        claim = f"{escape_markdown(row.title)} (`{row.id}`)"
        lines.append((claim, *map(escape_markdown, cells)))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


BY_SOURCE = ("Claim", "Source", "Norms", "Observed", "False twins refuted", "Verdicts")
MARKS = ("<!-- theorems -->", "<!-- /theorems -->")


def markdown_by_source(records: Sequence[Record]) -> str:
    """One row for each theorem, that is for all claims with the same source, as a Markdown table."""
    lines = [BY_SOURCE, ("---",) * len(BY_SOURCE)]
    for theorem in theorems(records):
        members, more = theorem.records, len(theorem.records) - 1
        cells = (
            members[0]["title"] + (f", and {more} more" if more else ""),
            theorem.source,
            ", ".join(theorem.norms),
            theorem.observed,
            theorem.twins_refuted,
            ", ".join(f"{count} {text.verdict(word)}" for word, count in theorem.verdicts),
        )
        lines.append(tuple(map(escape_markdown, cells)))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


BY_PAPER = ("Paper", "Theorems", "Claims", "False twins refuted", "Verdicts")


def markdown_by_paper(records: Sequence[Record]) -> str:
    """One row for each paper, by year and name, as a Markdown table: for a README."""
    papers: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda r: (r["reference"]["year"], r["reference"]["authors"], r["id"])):
        papers.setdefault(record["paper"], []).append(record)
    lines = [BY_PAPER, ("---",) * len(BY_PAPER)]
    for members in papers.values():
        paper, counted = members[0]["reference"], text.summarise(members)
        words = [(getattr(counted, word.lower()), word) for word in text.VERDICTS]
        named = f"{paper['authors']} {paper['year']}, {paper['title']}"
        cells = (
            named,
            str(len({record["source"] for record in members})),
            str(counted.claims),
            f"{counted.twins_refuted} of {counted.twins}",
            ", ".join(f"{count} {text.verdict(word)}" for count, word in words if count),
        )
        lines.append(tuple(map(escape_markdown, cells)))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def replace_between_marks(document: str, table: str) -> str:
    """A Markdown document with the table put between its marks. Raises `ReportError` where it has none."""
    start, end = (document.find(mark) for mark in MARKS)
    if start < 0 or end < start:
        raise ReportError(f"The document has no {MARKS[0]} followed by {MARKS[1]}: put them where the table belongs.")
    return f"{document[: start + len(MARKS[0])]}\n{table}{document[end:]}"


_WIDTHS = {"Claim": 24, "Verdict": 13, "Claimed": 14, "Observed": 22}


def console(records: Sequence[Record]) -> Table:
    """The claims as a table for the terminal, with the counts below it."""
    summary = text.summarise(records) if records else None
    caption = summary and (
        f"{summary.supported} supported, {summary.refuted} refuted, {summary.inconclusive} inconclusive; "
        f"{summary.twins_refuted} of {summary.twins} false twins refuted"
    )
    table = Table(caption=caption or "no claims", caption_justify="left", show_lines=False)
    # A terminal is narrow: the rest is left to the page.
    for heading in ("Claim", "Verdict", "Claimed", "Observed", "Informative datasets", "Twins refuted"):
        table.add_column(heading, overflow="fold", min_width=_WIDTHS.get(heading))
    for row in rows(records):
        cells = (row.claimed, row.observed, row.datasets, row.twins)
        verdict = Text(text.verdict(row.verdict), style=_STYLES[row.verdict], no_wrap=True)
        # Text, not str: brackets in a record are no markup.
        table.add_row(Text(row.id), verdict, *map(Text, cells))
    return table


def bounds(records: Sequence[Record]) -> Table:
    """The explicit bounds that hold, the sharpest first: what they state, which constant they need, and which dataset
    comes nearest.
    """
    known = [(found, record) for record in records if (found := text.sharpest(record)) is not None]
    table = Table(caption=f"{text.count(len(known), 'explicit bound')}", caption_justify="left")
    for heading in ("Bound", "States", "Needs at least", "Nearest dataset"):
        table.add_column(heading, overflow="fold")
    for found, record in sorted(known, key=lambda pair: -pair[0]):
        cells = (record["id"], text.claimed(record), f"{text.number(found)} times that", text.nearest(record))
        table.add_row(*map(Text, cells))
    return table


def to_json(records: Sequence[Record]) -> str:
    """The whole report as JSON: `schema`, `summary` (counts) and `claims` (the records as they are)."""
    report = {"schema": 1, "summary": text.summarise(records).to_dict(), "claims": list(records)}
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
