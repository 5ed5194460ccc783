"""How a quantity depends on the problem: one size moves, the others are held, and exponents are fitted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from solvers.display import html, plain
from solvers.errors import InputError
from verify import statistics
from verify.backend import working_on
from verify.claims import faults
from verify.claims.claim import Claim
from verify.claims.kinds import Bound, Rate
from verify.discovery.exponents import FEWEST, Dependence, dependence, ends, shown, slopes
from verify.discovery.exponents import late as at_end
from verify.discovery.sweeps import Family, Sweep, swept
from verify.problems.deficit import RESOLVED
from verify.problems.laboratory import Laboratory
from verify.problems.margins.gap import Gap
from verify.problems.quantity import Measurement
from verify.statistics import Interval

_NEAR = 0.05  # difference of exponents that is none
_DRIFT = 0.1  # difference to the exponent a decade earlier from which on it has not settled
_REGIME = 0.5  # of the maximal margin: a gap above says nothing yet
_SYMBOLS = {"gamma": "γ", "radius": "B", "beta": "(1/(1-β))"}

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Scaling:
    """What moving one size of the problem did to a claim's quantity.

    parameter: what moved, through `values`; of `beta` these are `1 / (1 - beta)`. held: the sizes that did not.
    quantity: what was measured; horizon: to when. whole: the exponents over all ensembles, `ensembles` one by one.
    earlier: the median exponent a decade earlier; None where the curves do not reach back so far. bound: the exponent
    of the claim's own bound on the same data at the same times, and bounds: `[v]` its medians; None where it states a
    law, which hides its constant.
    stated: the exponent that whoever asked says is stated. medians, largest: `[v]`, over all sweeps that tell, and
    `curves` `[s v]` each of them. seeds: of the data, by ensemble.
    """

    claim: Claim
    parameter: str
    values: Float[np.ndarray, " v"]
    held: Mapping[str, float]
    quantity: str
    horizon: str
    whole: Dependence
    ensembles: tuple[Dependence, ...]
    earlier: float | None
    bound: Interval | None
    bounds: Float[np.ndarray, " v"] | None
    stated: float | None
    curves: Float[np.ndarray, "s v"]
    silent: str
    seeds: Mapping[str, int]

    @property
    def medians(self) -> Float[np.ndarray, " v"]:
        """The quantity's median at each size, over the sweeps that tell."""
        return np.median(self.curves, axis=0) if len(self.curves) else np.full(len(self.values), np.nan)

    @property
    def largest(self) -> Float[np.ndarray, " v"]:
        """The largest at each size."""
        return np.max(self.curves, axis=0) if len(self.curves) else np.full(len(self.values), np.nan)

    @property
    def symbol(self) -> str:
        """What the parameter is called: γ for gamma, say."""
        return _SYMBOLS.get(self.parameter, self.parameter)

    @property
    def says(self) -> float | None:
        """The exponent that the claim says, by its bound, or else as it was given; None where neither is."""
        return self.stated if self.bound is None else self.bound.value

    @property
    def logarithm(self) -> float | None:
        """The exponent that a factor `ln` of a count would have over these values; None where it is no count."""
        low, high = self.values[0], self.values[-1]
        if self.parameter not in ("n", "d") or low <= 1:
            return None
        return float(np.log(np.log(high) / np.log(low)) / np.log(high / low))

    @property
    def sentence(self) -> str:
        """What the claim says, and what was measured, in one sentence."""
        power = self.symbol
        if self.bound is not None:
            says = f"The bound of {self.claim.id} says {power}^{round(self.bound.value, 2) + 0.0:.2f}"
        elif self.stated is not None:
            says = f"Of {self.claim.id} {power}^{self.stated:.3g} is stated"
        else:
            says = f"The law of {self.claim.id} does not say how it depends on {power}"
        if self.whole.median is None or self.whole.worst is None:
            return f"{says}; nothing can be measured: {self.silent}."
        median, worst = (f"{power}^{shown(each)}" for each in (self.whole.median, self.whole.worst))
        return (
            f"{says}; measured, the {self.quantity} grows like {median} in the median and {worst} in the worst case "
            f"({power} = {self.values[0]:.3g} to {self.values[-1]:.3g}, {self.horizon})."
        )

    @property
    def bent(self) -> bool:
        """Whether the worst case is no power: over the upper half of the values it has another exponent."""
        worst, beyond = self.whole.worst, self.whole.beyond
        return worst is not None and beyond is not None and abs(worst.value - beyond.value) > _DRIFT

    @property
    def answer(self) -> str:
        """Whether what is said of the parameter is real, on these data; empty where nothing is said, or measured."""
        worst, says = self.whole.beyond if self.bent else self.whole.worst, self.says
        if worst is None or says is None:
            return ""
        power = self.symbol
        said = f"{power}^{says:.2f}"
        # What bounds a quantity that grows less may be improved; away from 0 is more.
        side = 1.0 if says >= 0 else -1.0
        low, high = sorted((side * worst.low, side * worst.high))
        if abs(says) < _NEAR:
            none = high < _NEAR if self.bound is None else low < _NEAR
            return f"No {power} is needed, and none is said." if none else f"None is said, and {power} is needed here."
        if high < side * says - _NEAR:
            return f"{said} is not seen: no data here need more than {power}^{round(side * high, 2) + 0.0:.2f}."
        return f"{said} is real on these data: the worst case grows as fast."

    @property
    def notes(self) -> list[str]:
        """What is to be borne in mind."""
        found = []
        median, power = self.whole.median, self.symbol
        if median is not None and self.earlier is not None and abs(median.value - self.earlier) > _DRIFT:
            found.append(
                f"The exponent has not settled: a decade earlier it was {self.earlier:.2f} in the median: give more "
                "--steps."
            )
        if self.logarithm is not None and median is not None:
            found.append(f"A factor ln {power} would look like {power}^{self.logarithm:.2f} over these values.")
        if self.bent:
            found.append(
                f"The worst case is no power of {power}: over the upper half of the values it is "
                f"{power}^{shown(self.whole.beyond)}."
            )
        if self.whole.told < self.whole.of and self.silent:
            found.append(f"{self.whole.told} of {self.whole.of} sweeps tell: {self.silent}.")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Everything but the claim's own parts, as plain data; see `solvers.display.plain` for what JSON has not."""
        told = {
            "claim": self.claim.id,
            "sentence": self.sentence,
            "answer": self.answer,
            "notes": self.notes,
            "parameter": self.parameter,
            "values": self.values,
            "held": dict(self.held),
            "quantity": self.quantity,
            "horizon": self.horizon,
            "bound": ends(self.bound),
            "stated": self.stated,
            "whole": self.whole.to_dict(),
            "ensembles": [each.to_dict() for each in self.ensembles],
            "earlier": self.earlier,
            "logarithm": self.logarithm,
            "bounds": self.bounds,
            "medians": self.medians,
            "largest": self.largest,
            "seeds": dict(self.seeds),
        }
        return plain(told)

    def _repr_html_(self) -> str:
        rows = [
            (each.ensemble, shown(each.median), shown(each.worst), f"{each.told} of {each.of}")
            for each in (*self.ensembles, self.whole)
        ]
        words = " ".join(filter(None, (self.sentence, self.answer)))
        return html(self.claim.title, words, rows, ("data", "median", "worst case", "sweeps"))


