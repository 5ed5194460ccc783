"""The verdict on a claim, its horizon moved while it is inconclusive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from solvers.norms import Norm
from verify.claims import envelopes
from verify.claims.claim import Claim, Limit, Rate
from verify.claims.judge import breaks_alone, capped, judge
from verify.claims.verdict import Outcome, Verdict
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement


def settle(
    claim: Claim,
    lab: Laboratory,
    extensions: int,
    judge: Callable[[Claim, Measurement, Bool[np.ndarray, " b"] | None], Verdict] = judge,
    *,
    apart: tuple[str | Norm, str | Norm] | None = None,
    confirm: bool = True,
) -> Verdict:
    """The verdict on the laboratory's datasets, the horizon being moved while it is inconclusive.

    apart: judge only the datasets on which these two norms' margins are told apart. confirm: believe a refutation
    only if it is still one at twice the horizon. Datasets that break a rate alone are run to ten times the horizon.
    """
    among = lab.told_apart(*apart) if apart else None
    m = claim.quantity.measure(claim, lab)
    verdict = judge(claim, m, among)
    if not isinstance(claim.kind, Rate | Limit):
        return verdict
    for _ in range(extensions):
        before = verdict.outcome
        if before is Outcome.SUPPORTED or verdict.evidence.alone or (before is Outcome.REFUTED and not confirm):
            break
        lab.extend(2.0)
        m = claim.quantity.measure(claim, lab)
        verdict = judge(claim, m, among)
        if before is verdict.outcome is Outcome.REFUTED:
            break
    if not verdict.evidence.alone:
        return verdict
    settled = _settle_alone(claim, lab, verdict)
    return capped(settled, replace(m, judged=m.judged & settled.measurement.judged))


def _settle_alone(claim: Claim, lab: Laboratory, verdict: Verdict) -> Verdict:
    """The verdict once the datasets that break the rate alone have been run to ten times the horizon.

    Gaps fall in steps, and a run may stand still for two decades before the next one.
    """
    assert isinstance(claim.kind, Rate)
    suspects = np.flatnonzero(breaks_alone(claim.kind, verdict.measurement))
    longer = lab.part(suspects, 10.0)
    later = claim.quantity.measure(claim, longer)
    still = breaks_alone(claim.kind, later)
    figures = f"{len(suspects)} of {verdict.evidence.informative} datasets stood still at the horizon"
    if still.any():
        count = np.count_nonzero(still)
        return _reworded(
            verdict, Outcome.REFUTED, f"The law fails on {count} datasets: {figures}, {count} at ten times it."
        )
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
    return Verdict(claim, outcome, f"The law {says}: {law}; {told}.", evidence, kept)


def judge_one(claim: Claim, m: Measurement, among: Bool[np.ndarray, " b"] | None = None) -> Verdict:
    """The verdict on a single dataset. It may refute a rate only by growing in two successive decades."""
    verdict = judge(claim, m, among)
    if not isinstance(claim.kind, Rate) or not verdict.measurement.judged.all():
        return verdict
    law, threshold = claim.kind.law, claim.kind.resolution / 2
    if verdict.evidence.exactly_reached:
        return _reworded(verdict, Outcome.SUPPORTED, "The run reaches the limit to the width of the reference.")
    now, before = (float(envelopes.log_envelope_ratio(m.log_time, m.values, law, back=b)[0]) for b in (0.0, 1.0))
    over = f"by 10^{now:.3f} over the last decade and 10^{before:.3f} over the one before"
    figures = f"{claim.quantity.name} / ({law}) grew {over}"
    if now <= threshold:
        return _reworded(verdict, Outcome.SUPPORTED, f"The law holds: {figures}.")
    if before > threshold:
        return _reworded(verdict, Outcome.REFUTED, f"The law fails: {figures}.")
    return _reworded(verdict, Outcome.INCONCLUSIVE, f"The law is undecided: {figures}.")


def _reworded(verdict: Verdict, outcome: Outcome, sentence: str) -> Verdict:
    return Verdict(verdict.claim, outcome, sentence, verdict.evidence, verdict.measurement)
