"""The dataset on which a quantity falls most slowly, with a proof of its margin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np
from jaxtyping import Bool, Float

import solvers
from solvers import exact
from solvers.errors import InputError
from verify.claims import envelopes, faults
from verify.claims.claim import Claim
from verify.claims.kinds import Rate
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset
from verify.discovery.smaller import smaller
from verify.laws import Law
from verify.problems import deficit
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import norm_of
from verify.seeds import derived_seed
from verify.trials.drawing import draw
from verify.trials.hunting import hunt
from verify.trials.single import measured

KEPT = 0.95
"""Of the growth of the slowest case, what a smaller one must still have."""
_SHRINKING, _LOOKED_AT = 60, 32  # runs; draws that say what all have in common


@dataclass(frozen=True)
class Slowest:
    """The case with the slowest fall that a search found.

    case: where there is one. first: that which was found, where the case is a smaller one that falls about as slowly,
    and has what all draws have in common; drawn: its growth. growth: of quantity / law over the last decade, as a power
    of ten. later: the same at ten times the horizon, NaN where the case says nothing there: most plateaus of a lawful
    run have passed.
    examples: cases that were run, `judged` of them in their regime. refuted: whether it refutes the law alone, with
    twice the steps and with ten times as many. witness: a proof of its maximal margin in rational numbers, where the
    norm has one.
    """

    case: Case | None
    growth: float | None
    later: float | None
    examples: int
    judged: int
    refuted: bool
    witness: exact.Witness | None
    first: Case | None = None
    drawn: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data; fractions are texts."""
        return {
            "case": None if self.case is None else self.case.to_json(),
            "growth": self.growth,
            "later": self.later,
            "examples": self.examples,
            "judged": self.judged,
            "refuted": self.refuted,
            "witness": told_witness(self.witness),
            "first": None if self.first is None else self.first.to_json() | {"growth": self.drawn},
        }


@dataclass(frozen=True)
class Slowness(Rate):
    """A rate whose nearness is how slowly each dataset falls, so that a hunt climbs to the slowest one.

    Datasets that are pre-asymptotic, or at their floor, say nothing.
    """

    def telling(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """Datasets in their regime that have not arrived; without a budget, those above their floor."""
        if m.scale is None:
            return self.bears(m)
        c = m.scale.among(m.judged)
        return m.judged & deficit.regime(c).inside & c.resolved

    def nearness(self, m: Measurement) -> Float[np.ndarray, " b"]:
        """The growth of quantity / law over the last decade, as a power of ten."""
        if m.scale is not None:
            grown = deficit.growth(m.scale, self.law.log_value)
        else:
            grown = envelopes.paired_growth(m.log_time, envelopes.above_floor(m), self.law)
        return np.where(self.telling(m), grown, np.nan)

    def alone(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """Of those that tell, the ones that level off."""
        return super().alone(m) & self.telling(m)


def slowest(
    claim: Claim,
    law: Law,
    *,
    examples: int,
    seed: int,
    steps: int,
    log_time: float,
    progress: Callable[[int, int], None] | None = None,
) -> Slowest:
    """Search for the case of the claim's problem on which its quantity falls most slowly beside the law."""
    resolution = getattr(claim.kind, "resolution", 0.2)
    asked = replace(claim, kind=Slowness(law, resolution))
    found = hunt(
        asked, examples=examples, seed=seed, steps=steps, log_time=log_time, scaled=True, progress=progress
    )  # fmt: skip
    if found.case is None:
        return Slowest(None, None, None, found.examples, found.judged, False, None)
    case, growth, m = found.case, found.value, _later(asked, found.case, steps, log_time)
    # A hunt finds the plateaus of lawful runs first: what is to refute stands at ten times the horizon too.
    stands = found.refuted and m is not None and bool(asked.kind.alone(m)[0])
    first = None
    if isinstance(case, Dataset) and growth is not None and not stands:  # a refutation is one by what is drawn
        case, growth = _made_smaller(asked, case, growth, found.refuted, seed, steps, log_time)
        if case is not found.case:
            first, m = found.case, _later(asked, case, steps, log_time)
    later = None if m is None else float(asked.kind.nearness(m)[0])
    drawn = None if first is None else found.value
    return Slowest(case, growth, later, found.examples, found.judged, stands, witness_of(claim, case), first, drawn)


def _later(asked: Claim, case: Case, steps: int, log_time: float) -> Measurement | None:
    """The case at ten times the horizon."""
    return measured(asked, case, steps=10 * steps, log_time=10 * log_time, scaled=True)


def _made_smaller(
    asked: Claim, case: Dataset, growth: float, refutes: bool, seed: int, steps: int, log_time: float
) -> tuple[Dataset, float]:
    """A smaller dataset that grows `KEPT` as fast, or faster, with its growth; it refutes alone only if the case does.

    What refutes and is not drawn may be none of the theorem's data.
    """
    known = {case.key: growth}

    def holds(dataset: Dataset) -> bool:
        # Beside the whole it has the shape of that, and no program of its own.
        try:
            m = faults.measured(asked, Laboratory([case, dataset], steps=steps, log_time=log_time, scaled=True))
        except (InputError, *faults.COSTS):  # nothing separates it, say
            return False
        known[dataset.key] = float(asked.kind.nearness(m)[1])
        return bool(known[dataset.key] >= growth - (1 - KEPT) * abs(growth) and (refutes or not asked.kind.alone(m)[1]))

    try:
        drawn = draw(asked, _LOOKED_AT, derived_seed(seed, asked.id, "looked at"))
    except InputError:  # it has not as many, and what they have in common is not known
        drawn = [case]
    least = smaller(case, holds, most=_SHRINKING, among=[each for each in drawn if _is_data(each)])
    return least, known[least.key]


def _is_data(case: Case) -> TypeGuard[Dataset]:
    return isinstance(case, Dataset)


def witness_of(claim: Claim, case: Case) -> exact.Witness | None:
    """A proof of a dataset's maximal margin in rational numbers; None where the norm has none."""
    if not isinstance(case, Dataset):
        return None
    try:
        reference = solvers.max_margin(case.x, case.y, norm=norm_of(claim.subject), classes=case.classes)
        return exact.rational_witness(case.x, case.y, reference)
    except InputError:  # a subject of no norm, or one without rational brackets
        return None


def told_witness(found: exact.Witness | None) -> dict[str, Any] | None:
    """A witness as plain data; fractions are texts."""
    if found is None:
        return None
    return {
        "norm": found.norm,
        "lower": str(found.lower),
        "upper": str(found.upper),
        "weights": [str(v) for v in found.weights],
        "multipliers": [str(v) for v in found.multipliers],
    }