def scaling(
    claim: Claim,
    parameter: str,
    *,
    values: Sequence[float] | None = None,
    held: Mapping[str, float] | None = None,
    stated: float | None = None,
    datasets: int = 8,
    steps: int = 10_000,
    log_time: float = 2e3,
    seed: int = 0,
    family: Family | None = None,
    make: Callable[[float], Any] | None = None,
    platform: str | None = None,
    progress: Told | None = None,
    measure: Callable[[Sweep], Sequence[Levels]] | None = None,
) -> Scaling:
    """Measure how a claim's quantity depends on one size of the problem, on data built for it.

    claim: of kind rate, tight or bound. parameter: n, d, k, gamma, radius or beta, see `verify.discovery.sweeps`.
    values: at least three that it takes. held: other sizes, by name, in place of those that are chosen. stated: the
    exponent that the theorem states, where the claim is a law, which hides its constants. datasets: sweeps of each
    ensemble. steps, log_time: the horizon. family: from a value and a seed to a case, in place of the data that are
    built. make: of `beta`, the optimizer of each. measure: measures the sweep at each of its values, in place of
    `levels_at` for one after the other. The same seed gives the same numbers.
    Raises `InputError` for a kind that states neither law nor bound, and for a parameter that the problem cannot move.
    """
    if not isinstance(claim.kind, Rate | Bound):
        raise InputError(
            f"{claim.id} is of kind {claim.kind.name}, which states no law or bound whose constant could depend on "
            "anything: give a claim of kind rate, tight or bound."
        )
    if datasets < FEWEST or steps < 100:
        raise InputError(
            f"{datasets} datasets and {steps} steps show no dependence: give {FEWEST} or more, and 100 steps or more."
        )
    if stated is not None and not np.isfinite(stated):
        raise InputError(f"The stated exponent is {stated}: give a number, such as 1.")
    if not (np.isfinite(log_time) and log_time > 10):
        raise InputError(f"Flows to log t = {log_time} show no dependence: give more than 10.")
    with working_on(platform):
        sweep = swept(
            claim, parameter, values=values, held=held or {}, datasets=datasets, seed=seed, family=family, make=make
        )
        if measure is not None:
            return _fitted(claim, sweep, measure(sweep), stated)
        # One size after the other: each has a shape of its own, and a program.
        one = partial(levels_at, sweep, steps=steps, log_time=log_time, progress=progress)
        return _fitted(claim, sweep, [one(place) for place in range(len(sweep.parts))], stated)


