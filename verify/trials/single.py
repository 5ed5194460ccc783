"""A claim on one case, of which many are tried: one on which it cannot be measured says nothing."""

from __future__ import annotations

from verify.claims import faults
from verify.claims.claim import Claim
from verify.datasets.cases import Case
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement


def measured(claim: Claim, case: Case, *, steps: float, log_time: float, scaled: bool = False) -> Measurement | None:
    """The claim's quantity on one case; None where the run, the flow or a solver fails on it.

    scaled: with the scale of a budget, which no case is held to that refutes alone.
    """
    try:
        return faults.measured(claim, Laboratory([case], steps=int(steps), log_time=log_time, scaled=scaled))
    except faults.COSTS:
        return None
