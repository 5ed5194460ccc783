"""What would settle an inconclusive verdict: more steps, more cases, or a sharper measurement."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

FARTHEST = 1e4
"""A factor above this is no advice."""


@dataclass(frozen=True)
class Advice:
    """Factors on the steps (on `log t` for flows) and on the number of cases that should settle it, in a sentence.

    A factor of 1 means that more of it does not help; both are 1 where neither does.
    """

    steps: float
    cases: float
    sentence: str

    @property
    def helps(self) -> bool:
        """Whether a larger budget can settle the verdict."""
        return self.steps > 1 or self.cases > 1


def capped(factor: float) -> float:
    """A factor as advice gives it: of one decimal, from 2 to `FARTHEST`."""
    return float(min(max(ceil(factor * 10) / 10, 2.0), FARTHEST))


def times(factor: float) -> str:
    """A factor in words."""
    return f"{factor:.2g} times as many"
