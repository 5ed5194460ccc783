"""How small steps must be: what two conditions allow, and what runs show, against the number of features.

Normalised steepest descent `W <- W - eta D` with constant steps from zero weights, on the mean cross-entropy. With the
maximal margin `gamma` in the method's norm and `alpha = 2 r^2 e^(2 r eta)` the loss falls in every step where
`alpha eta <= gamma`, and the margin that is promised in the long run is the share `1 - alpha eta / gamma` of it. In
Fan, Schmidt, Thrampoulidis (2025) r is the largest L1 norm of a sample; by Kim, Song, Yun (2026) it may be the norm's
own, the largest dual norm of a sample in a row of the weights: the L2 norm for the spectral, Frobenius and row norms.
So with Lambert's function W the largest step for a share `s` of gamma is `W(s gamma / r) / (2 r)`.

A run of steps eta is one of unit steps on the data times eta, so that one program runs all step sizes of a norm.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float
from scipy.special import lambertw

from solvers import NonSeparableError, UndecidedError, max_margin, max_margins
from solvers.errors import InputError
from solvers.grouped import grouped
from solvers.norms import Norm
from solvers.norms import norm as parse
from verify.datasets.dataset import Dataset
from verify.errors import TrajectoryError
from verify.gallery.experiment import After, Experiment, Finding, Part, Results
from verify.losses import CROSS_ENTROPY, log_sum_exp
from verify.problems.margins.lemmas import unit_l1_samples
from verify.runs.batches import Batch
from verify.runs.engine import gradient
from verify.runs.linear import linear_margins
from verify.runs.walk import padded
from verify.seeds import derived_seed

_ID = "step-sizes"
_DRAWS = 1000
_SIZES = 24  # step sizes side by side
_SPAN = 3e3  # the largest of them over the one that is allowed

Values = Float[np.ndarray, "b s"]


class Geometry(NamedTuple):
    """A norm of the weights, and the norm of a sample that is its own dual's."""

    norm: str | Norm
    dual: int


NORMS = {
    "spectral norm": Geometry("spectral", 2),
    "Frobenius norm": Geometry("l2", 2),
    "row norm": Geometry(grouped("row", "max"), 2),
    "max-norm": Geometry("linf", 1),
}

DESCENT, HALF = "step size, descent", "step size, half of γ"
PROMISES = {DESCENT: 1.0, HALF: 0.5}
"""What is promised, by the axes' names, with the share of gamma that `alpha eta` may be."""

HEADINGS = (
    "Norm",
    "d",
    "Allowed by L1",
    "Allowed by its own",
    "Seen to descend",
    "Seen to keep half the margin",
    "Own over L1, median",
    "Seen to descend over own, median",
    "Datasets that lose half",
)

SERIES = ("allowed by the largest L1 norm", "allowed by the norm's own", "seen to do")


@dataclass(frozen=True)
class Parameters:
    """`points` points for each of `classes` centres in 2, 4, 8, .. `most` features, at a deviation of `spread`."""

    classes: int = 3
    points: int = 4
    spread: float = 0.3
    datasets: int = 8
    most: int = 64
    steps: int = 1000

    def __post_init__(self) -> None:
        if min(self.classes - 1, self.points, self.datasets, self.most - 1, self.steps) < 1 or self.spread < 0:
            raise InputError(
                f"The experiment needs two classes and features, one point, dataset and step at least, and a spread "
                f"of 0 or more, not {self}: choose them so."
            )

    @property
    def features(self) -> list[int]:
        """The numbers of features."""
        return [2**i for i in range(1, self.most.bit_length()) if 2**i <= self.most]


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """The draws, and for each norm and number of features what is allowed and what was seen."""
    found: dict[str, Part] = {"draws": partial(_draws, p, seed)}
    return found | {
        _name(norm, d): After(("draws",), partial(_tried, p, seed, norm, d)) for norm in NORMS for d in p.features
    }


def _name(norm: str, d: int) -> str:
    return f"{norm} {d}"


def dataset(p: Parameters, seed: int, d: int, index: int, draw: int) -> Dataset:
    """One draw of one dataset, separable or not, whose largest L1 norm of a sample is 1."""
    rng = np.random.default_rng(derived_seed(seed, _ID, str(d), str(index), str(draw)))
    y = np.repeat(np.arange(p.classes), p.points)
    x = rng.normal(size=(p.classes, d))[y] + p.spread * rng.normal(size=(len(y), d))
    return unit_l1_samples(Dataset(x, y, classes=p.classes))


def _draws(p: Parameters, seed: int, _: Results) -> dict[str, list[int]]:
    """By the number of features, for each dataset the number of its first draw with a positive margin."""
    return {str(d): [next(_separable(p, seed, d, i)) for i in range(p.datasets)] for d in p.features}


