"""The verdict on a claim, its horizon moved while it is inconclusive."""

from __future__ import annotations

from math import ceil, log2

from solvers.norms import Norm
from verify.claims import faults
from verify.claims.claim import Claim
from verify.claims.judge import Verdict, measured
from verify.claims.verdict import Outcome
from verify.problems.laboratory import Laboratory


def settle(
    claim: Claim,
    lab: Laboratory,
    extensions: int,
    *,
    apart: tuple[str | Norm, str | Norm] | None = None,
    confirm: bool = True,
    one: bool = False,
) -> Verdict:
    """The verdict on the laboratory's datasets, the horizon being moved while it is inconclusive.

    The laboratory itself keeps its horizon, from which each claim starts.
    apart: judge only the datasets on which these two norms' margins are told apart. confirm: believe a refutation
    only if it is still one at twice the horizon, be it past the last extension. one: the laboratory holds a single
    dataset, which is no ensemble. Datasets that break a rate alone are run to ten times the horizon.
    extensions: how often the horizon may be doubled; where it is known to be several doublings away from what tells
    it is moved there at once, or as far as it may.
    """
    lab, refuted = lab.view(), False
    farthest = 10.0 * lab.steps
    among = faults.told_apart(lab, apart) if apart else None
    while True:
        verdict = measured(claim, lab, among, farther=farthest / lab.steps, one=one)
        alone = verdict.outcome is Outcome.REFUTED and verdict.evidence.alone
        doubted = confirm and verdict.outcome is Outcome.REFUTED and not refuted and not alone
        open_ = verdict.outcome is Outcome.INCONCLUSIVE and extensions > 0
        if not claim.kind.extends or not (doubted or open_):
            return verdict
        doublings = 1
        if not doubted:
            doublings = ceil(log2(min(max(claim.kind.wait(verdict.measurement), 2.0), 2.0**extensions)))
        refuted, extensions = doubted, extensions - doublings
        lab.extend(2.0**doublings)
