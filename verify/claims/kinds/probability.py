"""A statement that holds with a probability that the theorem promises: how often it is broken, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from solvers.errors import InputError
from verify.claims.advice import FARTHEST, Advice, times
from verify.claims.kinds.kind import nothing, usable
from verify.claims.kinds.of_each import OfEach
from verify.claims.verdict import Evidence, Finding, Outcome
from verify.problems.quantity import Measurement
from verify.statistics import LEVEL, Interval, binomial_interval

_STATISTIC = "share of cases that break it"


class _Count(NamedTuple):
    """Of `cases` cases, those that certainly break the statement, and those of which it is not known.

    allowed: the mean of the probabilities that the theorem allows them.
    """

    cases: int
    broken: int
    open: int
    allowed: float

    def interval(self, level: float) -> tuple[float, float]:
        """The exact (Clopper-Pearson) interval of the probability; what is not known may go either way."""
        low, _ = binomial_interval(self.broken, self.cases, level)
        _, high = binomial_interval(self.broken + self.open, self.cases, level)
        return low, high


@dataclass(frozen=True)
class HighProbability(OfEach):
    """Another kind's statement, which a case may break with the probability that the theorem allows it.

    Cases are draws of all that is random, and `Measurement.chance` says what each is allowed, 1/n say. The share of
    those that break the statement has its binomial interval, at this level; it is held against the mean of what is
    allowed. It fails too where it lies above that at one size alone, whose level makes up for the number of sizes.

    each: what holds on a case, a `Bound` or a `Separation`. level: two-sided. weaker: a probability that is allowed in
    place of smaller ones, where cases are too dear to tell those: a statement that the theorem implies.
    Raises `InputError` for another kind, and for a level or a probability that is none.
    """

    level: float = LEVEL
    weaker: float = 0.0

    name = "probability"
    units_of_bound = True  # where the statement is a bound

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.level < 1:
            raise InputError(f"The level of an interval is {self.level}: give one between 0 and 1, such as {LEVEL}.")
        if not 0 <= self.weaker < 1:
            raise InputError(f"The weaker probability is {self.weaker}: give one from 0 to 1, such as 1/4.")

    def judge(self, quantity: str, m: Measurement) -> Finding:
        """The interval of the share against what is allowed."""
        chance = self._chance(quantity, m)
        use = usable(m)
        if not use.any():
            return nothing(_STATISTIC, float(np.nanmean(chance)), 0, "No case could be judged.", m)
        whole = self._count(m, chance, use)
        low, high = whole.interval(self.level)
        worst = int(np.nanargmax(self.each.nearness(m)))
        share = Interval(whole.broken / whole.cases, low, high)
        evidence = Evidence(
            _STATISTIC, share, whole.allowed, None, whole.cases, worst, share.value, float(m.log_time[-1])
        )
        if (above := self._above(m, chance, use)) is not None:
            return self._finding(Outcome.REFUTED, "It fails too often", *above, evidence, m)
        if high <= whole.allowed:
            return self._finding(
                Outcome.SUPPORTED, "It holds with the promised probability", whole, self.level, evidence, m
            )
        return self._finding(Outcome.INCONCLUSIVE, "It is undecided how often it fails", whole, self.level, evidence, m)

    def _finding(
        self, outcome: Outcome, told: str, count: _Count, level: float, evidence: Evidence, m: Measurement
    ) -> Finding:
        return Finding(outcome, f"{told}: {self.each.text}; {self._figures(count, level)}.", evidence, m)

    def judge_one(self, quantity: str, m: Measurement) -> Finding:
        """A single case that breaks the statement tells nothing of how often that happens."""
        found = self.each.judge_one(quantity, m)
        if found.outcome is not Outcome.REFUTED:
            return found
        told = f"One case breaks it, which the theorem allows with probability {self._chance(quantity, m)[0]:.3g}"
        return Finding(Outcome.INCONCLUSIVE, f"{told}. {found.sentence}", found.evidence, m)

    def _count(self, m: Measurement, chance: Float[np.ndarray, " b"], use: Bool[np.ndarray, " b"]) -> _Count:
        broken = use & self.each.alone(m)
        unknown = use & ~broken & ~self.each.kept(m)
        cases, lost, open_ = (int(np.count_nonzero(each)) for each in (use, broken, unknown))
        return _Count(cases, lost, open_, float(chance[use].mean()))

    def _above(
        self, m: Measurement, chance: Float[np.ndarray, " b"], use: Bool[np.ndarray, " b"]
    ) -> tuple[_Count, float] | None:
        """All cases, or those of one size, whose interval lies above what is allowed, and its level."""
        sizes = [use & (chance == allowed) for allowed in np.unique(chance[use])]
        groups = [use, *sizes] if len(sizes) > 1 else [use]
        level = 1 - (1 - self.level) / len(groups)
        counts = [self._count(m, chance, group) for group in groups]
        return next(((count, level) for count in counts if count.interval(level)[0] > count.allowed), None)

    def _figures(self, count: _Count, level: float) -> str:
        low, high = count.interval(level)
        verb = "breaks" if count.broken == 1 else "break"
        doubt = f", {count.open} more undecided" if count.open else ""
        return (
            f"{count.broken} of {count.cases} cases {verb} it{doubt}, so that it breaks with a probability in "
            f"[{low:.3f}, {high:.3f}] (level {100 * level:.3g} %), of which {self._whose} allows {count.allowed:.3f}"
        )

    @property
    def _whose(self) -> str:
        return "the weaker statement" if self.weaker else "the theorem"

    def statistic(self, quantity: str) -> str:
        """The statement's."""
        return self.each.statistic(quantity)

    def claimed(self) -> tuple[str, float | None]:
        """The statement, with the promised probability."""
        law, exponent = self.each.claimed()
        weaker = (
            f", with probability {1 - self.weaker:g} at least" if self.weaker else ", with the promised probability"
        )
        return f"{law}{weaker}", exponent

    def advise(self, finding: Finding) -> Advice:
        """As many more cases as would tell, if as large a share of them broke it."""
        share, allowed, cases = finding.evidence.value, finding.evidence.threshold, finding.evidence.informative
        if share is None:
            return Advice(1, 1, "No case could be judged: look at the notes.")
        factor = 2.0
        while factor <= FARTHEST:
            more = round(factor * cases)
            low, high = binomial_interval(round(share.value * more), more, self.level)
            if high <= allowed or low > allowed:
                return Advice(1, factor, f"{cases} cases leave it open: {times(factor)} would tell.")
            factor *= 1.5
        return Advice(
            1, 1, f"As many cases break it as the theorem allows, {allowed:.3g} of all: no number would tell."
        )

    def _chance(self, quantity: str, m: Measurement) -> Float[np.ndarray, " b"]:
        if m.chance is None:
            why = "does not say with which probability a case may break the claim"
            raise InputError(f"The {quantity} {why}: add chance= to its measurement.")
        return np.maximum(m.chance, self.weaker)
