"""Where Adam fails: its test error over the feature noise alpha and the sparsity s of the noise.

By default inside the theorem's regime of disjoint supports, with `d = n^4 s^2`, and at the end of the first stages: 600
steps of `1 / (150 s sigma_p)`, hence `T = 4 / (eta s sigma_p)`. The theorem speaks of longer times as well, `T =
travel / eta`. With a `d` of the user's own, supports are drawn independently and overlap, as in the paper's experiment:
its size is `-o n=200 -o d=1000 -o m=20 -o noise=1 -o s_max=100 -o sigma_0=0.01 -o b2=0.999 -o steps=10000
-o eta=5e-5`, at about 1 ms for a step of one run on a CPU's core. All runs of one sparsity go side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from solvers.errors import InputError
from verify.gallery.experiment import Experiment, Finding, Part, Results
from verify.problems.cnn.errors import sampled_error
from verify.problems.cnn.patches import PatchModel, draw, start
from verify.problems.cnn.runs import STEPS, CnnRuns
from verify.problems.cnn.settings import CnnSetting
from verify.problems.cnn.training import Job, train
from verify.seeds import derived_seed
from verify.statistics import binomial_interval

_ID = "zou2023-phase"
_PER_STAGE = 150  # steps in which a weight moves by 1 / (s sigma_p)
_STAGES = 4  # to the end of the first stages


@dataclass(frozen=True)
class Parameters:
    """A grid of `alphas` values of alpha up to `alpha_max` and `sparsities` of s, doubling up to `s_max`.

    travel: the horizon is `T = travel / eta`, in which time a weight can move by travel; 0 for the first stages. Of
    travel, steps and eta two may be given, 0 leaves one open. d, sigma_0: 0 for what the theorem's orders give.
    noise: `sigma_p s^1/2`. b1, b2: Adam's.
    """

    alphas: int = 7
    alpha_max: float = 0.6
    sparsities: int = 4
    s_max: int = 128
    seeds: int = 4
    n: int = 14
    d: int = 0
    m: int = 12
    q: int = 3
    noise: float = 0.75
    b1: float = 0.9
    b2: float = 0.99
    sigma_0: float = 0.0
    travel: float = 0.0
    steps: int = 0
    eta: float = 0.0
    points: int = 1000

    def __post_init__(self) -> None:
        if min(self.alphas - 1, self.sparsities, self.seeds, self.points, self.n, self.m) < 1:
            raise InputError(
                f"The grid needs two alphas, and a sparsity, seed, point, sample and neuron at least, not {self}."
            )
        if self.s_max < 2 ** (self.sparsities - 1):
            raise InputError(f"s_max = {self.s_max} cannot be halved {self.sparsities - 1} times: choose a larger one.")
        if min(self.d, self.sigma_0, self.travel, self.steps, self.eta) < 0:
            raise InputError(f"d, sigma_0, travel, steps and eta are 0 or more, not {self}: choose them so.")
        if self.travel and self.steps and self.eta:
            raise InputError("travel is steps times eta: give two of the three.")
        for s in self.sparsity_values:
            self.model(s, self.alpha_max)

    @property
    def alpha_values(self) -> list[float]:
        """From 0 to `alpha_max`, evenly."""
        return np.linspace(0, self.alpha_max, self.alphas).tolist()

    @property
    def sparsity_values(self) -> list[int]:
        """Up to `s_max`, each twice the one before."""
        return [self.s_max // 2**k for k in reversed(range(self.sparsities))]

    def setting(self, s: int, alpha: float) -> CnnSetting:
        """The setting at a place of the grid."""
        return CnnSetting(n=self.n, s=s, alpha=alpha, noise=self.noise, m=self.m, q=self.q)

    def model(self, s: int, alpha: float) -> PatchModel:
        """The law of the data at a place of the grid; in a given dimension noise may overlap."""
        setting = self.setting(s, alpha)
        if not self.d:
            return setting.model()
        return PatchModel(n=self.n, d=self.d, s=s, alpha=alpha, sigma_p=setting.sigma_p, disjoint=False)

    def clock(self, s: int) -> tuple[int, float]:
        """Number and size of the steps."""
        if not self.travel:
            return self.steps or _STAGES * _PER_STAGE, self.eta or self.setting(s, 0.0).unit / _PER_STAGE
        if self.eta:
            return max(1, round(self.travel / self.eta)), self.eta
        steps = self.steps or STEPS
        return steps, self.travel / steps

    def job(self, s: int, alpha: float, seed: int) -> Job:
        """Adam's run at a place of the grid, from a seed."""
        setting, model = self.setting(s, alpha), self.model(s, alpha)
        sigma_0 = self.sigma_0 or (self.d**-0.25 if self.d else setting.sigma_0)
        lam = CnnRuns().decay * sigma_0 ** (self.q - 2) * setting.sigma_p / self.n
        _, eta = self.clock(s)
        first = start(model, self.m, sigma_0, seed)
        return Job(draw(model, seed), first, self.q, eta, lam, self.b1, self.b2, lam * eta, None, seed)


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """All runs of one sparsity, for each."""
    return {f"s = {s}": partial(_row, p, seed, s) for s in p.sparsity_values}


