"""The deficit: one quantity that tells a margin that is maximised from one that is not.

Along a run let `S` be the summed norms of the updates, what the weights can have travelled, and

    D = gamma |W| - margin(W) = |W| * gap,

the *deficit* in the claim's norm. Where the norm is the right one `W = S w_hat + O(1)` and `D` stays bounded, so that
the gap falls like `1 / S` whatever the step sizes are; where it is not the gap levels off and `D` grows like `S`. The
slope of `log D` against `log S` is 0 or 1. It needs no law, but it may be 1 for two decades in a lawful run too, while
near-ties decide themselves. The gap budget (`verify.runs.budget`) tells those runs: it says from when on a dataset
bears on anything, and its value there gives a claimed law the constant that it hides,

    A(t) = budget(t0) / gamma * law(t) / law(t0),    q = relative gap / A.

Rows are datasets, columns recorded times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from verify.runs.passing import Constant

LN10 = float(np.log(10.0))
LogLaw = Callable[[Float[np.ndarray, " r"]], Float[np.ndarray, " r"]]
"""The logarithm of a law as a function of `log t`: `verify.laws.Law.log_value`."""

ENTER, STAY = 0.5, 0.75  # of gamma: the regime begins where the budget falls below the first and stays below the other
LEAST_BUDGET = 0.1  # of gamma: a run that starts below it is given that much
RESOLVED = 100.0  # floors above which a gap is known
STANDS, FALLS = 0.9, 0.5  # slopes of the deficit from which on, and below which, a gap stands still, and falls
ASTRAY, LASTING = 0.03, 0.9  # misalignment, as a share of gamma, that counts; share of the earlier one that lasts
LINGERS = 20.0  # by which a gap is divided for the misalignment beside which it may level off
AHEAD = 4  # decades for which the path is carried on
FROZEN = 0.02  # growth of S a decade below which the weights stand still
LEVEL = 0.95  # slope of budget * S against S from which on the budget has levelled off
_WINDOW = 1 / 3  # of a decade, over which an envelope is taken


@dataclass(frozen=True)
class Curves:
    """What the judges read, of `b` datasets at `r` times.

    log_time: `[r]`, rising. gap: `[b r]` gamma less the normalised margin. gamma: `[b]`. size: `[b r]` norms of the
    weights. path: `[b r]` `S`, or anything that is to it in a bounded ratio: the weights' norm itself
    serves. budget: `[b r]` the gap budget; NaN or infinite where it says nothing. misaligned: `[b r]` its summed
    misalignment, `gamma S` less the summed descent of the log loss; NaN where it is not known. floor: `[b]` what of a
    gap may be the reference's width or rounding. judged: `[b]` whether the run and the reference are to be trusted.
    lacks: `[b]` logarithm of the factor by which S must grow before the gradients are below every constant that is
    hidden in the optimizer; 0 where they have been for a decade. constants: these, and which runs came to them.
    sampled: whether updates are those of mini-batches, which are misaligned one by one, and not in the mean.
    """

    log_time: Float[np.ndarray, " r"]
    gap: Float[np.ndarray, "b r"]
    gamma: Float[np.ndarray, " b"]
    size: Float[np.ndarray, "b r"]
    path: Float[np.ndarray, "b r"]
    budget: Float[np.ndarray, "b r"]
    misaligned: Float[np.ndarray, "b r"]
    floor: Float[np.ndarray, " b"]
    judged: Bool[np.ndarray, " b"]
    lacks: Float[np.ndarray, " b"] | None = None
    constants: tuple[Constant, ...] = ()
    sampled: bool = False

    @property
    def settled(self) -> Bool[np.ndarray, " b"]:
        """Whether the run has come past every hidden constant: before, it says nothing of what will happen for ever."""
        return np.ones(len(self.gamma), bool) if self.lacks is None else self.lacks == 0

    @property
    def relative(self) -> Float[np.ndarray, "b r"]:
        """The relative gap, not below its floor."""
        return np.maximum(self.gap, self.floor[:, None]) / self.gamma[:, None]

    @property
    def resolved(self) -> Bool[np.ndarray, " b"]:
        """Whether the last gaps are far above their floor; the others have reached the margin, as far as is known."""
        return _envelope(self.log_time, self.gap) > RESOLVED * self.floor

    def among(self, judged: Bool[np.ndarray, " b"]) -> Curves:
        """The same, of which only these datasets are judged."""
        return replace(self, judged=judged)


def deficit(c: Curves) -> Float[np.ndarray, "b r"]:
    """`D = |W| * gap`, with the gap taken as its resolution where it is below it: growth out of there is no growth."""
    return c.size * np.maximum(c.gap, RESOLVED * c.floor[:, None])


def _envelope(
    log_time: Float[np.ndarray, " r"], values: Float[np.ndarray, "*b r"], back: float = 0.0
) -> Float[np.ndarray, "*b"]:
    """Largest value within a third of a decade that ends `back` decades before the last time."""
    age = (log_time[-1] - log_time) / LN10 - back
    inside = (age >= -1e-9) & (age < _WINDOW - 1e-9)
    return np.max(values[..., inside], axis=-1) if inside.any() else np.full(values.shape[:-1], np.nan)


def _slope(c: Curves, values: Float[np.ndarray, "b r"], back: float, decades: float) -> Float[np.ndarray, " b"]:
    ends = [(_envelope(c.log_time, x, back), _envelope(c.log_time, x, back + decades)) for x in (values, c.path)]
    with np.errstate(invalid="ignore", divide="ignore"):
        rise, run = (np.log(late / early) for late, early in ends)
        return np.where(run > 0, rise / run, np.nan)


def deficit_slopes(c: Curves, back: float = 0.0, decades: float = 1.0) -> Float[np.ndarray, " b"]:
    """Slope of `log D` against `log S` over the decades of t that end `back` decades ago, between envelopes.

    One decade of t is half a decade of S for steps `t^-1/2`. NaN where the curves do not reach back so far.
    """
    return _slope(c, deficit(c), back, decades)


def budget_slopes(c: Curves) -> Float[np.ndarray, " b"]:
    """Slope of `log (budget * S)` against `log S` over the last decade: 1 where the budget has levelled off."""
    with np.errstate(invalid="ignore"):
        return _slope(c, np.where(np.isfinite(c.budget), c.budget * c.path, np.nan), 0.0, 1.0)


def travelled(c: Curves) -> Float[np.ndarray, " b"]:
    """Relative growth of S over the last decade; near zero, the weights stand still and so does every gap."""
    return _envelope(c.log_time, c.path) / _envelope(c.log_time, c.path, 1.0) - 1


class Regime(NamedTuple):
    """inside: `[b]` whether the budget says something of the dataset. start: `[b]` the column of `t0`, else 0."""

    inside: Bool[np.ndarray, " b"]
    start: Int[np.ndarray, " b"]


def regime(c: Curves) -> Regime:
    """From when on a dataset bears on a claim: the budget is below half of gamma, and below 3/4 of it ever after.

    A dataset that is not inside is pre-asymptotic. It is counted, and supports or refutes nothing (but see
    `levelled_off`).
    """
    share = np.where(np.isnan(c.budget), np.inf, c.budget) / c.gamma[:, None]
    stays = np.flip(np.logical_and.accumulate(np.flip(share <= STAY, axis=1), axis=1), axis=1)
    begun = stays & (share <= ENTER)
    return Regime(np.asarray(begun.any(axis=1)), np.argmax(begun, axis=1))


def allowed(c: Curves, log_law: LogLaw, start: Int[np.ndarray, " b"] | None = None) -> Float[np.ndarray, "b r"]:
    """The allowed curve `A`, `[b r]`, relative to gamma; NaN for datasets that are not in their regime.

    start: the columns of `t0`, where they are known from an earlier horizon.
    """
    found = regime(c)
    start = found.start if start is None else start
    begin = np.maximum(c.budget[np.arange(len(start)), start] / c.gamma, LEAST_BUDGET)
    value = log_law(c.log_time)
    curve = begin[:, None] * np.exp(value[None, :] - value[start][:, None])
    return np.where(found.inside[:, None], curve, np.nan)


def excess(c: Curves, log_law: LogLaw) -> Float[np.ndarray, " b"]:
    """`q` at the horizon: the relative gap over the allowed curve. NaN outside the regime, 0 for a gap at its floor."""
    return np.where(c.resolved, c.relative[:, -1], 0.0) / allowed(c, log_law)[:, -1]


def growth(c: Curves, log_law: LogLaw, back: float = 0.0, decades: float = 1.0) -> Float[np.ndarray, " b"]:
    """`log10` of the growth of gap / law a decade, between envelopes: the *paired* growth of every dataset."""
    ratio = np.log(np.maximum(c.gap, RESOLVED * c.floor[:, None])) - log_law(c.log_time)
    late, early = (_envelope(c.log_time, ratio, at) for at in (back, back + decades))
    return (late - early) / LN10 / decades


def certified(c: Curves, log_law: LogLaw, speed: float) -> Bool[np.ndarray, " b"]:
    """Datasets whose budget obeys the law, and what every further step adds to it does too.

    The gap is below the budget, whatever steps it falls in: on such a dataset it cannot stand still for good. What is
    added, `d(budget * S) / dS`, is what the budget tends to: where the norm is wrong that is constant, long before the
    budget has come down to it. Neither may grow by more than `10^speed` a decade beside the law; what is added may also
    be less than a tenth of the budget. Before the regime less than a hundredth of gamma must be added, so that the
    budget will fall like `1 / S` (steps `1 / t`, with which no horizon suffices to enter).
    """
    known = np.where(np.isfinite(c.budget), c.budget, np.inf)
    ages = (0.0, 0.5, 1.0)
    law = [float(log_law(c.log_time[_column(c, age)])[0]) for age in ages]
    budgets, paths = ([values[..., _column(c, age)[0]] for age in ages] for values in (known, c.path))
    with np.errstate(invalid="ignore", divide="ignore"):
        falls = np.log(budgets[0] / budgets[2]) <= law[0] - law[2] + speed * LN10
        late, early = (
            (budgets[i] * paths[i] - budgets[i + 1] * paths[i + 1]) / (paths[i] - paths[i + 1]) for i in (0, 1)
        )
        lawful = late <= early * np.exp((law[0] - law[2] + speed * LN10) / 2)
        inside = regime(c).inside & (lawful | (late <= 0.1 * budgets[0]))
        return falls & (inside | (late <= 0.01 * c.gamma))


def sustained(c: Curves, log_law: LogLaw, speed: float) -> Bool[np.ndarray, " b"]:
    """Whether the weights will travel as far as the law asks, for a gap like `1 / S`.

    With steps `t^-a` a path of `(t^(1-a) - 1) / (1 - a)` grows faster at first than for ever, and a gap falls with it.
    What S grows by in a decade grows by the same factor from decade to decade: so it is carried on. True where the
    curves hold no two decades.
    """
    if c.log_time[-1] - c.log_time[0] < 2 * LN10:
        return np.ones(len(c.gamma), bool)
    last, before, first = (c.path[:, _column(c, age)[0]] for age in (0.0, 1.0, 2.0))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        factor = (last - before) / (before - first)
        ahead = last + (last - before) * np.sum([factor**k for k in range(1, AHEAD + 1)], axis=0)
        ends = np.array([c.log_time[-1], c.log_time[-1] + AHEAD * LN10])
        asked = -float(np.diff(log_law(ends))[0])
        return asked <= np.log(ahead / last) + speed * AHEAD * LN10


def _column(c: Curves, back: float) -> Int[np.ndarray, " 1"]:
    """The column nearest to so many decades before the last one: recorded steps are whole numbers."""
    return np.array([int(np.argmin(np.abs(c.log_time - c.log_time[-1] + back * LN10)))])


def levelled_off(c: Curves) -> Bool[np.ndarray, " b"]:
    """Datasets whose budget has levelled off and with it the gap, for two decades: no longer run changes that."""
    with np.errstate(invalid="ignore"):
        return (budget_slopes(c) >= LEVEL) & stands(c)


def stands(c: Curves) -> Bool[np.ndarray, " b"]:
    """Whether a resolved gap stood still in each of the last two decades: the deficit grew like S."""
    with np.errstate(invalid="ignore"):
        slopes = [deficit_slopes(c, back) >= STANDS for back in (0.0, 1.0)]
    return c.judged & c.resolved & slopes[0] & slopes[1]


def misalignment(c: Curves, back: float = 0.0, decades: float = 0.5) -> Float[np.ndarray, " b"]:
    """Mean misalignment of the updates over the decades of t that end `back` decades ago, as a share of gamma.

    What the updates' descent of the log loss lacks of `gamma` for each unit of the path: none, or less, for steepest
    descent in the norm; in another norm it soon comes to the share of the margin that the run is going to miss.
    """
    late, early = (_column(c, at)[0] for at in (back, back + decades))
    with np.errstate(invalid="ignore", divide="ignore"):
        lacks, path = (values[:, late] - values[:, early] for values in (c.misaligned, c.path))
        return np.where(path > 0, lacks / path / c.gamma, np.nan)


def _misalignments(c: Curves) -> list[Float[np.ndarray, " b"]]:
    """That of the last half decade, of the half before, and of the decade before that."""
    return [misalignment(c, back, decades) for back, decades in ((0.0, 0.5), (0.5, 0.5), (1.0, 1.0))]


def misaligned_for_good(c: Curves) -> Bool[np.ndarray, " b"]:
    """Whether the misalignment of the last half decade is that of the half before, and of the decade before that."""
    with np.errstate(invalid="ignore"):
        now, before, long = _misalignments(c)
        return (now >= ASTRAY) & (now >= LASTING * before) & (now >= LASTING * long)


def astray(c: Curves) -> Bool[np.ndarray, " b"]:
    """Datasets on which the updates are misaligned for good, and the gap shows it.

    The gap is of the misalignment's size, and the deficit grows. That tells a wrong norm long before the gap has come
    down to its plateau, which the first steps hide. Updates that are misaligned one by one, but not in the mean, leave
    a gap that falls.
    """
    with np.errstate(invalid="ignore"):
        shows = (c.relative[:, -1] >= misalignment(c) / 3) & (deficit_slopes(c) > FALLS)
    return c.judged & c.resolved & misaligned_for_good(c) & shows


def lingers(c: Curves) -> Bool[np.ndarray, " b"]:
    """Datasets on which the updates stay misaligned by at least a twentieth of the gap, however little that is.

    Such a gap may fall lawfully until it has come down to the misalignment, and no further. One that is far below it
    already shows that the misalignment is one of single updates, and not in the mean.
    """
    with np.errstate(invalid="ignore"):
        now, before, long = _misalignments(c)
        near = (now >= c.relative[:, -1] / LINGERS) & (now <= 3 * c.relative[:, -1])
        return near & (now >= LASTING * before) & (now >= LASTING * long) & (not c.sampled)


def aligned(c: Curves) -> Bool[np.ndarray, " b"]:
    """Datasets whose gap is bound to vanish, however slowly, as long as the updates are aligned as they are.

    For two decades their misalignment was a tenth of the gap at most, so that the budget, which bounds the gap, falls
    like `1 / S` and below it, while S still grows. A gap that stands still there waits for S: where S grows like
    `log t`, as for gradient descent, that takes decades, in which the deficit's slope tells nothing.
    """
    with np.errstate(invalid="ignore"):
        spans = [each <= c.relative[:, -1] / 10 for each in _misalignments(c)]
        falls = (budget_slopes(c) < FALLS) & (travelled(c) >= FROZEN)
    return c.judged & c.resolved & regime(c).inside & falls & np.all(spans, axis=0)


def adrift(c: Curves) -> Bool[np.ndarray, " b"]:
    """Datasets on which the updates are misaligned for good, whatever the gap does yet.

    With full gradients that tells of another norm, or of a method with none: in lawful runs it fades away, but for
    RMSProp's on some data.
    """
    return misaligned_for_good(c) & (not c.sampled)


def outruns(c: Curves, log_law: LogLaw, speed: float) -> Bool[np.ndarray, " b"]:
    """Whether gap / law grew by more than a law allows in each of the last two decades, and in the last half decade."""
    with np.errstate(invalid="ignore"):
        grown = [growth(c, log_law, back, decades) > speed for back, decades in ((0.0, 0.5), (0.0, 1.0), (1.0, 1.0))]
    return c.judged & c.resolved & np.all(grown, axis=0)


def awaited(c: Curves) -> float:
    """The `log t` by which half of the judged datasets would be in their regime; infinite where that does not come.

    It is taken that the budget goes on falling, and S growing, as they did over the last decade.
    """
    share = np.where(np.isfinite(c.budget), c.budget, np.inf)[:, -1] / c.gamma
    with np.errstate(invalid="ignore", divide="ignore"):
        falls = 1 - budget_slopes(c)  # the budget's exponent against S
        grows = np.log1p(travelled(c)) / LN10  # that of S against t
        more = np.log(np.maximum(share / ENTER, 1.0)) / (falls * grows)
    unknown = ~np.isfinite(more) | (falls <= 1 - LEVEL) | (grows <= 0)
    wait = np.where(regime(c).inside, 0.0, np.where(unknown, np.inf, more))
    if c.lacks is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            wait = np.maximum(wait, np.where(c.lacks > 0, c.lacks / np.maximum(grows, 0), 0.0))
    wait = wait[c.judged]
    return float(c.log_time[-1] + np.quantile(wait, 0.5, method="higher")) if len(wait) else np.inf
