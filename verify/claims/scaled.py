"""What a gap says of a law on the scale of its own budget: see `verify.problems.deficit`.

Rates and limits are read the same way. A few figures of one horizon (`read`) decide what is certain there, and name the
datasets that are to be run to ten times the horizon before anything is said of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import stats

from verify import statistics
from verify.problems import deficit
from verify.problems.deficit import FALLS, FROZEN, STANDS, Curves, LogLaw
from verify.statistics import Interval

ALONE = 3.0  # q above which one dataset may refute
PROVEN = 0.9  # of the datasets in their regime whose budget must obey a law that is supported by it
FEWEST = 8  # datasets that an ensemble needs
LATE = (
    0.05  # of the datasets, that stand still at both horizons, or whose updates go astray, in a lawful run at the most
)
_THREE_SIGMA = 1.35e-3
SHARE = 0.2  # of the resolved datasets, that stand still in a run of no lawful kind at the least
LINGER = 0.05  # of those in use, from which on lingering ones forbid support; in lawful runs .002 of them do
DRIFTS = 0.65  # slope of budget * S against S above which the updates may follow another norm


@dataclass(frozen=True)
class Reading:
    """What one horizon says. Masks are `[b]`.

    use: resolved datasets in their regime, on which the law is judged. inside: how many are in their regime,
    certified or at their floor, of `judged`; the others are pre-asymptotic. before: how many have not come past a
    hidden constant of the optimizer, and bear on nothing. exact: how many ended at their floor. q: the relative gap
    over the allowed curve. slopes: of the deficit. grown: growth of gap / law over the last decade. sure:
    certified. pending: datasets to be run to ten times the horizon, since they may refute alone, or forbid support.
    over: those with `q > 3`. level: those whose budget has levelled off with the gap. standing: those of `use` that
    stood still for two decades, and not for want of travel. outrun: those whose gap fell behind the law for two
    decades. open: those that are judged and resolved, and astray: of them, those whose updates are misaligned for good.
    outside: those that are judged and not, or no longer, in their regime, certified or at their floor.
    lingers: those of `use` whose updates stay misaligned, by less perhaps than the gap shows yet, certified ones too.
    adrift: those of `use` whose updates are misaligned for good, where the gap does not show it.
    proven: whether nine tenths of those that are inside, and eight datasets at least, have a budget that obeys the law,
    or are at their floor. frozen: whether the weights stand still on most datasets. growth: the median of `grown`.
    against, recent: the same, and over the last half decade, where certified datasets count as lawful.
    """

    use: Bool[np.ndarray, " b"]
    inside: int
    judged: int
    before: int
    exact: int
    q: Float[np.ndarray, " b"]
    slopes: Float[np.ndarray, " b"]
    grown: Float[np.ndarray, " b"]
    sure: Bool[np.ndarray, " b"]
    lags: Bool[np.ndarray, " b"]
    pending: Bool[np.ndarray, " b"]
    over: Bool[np.ndarray, " b"]
    level: Bool[np.ndarray, " b"]
    standing: Bool[np.ndarray, " b"]
    outrun: Bool[np.ndarray, " b"]
    open: Bool[np.ndarray, " b"]
    astray: Bool[np.ndarray, " b"]
    outside: Bool[np.ndarray, " b"]
    lingers: Bool[np.ndarray, " b"]
    adrift: Bool[np.ndarray, " b"]
    proven: bool
    frozen: bool
    growth: Interval | None
    against: Interval | None
    recent: Interval | None

    @property
    def reached(self) -> bool:
        """Whether every judged dataset is at its floor already."""
        return 0 < self.judged == self.exact

    @property
    def telling(self) -> int:
        """How many datasets in their regime, or certified, have not come to their floor."""
        return int(np.count_nonzero(self.use | self.sure))

    @property
    def falls(self) -> bool:
        """Whether the gap falls, or has arrived, on nine tenths of those inside, and on eight datasets at least."""
        with np.errstate(invalid="ignore"):
            falling = np.count_nonzero(self.use & ~self.sure & (self.slopes < FALLS))
        fine = falling + np.count_nonzero(self.sure) + self.exact
        return bool(self.inside >= FEWEST and fine >= PROVEN * self.inside)

    @property
    def slope(self) -> Interval | None:
        """The deficit's slope over the datasets in use."""
        return _interval(self.slopes[self.use])

    @property
    def strays(self) -> bool:
        """Whether the updates of more datasets are misaligned for good than those of a lawful run."""
        count, of = int(np.count_nonzero(self.astray)), int(np.count_nonzero(self.open))
        return of >= FEWEST and more_than_late(count, of)

    @property
    def untold(self) -> bool:
        """Whether gaps may level off where the misalignment is: of a twentieth of the datasets, and of two.

        Or whether the updates of a crowd are misaligned for good: of lawful runs RMSProp's alone are, on some data.
        """
        count, of = np.count_nonzero(self.lingers), np.count_nonzero(self.use)
        return bool(of and count >= max(min(2, of), LINGER * of)) or crowd(self.use, self.adrift)

    @property
    def regime(self) -> str:
        """How many datasets bear on the claim, in words."""
        return f"{self.inside} of {self.judged} datasets are in their regime"


