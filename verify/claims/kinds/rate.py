"""The quantity falls at least as fast as a law."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from solvers.errors import InputError
from verify import statistics
from verify.claims import envelopes
from verify.claims.advice import Advice, capped, times
from verify.claims.envelopes import levels_off
from verify.claims.kinds.budgeted import BudgetedRate
from verify.claims.kinds.kind import Kind, anchored, check_law, usable, without_lost
from verify.claims.verdict import Evidence, Finding, Outcome, counted
from verify.laws import Law
from verify.problems.quantity import Measurement

FEWEST = 8  # datasets that an ensemble statistic needs
_LEAST = 1e-3  # of a value that levels off above it, whatever its floor


@dataclass(frozen=True)
class Rate(Kind):
    """The quantity falls at least as fast as the law, over the ensemble.

    resolution: the difference in exponent that the check tells apart; the law counts as broken when the envelope grows
    by half of it in a decade, or where a gap budget gives the law a scale by a quarter of it.
    """

    law: Law
    resolution: float = 0.2

    name = "rate"
    extends = True

    def __post_init__(self):
        check_law(self.law)
        if not self.resolution > 0:
            raise InputError(f"The resolution of a rate is {self.resolution}: give a positive difference in exponent.")

    @property
    def _threshold(self) -> float:
        return self.resolution / 2

    def judge(self, quantity: str, m: Measurement) -> Finding:
        """On the scale of the gap budget where there is one, else by envelopes."""
        if m.scale is not None:
            return BudgetedRate(self, quantity).judge(m)
        return self._by_envelopes(quantity, m)

    def resolve(self, quantity: str, m: Measurement, places: Int[np.ndarray, " p"], later: Measurement) -> Finding:
        """What still stands at ten times the horizon refutes; what cannot be judged there is left out."""
        if m.scale is not None:
            return BudgetedRate(self, quantity).resolve(m, places, later)
        found, still = self._by_envelopes(quantity, m), np.flatnonzero(self.suspects(later))
        figures = f"{len(places)} of {found.evidence.informative} datasets stood still at the horizon"
        if len(still):
            told = f"The law fails on {counted(len(still))}: {figures}, {len(still)} at ten times it."
            worst = replace(found.evidence, alone=len(still), worst=int(places[still[0]]))
            return replace(found, outcome=Outcome.REFUTED, sentence=told, evidence=worst)
        m, told = without_lost(m, places, later, f"{figures}, none at ten times it")
        growth = found.evidence.value
        assert growth is not None
        law = f"the median growth a decade is 10^{growth.value:.3f} [{growth.low:.3f}, {growth.high:.3f}]"
        holds = growth.high <= found.evidence.threshold
        outcome = Outcome.SUPPORTED if holds else Outcome.INCONCLUSIVE
        says = "holds" if holds else "is undecided"
        lost = int(np.count_nonzero(~later.judged))
        evidence = replace(found.evidence, alone=0, informative=found.evidence.informative - lost)
        return Finding(outcome, f"The law {says}: {law}; {told}.", evidence, m)

    def _by_envelopes(self, quantity: str, m: Measurement) -> Finding:
        """The growth of the ensemble's envelope over the law decides; datasets that break it alone leave it open."""
        use, exact = self._informative(m)
        threshold = self._threshold
        # Below ten floors a curve is only known to be small: growth out of there is no growth.
        floored = np.maximum(m.values, 10 * m.floor[:, None])
        ratio = np.full(len(use), np.nan)
        ratio[use] = envelopes.log_envelope_ratio(m.log_time, floored[use], self.law)
        use &= ~np.isnan(ratio)
        count = int(np.count_nonzero(use))
        evidence = Evidence(
            self.statistic(quantity), None, threshold, None, count, *_worst(ratio, m), exactly_reached=exact
        )
        if count < FEWEST:
            reached = f"{exact} reached the limit exactly"
            sentence = f"Only {count} datasets bear on the rate ({reached}): {FEWEST} are needed."
            return Finding(Outcome.INCONCLUSIVE, sentence, evidence, m)
        growth = statistics.median(ratio[use])
        slopes = envelopes.exponents(m.log_time, m.values[use], self.law)
        evidence = replace(evidence, value=growth, exponent=statistics.median(slopes[~np.isnan(slopes)]))
        figures = (
            f"over the last decade the {quantity} divided by {self.law} grew by 10^{growth.value:.3f} "
            f"[{growth.low:.3f}, {growth.high:.3f}] (median of {count} datasets, threshold 10^{threshold:.2f})"
        )
        suspects = self.suspects(m)
        if growth.low <= threshold and suspects.any():
            worst = _worst(np.where(suspects, ratio, np.nan), m)
            evidence = replace(evidence, alone=int(np.count_nonzero(suspects)), worst=worst[0], worst_value=worst[1])
            sentence = (
                f"The law is undecided: on {evidence.alone} of {counted(count)} the {quantity} divided by "
                f"{self.law} grew in two successive decades, which ten times the horizon would settle."
            )
            return Finding(Outcome.INCONCLUSIVE, sentence, evidence, m)
        if growth.high <= threshold:
            return Finding(Outcome.SUPPORTED, f"The law holds: {figures}.", evidence, m)
        recent = envelopes.recent_growth(m.log_time, floored[use], self.law)
        recent = recent[~np.isnan(recent)]
        # Growth that has died down is no refutation: half a decade must have its half of it.
        if growth.low > threshold and len(recent) and statistics.median(recent).value > threshold / 2:
            return Finding(Outcome.REFUTED, f"The law fails: {figures}, without slowing.", evidence, m)
        return Finding(Outcome.INCONCLUSIVE, f"The law is undecided: {figures}.", evidence, m)

    def _informative(self, m: Measurement) -> tuple[Bool[np.ndarray, " b"], int]:
        """Datasets whose curve is still above what its reference resolves, and how many reached the limit exactly."""
        late, _ = envelopes.windows(self.law.log_clock(m.log_time))
        # A curve with NaN has reached nothing; it is not judged either.
        open_ = envelopes.unresolved(np.nan_to_num(m.values, nan=np.inf), m.floor, late)
        return m.judged & open_, int(np.count_nonzero(m.judged & ~open_))

    def judge_one(self, quantity: str, m: Measurement) -> Finding:
        """A single dataset refutes only by growing in two successive decades."""
        if m.scale is not None:
            return BudgetedRate(self, quantity).judge_one(m)
        found = self._by_envelopes(quantity, m)
        if not m.judged.all():
            return found
        if found.evidence.exactly_reached:
            sentence = "The run reaches the limit to the width of the reference."
            return replace(found, outcome=Outcome.SUPPORTED, sentence=sentence)
        now, before = (
            float(envelopes.log_envelope_ratio(m.log_time, m.values, self.law, back=b)[0]) for b in (0.0, 1.0)
        )
        over = f"by 10^{now:.3f} over the last decade and 10^{before:.3f} over the one before"
        figures = f"{quantity} / ({self.law}) grew {over}"
        if now <= self._threshold:
            return replace(found, outcome=Outcome.SUPPORTED, sentence=f"The law holds: {figures}.")
        if before > self._threshold:
            return replace(found, outcome=Outcome.REFUTED, sentence=f"The law fails: {figures}.")
        return replace(found, outcome=Outcome.INCONCLUSIVE, sentence=f"The law is undecided: {figures}.")

    def wait(self, m: Measurement) -> float:
        """What brings half of the datasets into their regime, where there is a gap budget; else twice the horizon."""
        return 2.0 if m.scale is None else BudgetedRate(self, "").wait(m)

    def suspects(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """Datasets that break the law by themselves, as far as this horizon shows: see `envelopes.breaks_twice`.

        On the scale of a gap budget, those that may, or that forbid support: see `verify.claims.scaled`.
        """
        if m.scale is not None:
            return BudgetedRate(self, "").read(m).pending
        twice = envelopes.breaks_twice(m.log_time, envelopes.above_floor(m), self.law, self._threshold)
        return m.judged & (m.values[:, -1] > 100 * m.floor) & twice

    def alone(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """A curve that levels off well above its floor follows in no time scale a law that tends to zero."""
        above = m.values[:, -1] > np.maximum(_LEAST, 100 * m.floor)
        return usable(m) & above & levels_off(m, self.law, share=0.02)

    def nearness(self, m: Measurement) -> Float[np.ndarray, " b"]:
        """The growth over the law in the last decade, counted up to the threshold while the curve still falls."""
        growth = envelopes.log_envelope_ratio(m.log_time, envelopes.above_floor(m), self.law)
        over = np.nextafter(self.limit, np.inf)
        shown = np.where(self.alone(m), np.maximum(growth, over), np.minimum(growth, self.limit))
        return np.where(usable(m), shown, np.nan)

    @property
    def limit(self) -> float:
        """Half of the resolution."""
        return self._threshold

    def statistic(self, quantity: str) -> str:
        """The growth."""
        return f"growth of {quantity} / ({self.law}) a decade, as a power of ten"

    def claimed(self) -> tuple[str, float | None]:
        """The law, and its exponent."""
        return str(self.law), self.law.exponent

    def advise(self, finding: Finding) -> Advice:
        """Longer runs where single cases or a slow growth leave it open, more cases where the interval does."""
        m = finding.measurement
        if m.scale is not None and (known := BudgetedRate(self, "").advise(finding)) is not None:
            return known
        evidence, drawn = finding.evidence, len(m.judged)
        if evidence.alone:
            told = f"{evidence.alone} cases stand still: ten times the steps show whether they go on falling."
            return Advice(10, 1, told)
        if evidence.value is None:
            share = max(evidence.informative, 1) / drawn
            factor = capped(FEWEST / share / drawn)
            return Advice(1, factor, f"{FEWEST} informative cases are needed: about {times(factor)} draws.")
        value, threshold = evidence.value, evidence.threshold
        distance = abs(value.value - threshold)
        half = (value.high - value.low) / 2
        if half > distance / 2 and distance > 1e-3:
            # A median's interval narrows like the root of the number of cases.
            factor = capped((half / distance) ** 2 * 2)
            told = f"The interval of the growth holds the threshold: {times(factor)} cases narrow it."
            return Advice(1, factor, told)
        return Advice(10, 1, "The growth is close to its threshold and slows: one more decade of steps tells.")

    def bears(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """Curves above what their references resolve."""
        late, _ = envelopes.windows(self.law.log_clock(m.log_time))
        return m.judged & envelopes.unresolved(m.values, m.floor, late)

    def allowed(self, m: Measurement) -> Float[np.ndarray, " r"] | None:
        """The law on the scale of the gap budget, where there is one."""
        return None if m.scale is None else BudgetedRate(self, "").allowed(m)

    def law_through(self, m: Measurement, drawn: Float[np.ndarray, "b r"]) -> Float[np.ndarray, " r"] | None:
        """The law, which hides a constant."""
        return anchored(m, drawn, self.law.log_value(m.log_time))


def _worst(ratio: Float[np.ndarray, " b"], m: Measurement) -> tuple[int | None, float | None, float | None]:
    if np.isnan(ratio).all():
        return None, None, None
    worst = int(np.nanargmax(ratio))
    return worst, float(ratio[worst]), float(m.log_time[-1])
