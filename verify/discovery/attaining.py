"""Lower bounds: families of datasets with an integer that grows, on which a law is attained and not outrun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Bool, Float

from solvers.display import html, plain
from solvers.errors import InputError
from verify.backend import working_on
from verify.claims import envelopes, faults
from verify.claims.claim import Claim, Twin
from verify.claims.judge import Verdict, judge
from verify.claims.kinds import Rate, Tight
from verify.claims.provenance import Promise
from verify.claims.verdict import Outcome
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset
from verify.discovery.exponents import slopes
from verify.discovery.ladder import law_of
from verify.discovery.stating import after, beside, environment, expression, one_claim
from verify.laws import Law
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.seeds import derived_seed
from verify.trials.profiles import PROFILES, Profile
from verify.trials.settling import settle
from verify.trials.shrinking import counterexample
from verify.trials.trial import laboratory

WAYS = {"copies": "taken k times", "far": "k times as far out"}
"""What the integer does to one point of a dataset."""
RESOLUTION = 0.2
SHARE = 0.8
"""Of the family's datasets, on which the quantity must not fall faster."""
_DRAWN, _BASES = 32, 3  # datasets that are looked at; of the slowest, and of the others, so many are made to grow
_SEARCHED = (2, 8, 32)
_LARGEST = 64
_ROUNDS = 3  # families that are judged, each on its own
_EVERY = 2  # of the other integers one is judged
_GROWS = 0.05  # exponent in k from which on the constant grows
_OTHER = 0.3  # by which the exponents of the twins' laws differ; of laws of log t
_OTHER_LOG = 0.5

Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Growing:
    """Datasets with an integer k. way: what it does to the point of that number, counted from 0: see `WAYS`.

    prepare: what is done to each, such as scaling it to unit rows. Raises `InputError` for another way, and where there
    is no such point.
    """

    dataset: Dataset
    way: str
    point: int
    prepare: Callable[[Dataset], Dataset] | None = None

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise InputError(f"There is no way {self.way!r} to grow: use one of {', '.join(WAYS)}.")
        if not 0 <= self.point < self.dataset.n:
            raise InputError(
                f"There is no point {self.point} to grow: the dataset has {self.dataset.n}, counted from 0."
            )

    def __call__(self, k: int) -> Dataset:
        """The dataset of that integer, from 1 on, which is the first one."""
        x, y = self.dataset.x, self.dataset.y
        if self.way == "copies":
            more = np.full(k - 1, self.point)
            grown = replace(self.dataset, x=np.vstack([x, x[more]]), y=np.concatenate([y, y[more]]))
        else:
            factors = np.where(np.arange(len(x)) == self.point, float(k), 1.0)
            grown = replace(self.dataset, x=x * factors[:, None])
        grown = replace(grown, name=f"k = {k}", classes=self.dataset.classes)
        return grown if self.prepare is None else self.prepare(grown)

    def __str__(self) -> str:
        return f"{self.dataset!r}, point {self.point} {WAYS[self.way]}"


