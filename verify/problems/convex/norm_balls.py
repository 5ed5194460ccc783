"""Weight decay beside the gradient (AdamW and its kin), and what it minimises: the loss over a norm ball.

`W <- W - eta_t (u_t + lambda W)` with `||u_t|| <= 1` is a step of Frank and Wolfe over the ball of radius `1/lambda`,
of length `lambda eta_t`, towards the point `-u_t / lambda`; AdamW's `u_t` is nearly a sign, so that its ball is that of
the max-norm. A point of the ball is a minimum of a convex loss where `<lambda W, -grad L> = ||grad L||_*`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

import solvers.norms
from solvers.constrained import BallMinimum, ball_minimum, smoothness
from solvers.norms import Norm
from verify.problems.convex.methods import Method, steepest_descent
from verify.problems.convex.runs import Run, columns, horizon, nearness, problems_of, recorded, weights_of
from verify.problems.convex.settings import Convex, convex_of, model, start
from verify.problems.convex.stacks import evaluate, risk
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject, norm_of


@functools.lru_cache(maxsize=4096)
def least_loss(case: Convex, norm: str | Norm, radius: float) -> BallMinimum:
    """The least loss of a problem over a norm ball, without weight decay."""
    kind = solvers.norms.norm(norm)
    if kind.matrix_only and min(model(case).shape) == 1:
        norm = "l2"  # of a matrix with one singular value, and sooner found
    return ball_minimum(model(case), norm, radius)


def _norms(norm: str | Norm, method: str, v: np.ndarray) -> np.ndarray:
    """Norms (or dual norms) of arrays `[b r k d]`."""
    return np.asarray(_mapped(norm, method)(v))


@functools.cache
def _mapped(norm: str | Norm, method: str) -> Any:
    return jax.jit(jax.vmap(jax.vmap(getattr(solvers.norms.norm(norm), method))))


@dataclass(frozen=True)
class Stationarity:
    """How far weights are from a KKT point of `min L` over `||W|| <= radius / lambda`.

    `|<lambda W, -grad L> - radius ||grad L||_*|`, relative to `||grad L||_*` at the start, plus the ball's relative
    excess. ball: its norm; None for the claim's.
    """

    run: Run
    radius: float = 1.0
    ball: str | Norm | None = None
    name: str = "KKT residual"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the convex problems drawn; those that start where the gradient vanishes are left out."""
        use, log_time = columns(horizon(lab, 1.0))
        p = problems_of(lab, self.run.stacked)
        w = weights_of(self.run, lab)[:, use]
        g, first = (evaluate(risk, p, v)[1] for v in (w, p.start[:, None]))
        decay = p.decay[:, None]
        pull = -decay * np.einsum("brkd,brkd->br", w, g)
        norm = self.ball or norm_of(subject)
        scale = _norms(norm, "dual_value", first)
        judged = scale[:, 0] > 1e-6 * np.sqrt(p.curvature)
        away = np.abs(pull - self.radius * _norms(norm, "dual_value", g)) / np.where(judged[:, None], scale, 1.0)
        values = away + _excess(norm, w, self.radius / p.decay)
        notes = (f"{np.count_nonzero(~judged)} problems without gradient at the start are left out",)
        return Measurement(log_time, values, np.full(len(w), 1e-12), judged, lab.cases, notes=notes)


