"""The smallest case that refutes a claim."""

from __future__ import annotations

from collections.abc import Hashable
from math import ceil
from random import Random

import hypothesis
import numpy as np
from hypothesis.errors import NoSuchExample

from verify.claims.claim import Claim
from verify.claims.judge import Verdict, judge, refutes_alone
from verify.claims.kinds import Bound
from verify.claims.verdict import Outcome
from verify.datasets.cases import Case
from verify.seeds import derived_seed
from verify.trials.drawing import quiet, seeded
from verify.trials.profiles import Profile
from verify.trials.refutation import TWICE
from verify.trials.single import measured

# Steps of a run on a case that is being shrunk: the grid ends just past them, and just past more than twice as many.
SHORT = 4_500


def shrink(claim: Claim, profile: Profile, seed: int, *, most_steps: int = SHORT) -> Case | None:
    """The smallest case found that refutes the claim alone, and does so again with twice the steps; or None."""
    steps, log_time = min(profile.steps, most_steps), min(profile.log_time, 2e3)
    known: dict[Hashable, bool] = {}

    def refuted(case: Case, factor: float = 1.0) -> bool:
        m = measured(claim, case, steps=steps * factor, log_time=log_time * factor)
        return m is not None and bool(refutes_alone(claim, m)[0])

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


def counterexample(verdict: Verdict, profile: Profile, seed: int) -> Case | None:
    """A shrunk dataset for a refutation, where one dataset suffices to see it."""
    if not can_shrink(verdict):
        return None
    return shrink(verdict.claim, profile, seed, most_steps=enough(verdict.claim, verdict.evidence.worst_log_time))


def can_shrink(verdict: Verdict) -> bool:
    """Whether that is a refutation which one of its datasets suffices to see."""
    return verdict.outcome is Outcome.REFUTED and bool(refutes_alone(verdict.claim, verdict.measurement).any())


def shrunk(claim: Claim, case: Case, profile: Profile, seed: int) -> Case | None:
    """A shrunk dataset for a claim that was refuted, of whose trial a case with the worst curve is all that is kept."""
    m = measured(claim, case, steps=min(profile.steps, SHORT), log_time=min(profile.log_time, 2e3))
    worst = None if m is None else judge(claim, m, one=True).evidence.worst_log_time
    return shrink(claim, profile, seed, most_steps=enough(claim, worst))


def enough(claim: Claim, violated: float | None) -> int:
    """Steps of a run while shrinking: a bound that fails early is not worth running for long.

    violated: the log time at which the worst case is worst, where there is one.
    """
    if not isinstance(claim.kind, Bound) or violated is None:
        return SHORT
    return min(SHORT, ceil(3 * np.exp(min(violated, np.log(SHORT)))) + 10)