@dataclass(frozen=True)
class Attained:
    """What a search for a lower bound came to.

    law: what is to be attained. family: the datasets on which it is; None where no family was found. verdict: that of
    the claim that the quantity falls like the law on them and not faster, for integers that the search did not see.
    exponent: of the quantity in k, at the horizon. tried: families that were looked at. seeds: of the draws. refuted:
    the verdict on the claim where its own law was asked for and is refuted, before any search, with the smallest
    counterexample, where one was found.
    """

    claim: Claim
    law: Law
    family: Growing | None
    verdict: Verdict | None
    exponent: float | None
    tried: int
    resolution: float
    seeds: dict[str, int]
    refuted: Verdict | None = None
    counterexample: Case | None = None

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        name, what = self.claim.id, self.claim.quantity.name
        if self.refuted is not None:
            return f"{name} is itself refuted: {self.refuted.sentence}"
        if self.family is None or self.exponent is None:
            return (
                f"Of {name} no family of datasets was found on which the {what} falls like {self.law} and not faster."
            )
        return (
            f"On {self.family}, the {what} of {name} falls like {self.law} and not faster, for every k that was tried; "
            f"in k it grows like k^{round(self.exponent, 2) + 0.0:.2f}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        family = self.family
        told = {
            "claim": self.claim.id,
            "sentence": self.sentence,
            "law": str(self.law),
            "family": None
            if family is None
            else {"dataset": family.dataset.to_json(), "way": family.way, "point": family.point},
            "verdict": None if self.verdict is None else self.verdict.sentence,
            "exponent": self.exponent,
            "tried": self.tried,
            "resolution": self.resolution,
            "seeds": self.seeds,
            "refuted": self.refuted is not None,
            "counterexample": None if self.counterexample is None else self.counterexample.to_json(),
        }
        return plain(told)

    def _repr_html_(self) -> str:
        rows = [("law", str(self.law)), ("families tried", str(self.tried))]
        return html(self.claim.title, self.sentence, rows)


def attained(
    target: str | Claim,
    dataset: Dataset,
    way: str,
    point: int,
    law: Law,
    *,
    resolution: float = RESOLUTION,
) -> Claim:
    """The conjecture that a claim's quantity falls like a law and not faster on datasets of which one point grows.

    target: the claim, its id, or the file that defines it. dataset, way, point: see `Growing`. law: what is attained;
    the twins are a faster law, and a slower one that would be attained. resolution: of exponents.
    Raises `InputError` for datasets that cannot grow so.
    """
    claim = one_claim(target) if isinstance(target, str) else target
    family = Growing(dataset, way, point, claim.prepare)
    by = _OTHER if law.in_time else _OTHER_LOG
    faster, slower = (Tight(law.faster(step), resolution, SHARE) for step in (by, -by))
    return after(
        claim,
        "attained",
        title=f"{claim.title}, and not faster than {law}",
        statement=f"{claim.title}: on {family}, the {claim.quantity.name} falls like {law} and not faster.",
        promise=Promise.TIGHT,
        kind=Tight(law, resolution, SHARE),
        problem=lambda: st.integers(1, _LARGEST).map(family),
        twins=(
            Twin(f"the faster law {faster.law}", kind=faster, shrink=False),
            Twin(f"the slower law {slower.law}, and not faster", kind=slower, shrink=False),
        ),
        share=1 / 2,
    )


def file_of(found: Attained, target: str, path: Path) -> str:
    """A Python file that states the lower bound as a conjecture, to be tried as any other.

    target: the claim's id, or the file that it is in, which is then named by its place beside the new one's `path`.
    Raises `InputError` where no family was found.
    """
    family = found.family
    if family is None:
        raise InputError(f"No family was found on which {found.claim.id} is tight: there is nothing to write.")
    law, labels = expression(found.law), family.dataset.y.tolist()
    two = ", classes=2" if family.dataset.classes == 2 else ""
    return (
        environment()
        .get_template("attained.py.j2")
        .render(
            found=found,
            target=target,
            file=beside(target, path),
            words=WAYS[family.way],
            dataset=f"Dataset({family.dataset.x.tolist()}, {labels}{two})",
            law=law,
            steps="PowerDecay" in law,
        )
        + "\n"
    )


def attain(
    claim: Claim,
    *,
    law: Law | None = None,
    profile: str | Profile = "quick",
    resolution: float = RESOLUTION,
    seed: int = 0,
    platform: str | None = None,
    progress: Told | None = None,
) -> Attained:
    """Search for datasets with an integer that grows on which a claim's quantity falls like a law and not faster.

    claim: measured on datasets. law: what is to be attained, by default the law that the claim states. profile: how
    hard to try, by name. resolution: of exponents. seed: of all draws. platform: where to run, "cpu" or "gpu".
    Raises `InputError` for a claim without a law where none is given, and for one that is not tried on datasets.
    """
    if law is None and not isinstance(claim.kind, Rate):
        raise InputError(
            f"{claim.id} is of kind {claim.kind.name}, which states no law to be attained: give one, by --rate -1 say."
        )
    wanted = law_of(claim) if law is None else law
    assert isinstance(wanted, Law)
    if isinstance(profile, str) and profile not in PROFILES:
        raise InputError(f"There is no profile {profile!r}: use one of {', '.join(PROFILES)}.")
    if not resolution > 0:
        raise InputError(f"The resolution is {resolution}: give a positive difference in exponent, such as 0.2.")
    effort = PROFILES[profile] if isinstance(profile, str) else profile
    with working_on(platform):
        return _Search(claim, wanted, effort, resolution, seed, progress).run()


@dataclass
class _Search:
    claim: Claim
    law: Law
    profile: Profile
    resolution: float
    seed: int
    progress: Told | None

    def run(self) -> Attained:
        seeds = {"search": derived_seed(self.seed, self.claim.id, "attain", "search")}
        base = Attained(self.claim, self.law, None, None, None, 0, self.resolution, seeds)
        bases, m = self._bases(seeds["search"])
        if (verdict := self._refuted(m, seeds["search"])) is not None:
            return replace(base, refuted=verdict, counterexample=counterexample(verdict, self.profile, self.seed))
        families = [
            Growing(dataset, way, point, self.claim.prepare)
            for dataset in bases
            for way in WAYS
            for point in range(dataset.n)
        ]
        if not families:
            return base
        cases = [family(k) for family in families for k in _SEARCHED]
        m, keeps = self._measured("families", cases)
        whole = keeps.reshape(len(families), -1).all(axis=1)
        late = m.values[:, -1].reshape(len(families), -1)
        with np.errstate(divide="ignore", invalid="ignore"):
            grown = slopes(np.log(_SEARCHED), late)
        # The simplest one whose constant grows with k, and among equals that on which it grows most.
        best = sorted(np.flatnonzero(whole), key=lambda i: (grown[i] < _GROWS, families[i].dataset.x.size, -grown[i]))[
            :_ROUNDS
        ]
        for i in best:
            family = families[i]
            verdict = self._judged(family)
            if verdict.outcome is Outcome.SUPPORTED:
                return replace(
                    base, family=family, verdict=verdict, exponent=float(grown[i]), tried=len(families)
                )  # fmt: skip
        return replace(base, tried=len(families))

    def _refuted(self, m: Measurement, seed: int) -> Verdict | None:
        """The verdict on the claim, where its own law is asked for and is refuted; tried only if it looks so."""
        own = isinstance(self.claim.kind, Rate) and law_of(self.claim) == self.law
        if not own or judge(self.claim, m).outcome is not Outcome.REFUTED:
            return None
        verdict = settle(
            self.claim, laboratory(replace(self.claim, twins=()), self.profile, seed=seed), self.profile.extensions
        )
        return verdict if verdict.outcome is Outcome.REFUTED else None

    def _bases(self, seed: int) -> tuple[list[Dataset], Measurement]:
        """The smallest of the slowest half of the drawn datasets on which the law is attained, and of the others; and
        what was measured on all of them.

        Of the others some have no gap at all, until a point is taken more often than the others.
        """
        profile = replace(self.profile, datasets=_DRAWN)
        drawn = laboratory(replace(self.claim, share=1.0, twins=()), profile, seed=seed).cases
        if not all(isinstance(case, Dataset) for case in drawn):
            raise InputError(
                f"{self.claim.id} is tried on settings, and not on points and labels, so that none can be made to grow."
            )
        m, keeps = self._measured("drawn datasets", drawn)
        speed = np.where(keeps, self._growth(m), -np.inf)
        slow = [i for i in np.argsort(-speed, kind="stable") if keeps[i]]
        slow = slow[: max(_BASES, len(slow) // 2)]
        others = [i for i in range(len(drawn)) if i not in slow]
        found = []
        for places in (slow, others):
            data = [case for i in places if isinstance(case := drawn[i], Dataset)]
            found += sorted(data, key=lambda each: (each.x.size, each.n))[:_BASES]
        return found, m

    def _measured(self, what: str, cases: list[Case] | list[Dataset]) -> tuple[Measurement, Bool[np.ndarray, " b"]]:
        """The cases' curves, and on which the law is kept and not outrun."""
        horizon, own = self.profile, 10.0**self.claim.horizon
        lab = Laboratory(
            cases, steps=int(horizon.steps * own), log_time=horizon.log_time * own, scaled=False,
            progress=lambda done, total: self.progress(what, done, total) if self.progress else None,
        )  # fmt: skip
        m = faults.measured(self.claim, lab)
        kind = Tight(self.law, self.resolution, SHARE)
        grown = self._growth(m)
        with np.errstate(invalid="ignore"):
            return m, kind.slow(m) & kind.bears(m) & (grown <= kind.resolution / 2)

    def _growth(self, m: Measurement) -> Float[np.ndarray, " b"]:
        return envelopes.paired_growth(m.log_time, envelopes.above_floor(m), self.law)

    def _judged(self, family: Growing) -> Verdict:
        """The verdict on integers that the search did not see."""
        stated = attained(
            self.claim, family.dataset, family.way, family.point, self.law, resolution=self.resolution
        )  # fmt: skip
        horizon, own = self.profile, 10.0**self.claim.horizon
        unseen = [k for k in range(1, _LARGEST + 1) if k not in _SEARCHED]
        cases = [family(k) for k in unseen[::_EVERY]]
        lab = Laboratory(cases, steps=int(horizon.steps * own), log_time=horizon.log_time * own)
        return settle(replace(stated, twins=()), lab, horizon.extensions)