def read(c: Curves, log_law: LogLaw, speed: float, limit: bool = False) -> Reading:
    """All figures of one horizon.

    speed: the growth of gap / law a decade, as a power of ten, that the law allows. limit: whether a limit alone is
    claimed, however slow, for which aligned updates are a certificate.
    """
    judged, c = c.judged, c.among(c.judged & c.settled)
    inside = c.judged & deficit.regime(c).inside
    use = inside & c.resolved
    aligned = deficit.aligned(c) & limit
    sure = c.judged & (deficit.certified(c, log_law, speed) | aligned)
    exact = c.judged & ~c.resolved
    bears = (inside | sure) & c.resolved
    heard = inside | sure | exact
    q, slopes = deficit.excess(c, log_law), deficit.deficit_slopes(c)
    with np.errstate(invalid="ignore"):
        travelled = deficit.travelled(c)
        grows = (slopes > FALLS) | _drifts(c) | (travelled < FROZEN)
        suspects, over = use & grows & ~sure, use & (q > ALONE) & ~aligned
    level = c.judged & deficit.levelled_off(c)
    open_ = c.judged & c.resolved
    still = int(np.count_nonzero(travelled[open_] < FROZEN))
    whole, half = (deficit.growth(c, log_law, 0.0, decades) for decades in (1.0, 0.5))
    against, recent = (_interval(np.where(sure, np.minimum(each, 0), each)[use]) for each in (whole, half))
    return Reading(
        use=use,
        inside=int(np.count_nonzero(heard)),
        judged=int(np.count_nonzero(judged)),
        before=int(np.count_nonzero(judged & ~c.judged)),
        exact=int(np.count_nonzero(exact)),
        q=q,
        slopes=slopes,
        grown=whole,
        sure=sure & ~exact,
        lags=bears & ~deficit.sustained(c, log_law, speed),
        pending=suspects | over | level,
        over=over,
        level=level,
        standing=deficit.stands(c) & use & ~aligned,
        outrun=deficit.outruns(c, log_law, speed) & use & ~sure,
        open=open_,
        astray=deficit.astray(c),
        outside=c.judged & ~heard,
        lingers=deficit.lingers(c) & use,
        adrift=deficit.adrift(c) & use,
        proven=bool(
            np.count_nonzero(heard) >= FEWEST
            and np.count_nonzero(heard & (sure | exact)) >= PROVEN * np.count_nonzero(heard)
        ),
        frozen=bool(np.count_nonzero(open_) >= FEWEST and 2 * still > np.count_nonzero(open_)),
        growth=_interval(whole[use]),
        against=against,
        recent=recent,
    )


def _drifts(c: Curves) -> Bool[np.ndarray, " b"]:
    """Datasets whose updates may follow another norm: the budget levels off, and not since steps are long."""
    with np.errstate(invalid="ignore"):
        known = np.isfinite(deficit.misalignment(c))
        return (deficit.budget_slopes(c) > DRIFTS) & (~known | deficit.misaligned_for_good(c))


def refuted_alone(now: Reading, later: Reading, places: Int[np.ndarray, " p"]) -> Bool[np.ndarray, " p"]:
    """Which datasets refute by themselves, of those at the places of one reading that a later one is of.

    They are far above the allowed curve, still standing, and farther above it later on; or their budget has levelled
    off together with the gap, then and later.
    """
    with np.errstate(invalid="ignore"):
        rose = now.over[places] & later.over & (later.q > now.q[places]) & (later.slopes > FALLS)
    return rose | (now.level[places] & later.level)


def ensemble_refutes(r: Reading, speed: float) -> str:
    """Why the datasets together refute a law, empty where they do not."""
    if r.against is not None and r.recent is not None and r.against.low > speed and r.recent.value > speed / 2:
        return "the law is too fast"
    if r.strays:
        return strays(r)
    if crowd(r.use, r.outrun):
        return f"{np.count_nonzero(r.outrun)} of {np.count_nonzero(r.use)} datasets fall behind it for two decades"
    return ""


def levels_off(r: Reading) -> bool:
    """Whether the datasets together say that the gap has no limit of zero."""
    return r.strays or crowd(r.use, r.standing) or (r.slope is not None and r.slope.low > STANDS)


def strays(r: Reading) -> str:
    """On how many datasets the updates go astray, in words."""
    return f"on {np.count_nonzero(r.astray)} of {np.count_nonzero(r.open)} datasets the updates are misaligned for good"


def crowd(use: Bool[np.ndarray, " b"], such: Bool[np.ndarray, " b"]) -> bool:
    """Whether significantly more than `SHARE` of the datasets are such (one-sided, three standard errors)."""
    n, k = int(np.count_nonzero(use)), int(np.count_nonzero(such))
    return bool(n >= FEWEST and k > SHARE * n + 3 * np.sqrt(SHARE * (1 - SHARE) * n))


def more_than_late(count: int, of: int) -> bool:
    """Whether so many datasets that do not fall are more than the few that any law leaves (at three sigma)."""
    return bool(stats.binom.sf(count - 1, of, LATE) < _THREE_SIGMA)


def _interval(values: Float[np.ndarray, " b"]) -> Interval | None:
    values = values[np.isfinite(values)]
    return statistics.median(values) if len(values) >= FEWEST else None
