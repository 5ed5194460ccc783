"""Which margin does an optimizer maximise? Norms, judged by how their deficits grow along runs.

A norm is *named* if its gap falls, the deficit's slope being below 1/2, on nine tenths of the datasets, and in every
rival on significantly fewer of those that tell the two apart (three standard errors), or the updates follow the first
norm and not the rival; but not where its gap is above 3 % and may level off, since what the updates miss of the margin
is a twentieth of the gap or more. *None* of the norms is followed if the gap stood still for two decades in every one,
on half of the datasets, and the updates follow none. Anything else is not settled. See `deficits`.

Beside it stands the *share* of a certified maximal margin: the normalised margin over it, at most 1, of the weights
or of those *gained* since a third of a decade ago (in a flow, since the last recorded log time), whichever is larger.
It tends to 1 in the norm whose margin is maximised, in another norm to what that norm's geometry leaves of it. The
weights gained forget the start, which `w / ||w||` remembers as long as `1 / log t` in gradient descent: `w(t) = w_hat
log t + O(1)` gains `w_hat`. Runs that are carried on in log time are judged by it.

And the *misalignment* of the updates, what they fall short of steepest descent in a norm:
`1 - sum <grad F, u> / (gamma sum ||u||)`, with `F` the log loss, over the last decade of steps. In the geometry that
the updates follow it tends to 0, or stays a little below, as `gamma` is only a lower bound of the gradient's dual norm.
Updates on mini-batches are crooked one by one, and what they add up to in a third of a decade is looked at.

Two norms are told apart on a dataset where the maximiser of the one misses a percent of the other one's margin.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.stats import binomtest

import solvers.norms
from solvers import Reference
from solvers.errors import InputError
from solvers.layered import Layered
from solvers.norms import Norm
from solvers.references import max_margins_in
from verify.backend import Progress, working_on
from verify.datasets.dataset import Dataset
from verify.identification.continuation import PARTS, Course, course
from verify.identification.deficits import (
    _Deficits,
    _deficits,
    _falls_everywhere,
    _medians,
    _named,
    _none,
    _open,
    _telling,
)
from verify.identification.identification import Between, Identification, Phase, Score
from verify.identification.shares import _FALLING, TOLD_APART, WEIGHTED, _geometries, _last, _measure, _Measured
from verify.identification.stationarity import identify_model
from verify.losses import Loss
from verify.losses import loss as loss_named
from verify.models.model import Model
from verify.optimizers.calling import Optimizer
from verify.optimizers.constants import hidden_changes
from verify.optimizers.homogeneity import check_optimizer
from verify.runs.passing import Constant, passed
from verify.runs.sampling import Sampling
from verify.runs.trajectory import check_steps

VECTOR_NORMS = ("l1", "l1.5", "l2", "l3", "linf")
MATRIX_NORMS = (*VECTOR_NORMS, "nuclear", "schatten1.5", "schatten3", "spectral")
_SHARE = 2 / 3  # of the datasets, on which a norm must be nearest for a phase


def _scores(measured: _Measured, d: _Deficits) -> list[Score]:
    told, rivals = measured.told & d.moved, len(measured.geometries)
    gap, before = 1 - _last(measured.share), 1 - _last(measured.share, PARTS)
    with np.errstate(invalid="ignore", divide="ignore"):
        fall = _medians(gap / before)
    share, slope, crooked = _medians(1 - gap), _medians(d.slope), _medians(d.crooked)
    gained, reached = _medians(_last(measured.gained)), _medians(_last(measured.reached))
    scores: list[Score] = []
    for j, geometry in enumerate(measured.geometries):
        judged = told[j].any(axis=0)
        beaten = np.array([~(told[j, m] & _open(d, measured.others, j, m)) for m in range(rivals)]).all(axis=0)
        counts = (d.falls[j] & beaten & judged, d.falls[j] & judged, judged, d.stands[j])
        numbers = (share[j], gained[j], reached[j], fall[j], slope[j], crooked[j])
        scores.append(Score(geometry.name, *numbers, *(int(np.count_nonzero(c)) for c in counts)))
    return scores


def _rank(score: Score) -> tuple[float, float, float, float]:
    """Sorts the norm that fits best to the front."""
    count = max(score.judged, 1)
    missing = [-math.inf if math.isnan(x) else x for x in (score.share, -score.slope)]
    return (-score.wins / count, -score.falls / count, -missing[0], -missing[1])


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


def _between(run: Course, measured: _Measured, constants: tuple[Constant, ...]) -> Between | None:
    """How near the run came to the norm that was nearest when it passed its last constant, if it has left that since.

    It has left it where it has lost as much of the margin as tells norms apart.
    """
    if not constants or not constants[-1].log_time:
        return None
    passing = int(np.searchsorted(run.log_time, constants[-1].log_time, side="right")) - 1
    curves = np.array([_medians(reached.T) for reached in measured.reached])
    if passing < 0 or np.isnan(curves[:, passing]).any():
        return None
    leader = int(np.argmax(curves[:, passing]))
    at = int(np.nanargmax(curves[leader]))
    best, last = float(curves[leader, at]), float(curves[leader, -1])
    if not last < best - TOLD_APART:
        return None
    return Between(measured.geometries[leader].name, best, float(run.log_time[at]), last)


def _check_runs(datasets: list[Dataset], steps: int, log_time: float) -> None:
    if not datasets:
        raise InputError("There are no datasets to run on: give at least one.")
    check_steps(steps)
    if not 0 < log_time < math.inf:
        raise InputError(f"The log time is {log_time}: give the log of a time, a positive number.")


def _check(
    datasets: list[Dataset], norms: Sequence[str | Norm | Layered] | None, steps: int, log_time: float
) -> tuple[str, ...]:
    _check_runs(datasets, steps, log_time)
    binary = any(s.binary for s in datasets)
    chosen = norms if norms is not None else VECTOR_NORMS if binary else MATRIX_NORMS
    if layered := [str(name) for name in chosen if isinstance(name, Layered)]:
        raise InputError(f"The norm {layered[0]} is of a model's layers: give model=, or a norm of one array.")
    parsed = tuple(dict.fromkeys(solvers.norms.norm(name).name for name in chosen if not isinstance(name, Layered)))
    if len(parsed) < 2:
        raise InputError(f"The norms are {', '.join(parsed) or 'none'}: name two at least, to be told apart.")
    return parsed


def identify(
    optimizer: Optimizer,
    datasets: Dataset | Sequence[Dataset],
    *,
    loss: str | Loss = "logistic",
    steps: int = 100_000,
    log_time: float = 1e4,
    norms: Sequence[str | Norm | Layered] | None = None,
    references: Mapping[str, list[Reference]] | None = None,
    platform: str | None = None,
    sampling: str = "full",
    batch: int | None = None,
    seed: int = 0,
    model: Model | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
) -> Identification:
    """Find the norm whose margin an optimizer maximises on separable data, from zero weights; or a model's KKT points.

    optimizer: any optax transformation. datasets: separable ones; several that tell the norms apart (see
    `verify.drawn`) say more than one.
    loss: by name; "logistic" is the cross-entropy where there are classes. steps: the horizon of the discrete runs.
    log_time: log of the time up to which runs are carried on whose optimizer has become gradient descent; those of
    mini-batches and models are not.
    norms: at least two; by default l1, l1.5, l2, l3, linf, and for classes the Schatten norms too. A weighted L2 norm
    is added where the optimizer's own conditioner asks for one.
    references: by norm, those of the datasets where they are known already (`solvers.max_margins`).
    sampling, batch, seed: of mini-batches, as of `verify.run`.
    model: a homogeneous network, say, trained in place of a linear classifier (`verify.models`). What is found is then
    the norm whose KKT points its runs approach, among those given, which may be of layers (`solvers.Layered`); by
    default l1, l2 and linf of all parameters, and the largest l2, spectral, or spectral and other linf norm of the
    layers (see `verify.identification.stationarity`). Data need not be separable by a linear classifier, and the runs
    start from the model's own parameters, drawn from the seed and the dataset.
    told: called with a sentence on each norm as soon as its margin is known, quick ones first, and on how far a long
    solve is.
    Raises `InputError` on bad input (data that no weights separate, say), `TrajectoryError` at NaN or infinity.
    """
    members = [datasets] if isinstance(datasets, Dataset) else list(datasets)
    how = Sampling(sampling, batch)
    if model is not None:
        _check_runs(members, steps, log_time)
        if references:
            raise InputError(f"The references are maximal margins, which the {model} has not: give none.")
        with working_on(platform):
            return identify_model(
                optimizer, members, model, loss=loss_named(loss), steps=steps, norms=norms, how=how, seed=seed,
                progress=progress, told=told,
            )  # fmt: skip
    names = _check(members, norms, steps, log_time)
    check_optimizer(optimizer)
    how.check(members)
    solved = {name: known for name, known in (references or {}).items() if name in names and known}
    if any(len(each) != len(members) for each in solved.values()):
        raise InputError(f"The references are not those of {len(members)} datasets: give one for each.")
    missing = [name for name in names if name not in solved]
    coming = max_margins_in(missing, [s.problem for s in members], progress=told)
    solved.update(itertools.islice(coming, 1))  # it tells data that no weights separate before they are run on
    with working_on(platform):
        run = course(
            optimizer, members, loss=loss_named(loss), norms=names, steps=steps, log_time=log_time, how=how, seed=seed,
            progress=progress,
        )  # fmt: skip
        for name, each in itertools.chain(list(solved.items()), coming):
            solved[name] = each
            if told:
                told(_reached(name, each, run))
        measured = _measure(members, _geometries(members, {name: solved[name] for name in names}, run), run)
        changes = () if run.exact else hidden_changes(optimizer, not members[0].binary)
        return _identified(run, measured, passed(changes, run.log_time[: run.discrete], run.gradients))


def _reached(name: str, references: list[Reference], run: Course) -> str:
    """How near the discrete runs came to the margin of a norm."""
    shares = run.record.normalised_margin(name)[:, -1] / [reference.upper for reference in references]
    count = f"median of {len(shares)} datasets" if len(shares) > 1 else "one dataset"
    return f"{name}: {np.median(shares):.4f} of the maximal margin after {run.record.time[-1]} steps, {count}"


def _identified(run: Course, measured: _Measured, constants: tuple[Constant, ...]) -> Identification:
    count = len(run.weights)
    d, told = _deficits(run, measured), measured.told
    place = [g.name for g in measured.geometries]
    own = _named(d, measured)
    norm = None if own is None else place[own]
    ranking = sorted(_scores(measured, d), key=lambda score: (score.norm != norm, score.judged == 0, _rank(score)))
    best = ranking[0]
    lead = place.index(best.norm)
    falling = tuple(j for j in range(len(place)) if _falls_everywhere(d, told, j))
    interval = binomtest(best.falls, best.judged).proportion_ci() if best.judged else None
    responses = run.responses or []
    saturation = responses[0].saturation if responses else math.inf
    later = None
    if responses and not run.carried and not all(r.reached for r in responses):
        later = "l2" if all(r.isotropic for r in responses) else WEIGHTED
    moved, rests = (2 * int(np.count_nonzero(such)) >= count for such in (d.moved, d.rests))
    return Identification(
        norm=norm,
        settled=norm is not None or _none(d, run),
        confidence=best.falls / best.judged if best.judged else math.nan,
        interval=(float(interval.low), float(interval.high)) if interval else (math.nan, math.nan),
        until=float(run.log_time[-1]),
        coincide=tuple(n for m, n in enumerate(place) if m != lead and not told[lead, m].any()),
        ranking=tuple(ranking),
        tied=tuple(place[j] for j in falling) if norm is None else (),
        telling=_telling(d, run, measured, lead) if norm is None and lead in falling else None,
        phases=_phases(run, measured) if norm is not None and responses else (),
        later=later,
        saturation=saturation,
        gradients_pass=_passing(run, saturation),
        constants=constants,
        between=_between(run, measured, constants),
        moved=moved,
        rests=rests,
        steps=float(run.log_time[run.discrete - 1]),
        exact=run.exact,
        datasets=count,
        log_time=run.log_time,
        gaps=dict(zip(place, 1 - measured.share, strict=True)),
        sampling=str(run.how),
    )
