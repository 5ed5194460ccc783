"""The smallest constant with which an explicit bound survives: searched for by a hunt, judged on draws of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, log10
from typing import Any, NamedTuple

import numpy as np

from solvers.display import html, plain
from solvers.errors import InputError
from verify.backend import working_on
from verify.claims import faults
from verify.claims.claim import Claim
from verify.claims.kinds import Bound
from verify.datasets.cases import Case
from verify.discovery.extremal import Extremal, Found, extremal
from verify.discovery.sweeps import swept
from verify.problems.laboratory import Laboratory
from verify.seeds import derived_seed
from verify.trials.hunting import Hunt, hunt
from verify.trials.profiles import PROFILES, Profile
from verify.trials.record import plain_case, plain_hunt
from verify.trials.trial import laboratory

_ROUNDS = 4  # constants that are judged on fresh draws, each on its own
_SHRINKING = 60  # runs in which a smaller case is looked for, of each of two ways
_LOG_TIME = 2e3
_BUILT = 4  # sweeps of each kind of data that are built
_ASSUMES = "the theorem asks more of its data than that they are separable"

Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Tightened:
    """How much of an explicit bound is needed.

    needed: the largest ratio of the quantity to its bound that was found anywhere, so that no smaller constant holds;
    None where none is above 0. survives: what the search needed, rounded up to two digits, which fresh data do not
    refute; None where they refuted one after the other. hunt: the search among the problem's cases; built: the largest
    ratio on data that are built, see `verify.discovery.sweeps`; None where there are none. fresh: the largest one on
    the data that judged the survivor; judged: how many these were. extremal: the case that needs most. refuted: whether
    the claim itself is, by a case of the hunt that does so with twice the steps again. tried: constants that were
    judged. notes: what was left out. seeds: of the data, by what they were for.
    """

    claim: Claim
    text: str
    needed: float | None
    survives: float | None
    built: float | None
    fresh: float | None
    judged: int
    hunt: Hunt
    extremal: Extremal | None
    refuted: bool
    tried: int
    notes: tuple[str, ...]
    seeds: dict[str, int]

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        name, what = self.claim.id, self.claim.quantity.name
        if self.refuted:
            return f"{name} is itself refuted: a case needs {self.needed:.4g} times its bound {self.text}."
        if self.needed is None:
            return f"Of {name} nothing is said: on no case is the {what} above 0 and below a bound that says something."
        if self.survives is None:
            return f"No constant of {name} survives fresh data: {self.needed:.4g} times {self.text} is needed at least."
        return (
            f"{name} states {self.text}; {self.survives:g} times that survives {self.judged} fresh datasets, and "
            f"{self.needed:.4g} times it is needed: it is loose by a factor of {1 / self.needed:.3g} at most."
        )

    def to_record(self) -> dict[str, Any]:
        """What a claim's record keeps of it, as its schema wants it: the hunt, and the extremal case."""
        worst, told = self.extremal, plain_hunt(self.hunt)
        if worst is None or self.needed is None:
            return told
        kept = {"needed": self.needed, "case": plain_case(worst.case), "constant": worst.constant}
        return told | {"extremal": kept | {"words": list(worst.words)}}

    def to_dict(self) -> dict[str, Any]:
        """Everything but the claim's own parts, as plain data; see `solvers.display.plain` for what JSON has not."""
        worst = self.extremal
        told = {
            "claim": self.claim.id,
            "sentence": self.sentence,
            "bound": self.text,
            "needed": self.needed,
            "survives": self.survives,
            "built": self.built,
            "fresh": self.fresh,
            "judged": self.judged,
            "hunted": {"examples": self.hunt.examples, "judged": self.hunt.judged, "unsteered": self.hunt.untargeted},
            "extremal": None if worst is None else worst.to_dict(),
            "refuted": self.refuted,
            "tried": self.tried,
            "notes": list(self.notes),
            "seeds": self.seeds,
        }
        return plain(told)

    def _repr_html_(self) -> str:
        rows = [("bound", self.text), ("needed", _written(self.needed)), ("survives", _written(self.survives))]
        if self.extremal is not None:
            rows += [("there", line) for line in self.extremal.words]
        return html(self.claim.title, self.sentence, rows)


def tighten(
    claim: Claim,
    *,
    examples: int = 200,
    steps: int = 2_000,
    datasets: int = 64,
    seed: int = 0,
    platform: str | None = None,
    progress: Told | None = None,
) -> Tightened:
    """Search for the smallest constant `c` such that `quantity <= c * bound`, and judge it on draws of its own.

    claim: of kind bound. examples: cases of the hunt. steps: of each run. datasets: fresh draws of a judgement. seed:
    of all data. platform: where to run, "cpu" or "gpu".
    Raises `InputError` for another kind, and for numbers that cannot be.
    """
    if not isinstance(claim.kind, Bound):
        raise InputError(
            f"{claim.id} is of kind {claim.kind.name}, which states no explicit bound to be tightened: give a claim of "
            "kind bound."
        )
    if examples < 2 or steps < 10 or datasets < 1:
        raise InputError(
            f"A hunt of {examples} examples, {steps} steps and {datasets} draws finds nothing: give 2, 10 and 1, or "
            "more."
        )
    profile = replace(
        PROFILES["quick"], datasets=ceil(datasets / claim.share), steps=steps, log_time=_LOG_TIME, shrinking=_SHRINKING
    )
    with working_on(platform):
        return _Search(claim, claim.kind, profile, seed, progress).run(examples)


