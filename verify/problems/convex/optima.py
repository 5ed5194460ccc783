"""Where methods end on convex problems with weight decay: how far apart, and how points are classified there.

With weight decay `lambda` the objective f is lambda-strongly convex, so that weights with gradients g, g' obey

    lambda ||w - w'||^2 <= <g - g', w - w'>,    ||w - w'|| <= (||g|| + ||g'||) / lambda,

whoever found them: all distances below are held against the gradients of the very weights they are between.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import scipy.optimize
from jaxtyping import Bool, Float

from verify.datasets.cases import Case
from verify.problems.convex.methods import Method
from verify.problems.convex.runs import Run, columns, horizon, nearness, problems_of, weights_of
from verify.problems.convex.settings import Convex, convex_of, fresh_points, model
from verify.problems.convex.stacks import Objective, Stack, evaluate, regularised, stack
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject

_ROUNDING = 1e-13  # of a gradient, relative to the terms that it is summed from
REACHED = 1e-6  # a gradient norm that is counted as reached, in the notes

Table = Float[np.ndarray, "m b r"]


class Optimum(NamedTuple):
    """The weights `[k d]` that L-BFGS found for the objective with weight decay, and the gradient's norm there."""

    weights: Float[np.ndarray, "k d"]
    residual: float


@functools.lru_cache(maxsize=4096)
def optimum(case: Convex) -> Optimum:
    """The optimum of a problem with weight decay; the true one is within `residual / decay` of it."""
    kept = model(case)

    def objective(v: np.ndarray) -> tuple[float, np.ndarray]:
        w = v.reshape(kept.shape)
        return kept.value(w) + 0.5 * case.decay * float(v @ v), (kept.gradient(w) + case.decay * w).ravel()

    found = scipy.optimize.minimize(
        objective, np.zeros(np.prod(kept.shape)), jac=True, method="L-BFGS-B", options={"ftol": 0.0, "gtol": 1e-12}
    )
    weights = np.asarray(found.x, np.float64)
    return Optimum(weights.reshape(kept.shape), float(np.linalg.norm(objective(weights)[1])))


@dataclass(frozen=True)
class Runs:
    """Several methods' runs on the same problems: what the quantities below are measured on.

    methods: one after the other. objective: what all of them descend. stacked: how problems become arrays.
    share: of the profile's steps.
    """

    methods: tuple[Method, ...]
    objective: Objective = regularised
    stacked: Callable[[Sequence[Convex]], Stack] = stack
    share: float = 0.05

    def weights(self, lab: Laboratory) -> Float[np.ndarray, "m b r p"]:
        """The weights of every method, flattened, at the recorded steps."""
        runs = [weights_of(Run(method, self.objective, self.stacked), lab, self.share) for method in self.methods]
        use = columns(horizon(lab, self.share))[0]
        return np.stack([w[:, use].reshape(len(w), len(use), -1) for w in runs])

    def residuals(self, lab: Laboratory, weights: Float[np.ndarray, "m b r p"]) -> Table:
        """Norms of the objective's gradients there."""
        p = problems_of(lab, self.stacked)
        gradients = [evaluate(self.objective, p, w.reshape(*w.shape[:2], *p.start.shape[1:]))[1] for w in weights]
        return np.stack([np.linalg.norm(g.reshape(*g.shape[:2], -1), axis=2) for g in gradients])

    def optima(self, lab: Laboratory) -> tuple[Float[np.ndarray, "b p"], Float[np.ndarray, " b"]]:
        """The optima, flattened as the weights are, and the gradient norms there."""
        p = problems_of(lab, self.stacked)
        padded = np.zeros(p.start.shape)
        found = [optimum(case) for case in convex_of(lab.cases)]
        for i, each in enumerate(found):
            k, d = each.weights.shape
            padded[i, :k, :d] = each.weights
        return padded.reshape(len(found), -1), np.array([each.residual for each in found])

    def rounding(self, lab: Laboratory, weights: Float[np.ndarray, "m b r p"]) -> Float[np.ndarray, " b"]:
        """What rounding of gradients may add to a distance that they bound."""
        p = problems_of(lab, self.stacked)
        origin = np.linalg.norm(evaluate(self.objective, p, 0 * p.start[:, None])[1].reshape(len(p.decay), -1), axis=1)
        largest = np.linalg.norm(weights, axis=3).max(axis=(0, 2))
        return _ROUNDING * (origin + (p.curvature + p.decay) * largest) / p.decay

    def reached(self, residuals: Table) -> str:
        """How many runs ended with a small gradient, by method."""
        shares = [
            f"{m.name} {np.count_nonzero(last <= REACHED)}"
            for m, last in zip(self.methods, residuals[:, :, -1], strict=True)
        ]
        return f"of {residuals.shape[1]} runs each, gradient norms ended below {REACHED:g}: {', '.join(shares)}"


