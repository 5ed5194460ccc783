"""The experiment of Fan, Schmidt and Thrampoulidis (2025): every method against the maximal margin of every norm.

Classes are Gaussian clouds around Gaussian centres, with a positive margin; weights start at zero, the loss is the mean
cross-entropy, steps are `η₀ t^-1/2`. The relative gap to the maximal margin of a norm, and the correlation
`<W, V> / (||W||_F ||V||_F)` with a maximiser `V` of that margin, are followed over time.

The paper draws SignGD, NGD, Spectral Descent and Muon on one dataset; Signum and Adam are added, and several datasets.
Its nonlinear part, a two-layer network on MNIST, is left out: no images come with this package.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import optax
from jaxtyping import Float

from solvers import NonSeparableError, UndecidedError, max_margin, max_margins
from solvers.errors import InputError
from verify import optimizers
from verify.datasets.dataset import Dataset
from verify.gallery.experiment import After, Experiment, Finding, Part, Results
from verify.optimizers.step_sizes import PowerDecay
from verify.runs.simulation import Simulation
from verify.seeds import derived_seed

_ID = "fan2025-experiment"
_DRAWS = 100

NORMS = {"linf": "max-norm", "l2": "Frobenius norm", "spectral": "spectral norm"}
"""The norms of the margins, and what they are called for matrices."""


@dataclass(frozen=True)
class Parameters:
    """`points` points for each of `classes` centres in `features` dimensions, at a standard deviation of `spread`."""

    classes: int = 10
    features: int = 25
    points: int = 50
    spread: float = 0.1
    datasets: int = 4
    steps: int = 10_000

    def __post_init__(self) -> None:
        if min(self.classes - 1, self.features, self.points, self.datasets, self.steps) < 1 or self.spread < 0:
            raise InputError(
                f"The experiment needs two classes, one feature, point, dataset and step at least, and a spread "
                f"of 0 or more, not {self}: choose them so."
            )


@dataclass(frozen=True)
class Method:
    """An optimizer by its name, with the norm whose margin it is proved to maximise."""

    name: str
    norm: str
    optimizer: optax.GradientTransformation
    detail: str


_STEPS, _SHORT_STEPS = PowerDecay(0.1, 1 / 2), PowerDecay(0.05, 1 / 2)

METHODS = (
    Method("SignGD", "linf", optimizers.sign_gd(_STEPS), "η₀ = 0.1"),
    Method("Signum", "linf", optimizers.steepest_descent(_STEPS, "linf", b1=0.9), "β = 0.9, η₀ = 0.1"),
    Method("Adam", "linf", optimizers.adam(_STEPS, 0.9, 0.95), "β = (0.9, 0.95), ε = 0, η₀ = 0.1"),
    Method("Adam, β₂ = 0.999", "linf", optimizers.adam(_STEPS, 0.9, 0.999), "β = (0.9, 0.999), ε = 0, η₀ = 0.1"),
    Method("NGD", "l2", optimizers.normalised_gd(_STEPS), "η₀ = 0.1"),
    Method("Spectral Descent", "spectral", optimizers.spectral_descent(_SHORT_STEPS), "exact polar factor, η₀ = 0.05"),
    Method("Muon", "spectral", optimizers.spectral_descent(_SHORT_STEPS, b1=0.9), "β = 0.9, exact, η₀ = 0.05"),
)


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """The draws with a positive margin, the references in each norm, and a run of each method."""
    found: dict[str, Part] = {"draws": partial(_draws, p, seed)}
    found |= {f"reference {norm}": After(("draws",), partial(_references, p, seed, norm)) for norm in NORMS}
    needs = tuple(found)
    return found | {method.name: After(needs, partial(_runs, p, seed, method)) for method in METHODS}


def dataset(p: Parameters, seed: int, index: int, draw: int) -> Dataset:
    """One draw of one dataset, separable or not."""
    rng = np.random.default_rng(derived_seed(seed, _ID, str(index), str(draw)))
    centres = rng.normal(size=(p.classes, p.features))
    y = np.repeat(np.arange(p.classes), p.points)
    return Dataset(centres[y] + p.spread * rng.normal(size=(len(y), p.features)), y, classes=p.classes)


def _draws(p: Parameters, seed: int, _: Results) -> list[int]:
    """For each dataset the number of its first draw with a positive margin."""
    return [next(_separable(p, seed, index)) for index in range(p.datasets)]


def _separable(p: Parameters, seed: int, index: int) -> Iterator[int]:
    for draw in range(_DRAWS):
        drawn = dataset(p, seed, index, draw)
        try:
            max_margin(drawn.x, drawn.y, classes=p.classes)
        except (NonSeparableError, UndecidedError):
            continue
        yield draw
    raise InputError(f"No more of {_DRAWS} draws of {p} has a positive margin: take less spread or more features.")


def _datasets(p: Parameters, seed: int, results: Results) -> list[Dataset]:
    return [dataset(p, seed, index, draw) for index, draw in enumerate(results["draws"])]


def _references(p: Parameters, seed: int, norm: str, results: Results) -> dict[str, list[Any]]:
    found = max_margins([s.problem for s in _datasets(p, seed, results)], norm)
    return {
        "lower": [reference.lower for reference in found],
        "upper": [reference.upper for reference in found],
        "unique": [reference.unique for reference in found],
        "weights": [reference.weights.tolist() for reference in found],
    }


def _runs(p: Parameters, seed: int, method: Method, results: Results) -> dict[str, Any]:
    """Normalised margins on the grid, and correlations at every fourth point of it, for each norm and dataset."""
    simulation = Simulation(method.optimizer, _datasets(p, seed, results), loss="cross_entropy", norms=list(NORMS))
    maximisers = [np.array(results[f"reference {norm}"]["weights"]) for norm in NORMS]
    reached, times, correlations = 0, [], []
    while reached < p.steps:
        # The least advance is a segment of the grid: weights are at hand after each.
        run = simulation.advance(reached + 1).result()
        reached = int(run.time[-1])
        times.append(reached)
        correlations.append([_correlations(np.array(run.weights), v) for v in maximisers])
    run = simulation.result()
    by_norm = np.array(correlations).transpose(1, 2, 0)
    return {
        "exact": run.exact,
        "time": run.time.tolist(),
        "margin": {norm: run.normalised_margin(norm).tolist() for norm in NORMS},
        "correlation_time": times,
        "correlation": {norm: c.tolist() for norm, c in zip(NORMS, by_norm, strict=True)},
    }


def _correlations(w: Float[np.ndarray, "b k d"], v: Float[np.ndarray, "b k d"]) -> Float[np.ndarray, " b"]:
    return np.sum(w * v, axis=(1, 2)) / (np.linalg.norm(w, axis=(1, 2)) * np.linalg.norm(v, axis=(1, 2)))


def find(p: Parameters, results: Results) -> Finding:
    """Gaps and correlations as curves, tables and sentences."""
    last = {m.name: {norm: _gaps(results, m, norm)[:, -1] for norm in NORMS} for m in METHODS}
    final = {m.name: {norm: _final_correlations(results, m, norm) for norm in NORMS} for m in METHODS}
    steps = results[METHODS[0].name]["time"][-1]
    drawn = "one dataset" if p.datasets == 1 else f"the median over {p.datasets} datasets, with their range"
    caption = (
        f"The relative gap to the maximal margin of each norm (above) and the correlation with a maximiser of it "
        f"(below), {drawn}. Thick: methods that are proved to maximise the margin of that norm."
    )
    return Finding(
        drawing=_drawing(p, results),
        caption=caption,
        alternative=f"Six panels, two for each norm. {' '.join(_nearest(last))}",
        sentences=[*_nearest(last), *_strays(last, steps), *_about_references(results), *_about_runs(results)],
        headings=("Method", "Proved for", *(f"Gap, {n}" for n in NORMS.values()), *_correlation_headings()),
        rows=[
            (
                f"{m.name} ({m.detail})",
                NORMS[m.norm],
                *(float(np.median(values[m.name][norm])) for values in (last, final) for norm in NORMS),
            )
            for m in METHODS
        ],
        numbers={
            "steps": steps,
            "references": {
                norm: {k: results[f"reference {norm}"][k] for k in ("lower", "upper", "unique")} for norm in NORMS
            },
            "last_gap": {name: {norm: gaps.tolist() for norm, gaps in of.items()} for name, of in last.items()},
            "last_correlation": {name: {norm: c.tolist() for norm, c in of.items()} for name, of in final.items()},
        },
    )


def _correlation_headings() -> list[str]:
    return [f"Correlation, {name}" for name in NORMS.values()]


def _gaps(results: Results, method: Method, norm: str) -> Float[np.ndarray, "b r"]:
    """Gap to the upper end of the reference's bracket, relative to it."""
    upper = np.array(results[f"reference {norm}"]["upper"])
    return 1 - np.array(results[method.name]["margin"][norm]) / upper[:, None]


