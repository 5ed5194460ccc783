"""Try a theorem: draw datasets, check the claim on them and on real data, and refute its twins."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from verify.backend import Progress, devices, let_go_of_programs, working_on
from verify.claims import faults
from verify.claims.claim import Claim
from verify.claims.judge import Verdict, judge
from verify.datasets.cases import Case
from verify.datasets.real import parse
from verify.problems.laboratory import Laboratory
from verify.trials.drawing import draw
from verify.trials.profiles import Profile
from verify.trials.refutation import Refutation, explain
from verify.trials.settling import settle
from verify.trials.shrinking import SHORT, counterexample


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
    device: str
    seconds: float
    counterexample: Case | None = None
    refutation: Refutation | None = None
    notes: list[str] = field(default_factory=list)


def try_claim(
    claim: Claim,
    profile: Profile,
    *,
    seed: int = 0,
    platform: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    shrink_twins: bool = True,
    twins: Sequence[int] | None = None,
) -> Trial:
    """Try hard to refute a claim: on drawn and real datasets, and with its false twins, which must fall.

    platform: where everything is computed, "cpu" or "gpu"; by default jax's own choice.
    shrink_twins: whether to look for the smallest dataset that refutes each twin, which takes about as long as all
    else; one that refutes the claim is always looked for. `verify.trials.shrinking.counterexample` does it afterwards.
    twins: the places of those that are tried, by default all; `try_twin` tries another.
    """
    let_go_of_programs()
    with working_on(platform):
        places = range(len(claim.twins)) if twins is None else twins
        return _tried(claim, profile, seed, progress, shrink_twins, places)


def try_twin(claim: Claim, place: int, profile: Profile, *, seed: int = 0, platform: str | None = None) -> TwinResult:
    """Try one false twin of a claim, on the cases that the claim's trial draws; the smallest one is not looked for.

    Its verdict is that of the claim's trial, with which it shares no run here.
    """
    let_go_of_programs()
    with working_on(platform):
        lab = laboratory(claim, profile, seed=seed)
        return _twin(claim, place, lab, profile)


def _twin(claim: Claim, place: int, lab: Laboratory, profile: Profile) -> TwinResult:
    outcome = settle(claim.twin(place), lab, profile.extensions, apart=claim.apart(place), confirm=False)
    return TwinResult(claim.twins[place].wrong, outcome, None)


def laboratory(claim: Claim, profile: Profile, *, seed: int = 0, progress: Progress | None = None) -> Laboratory:
    """The cases that a trial of the claim draws, at its horizon; `verify.trials.settling.settle` judges it.

    Twins, real data and counterexamples, which a trial has besides, have no bearing on the claim's own verdict.
    """
    profile = _shared(claim, profile)
    return _laboratory(claim, _cases(claim, profile, seed), profile, progress)


def _shared(claim: Claim, profile: Profile) -> Profile:
    """The profile with the claim's share of its datasets."""
    return replace(profile, datasets=ceil(profile.datasets * claim.share))


def _cases(claim: Claim, profile: Profile, seed: int) -> list[Case]:
    """As many as the profile says, of the claim's larger problem where it has one and the profile draws from that."""
    larger = claim.larger if profile.larger else None
    return draw(replace(claim, problem=larger) if larger else claim, profile.datasets, seed)


def _tried(
    claim: Claim,
    whole: Profile,
    seed: int,
    progress: Callable[[str, int, int], None] | None,
    shrink_twins: bool,
    places: Sequence[int],
) -> Trial:
    begun = time.perf_counter()

    def report(what: str) -> Callable[[int, int], None]:
        return lambda done, total: progress(what, done, total) if progress else None

    profile = _shared(claim, whole)
    cases = _cases(claim, profile, seed)
    lab = _laboratory(claim, cases, profile, report(f"{len(cases)} cases"))
    verdict = settle(claim, lab, profile.extensions)
    seen = f"{len(cases)} cases{_worst_so_far(verdict)}"
    twins = []
    for place in places:
        lab.progress = report(f"{seen}, twin: {claim.twins[place].wrong}")
        found = _twin(claim, place, lab, profile)
        if shrink_twins and claim.twins[place].shrink:
            found = replace(found, counterexample=counterexample(found.verdict, profile, seed))
        twins.append(found)
    real = []
    for given in claim.real:
        name, case = _real(claim, given)
        alone = _laboratory(claim, [case], profile, report(f"{seen}, {name}"))
        real.append((name, _settled_alone(claim, alone, profile, verdict)))
    smallest = counterexample(verdict, profile, seed)
    steps = min(profile.steps, SHORT)
    refutation = explain(claim, smallest, steps=steps) if smallest else None
    notes = list(verdict.measurement.notes)
    seconds = time.perf_counter() - begun
    device = devices()[0].platform
    return Trial(claim, verdict, twins, real, lab, profile, seed, device, seconds, smallest, refutation, notes)


def _worst_so_far(verdict: Verdict) -> str:
    """For the progress line: the deciding number of the worst case, and what it is held against."""
    worst, threshold = verdict.evidence.worst_value, verdict.evidence.threshold
    return "" if worst is None else f", worst so far {worst:.3g} (limit {threshold:.3g})"


def _real(claim: Claim, given: str | Case) -> tuple[str, Case]:
    """A real dataset, prepared as the claim wants it, or a setting, with its name."""
    if not isinstance(given, str):
        return given.name or "unnamed", given
    dataset = parse(given)
    return given, claim.prepare(dataset) if claim.prepare else dataset


def _settled_alone(claim: Claim, lab: Laboratory, profile: Profile, drawn: Verdict) -> Verdict:
    """The verdict on the laboratory's only case; INCONCLUSIVE where it cannot be measured.

    drawn: the verdict on the others, at whose times nothing is known of it then.
    """
    try:
        return settle(claim, lab, profile.extensions, one=True)
    except faults.COSTS as error:
        return judge(claim, faults.unmeasured(drawn.measurement, lab.cases[0], error), one=True)


def _laboratory(claim: Claim, cases: Sequence[Case], profile: Profile, progress: Progress | None) -> Laboratory:
    factor = 10.0**claim.horizon
    return Laboratory(
        cases,
        steps=int(profile.steps * factor),
        log_time=profile.log_time * factor,
        norms=claim.norms,
        progress=progress,
    )
