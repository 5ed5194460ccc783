"""Which margin does an optimizer maximise? Norms ranked by how much of each one's maximal margin a run gains.

What is measured is the *share* of a certified maximal margin: the normalised margin over it, at most 1, of the weights
or of those *gained* since a third of a decade ago (in a flow, since the last recorded log time), whichever is larger.
It tends to 1 in the norm whose margin is maximised, in another norm to what that norm's geometry leaves of it. The
weights gained forget the start, which `w / ||w||` remembers as long as `1 / log t` in gradient descent: `w(t) = w_hat
log t + O(1)` gains `w_hat`. The weights themselves count where points of large margin lose some of it meanwhile.

Beside it stands the *misalignment* of the updates, what they fall short of steepest descent in a norm:
`1 - sum <grad F, u> / (gamma sum ||u||)`, with `F` the log loss, over the last decade of steps. In the geometry that
the updates follow it tends to 0, or stays a little below, as `gamma` is only a lower bound of the gradient's dual norm.

Two norms are told apart on a dataset where the maximiser of the one misses a percent of the other one's margin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import optax
from jaxtyping import Bool, Float
from scipy.stats import binomtest

import solvers
import solvers.norms
from solvers import Reference
from solvers.errors import InputError
from verify.continuation import PARTS, Course, course
from verify.datasets import Dataset
from verify.homogeneity import check_optimizer
from verify.losses import Loss
from verify.losses import loss as loss_named
from verify.trajectory import Progress, check_steps
from verify.wording import sentence_of

VECTOR_NORMS = ("l1", "l1.5", "l2", "l3", "linf")
MATRIX_NORMS = (*VECTOR_NORMS, "nuclear", "schatten1.5", "schatten3", "spectral")
WEIGHTED = "weighted l2"
TOLD_APART = 0.01  # of a maximal margin, missed by the maximiser of another norm
_FITS = 0.005  # a relative gap that counts as none
_FALLING, _FALL = 0.03, 0.6  # one that does if it fell at least by this factor within a decade
_SIZE = 2.0  # of the points of drawn datasets
_SHARE = 2 / 3  # of the datasets, on which a norm must win to be named


@dataclass(frozen=True)
class Score:
    """One norm in the ranking; medians are over the datasets, and all ratios are to the certified maximal margin.

    share: normalised margin of the weights, `reached`, or of those gained last, `gained`, whichever is larger.
    fall: gap of `share` to 1, over that a decade earlier. misalignment: of the updates, over the last decade of steps;
    NaN for a weighted norm, which is known at the end only, and past a precision horizon.
    wins, judged: datasets on which the norm is followed and no norm that is told apart from it; datasets that could
    show it.
    """

    norm: str
    share: float
    gained: float
    reached: float
    fall: float
    misalignment: float
    wins: int
    judged: int


@dataclass(frozen=True)
class Phase:
    """A stretch of the run, `log t` from `begin` to `end`, in which most datasets follow one norm."""

    norm: str
    begin: float
    end: float


@dataclass(frozen=True)
class Identification:
    """Which norm's margin an optimizer maximises, as far as its runs show.

    norm: the norm, None where none of those tried fits. ranking: best first.
    confidence: share of the datasets that tell the norm from another one on which it wins; interval: its 95 %
    Clopper-Pearson interval, as if the datasets were drawn at random. NaN where nothing could be told.
    coincide: norms that no dataset tells apart from `norm`. until: log t up to which it was seen.
    phases: where the norm followed changes along the run. later: the norm followed once gradients are far below
    `saturation` (an `eps`), for an optimizer that ends as gradient descent and has not come to it.
    gradients_pass: log t at which the gradients' median size passes `saturation`, None where that was not seen.
    steps: log of the last discrete step. log_time: `[r]`; gaps: by norm, `[b r]`, 1 - share. sentence: all in words.
    """

    norm: str | None
    confidence: float
    interval: tuple[float, float]
    until: float
    coincide: tuple[str, ...]
    ranking: tuple[Score, ...]
    phases: tuple[Phase, ...]
    later: str | None
    saturation: float
    gradients_pass: float | None
    steps: float
    exact: bool
    datasets: int
    log_time: Float[np.ndarray, " r"] = field(repr=False)
    gaps: dict[str, Float[np.ndarray, "b r"]] = field(repr=False)

    @property
    def nearest(self) -> Score:
        """The norm with the largest share of its maximal margin."""
        return max(self.ranking, key=lambda score: score.share)

    @property
    def undecided(self) -> bool:
        """Whether no norm is named, but the nearest one's gap still falls as if it had no floor."""
        return self.norm is None and self.nearest.fall <= _FALL

    @property
    def sentence(self) -> str:
        return sentence_of(self)


