"""The two regimes of Adam: the L-infinity margin while gradients are large beside `eps`, the L2 margin in the end.

Gaussian points on which the two margins' maximisers are far from each other, in units in which the maximal L-infinity
margin is 1; mean logistic loss, zero weights, a constant step size, eps outside the root. The discrete run goes to
several times the step at which eps is predicted to take over (`verify.problems.margins.adam_decay`), the flow in log
time from there on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from solvers import NonSeparableError, UndecidedError, max_margin, normalised_margin
from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.flows.dynamics import Adam
from verify.flows.flow import flow
from verify.gallery.experiment import After, Experiment, Finding, Part, Results
from verify.problems.margins.adam_decay import AdamLaw, first_gradient, growth, handover_seen
from verify.runs.simulation import run
from verify.seeds import derived_seed

_ID = "adam-handover"
_DRAWS = 1000
_APART = 0.9  # of a margin: what the maximiser of the other one must not reach

EPSILONS = {"10⁻⁴": 1e-4, "10⁻⁸": 1e-8, "10⁻³²": 1e-32}
"""By their names in the figure."""

NORMS = {"linf": "L∞ margin", "l2": "L2 margin"}


@dataclass(frozen=True)
class Parameters:
    """`points` Gaussian points in `features` dimensions; Adam's constants; the flow's end `t = e^log_time`."""

    points: int = 12
    features: int = 5
    datasets: int = 8
    step_size: float = 0.01
    b1: float = 0.9
    b2: float = 0.99
    log_time: float = 10_000.0

    def __post_init__(self) -> None:
        if min(self.points, self.features - 1, self.datasets) < 1 or self.log_time < 100:
            raise InputError(
                f"The experiment needs one point, two features, one dataset and a log time of 100 at least, "
                f"not {self}: choose them so."
            )
        AdamLaw(self.step_size, self.b1, self.b2)

    @property
    def law(self) -> AdamLaw:
        """The law of Adam with these constants."""
        return AdamLaw(self.step_size, self.b1, self.b2)


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """The draws, their references, and for each eps the runs."""
    drawn: dict[str, Part] = {"draws": partial(_draws, p, seed)}
    later = {"references": partial(_references, p, seed)}
    later |= {f"eps {eps:g}": partial(_runs, p, seed, eps) for eps in EPSILONS.values()}
    return drawn | {name: After(("draws",), part) for name, part in later.items()}


def _drawn(p: Parameters, seed: int, index: int, draw: int) -> tuple[np.ndarray, np.ndarray]:
    """Points whose labels are the side of a random plane from which they are moved away a little."""
    rng = np.random.default_rng(derived_seed(seed, _ID, str(index), str(draw)))
    x, plane = rng.normal(size=(p.points, p.features)), rng.normal(size=p.features)
    y = np.where(x @ plane < 0, -1, 1)
    return x + 0.3 * y[:, None] * plane, y


def dataset(p: Parameters, seed: int, index: int, draw: int) -> Dataset:
    """One draw of one dataset, scaled to a maximal L-infinity margin of 1."""
    x, y = _drawn(p, seed, index, draw)
    return Dataset(x / max_margin(x, y, "linf").upper, y)


def _draws(p: Parameters, seed: int, _: Results) -> list[int]:
    return [next(_told_apart(p, seed, index)) for index in range(p.datasets)]


def _told_apart(p: Parameters, seed: int, index: int) -> Iterator[int]:
    for draw in range(_DRAWS):
        x, y = _drawn(p, seed, index, draw)
        try:
            one, two = max_margin(x, y, "linf"), max_margin(x, y, "l2")
        except (NonSeparableError, UndecidedError):
            continue
        ratios = (
            normalised_margin(one.weights, x, y, "l2") / two.upper,
            normalised_margin(two.weights, x, y, "linf") / one.upper,
        )
        if max(ratios) <= _APART:
            yield draw
    raise InputError(f"None of {_DRAWS} draws of {p} tells the two margins apart: take more features.")


def _datasets(p: Parameters, seed: int, results: Results) -> list[Dataset]:
    return [dataset(p, seed, index, draw) for index, draw in enumerate(results["draws"])]


def _references(p: Parameters, seed: int, results: Results) -> dict[str, list[float]]:
    datasets = _datasets(p, seed, results)
    return {norm: [max_margin(s.x, s.y, norm).upper for s in datasets] for norm in NORMS}


def _predicted(p: Parameters, datasets: list[Dataset], eps: float) -> list[float]:
    """The steps at which eps takes over; maximal L-infinity margins are 1."""
    return [p.law.handover_time(1.0, first_gradient(s), eps) for s in datasets]


def _runs(p: Parameters, seed: int, eps: float, results: Results) -> dict[str, Any]:
    """Normalised margins of the run and the flow in one curve, and the hand-over as predicted and as seen."""
    datasets = _datasets(p, seed, results)
    predicted = _predicted(p, datasets, eps)
    adam = Adam(p.step_size, eps, p.b1, p.b2, eps_inside_root=False)
    carried = flow(
        datasets, dynamics=adam, log_time=p.log_time, norms=list(NORMS), handover=max(1000, int(3 * max(predicted)))
    )
    discrete = run(adam.optimizer, datasets, steps=carried.handover, norms=list(NORMS))
    kept = np.unique(discrete.time, return_index=True)[1]
    kept = kept[discrete.time[kept] > 1]
    later = carried.log_time > math.log(carried.handover)
    steps, grown = growth(discrete)
    rate = p.law.decay_rate(1.0)
    return {
        "log_time": [*np.log(discrete.time[kept]), *carried.log_time[later]],
        "margin": {
            n: np.hstack(
                [discrete.normalised_margin(n)[:, kept], carried.normalised_margin(n)[:, later]],
            ).tolist()
            for n in NORMS
        },
        "taken_over": carried.handover,
        "error": float(carried.handover_error.max()),
        "predicted": predicted,
        "seen": [handover_seen(steps, rates, rate) for rates in grown],
    }


def _gaps(results: Results, eps: float, norm: str) -> Float[np.ndarray, "b r"]:
    return 1 - np.array(results[f"eps {eps:g}"]["margin"][norm]) / np.array(results["references"][norm])[:, None]


def find(p: Parameters, results: Results) -> Finding:
    """Gaps as curves, hand-overs as a table and sentences."""
    rows = [_row(results, name, eps) for name, eps in EPSILONS.items()]
    worst = max(
        abs(math.log(seen / predicted))
        for eps in EPSILONS.values()
        for seen, predicted in zip(results[f"eps {eps:g}"]["seen"], results[f"eps {eps:g}"]["predicted"], strict=True)
    )
    drawn = "one dataset" if p.datasets == 1 else f"the median over {p.datasets} datasets, with their range"
    caption = (
        f"Relative gaps to the maximal L∞ and L2 margins under Adam with ε > 0, {drawn}, from the second step to "
        f"t = e^{p.log_time:g}. Vertical: the step at which ε is predicted to take over."
    )
    return Finding(
        drawing=_drawing(results),
        caption=caption,
        alternative=f"Three panels, one for each ε. {' '.join(map(_ends, rows))}",
        sentences=[
            f"ε takes over at the predicted step to within a factor {math.exp(worst):.2f} on every dataset.",
            *(_turn(results, name, eps) for name, eps in EPSILONS.items()),
            f"The flow takes over from the run with a relative error of at most "
            f"{max(results[f'eps {eps:g}']['error'] for eps in EPSILONS.values()):.1e}.",
        ],
        headings=("ε", "Predicted step", "Seen", "Smallest L∞ gap", "Last L∞ gap", "Last L2 gap"),
        rows=rows,
        numbers={
            name: {k: results[f"eps {eps:g}"][k] for k in ("predicted", "seen", "taken_over", "error")}
            for name, eps in EPSILONS.items()
        },
    )


def _row(results: Results, name: str, eps: float) -> tuple[str | float, ...]:
    found = results[f"eps {eps:g}"]
    gaps = {norm: np.median(_gaps(results, eps, norm), axis=0) for norm in NORMS}
    times = (float(np.median(found[k])) for k in ("predicted", "seen"))
    return (name, *times, float(gaps["linf"].min()), float(gaps["linf"][-1]), float(gaps["l2"][-1]))


def _ends(row: tuple[str | float, ...]) -> str:
    name, *_, least, last, other = row
    return f"With ε = {name} the L∞ gap is {least:.2g} at its least and {last:.2g} in the end, the L2 gap {other:.2g}."


def _turn(results: Results, name: str, eps: float) -> str:
    """When the L2 margin becomes the nearer one for good."""
    log_time = np.array(results[f"eps {eps:g}"]["log_time"])
    ahead = _gaps(results, eps, "l2") < _gaps(results, eps, "linf")
    last = [float(log_time[np.flatnonzero(~row)[-1]]) if not row.all() else 0.0 for row in ahead]
    return f"With ε = {name} the L2 margin is the nearer one from t = e^{np.median(last):.0f} on, in the median."


def _drawing(results: Results) -> dict[str, Any]:
    """The data of the figure "panels": a column for each eps."""
    curves = []
    for column, eps in enumerate(EPSILONS.values()):
        found = results[f"eps {eps:g}"]
        place = {"row": 0, "column": column}
        for series, norm in enumerate(NORMS):
            gaps = _gaps(results, eps, norm)
            low, median, high = (f(gaps, axis=0).tolist() for f in (np.min, np.median, np.max))
            line = {"x": found["log_time"], "y": median, "low": low, "high": high}
            curves.append(place | {"series": series, "strong": True} | line)
        mark = [math.log(float(np.median(found["predicted"])))] * 2
        ends = [1.0, 1e-4]
        curves.append(place | {"series": 2, "strong": False, "x": mark, "y": ends, "low": ends, "high": ends})
    names = [f"gap to the {name}" for name in NORMS.values()]
    return {
        "x": {"label": "log t", "scale": "log"},
        "rows": [{"label": "relative gap", "scale": "log"}],
        "columns": [f"ε = {name}" for name in EPSILONS],
        "series": [{"name": n, "group": i} for i, n in enumerate([*names, "predicted hand-over"])],
        "curves": curves,
    }


EXPERIMENT = Experiment(
    id=_ID,
    title="The two regimes of Adam",
    source="after Zhang, Zou, Cao 2024 (ε = 0) and Wang et al. 2022 (ε > 0); the hand-over between them derived",
    shows=(
        "Adam on Gaussian points whose L∞ and L2 margins have maximisers far from each "
        "other. While gradients are large beside ε the method is blind to ε and approaches the L∞ margin; when they "
        "have decayed to ε, after log(|g₀|/ε)/r steps, it becomes gradient descent with step size η/ε and turns to the "
        "L2 margin, as slowly as 1/log t. The discrete run goes past the hand-over, its flow in log t on from there."
    ),
    figure="panels",
    parameters=Parameters(),
    parts=parts,
    find=find,
)