def levels_at(sweep: Sweep, place: int, *, steps: int, log_time: float, progress: Told | None = None) -> Levels:
    """What is seen at one value of a sweep, by its place, of all its cases."""
    claim, cases = sweep.parts[place]
    lab = Laboratory(cases, steps=steps, log_time=log_time, progress=progress, scaled=False)
    m = faults.measured(_with_one_method(claim), lab)
    return _levels(sweep.claims[0], m)


def _with_one_method(claim: Claim) -> Claim:
    """The claim, but of several methods, of which at each step the one nearest to its bound is told, the first."""
    quantity: Any = claim.quantity
    return replace(claim, quantity=replace(quantity, methods=quantity.methods[:1])) if _several(claim) else claim


def _several(claim: Claim) -> bool:
    """Whether the quantity runs several methods, and tells at each step of the one that is nearest to its bound."""
    return len(getattr(claim.quantity, "methods", ())) > 1


@dataclass(frozen=True)
class Levels:
    """`[s]` at one size: the quantity late, a decade earlier, and its bound; NaN where nothing can be said.

    unknown, unresolved, early: `[s]` why that is so. horizon: to when it was measured, in words.
    """

    late: np.ndarray
    earlier: np.ndarray
    bound: np.ndarray | None
    unknown: np.ndarray
    unresolved: np.ndarray
    early: np.ndarray
    horizon: str


def _levels(claim: Claim, m: Measurement) -> Levels:
    """The largest values over the last third of a decade, and over that a decade earlier."""
    clock = np.log(m.log_time) if m.clock.in_log else m.log_time
    known = m.judged & ~np.isnan(m.values).any(axis=1)
    resolved = np.where(m.values > RESOLVED * m.floor[:, None], m.values, np.nan)
    late, earlier = (at_end(clock, resolved, back) for back in (0.0, np.log(10.0)))
    unresolved = known & np.isnan(late)
    early = np.zeros(len(late), bool)
    if isinstance(claim.quantity, Gap) and m.gamma is not None:
        share = late / (1.0 if claim.quantity.relative else m.gamma)
        early = known & (np.where(np.isnan(share), 0.0, share) > _REGIME)
    bound = None
    if isinstance(claim.kind, Bound):
        upper = claim.kind.bounds(m)
        bound = at_end(clock, np.where(np.isfinite(upper) & (upper > 0), upper, np.nan))
    horizon = m.clock.horizon(float(m.log_time[-1])) + (" of its first method" if _several(claim) else "")
    return Levels(np.where(known & ~early, late, np.nan), earlier, bound, ~known, unresolved, early, horizon)


def _why(levels: Sequence[Levels], sweep: Sweep) -> str:
    """What is amiss on the datasets that say nothing, by count."""
    words = {
        "unknown": "could not be measured",
        "unresolved": "have come down to their resolution",
        "early": "are not in their regime yet, with a gap above half of the margin",
    }
    counts = {name: [int(np.count_nonzero(getattr(each, name))) for each in levels] for name in words}
    whole = sum(len(each.late) for each in levels)
    told = [f"{sum(counts[name])} of {whole} datasets {what}" for name, what in words.items() if any(counts[name])]
    if told:
        at = int(np.argmax(np.sum(list(counts.values()), axis=0)))
        told.append(f"most at {_SYMBOLS.get(sweep.parameter, sweep.parameter)} = {sweep.values[at]:.3g}")
    return ", ".join(told)


def _fitted(claim: Claim, sweep: Sweep, levels: Sequence[Levels], stated: float | None) -> Scaling:
    late, earlier = (np.stack([getattr(each, name) for each in levels], axis=1) for name in ("late", "earlier"))
    bounds = [each.bound for each in levels]
    tells = ~np.isnan(late).any(axis=1)
    x = np.log(sweep.values)
    rows = np.array(sweep.ensembles)
    ensembles = tuple(dependence(name, x, late[rows == name]) for name in dict.fromkeys(sweep.ensembles))
    bound = own = None
    if all(each is not None for each in bounds):
        whole = np.stack([each for each in bounds if each is not None], axis=1)[tells]
        whole = whole[~np.isnan(whole).any(axis=1)]
        if len(whole):
            bound, own = statistics.median(slopes(x, whole)), np.median(whole, axis=0)
    before = slopes(x, earlier[tells])
    before = before[~np.isnan(before)]
    return Scaling(
        claim=claim,
        parameter=sweep.parameter,
        values=sweep.values,
        held=sweep.held,
        quantity=claim.quantity.name,
        horizon=levels[0].horizon,
        whole=dependence("all", x, late),
        ensembles=ensembles,
        earlier=float(np.median(before)) if len(before) >= FEWEST else None,
        bound=bound,
        bounds=own,
        stated=stated,
        curves=late[tells],
        silent=_why(levels, sweep),
        seeds=sweep.seeds,
    )
