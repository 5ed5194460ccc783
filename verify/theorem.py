"""Try a theorem: draw datasets, check the claim on them and on real data, and refute its twins."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from random import Random

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import NoSuchExample
from jaxtyping import Bool

from solvers.errors import InputError
from solvers.norms import Norm
from verify import rates, realdata
from verify.cases import Case
from verify.claims import Bound, Claim, Limit, Rate
from verify.draws import seeded
from verify.evidence import Outcome, Verdict
from verify.laboratory import Laboratory
from verify.quantities import Measurement
from verify.refutation import TWICE, Refutation, explain
from verify.strategies import batches
from verify.trajectory import TrajectoryError
from verify.verdicts import breaks_alone, capped, judge, refutes_alone

_BATCH = 32
_SHORT = 5_000  # steps of a run on a case that is being shrunk


@dataclass(frozen=True)
class Profile:
    """How hard to try: datasets to draw, the horizon, how often it may be moved, and runs spent on shrinking."""

    name: str
    datasets: int
    steps: int
    log_time: float
    extensions: int
    shrinking: int


PROFILES = {
    p.name: p
    for p in (
        Profile("quick", 64, 20_000, 1e4, 2, 60),
        Profile("standard", 128, 100_000, 1e4, 2, 150),
        Profile("thorough", 512, 1_000_000, 1e5, 2, 500),
    )
}


@dataclass(frozen=True)
class TwinResult:
    """A false twin with its verdict, and the smallest dataset that refutes it alone, where one was found."""

    wrong: str
    verdict: Verdict
    counterexample: Case | None


@dataclass(frozen=True)
class Trial:
    """Everything that was learned about a claim."""

    claim: Claim
    verdict: Verdict
    twins: list[TwinResult]
    real: list[tuple[str, Verdict]]
    lab: Laboratory
    profile: Profile
    seed: int
    seconds: float
    counterexample: Case | None = None
    refutation: Refutation | None = None
    notes: list[str] = field(default_factory=list)


def derived_seed(seed: int, *axes: str) -> int:
    """A seed from the master seed and named axes."""
    return int.from_bytes(hashlib.sha256("/".join([str(seed), *axes]).encode()).digest()[:8], "big")


def quiet(max_examples: int, phases: Sequence[Phase] = (Phase.generate, Phase.shrink)) -> settings:
    """Settings of hypothesis for draws that are the same each time, and take as long as they take."""
    return settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        phases=list(phases),
        # A batch of datasets is large on purpose; what is drawn is valid by construction, so nothing is filtered out.
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


def draw(claim: Claim, count: int, seed: int) -> list[Case]:
    """Draw `count` distinct cases from the claim's problem; the same seed gives the same ones."""
    found: dict[Hashable, Case] = {}
    strategy = batches(claim.problem(), min_size=_BATCH, max_size=_BATCH)

    for attempt in range(8):

        @hypothesis.seed(derived_seed(seed, claim.id, f"draw {attempt}"))
        @quiet(max(2, count // _BATCH + 1))
        @hypothesis.given(strategy)
        def collect(batch: list[Case]) -> None:
            for case in batch:
                found.setdefault(case.key, case)

        before = len(found)
        with seeded():
            collect()
        if len(found) >= count:
            return list(found.values())[:count]
        if len(found) == before:
            break
    raise InputError(
        f"The problem of {claim.id} yields only {len(found)} distinct cases, {count} are asked for: widen it."
    )


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
    now, before = (float(rates.log_envelope_ratio(m.log_time, m.values, law, back=b)[0]) for b in (0.0, 1.0))
    over = f"by 10^{now:.3f} over the last decade and 10^{before:.3f} over the one before"
    figures = f"{claim.quantity.name} / ({law}) grew {over}"
    if now <= threshold:
        return _reworded(verdict, Outcome.SUPPORTED, f"The law holds: {figures}.")
    if before > threshold:
        return _reworded(verdict, Outcome.REFUTED, f"The law fails: {figures}.")
    return _reworded(verdict, Outcome.INCONCLUSIVE, f"The law is undecided: {figures}.")


def _reworded(verdict: Verdict, outcome: Outcome, sentence: str) -> Verdict:
    return Verdict(verdict.claim, outcome, sentence, verdict.evidence, verdict.measurement)


def shrink(
    claim: Claim, profile: Profile, seed: int, platform: str | None = None, *, most_steps: int = _SHORT
) -> Case | None:
    """The smallest case found that refutes the claim alone, and does so again with twice the steps; or None."""
    steps, log_time = min(profile.steps, most_steps), min(profile.log_time, 2e3)
    known: dict[Hashable, bool] = {}

    def refuted(case: Case, factor: float = 1.0) -> bool:
        lab = Laboratory([case], steps=int(steps * factor), log_time=log_time * factor, platform=platform)
        try:
            return bool(refutes_alone(claim, claim.quantity.measure(claim, lab))[0])
        except TrajectoryError:
            return False

    def predicate(case: Case) -> bool:
        # Out of budget nothing new refutes, which ends the search; what is known stays true when it is replayed.
        if case.key not in known:
            known[case.key] = len(known) < profile.shrinking and refuted(case)
        return known[case.key]

    random = Random(derived_seed(seed, claim.id, "shrink"))
    try:
        with seeded():
            smallest = hypothesis.find(claim.problem(), predicate, settings=quiet(profile.shrinking), random=random)
    except NoSuchExample:
        return None
    return smallest if refuted(smallest, TWICE) else None


def try_claim(
    claim: Claim,
    profile: Profile,
    *,
    seed: int = 0,
    platform: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Trial:
    """Try hard to refute a claim: on drawn and real datasets, and with its false twins, which must fall."""
    begun = time.perf_counter()

    def report(what: str) -> Callable[[int, int], None]:
        return lambda done, total: progress(what, done, total) if progress else None

    whole = profile
    profile = replace(
        profile, datasets=ceil(profile.datasets * claim.share), shrinking=ceil(profile.shrinking * claim.share)
    )
    cases = draw(claim, profile.datasets, seed)
    lab = _laboratory(claim, cases, profile, platform, report(f"{len(cases)} cases"))
    verdict = settle(claim, lab, profile.extensions)
    seen = f"{len(cases)} cases{_worst_so_far(verdict)}"
    twins = []
    for i, twin in enumerate(claim.twins):
        false = claim.twin(i)
        lab.progress = report(f"{seen}, twin: {twin.wrong}")
        outcome = settle(false, lab, profile.extensions, apart=claim.apart(i), confirm=False)
        smallest = _counterexample(outcome, profile, seed, platform) if twin.shrink else None
        twins.append(TwinResult(twin.wrong, outcome, smallest))
    real = []
    for given in claim.real:
        name, case = _real(claim, given)
        alone = _laboratory(claim, [case], profile, platform, report(f"{seen}, {name}"))
        real.append((name, settle(claim, alone, profile.extensions, judge_one)))
    # A claim that falls is worth the whole search for its smallest counterexample, however small its share.
    smallest = _counterexample(verdict, whole, seed, platform)
    steps = min(profile.steps, _SHORT)
    refutation = explain(claim, smallest, steps=steps, platform=platform) if smallest else None
    notes = list(verdict.measurement.notes)
    return Trial(
        claim, verdict, twins, real, lab, profile, seed, time.perf_counter() - begun, smallest, refutation, notes
    )


def _worst_so_far(verdict: Verdict) -> str:
    """For the progress line: the deciding number of the worst case, and what it is held against."""
    worst, threshold = verdict.evidence.worst_value, verdict.evidence.threshold
    return "" if worst is None else f", worst so far {worst:.3g} (limit {threshold:.3g})"


def _real(claim: Claim, given: str | Case) -> tuple[str, Case]:
    """A real dataset, prepared as the claim wants it, or a setting, with its name."""
    if not isinstance(given, str):
        return given.name or "unnamed", given
    dataset = realdata.parse(given)
    return given, claim.prepare(dataset) if claim.prepare else dataset


def _counterexample(verdict: Verdict, profile: Profile, seed: int, platform: str | None) -> Case | None:
    """A shrunk dataset for a refutation, where one dataset suffices to see it."""
    if verdict.outcome is not Outcome.REFUTED or not refutes_alone(verdict.claim, verdict.measurement).any():
        return None
    violated = verdict.evidence.worst_log_time
    if not isinstance(verdict.claim.kind, Bound) or violated is None:
        return shrink(verdict.claim, profile, seed, platform)
    # A bound that fails early is not worth running for long.
    return shrink(verdict.claim, profile, seed, platform, most_steps=min(_SHORT, ceil(3 * np.exp(violated)) + 10))


def _laboratory(claim: Claim, cases: Sequence[Case], profile: Profile, platform, progress) -> Laboratory:
    factor = 10.0**claim.horizon
    return Laboratory(
        cases,
        steps=int(profile.steps * factor),
        log_time=profile.log_time * factor,
        platform=platform,
        progress=progress,
    )
