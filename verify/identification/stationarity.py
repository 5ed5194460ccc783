"""Which norm's KKT points do runs of a model approach? KKT gaps, judged by how they fall along runs.

A homogeneous model has many KKT points and no maximal margin that could be computed. What is computed, in each norm, is
the *KKT gap* of the parameters: what they lack of the maximal margin of the problem linearised there
(`solvers.kkt_gap`), 0 at KKT points alone. Beside it stands the gap of what was *gained* since a third of a decade ago:
the same of the parameters' change, which forgets the start sooner, as the share gained does of a linear model. On
mini-batches it is that of what their updates add up to.

Runs are judged up to where gradients underflow in more than a quarter of them. Left out, and counted, are those that
had not separated the data a decade before, are not past separation or still turn; nothing is said where these are more
than half.

On the others a norm is *near* if its gap falls, the slope of the deficit (gap times the parameters' norm) being below
1/2, and what was gained lacks a twentieth or less. A rival is *ruled out* on a run if its gap stands still there, or
lacks of what was gained four times as much, and a twentieth at least, in the last two thirds of a decade. A norm is
*named* if it is near on nine tenths of the runs, and each rival is ruled out on significantly many of those that tell
the two apart (three standard errors; on each, of fewer than four). *None* is followed if in all norms, on half of the
runs, the gap stood still for two decades, and what was gained lacks a twentieth at least, no less than a decade before.

Two norms are not told apart by a run that arrives in both, or gains what both ask for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import binomtest

from solvers.errors import InputError
from solvers.kkt import margin_bound
from solvers.layered import FlatNorm, Layered, flat_norm, parsed
from solvers.norms import Norm
from verify.backend import Progress
from verify.datasets.dataset import Dataset
from verify.identification.identification import Identification, Score
from verify.losses import Loss
from verify.models.model import Model, Shaped
from verify.optimizers.calling import Optimizer
from verify.optimizers.constants import hidden_changes
from verify.problems import deficit
from verify.problems.deficit import FALLS, LN10, STANDS, Curves
from verify.problems.networks.trained import judged_runs
from verify.runs.flattened import flattened
from verify.runs.passing import Constant, passed
from verify.runs.sampling import Sampling
from verify.runs.simulation import Simulation
from verify.runs.stationarity import log_gradients_of_model, margins_and_gradients
from verify.runs.trajectory import POINTS_A_DECADE, SEGMENT, Trajectories, grid_to

Spec = str | Norm | Layered
MODEL_NORMS: tuple[Spec, ...] = (
    "l1",
    "l2",
    "linf",
    Layered("l2"),
    Layered("spectral"),
    Layered("spectral", "linf"),
)
"""What is tried where nothing is asked for: of all parameters together, and the largest of norms of the layers."""

_PARTS = POINTS_A_DECADE // SEGMENT  # of a decade, at whose ends gaps are computed
_DECADES = 2
_SOLVER = 1e-6  # of a KKT gap, which a cone programme's shares prove
_FITS = 0.005  # a gap that counts as none
_NEAR = 0.05  # what is gained may lack so much in a norm that is followed, and lacks more where none is
_RATIO = 4.0  # what is gained lacks so many times as much in a rival that is ruled out
_LEVEL = 0.9  # of what was gained a decade ago: a lack that does not fall any more
_LOST = 0.25  # of the runs, in which gradients may have underflowed
_EVERYWHERE, _MOSTLY = 0.9, 0.5  # of the runs
_ERRORS, _FEWEST = 3.0, 4  # standard errors, and the runs to which these apply
_RESTS = 0.05  # growth of the margins' scale a decade below which it is no scale


@dataclass(frozen=True)
class _Gaps:
    """KKT gaps of the parameters and of what they gained, and the parameters' norms: by norm `[norms b r]`.

    log_time: `[r]`, thirds of a decade. judged: `[b]`; NaN where not, before the data are separated, and of what is
    gained within an epoch. degree: of the model.
    """

    log_time: Float[np.ndarray, " r"]
    gap: Float[np.ndarray, "norms b r"]
    gained: Float[np.ndarray, "norms b r"]
    size: Float[np.ndarray, "norms b r"]
    judged: Bool[np.ndarray, " b"]
    degree: float


@dataclass(frozen=True)
class _Found:
    """By norm and run `[norms b]`: slope of the deficit, whether the gap falls and is near, and stood still; `[b]`
    whether the parameters rest; `[norms norms b]` whether a run tells the first norm from the second, and rules the
    second out for the first.
    """

    slope: Float[np.ndarray, "norms b"]
    falls: Bool[np.ndarray, "norms b"]
    near: Bool[np.ndarray, "norms b"]
    stands: Bool[np.ndarray, "norms b"]
    rests: Bool[np.ndarray, " b"]
    told: Bool[np.ndarray, "norms norms b"]
    out: Bool[np.ndarray, "norms norms b"]


def norms_of(given: Sequence[Spec] | None, shapes: Sequence[Shaped]) -> list[Norm | Layered]:
    """The norms to be tried on models of these shapes; of the default ones each once, where several are one there.

    Raises `InputError` for fewer than two, for one that is of matrices alone, and for layers that there are not.
    """
    specs = [parsed(each) if isinstance(each, str) else each for each in (MODEL_NORMS if given is None else given)]
    specs = list({each.name: each for each in specs}.values())
    flat = [[flat_norm(each, shaped.shapes) for shaped in shapes] for each in specs]
    if given is None:
        probes = [_probes(shaped) for shaped in shapes]
        values = [[float(n.value(w)) for n, ws in zip(ns, probes, strict=True) for w in ws] for ns in flat]
        specs = [s for i, s in enumerate(specs) if not any(np.allclose(values[i], v) for v in values[:i])]
    if len(specs) < 2:
        raise InputError(f"The norms are {', '.join(map(str, specs)) or 'none'}: name two at least, to be told apart.")
    return specs


def _probes(shaped: Shaped) -> Float[np.ndarray, "m p"]:
    """Parameters on which norms that differ take other values: of each layer alone, and of all together."""
    sizes = [math.prod(shape) for _, shape in shaped.layers]
    alone = np.repeat(np.eye(len(sizes)), sizes, axis=1)
    return np.concatenate([alone, np.ones((1, shaped.size))]) * np.random.default_rng(0).standard_normal(shaped.size)


def identify_model(
    optimizer: Optimizer,
    datasets: list[Dataset],
    model: Model,
    *,
    loss: Loss,
    steps: int,
    norms: Sequence[Spec] | None,
    how: Sampling,
    seed: int,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
) -> Identification:
    """Find the norm whose KKT points an optimizer's runs of a homogeneous model approach; see `identify`."""
    if not isinstance(model, Model):
        raise InputError(f"The model is of type {type(model).__name__}: give a verify.models.Model.")
    if model.degree is None:
        raise InputError(f"The {model} has no degree of homogeneity, and its margins no KKT points: declare degree=.")
    shaped = [model.at(s.d, s.classes or 1) for s in datasets]
    specs = norms_of(norms, shaped)
    simulation = Simulation(optimizer, datasets, loss=loss, how=how, seed=seed, weights=True, model=model)
    run, late = _whole(simulation.through(grid_to(steps), progress).result())
    assert run.weights_at is not None
    flat = [each.flats(params) for each, params in zip(shaped, run.weights_at, strict=True)]
    gaps, left = _measured(run, flat, shaped, datasets, specs, model.degree, told)
    constants: tuple[Constant, ...] = ()
    if not run.exact:
        changes = hidden_changes(flattened(optimizer, shaped[0]), shape=(shaped[0].size,))
        sizes = [log_gradients_of_model(*each, loss) for each in zip(shaped, flat, datasets, strict=True)]
        constants = passed(changes, np.log(run.time), np.stack(sizes))
    starts = simulation.setting.starts(list(range(len(datasets))))
    moved = np.array([bool((w[-1] != start).any()) for w, start in zip(flat, starts, strict=True)])
    found = _identified(run, gaps, [each.name for each in specs], moved)
    return replace(found, constants=constants, sampling=str(how), model=str(model), left=late + left)


