"""The illustrations of Adam's bias, done again: where runs end in a valley of minima, by β, ρ and the step size.

Two exhibits share the runs' settings: the runs themselves over the level sets of the gradient's perturbed one-norm, and
the one-norm `|θ₁| + |θ₂|` of their end points along finer sweeps.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

from solvers.errors import InputError
from verify.gallery.experiment import Experiment, Finding, Part, Results
from verify.problems.backward.sweep import Sweep, one_norm
from verify.problems.backward.valley import PAPER, Valley, ends, paths

_KEPT = 160  # points of a drawn curve
_LEVELS = (1.0, 2.0, 4.0, 8.0)  # of the one-norm
_FRAME = ((0.3, 1.5), (0.8, 2.1))  # of θ₁ and θ₂: the last third of the way, where the runs part

_SOURCE = "Cattaneo, Klusowski, Shigida 2024, Figures 2 and 3 (their loss and start; Adam's constants are ours)"


@dataclass(frozen=True)
class Parameters:
    """Adam's constants where they are not swept, and the horizon."""

    beta: float = 0.9
    rho: float = 0.95
    step_size: float = 2e-3
    eps: float = 1e-4
    steps: int = 20_000

    def __post_init__(self) -> None:
        averages = 0 <= self.beta < 1 and 0 <= self.rho < 1
        if not averages or min(self.step_size, self.eps) <= 0 or self.steps < 1000:
            raise InputError(
                f"The illustration needs averages in [0, 1), a positive step size and eps, and 1000 steps at least, "
                f"not {self}: choose them so."
            )

    @property
    def valley(self) -> Valley:
        """The paper's valley with these constants."""
        return dataclasses.replace(PAPER, beta=self.beta, rho=self.rho, step_size=self.step_size, eps=self.eps)


@dataclass(frozen=True)
class Column:
    """One sweep: its title, the names of its values in the figure, and constants that it sets beforehand."""

    title: str
    sweep: Sweep
    names: tuple[str, ...]
    fixed: Mapping[str, float] = dataclasses.field(default_factory=dict)

    def valley(self, p: Parameters) -> Valley:
        """The valley of the parameters with the column's constants."""
        return dataclasses.replace(p.valley, **self.fixed)


def _column(title: str, name: str, values: Sequence[float], **fixed: float) -> Column:
    return Column(title, Sweep((name,), tuple(values)), tuple(f"{value:g}" for value in values), fixed)


COLUMNS = {
    "beta": _column("larger β", "beta", (0.0, 0.9, 0.98)),
    "rho": _column("larger ρ", "rho", (0.5, 0.95, 0.99)),
    "step, β > ρ": _column("larger h, (β, ρ) = (0.95, 0.5)", "step_size", (0.25, 1.0, 2.5), beta=0.95, rho=0.5),
    "step, ρ > β": _column("larger h, (β, ρ) = (0.9, 0.99)", "step_size", (0.25, 1.0, 2.5), beta=0.9, rho=0.99),
}
"""What the runs are drawn for, by part."""

_STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
FINE = {
    "beta": _column("β", "beta", (0.0, 0.5, 0.8, 0.9, 0.95, 0.98)),
    "rho": _column("ρ", "rho", (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)),
    "step, β > ρ": _column("h, β > ρ", "step_size", [s / 4 for s in _STEPS], beta=0.95, rho=0.5),
    "step, ρ > β": _column("h, ρ > β", "step_size", [s / 4 for s in _STEPS], beta=0.9, rho=0.99),
    "large ε": _column("ρ, ε large", "rho", (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)),
}
"""What the end points are swept over, by part."""


# --- the runs --------------------------------------------------------------------------------------------------


def _runs(p: Parameters, column: Column, _: Results) -> dict[str, Any]:
    """A column's runs, thinned for drawing, and how far from the valley they ended."""
    valley = column.valley(p)
    found = paths(valley, column.sweep, steps=p.steps)
    bottom = valley.y / valley.x
    right, top = (end for _, end in _FRAME)
    last = found[:, -1]
    return {
        "paths": [_thinned(path[(path < [right, top]).all(axis=1)]).tolist() for path in found],
        "one_norm": np.abs(last).sum(axis=1).tolist(),
        "off": np.abs(last.prod(axis=1) - bottom).tolist(),
    }


