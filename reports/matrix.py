"""The verdict matrix: each theorem against the kinds of evidence there are for its claims."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports import text
from reports.records import Record, slug
from reports.verified import is_verified


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
        return sorted({record["norm"] for record in self.records if record["norm"]})

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
        return all(map(is_verified, self.records))

    @property
    def observed(self) -> str:
        """What its claims showed, kind by kind, in ranges; for one claim, its own words."""
        if len(self.records) == 1:
            return text.observed(self.records[0])
        return "; ".join(_findings(self.records)) or "–"


def theorems(records: Sequence[Record]) -> list[Theorem]:
    """The records by source, in the order in which the sources come."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record["source"], []).append(record)
    return [Theorem(source, tuple(members)) for source, members in groups.items()]


def _findings(records: Sequence[Record]) -> Iterator[str]:
    """Ranges of exponents, parts of bounds that were reached, last values, changes and least steps of trends, worst
    values of separations; of a claim of another kind, its own words."""
    if found := [seen["exponent"] for record in records if (seen := record["observed"])["exponent"] is not None]:
        yield f"exponents {_span(found)}"
    kinds: dict[str, list[Record]] = {}
    for record in records:
        if record["observed"]["value"] is not None:
            kinds.setdefault(record["kind"], []).append(record)
    for kind, words in (("bound", "of the bound"), ("limit", "last values")):
        if members := kinds.pop(kind, []):
            yield f"{words} {_span([record['observed']['value'] for record in members])}"
    if members := kinds.pop("trend", []):
        yield _trends([record["observed"] for record in members])
    yield from _separations([record["observed"] for record in kinds.pop("separation", [])])
    others = [record for members in kinds.values() for record in members if record["observed"]["exponent"] is None]
    yield from dict.fromkeys(map(text.observed, others))


def _trends(seen: Sequence[Mapping[str, Any]]) -> str:
    """The median changes from end to end, the least step between columns, and the weakest significance."""
    words = [f"changes along the sweep {_span([each['value'] for each in seen])}"]
    if steps := [step for each in seen if (step := each.get("least_step")) is not None]:
        words.append(f"least step {text.number(min(steps))}")
    if levels := [p for each in seen if (p := each.get("p_value")) is not None]:
        words.append(f"largest p {text.significance(max(levels))}")
    return ", ".join(words)


def _separations(seen: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The worst values, against each threshold."""
    worst: dict[float, list[float]] = {}
    for each in seen:
        # The interval goes from the best case to the worst.
        value = each["value"] if each["value_interval"] is None else each["value_interval"][1]
        worst.setdefault(each["threshold"], []).append(value)
    return (f"at worst {_span(values)} against {text.number(threshold)}" for threshold, values in worst.items())


def _span(values: Sequence[float]) -> str:
    low, high = map(text.number, (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def _counted(verdicts: list[str]) -> list[tuple[str, int]]:
    counts = Counter(verdicts)
    return [(word, counts[word]) for word in text.VERDICTS if counts[word]]
