"""Where a claim comes from: the paper, how far its statement was read, and what it promises."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Read(enum.StrEnum):
    """How far the statement of a claim was read."""

    PAPER = "in the paper"
    SECONDARY = "in a secondary source"
    STATED = "as commonly stated"
    DERIVED = "derived"
    OBSERVED = "observed here"
    CONJECTURED = "conjectured"


class Promise(enum.StrEnum):
    """What a claim promises: of both sides, from above, from below, in the limit only, or which way something goes."""

    TIGHT = "tight"
    UPPER = "upper"
    LOWER = "lower"
    ASYMPTOTIC = "asymptotic"
    DIRECTION = "direction"


@dataclass(frozen=True)
class Paper:
    """Where a claim was published."""

    key: str
    authors: str
    title: str
    year: int
    arxiv: str | None = None

    @property
    def short(self) -> str:
        """As sources name it: up to three authors, or the first of more, and the year."""
        names = self.authors.split(", ")
        return f"{self.authors if len(names) <= 3 else f'{names[0]} et al.'} {self.year}"