def _thinned(path: Float[np.ndarray, "t 2"]) -> Float[np.ndarray, "q 2"]:
    """The points nearest to equal distances along the path."""
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(path, axis=0)).sum(axis=1))])
    wanted = np.linspace(0, along[-1], _KEPT)
    return path[np.unique(np.minimum(np.searchsorted(along, wanted), len(path) - 1))]


def level_set(valley: Valley, level: float, first: Float[np.ndarray, " q"], highest: float) -> Float[np.ndarray, " q"]:
    """`θ₂` beyond the valley, for each `θ₁`, with a perturbed one-norm of that level; NaN where it is not in the frame.

    Beyond the valley the norm rises with both weights, so that there is one solution at most.
    """

    def excess(theta_2: float, theta_1: float) -> float:
        residual = valley.y - theta_1 * theta_2 * valley.x
        gradient = -valley.x * residual * np.array([theta_2, theta_1])
        return float(one_norm(gradient, valley.eps)) - level

    found = np.full(len(first), math.nan)
    for i, theta_1 in enumerate(first):
        low = valley.y / valley.x / theta_1
        if low < highest and excess(low, theta_1) < 0 < excess(highest, theta_1):
            found[i] = brentq(excess, low, highest, args=(theta_1,))
    return found


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """The runs of each column; nothing is random."""
    del seed
    return {name: partial(_runs, p, column) for name, column in COLUMNS.items()}


def _curve(series: int, column: int, x: Any, y: Any, strong: bool = False) -> dict[str, Any]:
    y = [float(v) if math.isfinite(v) else None for v in y]
    x = [float(v) for v in x]
    return {"series": series, "row": 0, "column": column, "strong": strong, "x": x, "y": y, "low": y, "high": y}


def _drawing(p: Parameters, results: Results) -> dict[str, Any]:
    """A column for each sweep: the valley, level sets of the norm, and the runs."""
    curves = []
    (left, right), (low, top) = _FRAME
    first = np.geomspace(left, right, _KEPT)
    for place, (name, column) in enumerate(COLUMNS.items()):
        valley = column.valley(p)
        bottom = valley.y / valley.x / first
        curves.append(_curve(3, place, first, np.where((low <= bottom) & (bottom <= top), bottom, np.nan)))
        curves += [_curve(4, place, first, level_set(valley, level, first, top)) for level in _LEVELS]
        for run, path in enumerate(results[name]["paths"]):
            x, y = np.array(path).T
            curves.append(_curve(run, place, x, y, strong=True))
    background = ["minima θ₁θ₂ = 3/4", f"level sets of ‖∇E‖₁,ε ({', '.join(f'{level:g}' for level in _LEVELS)})"]
    names = [("smallest value", 0), ("middle value", 2), ("largest value", 1), *((name, 2) for name in background)]
    return {
        "x": {"label": "θ₁", "scale": "linear"},
        "rows": [{"label": "θ₂", "scale": "linear"}],
        "columns": [column.title for column in COLUMNS.values()],
        "series": [{"name": name, "group": group} for name, group in names],
        "curves": curves,
    }


def find(p: Parameters, results: Results) -> Finding:
    """The runs as curves, their end points as a table and sentences."""
    rows, sentences = [], []
    for name, column in COLUMNS.items():
        sums = results[name]["one_norm"]
        rows.append((column.title, *sums, max(results[name]["off"])))
        verb = "falls" if sums[-1] < sums[0] else "rises"
        sentences.append(
            f"With {column.title} the end point's |θ₁| + |θ₂| {verb} from {sums[0]:.4f} to {sums[-1]:.4f}."
        )
    return Finding(
        drawing=_drawing(p, results),
        caption=(
            f"The last part of Adam's way on E = ½ (3/2 - 2θ₁θ₂)² from (2.8, 3.5), over the minima and level sets of "
            f"the gradient's perturbed one-norm (ε = {p.eps:g}). Three values of β (0, 0.9, 0.98), of ρ (0.5, 0.95, "
            f"0.99), and of the step size ({0.25 * p.step_size:g}, {p.step_size:g}, {2.5 * p.step_size:g})."
        ),
        alternative=(
            f"Four panels of runs that go down to a hyperbola of minima, the nearer to its middle the smaller "
            f"|θ₁| + |θ₂|. {' '.join(sentences)}"
        ),
        sentences=sentences,
        headings=("Sweep", "Smallest value", "Middle", "Largest", "Farthest from the minima"),
        rows=rows,
        numbers={name: {key: results[name][key] for key in ("one_norm", "off")} for name in COLUMNS},
    )


