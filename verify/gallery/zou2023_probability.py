"""How often the CNN's separation is broken at a long horizon: over the number n of samples and the sparsity s.

The theorem allows a probability of 1/n, for every `T = poly(n)/eta`. At finite sizes a neuron that no sample of its own
class activates, which has a chance of `2^(-n/2)`, keeps a feature weight of `1 / (s sigma_p)`. This grows unless
`n / (s sigma_p)` is small, and in time outvotes all others. So the promise is kept where s is large beside `n^2`, or n
so large that there is no such neuron, and broken between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any, NamedTuple, TypeVar

from solvers.errors import InputError
from verify.gallery.experiment import Experiment, Finding, Part, Results
from verify.problems.cnn.runs import SHARES, Way
from verify.problems.cnn.separation import SINCE, SeparationShortfall
from verify.problems.cnn.settings import CnnSetting, conditions
from verify.problems.laboratory import Laboratory
from verify.seeds import derived_seed
from verify.statistics import LEVEL, binomial_interval

Number = TypeVar("Number", int, float)

_ID = "zou2023-probability"


@dataclass(frozen=True)
class Parameters:
    """A grid of n and s at one alpha, and other `alphas` at one of its places, `alphas_n` and `alphas_s`.

    n, s, alphas: lists with commas. size: the largest n s; larger places of the grid are left out. seeds: draws of data
    and start at each place; 17 without a failure tell that the rate is below 1/4. travel: the horizon is
    `travel / eta`. stage: steps in which a weight moves by `1 / (s sigma_p)`; with 15, runs were lost that finer steps
    keep. noise: `sigma_p s^1/2`. method: "adam" with b1 and b2, or "sign_gd". Where alpha is 0, weights without memory
    decay until they underflow, and ties count as errors: choose betas above 0 there.
    """

    n: str = "4,8,16,32"
    s: str = "64,128,256,512"
    alpha: float = 0.25
    alphas: str = "0.125,0.5"
    alphas_n: int = 16
    alphas_s: int = 256
    size: int = 4096
    seeds: int = 17
    travel: float = 3.0
    stage: int = 20
    m: int = 16
    q: int = 3
    noise: float = 0.75
    method: str = "adam"
    b1: float = 0.0
    b2: float = 0.0

    def __post_init__(self) -> None:
        if min(self.seeds, self.m, self.stage) < 1 or self.travel <= 0 or self.method not in ("adam", "sign_gd"):
            raise InputError(
                "The experiment needs a seed, a neuron and a step a stage at least, a travel above 0 and the method "
                f"adam or sign_gd, not {self}."
            )
        if not self.grid:
            raise InputError(f"n s is above size = {self.size} on all of the grid: choose a larger size.")
        for place in self.places:
            self.setting(place, 0).model()

    @property
    def grid(self) -> list[Place]:
        """The places of the map."""
        every = [Place(n, s, self.alpha) for n in _numbers(self.n, int) for s in _numbers(self.s, int)]
        return [place for place in every if place.n * place.s <= self.size]

    @property
    def places(self) -> list[Place]:
        """Those of the map, then those of other alphas."""
        others = [Place(self.alphas_n, self.alphas_s, alpha) for alpha in _numbers(self.alphas, float)]
        return list(dict.fromkeys([*self.grid, *others]))

    def rate(self, place: Place) -> SeparationShortfall:
        """What breaks the promise, as in the claims."""
        steps = ceil(self.travel * self.stage / self.setting(place, 0).unit)
        return SeparationShortfall(travel=self.travel, count=steps, fails=Way(self.method, (self.b1, self.b2)))

    def setting(self, place: Place, seed: int) -> CnnSetting:
        """The setting at a place, of a seed."""
        return CnnSetting(**place._asdict(), noise=self.noise, m=self.m, q=self.q, b1=self.b1, b2=self.b2, seed=seed)

    def in_orders(self, place: Place) -> bool:
        """Whether all orders of the theorem hold, in our reading at finite sizes."""
        setting = self.setting(place, 0)
        lam = self.rate(place).decay * setting.decay
        found = conditions(setting.model(), m=self.m, q=self.q, sigma_0=setting.sigma_0, lam=lam)
        return all(condition.holds for condition in found)


class Place(NamedTuple):
    """Where the rate is found."""

    n: int
    s: int
    alpha: float

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"n = {self.n}, s = {self.s}, α = {self.alpha:g}"


def _numbers(text: str, kind: type[Number]) -> list[Number]:
    """Increasing positive numbers from a list with commas."""
    try:
        values = [kind(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise InputError(f"{text!r} is no list of numbers: write them with commas, for example 4,8,16.") from None
    if any(value <= 0 for value in values):
        raise InputError(f"{text!r} has a number that is not above 0: leave it out.")
    return sorted(set(values))


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """All draws of one place, for each."""
    return {place.name: partial(_place, p, seed, place) for place in p.places}


def _place(p: Parameters, seed: int, place: Place, _: Results) -> dict[str, Any]:
    """How many runs break the promise by each look from `SINCE` on, and of how many more it is not known."""
    drawn = [p.setting(place, derived_seed(seed, _ID, str(i)) % 2**31) for i in range(p.seeds)]
    rate = p.rate(place)
    broken, unsure = rate.broken(Laboratory(drawn, steps=rate.count), drawn)
    return {"broken": broken.sum(axis=0).tolist(), "unsure": unsure.sum(axis=0).tolist()}


class Rate(NamedTuple):
    """What was seen at a place: runs broken by the first look and by the end, and the interval of the rate there."""

    place: Place
    early: int
    late: int
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """The rate against 1/n."""
        if self.low > 1 / self.place.n:
            return "above"
        return "below" if self.high < 1 / self.place.n else "undecided"


def _rate(p: Parameters, place: Place, found: Any) -> Rate:
    late, unsure = found["broken"][-1], found["unsure"][-1]
    low, _ = binomial_interval(late, p.seeds, LEVEL)
    _, high = binomial_interval(late + unsure, p.seeds, LEVEL)
    return Rate(place, found["broken"][0], late, low, high)


def find(p: Parameters, results: Results) -> Finding:
    """The rates as a map over n and s, and as a table with all places."""
    rates = [_rate(p, place, results[place.name]) for place in p.places]
    horizon = f"T = {p.travel:g}/η"
    sentences = [*(_against(rates, verdict) for verdict in ("above", "below", "undecided")), _lost(p, rates)]
    return Finding(
        drawing=_drawing(p, rates, horizon),
        caption=(
            f"The share of {p.seeds} draws on which the promise is broken by {horizon}, over the noise's size s σ_p "
            f"and the number n of samples, at α = {p.alpha:g}; the theorem allows 1/n."
        ),
        alternative=f"A map of the rate of broken promises over n and s σ_p. {sentences[0]}",
        sentences=[*sentences, _inside(p, rates)],
        headings=(
            "Place", "n / (s σ_p)", "α (s σ_p)^(q-1)", f"Broken by T = {SHARES[SINCE] * p.travel:.2g}/η",
            f"by {horizon}", "of", f"Interval, {100 * LEVEL:g} %", "1/n", "Rate against 1/n",
        ),
        rows=[_row(p, rate) for rate in rates],
        numbers={
            "rates": {
                rate.place.name: results[rate.place.name]
                | {"low": rate.low, "high": rate.high, "in_orders": p.in_orders(rate.place)}
                for rate in rates
            }
        },
    )  # fmt: skip


def _row(p: Parameters, rate: Rate) -> tuple[Any, ...]:
    place = rate.place
    size = 1 / p.setting(place, 0).unit
    return (
        place.name,
        place.n / size,
        place.alpha * size ** (p.q - 1),
        float(rate.early),
        float(rate.late),
        float(p.seeds),
        f"{rate.low:.3f} to {rate.high:.3f}",
        1 / place.n,
        rate.verdict,
    )


def _against(rates: Iterable[Rate], verdict: str) -> str:
    found = [rate.place for rate in rates if rate.verdict == verdict]
    what = f"certainly {verdict} 1/n" if verdict != "undecided" else "undecided against 1/n"
    return f"The rate is {what} at {_listed(found)}."


def _listed(places: Iterable[Place]) -> str:
    """Places with the same n and alpha together."""
    groups: dict[tuple[int, float], list[str]] = {}
    for place in places:
        groups.setdefault((place.n, place.alpha), []).append(str(place.s))
    named = [f"n = {n}, α = {alpha:g}, s = {', '.join(s)}" for (n, alpha), s in groups.items()]
    return "; ".join(named) or "no place"


def _lost(p: Parameters, rates: Iterable[Rate]) -> str:
    early, late = (sum(getattr(rate, when) for rate in rates) for when in ("early", "late"))
    return (
        f"Of {late} runs that break the promise by T = {p.travel:g}/η, {late - early} still kept it at "
        f"T = {SHARES[SINCE] * p.travel:.2g}/η."
    )


def _inside(p: Parameters, rates: Iterable[Rate]) -> str:
    inside = [rate for rate in rates if p.in_orders(rate.place)]
    if not inside:
        return "No place lies inside all orders of the theorem."
    return (
        f"Where all orders of the theorem hold ({_listed(rate.place for rate in inside)}), "
        f"{sum(rate.late for rate in inside)} of {len(inside) * p.seeds} runs break it."
    )


def _drawing(p: Parameters, rates: Iterable[Rate], horizon: str) -> dict[str, Any]:
    share = {rate.place: rate.late / p.seeds for rate in rates}
    ns, sparsities = sorted({place.n for place in p.grid}), sorted({place.s for place in p.grid})
    return {
        "x": {"label": "s σ_p", "values": [p.noise * s**0.5 for s in sparsities]},
        "y": {"label": "samples n", "values": ns},
        "z": {
            "label": f"broken by {horizon}",
            "low": 0.0,
            "high": 1.0,
            "values": [[share.get(Place(n, s, p.alpha)) for s in sparsities] for n in ns],
        },
    }


EXPERIMENT = Experiment(
    id=_ID,
    title="How often Adam's failure is lost at long horizons",
    source="after Zou, Cao, Li, Gu 2023, Theorem 4.1; the map is new",
    shows=(
        "How often the theorem's promise is broken: the share of draws of data and start on which Adam does not keep "
        "failing from T = 0.6/η to 3/η, or gradient descent does not generalise, or one of them does not come to rest "
        "with a training error of 0. A neuron that no sample of its own class activates, which has a chance of "
        "2^(-n/2), keeps a feature weight of 1/(s σ_p). Unless n / (s σ_p) is small this grows, and in time outvotes "
        "all others: so the promise is kept for small n and large s, and for n so large that there is no such neuron, "
        "but less often between. α must be small too, and α (s σ_p)^(q-1) large. By default Adam has no memory "
        "(β = 0): with a long one it has not come so far by then."
    ),
    figure="map",
    parameters=Parameters(),
    parts=parts,
    find=find,
)
