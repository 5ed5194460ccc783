"""The fastest law that survives: searched for on some draws, judged on others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from solvers.display import html, plain
from solvers.errors import InputError
from verify import statistics
from verify.backend import working_on
from verify.claims import envelopes
from verify.claims.claim import Claim
from verify.claims.judge import Verdict, judge
from verify.claims.kinds import Decay, Rate
from verify.claims.kinds.kind import Kind
from verify.claims.verdict import Finding, Outcome
from verify.datasets.cases import Case
from verify.discovery.ladder import exponent, growth_of_logarithm, kind_of, ladder, law_of, slowed
from verify.discovery.slowest import Slowest, slowest
from verify.laws import DecayLaw, Law
from verify.problems import deficit
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.seeds import derived_seed
from verify.trials.profiles import PROFILES, Profile
from verify.trials.settling import settle
from verify.trials.shrinking import counterexample
from verify.trials.trial import laboratory

RESOLUTION = 0.08
"""Of exponents, finer than a claim's: a law that is to be sharp must not be let off as one that is to hold."""
_ROUNDS = 4  # laws that are judged on fresh draws, each on its own
_BEYOND = 4  # rungs above the last one that passes, after which the search stops
_EXAMPLES = 60

Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Refuted:
    """A law that the fresh draws refute. datasets: on which the quantity fell behind it, of those that tell."""

    law: Law | DecayLaw
    sentence: str
    datasets: int
    of: int


@dataclass(frozen=True)
class Sharpened:
    """What a search for the fastest law came to.

    claim: the one that was sharpened, and proved: its law. verdict: on that law, at the claim's own resolution, on the
    draws of the search; where it is REFUTED nothing was searched, and `counterexample` is the smallest one, if one
    dataset suffices. law: the fastest that is SUPPORTED on fresh draws, None where none is; judged: its verdict.
    refuted: the first law above it that these draws refute; None where the ladder has none.
    interval: of the exponent in the law's clock, if the truth is a power: at least what the judge lets pass below the
    survivor, less what the exponent fell by from one decade to the next; at most that of the refuted law. wide: the
    same, if a factor of log t, or of 1 / log t, may stand beside the power. logarithms: whether such factors can be
    told at this horizon, in words; empty for laws that have none.
    slowest: what a hunt for the slowest dataset found; None where it was not asked for. tried: laws that were held
    against data, here or there. seeds: of the draws, by what they were for.
    """

    claim: Claim
    proved: Law | DecayLaw
    verdict: Verdict
    counterexample: Case | None
    law: Law | DecayLaw | None
    judged: Verdict | None
    refuted: Refuted | None
    interval: tuple[float, float] | None
    wide: tuple[float, float] | None
    logarithms: str
    slowest: Slowest | None
    tried: int
    resolution: float
    seeds: dict[str, int]

    @property
    def sharper(self) -> bool:
        """Whether a law faster than the proved one survived."""
        return self.law is not None and self.law != self.proved and not self.hunted

    @property
    def hunted(self) -> bool:
        """Whether the hunt found a dataset that refutes the law which the draws support."""
        return self.slowest is not None and self.slowest.refuted

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        name = self.claim.id
        if self.verdict.outcome is Outcome.REFUTED:
            return f"{name} is itself refuted: {self.verdict.sentence}"
        if self.law is None or self.interval is None:
            return f"Of {name} no law survives on fresh draws, so that nothing is said: {self.verdict.sentence}"
        if self.hunted:
            return f"{name} states {self.proved}; {self.law} survives the draws, and one dataset of a hunt refutes it."
        faster = f"{self.law} survives" if self.sharper else "no faster law of the ladder survives"
        return f"{name} states {self.proved}; {faster}, exponent {_ends(self.interval)}."

    def to_dict(self) -> dict[str, Any]:
        """Everything but the claim's curves, as plain data; see `solvers.display.plain` for what JSON has not."""
        told = {
            "claim": self.claim.id,
            "sentence": self.sentence,
            "proved": {"law": str(self.proved), "exponent": exponent(self.proved)},
            "outcome": str(self.verdict.outcome),
            "verdict": self.verdict.sentence,
            "counterexample": None if self.counterexample is None else self.counterexample.to_json(),
            "survives": None
            if self.law is None or self.judged is None
            else {"law": str(self.law), "exponent": exponent(self.law), "sentence": self.judged.sentence},
            "interval": None if self.interval is None else list(self.interval),
            "wide": None if self.wide is None else list(self.wide),
            "refuted": None
            if self.refuted is None
            else {
                "law": str(self.refuted.law),
                "sentence": self.refuted.sentence,
                "datasets": self.refuted.datasets,
                "of": self.refuted.of,
            },
            "logarithms": self.logarithms,
            "slowest": None if self.slowest is None else self.slowest.to_dict(),
            "tried": self.tried,
            "resolution": self.resolution,
            "seeds": self.seeds,
        }
        return plain(told)

    def _repr_html_(self) -> str:
        rows = [("proved", str(self.proved)), ("survives", str(self.law) if self.law else "none")]
        if self.refuted is not None:
            rows.append(("refuted", f"{self.refuted.law}, on {self.refuted.datasets} of {self.refuted.of} datasets"))
        rows += [("logarithms", self.logarithms)] if self.logarithms else []
        rows.append(("laws tried", str(self.tried)))
        return html(self.claim.title, self.sentence, rows)