# --- the end points --------------------------------------------------------------------------------------------


def _sweep(p: Parameters, name: str, _: Results) -> dict[str, Any]:
    column = FINE[name]
    valley = column.valley(p)
    found = ends([valley.with_large_eps() if name == "large ε" else valley], column.sweep, steps=p.steps)
    return {"one_norm": found.one_norm[0].tolist(), "settled": bool(found.settled.all())}


def trend_parts(p: Parameters, seed: int) -> dict[str, Part]:
    """The end points of each sweep; nothing is random."""
    del seed
    return {name: partial(_sweep, p, name) for name in FINE}


def find_trends(p: Parameters, results: Results) -> Finding:
    """End points along the sweeps, as a figure and in words."""
    curves, rows, sentences = [], [], []
    for series, (name, column) in enumerate(FINE.items()):
        sums = np.array(results[name]["one_norm"])
        curves.append(_curve(series, int("step" in name), np.exp(column.sweep.log_clock), sums / sums[0], strong=True))
        change = float(sums[-1] / sums[0] - 1)
        steps = np.diff(sums)
        rows.append((column.title, float(sums[0]), float(sums[-1]), change))
        monotone = "at every value" if np.all(steps > 0) or np.all(steps < 0) else "on the whole"
        settled = "" if results[name]["settled"] else " (not all runs had settled)"
        verb = "rises" if change > 0 else "falls"
        sentences.append(f"Along {column.title} it {verb} {monotone}, by {abs(change):.2g} of itself{settled}.")
    return Finding(
        drawing={
            "x": {"label": "1/(1 - β), 1/(1 - ρ), or h over its smallest", "scale": "log"},
            "rows": [{"label": "|θ₁| + |θ₂|, relative", "scale": "linear"}],
            "columns": ["by the averages", "by the step size"],
            "series": [
                {"name": column.title, "group": group}
                for column, group in zip(FINE.values(), (0, 1, 0, 1, 2), strict=True)
            ],
            "curves": curves,
        },
        caption=(
            f"The one-norm of the end point over that at the smallest value. β is swept with ρ = {p.rho:g}, ρ with "
            f"β = {p.beta:g}, the step size h from {0.25 * p.step_size:g} with (β, ρ) = (0.95, 0.5) and (0.9, 0.99); "
            f"ε = {p.eps:g}, but for one sweep over ρ with √ε 100 times the first gradient."
        ),
        alternative=f"Five curves from one. {' '.join(sentences)}",
        sentences=sentences,
        headings=("Sweep", "One-norm at its start", "At its end", "Relative change"),
        rows=rows,
        numbers={name: dict(results[name]) for name in FINE},
    )  # fmt: skip


ILLUSTRATION = Experiment(
    id="cattaneo2024-illustration",
    title="Where Adam ends in a valley of minima",
    source=_SOURCE,
    shows=(
        "Adam's runs on a loss of two parameters whose minima form a hyperbola. Along it the gradient's one-norm is "
        "told by |θ₁| + |θ₂|, which Adam penalises if β > ρ and rewards if ρ > β, the more the larger its steps. The "
        "paper draws runs of its own choice of constants; here each column has three values of one constant."
    ),
    figure="panels",
    parameters=Parameters(),
    parts=parts,
    find=find,
)

TRENDS = Experiment(
    id="cattaneo2024-trends",
    title="Four trends of Adam's end point, and one that is lost",
    source=_SOURCE,
    shows=(
        "The sum |θ₁| + |θ₂| at the end of the run against Adam's averages and its step size, each in units of its "
        "smallest value; and against ρ where ε is so large that ρ has no effect."
    ),
    figure="panels",
    parameters=Parameters(),
    parts=trend_parts,
    find=find_trends,
)
