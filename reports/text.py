"""Records in words and numbers: what the tables, the figures' captions and the pages have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from reports.records import Record
from reports.verified import is_verified

VERDICTS = ("SUPPORTED", "REFUTED", "INCONCLUSIVE")
# A sign beside the word, so that no verdict is told by its colour alone.
MARKS = {"SUPPORTED": "✓", "REFUTED": "✗", "INCONCLUSIVE": "?"}
_FEW = 3  # points that are told one by one
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Summary:
    """Counts over the records of one run.

    `verified` counts as `reports.verified` says. `seconds` is the sum of the claims' wall times, `created` the time of
    the newest record, `versions` the sorted set of "name version" over all records.
    """

    claims: int
    papers: int
    supported: int
    refuted: int
    inconclusive: int
    verified: int
    twins: int
    twins_refuted: int
    datasets: int
    seconds: float
    created: str
    profiles: tuple[str, ...]
    versions: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The fields as a plain dictionary."""
        return asdict(self)


def summarise(records: Sequence[Record]) -> Summary:
    """Count the verdicts, twins and datasets of at least one record."""
    verdicts = [record["verdict"] for record in records]
    twins = [twin for record in records for twin in record["twins"]]
    return Summary(
        claims=len(records),
        papers=len({record["paper"] for record in records}),
        supported=verdicts.count("SUPPORTED"),
        refuted=verdicts.count("REFUTED"),
        inconclusive=verdicts.count("INCONCLUSIVE"),
        verified=sum(is_verified(record) for record in records),
        twins=len(twins),
        twins_refuted=sum(twin["verdict"] == "REFUTED" for twin in twins),
        datasets=sum(record["datasets"]["drawn"] for record in records),
        seconds=sum(record["seconds"] for record in records),
        created=max((record["created"] for record in records), key=instant),
        profiles=tuple(sorted({record["profile"] for record in records})),
        versions=tuple(sorted({f"{k} {v}" for record in records for k, v in record["versions"].items()})),
    )


def headline(summary: Summary) -> str:
    """The outcome of a run in one or two sentences."""
    claims, papers = count(summary.claims, "claim"), count(summary.papers, "paper")
    datasets = count(summary.datasets, "dataset")
    return (
        f"{claims} from {papers} on {datasets}: {summary.supported} supported, {summary.refuted} refuted, "
        f"{summary.inconclusive} inconclusive. {summary.twins_refuted} of {summary.twins} false twins refuted; "
        f"{summary.verified} of {claims} verified."
    )


def verdict(word: str) -> str:
    """A verdict with its sign, e.g. "✓ SUPPORTED"."""
    return f"{MARKS[word]} {word}"


def number(value: float | None, digits: int = 3) -> str:
    """A number with a true minus sign: "−0.497", "100000", "1.2 × 10⁻⁷"; a dash for None."""
    if value is None:
        return "–"
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        text = str(int(value)) if value == int(value) else f"{value:.{digits}g}"
        # A long number loses no digits before the point.
        return (f"{value:.0f}" if "e" in text else text).replace("-", "−")
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    head = {"1": "", "-1": "−"}.get(mantissa, f"{mantissa.replace('-', '−')} × ")
    return f"{head}{power_of_ten(int(power))}"


def extent(value: float | None) -> str:
    """How far a case goes: a number, or "infinitely far" where a record holds none."""
    return "infinitely far" if value is None else number(value)


def percent(share: float | None, decimals: int = 1) -> str:
    """A share in percent with a true minus sign, e.g. "−12.5 %"; a dash for None."""
    if share is None:
        return "–"
    words = f"{100 * share:.{decimals}f}"
    return f"{words if float(words) else words.lstrip('-')} %".replace("-", "−")


def power_of_ten(power: int) -> str:
    """A power of ten, e.g. "10⁻²"."""
    return f"10{str(power).translate(_SUPERSCRIPTS)}"


def estimate(value: float | None, interval: Sequence[float] | None) -> str:
    """A value with its interval, to two significant digits of the interval's width."""
    if value is None:
        return "–"
    if interval is None:
        return number(value)
    low, high = interval
    width = high - low
    decimals = min(max(1 - math.floor(math.log10(width)), 2), 6) if width > 0 else 3
    if max(abs(low), abs(high), abs(value)) >= 1e4 or max(abs(low), abs(high), abs(value)) < 1e-3:
        return f"{number(value)} [{number(low)}, {number(high)}]"
    return f"{value:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]".replace("-", "−")


def claimed(record: Record) -> str:
    """The claimed law, or a dash."""
    return record["claimed"]["law"] or "–"


