"""Where the theory is loose: rates that fall faster on every count than what is proved of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.exponents import Rate, rates
from reports.records import Record

_NOT_PROVED = ("observed here", "conjectured")
"""How a statement was read that nobody has proved."""


@dataclass(frozen=True)
class Loose:
    """A proved rate, and by how much at least what was observed falls faster: to the near end of its interval."""

    rate: Rate
    by: float


def loose(records: Sequence[Record]) -> list[Loose]:
    """The supported upper laws whose whole interval lies on the fast side of the proved exponent, widest gap first.

    Exponents are of the law's own clock, over the last decades of the run: a factor of log t counts as a small power.
    """
    found = [
        Loose(rate, rate.proved - (rate.interval or (rate.observed, rate.observed))[1])
        for rate in rates(records)
        if rate.observed is not None
        and rate.side == "faster"
        and rate.record["kind"] == "rate"
        and rate.record["verdict"] == "SUPPORTED"
        and rate.record.get("read") not in _NOT_PROVED
    ]
    return sorted(found, key=lambda each: (-each.by, each.rate.record["id"]))
