"""A hunt in rounds, which can be interrupted and gone on with, and keeps the hardest datasets of all kinds.

A round runs datasets together: at first those that are given, such as those of published lower bounds and of earlier
hunts; then newly drawn ones and, where it is known what belongs to the claim, changed ones of the archive. Rounds
depend on the seed, their number and the archive alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from solvers.errors import InputError
from verify.backend import working_on
from verify.claims import faults
from verify.claims.claim import Claim
from verify.claims.judge import refutes_alone
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset
from verify.datasets.mutations import mutated
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.runs.trajectory import check_steps
from verify.seeds import derived_seed
from verify.trials.archive import Hard, cell_of, merged
from verify.trials.drawing import draw

ROUND = 32
FARTHER = 10.0
"""By which factor the horizon is moved before a dataset counts as an answer."""
_ATTEMPTS = 8  # to change a dataset into one that belongs to the claim
_HARDEST = 12  # of the archive, that are changed most
_ANSWERS = 8
_CONFIRMED = 2  # of a round, the simplest: each runs ten times as far


@dataclass(frozen=True)
class Progress:
    """What a hunt has done so far.

    rounds: those that are finished. cases: datasets that were run, `judged` of them judged. archive: the hardest ones,
    the hardest first. answers: those that refute the claim alone, and do so again at ten times the horizon, with
    the statistic's value then. seen: digests of what was run, none of which is run twice.
    """

    rounds: int = 0
    cases: int = 0
    judged: int = 0
    archive: tuple[Hard, ...] = ()
    answers: tuple[Hard, ...] = ()
    seen: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """Plain data, of which `from_json` makes the same."""
        return {
            "rounds": self.rounds,
            "cases": self.cases,
            "judged": self.judged,
            "archive": [hard.to_json() for hard in self.archive],
            "answers": [hard.to_json() for hard in self.answers],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Progress:
        """The inverse of `to_json`; of what was run it knows what is in the archive."""
        archive, answers = ([Hard.from_json(each) for each in record[name]] for name in ("archive", "answers"))
        seen = frozenset(_digest(hard.case) for hard in (*archive, *answers))
        return cls(record["rounds"], record["cases"], record["judged"], tuple(archive), tuple(answers), seen)


@dataclass(frozen=True)
class Ground:
    """What is hunted, and how.

    admits: whether a dataset belongs to the claim, once its `prepare` was applied; None where that is not known, and
    only drawn datasets are tried. given: what is tried first. steps, log_time: of each run. seed: of all draws.
    size: datasets a round.
    Raises `InputError` for steps that are none.
    """

    claim: Claim
    admits: Callable[[Dataset], bool] | None = None
    given: Sequence[Dataset] = ()
    steps: int = 2_000
    log_time: float = 2e3
    seed: int = 0
    size: int = ROUND

    def __post_init__(self) -> None:
        check_steps(self.steps)

    def prepared(self, cases: Iterable[Dataset]) -> list[Dataset]:
        """Those that belong to the claim, as it wants them."""
        if self.admits is None:
            raise InputError(f"It is not known what belongs to {self.claim.id}: only drawn datasets can be tried.")
        ready = (case if self.claim.prepare is None else self.claim.prepare(case) for case in cases)
        return [case for case in ready if self.admits(case)]


def follow(
    ground: Ground,
    so_far: Progress,
    *,
    go_on: Callable[[Progress], bool],
    keep: Callable[[Progress], object] = lambda progress: None,
    platform: str | None = None,
) -> Progress:
    """Hunt round after round from where a hunt stands, as long as `go_on` says so of what was done.

    keep: is told after every round. platform: where to run. Raises `InputError` for a claim that is not of datasets.
    """
    with working_on(platform):
        while go_on(so_far):
            so_far = after_round(ground, so_far)
            keep(so_far)
    return so_far


def after_round(ground: Ground, so_far: Progress) -> Progress:
    """What is known after one more round."""
    cases = [case for case in _cases(ground, so_far) if _digest(case) not in so_far.seen]
    seen = so_far.seen | {_digest(case) for case in cases}
    done = replace(so_far, rounds=so_far.rounds + 1, seen=frozenset(seen))
    if not cases or (m := _measured(ground, cases, 1.0)) is None:
        return replace(done, cases=done.cases + len(cases))
    values = ground.claim.kind.nearness(m)
    judged = np.flatnonzero(~np.isnan(values))
    hard = [Hard(float(values[i]), cases[i], cell) for i in judged if (cell := cell_of(cases[i])) is not None]
    alone = {_digest(cases[i]) for i in np.flatnonzero(refutes_alone(ground.claim, m))}
    doubtful = _simplest(one for one in hard if _digest(one.case) in alone)[:_CONFIRMED]
    answers = [again for one in doubtful if (again := _confirmed(ground, one)) is not None]
    return replace(
        done,
        cases=done.cases + len(cases),
        judged=done.judged + len(judged),
        archive=merged(done.archive, hard),
        answers=_simplest((*done.answers, *answers)),
    )


def _cases(ground: Ground, so_far: Progress) -> list[Dataset]:
    if so_far.rounds == 0 and (given := [*ground.given, *(hard.case for hard in so_far.archive)]):
        return _distinct(given if ground.admits is None else ground.prepared(given))
    some = ground.size if ground.admits is None or not so_far.archive else ground.size // 2
    drawn = _datasets(draw(ground.claim, some, derived_seed(ground.seed, f"round {so_far.rounds}")))
    drawn = drawn if ground.admits is None else ground.prepared(drawn)
    return _distinct([*drawn, *_changed(ground, so_far, ground.size - some)])


def _changed(ground: Ground, so_far: Progress, count: int) -> list[Dataset]:
    """Changed datasets of the archive: every other one of its hardest, the others of all that it holds."""
    rng = np.random.default_rng(derived_seed(ground.seed, ground.claim.id, f"changes {so_far.rounds}"))
    found: list[Dataset] = []
    for place in range(count):
        among = so_far.archive[:_HARDEST] if place % 2 == 0 else so_far.archive
        for _ in range(_ATTEMPTS):
            case = mutated(among[int(rng.integers(len(among)))].case, rng)
            if np.abs(case.x).max() > 0 and cell_of(case) is not None and (ready := ground.prepared([case])):
                found += ready
                break
    return found


def _measured(ground: Ground, cases: Sequence[Dataset], factor: float) -> Measurement | None:
    lab = Laboratory(cases, steps=int(ground.steps * factor), log_time=ground.log_time * factor, scaled=False)
    try:
        return faults.measured(ground.claim, lab)
    except faults.COSTS:
        return None


def _confirmed(ground: Ground, hard: Hard) -> Hard | None:
    """The dataset with the statistic's value at ten times the steps, if it refutes the claim there too."""
    m = _measured(ground, [hard.case], FARTHER)
    if m is None or not refutes_alone(ground.claim, m)[0]:
        return None
    return replace(hard, value=float(ground.claim.kind.nearness(m)[0]))


def _simplest(answers: Iterable[Hard]) -> tuple[Hard, ...]:
    """The answers of the fewest points, features and digits."""

    def order(hard: Hard) -> tuple[int, int, int]:
        return hard.case.n, hard.case.d, len(repr(hard.case.to_json()["x"]))

    return tuple(sorted(answers, key=order)[:_ANSWERS])


def _digest(case: Dataset) -> str:
    return hashlib.sha256(repr(case.key).encode()).hexdigest()[:16]


def _distinct(cases: Iterable[Dataset]) -> list[Dataset]:
    return list({_digest(case): case for case in cases}.values())


def _datasets(cases: Sequence[Case]) -> list[Dataset]:
    found = [case for case in cases if isinstance(case, Dataset)]
    if len(found) < len(cases):
        raise InputError("A hunt in rounds is one of datasets, and this claim is of settings: hunt it by --examples.")
    return found