def _final_correlations(results: Results, method: Method, norm: str) -> Float[np.ndarray, " b"]:
    return np.array(results[method.name]["correlation"][norm])[:, -1]


Values = dict[str, dict[str, np.ndarray]]


def _nearest(last: Values) -> list[str]:
    """For each norm: whose gap is the smallest, and how far behind the methods of other norms are."""
    sentences = []
    for norm, name in NORMS.items():
        own = {m.name: last[m.name][norm] for m in METHODS if m.norm == norm}
        others = {m.name: last[m.name][norm] for m in METHODS if m.norm != norm}
        best = min(own, key=lambda method: float(np.median(own[method])))
        rival = min(others, key=lambda method: float(np.median(others[method])))
        ahead = np.min(list(own.values()), axis=0) < np.min(list(others.values()), axis=0)
        sentences.append(
            f"In the {name} {best} has a gap of {np.median(own[best]):.2g} at the end, and {rival}, the nearest method "
            f"of another norm, {np.median(others[rival]):.2g}; a method of the norm itself is the nearest on "
            f"{np.count_nonzero(ahead)} of {len(ahead)} datasets."
        )
    return sentences


def _strays(last: Values, steps: int) -> list[str]:
    """Which methods are nearer, relatively, to the margin of another norm than to that of their own."""
    sentences = []
    for method in METHODS:
        table = np.array([last[method.name][norm] for norm in NORMS])
        nearest = np.argmin(table, axis=0)
        stray = nearest != list(NORMS).index(method.norm)
        if stray.any():
            where = sorted({list(NORMS.values())[i] for i in nearest[stray]})
            sentences.append(
                f"{method.name} is nearer to the margin of the {' or the '.join(where)} than to that of the "
                f"{NORMS[method.norm]} after {steps} steps, on {np.count_nonzero(stray)} of {len(stray)} datasets."
            )
    return sentences or ["Of the three margins, every method is the nearest to that of its own norm, on every dataset."]