def _row(p: Parameters, seed: int, s: int, _: Results) -> dict[str, Any]:
    """Training and test errors: a list over alpha of lists over seeds."""
    seeds = [derived_seed(seed, _ID, str(i)) % 2**31 for i in range(p.seeds)]
    cells = [(alpha, i) for alpha in p.alpha_values for i in seeds]
    (end,) = train([p.job(s, alpha, i) for alpha, i in cells], "adam", [p.clock(s)[0]])
    test = [
        sampled_error(w, p.model(s, alpha), p.q, p.points, i)[0]
        for w, (alpha, i) in zip(end.weights, cells, strict=True)
    ]
    train_errors = [float(np.mean(m <= 0)) for m in end.margins]
    shape = (p.alphas, p.seeds)
    return {"train": np.reshape(train_errors, shape).tolist(), "test": np.reshape(test, shape).tolist()}


def find(p: Parameters, results: Results) -> Finding:
    """The phase diagram as a map and as a table."""
    errors = {s: np.array(results[f"s = {s}"]["test"]) for s in p.sparsity_values}
    trained = max(float(np.max(results[f"s = {s}"]["train"])) for s in p.sparsity_values)
    crossings = {s: _crossing(p.alpha_values, e.mean(axis=1)) for s, e in errors.items()}
    sentences = [_sentence(s, a) for s, a in crossings.items()]
    return Finding(
        drawing=_drawing(p, errors),
        caption=(
            "Adam's test error over the feature noise α and the number s of coordinates with noise, mean over "
            f"{p.seeds} seeds. At ½ one class of the two is lost."
        ),
        alternative=f"A map of the test error over α and s. {' '.join(sentences)}",
        sentences=[*sentences, f"The largest training error is {trained:.3g}.", _horizon(p)],
        headings=("s", *(f"α = {alpha:.2g}" for alpha in p.alpha_values)),
        rows=[(str(s), *(float(v) for v in e.mean(axis=1))) for s, e in errors.items()],
        numbers={
            "crossing": {str(s): a for s, a in crossings.items()},
            "test": {str(s): e.tolist() for s, e in errors.items()},
            "half_width": _half_width(p),
            "horizon": {str(s): dict(zip(("steps", "eta"), p.clock(s), strict=True)) for s in errors},
        },
    )


def _horizon(p: Parameters) -> str:
    """How long the runs went: `T = travel / eta`, or in first stages, `1 / (eta s sigma_p)` each."""
    clocks = {s: p.clock(s) for s in p.sparsity_values}
    runs = f"Runs go {_range([steps for steps, _ in clocks.values()])} steps"
    if p.travel:
        return f"{runs}, to T = {p.travel:g}/η."
    moved = [steps * eta for steps, eta in clocks.values()]
    stages = [m / p.setting(s, 0.0).unit for s, m in zip(clocks, moved, strict=True)]
    return (
        f"{runs}, to T = {_range(stages)}/(η s σ_p), in which time a weight can move by {_range(moved)}. "
        "Later the test error may fall again, above all without memory: try -o travel=3 -o b1=0 -o b2=0."
    )


def _range(values: Sequence[float]) -> str:
    low, high = (f"{v:.3g}" if v < 1000 else f"{v:.0f}" for v in (min(values), max(values)))
    return low if low == high else f"({low} to {high})"


def _half_width(p: Parameters) -> float:
    """Of the binomial interval of one run's test error, at its widest."""
    low, high = binomial_interval(p.points // 2, p.points)
    return (high - low) / 2


def _crossing(alphas: list[float], errors: np.ndarray) -> float | None:
    """The alpha at which the mean test error passes through 1/2, between grid points on a line; None if it does not."""
    above = np.flatnonzero(errors >= 0.5)
    if not len(above) or not above[0]:
        return alphas[0] if len(above) else None
    k = int(above[0])
    share = (0.5 - errors[k - 1]) / (errors[k] - errors[k - 1])
    return float(alphas[k - 1] + share * (alphas[k] - alphas[k - 1]))


def _sentence(s: int, alpha: float | None) -> str:
    if alpha is None:
        return f"With noise on {s} coordinates Adam's test error stays below ½ for all α tried."
    return f"With noise on {s} coordinates Adam's test error passes ½ at α = {alpha:.2g}."


def _drawing(p: Parameters, errors: dict[int, np.ndarray]) -> dict[str, Any]:
    return {
        "x": {"label": "feature noise α", "values": p.alpha_values},
        "y": {"label": "coordinates with noise s", "values": p.sparsity_values},
        "z": {
            "label": "Adam's test error",
            "low": 0.0,
            "high": 1.0,
            "values": [errors[s].mean(axis=1).tolist() for s in p.sparsity_values],
        },
    }


EXPERIMENT = Experiment(
    id=_ID,
    title="Where Adam fails: feature noise against sparsity",
    source="after Zou, Cao, Li, Gu 2023, Theorem 4.1; the diagram is new",
    shows=(
        "The test error of Adam on the two-layer CNN, over the strength α of the feature noise and the number s of "
        "coordinates that noise falls on, at a fixed expected length of the noise. Adam memorises once s σ_p and "
        "α (s σ_p)^(q-1) are large beside 1. Runs end with the first stages, at T = 4/(η s σ_p): whether the failure "
        "stays for T = poly(n)/η, as the theorem says, depends on n as well (zou2023-probability), and -o travel=3 "
        "shows it at T = 3/η."
    ),
    figure="map",
    parameters=Parameters(),
    parts=parts,
    find=find,
)
