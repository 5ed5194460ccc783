"""A margin problem on a growing working set of its data vectors, until the certificate over all of them closes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from solvers import programs
from solvers.certificates import Reference, lower_bound, promise, support, upper_bound
from solvers.interior import least_l1
from solvers.norms import Norm
from solvers.problems import Problem, Table, Weights
from solvers.programs import Candidate
from solvers.schatten import schatten
from solvers.uniqueness import unique

# Problems with more data vectors than this are solved on a working set.
WHOLE = 512
_ROUNDS = 100
# A fall of the upper bound that counts, and the margin, relative to the least, up to which a data vector is near.
_PROGRESS = 1e-10
_NEAR, _NEARER = 1.5, 1.05
# Of an interior point method: while data vectors are missing, and in the end. It is rough as long as those left out
# fall short by more than this part of the margin.
_ROUGH = 1e-4
_TIGHT = 1e-11
_SHORT = 0.02
L1, L2 = Norm("entrywise", 1.0), Norm("entrywise", 2.0)
_ROOM = 2**24  # entries of the data vectors that are held at once, and once more

Told = Callable[[str], None]
"""What is called with a sentence on how far a solve has come."""


@dataclass(frozen=True, eq=False)
class State:
    """What is known about a problem so far, in units of its scaled features: bounds and who attains them."""

    problem: Problem
    norm: Norm
    weights: Weights
    multipliers: Table
    lower: float = -math.inf
    upper: float = math.inf
    scale: float = 1.0
    euclidean: Candidate | None = None
    solver: str = ""
    status: str = ""

    @property
    def certified(self) -> bool:
        """Whether the bracket is as narrow as was promised."""
        return self.upper < math.inf and self.upper - self.lower <= promise(self.norm) * self.upper

    @property
    def vanishing(self) -> bool:
        """Whether the hull of the data vectors touches 0 as nearly as double precision can show."""
        if self.norm != L2 or self.lower > 0:
            return False
        x = self.problem.x
        largest = math.sqrt(float(np.einsum("ij,ij->i", x, x).max()) * (2 if self.problem.classes else 1))
        return self.upper <= programs.VANISHING * largest

    def improve(self, found: Candidate, numbers: Int[np.ndarray, " m"]) -> State:
        """The better of what is known and the candidate found on these data vectors."""
        new = self
        weights = found.weights.reshape(self.problem.shape)
        size = float(self.norm.value(weights))
        if size > 0 and np.isfinite(size):
            weights = weights / size
            lower = lower_bound(self.problem, self.norm, weights)
            if lower > self.lower:
                names = {"solver": found.solver, "status": found.status}
                new = replace(new, weights=weights, lower=lower, **names)
        total = float(found.multipliers.sum())
        if total > 0 and np.isfinite(total):
            multipliers = self.problem.scatter(numbers, found.multipliers / total)
            upper = upper_bound(self.problem, self.norm, multipliers)
            if upper < self.upper:
                new = replace(new, multipliers=multipliers, upper=upper)
        return new

    def reference(self) -> Reference:
        """The reference, in the units of the features."""
        problem = self.problem
        lower, upper = (math.ldexp(bound, problem.exponent) for bound in (self.lower, self.upper))
        return Reference(
            norm=self.norm,
            lower=lower,
            upper=upper,
            weights=self.weights,
            multipliers=self.multipliers,
            support=support(problem, self.norm, self.weights),
            unique=unique(problem, self.norm, self.weights, self.multipliers, self.lower, self.certified),
            solver=self.solver,
            status=self.status,
        )


def together(states: list[State]) -> list[State]:
    """One round for a batch of small problems, in one block-diagonal programme."""
    numbers = [state.problem.constraints for state in states]
    rows = [s.problem.rows(m) / s.scale for s, m in zip(states, numbers, strict=True)]
    found = _programme(rows, [state.problem.shape for state in states], states[0].norm)
    return [s.improve(f, m) for s, f, m in zip(states, found, numbers, strict=True)] if found else states


def _programme(
    rows: programs.Batch, shapes: list[tuple[int, ...]], norm: Norm, tolerance: float = _TIGHT
) -> list[Candidate]:
    if norm.polyhedral:
        return programs.linear(rows, norm)
    if norm.kind == "schatten":
        return schatten(rows[0], shapes[0], norm, tolerance)
    return programs.conic(rows, shapes, norm)


def grow(state: State, told: Told | None = None) -> State:
    """Solve on a working set, add the data vectors of least margin, until the certificate closes.

    told: called with a sentence after each round.
    """
    problem = state.problem
    every = problem.constraints
    state, begin = _at_once(state) if state.norm == L1 and len(every) > WHOLE else (state, None)
    if state.certified:
        return state
    working = every if len(every) <= WHOLE else _initial(state) if begin is None else begin
    tolerance = _ROUGH if state.norm.kind == "schatten" and len(working) < len(every) else _TIGHT
    before, near = state.upper, _NEARER if state.norm.polyhedral else _NEAR
    held = np.zeros(0, np.int64)  # data vectors that had multipliers in the last round
    for number in range(_ROUNDS):
        rows = problem.rows(working)
        if state.norm == L2:
            start = np.flatnonzero(np.isin(working, held)) if len(working) > WHOLE else None
            found = programs.nearest_points(rows, start)
        else:
            found = _programme([rows / state.scale], [problem.shape], state.norm, tolerance)
        if not found:
            return _fall_back(state)
        for candidate in found:
            state = state.improve(candidate, working)
            if state.certified or state.vanishing:
                return state
        if told is not None:
            told(_sentence(state, number, len(working), len(every)))
        held = working[found[0].multipliers > 0]
        scores = problem.scores(found[0].weights.reshape(problem.shape)).ravel()
        violated = _violated(scores, working, state)
        tight, least = tolerance == _TIGHT, scores[working].min()
        if not len(violated) and tight:
            return _polish(state, rows / state.scale, found[0], working)
        if state.upper < before * (1 - _PROGRESS):
            # The bound fell, so that no working set can come back: slack data vectors may go.
            before = state.upper
            working = working[_held(found[0], state.norm, tolerance) | (scores[working] < near * least)]
        if scores.min() >= (1 - _SHORT) * least:
            tolerance = _TIGHT
        working = np.union1d(working, violated)
    return state


def _at_once(state: State) -> tuple[State, Int[np.ndarray, " m"] | None]:
    """A binary l1 problem solved with all of its data vectors, if there is room; else the vectors to begin with.

    With classes the vectors are mostly zeros, and the linear programmes are quick.
    """
    problem, every = state.problem, state.problem.constraints
    if state.euclidean is None or problem.classes or len(every) * math.prod(problem.shape) > _ROOM:
        return state, None
    rows, working = problem.rows(every) / state.scale, None
    for found in least_l1(rows, state.weights.ravel(), state.multipliers.ravel()[every]):
        for candidate in programs.vertices(rows, found, state.norm):
            better = state.improve(candidate, every)
            if better.certified:
                return better, None
        kept = every[found.multipliers > 0]
        working = kept if working is None else np.union1d(working, kept)
    return state, working


def _sentence(state: State, number: int, working: int, every: int) -> str:
    width = (state.upper - state.lower) / state.upper
    return f"{state.norm.name} margin: round {number + 1}, {working} of {every} data vectors, to {min(width, 1):.1e}"


def _held(found: Candidate, norm: Norm, tolerance: float) -> np.ndarray:
    """Which data vectors have a multiplier: an interior point method leaves something to each."""
    return found.multipliers > (10 * tolerance * found.multipliers.max() if norm.kind == "schatten" else 0)


def _polish(state: State, rows: Float[np.ndarray, "m size"], found: Candidate, working: Int[np.ndarray, " m"]) -> State:
    """One more attempt on a solved but uncertified problem, on its last working set.

    A linear programme's vertex is solved again as equations. A cone programme is solved again without the data
    vectors that its solution leaves slack: with fewer of them the interior point method gets further.
    """
    if state.norm.polyhedral:
        for candidate in programs.vertices(rows, found, state.norm):
            state = state.improve(candidate, working)
    elif state.norm != L2:
        scores = rows @ found.weights
        near = scores < _NEAR * scores.min()
        for candidate in _programme([rows[near]], [state.problem.shape], state.norm):
            state = state.improve(candidate, working[near])
    return state if state.certified else _fall_back(state)


def _fall_back(state: State) -> State:
    """The bracket with the l2 solution where that is better than what the solver returned, if anything."""
    numbers = np.arange(math.prod(state.problem.table))
    return state if state.euclidean is None else state.improve(state.euclidean, numbers)


def _initial(state: State) -> Int[np.ndarray, " m"]:
    """The data vectors to begin with: those of least margin for what is known so far."""
    problem = state.problem
    weights = state.weights
    if state.euclidean is None:
        every = problem.constraints
        weights = problem.combine(problem.scatter(every, np.ones(len(every))))
    order = np.argsort(problem.scores(weights), axis=None)
    if state.norm.polyhedral:
        return np.sort(order[: WHOLE // 4])
    return np.sort(order[: WHOLE // 2 if state.norm.kind == "schatten" else max(WHOLE // 2, math.prod(problem.shape))])


def _violated(
    scores: Float[np.ndarray, " numbers"], working: Int[np.ndarray, " m"], state: State
) -> Int[np.ndarray, " v"]:
    """Data vectors whose margin is below the working set's least, the worst first, and not too many."""
    size = math.prod(state.problem.shape)
    below = np.flatnonzero(scores < scores[working].min())
    worst = below[np.argsort(scores[below])]
    if state.norm.kind == "schatten":
        return worst[: WHOLE // 4]
    return worst[: WHOLE // 2] if state.norm.polyhedral else worst[: max(WHOLE // 4, size)]