@dataclass(frozen=True)
class Apart:
    """Distance of the ends of two methods as `values`, and `2 e / lambda` as `bound`, e the larger gradient norm.

    Of all pairs, that nearest to failing at each step. losses: only problems with these losses are judged.
    """

    runs: Runs
    losses: tuple[str, ...] = ("squares", "logistic", "softmax")
    name: str = "distance of two methods"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the convex problems drawn; the floor is the rounding of two methods' weights."""
        weights = self.runs.weights(lab)
        residuals = self.runs.residuals(lab, weights)
        decay = problems_of(lab, self.runs.stacked).decay[:, None]
        floor = 2 * self.runs.rounding(lab, weights)
        pairs = [(i, j) for i in range(len(weights)) for j in range(i)]
        apart = np.stack([np.linalg.norm(weights[i] - weights[j], axis=2) for i, j in pairs])
        bound = np.stack([2 * np.maximum(residuals[i], residuals[j]) / decay for i, j in pairs])
        return _measured(self.runs, lab, apart, bound, floor, residuals, _of_losses(lab.cases, self.losses))


@dataclass(frozen=True)
class FromOptimum:
    """Distance to the optimum as `values`, and `(e + e*) / lambda` as `bound`, of the method nearest to failing.

    e is the gradient norm of the method's weights, e* that of the optimum as L-BFGS found it.
    """

    runs: Runs
    name: str = "distance to the optimum"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On all convex problems drawn; the floor is the rounding of the weights."""
        weights = self.runs.weights(lab)
        residuals = self.runs.residuals(lab, weights)
        optima, own = self.runs.optima(lab)
        decay = problems_of(lab, self.runs.stacked).decay[:, None]
        away = np.linalg.norm(weights - optima[None, :, None], axis=3)
        bound = (residuals + own[:, None]) / decay
        floor = self.runs.rounding(lab, weights)
        return _measured(self.runs, lab, away, bound, floor, residuals, np.ones(len(own), bool))


@dataclass(frozen=True)
class Reclassified:
    """Largest distance to the optimum's decision boundary of a point that a method classifies otherwise, as `values`.

    The `bound` is `(e + e*) / lambda`, as in `FromOptimum`: a point further from the boundary keeps its class. Points
    are those fitted and fresh ones. The distance is the optimum's margin over the norm of the margin's gradient.
    """

    runs: Runs
    name: str = "distance to the boundary of a point classified otherwise"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Judged where the loss is logistic or softmax; the notes compare the training errors."""
        weights = self.runs.weights(lab)
        residuals = self.runs.residuals(lab, weights)
        optima, own = self.runs.optima(lab)
        p = problems_of(lab, self.runs.stacked)
        cases = convex_of(lab.cases)
        bound = (residuals + own[:, None]) / p.decay[:, None]
        values, errors = np.zeros(residuals.shape), 0.0
        for i, case in enumerate(cases):
            k, d = model(case).shape
            kept = [w.reshape(*w.shape[:-1], *p.start.shape[1:])[..., :k, :d] for w in (weights[:, i], optima[i])]
            values[:, i] = _furthest(case, kept[0], kept[1])
            errors = max(errors, _largest_difference(case, kept[0][:, -1], kept[1]))
        floor = self.runs.rounding(lab, weights)
        m = _measured(self.runs, lab, values, bound, floor, residuals, _of_losses(lab.cases, ("logistic", "softmax")))
        return replace(
            m, notes=(*m.notes, f"training errors of a method and of the optimum differ by {errors:.3g} at most")
        )


