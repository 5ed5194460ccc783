"""There is a case on which a statement holds: it is supported by showing one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.errors import InputError
from verify.claims.advice import Advice, times
from verify.claims.kinds.kind import nothing, usable
from verify.claims.kinds.of_each import OfEach
from verify.claims.provenance import Promise
from verify.claims.verdict import Evidence, Finding, Outcome, counted
from verify.problems.quantity import Measurement
from verify.statistics import Interval

_AGAIN = 4


@dataclass(frozen=True)
class Exists(OfEach):
    """Among the cases that are drawn there is one of which another kind's statement holds: a witness.

    So a lower bound is stated, "there is a dataset on which no less than so many steps are needed". The cases are those
    of the construction that is claimed to hold one: that each of them breaks the statement refutes the claim about
    them, and says nothing of other data.

    each: what the witness keeps, a `Bound` or a `Separation`. fewest: cases that must break it before the claim falls.
    Raises `InputError` for another kind.
    """

    fewest: int = 8

    name = "exists"
    promise = Promise.LOWER

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fewest < 1:
            raise InputError(f"An existence falls with {self.fewest} cases: give one at least.")

    @property
    def units_of_bound(self) -> bool:  # type: ignore[override] - of the class in other kinds, here of its statement
        """Whether `drawn` depends on the kind: where the statement is a bound."""
        return self.each.units_of_bound

    def judge(self, quantity: str, m: Measurement) -> Finding:
        """The case that keeps the statement with most to spare is shown; that all break it refutes."""
        use, near = usable(m), self.each.nearness(m)
        use &= ~np.isnan(near)
        count = int(np.count_nonzero(use))
        if not count:
            return nothing(self.statistic(quantity), self.limit, 0, "No case could be judged.", m)
        best = int(np.argmin(np.where(use, near, np.inf)))
        value = float(near[best])
        spread = Interval(value, value, value)
        evidence = Evidence(
            self.statistic(quantity), spread, self.limit, None, count, best, value, float(m.log_time[-1])
        )
        kept = int(np.count_nonzero(use & self.each.kept(m)))
        if kept:
            told = f"There is one: {m.datasets[best]!r} keeps {self.each.text}, as do {kept} of {counted(count)} tried."
            return Finding(Outcome.SUPPORTED, told, evidence, m)
        broken = int(np.count_nonzero(use & self.each.alone(m)))
        told = f"{broken} of {counted(count)} break {self.each.text}, and none keeps it"
        if broken == count and count >= self.fewest:
            return Finding(Outcome.REFUTED, f"None is found: {told}.", replace(evidence, alone=0), m)
        return Finding(Outcome.INCONCLUSIVE, f"None is found yet: {told}.", evidence, m)

    def judge_one(self, quantity: str, m: Measurement) -> Finding:
        """A single case may be a witness; that it is none says nothing."""
        found = self.judge(quantity, m)
        if found.outcome is not Outcome.REFUTED:
            return found
        return replace(found, outcome=Outcome.INCONCLUSIVE, sentence="This one is no witness, which others may be.")

    def statistic(self, quantity: str) -> str:
        """The statement's, of the case that keeps it best."""
        return f"least of the cases' {self.each.statistic(quantity)}"

    def claimed(self) -> tuple[str, float | None]:
        """The statement, on one case."""
        return f"on some case: {self.each.claimed()[0]}", None

    def advise(self, finding: Finding) -> Advice:
        """More cases."""
        return Advice(
            1, _AGAIN, f"No witness among {finding.evidence.informative}: {times(_AGAIN)} cases may hold one."
        )
