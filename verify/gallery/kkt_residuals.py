"""KKT residuals along the flows of adaptive methods on a homogeneous network: which margin problem they solve.

Gaussian points with the labels of a plane, the sum of exponential losses, a two-layer network of squared ReLU.
Gradient descent, and RMSProp with ε > 0, tend to KKT points of `min ½‖w‖²` subject to margins of 1 or more; AdaGrad to
those of a problem with the norm that its own conditioner makes; RMSProp with ε = 0 is not proved to solve the first.
All by their flows, against `log 1/L`.

Adam without first moment has no column of its own: its flow differs from RMSProp's by the correction of its bias, which
is over before the late flow begins, so that the two are one flow here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.gallery.experiment import Experiment, Finding, Part, Results
from verify.problems.networks.flow import network_flow
from verify.problems.networks.methods import Method, adagrad, gradient, rmsprop, smooth_sign
from verify.problems.networks.network import Network, two_layer
from verify.problems.networks.quantities import residuals, turning
from verify.seeds import derived_seed

_ID = "kkt-residuals"
_SHARPEST = 1e5  # margins then agree to 1e-5
_SMOOTHING = 0.1  # of the sign
_ROWS = (0, 1, 2, 3, 4, 6, 9, 12, 15, 18, 21, 24, 27, 30)  # decades that make a row of the table
_SETTLED = 1e-3

PROBLEMS = {"none": "unweighted problem", "last": "problem weighted by the last h", "early": "problem of the early h"}
"""The margin problems, by the name of their weights in `verify.problems.networks.quantities`."""


@dataclass(frozen=True)
class Column:
    """A flow by its name, the weights of the problem that it is proved to solve, if any, and those of another one."""

    name: str
    own: str | None
    other: str | None


COLUMNS = (
    Column("GD", "none", None),
    Column("AdaGrad", "last", "none"),
    Column("RMSProp and Adam without momentum", "none", "early"),
    Column("the same with ε = 0, smoothed", None, "none"),
)


@dataclass(frozen=True)
class Parameters:
    """`points` Gaussian points in `features` dimensions; flows to `log 1/L = 10^decades`."""

    points: int = 6
    features: int = 3
    datasets: int = 8
    width: int = 4
    eps: float = 0.01
    decades: int = 21

    def __post_init__(self) -> None:
        if min(self.points, self.features, self.datasets, self.width) < 1 or not 2 <= self.decades <= 30:
            raise InputError(
                f"The experiment needs one point, feature, dataset and neuron at least, and 2 to 30 decades, "
                f"not {self}: choose them so."
            )
        rmsprop(self.eps)

    @property
    def network(self) -> Network:
        """The network of two layers and this width."""
        return two_layer(self.width)

    def method(self, column: Column) -> Method:
        """The flow of a column."""
        flows = (gradient(), adagrad(self.eps), rmsprop(self.eps), smooth_sign(_SMOOTHING))
        return flows[COLUMNS.index(column)]


def dataset(p: Parameters, seed: int, index: int) -> Dataset:
    """Points whose labels are the side of a random plane, from which they are moved away a little."""
    rng = np.random.default_rng(derived_seed(seed, _ID, str(index)))
    x, plane = rng.normal(size=(p.points, p.features)), rng.normal(size=p.features)
    plane /= np.linalg.norm(plane)
    y = np.where(x @ plane < 0, -1, 1)
    return Dataset(x + 0.3 * y[:, None] * plane, y)


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """The flows, one a column."""
    return {column.name: partial(_flows, p, seed, column) for column in COLUMNS}


def _flows(p: Parameters, seed: int, column: Column, _: Results) -> dict[str, Any]:
    """Residuals of the flows that came to the end, for each problem of the column."""
    datasets = [dataset(p, seed, index) for index in range(p.datasets)]
    flow = network_flow(
        datasets, p.network, p.method(column), log_time=10.0**p.decades, sharpest=min(_SHARPEST, 10.0**p.decades)
    )
    if not flow.reached.any():
        raise InputError(f"No flow of {column.name} came to the end ({'; '.join(flow.notes)}): give more datasets.")
    problems = [problem for problem in (column.own, column.other) if problem is not None]
    return {
        "clock": flow.clock.tolist(),
        "residual": {w: residuals(flow, p.network.degree, weights=w)[flow.reached].tolist() for w in problems},
        "turning": turning(flow)[flow.reached].tolist(),
        "notes": list(flow.notes),
    }


def _residuals(results: Results, column: Column, problem: str) -> Float[np.ndarray, "b r"]:
    return np.array(results[column.name]["residual"][problem])


def _shown() -> list[tuple[Column, str]]:
    """Columns of the table: each flow with each of its problems."""
    return [(c, problem) for c in COLUMNS for problem in (c.own, c.other) if problem is not None]


def find(p: Parameters, results: Results) -> Finding:
    """Residuals as curves, as a table and in sentences."""
    drawn = "one dataset" if p.datasets == 1 else f"the median over {p.datasets} datasets, with their range"
    return Finding(
        drawing=_drawing(results),
        caption=(
            f"KKT residuals of margin problems against log 1/L, {drawn}. Thick: the problem that the method is proved "
            f"to solve; thin: another one. What the start leaves behind fades like (log 1/L)^(-1/3)."
        ),
        alternative=f"A panel for each method. {' '.join(_outcome(results, column) for column in COLUMNS)}",
        sentences=[*(_outcome(results, column) for column in COLUMNS), *_left_out(p, results)],
        headings=("log 1/L", *(f"{c.name}: {PROBLEMS[problem]}" for c, problem in _shown())),
        rows=_rows(p, results),
        numbers={
            column.name: {
                "last": {problem: [row[-1] for row in rows] for problem, rows in part["residual"].items()},
                "turning": part["turning"],
                "notes": part["notes"],
            }
            for column in COLUMNS
            for part in [results[column.name]]
        },
    )


def _rows(p: Parameters, results: Results) -> list[tuple[str, ...]]:
    """Median and range at the recorded points next to whole decades."""
    clock = np.array(results[COLUMNS[0].name]["clock"])
    decades = [d for d in _ROWS if d < p.decades] + [p.decades]
    places = [int(np.argmin(np.abs(np.log10(clock) - d))) for d in decades]
    return [
        (f"{clock[k]:.3g}", *(_spread(_residuals(results, c, problem)[:, k]) for c, problem in _shown()))
        for k in places
    ]


def _spread(values: Float[np.ndarray, " b"]) -> str:
    return f"{np.median(values):.2g} [{values.min():.1g}, {values.max():.1g}]"


def _outcome(results: Results, column: Column) -> str:
    """Where the residuals of a column end."""
    ends = [
        f"{np.median(last):.1g} in the {PROBLEMS[problem]}, {last.max():.1g} at most"
        for problem in (column.own, column.other)
        if problem is not None
        for last in [_residuals(results, column, problem)[:, -1]]
    ]
    proved = "" if column.own else ", which it is not proved to solve"
    return f"{column.name}: the residual ends at {', and at '.join(ends)}{proved}."


def _left_out(p: Parameters, results: Results) -> list[str]:
    sentences = []
    for column in COLUMNS:
        part = results[column.name]
        if part["notes"]:
            sentences.append(f"{column.name}: {'; '.join(part['notes'])}.")
        if count := sum(turned > _SETTLED for turned in part["turning"]):
            found = len(part["turning"])
            sentences.append(f"{column.name}: {count} of {found} directions still turn by over {_SETTLED:g} a decade.")
    return sentences or [f"All flows separate the data, come to log 1/L = 1e{p.decades}, and have settled there."]


def _drawing(results: Results) -> dict[str, Any]:
    """The data of the figure "panels": a column for each flow."""
    curves = []
    for place, column in enumerate(COLUMNS):
        for series, problem in enumerate((column.own, column.other)):
            if problem is not None:
                values = _residuals(results, column, problem)
                low, median, high = (f(values, axis=0).tolist() for f in (np.min, np.median, np.max))
                line = {"x": results[column.name]["clock"], "y": median, "low": low, "high": high}
                curves.append({"row": 0, "column": place, "series": series, "strong": series == 0} | line)
    return {
        "x": {"label": "log 1/L", "scale": "log"},
        "rows": [{"label": "KKT residual", "scale": "log"}],
        "columns": [column.name for column in COLUMNS],
        "series": [{"name": "the problem it is proved to solve", "group": 0}, {"name": "another one", "group": 1}],
        "curves": curves,
    }


EXPERIMENT = Experiment(
    id=_ID,
    title="Which margin problem a network's flow solves",
    source="after Lyu, Li 2020, and Wang, Meng, Chen, Liu 2021",
    shows=(
        "Flows of a two-layer squared ReLU network on Gaussian points from random weights, to losses of e^-(10^21), by "
        "their KKT residuals: 0 where the weights' direction is a KKT point of a margin problem. Gradient descent, and "
        "RMSProp and Adam with ε > 0 inside the root and without momentum, solve the unweighted problem, AdaGrad the "
        "one that its last conditioner h weights. From e^-100000 on the soft minimum of the margins is kept as sharp "
        "as there, so that residuals are those of the limits to about 1e-5."
    ),
    figure="panels",
    parameters=Parameters(),
    parts=parts,
    find=find,
)
