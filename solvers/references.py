"""The reference problems: the maximal margin of a dataset in a norm, certified.

The l2 problem comes first, for every norm: it is a non-negative least squares problem, it decides
separability (which knows no norm), and its margin sets the scale at which the other norms' programmes are well
posed. A batch is solved as one block-diagonal programme; a large member, or one that the batch left
uncertified, is solved alone on a growing working set of data vectors until the certificate over all of them
closes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from solvers import contradictions
from solvers.certificates import Reference
from solvers.errors import InputError, NonSeparableError, UndecidedError
from solvers.labelled import Labels, Points
from solvers.norms import Norm
from solvers.norms import norm as parse
from solvers.problems import Problem, Table, Weights, check_defined, classes_of, pose
from solvers.programs import Candidate
from solvers.working_sets import L2, WHOLE, State, Told, grow, together

# A margin of which the bracket's ends differ by a larger factor is not known.
_KNOWN = 2.0


def margins(w: ArrayLike, x: Points, y: Labels) -> Table:
    """The margins of `w`: `y_i <x_i, w>` [n] for binary labels, else `<(e_{y_i} - e_c) x_i^T, W>` [n, k].

    Two distinct labels are binary where the weights are [d], and two classes where they are [2, d]. Multiclass margins
    are +inf at the true class.

    Raises `InputError` for bad data, or for weights of another shape than [d] or [k, d].
    """
    problem = pose(x, y, classes=classes_of(w))
    return np.ldexp(problem.scores(_weights(w, problem)), problem.exponent)


def normalised_margin(w: ArrayLike, x: Points, y: Labels, norm: str | Norm = "l2") -> float:
    """The least margin of `w` divided by its norm.

    Raises `InputError` as `margins` does, and for zero weights or a norm unknown or not defined on `w`.
    """
    kind = parse(norm)
    problem = pose(x, y, kind, classes_of(w))
    weights = _weights(w, problem)
    size = float(kind.value(weights))
    if size == 0:
        raise InputError("The weights w are zero, so their margin has no direction: pass non-zero weights.")
    return math.ldexp(float(problem.scores(weights).min()) / size, problem.exponent)


def max_margin(
    x: Points,
    y: Labels,
    norm: str | Norm = "l2",
    *,
    scale: ArrayLike | None = None,
    classes: int | None = None,
    progress: Told | None = None,
) -> Reference:
    """The maximal margin over `||w|| <= 1`, as a certified bracket with its maximiser.

    x: features `[n d]`: an array, a frame of pandas or polars, or a scipy sparse matrix. y: labels `[n]`. Two distinct
    ones, whatever they are (+1/-1, 0/1, booleans, texts), are binary, with weights `[d]`: the later in sorted order is
    +1. So are labels that are all +1, or all -1. classes: 2 makes two classes of two labels, with weights `[2 d]`,
    whose margins are other ones. Three or more distinct labels are classes, with weights `[k d]`: the numbers 0..k-1,
    or texts, numbered in sorted order. norm: a norm or its name. scale: positive numbers `s`, shaped like the weights:
    the margin is maximised over `||s * w|| <= 1`, in an entry-wise norm. The maximiser returned has `||s * w|| = 1`.
    progress: called after each round of a solve with a sentence on how far it is; small problems take one round.

    Raises `NonSeparableError`, which carries the certificate, where the maximal margin is not positive;
    `UndecidedError` where double precision does not tell it, or not from 0; and `InputError` for bad data, a norm that
    is unknown or not defined on the weights, or a bad scale.
    """
    kind = parse(norm)
    problem = pose(x, y, kind, classes)
    if scale is not None:
        return _rescaled(problem, kind, scale, progress)
    return _solve([problem], kind, named=False, told=progress)[0]


def _rescaled(problem: Problem, norm: Norm, scale: ArrayLike, progress: Told | None) -> Reference:
    """The reference over `||s * w|| <= 1`: with `v = s * w` the margins are `<q / s, v>`, a binary problem.

    Its bracket holds for the quotients as they were rounded, and is moved outwards by what the rounding may do.
    """
    s = _positive(scale, problem, norm)
    numbers = problem.constraints
    rows = problem.rows(numbers) / s.ravel()
    found = max_margin(rows, np.ones(len(rows), dtype=np.int64), norm, progress=progress)
    eps = float(np.finfo(np.float64).eps)
    below = eps * float((np.abs(rows) @ np.abs(found.weights)).max())
    above = eps * float(norm.dual_value(found.multipliers @ np.abs(rows)))
    return replace(
        found,
        lower=math.ldexp(found.lower - below, problem.exponent),
        upper=math.ldexp(found.upper + above, problem.exponent),
        weights=found.weights.reshape(problem.shape) / s,
        multipliers=problem.scatter(numbers, found.multipliers),
        support=problem.scatter(numbers, found.support.astype(np.float64)) > 0,
    )


def _positive(scale: ArrayLike, problem: Problem, norm: Norm) -> Weights:
    if norm.kind != "entrywise":
        raise InputError(f"A scale changes single weights, which the {norm.name} norm may mix: use an entry-wise norm.")
    try:
        s = np.asarray(scale, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"The scale {scale!r} is no array: pass positive numbers of the weights' shape.") from None
    if s.shape != problem.shape or not np.isfinite(s).all() or not (s > 0).all():
        raise InputError(
            f"The scale has shape {s.shape}, or entries that are not positive numbers: "
            f"pass positive numbers of the weights' shape {problem.shape}."
        )
    return s


def max_margins(
    datasets: Sequence[tuple[Points, Labels] | tuple[Points, Labels, int | None]], norm: str | Norm = "l2"
) -> list[Reference]:
    """The references of many datasets, solved together; much faster than one by one.

    datasets: each its features and labels, `(x, y)` or `(x, y, classes)`, as `max_margin` takes them.

    Raises as `max_margin`, the message naming the dataset by its index.
    """
    kind = parse(norm)
    return _solve(_posed(datasets, [kind]), kind, named=True)


def max_margins_in(
    norms: Sequence[str | Norm],
    datasets: Sequence[tuple[Points, Labels] | tuple[Points, Labels, int | None]],
    *,
    progress: Told | None = None,
) -> Iterator[tuple[str, list[Reference]]]:
    """The references of many datasets in several norms, each with the norm's name as soon as they are solved.

    Quick norms come first: l2, those that take linear programmes, other entry-wise ones, and matrix norms. All share
    the l2 solution, which each of them needs. datasets: as for `max_margins`. progress: as for `max_margin`.

    Raises as `max_margins`, before the first norm.
    """
    kinds = sorted(map(parse, norms), key=lambda kind: (kind.kind != "entrywise", kind != L2, not kind.polyhedral))
    problems = _posed(datasets, kinds)
    euclidean = _separated(problems, True, progress)
    for kind in kinds:
        yield kind.name, _from_euclidean(euclidean, kind, progress)


def _posed(
    datasets: Sequence[tuple[Points, Labels] | tuple[Points, Labels, int | None]], norms: Sequence[Norm]
) -> list[Problem]:
    problems: list[Problem] = []
    for index, (x, y, *classes) in enumerate(datasets):
        try:
            problems.append(pose(x, y, None, *classes))
            for norm in norms:
                check_defined(norm, problems[-1])
        except InputError as error:
            raise InputError(f"Dataset {index}: {error}") from error
    return problems


def hard_margin(x: Points, y: Labels) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, " n"]]:
    """The hard-margin support vector machine: `argmin ||w||_2^2` subject to `y_i <x_i, w> >= 1`.

    Returns `w_hat` [d] and `alpha` [n] >= 0 with `w_hat = sum alpha_i y_i x_i`, from the l2 reference.
    Raises as `max_margin`, and `InputError` for three classes or more.
    """
    problem = pose(x, y)
    if problem.classes:
        raise InputError("The labels y are classes, but the hard-margin problem is binary: pass two distinct labels.")
    reference = _solve([problem], L2, named=False)[0]
    return reference.weights / reference.upper, reference.multipliers / reference.upper**2


def _solve(problems: list[Problem], norm: Norm, named: bool, told: Told | None = None) -> list[Reference]:
    return _from_euclidean(_separated(problems, named, told), norm, told)


def _separated(problems: list[Problem], named: bool, told: Told | None) -> list[State]:
    return [_separate(problem, f"Dataset {j}: " if named else "", told) for j, problem in enumerate(problems)]


def _from_euclidean(euclidean: list[State], norm: Norm, told: Told | None) -> list[Reference]:
    """The references in a norm, given the l2 solutions."""
    if norm == L2:
        return [state.reference() for state in euclidean]
    states = [_start(state, norm) for state in euclidean]
    whole = [j for j, state in enumerate(states) if len(state.problem.constraints) <= WHOLE]
    # A cone programme of many matrices takes longer than its parts.
    if len(whole) > 1 and norm.kind == "entrywise":
        for j, state in zip(whole, together([states[j] for j in whole]), strict=True):
            states[j] = state
    return [(state if state.certified else grow(state, told)).reference() for state in states]


def _separate(problem: Problem, label: str, told: Told | None) -> State:
    """The l2 solution, which every norm needs; raises when there is no positive margin."""
    empty = State(problem, L2, np.zeros(problem.shape), np.zeros(problem.table))
    state = grow(empty, told)
    if 0 < state.lower >= state.upper / _KNOWN:
        return state
    if state.vanishing and contradictions.proven(problem, state.multipliers):
        why, remedy, multipliers = contradictions.told(problem, state.multipliers, _with_intercept)
        message = f"{label}The data has no positive margin, since {why}: {remedy}."
        raise NonSeparableError(message, multipliers, why, remedy)
    what = "How large the margin is" if state.lower > 0 else "Whether the margin is positive"
    raise UndecidedError(
        f"{label}{what} is undecided at working precision, since it is at most {state.upper:.0e} of the largest "
        "feature: bring the features to one scale, or drop points that nearly contradict each other."
    )


def _with_intercept(problem: Problem) -> Table | bool | None:
    """Multipliers that prove the data not separable with an intercept either; True where they are, None unless known.

    The multipliers combine the data vectors themselves to 0 too.
    """
    # Of the size of the largest features.
    x = np.hstack([problem.x, np.full((len(problem.x), 1), 0.5)])
    wider = replace(problem, x=x)
    state = grow(State(wider, L2, np.zeros(wider.shape), np.zeros(wider.table)))
    if state.lower > 0:
        return True
    return state.multipliers if state.vanishing and contradictions.proven(wider, state.multipliers) else None


def _start(euclidean: State, norm: Norm) -> State:
    """A problem in another norm, with the margin of the l2 solution as its scale."""
    weights, multipliers = euclidean.weights, euclidean.multipliers
    return State(
        euclidean.problem,
        norm,
        weights,
        multipliers,
        scale=euclidean.lower / float(norm.value(weights)),
        euclidean=Candidate(weights.ravel(), multipliers.ravel(), euclidean.solver, "the l2 solution"),
    )


def _weights(w: ArrayLike, problem: Problem) -> Weights:
    weights = np.asarray(w, dtype=np.float64)
    if weights.shape != problem.shape:
        raise InputError(f"The weights w have shape {weights.shape}: these labels need shape {problem.shape}.")
    if not np.isfinite(weights).all():
        raise InputError(f"The weights w hold {weights[~np.isfinite(weights)][0]}: pass finite numbers.")
    return weights
