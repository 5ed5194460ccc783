"""The quantity falls at least as fast as `exp(-c s(t))` for some c > 0: exponentially, stretched, like exp(-log^2)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from solvers.errors import InputError
from verify import statistics
from verify.claims.advice import Advice
from verify.claims.envelopes import LN10
from verify.claims.kinds.kind import Kind, nothing, usable, without_lost
from verify.claims.kinds.rate import FEWEST
from verify.claims.verdict import Evidence, Finding, Outcome, counted
from verify.laws import DecayLaw
from verify.problems.quantity import Measurement


@dataclass(frozen=True)
class Decay(Kind):
    """The quantity falls at least as fast as a law that hides its constant in the exponent.

    What `-log quantity` gains over the last decade of t, over what it gained in the decade before, is held against the
    same ratio of the law: constant factors of the quantity and the hidden c have no part in it. The law counts as
    broken where the ratio falls behind by more than half of what the next slower law's does.

    resolution: by how much that law's exponent is lower, of t or, where the law has no power of t, of log t: with 1
    `exp(-c log^2 t)` is told from powers of t.
    """

    law: DecayLaw
    resolution: float = 0.2

    name = "decay"
    extends = True

    def __post_init__(self):
        if not isinstance(self.law, DecayLaw):
            raise InputError(f"{self.law!r} is no law of a decay: give laws.exponential() or laws.log_squared().")
        if not self.resolution > 0:
            raise InputError(f"The resolution of a decay is {self.resolution}: give a positive difference in exponent.")

    def judge(self, quantity: str, m: Measurement) -> Finding:
        """The median over the ensemble decides; cases that fall behind alone leave it open."""
        behind = self._behind(m)
        use = usable(m) & np.isfinite(self._gains(m)).all(axis=1)
        arrived = int(np.count_nonzero(usable(m) & ~use))
        count, statistic = int(np.count_nonzero(use)), self.statistic(quantity)
        if count < FEWEST:
            told = (
                f"Only {counted(count)} bear on the law ({arrived} fell below what can be told): {FEWEST} are needed."
            )
            return nothing(statistic, self.limit, count, told, m)
        shown = np.where(use, np.clip(behind, -99.0, 99.0), np.nan)
        value, worst = statistics.median(shown[use]), int(np.nanargmax(shown))
        evidence = Evidence(
            statistic, value, self.limit, None, count, worst, float(shown[worst]), float(m.log_time[-1]), arrived
        )
        figures = (
            f"over the last decade -log of the {quantity} gained less than {self.law} asks for by {value.value:.2f} "
            f"[{value.low:.2f}, {value.high:.2f}] times half of what tells the law from {self._rival} "
            f"(median of {counted(count)}, threshold 1)"
        )
        if value.low > self.limit:
            return Finding(Outcome.REFUTED, f"The law fails: {figures}.", evidence, m)
        if value.high <= self.limit and not self.suspects(m).any():
            return Finding(Outcome.SUPPORTED, f"The law holds: {figures}.", evidence, m)
        evidence = replace(evidence, alone=int(np.count_nonzero(self.suspects(m))))
        return Finding(Outcome.INCONCLUSIVE, f"The law is undecided: {figures}.", evidence, m)

    def judge_one(self, quantity: str, m: Measurement) -> Finding:
        """A single dataset breaks the law by falling behind in two successive decades."""
        near, alone = self.nearness(m), self.alone(m)
        if not usable(m).all():
            return nothing(self.statistic(quantity), self.limit, 0, "It could not be judged.", m)
        told = f"over the last decade it lags by {near[0]:.2f} (threshold 1)"
        value = float(np.clip(near[0], -99.0, 99.0))
        interval = statistics.Interval(value, value, value)
        evidence = Evidence(
            self.statistic(quantity),
            interval,
            self.limit,
            None,
            1,
            0,
            value,
            float(m.log_time[-1]),
            alone=int(alone[0]),
        )
        behind = self._behind(m)[0] > self.limit
        outcome = Outcome.REFUTED if alone[0] else Outcome.INCONCLUSIVE if behind else Outcome.SUPPORTED
        verb = "breaks" if alone[0] else "may break" if behind else "keeps"
        return Finding(outcome, f"It {verb} the law {self.law}: {told}.", evidence, m)

    def suspects(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """Cases that fall behind alone, as far as this horizon shows."""
        return self.alone(m)

    def resolve(self, quantity: str, m: Measurement, places: Int[np.ndarray, " p"], later: Measurement) -> Finding:
        """What still falls behind at ten times the horizon refutes; what cannot be judged there is left out."""
        still = np.flatnonzero(self.alone(later))
        if len(still):
            found = self.judge(quantity, m)
            told = f"The law fails on {counted(len(still))}, at ten times the horizon too."
            evidence = replace(found.evidence, alone=len(still), worst=int(places[still[0]]))
            return replace(found, outcome=Outcome.REFUTED, sentence=told, evidence=evidence)
        kept, told = without_lost(m, places, later, f"{len(places)} fell behind at the horizon, none at ten times it")
        cleared = kept.judged.copy()
        cleared[places] = False
        found = self.judge(quantity, replace(kept, judged=cleared))
        return replace(found, sentence=f"{found.sentence} {told[0].upper()}{told[1:]}.", measurement=kept)

    @property
    def _rival(self) -> DecayLaw:
        exponent = self.law.power or self.law.log_power
        return self.law.slower(min(self.resolution, exponent / 2))

    def _gains(self, m: Measurement) -> Float[np.ndarray, "b 3"]:
        """What `-log` of the quantity gained in the last decade and in the two before; infinite at the floor."""
        with np.errstate(divide="ignore"):
            resolved = m.logs > np.log(10 * m.floor)[:, None]
        y = np.where(np.isnan(m.logs), np.nan, np.where(resolved, -m.logs, np.inf))
        at = [np.searchsorted(m.log_time, m.log_time[-1] - back * LN10 - 1e-9) for back in (0.0, 1.0, 2.0, 3.0)]
        ends = y[:, np.minimum(at, len(m.log_time) - 1)]
        with np.errstate(invalid="ignore"):
            gains = ends[:, :-1] - ends[:, 1:]
        return np.where(np.isinf(ends[:, :-1]), np.inf, gains)

    def _behind(self, m: Measurement, back: int = 0) -> Float[np.ndarray, " b"]:
        """How far each case falls behind the law in a decade, in units of the threshold; NaN where that is none."""
        gains = self._gains(m)[:, back : back + 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            grown = np.log(gains[:, 0]) - np.log(gains[:, 1])
        grown = np.where(np.isinf(gains[:, 0]) | (gains[:, 1] <= 0), np.inf, grown)
        grown = np.where(gains[:, 0] <= 0, -np.inf, grown)
        own, rival = self._ratio(self.law, m, back), self._ratio(self._rival, m, back)
        return np.where(np.isnan(gains).any(axis=1), np.nan, (own - grown) / ((own - rival) / 2))

    @staticmethod
    def _ratio(law: DecayLaw, m: Measurement, back: int) -> float:
        times = m.log_time[-1] - (back + np.arange(3.0)) * LN10
        s = law.speed(np.maximum(times, 1e-3))
        return float(np.log(s[0] - s[1]) - np.log(s[1] - s[2]))

    def alone(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """A curve that falls behind in two successive decades; less than three decades cannot say so."""
        if m.log_time[-1] - m.log_time[0] < 3 * LN10:
            return np.zeros(len(m.values), bool)
        return usable(m) & (self._behind(m) > self.limit) & (self._behind(m, 1) > self.limit)

    def nearness(self, m: Measurement) -> Float[np.ndarray, " b"]:
        """How far it falls behind in the last decade, counted up to the threshold where it did not before."""
        behind = self._behind(m)
        shown = np.where(self.alone(m), behind, np.minimum(behind, self.limit))
        return np.where(usable(m), shown, np.nan)

    @property
    def limit(self) -> float:
        """Half of what tells the law from the next slower one."""
        return 1.0

    def statistic(self, quantity: str) -> str:
        """The lag."""
        return f"lag of -log {quantity} behind {self.law} in a decade, in units of half the resolution"

    def claimed(self) -> tuple[str, float | None]:
        """The law."""
        return str(self.law), None

    def advise(self, finding: Finding) -> Advice:
        """Longer runs."""
        return Advice(10, 1, "The gain is close to its threshold: one more decade of steps tells.")

    def drawn(self, m: Measurement) -> Float[np.ndarray, "b r"]:
        """`-log` of the quantity, where that is positive."""
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(m.logs) & (m.logs < 0), -m.logs, np.nan)

    def measured(self, quantity: str) -> str:
        """`-log` of the quantity."""
        return f"-log {quantity}"

    def law_through(self, m: Measurement, drawn: Float[np.ndarray, "b r"]) -> Float[np.ndarray, " r"] | None:
        """`c s`, through the middle of the curves."""
        speed, middle = self.law.speed(np.maximum(m.log_time, 1e-3)), len(m.log_time) // 2
        found = drawn[:, middle][np.isfinite(drawn[:, middle])]
        return speed / speed[middle] * np.median(found) if len(found) else None