def sharpen(
    claim: Claim,
    *,
    profile: str | Profile = "quick",
    seed: int = 0,
    resolution: float = RESOLUTION,
    examples: int = _EXAMPLES,
    platform: str | None = None,
    progress: Told | None = None,
) -> Sharpened:
    """Search for the fastest law that a claim's quantity obeys, and judge it on draws that the search did not see.

    claim: of kind rate, tight or decay. profile: how hard to try, by name. seed: of all draws. resolution: the
    difference in exponent that the judge tells apart. examples: cases of the hunt for the slowest dataset, 0 for none.
    platform: where to run, "cpu" or "gpu".
    Raises `InputError` for a kind without a law, and for numbers that cannot be.
    """
    proved = law_of(claim)
    if not resolution > 0:
        raise InputError(f"The resolution is {resolution}: give a positive difference in exponent, such as 0.08.")
    if examples < 0 or examples == 1:
        raise InputError(f"A hunt of {examples} examples finds nothing: give 2 or more, or 0 for none.")
    if isinstance(profile, str) and profile not in PROFILES:
        raise InputError(f"There is no profile {profile!r}: use one of {', '.join(PROFILES)}.")
    effort = PROFILES[profile] if isinstance(profile, str) else profile
    with working_on(platform):
        return _Search(claim, proved, effort, seed, resolution, progress).run(examples)


@dataclass
class _Search:
    claim: Claim
    proved: Law | DecayLaw
    profile: Profile
    seed: int
    resolution: float
    progress: Told | None

    def run(self, examples: int) -> Sharpened:
        seeds = {"search": self._seed("search")}
        lab = self._lab("search", seeds["search"])
        verdict = settle(self.claim, lab, self.profile.extensions)
        base = Sharpened(
            self.claim, self.proved, verdict, None, None, None, None, None, None, "", None, 1, self.resolution, seeds
        )  # fmt: skip
        if verdict.outcome is Outcome.REFUTED:
            return replace(base, counterexample=counterexample(verdict, self.profile, seeds["search"]))
        laws = ladder(self.proved)
        seen, last = self._climbed(laws, verdict.measurement)
        base = replace(base, tried=last + 1)
        start = max(seen, default=0)
        # Next slower ones where the first fails, and at last the stated one.
        for turn, index in enumerate(dict.fromkeys([*range(start, max(start - _ROUNDS + 1, 0), -1), 0])):
            seeds[f"judgement {turn}"] = self._seed(f"judgement {turn}")
            fresh = self._lab(f"judgement {turn}", seeds[f"judgement {turn}"])
            judged = settle(self._claim(laws[index]), fresh, self.profile.extensions)
            if judged.outcome is Outcome.SUPPORTED and (index == 0 or self._falls(self._kind(laws[index]), judged)):
                return self._found(base, laws, index, judged, examples)
        return base

    def _climbed(self, laws: list[Any], m: Measurement) -> tuple[list[int], int]:
        """The rungs that pass on the search's draws, and the last one that was tried: a few above those."""
        seen, index = [], 0
        for index, law in enumerate(laws):
            if self._passes(self._kind(law), m):
                seen.append(index)
            elif index - max(seen, default=0) >= _BEYOND:
                break
        return seen, index

    def _found(self, base: Sharpened, laws: list[Any], index: int, judged: Verdict, examples: int) -> Sharpened:
        law, m = laws[index], judged.measurement
        refuted = next(filter(None, (self._refuted(each, m) for each in laws[index + 1 :])), None)
        # What the judge lets pass: a law that is faster by so much is supported as well. And what a fall that still
        # slows may come to lose, if it slows by half of it a decade or more.
        allowed = self.resolution / 2 if isinstance(law, DecayLaw) else judged.evidence.threshold
        low = exponent(law) - allowed - _slowing(self._kind(law), m)
        interval = low, np.inf if refuted is None else exponent(refuted.law)
        found = replace(base, law=law, judged=judged, refuted=refuted, interval=interval, wide=interval)
        if type(law) is Law and law.power > 0:
            found = self._with_logarithms(found, law, m)
        if not examples or isinstance(law, DecayLaw):
            return found
        base.seeds["hunt"] = self._seed("hunt")
        hunted = slowest(
            self.claim, law, examples=examples, seed=base.seeds["hunt"],
            steps=min(self.profile.steps, 5_000), log_time=min(self.profile.log_time, 2e3),
            progress=self._report("hunt for the slowest dataset"),
        )  # fmt: skip
        return replace(found, slowest=hunted)

    def _refuted(self, law: Law | DecayLaw, m: Measurement) -> Refuted | None:
        """The law, if it is refuted at the horizon of the measurement."""
        kind = self._kind(law)
        found = judge(self._claim(law), m)
        if found.outcome is not Outcome.REFUTED:
            return None
        behind, of = _behind(kind, m)
        return Refuted(law, found.sentence, behind, of)

    def _passes(self, kind: Kind, m: Measurement) -> bool:
        """Whether a law may be supported, as far as the search's horizon shows: single datasets are not run further."""
        found = judge(replace(self.claim, kind=kind, twins=()), m)
        open_ = found.outcome is Outcome.INCONCLUSIVE and found.evidence.alone > 0
        return (found.outcome is Outcome.SUPPORTED or open_) and self._falls(kind, found)

    @staticmethod
    def _falls(kind: Kind, found: Finding) -> bool:
        """Whether the quantity surely fell as fast as the law over the last decade itself.

        A verdict may rest on budgets, or on what fell fast before: that supports a law, and says not that it is sharp.
        """
        value, m = found.evidence.value, found.measurement
        if value is None or value.high > found.evidence.threshold:
            return False
        if m.scale is not None or not isinstance(kind, Rate):
            return True
        grown, tells = _grown(kind, m)
        return bool(tells.any()) and statistics.median(grown[tells]).high <= kind.resolution / 2

    def _with_logarithms(self, found: Sharpened, law: Law, m: Measurement) -> Sharpened:
        """What a factor of log t, which looks like a small power of t, leaves open."""
        assert found.interval is not None
        low, high = found.interval
        supported, refuted, tried = [], np.inf, 0
        for each in slowed(law):
            outcome, tried = judge(self._claim(each), m).outcome, tried + 1
            if outcome is Outcome.REFUTED:
                refuted = each.power
                break
            supported += [each] if outcome is Outcome.SUPPORTED else []
        grown = growth_of_logarithm(m.log_time)
        wide = low - grown, max(high, refuted)
        seen = f"over the last decade log t grew like t^{grown:.2g}"
        told = f"A factor of log t would be told from a power at this horizon: {seen}."
        if supported:
            also = f"{supported[-1]} survives as well, and with such factors the exponent is in {_ends(wide)}"
            told = f"Factors of log t cannot be told from powers at this horizon: {seen}; {also}."
        return replace(found, wide=wide, logarithms=told, tried=found.tried + tried)

    def _kind(self, law: Law | DecayLaw) -> Kind:
        return kind_of(self.claim, law, self.resolution)

    def _claim(self, law: Law | DecayLaw) -> Claim:
        return replace(self.claim, kind=self._kind(law), twins=())

    def _lab(self, what: str, seed: int) -> Laboratory:
        return laboratory(replace(self.claim, twins=()), self.profile, seed=seed, progress=self._report(what))

    def _seed(self, what: str) -> int:
        return derived_seed(self.seed, self.claim.id, "sharpen", what)

    def _report(self, what: str) -> Callable[[int, int], None]:
        return lambda done, total: self.progress(what, done, total) if self.progress else None