def _whole(run: Trajectories) -> tuple[Trajectories, tuple[str, ...]]:
    """The runs up to where gradients underflow in more than a quarter of them, and a note on what is left out."""
    past = (run.horizon[:, None] >= 0) & (run.time > run.horizon[:, None])
    lost = np.logical_or.accumulate(run.starved | past, axis=1)
    count = max(int(np.count_nonzero(np.mean(lost, axis=0) <= _LOST)), SEGMENT)
    if count >= len(run.time):
        return run, ()
    return run.first(count), (
        f"steps left out, after which gradients underflow in more than a quarter of the runs: those after "
        f"t = {run.time[count - 1]}",
    )


def _measured(
    run: Trajectories,
    flat: list[np.ndarray],
    shaped: list[Shaped],
    datasets: list[Dataset],
    specs: Sequence[Norm | Layered],
    degree: float,
    told: Callable[[str], None] | None,
) -> tuple[_Gaps, tuple[str, ...]]:
    """The gaps in the last decades, and why which runs were left out."""
    places = np.arange(len(run.time))[::-1][::SEGMENT][: _DECADES * _PARTS + 1][::-1]
    judged, left = judged_runs(run, flat, places[-1 - _PARTS :])
    shape = (len(specs), len(flat), len(places))
    gap, gained, size = (np.full(shape, np.nan) for _ in range(3))
    kept = np.flatnonzero(judged)
    slopes = {i: margins_and_gradients(shaped[i], flat[i][places], datasets[i]) for i in kept}
    for j, spec in enumerate(specs):
        for i in kept:
            norm = flat_norm(spec, shaped[i].shapes)
            for at, (place, z, g) in enumerate(zip(places, *slopes[i], strict=True)):
                if z.min() <= 0:  # not separated yet
                    continue
                bound, w = margin_bound(g, norm), flat[i][place]
                size[j, i, at] = float(norm.value(w))
                gap[j, i, at] = _lack(degree * float(z.min()), size[j, i, at], bound)
                if place >= SEGMENT and run.time[place] - run.time[place - SEGMENT] >= run.epoch[i]:
                    gained[j, i, at] = _gained(g, w - flat[i][place - SEGMENT], norm, bound)
        if told and len(kept):
            median = f"{np.median(gap[j, kept, -1]):.4f}, median of {len(kept)} runs"
            told(f"{spec.name}: KKT gap after {run.time[-1]} steps {median}")
    # The steps are whole numbers: thirds of a decade, back from the end, but for their rounding.
    log_time = math.log(run.time[-1]) - LN10 / _PARTS * np.arange(len(places))[::-1]
    return _Gaps(log_time, gap, gained, size, judged, degree), left


