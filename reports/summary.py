"""A short summary of a run for the log of a continuous integration: what needs a look, and the verdict matrix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reports import text
from reports.matrix import Theorem, theorems
from reports.records import Record
from reports.tables import escape_markdown

_MATRIX = ("Theorem", "Claims", "Datasets informative", "False twins refuted", "Real data", "Claimed", "Observed")
_CONCERNS = ("Claim", "What", "Verdict", "Evidence")


def markdown(records: Sequence[Record]) -> str:
    """The counts, a table of what is not as it should be, and the verdict matrix, in Markdown (GitHub's dialect)."""
    summary = text.summarise(records)
    found = list(concerns(records))
    parts = [
        "# Implicit-bias theorems, checked\n",
        f"{escape_markdown(text.headline(summary))}\n",
        f"Profile {escape_markdown(', '.join(summary.profiles))}; {text.duration(summary.seconds)} of computing.\n",
        "## Not as it should be\n" if found else "Nothing is other than it should be.\n",
    ]
    if found:
        parts.append(_table(_CONCERNS, found))
    parts += ["## Verdict matrix\n", _table(_MATRIX, map(_row, theorems(records)))]
    return "\n".join(parts)


def concerns(records: Sequence[Record]) -> Iterator[tuple[str, str, str, str]]:
    """Claims that are not supported, twins that are not refuted, claims without twins, refuted real datasets."""
    for record in records:
        name = record["id"]
        if record["verdict"] != "SUPPORTED":
            yield name, "the claim", text.verdict(record["verdict"]), record["sentence"]
        if not record["twins"]:
            yield name, "false twins", "–", "There is none, so the check has not shown that it can refute."
        for twin in record["twins"]:
            if twin["verdict"] != "REFUTED":
                yield name, f"false twin: {twin['wrong']}", text.verdict(twin["verdict"]), twin["sentence"]
        for real in record["datasets"]["real"]:
            if real["verdict"] != "SUPPORTED":
                yield name, f"real dataset {real['name']}", text.verdict(real["verdict"]), real["sentence"]


def _row(theorem: Theorem) -> tuple[str, ...]:
    return (
        theorem.source,
        _counts(theorem.verdicts),
        f"{theorem.informative} of {theorem.drawn}",
        theorem.twins_refuted,
        _counts(theorem.real),
        "; ".join(theorem.laws),
        theorem.observed,
    )


def _counts(verdicts: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {text.verdict(word)}" for word, count in verdicts) or "–"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ("---",) * len(headings), *(tuple(map(escape_markdown, row)) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