def _separable(p: Parameters, seed: int, d: int, index: int) -> Iterator[int]:
    for draw in range(_DRAWS):
        drawn = dataset(p, seed, d, index, draw)
        try:
            max_margin(drawn.x, drawn.y, classes=p.classes)
        except (NonSeparableError, UndecidedError):
            continue
        yield draw
    raise InputError(f"None of {_DRAWS} draws of {p} in {d} features has a positive margin: take less spread.")


def allowed(gamma: np.ndarray, radius: np.ndarray, share: float) -> np.ndarray:
    """The largest eta with `2 r^2 e^(2 r eta) eta <= share gamma`."""
    return lambertw(share * gamma / radius).real / (2 * radius)


def _tried(p: Parameters, seed: int, norm: str, d: int, results: Results) -> dict[str, Any]:
    """Of every dataset the step sizes that are allowed and, by promise, the largest that was seen to keep it."""
    datasets = [dataset(p, seed, d, i, draw) for i, draw in enumerate(results["draws"][str(d)])]
    geometry = NORMS[norm]
    gamma = np.array([r.lower for r in max_margins([s.problem for s in datasets], geometry.norm)])
    own = np.array([np.linalg.norm(s.x, ord=geometry.dual, axis=1).max() for s in datasets])
    runs = partial(_runs, geometry.norm, datasets, gamma, p.steps)
    by_own, by_l1 = (
        {name: allowed(gamma, r, share) for name, share in PROMISES.items()} for r in (own, np.ones_like(own))
    )
    least, first = by_own[HALF], by_own[DESCENT]
    grid = np.hstack([least[:, None], first[:, None] * np.geomspace(1, _SPAN, _SIZES - 1)])
    lost = runs(grid)
    half = _SIZES // 2
    between = [_between(grid, each, half) for each in lost]
    finer = runs(np.hstack(between))
    seen = {}
    for i, name in enumerate(PROMISES):
        found = _last(between[i], finer[i][:, i * half : (i + 1) * half])
        seen[name] = [
            float(step) if any_lost else None
            for step, any_lost in zip(found, np.any(lost[i], axis=1).tolist(), strict=True)
        ]
    return {
        "by L1": {name: values.tolist() for name, values in by_l1.items()},
        "by own": {name: values.tolist() for name, values in by_own.items()},
        "seen": seen,
        "kept as promised": (~lost[0][:, :2].any(axis=1)).tolist(),
    }


def _first(lost: Bool[np.ndarray, "b s"]) -> np.ndarray:
    """The place of the first step size that loses a promise, or the last one."""
    return np.where(lost.any(axis=1), np.argmax(lost, axis=1), lost.shape[1] - 1)


def _last(grid: Values, lost: Bool[np.ndarray, "b s"]) -> Float[np.ndarray, " b"]:
    """The step size before it."""
    return np.take_along_axis(grid, np.maximum(_first(lost) - 1, 0)[:, None], axis=1)[:, 0]


def _between(grid: Values, lost: Bool[np.ndarray, "b s"], count: int) -> Float[np.ndarray, "b count"]:
    """So many step sizes from that one on to the first that loses the promise."""
    low, high = _last(grid, lost)[:, None], np.take_along_axis(grid, _first(lost)[:, None], axis=1)
    return low * (high / low) ** np.linspace(0, 1, count)


def _runs(
    norm: str | Norm, datasets: list[Dataset], gamma: np.ndarray, steps: int, grid: Values
) -> tuple[Bool[np.ndarray, "b s"], Bool[np.ndarray, "b s"]]:
    """Whether each run loses the promises: a step that does not lower the loss; less than half of gamma at the end,
    after a smaller step size had it."""
    scaled = [replace(s, x=s.x * eta) for s, row in zip(datasets, grid, strict=True) for eta in row]
    rise, margin = (np.asarray(each).reshape(grid.shape) for each in _program(norm, steps)(padded(scaled)))
    if not (np.isfinite(rise).all() and np.isfinite(margin).all()):
        raise TrajectoryError(f"Steepest descent in {parse(norm).name} met NaN or infinity: give fewer steps.")
    kept = margin >= grid * gamma[:, None] / 2
    return rise >= 0, np.logical_or.accumulate(kept, axis=1) & ~kept


@functools.cache
def _program(norm: str | Norm, steps: int) -> Any:
    """From data to the largest change of the loss's logarithm in a unit step, and the normalised margin at the end."""
    geometry = parse(norm)

    def log_loss(w: Array, data: Batch) -> Array:
        return log_sum_exp(CROSS_ENTROPY.log_value(linear_margins(w, data)) + jnp.log(data.weight))

    def run(data: Batch) -> tuple[Array, Array]:
        def step(carry: tuple[Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array], None]:
            w, before, rise = carry
            w = w - geometry.direction(gradient(CROSS_ENTROPY, w, data).direction)
            now = log_loss(w, data)
            return (w, now, jnp.maximum(rise, now - before)), None

        w = jnp.zeros(data.real.shape)
        start = w, log_loss(w, data), jnp.array(-jnp.inf)
        (w, _, rise), _ = jax.lax.scan(step, start, length=steps)
        return rise, jnp.min(linear_margins(w, data)) / geometry.value(w)

    return jax.jit(jax.vmap(run))