def _lack(margin: float, size: float, bound: float) -> float:
    return max(1 - margin / (size * bound), 0.0)  # what is below 0 is rounding


def _gained(g: Float[np.ndarray, "n p"], change: Float[np.ndarray, " p"], norm: Norm | FlatNorm, bound: float) -> float:
    size = float(norm.value(change))
    return _lack(float((g @ change).min()), size, bound) if size > 0 else math.nan


def _judge(gaps: _Gaps) -> _Found:
    unknown = np.full(gaps.gap.shape[1:], np.nan)
    ones = np.ones(len(gaps.judged))
    curves = [
        Curves(gaps.log_time, gap, ones, size, size, unknown, unknown, _SOLVER * ones, gaps.judged)
        for gap, size in zip(gaps.gap, gaps.size, strict=True)
    ]
    last, gained = gaps.gap[:, :, -1], gaps.gained[:, :, -1]
    lately = gaps.gained[:, :, -2:]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.stack([deficit.deficit_slopes(c) for c in curves])
        stands = np.stack([deficit.stands(c) for c in curves])
        resolved = np.stack([c.resolved for c in curves])
        grown = np.stack([deficit.travelled(c) for c in curves]).max(axis=0)
        rests = gaps.judged & ((1 + grown) ** gaps.degree - 1 < _RESTS)
        fits = last <= _FITS
        falls = np.where(rests, fits, (~resolved & (last >= 0)) | (slope < FALLS))
        near = falls & (fits | (gained <= _NEAR))
        # The first norm's largest lack in the last parts of a decade, against the second one's least.
        most, least = lately.max(axis=2), lately.min(axis=2)
        crooked = (least >= _NEAR) & (least >= _RATIO * most[:, None])
        out = near[:, None] & (crooked | (stands | (resolved & (slope >= STANDS))))
        both = (fits[:, None] & fits) | ((gained[:, None] <= _FITS) & (gained <= _FITS))
    return _Found(slope, falls, near, stands & ~rests, rests, ~both & gaps.judged, out & ~both)


def _everywhere(d: _Found, judged: Bool[np.ndarray, " b"], own: int) -> bool:
    return bool(np.count_nonzero(d.near[own, judged]) >= _EVERYWHERE * np.count_nonzero(judged))


