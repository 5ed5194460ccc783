"""The case that needs the largest constant of an explicit bound: made smaller, with what is at a limit there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from solvers.errors import InputError
from solvers.exact import Witness
from verify.claims import faults
from verify.claims.claim import Claim
from verify.claims.kinds import Bound
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset
from verify.discovery.slowest import told_witness, witness_of
from verify.discovery.smaller import TRAITS, sized, smaller, traits
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.trials.profiles import Profile
from verify.trials.shrinking import shrink
from verify.trials.single import measured

KEPT = 0.95
"""Of the largest constant that any case needs, what a smaller case must still need."""
_SAME = 1e-9  # relative difference of sizes that is none
_LISTED = 24  # numbers


@dataclass(frozen=True)
class Extremal:
    """The case that needs the largest constant, or a smaller one that needs `KEPT` of that or more.

    constant: that it needs. when: at which time, in words. first: the case that was made smaller, and its constant;
    None where the case is the one that was found. drawn: whether the problem draws it. kept: what it has in common with
    all that the problem draws, if parts of it were left out. active: at which limits it stands, in words. witness: a
    proof of its maximal margin in rational numbers, where the norm has one.
    """

    case: Case
    constant: float
    when: str
    first: tuple[Case, float] | None
    drawn: bool
    kept: tuple[str, ...]
    active: tuple[str, ...]
    witness: Witness | None

    @property
    def made_smaller(self) -> str:
        """Of which case it was made, and how much of the constant is left, in a sentence; empty where it was not."""
        if self.first is None:
            return ""
        case, constant = self.first
        old, new = sized(case), sized(self.case)
        change = f"from {old} to {new}" if old != new else f"in its numbers, with {old} as before"
        share, largest = self.constant / constant, "the largest constant"
        told = f"{share:.3f} of {largest}" if share <= 1 else f"more: {share:.3f} times {largest} of all others"
        needs = f"It was made smaller {change}, and needs {told}."
        return f"{needs} It keeps what all drawn data have in common: {', '.join(self.kept)}." if self.kept else needs

    @property
    def words(self) -> tuple[str, ...]:
        """When it needs that, how it was made smaller, and at which limits it stands: a sentence each."""
        needs = f"This case needs {self.constant:.4g} times the bound {self.when}."
        return needs, *filter(None, (self.made_smaller,)), *(f"There {line}." for line in self.active)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; fractions are texts."""
        return {
            "case": self.case.to_json(),
            "constant": self.constant,
            "when": self.when,
            "first": None if self.first is None else {"case": self.first[0].to_json(), "constant": self.first[1]},
            "drawn": self.drawn,
            "kept": list(self.kept),
            "active": list(self.active),
            "witness": told_witness(self.witness),
        }


def times(kind: Bound, factor: float) -> Bound:
    """That bound times the factor."""
    return Bound(lambda m: factor * kind.upper(m), f"{factor:g} × {kind.text}")


@dataclass(frozen=True)
class Found:
    """A case that needs a constant, as a search found it.

    built: whether it was built, of sizes that the problem does not draw. refuted: whether it refutes the claim.
    """

    case: Case
    constant: float
    built: bool
    refuted: bool


def extremal(claim: Claim, kind: Bound, worst: Found, drawn: Sequence[Case], profile: Profile, seed: int) -> Extremal:
    """The case, or a smaller one that needs nearly as much, with what is at a limit there.

    drawn: what the problem draws. profile: steps of a run, and runs in which a smaller case is looked for, once among
    draws and once by leaving parts out. seed: of these draws.
    """
    data = [each for each in drawn if isinstance(each, Dataset)]
    # A refutation is one by what the problem draws, and has to stay a refutation.
    asked = max(KEPT * worst.constant, 1.0) if worst.refuted else KEPT * worst.constant
    again = None
    if not worst.built:
        less = replace(claim, kind=times(kind, asked), twins=())
        again = shrink(less, profile, seed, most_steps=profile.steps)
    case = worst.case if again is None else again
    least, kept = case, ()
    if isinstance(case, Dataset) and not worst.refuted:
        needs = _needing(claim, kind, (asked, worst.constant), profile, case)
        least = smaller(case, needs, most=2 * profile.shrinking, among=data)
        kept = () if least is case else tuple(name for name in traits(case, data) if name in TRAITS)
    first = None if least is worst.case else (worst.case, worst.constant)
    drawn_so = least is case and not worst.built
    m = measured(claim, least, steps=profile.steps, log_time=profile.log_time)
    if m is None:  # it can only be measured beside others, and of the one that was found that was done
        return Extremal(worst.case, worst.constant, "at a time that is not known", None, not worst.built, (), (), None)
    curve = kind.drawn(m)[0]
    column = int(np.nanargmax(curve))
    active = (*_times(claim, kind, least, m, column, profile), *_sizes(least, data), *m.notes)
    when = m.clock.when(float(m.log_time[column]))
    return Extremal(least, float(curve[column]), when, first, drawn_so, kept, active, witness_of(claim, least))