def find(p: Parameters, results: Results) -> Finding:
    """Step sizes against the number of features as curves and as a table."""
    rows = [_row(results[_name(norm, d)], norm, d) for norm in NORMS for d in p.features]
    kept = [each for norm in NORMS for d in p.features for each in results[_name(norm, d)]["kept as promised"]]
    drawn = "one dataset" if p.datasets == 1 else f"the least of {p.datasets} datasets, with the range"
    sentences = [_sentence(norm, [row for row in rows if row[0] == norm]) for norm in NORMS]
    return Finding(
        drawing=_drawing(p, results),
        caption=(
            f"Constant step sizes of steepest descent against the number of features, {drawn}; samples have an L1 norm "
            f"of 1 at most. Above: those with which the loss falls in each of {p.steps} steps. Below: those with which "
            "the run has half of the maximal margin or more; allowed are those that promise it in the long run."
        ),
        alternative=f"Eight panels, two for each norm. {' '.join(sentences)}",
        sentences=[
            *sentences,
            f"With the largest step that the norm's own radius allows the loss fell in each of {p.steps} steps in "
            f"{kept.count(True)} of {len(kept)} runs.",
        ],
        headings=HEADINGS,
        rows=rows,
        numbers={name: results[name] for name in (_name(norm, d) for norm in NORMS for d in p.features)},
    )


def _steps_of(part: Any, promise: str) -> list[np.ndarray]:
    """The step sizes of `SERIES` of all datasets; infinity where none was seen to lose the promise."""
    seen = [np.inf if each is None else each for each in part["seen"][promise]]
    return [np.array(part["by L1"][promise]), np.array(part["by own"][promise]), np.array(seen)]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _row(part: Any, norm: str, d: int) -> tuple[Any, ...]:
    """Step sizes are the least of the datasets, which serve all of them; ratios are medians."""
    by_l1, by_own, seen = _steps_of(part, DESCENT)
    kept = _steps_of(part, HALF)[2]
    ratios = (_finite(float(np.median(ratio))) for ratio in (by_own / by_l1, seen / by_own))
    least = (_finite(float(np.min(steps))) for steps in (by_l1, by_own, seen, kept))
    return norm, str(d), *least, *ratios, f"{np.count_nonzero(np.isfinite(kept))} of {len(kept)}"


def _sentence(norm: str, rows: list[tuple[Any, ...]]) -> str:
    first, last = rows[0], rows[-1]
    seen = [row[7] for row in rows if row[7] is not None]
    largest = f"the loss falls with {min(seen):.2g} to {max(seen):.2g} times that" if seen else "no step is too large"
    return (
        f"In the {norm} its own radius allows {first[6]:.2g} times the step of the L1 norm for d = {first[1]} and "
        f"{last[6]:.2g} times for d = {last[1]}; {largest}."
    )


def _drawing(p: Parameters, results: Results) -> dict[str, Any]:
    """The data of the figure "panels": a column for each norm, a row for each promise."""
    curves = []
    for column, norm in enumerate(NORMS):
        for row, promise in enumerate(PROMISES):
            steps = np.array([_steps_of(results[_name(norm, d)], promise) for d in p.features])
            for series in range(len(SERIES)):
                low, high = ([_finite(each) for each in f(steps[:, series], axis=1)] for f in (np.min, np.max))
                place = {"series": series, "row": row, "column": column, "strong": series > 0}
                curves.append(place | {"x": p.features, "y": low, "low": low, "high": high})
    return {
        "x": {"label": "features d", "scale": "log"},
        "rows": [{"label": promise, "scale": "log"} for promise in PROMISES],
        "columns": list(NORMS),
        "series": [{"name": name, "group": i} for i, name in enumerate(SERIES)],
        "curves": curves,
    }


EXPERIMENT = Experiment(
    id=_ID,
    title="How small must the steps be?",
    source="after Fan, Schmidt, Thrampoulidis 2025, Theorem 1 and Lemma 5, and Kim, Song, Yun 2026, B.8 and B.9",
    shows=(
        "Gaussian clouds around Gaussian centres, mean cross-entropy, zero weights, normalised steepest descent with "
        "constant steps η. The proofs promise that the loss falls in every step where α η ≤ γ, and half of the maximal "
        "margin γ in the long run where α η ≤ γ/2, with α = 2 r² e^(2rη). In the first paper r is the largest L1 norm "
        "of a sample in every norm; by the second it may be the largest dual norm of a sample in a row of the weights, "
        "which is its L2 norm in all norms here but the max-norm. What is seen is the largest step size before the "
        "first one, on a grid, that loses what is promised, none where no step size does up to 3000 times the allowed "
        "one. Such large steps oscillate, so that rounding may move it by some per cent."
    ),
    figure="panels",
    parameters=Parameters(),
    parts=parts,
    find=find,
)
