"""The verdict matrix: each theorem against the kinds of evidence there are for its claims."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reports import text
from reports.records import Record, slug


@dataclass(frozen=True)
class Theorem:
    """The claims with one source, in the records' order: what was claimed of one theorem, and what came of it."""

    source: str
    records: tuple[Record, ...]

    @property
    def paper(self) -> str:
        """The key of the paper that states it."""
        return self.records[0]["paper"]

    @property
    def anchor(self) -> str:
        """The theorem's id on a page."""
        return f"theorem-{slug(self.records[0]['id'])}"

    @property
    def norms(self) -> list[str]:
        """The norms of its claims, sorted."""
        return sorted({record["norm"] for record in self.records})

    @property
    def docstrings(self) -> list[list[str]]:
        """What the property files of its claims say, each file once, as paragraphs without marks of code.

        A line that begins with a word and a colon, such as "Reference:", begins a paragraph.
        """
        texts = dict.fromkeys(record["docstring"] for record in self.records if "docstring" in record)
        parts = [re.split(r"\n\n|\n(?=[A-Z]\w+: )", words.replace("`", "")) for words in texts]
        return [[" ".join(part.split()) for part in each] for each in parts]

    @property
    def laws(self) -> list[str]:
        """The laws that its claims promise, each once."""
        return list(dict.fromkeys(text.claimed(record) for record in self.records))

    @property
    def verdicts(self) -> list[tuple[str, int]]:
        """How many of its claims have which verdict, as pairs; those that occur, in the order of `text.VERDICTS`."""
        return _counted([record["verdict"] for record in self.records])

    @property
    def real(self) -> list[tuple[str, int]]:
        """The same of the real datasets of all its claims."""
        return _counted([real["verdict"] for record in self.records for real in record["datasets"]["real"]])

    @property
    def drawn(self) -> int:
        """Datasets drawn, over all claims."""
        return sum(record["datasets"]["drawn"] for record in self.records)

    @property
    def informative(self) -> int:
        """Those of them that bore on a verdict."""
        return sum(record["datasets"]["informative"] for record in self.records)

    @property
    def twins_refuted(self) -> str:
        """How many false twins were refuted, e.g. "4 of 4"; a dash without any."""
        twins = [twin["verdict"] for record in self.records for twin in record["twins"]]
        return f"{twins.count('REFUTED')} of {len(twins)}" if twins else "–"

    @property
    def sharp(self) -> bool:
        """Whether every claim has a false twin and all of them were refuted."""
        return all(
            record["twins"] and all(t["verdict"] == "REFUTED" for t in record["twins"]) for record in self.records
        )

    @property
    def verified(self) -> bool:
        """Whether each claim is verified."""
        return all(map(text.is_verified, self.records))

    @property
    def observed(self) -> str:
        """Ranges of exponents, parts of bounds that were reached, last values; for one claim, its own words."""
        if len(self.records) == 1:
            return text.observed(self.records[0])
        seen = [(record["kind"], record["observed"]) for record in self.records]
        found = {
            "exponents": [o["exponent"] for _, o in seen if o["exponent"] is not None],
            "of the bound": [o["value"] for kind, o in seen if kind == "bound" and o["value"] is not None],
            "last values": [o["value"] for kind, o in seen if kind == "limit" and o["value"] is not None],
        }
        ends = [(word, *map(text.number, (min(values), max(values)))) for word, values in found.items() if values]
        return (
            "; ".join(f"{word} {low}" if low == high else f"{word} {low} to {high}" for word, low, high in ends) or "–"
        )


def theorems(records: Sequence[Record]) -> list[Theorem]:
    """The records by source, in the order in which the sources come."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record["source"], []).append(record)
    return [Theorem(source, tuple(members)) for source, members in groups.items()]


def _counted(verdicts: list[str]) -> list[tuple[str, int]]:
    counts = Counter(verdicts)
    return [(word, counts[word]) for word in text.VERDICTS if counts[word]]