@dataclass(frozen=True)
class _Geometry:
    """A norm with its references on all datasets, and for weighted norms the weights' scales."""

    name: str
    norm: solvers.norms.Norm
    references: list[Reference]
    scales: list[np.ndarray] | None = None

    def ratio(self, i: int, dataset: Dataset, weights: Float[np.ndarray, "*shape"]) -> float:
        """Normalised margin of weights on dataset `i` over the maximum; NaN for weights that are zero or NaN."""
        scaled = weights if self.scales is None else self.scales[i] * weights
        size = float(self.norm.value(scaled))
        if not size > 0:
            return math.nan
        least = float((dataset.margin_vectors @ weights.ravel()).min())
        return least / size / self.references[i].upper


def _geometries(datasets: list[Dataset], norms: Sequence[str], run: Course) -> list[_Geometry]:
    pairs = [(s.x, s.y) for s in datasets]
    found = [_Geometry(name, solvers.norms.norm(name), solvers.max_margins(pairs, name)) for name in norms]
    if run.responses and not all(r.isotropic for r in run.responses):
        scales = [1 / np.sqrt(r.gain) for r in run.responses]
        scales = [s / s.max() for s in scales]
        weighted = [solvers.max_margin(*pair, "l2", scale=s) for pair, s in zip(pairs, scales, strict=True)]
        found.append(_Geometry(WEIGHTED, solvers.norms.norm("l2"), weighted, scales))
    return found


@dataclass(frozen=True)
class _Measured:
    """Shares of the maximal margins, and whether the maximiser of the first norm misses a percent of the second's."""

    geometries: list[_Geometry]
    gained: Float[np.ndarray, "norms b r"]
    reached: Float[np.ndarray, "norms b r"]
    told: Bool[np.ndarray, "norms norms b"]
    misalignment: Float[np.ndarray, "norms b"]

    @property
    def share(self) -> Float[np.ndarray, "norms b r"]:
        return np.fmax(self.gained, self.reached)


def _measure(datasets: list[Dataset], geometries: list[_Geometry], run: Course) -> _Measured:
    shape = (len(geometries), len(datasets), len(run.log_time))
    gained, reached = np.full(shape, np.nan), np.full(shape, np.nan)
    told = np.zeros((len(geometries), len(geometries), len(datasets)), bool)
    for i, (dataset, weights) in enumerate(zip(datasets, run.weights, strict=True)):
        steps = np.diff(weights, axis=0, prepend=np.zeros_like(weights[:1]))
        for j, geometry in enumerate(geometries):
            gained[j, i] = [geometry.ratio(i, dataset, step) for step in steps]
            reached[j, i] = [geometry.ratio(i, dataset, w) for w in weights]
            for m, rival in enumerate(geometries):
                told[j, m, i] = rival.ratio(i, dataset, geometry.references[i].weights) <= 1 - TOLD_APART
    told &= ~_shared(geometries, gained, reached)
    return _Measured(geometries, gained, reached, told, np.stack([_misalignment(g, run) for g in geometries]))


def _misalignment(geometry: _Geometry, run: Course) -> Float[np.ndarray, " b"]:
    if geometry.scales is not None:
        return np.full(len(run.weights), np.nan)
    gamma = np.array([r.lower for r in geometry.references])
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - run.descent / (gamma * run.path[geometry.name])


def _shared(
    geometries: list[_Geometry], gained: Float[np.ndarray, "norms b r"], reached: Float[np.ndarray, "norms b r"]
) -> Bool[np.ndarray, "norms norms b"]:
    """Whether the run itself found a maximiser in two norms at once, of several in the first one's."""
    several = np.array([[r.unique is not True for r in geometry.references] for geometry in geometries])
    both = np.zeros((len(geometries), len(geometries), several.shape[1]), bool)
    for curves in (gained, reached):
        fits = _last(curves) >= 1 - _FITS
        both |= fits[:, None] & fits[None, :]
    return both & several[:, None]


def _last(curves: Float[np.ndarray, "norms b r"], back: int = 0) -> Float[np.ndarray, "norms b"]:
    """The values `back` times before the last ones that are numbers in every norm."""
    places = np.arange(curves.shape[2])
    last = np.where(np.isfinite(curves).all(axis=0), places, 0).max(axis=1)
    return curves[:, np.arange(len(last)), np.maximum(last - back, 0)]


