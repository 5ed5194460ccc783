"""Trying to settle a claim within a budget: more steps and more cases, as the advice on its verdict says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil

from verify.claims.claim import Claim
from verify.claims.judge import advise
from verify.trials.profiles import Profile
from verify.trials.trial import Trial, try_claim


def enlarged(profile: Profile, steps: float, cases: float) -> Profile:
    """The profile with so many times the steps (and log time) and the cases."""
    return replace(
        profile,
        steps=ceil(profile.steps * steps),
        log_time=profile.log_time * steps,
        datasets=ceil(profile.datasets * cases),
    )


def insist(
    claim: Claim,
    profile: Profile,
    budget: float,
    *,
    seed: int = 0,
    platform: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> Trial:
    """Try a claim, and again with what would settle it while it is inconclusive and the budget lasts.

    budget: how many times the profile's work (steps times cases) one trial may cost. tell: gets a sentence before each
    further trial.
    """
    steps, cases = 1.0, 1.0
    while True:
        larger = enlarged(profile, steps, cases)
        trial = try_claim(claim, larger, seed=seed, platform=platform, progress=progress)
        advice = advise(trial.verdict)
        if advice is None or not advice.helps:
            return trial
        left = budget / (steps * cases)
        if left < 1.5:
            return trial
        # What is left is spent as advised, or as far as it goes.
        share = min(1.0, left / (advice.steps * advice.cases))
        more_steps = max(1.0, advice.steps * (share if advice.steps > 1 else 1.0))
        more_cases = max(1.0, min(advice.cases, left / more_steps))
        steps, cases = steps * more_steps, cases * more_cases
        tell(
            f"{claim.id} is inconclusive. {advice.sentence} Trying {steps:.3g} times the steps, {cases:.3g} the cases."
        )