@dataclass(frozen=True)
class LossGap:
    """How far the loss is from the least one over `||W|| <= radius / lambda`, plus the ball's relative excess.

    Relative to the loss of zero weights. ball: its norm; None for the claim's.
    """

    run: Run
    radius: float = 1.0
    ball: str | Norm | None = None
    name: str = "relative distance to the least loss"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the convex problems drawn; the floor is the width of the least loss's bracket."""
        use, log_time = columns(horizon(lab, 1.0))
        p = problems_of(lab, self.run.stacked)
        w = weights_of(self.run, lab)[:, use]
        norm = self.ball or norm_of(subject)
        found = [least_loss(case, norm, self.radius / case.decay) for case in convex_of(lab.cases)]
        lower, upper = (np.array([getattr(b, end) for b in found]) for end in ("lower", "upper"))
        zero = evaluate(risk, p, 0 * p.start[:, None])[0]
        away = np.abs(evaluate(risk, p, w)[0] - upper[:, None]) / zero
        values = away + _excess(norm, w, self.radius / p.decay)
        certified = upper - lower <= 1e-4 * zero[:, 0]
        notes = (f"{np.count_nonzero(~certified)} references were not certified and are left out",)
        floor = (upper - lower) / zero[:, 0] + 1e-12
        return Measurement(log_time, values, floor, certified, lab.cases, notes=notes)


def _size(norm: str, case: Convex) -> float:
    """`B = max(||W_1||, 1/lambda)`."""
    return max(float(solvers.norms.norm(norm).value(start(case))), 1 / case.decay)


def numerator(norm: str, case: Convex) -> float:
    """`2 H (1 + lambda B)^2 / lambda^2`, H the smoothness of the loss in the norm."""
    return 2 * smoothness(model(case), norm) * (1 / case.decay + _size(norm, case)) ** 2


def radius_for_diameter(norm: str, case: Convex) -> float:
    """`2 H / lambda^2`: too small."""
    return 2 * smoothness(model(case), norm) / case.decay**2


def euclidean_smoothness(norm: str, case: Convex) -> float:
    """`2 H (1 + lambda B)^2 / lambda^2` with the smoothness in L2 for H: too small where the norm is below L2."""
    return 2 * smoothness(model(case), "l2") * (1 / case.decay + _size(norm, case)) ** 2


@dataclass(frozen=True)
class FrankWolfeGap:
    """`L(W_t) - min L` over `||W|| <= radius / lambda` as `values`, `upper / (t + 2)` as `bound`, from t = 2 on.

    Of all norms, that nearest to failing at each step. method: from a norm's name to the method that starts at `W_1`.
    upper: from a norm's name and a problem. share: of the profile's steps.
    """

    norms: tuple[str, ...]
    method: Callable[[str], Method] = steepest_descent
    radius: float = 1.0
    upper: Callable[[str, Convex], float] = numerator
    share: float = 0.1
    name: str = "distance to the least loss"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """On the convex problems drawn; the notes say how near each norm came to its bound."""
        times = recorded(horizon(lab, self.share))
        use = np.unique(times, return_index=True)[1]
        t = times[use] + 1.0
        cases = convex_of(lab.cases)
        p = problems_of(lab)
        gaps, bounds, widths = [], [], []
        for norm in self.norms:
            values = evaluate(risk, p, weights_of(Run(self.method(norm), risk), lab, self.share)[:, use])[0]
            found = [least_loss(case, norm, self.radius / case.decay) for case in cases]
            widths.append([b.upper - b.lower for b in found])
            gaps.append(values - np.array([b.lower for b in found])[:, None])
            bounds.append(np.array([self.upper(norm, case) for case in cases])[:, None] / (t + 2))
        floor = np.max(widths, axis=0) + 1e-12
        ratio = nearness(np.stack(gaps), np.stack(bounds), floor)
        nearest = np.argmax(ratio, axis=0)[None]
        gap, bound = (np.take_along_axis(np.stack(sides), nearest, axis=0)[0] for sides in (gaps, bounds))
        near = ", ".join(f"{each.max():.3g} ({norm})" for each, norm in zip(ratio, self.norms, strict=True))
        return Measurement(
            np.log(t),
            gap,
            floor,
            np.ones(len(cases), bool),
            lab.cases,
            bound=bound,
            notes=(f"largest ratio to the bound by norm: {near}",),
        )


def _excess(
    norm: str | Norm, w: Float[np.ndarray, "b r k d"], radius: Float[np.ndarray, " b"]
) -> Float[np.ndarray, "b r"]:
    return np.maximum(_norms(norm, "value", w) / radius[:, None] - 1, 0.0)