def _ahead(d: _Found, own: int, rival: int) -> bool:
    """Whether the runs that tell the two norms apart rule the second one out, or there are none that do."""
    on = d.told[own, rival]
    n = int(np.count_nonzero(on))
    out = np.count_nonzero(d.out[own, rival] & on)
    if n < _FEWEST:
        return bool(out == n)
    near = np.count_nonzero(d.near[own, on]) / n
    return bool(1 - out / n < near - _ERRORS * math.sqrt(max(near * (1 - near), 1 / n) / n))


def _named(d: _Found, judged: Bool[np.ndarray, " b"]) -> int | None:
    """The norm whose KKT points are approached, if one only can be."""
    every = range(len(d.near))
    fit = [j for j in every if _everywhere(d, judged, j) and all(_ahead(d, j, m) for m in every if m != j)]
    return fit[0] if len(fit) == 1 and d.told[fit[0]].any() else None


def _none(d: _Found, gaps: _Gaps) -> bool:
    if gaps.gained.shape[2] <= _PARTS:
        return False
    now, then = (gaps.gained[:, gaps.judged, at] for at in (-1, -1 - _PARTS))
    if not np.isfinite(now).all() or not np.isfinite(then).all():
        return False
    still = np.count_nonzero(d.stands[:, gaps.judged], axis=1) >= _MOSTLY * np.count_nonzero(gaps.judged)
    now, then = np.median(now, axis=1), np.median(then, axis=1)
    return bool(still.all() and np.all((now >= _NEAR) & (now >= _LEVEL * then)))


def _median(values: Float[np.ndarray, " b"]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else math.nan


def _scores(gaps: _Gaps, d: _Found, names: Sequence[str]) -> list[Score]:
    last, gained = gaps.gap[:, :, -1], gaps.gained[:, :, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        fall = last / gaps.gap[:, :, max(-1 - _PARTS, -gaps.gap.shape[2])]
    scores: list[Score] = []
    for j, name in enumerate(names):
        judged = d.told[j].any(axis=0)
        wins = judged & d.near[j] & np.array([d.out[j, m] | ~d.told[j, m] for m in range(len(names)) if m != j]).all(0)
        counts = (int(np.count_nonzero(each)) for each in (wins, d.near[j] & judged, judged, d.stands[j]))
        share, ahead = 1 - _median(last[j]), 1 - _median(gained[j])
        numbers = (ahead, share, _median(fall[j]), _median(d.slope[j]), _median(gained[j]))
        scores.append(Score(name, share, *numbers, *counts))
    return scores


def _rank(score: Score) -> tuple[float, ...]:
    """Sorts the norm that fits best to the front."""
    missing = (math.inf if math.isnan(x) else x for x in (-score.gained, -score.share))
    return (-score.wins, -score.falls, *missing)


def _identified(run: Trajectories, gaps: _Gaps, names: list[str], moved: Bool[np.ndarray, " b"]) -> Identification:
    d, judged, count = _judge(gaps), gaps.judged, len(gaps.judged)
    enough = bool(judged.any() and np.count_nonzero(judged) >= _MOSTLY * count)
    own = _named(d, judged) if enough else None
    norm = None if own is None else names[own]
    ranking = sorted(_scores(gaps, d, names), key=lambda score: (score.norm != norm, _rank(score)))
    best = ranking[0]
    lead = names.index(best.norm)
    interval = binomtest(best.falls, best.judged).proportion_ci() if best.judged else None
    falling = [names[j] for j in range(len(names)) if enough and _everywhere(d, judged, j)]
    until = math.log(run.time[-1])
    return Identification(
        norm=norm,
        settled=norm is not None or (enough and _none(d, gaps)),
        confidence=best.falls / best.judged if best.judged else math.nan,
        interval=(float(interval.low), float(interval.high)) if interval else (math.nan, math.nan),
        until=until,
        coincide=tuple(n for m, n in enumerate(names) if m != lead and judged.any() and not d.told[lead, m].any()),
        ranking=tuple(ranking),
        tied=tuple(falling) if norm is None else (),
        telling=None,
        phases=(),
        later=None,
        saturation=math.inf,
        gradients_pass=None,
        constants=(),
        between=None,
        moved=bool(2 * np.count_nonzero(moved) >= count),
        rests=bool(judged.any() and 2 * np.count_nonzero(d.rests) >= np.count_nonzero(judged)),
        steps=until,
        exact=run.exact,
        datasets=count,
        log_time=gaps.log_time,
        gaps=dict(zip(names, gaps.gap, strict=True)),
        runs=int(np.count_nonzero(judged)),
    )
