"""The comparison on real images: two classes of digits, cut into four patches of 4 x 4 pixels. Reported, not asserted.

The theorem says nothing of such data: their features are dense and their noise is not sparse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from solvers.errors import InputError
from verify.datasets.real import parse
from verify.gallery.experiment import Experiment, Finding, Part, Results
from verify.gallery.zou2023_alignment import METHODS, Method
from verify.problems.cnn.patches import Patches
from verify.problems.cnn.training import Job, margins, train
from verify.seeds import derived_seed
from verify.statistics import binomial_interval

_ID = "zou2023-digits"
_SIDE, _CUT = 8, 4
_TIMES = 25


@dataclass(frozen=True)
class Parameters:
    """Classes `first` and `second`, `n` of whose images are trained on; pixels are between 0 and 1."""

    first: int = 3
    second: int = 8
    n: int = 40
    m: int = 10
    q: int = 3
    sigma_0: float = 0.05
    lam: float = 1e-5
    eta: float = 5e-4
    eta_gd: float = 0.02
    steps: int = 3000
    seeds: int = 4

    def __post_init__(self) -> None:
        if min(self.n, self.m, self.seeds) < 1 or self.steps < 25 or self.first == self.second:
            raise InputError(f"Choose two different classes, n, m and seeds of 1 or more and 25 steps, not {self}.")


def images(p: Parameters) -> tuple[Float[np.ndarray, "n patches d"], Float[np.ndarray, " n"]]:
    """All images of the two classes as patches, and their labels +1 and -1."""
    data = parse(f"digits:classes={p.first},{p.second}")
    if p.n >= data.n:
        raise InputError(f"n = {p.n} leaves no test image of {data.n}: take fewer.")
    blocks = _SIDE // _CUT
    cut = (data.x / 16).reshape(-1, blocks, _CUT, blocks, _CUT).transpose(0, 1, 3, 2, 4)
    return cut.reshape(-1, blocks**2, _CUT**2), data.y.astype(float)


def _split(p: Parameters, seed: int) -> tuple[Job, Patches]:
    """One run's training data and start (the method's constants are filled in later), and its test data."""
    x, y = images(p)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    kept, rest = order[: p.n], order[p.n :]
    start = {"all": p.sigma_0 * rng.standard_normal((2, p.m, x.shape[2]))}
    share = np.full(p.n, 1 / p.n)
    return Job(Patches(y[kept], share, x[kept]), start, p.q, p.eta, p.lam), Patches(y[rest], y[rest] * 0, x[rest])


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """A run of each method, all seeds side by side."""
    return {method.name: partial(_runs, p, seed, method) for method in METHODS}


def _runs(p: Parameters, seed: int, method: Method, _: Results) -> dict[str, Any]:
    splits = [_split(p, derived_seed(seed, _ID, str(i)) % 2**31) for i in range(p.seeds)]
    eta = p.eta_gd if method.method == "gd" else p.eta
    jobs = [Job(job.data, job.start, p.q, eta, p.lam, method.b1, method.b2, 1e-8, method.batch) for job, _ in splits]
    times = np.unique(np.round(np.geomspace(1, p.steps, _TIMES)).astype(int)).tolist()
    found: dict[str, Any] = {"time": times, "train": [], "test": [], "images": [len(test.y) for _, test in splits]}
    for run in train(jobs, method.method, times):
        found["train"].append([float(np.mean(m <= 0)) for m in run.margins])
        pairs = zip(run.weights, splits, strict=True)
        found["test"].append([float(np.mean(np.asarray(margins(w, test, p.q)) <= 0)) for w, (_, test) in pairs])
    return found


def find(p: Parameters, results: Results) -> Finding:
    """Errors over time as curves, the ends as a table."""
    rows = [_row(method.name, results[method.name]) for method in METHODS]
    return Finding(
        drawing=_drawing(results),
        caption=f"Training and test errors over time, mean over {p.seeds} splits, with their range.",
        alternative=" ".join(_sentence(row) for row in rows),
        sentences=[_sentence(row) for row in rows],
        headings=("Method", "Training error", "Test error", "Interval, one split"),
        rows=rows,
        numbers={m.name: {k: results[m.name][k][-1] for k in ("train", "test")} for m in METHODS},
    )


def _row(name: str, run: Any) -> tuple[Any, ...]:
    test, count = float(np.mean(run["test"][-1])), run["images"][0]
    # Splits share their test images: the interval is that of a single split of this error.
    low, high = binomial_interval(round(test * count), count)
    return (name, float(np.mean(run["train"][-1])), test, f"{low:.3f} to {high:.3f}")


def _sentence(row: Sequence[Any]) -> str:
    return f"{row[0]}: training error {row[1]:.3g}, test error {row[2]:.3g} ({row[3]})."


def _drawing(results: Results) -> dict[str, Any]:
    curves = []
    for series, method in enumerate(METHODS):
        run = results[method.name]
        for row, name in enumerate(("train", "test")):
            values = np.array(run[name])
            low, middle, high = (f(values, axis=1).tolist() for f in (np.min, np.mean, np.max))
            place = {"series": series, "row": row, "column": 0, "strong": row == 1}
            curves.append(place | {"x": run["time"], "y": middle, "low": low, "high": high})
    return {
        "x": {"label": "steps t", "scale": "log"},
        "rows": [{"label": "training error", "scale": "linear"}, {"label": "test error", "scale": "linear"}],
        "columns": ["two classes of digits"],
        "series": [{"name": m.name, "group": int(m.method != "gd")} for m in METHODS],
        "curves": curves,
    }


EXPERIMENT = Experiment(
    id=_ID,
    title="Adam and gradient descent on digits cut into patches",
    source="after Zou, Cao, Li, Gu 2023; on scikit-learn's digits",
    shows=(
        "The same network and methods on two classes of real digits, each image cut into four patches. The theorem "
        "assumes sparse noise and a sparse feature and does not speak of such data; nothing is asserted here."
    ),
    figure="panels",
    parameters=Parameters(),
    parts=parts,
    find=find,
)