def _ends(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"[{low:.3g}, {high:.3g}]" if np.isfinite(high) else f"[{low:.3g}, ∞)"


def _behind(kind: Kind, m: Measurement) -> tuple[int, int]:
    """On how many datasets the quantity falls behind the law over the last decade, and how many tell of it."""
    if isinstance(kind, Decay):
        near = kind.nearness(m)
        return int(np.count_nonzero(near > kind.limit)), int(np.count_nonzero(~np.isnan(near)))
    assert isinstance(kind, Rate)
    grown, tells = _grown(kind, m)
    allowed = kind.resolution / (2 if m.scale is None else 4)
    return int(np.count_nonzero(tells & (grown > allowed))), int(np.count_nonzero(tells))


def _slowing(kind: Kind, m: Measurement) -> float:
    """By how much the exponent of the last decade is below that of the one before, in the median; 0 if it is not."""
    if not isinstance(kind, Rate):
        return 0.0
    late, tells = _grown(kind, m)
    if m.scale is None:
        clock = kind.law.log_clock(m.log_time)
        before = clock <= clock[-1] - envelopes.LN10 + 1e-9
        early = envelopes.paired_growth(m.log_time[before], m.values[:, before], kind.law)
    else:
        early = deficit.growth(m.scale, kind.law.log_value, back=1.0)
    both = tells & ~np.isnan(early)
    return max(0.0, float(np.median((late - early)[both]))) if both.any() else exponent(kind.law)


def _grown(kind: Rate, m: Measurement) -> tuple[Float[np.ndarray, " b"], Bool[np.ndarray, " b"]]:
    """The growth of quantity / law over the last decade, as a power of ten, and on which datasets it tells."""
    if m.scale is None:
        # A curve with NaN does not bear on a rate.
        grown, tells = envelopes.paired_growth(m.log_time, envelopes.above_floor(m), kind.law), kind.bears(m)
    else:
        grown = deficit.growth(m.scale, kind.law.log_value)
        tells = m.judged & deficit.regime(m.scale).inside & m.scale.resolved
    return grown, tells & ~np.isnan(grown)
