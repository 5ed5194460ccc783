"""Rates and limits of gaps that have a budget: judged on its scale, as `verify.claims.scaled` reads it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from verify import statistics
from verify.claims import envelopes, scaled
from verify.claims.advice import FARTHEST, Advice, capped, times
from verify.claims.kinds.kind import without_lost
from verify.claims.scaled import Reading
from verify.claims.verdict import Evidence, Finding, Outcome, counted
from verify.laws import Law
from verify.problems.deficit import FALLS, LN10, allowed, awaited, regime, travelled
from verify.problems.quantity import Measurement

_SPEED = 0.05  # growth a decade, as a power of ten, that a limit's law, which only shapes the allowed curve, is given


@runtime_checkable
class LawKind(Protocol):
    """A kind that names a law."""

    @property
    def law(self) -> Law:
        """The law."""
        ...


@dataclass(frozen=True)
class _Budgeted:
    """What rates and limits share: readings, and datasets that are to be run to ten times the horizon."""

    kind: LawKind
    quantity: str

    @property
    def speed(self) -> float:
        """The growth of gap / law a decade, as a power of ten, that the law allows."""
        return _SPEED

    @property
    def limit(self) -> bool:
        """Whether a limit alone is claimed, however slow."""
        return False

    def read(self, m: Measurement) -> Reading:
        """The figures of a measurement."""
        assert m.scale is not None
        return scaled.read(m.scale.among(m.judged), self.kind.law.log_value, self.speed, limit=self.limit)

    def judge(self, m: Measurement) -> Finding:
        """What this horizon says; undecided while datasets are to be run further."""
        r = self.read(m)
        if (early := self.certain(r, m)) is not None:
            return early
        if (count := int(np.count_nonzero(r.pending))) > 0:
            evidence = replace(self.evidence(r, m), alone=count)
            told = f"{counted(count)} of {r.judged} stand still, which ten times the horizon would settle"
            return Finding(Outcome.INCONCLUSIVE, f"It is undecided: {told}; {self.figures(r)}.", evidence, m)
        return self.support(r, m)

    def resolve(self, m: Measurement, places: Int[np.ndarray, " p"], later: Measurement) -> Finding:
        """The same, once the datasets at these places were run to ten times the horizon."""
        now, far = self.read(m), self.read(later)
        alone = scaled.refuted_alone(now, far, places) & later.judged
        # One whose budget has come up again, as where weights are drawn back, has not gone on falling either.
        still = (far.pending | far.outside) & later.judged
        figures = f"{len(places)} of {now.judged} datasets stood still at the horizon"
        if alone.any():
            count, first = int(np.count_nonzero(alone)), int(places[np.argmax(alone)])
            evidence = replace(self.evidence(now, m), alone=count, worst=first, worst_value=float(m.values[first, -1]))
            told = f"It fails on {counted(count)}: {figures}, {count} far above what is allowed at ten times it too."
            return Finding(Outcome.REFUTED, told, evidence, m)
        count = int(np.count_nonzero(far.astray & still))
        if scaled.more_than_late(count, int(np.count_nonzero(now.open))):
            told = (
                f"{figures}, at ten times it the updates of {count} are misaligned for good, more than any law leaves"
            )
            evidence = replace(self.evidence(now, m), alone=count)
            return Finding(Outcome.REFUTED, f"It fails on {counted(count)}: {told}.", evidence, m)
        count = int(np.count_nonzero(far.standing & still & now.standing[places]))
        if scaled.more_than_late(count, int(np.count_nonzero(now.use))):
            told = f"It fails on {counted(count)}: {figures}, {count} at ten times it, more than any law leaves."
            return Finding(Outcome.REFUTED, told, replace(self.evidence(now, m), alone=count), m)
        if still.any():
            count = int(np.count_nonzero(still))
            told = f"{figures}, {count} at ten times it too, though not above what is allowed"
            return Finding(Outcome.INCONCLUSIVE, f"It is undecided: {told}.", self.evidence(now, m), m)
        kept, told = without_lost(m, places, later, f"{figures}, none at ten times it")
        found = self.support(self.read(kept), kept)
        return replace(found, sentence=f"{found.sentence.rstrip('.')}; {told}.")

    def allowed(self, m: Measurement) -> Float[np.ndarray, " r"] | None:
        """The median of the allowed curves over the datasets in their regime, in units of what was measured."""
        assert m.scale is not None
        c = m.scale.among(m.judged)
        curve = allowed(c, self.kind.law.log_value)
        curve = np.where(c.log_time >= c.log_time[regime(c).start][:, None], curve, np.nan)[m.judged & regime(c).inside]
        some = ~np.isnan(curve).all(axis=0) if len(curve) else np.zeros(len(c.log_time), bool)
        if not some.any():
            return None
        unit = float(np.median(m.floor / (c.floor / c.gamma)))  # 1 of a relative gap
        return np.where(some, unit * np.nanmedian(np.where(some, curve, 0.0), axis=0), np.nan)

    def certain(self, r: Reading, m: Measurement) -> Finding | None:
        """What refutes at this horizon, whatever single datasets do further on."""
        why = "the weights stand still, and the gap with them" if r.frozen else self.refutes(r)
        if not why:
            return None
        return Finding(Outcome.REFUTED, f"It fails, since {why}: {self.figures(r)}.", self.evidence(r, m), m)

    def support(self, r: Reading, m: Measurement) -> Finding:
        """Support, where enough datasets bear on the claim and nothing speaks against it."""
        evidence = self.evidence(r, m)
        if self.few(r):
            return Finding(Outcome.INCONCLUSIVE, f"{self.early(r, m)} {_capital(self.figures(r))}.", evidence, m)
        if short := self.short(r, m):
            return Finding(Outcome.INCONCLUSIVE, f"It is undecided, since {short}: {self.figures(r)}.", evidence, m)
        how = "the budget of nearly all obeys it" if r.proven and r.sure.any() else ""
        return Finding(Outcome.SUPPORTED, f"It holds: {', '.join(filter(None, (how, self.figures(r))))}.", evidence, m)

    def wait(self, m: Measurement) -> float:
        """The factor on the steps that brings half of the datasets into their regime; infinite where nothing does."""
        assert m.scale is not None
        return float(np.exp(min(awaited(m.scale.among(m.judged)) - m.log_time[-1], 700.0)))

    def advise(self, finding: Finding) -> Advice | None:
        """What would settle it, where the scale of the budget tells."""
        m = finding.measurement
        r = self.read(m)
        if finding.evidence.alone or r.pending.any():
            count = finding.evidence.alone or int(np.count_nonzero(r.pending))
            return Advice(10, 1, f"{counted(count)} stand still: ten times the steps show whether they go on falling.")
        if self.few(r):
            factor = self.wait(m)
            if factor > FARTHEST:
                told = f"Only {r.regime}, and no number of steps in reach brings half of them there: draw other data."
                return Advice(1, 1, told)
            told = f"Only {r.regime}: {times(factor)} steps bring half of them there."
            return Advice(capped(1.2 * factor), 1, told)
        return None

    def few(self, r: Reading) -> bool:
        """Whether too few datasets bear on the claim: of all, and of those that have not arrived."""
        early = 2 * r.inside < r.judged or 3 * r.telling < r.judged - r.exact
        return early or (r.inside < scaled.FEWEST and r.judged >= scaled.FEWEST)

    def early(self, r: Reading, m: Measurement) -> str:
        """How many datasets are pre-asymptotic, and when most of them would not be."""
        factor = self.wait(m)
        when = (
            f"about {factor:.2g} times the steps would bring half of them there"
            if factor < 1e300
            else ("no number of steps will bring half of them there")
        )
        if 2 * r.before > r.judged:
            what = f"On {r.before} of {r.judged} datasets gradients have not been below a constant of the optimizer's"
            return f"{what} for a decade, and there it is another method: {when}."
        return f"Only {r.regime}, where the budget says something of the gap: {when}."

    def evidence(self, r: Reading, m: Measurement) -> Evidence:
        """The figures, with the dataset whose gap falls behind the law most."""
        value, threshold, name = self.deciding(r)
        grown = np.where(r.astray if r.strays else r.use, r.grown, np.nan)
        worst = None if np.isnan(grown).all() else int(np.nanargmax(grown))
        slopes = envelopes.exponents(m.log_time, m.values[r.use], self.kind.law)
        slopes = slopes[~np.isnan(slopes)]
        return Evidence(
            name, value, threshold, statistics.median(slopes) if len(slopes) else None, r.inside, worst,
            None if worst is None else float(m.values[worst, -1]), None if worst is None else float(m.log_time[-1]),
            exactly_reached=r.exact,
        )  # fmt: skip

    def may_level(self, r: Reading) -> str:
        """Why lawful gaps support nothing yet."""
        count = counted(int(np.count_nonzero(r.lingers | r.adrift)))
        return f"on {count} the updates stay misaligned, and the gap may level off there"

    def deciding(self, r: Reading) -> tuple[statistics.Interval | None, float, str]:
        """The number that decides, what it is held against, and its name."""
        raise NotImplementedError

    def figures(self, r: Reading) -> str:
        """That number in words, with how many datasets bear on it."""
        raise NotImplementedError

    def refutes(self, r: Reading) -> str:
        """Why the datasets together refute, empty where they do not."""
        raise NotImplementedError

    def short(self, r: Reading, m: Measurement) -> str:
        """What keeps the claim from support, empty where nothing does."""
        raise NotImplementedError


@dataclass(frozen=True)
class BudgetedRate(_Budgeted):
    """A rate on the scale of the gap budget."""

    @property
    def speed(self) -> float:
        """A quarter of the rate's resolution."""
        return getattr(self.kind, "resolution", 4 * _SPEED) / 4

    def deciding(self, r: Reading) -> tuple[statistics.Interval | None, float, str]:
        """The median growth of gap / law a decade."""
        return r.growth, self.speed, f"growth of {self.quantity} / ({self.kind.law}) a decade, as a power of ten"

    def figures(self, r: Reading) -> str:
        """The growth."""
        if r.growth is None:
            return f"{r.regime}, {r.exact} of them at the limit already"
        g = r.growth
        grew = f"grew by 10^{g.value:.3f} [{g.low:.3f}, {g.high:.3f}] over the last decade"
        of = f"median of {np.count_nonzero(r.use)} datasets, threshold 10^{self.speed:g}"
        return f"the {self.quantity} divided by {self.kind.law} {grew} ({of}); {r.regime}"

    def refutes(self, r: Reading) -> str:
        """Growth of the median, or of a crowd."""
        return "" if r.proven else scaled.ensemble_refutes(r, self.speed)

    def short(self, r: Reading, m: Measurement) -> str:
        """Weights that will not travel far enough; growth that is not surely lawful, unless the budgets are."""
        if r.telling < scaled.FEWEST <= r.judged and not r.reached:
            return f"only {r.telling} datasets have not arrived and tell of it"
        if 2 * np.count_nonzero(r.lags) > r.telling:
            return f"on {np.count_nonzero(r.lags)} datasets the weights will not travel as far as the law asks"
        if r.untold:
            return self.may_level(r)
        if r.proven:
            return ""
        if r.growth is None:
            return f"only {np.count_nonzero(r.use)} datasets tell of it"
        return "" if r.growth.high <= self.speed else "the growth is not surely lawful"

    def judge_one(self, m: Measurement) -> Finding:
        """One dataset: supported if it is at its limit, if its budget is lawful, or if the gap falls by the law."""
        r, found = self.read(m), self.judge(m)
        if not r.judged or r.pending.any():
            return found
        grown = float(r.grown[0])
        figures = f"{self.quantity} / ({self.kind.law}) grew by 10^{grown:.3f} over the last decade"
        if r.exact:
            told = "The run reaches the limit to the width of the reference."
            return replace(found, outcome=Outcome.SUPPORTED, sentence=told)
        if r.sure.any() or grown <= 2 * self.speed or r.slopes[0] < FALLS:
            return replace(found, outcome=Outcome.SUPPORTED, sentence=f"The law holds: {figures}.")
        return replace(found, outcome=Outcome.INCONCLUSIVE, sentence=f"The law is undecided: {figures}.")