def _fitting(measured: _Measured) -> tuple[Bool[np.ndarray, "norms b"], Float[np.ndarray, "norms b"], np.ndarray]:
    """Which norms are followed on which datasets at the end, with their gaps and those of a decade earlier."""
    gap, before = 1 - _last(measured.share), 1 - _last(measured.share, PARTS)
    with np.errstate(invalid="ignore"):
        return (gap <= _FITS) | ((gap <= _FALLING) & (gap <= _FALL * before)), gap, before


def _scores(measured: _Measured) -> list[Score]:
    fits, gap, before = _fitting(measured)
    told, rivals = measured.told, len(measured.geometries)
    gained, reached = np.median(_last(measured.gained), axis=1), np.median(_last(measured.reached), axis=1)
    scores: list[Score] = []
    for j, geometry in enumerate(measured.geometries):
        judged = told[j].any(axis=0)
        beaten = np.array([~(told[j, m] & fits[m]) for m in range(rivals)]).all(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            fall = float(np.nanmedian(gap[j] / before[j])) if np.isfinite(gap[j] / before[j]).any() else math.nan
        wins = int(np.count_nonzero(fits[j] & beaten & judged))
        crooked = float(np.median(measured.misalignment[j]))
        numbers = (float(np.median(1 - gap[j])), float(gained[j]), float(reached[j]), fall, crooked)
        scores.append(Score(geometry.name, *numbers, wins, int(np.count_nonzero(judged))))
    return sorted(scores, key=lambda s: (-s.wins / max(s.judged, 1), -s.share))


def _phases(run: Course, measured: _Measured) -> tuple[Phase, ...]:
    """Stretches of two recorded times at least in which one norm is the nearest and near on most datasets."""
    names = [geometry.name for geometry in measured.geometries]
    gap = np.where(np.isfinite(measured.share), 1 - measured.share, np.inf)
    leaders: list[str | None] = []
    for at in range(gap.shape[2]):
        near = np.min(gap[:, :, at], axis=0) <= _FALLING
        votes = np.bincount(np.argmin(gap[:, :, at], axis=0)[near], minlength=len(names))
        leaders.append(names[int(np.argmax(votes))] if votes.max() > _SHARE * gap.shape[1] else None)
    phases: list[Phase] = []
    first = 0
    for at in range(1, len(leaders) + 1):
        if at < len(leaders) and leaders[at] == leaders[first]:
            continue
        name = leaders[first]
        if name is not None and at - first >= 2:
            begin = run.log_time[first - 1] if first else 0.0
            if phases and phases[-1].norm == name:
                begin = phases.pop().begin
            phases.append(Phase(name, float(begin), float(run.log_time[at - 1])))
        first = at
    return tuple(phases)


def _passing(run: Course, saturation: float) -> float | None:
    """Log t at which the median size of the gradients falls below that size."""
    if not 0 < saturation < math.inf:
        return None
    sizes = np.median(run.gradients, axis=0)
    below = np.flatnonzero(sizes < math.log(saturation))
    if not below.size or not below[0]:
        return None
    at = int(below[0])
    pair = slice(at - 1, at + 1)
    return float(np.interp(-math.log(saturation), -sizes[pair], run.log_time[pair]))


def _check(datasets: list[Dataset], norms: Sequence[str] | None, steps: int, log_time: float) -> tuple[str, ...]:
    if not datasets:
        raise InputError("There are no datasets to run on: give at least one.")
    binary = any(s.binary for s in datasets)
    chosen = norms if norms is not None else VECTOR_NORMS if binary else MATRIX_NORMS
    parsed = tuple(dict.fromkeys(solvers.norms.norm(name).name for name in chosen))
    check_steps(steps)
    if not 0 < log_time < math.inf:
        raise InputError(f"The log time is {log_time}: give the log of a time, a positive number.")
    if len(parsed) < 2:
        raise InputError(f"The norms are {', '.join(parsed) or 'none'}: name two at least, to be told apart.")
    return parsed


def identify(
    optimizer: optax.GradientTransformation,
    datasets: Dataset | Sequence[Dataset],
    *,
    loss: str | Loss = "logistic",
    steps: int = 100_000,
    log_time: float = 1e4,
    norms: Sequence[str] | None = None,
    platform: str | None = None,
    progress: Progress | None = None,
) -> Identification:
    """Find the norm whose margin an optimizer maximises on separable data, from zero weights.

    optimizer: any optax transformation. datasets: separable ones; several that tell the norms apart (see
    `verify.drawn`) say more than one.
    loss: by name; "logistic" is the cross-entropy where there are classes. steps: the horizon of the discrete runs.
    log_time: log of the time up to which runs are carried on whose optimizer has become gradient descent.
    norms: at least two; by default l1, l1.5, l2, l3, linf, and for classes the Schatten norms too. A weighted L2 norm
    is added where the optimizer's own conditioner asks for one.
    Raises `InputError` on bad input (data that no weights separate, say), `TrajectoryError` at NaN or infinity.
    """
    members = [datasets] if isinstance(datasets, Dataset) else list(datasets)
    names = _check(members, norms, steps, log_time)
    check_optimizer(optimizer)
    solvers.max_margins([(s.x, s.y) for s in members], "l2")  # separable?
    run = course(
        optimizer, members, loss=loss_named(loss), norms=names, steps=steps, log_time=log_time, platform=platform,
        progress=progress,
    )  # fmt: skip
    measured = _measure(members, _geometries(members, names, run), run)
    return _identified(run, measured, len(members))


def _identified(run: Course, measured: _Measured, count: int) -> Identification:
    ranking = _scores(measured)
    best = ranking[0]
    named = best.judged > 0 and best.wins >= _SHARE * best.judged
    interval = binomtest(best.wins, best.judged).proportion_ci() if best.judged else None
    place = [g.name for g in measured.geometries]
    own = place.index(best.norm)
    apart = measured.told[own].any(axis=1)
    responses = run.responses or []
    saturation = responses[0].saturation if responses else math.inf
    later = None
    if responses and not run.carried and not all(r.reached for r in responses):
        later = "l2" if all(r.isotropic for r in responses) else WEIGHTED
    return Identification(
        norm=best.norm if named else None,
        confidence=best.wins / best.judged if best.judged else math.nan,
        interval=(float(interval.low), float(interval.high)) if interval else (0.0, 1.0),
        until=float(run.log_time[-1]),
        coincide=tuple(n for m, n in enumerate(place) if m != own and not apart[m]),
        ranking=tuple(ranking),
        phases=_phases(run, measured),
        later=later,
        saturation=saturation,
        gradients_pass=_passing(run, saturation),
        steps=float(run.log_time[run.discrete - 1]),
        exact=run.exact,
        datasets=count,
        log_time=run.log_time,
        gaps=dict(zip(place, 1 - measured.share, strict=True)),
    )


def drawn(count: int = 8, seed: int = 0, classes: int = 5) -> list[Dataset]:
    """Separable datasets on which the norms' maximal margins are told apart, from a seed.

    Points of one length in 8 dimensions, fewer than dimensions so that they are separable, with features of very
    unequal sizes (along the axes, for entry-wise norms, and along random directions, for Schatten norms). Of four
    times as many, those of the largest L2 margins are kept: optimizers come to the point sooner.
    classes: their number, with one point more than classes; 0 for labels +1/-1, on 4 points.
    Raises `InputError` for fewer than one dataset, and for classes that are 1, negative or more than 7.
    """
    if seed < 0:
        raise InputError(f"The seed is {seed}: give a whole number, 0 or more.")
    if count < 1 or classes not in (0, *range(2, 8)):
        raise InputError(f"{count} datasets of {classes} classes cannot be drawn: ask for 1 or more, of 0 or 2 to 7.")
    found = [_drawn(np.random.default_rng([seed, classes, i]), classes, i) for i in range(4 * count)]
    references = solvers.max_margins([(s.x, s.y) for s in found], "l2")
    largest = np.argsort([-r.lower for r in references], kind="stable")[:count]
    return [found[i] for i in np.sort(largest)]


def _drawn(rng: np.random.Generator, classes: int, number: int) -> Dataset:
    n, d = (classes + 1 if classes else 4), 8
    x = rng.normal(size=(n, d)) * np.exp(rng.normal(size=d))
    x = x @ np.linalg.qr(rng.normal(size=(d, d)))[0] * np.exp(rng.normal(size=d) / 2)
    y = np.arange(n) % classes if classes else rng.permutation(np.where(np.arange(n) % 2, 1, -1))
    return Dataset(_SIZE * x / np.linalg.norm(x, axis=1, keepdims=True), y, f"drawn {number}")