class _Worst(NamedTuple):
    """The largest ratio, the case that has it, and how many could be judged. built: whether the case was."""

    ratio: float
    case: Case | None
    judged: int
    built: bool = False


@dataclass
class _Search:
    claim: Claim
    kind: Bound
    profile: Profile
    seed: int
    progress: Told | None

    def run(self, examples: int) -> Tightened:
        seeds = {"hunt": self._seed("hunt")}
        found = hunt(
            self.claim, examples=examples, seed=seeds["hunt"], steps=self.profile.steps, log_time=_LOG_TIME,
            progress=self._report("hunt"),
        )  # fmt: skip
        base = Tightened(
            self.claim, self.kind.text, None, None, None, None, 0, found, None, found.refuted, 0, (), seeds
        )  # fmt: skip
        if found.refuted:
            worst = _Worst(np.inf if found.value is None else found.value, found.case, found.judged)
            return replace(base, needed=found.value, extremal=self._extremal(worst, seeds, refuted=True))
        worst = _Worst(-np.inf if found.value is None else found.value, found.case, found.judged)
        built, notes = self._built("built", seeds)
        if built is not None and built.ratio > 1:
            notes, built = (f"Data that are built break the bound, and are left out: {_ASSUMES}.",), None
        base = replace(base, notes=notes, built=None if built is None else built.ratio)
        worst = max((each for each in (worst, built) if each is not None), key=_ratio)
        if worst.case is None or not worst.ratio > 0:
            return base
        for turn in range(_ROUNDS):
            if not np.isfinite(worst.ratio):  # a bound that is not positive there, which no constant mends
                break
            constant, name = rounded_up(worst.ratio), f"judgement {turn}"
            fresh = self._fresh(name, seeds)
            if built is not None and (again := self._built(f"{name}, built", seeds)[0]) is not None:
                fresh = max(fresh, again, key=_ratio)._replace(judged=fresh.judged + again.judged)
            base = replace(base, tried=turn + 1, judged=fresh.judged, fresh=fresh.ratio)
            if not fresh.judged:
                break
            base = replace(base, survives=constant if fresh.ratio <= constant else None)
            worst = max(worst, fresh, key=_ratio)
            if base.survives is not None:
                break
        return self._with_extremal(replace(base, needed=worst.ratio), worst, seeds)

    def _fresh(self, name: str, seeds: dict[str, int]) -> _Worst:
        """The case of fresh draws that needs most."""
        seeds[name] = self._seed(name)
        claim = replace(self.claim, horizon=0.0, twins=())
        cases = laboratory(claim, self.profile, seed=seeds[name]).cases
        return self._worst(name, cases)

    def _built(self, name: str, seeds: dict[str, int]) -> tuple[_Worst | None, tuple[str, ...]]:
        """The case that needs most of those that are built; None where there are none, and why."""
        seeds[name] = self._seed(name)
        try:
            sweep = swept(self.claim, "n", values=None, held={}, datasets=_BUILT, seed=seeds[name])
        except InputError as error:
            return None, (f"No data are built beside those that are drawn: {error!s}",)
        return self._worst(name, sweep.cases)._replace(built=True), ()

    def _worst(self, name: str, cases: Sequence[Case]) -> _Worst:
        lab = Laboratory(
            cases, steps=self.profile.steps, log_time=_LOG_TIME, progress=self._report(name), scaled=False
        )  # fmt: skip
        ratios = self.kind.nearness(faults.measured(self.claim, lab))
        known = int(np.count_nonzero(~np.isnan(ratios)))
        if not known:
            return _Worst(-np.inf, None, 0)
        place = int(np.nanargmax(ratios))
        return _Worst(float(ratios[place]), cases[place], known)

    def _with_extremal(self, base: Tightened, worst: _Worst, seeds: dict[str, int]) -> Tightened:
        """With the case that needs most, made smaller; a smaller draw that needs more moves the constants up.

        The judgement's data, which it does not know of, keep a larger constant as well.
        """
        least = self._extremal(worst, seeds)
        if least is None or not least.drawn or least.constant <= worst.ratio:
            return replace(base, extremal=least)
        survives = None if base.survives is None else max(base.survives, rounded_up(least.constant))
        return replace(base, needed=least.constant, survives=survives, extremal=least)

    def _extremal(self, worst: _Worst, seeds: dict[str, int], *, refuted: bool = False) -> Extremal | None:
        """The case that needs most, made smaller."""
        if worst.case is None or not np.isfinite(worst.ratio):
            return None
        seeds["shrinking"] = self._seed("shrinking")
        drawn = laboratory(replace(self.claim, twins=()), self.profile, seed=self._seed("judgement 0")).cases
        found = Found(worst.case, worst.ratio, worst.built, refuted)
        return extremal(self.claim, self.kind, found, drawn, self.profile, seeds["shrinking"])

    def _seed(self, what: str) -> int:
        return derived_seed(self.seed, self.claim.id, "tighten", what)

    def _report(self, what: str) -> Callable[[int, int], None]:
        return lambda done, total: self.progress(what, done, total) if self.progress else None


def _ratio(worst: _Worst) -> float:
    return worst.ratio


def rounded_up(value: float, digits: int = 2) -> float:
    """The next number of so many digits that is no smaller."""
    unit = 10.0 ** (floor(log10(value)) - digits + 1)
    return float(f"{ceil(value / unit * (1 - 1e-12)) * unit:.{digits}g}")


def _written(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