def observed(record: Record) -> str:
    """The fitted exponent with its interval; without one, the statistic that decided the verdict, and a trend's p."""
    seen = record["observed"]
    if seen["exponent"] is not None:
        return f"exponent {estimate(seen['exponent'], seen['interval'])}"
    if seen["value"] is not None:
        p = seen.get("p_value")
        words = f"{seen['statistic']} {estimate(seen['value'], seen['value_interval'])}".strip()
        return words if p is None else f"{words}, p {significance(p)}"
    return "–"


def sharpest(record: Record) -> float | None:
    """The constant that an explicit bound needs on all that was tried, below 1; None where that is not known.

    The trial's datasets count, and what searches found.
    """
    hunted = record.get("tightness", {})
    seen = [record["observed"]["value"], hunted.get("value"), hunted.get("extremal", {}).get("needed")]
    found = max((value for value in seen if value is not None), default=0.0)
    return found if record["kind"] == "bound" and record["verdict"] == "SUPPORTED" and found > 0 else None


def slack(record: Record) -> str:
    """By which factor an explicit bound could be smaller on all that was tried, e.g. "× 1.4"; else a dash."""
    found = sharpest(record)
    return "–" if found is None else f"× {number(1 / found, 2)}"


def nearest(record: Record) -> str:
    """The dataset that needs that constant: its points if they are few, e.g. "(1, 2) +1; (0, 3) −1", else its size.

    One that was made smaller, and needs less, comes with what it needs: "(1, 2) +1 (0.88 times)".
    """
    searched, worst, less = record.get("tightness", {}), record["datasets"]["worst"], ""
    dataset = searched.get("case") if searched.get("value") == sharpest(record) else worst and worst["dataset"]
    if "extremal" in searched and (extremal := searched["extremal"])["needed"] == sharpest(record):
        dataset = extremal["case"]
        less = f" ({number(extremal['constant'])} times)" if extremal["constant"] < extremal["needed"] else ""
    if not dataset:
        return "–"
    told = points(dataset)
    return ("; ".join(map(" ".join, told)) if len(told) <= _FEW else size(dataset)) + less


def significance(p: float) -> str:
    """A p-value after its letter, e.g. "= 0.012"; one of 0 is one below what its computation resolves."""
    return f"= {number(p)}" if p > 0 else "< 10⁻³⁰⁰"


def twins(record: Record) -> str:
    """How many false twins were refuted, e.g. "1 of 1"; a dash if there are none."""
    verdicts = [twin["verdict"] for twin in record["twins"]]
    return f"{verdicts.count('REFUTED')} of {len(verdicts)}" if verdicts else "–"


def count(number_of: int, noun: str) -> str:
    """A number of things, e.g. "1 dataset", "4 datasets"."""
    return f"{number_of} {noun}{'s' * (number_of != 1)}"


def size(dataset: dict[str, Any]) -> str:
    """The size of a dataset, e.g. "3 points in 2 dimensions"; a setting's number of values."""
    if "setting" in dataset:
        return f"a setting of {count(len(dataset['setting']), 'value')}"
    n, d = len(dataset["y"]), len(dataset["x"][0])
    return f"{count(n, 'point')} in {count(d, 'dimension')}"


def worst(record: Record) -> str:
    """The worst dataset in a few words, or a dash."""
    found = record["datasets"]["worst"]
    if found is None:
        return "–"
    return f"{number(found['value'])} at {when(record, found['step'])} ({size(found['dataset'])})"


def when(record: Record, time: float) -> str:
    """A time of a record, e.g. "t = 100000" or "log t = 500"."""
    return f"{record['time']['axis']} = {number(time)}"


def points(dataset: dict[str, Any]) -> list[tuple[str, str]]:
    """The points of a dataset and their labels, e.g. ("(1, 2)", "+1") or ("(0, 3)", "class 2"); a setting's values."""
    if "setting" in dataset:
        return [(name, _value(value)) for name, value in dataset["setting"].items()]
    binary = set(dataset["y"]) <= {-1, 1}
    labels = [("+1" if y > 0 else "−1") if binary else f"class {number(y)}" for y in dataset["y"]]
    coordinates = [f"({', '.join(number(value, 6) for value in row)})" for row in dataset["x"]]
    return list(zip(coordinates, labels, strict=True))


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"({', '.join(_value(v) for v in value)})"
    return value if isinstance(value, str) else number(value, 6)


def duration(seconds: float) -> str:
    """A wall time, e.g. "0.4 s", "42 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"


def instant(created: str) -> float:
    """The time of `created` in seconds since 1970."""
    return datetime.fromisoformat(created).timestamp()
