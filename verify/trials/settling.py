"""The verdict on a claim, its horizon moved while it is inconclusive."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solvers.norms import Norm
from verify.claims.claim import Claim
from verify.claims.judge import Verdict, capped, judge
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
    """
    lab, refuted = lab.view(), False
    among = lab.told_apart(*apart) if apart else None
    m = claim.measure(lab)
    verdict = judge(claim, m, among, one=one)
    while claim.kind.extends and not verdict.evidence.alone:
        doubted = confirm and verdict.outcome is Outcome.REFUTED and not refuted
        if not doubted and (verdict.outcome is not Outcome.INCONCLUSIVE or extensions <= 0):
            break
        refuted, extensions = doubted, extensions - 1
        lab.extend(2.0)
        m = claim.measure(lab)
        verdict = judge(claim, m, among, one=one)
    if not verdict.evidence.alone:
        return verdict
    settled = _settle_alone(claim, lab, verdict)
    return capped(settled, replace(m, judged=m.judged & settled.measurement.judged))


def _settle_alone(claim: Claim, lab: Laboratory, verdict: Verdict) -> Verdict:
    """The verdict once the datasets that break the rate alone have been run to ten times the horizon.

    Gaps fall in steps, and a run may stand still for two decades before the next one.
    """
    suspects = np.flatnonzero(claim.kind.suspects(verdict.measurement))
    later = claim.measure(lab.part(suspects, 10.0))
    still = claim.kind.suspects(later)
    figures = f"{len(suspects)} of {verdict.evidence.informative} datasets stood still at the horizon"
    if still.any():
        count = np.count_nonzero(still)
        told = f"The law fails on {count} datasets: {figures}, {count} at ten times it."
        return replace(verdict, outcome=Outcome.REFUTED, sentence=told)
    m, evidence, told = verdict.measurement, verdict.evidence, f"{figures}, none at ten times it"
    if lost := int(np.count_nonzero(~later.judged)):
        # Left out like those that cannot be judged up to the horizon: of them nothing more will be known.
        judged = m.judged.copy()
        judged[suspects[~later.judged]] = False
        m, evidence = replace(m, judged=judged), replace(evidence, informative=evidence.informative - lost)
        told += f", where {lost} of them cannot be judged and {'is' if lost == 1 else 'are'} left out"
    kept = replace(m, notes=(*m.notes, told))
    growth = verdict.evidence.value
    assert growth is not None
    law = f"the median growth a decade is 10^{growth.value:.3f} [{growth.low:.3f}, {growth.high:.3f}]"
    outcome = Outcome.SUPPORTED if growth.high <= verdict.evidence.threshold else Outcome.INCONCLUSIVE
    says = "holds" if outcome is Outcome.SUPPORTED else "is undecided"
    return Verdict(outcome, f"The law {says}: {law}; {told}.", evidence, kept, claim)