def _needing(
    claim: Claim, kind: Bound, between: tuple[float, float], profile: Profile, whole: Dataset
) -> Callable[[Dataset], bool]:
    """Of a part of a dataset, whether the constant that it needs is between these.

    What needs more than all that was found may be none of the theorem's data.
    """
    least, most = between[0], between[1] * (1 + _SAME)

    def needs(dataset: Dataset) -> bool:
        # Beside the whole it has the shape of that, and no program of its own.
        lab = Laboratory([whole, dataset], steps=profile.steps, log_time=profile.log_time, scaled=False)
        try:
            ratio = float(kind.nearness(faults.measured(claim, lab))[1])
        except (InputError, *faults.COSTS):  # nothing separates it, say
            return False
        return least <= ratio <= most

    return needs


def _times(claim: Claim, kind: Bound, case: Case, m: Measurement, column: int, profile: Profile) -> list[str]:
    """Whether the largest ratio is that of the first or the last recorded time, and if so whether it still grows."""
    known = np.flatnonzero(~np.isnan(kind.drawn(m)[0]))
    if len(known) < 2:
        return []
    if column == known[0]:
        return ["it is the first time at which the bound says something"]
    if column != known[-1]:
        return []
    later = measured(claim, case, steps=10 * profile.steps, log_time=10 * profile.log_time)
    grown = None if later is None else float(np.nanmax(kind.drawn(later)[0]))
    if grown is None or later is None or not later.log_time[-1] > m.log_time[-1]:
        return ["it is the end of the run"]
    return [f"it is the end of the run, and {grown:.4g} times the bound is needed at ten times it"]


def _sizes(case: Case, drawn: Sequence[Dataset]) -> list[str]:
    """Sizes of a dataset that are the least or the largest of those that are drawn."""
    if not isinstance(case, Dataset) or not drawn:
        return []
    found = []
    for name, size in _SIZES.items():
        own, least, largest = size(case), min(map(size, drawn)), max(map(size, drawn))
        if largest - least <= _SAME * largest:
            where = "as in all data that are drawn" if size is _length and abs(own - least) <= _SAME * own else ""
        elif abs(own - least) <= _SAME * own:
            where = "the least that is drawn"
        else:
            where = "the largest that is drawn, or above it" if own > largest * (1 - _SAME) else ""
        found += [f"{name} = {own:.4g} is {where}"] if where else []
    points = case.signed if case.binary else np.column_stack([case.x, case.y])
    distinct, often = np.unique(points, axis=0, return_counts=True)
    if len(distinct) < case.n:
        found.append(f"{len(distinct)} of the {case.n} points are distinct{_listed(distinct, often, case)}")
    return found


def _listed(distinct: np.ndarray, often: np.ndarray, case: Dataset) -> str:
    """A few points with their labels folded in, and how often each is there; empty for many points and for classes."""
    if not case.binary or distinct.size > _LISTED:
        return ""
    told = []
    for row, count in zip(distinct, often.tolist(), strict=True):
        told.append(f"({', '.join(f'{v:.6g}' for v in row)}) {'once' if count == 1 else f'{count} times'}")
    return f", y x = {', '.join(told)}"


def _length(dataset: Dataset) -> float:
    return float(np.linalg.norm(dataset.x, axis=1).max())


_SIZES: dict[str, Callable[[Dataset], float]] = {
    "n": lambda each: each.n,
    "d": lambda each: each.d,
    "k": lambda each: each.classes or 2,
    "the longest point": _length,
}