@dataclass(frozen=True)
class Astray:
    """Distance to the optimum over that of the start, of the method that is furthest away."""

    runs: Runs
    name: str = "relative distance to the optimum"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On all convex problems drawn; the notes say where each method ends at the furthest."""
        weights = self.runs.weights(lab)
        optima, own = self.runs.optima(lab)
        p = problems_of(lab, self.runs.stacked)
        away = np.linalg.norm(weights - optima[None, :, None], axis=3)
        scale = np.linalg.norm(p.start.reshape(len(own), -1) - optima, axis=1)
        floor = (own / p.decay + self.runs.rounding(lab, weights)) / scale
        notes = [
            f"{m.name} ends at {a[:, -1].max():.2g} at most"
            for m, a in zip(self.runs.methods, away / scale[:, None], strict=True)
        ]
        values = away.max(axis=0) / scale[:, None]
        log_time = columns(horizon(lab, self.runs.share))[1]
        return Measurement(log_time, values, floor, np.ones(len(own), bool), lab.cases, notes=("; ".join(notes),))


def _of_losses(cases: Sequence[Case], losses: Sequence[str]) -> Bool[np.ndarray, " b"]:
    return np.array([case.loss in losses for case in convex_of(cases)])


def _measured(
    runs: Runs,
    lab: Laboratory,
    values: Float[np.ndarray, "q b r"],
    bound: Float[np.ndarray, "q b r"],
    floor: Float[np.ndarray, " b"],
    residuals: Table,
    judged: Bool[np.ndarray, " b"],
) -> Measurement:
    """The inequality that is nearest to failing of several, at each step."""
    nearest = np.argmax(nearness(values, bound, floor), axis=0)[None]
    chosen = [np.take_along_axis(side, nearest, axis=0)[0] for side in (values, bound)]
    log_time = columns(horizon(lab, runs.share))[1]
    notes = (runs.reached(residuals[:, judged]),)
    return Measurement(log_time, chosen[0], floor, judged, lab.cases, bound=chosen[1], notes=notes)


def _scores(case: Convex, x: Float[np.ndarray, "n d"], w: np.ndarray) -> np.ndarray:
    """The classes' outputs `[... n c]`, that of the idle output included."""
    z = np.einsum("nd,...kd->...nk", x, w)
    return np.concatenate([z, np.zeros((*z.shape[:-1], 1))], axis=-1) if case.loss == "logistic" else z


def _furthest(case: Convex, weights: Float[np.ndarray, "m r k d"], best: Float[np.ndarray, "k d"]) -> np.ndarray:
    """`[m r]`: the largest distance to the optimum's boundary of a point that the weights classify otherwise."""
    x = np.concatenate([model(case).x, fresh_points(case)])
    reference = _scores(case, x, best)
    own = np.argmax(reference, axis=1)
    other = np.argmax(_scores(case, x, weights), axis=-1)
    rows = np.arange(len(x))
    margin = reference[rows, own] - reference[rows[None, None], other]
    # The margin's gradient is x in one row of the weights, or x and -x in two.
    size = np.linalg.norm(x, axis=1) * (1.0 if case.loss == "logistic" else np.sqrt(2.0))
    return np.max(np.where(other == own, 0.0, margin / np.where(size > 0, size, 1.0)), axis=-1, initial=0.0)


def _largest_difference(case: Convex, ends: Float[np.ndarray, "m k d"], best: Float[np.ndarray, "k d"]) -> float:
    """The largest difference of a method's training error and the optimum's."""
    kept = model(case)
    onehot = np.hstack([kept.target, 1 - kept.target]) if case.loss == "logistic" else kept.target
    target = np.argmax(onehot, axis=1)
    errors = [np.mean(np.argmax(_scores(case, kept.x, w), axis=1) != target) for w in (*ends, best)]
    return float(np.max(np.abs(np.array(errors[:-1]) - errors[-1])))