@dataclass(frozen=True)
class BudgetedLimit(_Budgeted):
    """A limit on the scale of the gap budget. tolerance: the relative gap at which runs must end."""

    tolerance: float = np.inf

    @property
    def limit(self) -> bool:
        """It is."""
        return True

    def deciding(self, r: Reading) -> tuple[statistics.Interval | None, float, str]:
        """The deficit's slope."""
        return r.slope, FALLS, "slope of the deficit against the path, logarithmic"

    def figures(self, r: Reading) -> str:
        """The slope."""
        if r.slope is None:
            return f"{r.regime}, {r.exact} of them at the limit already"
        s = r.slope
        return (
            f"the deficit grows like S^{s.value:.3f} [{s.low:.3f}, {s.high:.3f}] "
            f"(0 where the gap vanishes, 1 where it levels off; {np.count_nonzero(r.use)} datasets); {r.regime}"
        )

    def refutes(self, r: Reading) -> str:
        """A slope of one, or a crowd that stands still."""
        if r.proven or not scaled.levels_off(r):
            return ""
        return scaled.strays(r) if r.strays else "the gap levels off"

    def short(self, r: Reading, m: Measurement) -> str:
        """A slope that is not surely below one, unless the budgets vanish; or a gap above the tolerance."""
        assert m.scale is not None
        largest = float(np.max(m.scale.relative[r.use | r.sure, -1], initial=0.0))
        if largest > self.tolerance:
            return f"the gap ends at up to {largest:.2g}, above {self.tolerance:g}"
        if r.untold:
            return self.may_level(r)
        if r.proven or r.reached or r.falls:
            return ""
        if r.slope is None:
            return f"only {np.count_nonzero(r.use)} datasets tell of it"
        return "" if r.slope.high < FALLS else "the deficit may grow for ever"

    def advise(self, finding: Finding) -> Advice | None:
        """The same; and where the gap ends above the tolerance, the steps after which it falls below it, like 1/S."""
        if (early := super().advise(finding)) is not None:
            return early
        m = finding.measurement
        assert m.scale is not None
        c, r = m.scale.among(m.judged), self.read(m)
        over = np.max(c.relative[r.use | r.sure, -1], initial=0.0) / self.tolerance
        pace = float(np.median(np.log1p(travelled(c)[r.use | r.sure]))) / LN10 if (r.use | r.sure).any() else 0.0
        if over <= 1 or not pace > 0:
            return None
        factor = float(np.exp(min(np.log(over) / pace, 700.0)))
        if factor > FARTHEST:
            return Advice(
                1, 1, f"The gap falls below {self.tolerance:g} too late to be seen: ask for a larger tolerance."
            )
        return Advice(capped(1.2 * factor), 1, f"The gap falls below {self.tolerance:g} at {times(factor)} steps.")

    def judge_one(self, m: Measurement) -> Finding:
        """One dataset: supported where its deficit grows less than the path, and its gap ends below the tolerance."""
        assert m.scale is not None
        r, found = self.read(m), self.judge(m)
        last, slope = float(m.scale.relative[0, -1]), float(r.slopes[0])
        if not r.judged or r.pending.any() or last > self.tolerance or not slope < FALLS:
            return found
        told = f"The {self.quantity} ends at {last:.2g}, and the deficit grew like S^{slope:.2f} over the last decade."
        return replace(found, outcome=Outcome.SUPPORTED, sentence=told)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
