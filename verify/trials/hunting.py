"""A targeted search for the case that brings a claim closest to failing, which says how tight it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import hypothesis
import numpy as np
from hypothesis import Phase

from solvers.errors import InputError
from verify.backend import working_on
from verify.claims.claim import Claim
from verify.claims.judge import refutes_alone
from verify.datasets.cases import Case
from verify.problems.quantity import Measurement
from verify.seeds import derived_seed
from verify.trials.drawing import quiet, seeded
from verify.trials.refutation import TWICE
from verify.trials.single import measured

_ABSENT = -1e9  # of a case that cannot be judged: hypothesis wants a finite number


@dataclass(frozen=True)
class Hunt:
    """What a search found.

    statistic: what was made as large as possible, of which the claim allows `limit` at most. value: the largest found,
    on `case`; None where no case could be judged. examples: cases that were run, `judged` of them judged. untargeted:
    the largest value among as many cases as were drawn before the search was steered. refuted: whether the case
    refutes the claim alone, and does so again with twice the steps.
    """

    statistic: str
    limit: float
    value: float | None
    case: Case | None
    examples: int
    judged: int
    untargeted: float | None
    refuted: bool


def score(claim: Claim, m: Measurement) -> float | None:
    """The nearness of the first case to refuting the claim; None where it cannot be judged."""
    found = float(claim.kind.nearness(m)[0])
    return None if np.isnan(found) else found


def hunt(
    claim: Claim,
    *,
    examples: int = 200,
    seed: int = 0,
    steps: int = 5_000,
    log_time: float = 2e3,
    scaled: bool = False,
    platform: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Hunt:
    """Search for the case nearest to refuting the claim, steering the draws towards larger values of the statistic.

    examples: cases to run, half of them before the search is steered. The same seed finds the same case. scaled: give
    the kind the scale of a gap budget too, where there is one.
    Raises `InputError` if there are fewer than two examples.
    """
    if examples < 2:
        raise InputError(f"A search of {examples} examples finds nothing: give 2 or more.")
    known: dict[Hashable, float | None] = {}
    order: list[tuple[float, Case]] = []

    def seen(case: Case, factor: float = 1.0) -> Measurement | None:
        return measured(claim, case, steps=steps * factor, log_time=log_time * factor, scaled=scaled)

    def run(case: Case) -> float | None:
        if case.key not in known:
            m = seen(case)
            known[case.key] = None if m is None else score(claim, m)
            if (value := known[case.key]) is not None:
                order.append((value, case))
            if progress:
                progress(min(len(known), examples), examples)
        return known[case.key]

    @hypothesis.seed(derived_seed(seed, claim.id, "hunt"))
    @quiet(examples, (Phase.generate, Phase.target))
    @hypothesis.given(claim.problem())
    def search(case: Case) -> None:
        value = run(case)
        hypothesis.target(
            _ABSENT if value is None else float(np.clip(value, _ABSENT, -_ABSENT)), label="nearness to failing"
        )

    with seeded(), working_on(platform):
        search()
    name, limit = claim.kind.statistic(claim.quantity.name), claim.kind.limit
    if not order:
        return Hunt(name, limit, None, None, len(known), 0, None, False)
    best, case = max(order, key=lambda pair: pair[0])
    early = [value for value, _ in order[: max(1, len(order) // 2)]]
    with working_on(platform):
        again = seen(case, TWICE) if _refutes(claim, seen(case)) else None
    return Hunt(name, limit, best, case, len(known), len(order), max(early), _refutes(claim, again))


def _refutes(claim: Claim, m: Measurement | None) -> bool:
    return m is not None and bool(refutes_alone(claim, m)[0])
