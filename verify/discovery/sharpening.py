"""The fastest law that survives: searched for on some draws, judged on others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from solvers.errors import InputError
from verify import statistics
from verify.backend import working_on
from verify.claims import envelopes
from verify.claims.claim import Claim
from verify.claims.judge import Verdict, judge
from verify.claims.kinds import Decay, Rate
from verify.claims.kinds.kind import Kind
from verify.claims.verdict import Finding, Outcome
from verify.discovery.ladder import exponent, growth_of_logarithm, kind_of, ladder, law_of, slowed
from verify.discovery.sharpened import Refuted, Sharpened, ends
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


class Step(NamedTuple):
    """A step of a search, which nothing but the claim, the profile and the seed has to be known for.

    what: "search", the verdict on the claim itself; "judgement", that on a law of the ladder, on fresh draws; "hunt",
    the slowest dataset of a law. turn: of judgements, with the hunt that follows. law: its place in the ladder.
    examples: cases of the hunt.
    """

    what: str
    turn: int = 0
    law: int = 0
    examples: int = 0


Doing = Callable[[Sequence[Step], Callable[[Step], bool]], Iterator[tuple[Step, Any]]]
"""Does steps, each if it is wanted when its turn comes, and gives what they come to as they are done."""


def sharpen(
    claim: Claim,
    *,
    profile: str | Profile = "quick",
    seed: int = 0,
    resolution: float = RESOLUTION,
    examples: int = _EXAMPLES,
    platform: str | None = None,
    progress: Told | None = None,
    doing: Doing | None = None,
) -> Sharpened:
    """Search for the fastest law that a claim's quantity obeys, and judge it on draws that the search did not see.

    claim: of kind rate, tight or decay. profile: how hard to try, by name. seed: of all draws. resolution: the
    difference in exponent that the judge tells apart. examples: cases of the hunt for the slowest dataset, 0 for none.
    platform: where to run, "cpu" or "gpu". doing: does the steps of the search elsewhere, several at once.
    Raises `InputError` for a kind without a law, and for numbers that cannot be.
    """
    law_of(claim)
    if not resolution > 0:
        raise InputError(f"The resolution is {resolution}: give a positive difference in exponent, such as 0.08.")
    if examples < 0 or examples == 1:
        raise InputError(f"A hunt of {examples} examples finds nothing: give 2 or more, or 0 for none.")
    if isinstance(profile, str) and profile not in PROFILES:
        raise InputError(f"There is no profile {profile!r}: use one of {', '.join(PROFILES)}.")
    effort = PROFILES[profile] if isinstance(profile, str) else profile
    search = Search(claim, effort, seed, resolution, progress)
    with working_on(platform):
        return search.run(examples, doing or search.here)


@dataclass
class Search:
    """A search for the fastest law. profile: how hard it tries. seed: of all draws."""

    claim: Claim
    profile: Profile
    seed: int
    resolution: float
    progress: Told | None = None

    def __post_init__(self) -> None:
        self.proved = law_of(self.claim)
        self._laws = ladder(self.proved)

    def here(self, steps: Sequence[Step], wanted: Callable[[Step], bool]) -> Iterator[tuple[Step, Any]]:
        """Do steps in this process, one after the other, each if it is wanted when its turn comes."""
        yield from ((step, self.do(step)) for step in steps if wanted(step))

    def do(self, step: Step) -> Any:
        """What a step comes to, without the claim, which may not leave this process: functions of its own are in it.

        Of the search the finding, and the smallest counterexample where the claim is refuted; of a judgement the
        finding, or None where the law does not survive; of a hunt the slowest dataset.
        """
        law = self._laws[step.law]
        if isinstance(law, Law) and step.what == "hunt":
            return self._hunted(law, step.examples)
        seed = self._seed(_name(step))
        lab = self._lab(_name(step), seed)
        if step.what == "search":
            verdict = settle(self.claim, lab, self.profile.extensions)
            refuted = verdict.outcome is Outcome.REFUTED
            return _without_claim(verdict), counterexample(verdict, self.profile, seed) if refuted else None
        judged = settle(self._claim(law), lab, self.profile.extensions)
        survives = judged.outcome is Outcome.SUPPORTED and (step.law == 0 or self._falls(self._kind(law), judged))
        return _without_claim(judged) if survives else None

    def run(self, examples: int, doing: Doing) -> Sharpened:
        """The whole search. examples: cases of the hunt."""
        first = Step("search")
        ((_, (finding, smallest)),) = doing([first], lambda step: True)
        base = Sharpened(
            self.claim, self.proved, Verdict.on(self.claim, finding), smallest, None, None, None, None, None, "", None,
            1, self.resolution, {"search": self._seed("search")},
        )  # fmt: skip
        if finding.outcome is Outcome.REFUTED:
            return base
        seen, last = self._climbed(self._laws, finding.measurement)
        base, start = replace(base, tried=last + 1), max(seen, default=0)
        # Next slower ones where the first fails, and at last the stated one.
        turns = list(dict.fromkeys([*range(start, max(start - _ROUNDS + 1, 0), -1), 0]))
        known = self._judged(turns, examples, doing)
        survivor = next((step for step, value in known.items() if step.what == "judgement" and value is not None), None)
        last_turn = len(turns) - 1 if survivor is None else survivor.turn
        names = [_name(Step("judgement", turn)) for turn in range(last_turn + 1)]
        base = replace(base, seeds=base.seeds | {name: self._seed(name) for name in names})
        if survivor is None:
            return base
        found = self._found(base, survivor.law, known[survivor])
        hunt = survivor._replace(what="hunt", examples=examples)
        if hunt not in known:
            return found
        return replace(found, slowest=known[hunt], seeds=found.seeds | {"hunt": self._seed("hunt")})

    def _judged(self, turns: Sequence[int], examples: int, doing: Doing) -> dict[Step, Any]:
        """What is known of the laws of these turns once the first that survives is, by the order of the turns."""
        steps = []
        for turn, law in enumerate(turns):
            steps.append(Step("judgement", turn, law))
            if examples and not isinstance(self._laws[law], DecayLaw):
                steps.append(Step("hunt", turn, law, examples))
        known: dict[Step, Any] = {}

        def survives(turn: int) -> bool | None:
            step = Step("judgement", turn, turns[turn])
            return known[step] is not None if step in known else None

        def wanted(step: Step) -> bool:
            fails = step.what == "hunt" and survives(step.turn) is False
            return not fails and not any(survives(turn) for turn in range(step.turn))

        for step, value in doing(steps, wanted):
            known[step] = value
            if all(each in known for each in steps if wanted(each)):
                break
        return {step: known[step] for step in steps if step in known and wanted(step)}

    def _climbed(self, laws: list[Any], m: Measurement) -> tuple[list[int], int]:
        """The rungs that pass on the search's draws, and the last one that was tried: a few above those."""
        seen, index = [], 0
        for index, law in enumerate(laws):
            if self._passes(self._kind(law), m):
                seen.append(index)
            elif index - max(seen, default=0) >= _BEYOND:
                break
        return seen, index

    def _found(self, base: Sharpened, index: int, judged: Finding) -> Sharpened:
        """What the verdict on the law that survives says of it, and of faster ones."""
        law, m = self._laws[index], judged.measurement
        refuted = next(filter(None, (self._refuted(each, m) for each in self._laws[index + 1 :])), None)
        # What the judge lets pass: a law that is faster by so much is supported as well. And what a fall that still
        # slows may come to lose, if it slows by half of it a decade or more.
        allowed = self.resolution / 2 if isinstance(law, DecayLaw) else judged.evidence.threshold
        low = exponent(law) - allowed - _slowing(self._kind(law), m)
        interval = low, np.inf if refuted is None else exponent(refuted.law)
        verdict = Verdict.on(self._claim(law), judged)
        found = replace(base, law=law, judged=verdict, refuted=refuted, interval=interval, wide=interval)
        return self._with_logarithms(found, law, m) if type(law) is Law and law.power > 0 else found

    def _hunted(self, law: Law, examples: int) -> Slowest:
        return slowest(
            self.claim, law, examples=examples, seed=self._seed("hunt"),
            steps=min(self.profile.steps, 5_000), log_time=min(self.profile.log_time, 2e3),
            progress=self._report("hunt for the slowest dataset"),
        )  # fmt: skip

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
            also = f"{supported[-1]} survives as well, and with such factors the exponent is in {ends(wide)}"
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


def _name(step: Step) -> str:
    """What its seed is derived from, but for a hunt's."""
    return f"judgement {step.turn}" if step.what == "judgement" else step.what


def _without_claim(verdict: Verdict) -> Finding:
    return Finding(verdict.outcome, verdict.sentence, verdict.evidence, verdict.measurement)


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
