"""The outcome of checking a claim in three values, with its evidence and one sentence."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from verify.datasets.cases import Case
from verify.problems.quantity import Measurement
from verify.statistics import Interval


class Outcome(enum.StrEnum):
    """The three values of a verdict; each member's `meaning` is a sentence."""

    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"

    @property
    def meaning(self) -> str:
        """What the outcome says, as a sentence."""
        return {
            Outcome.SUPPORTED: "The machine tried to refute the claim and could not.",
            Outcome.REFUTED: "The claim fails on data that the machine can show.",
            Outcome.INCONCLUSIVE: "The runs neither support nor refute the claim.",
        }[self]


@dataclass(frozen=True)
class Evidence:
    """The numbers behind a verdict.

    statistic, value, threshold: the number that decided, and what it was held against. exponent: the fitted one,
    against the law's clock. informative: how many datasets bore on the verdict. worst: index of the dataset
    nearest to refuting the claim (or refuting it), with `worst_value` and `worst_log_time`. exactly_reached: datasets
    whose curve ended below what the reference resolves. alone: datasets that break a rate the ensemble keeps.
    least_step, p_value: of a trend, the least change from one column of the sweep to the next, as claimed and relative
    to the first value, on every repetition of a strict trend, else in their median; and Page's test for the trend.
    """

    statistic: str
    value: Interval | None
    threshold: float
    exponent: Interval | None
    informative: int
    worst: int | None
    worst_value: float | None
    worst_log_time: float | None
    exactly_reached: int = 0
    alone: int = 0
    least_step: float | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class Finding:
    """What curves say: the outcome with its evidence, in a sentence."""

    outcome: Outcome
    sentence: str
    evidence: Evidence
    measurement: Measurement = field(repr=False)

    @property
    def worst(self) -> Case | None:
        """The case nearest to refuting the claim."""
        i = self.evidence.worst
        return None if i is None else self.measurement.datasets[i]


def counted(count: int) -> str:
    """So many datasets, in words."""
    return f"{count} dataset{'' if count == 1 else 's'}"