def _about_references(results: Results) -> list[str]:
    sentences = []
    for norm, name in NORMS.items():
        reference = results[f"reference {norm}"]
        lower, upper = np.array(reference["lower"]), np.array(reference["upper"])
        unique = reference["unique"]
        sentences.append(
            f"Maximal margins in the {name} are certified to a relative width of {np.max(1 - lower / upper):.1e}; "
            f"the maximiser is unique on {unique.count(True)}, not unique on {unique.count(False)} and undecided on "
            f"{unique.count(None)} of {len(unique)} datasets."
        )
    if any(u is not True for norm in NORMS for u in results[f"reference {norm}"]["unique"]):
        sentences.append(
            "Where a maximiser is not unique the correlation is with the one that the solver returned: "
            "it need not tend to 1, and the gap alone decides."
        )
    return sentences


def _about_runs(results: Results) -> list[str]:
    inexact = [m.name for m in METHODS if not results[m.name]["exact"]]
    return [f"These runs may have met the end of the range of floating point: {', '.join(inexact)}."] if inexact else []


def _drawing(p: Parameters, results: Results) -> dict[str, Any]:
    """The data of the figure "panels": a column for each norm, gaps above correlations."""
    groups = list(NORMS)
    curves = []
    for column, norm in enumerate(NORMS):
        for series, method in enumerate(METHODS):
            run = results[method.name]
            place = {"series": series, "column": column, "strong": method.norm == norm}
            curves.append(place | {"row": 0} | _curve(run["time"], _gaps(results, method, norm)))
            correlation = np.array(run["correlation"][norm])
            curves.append(place | {"row": 1} | _curve(run["correlation_time"], correlation))
    return {
        "x": {"label": "steps t", "scale": "log"},
        "rows": [{"label": "relative gap", "scale": "log"}, {"label": "correlation with V", "scale": "linear"}],
        "columns": list(NORMS.values()),
        "series": [{"name": m.name, "group": groups.index(m.norm)} for m in METHODS],
        "curves": curves,
    }


def _curve(time: list[int], values: Float[np.ndarray, "b r"]) -> dict[str, Any]:
    """Median and range over the datasets. The grid repeats early integers; each is kept once."""
    kept = np.unique(time, return_index=True)[1]
    low, median, high = (f(values[:, kept], axis=0).tolist() for f in (np.min, np.median, np.max))
    return {"x": np.array(time)[kept].tolist(), "y": median, "low": low, "high": high}


EXPERIMENT = Experiment(
    id=_ID,
    title="Every method against the maximal margin of every norm",
    source="Fan, Schmidt, Thrampoulidis 2025, experiment on synthetic data; Signum, Adam and more datasets added",
    shows=(
        "Gaussian clouds around Gaussian centres, mean cross-entropy, steps η₀ t^-1/2 from zero weights. SignGD, "
        "Signum and Adam are proved to maximise the margin in the max-norm, NGD in the Frobenius norm, Spectral "
        "Descent and Muon in the spectral norm. Adam's steps are small as long as its second moment holds the large "
        "first gradients, with β₂ = 0.999 for some ten thousand steps. The paper's network on MNIST is left out."
    ),
    figure="panels",
    parameters=Parameters(),
    parts=parts,
    find=find,
)
