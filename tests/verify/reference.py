"""An independent reference for the engine: losses and optimizers in forty-digit arithmetic without any end of range.

Nothing here is padded, scaled, batched or compiled; the formulas are those of the papers, written out.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from verify.datasets import Dataset

CONTEXT = decimal.Context(prec=40, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[decimal.InvalidOperation])
INF = float("inf")
ZERO = Decimal(0)
Vector = list[Decimal]
Rule = Callable[[Vector], Vector]


def log1p(a: Decimal) -> Decimal:
    """`log(1 + a)`; where `1 + a` would lose digits, three terms of the series are exact enough."""
    return a - a * a / 2 + a**3 / 3 if a < Decimal("1e-15") else (1 + a).ln()


def exact_loss(name: str, z: Sequence[Decimal | float]) -> tuple[Decimal, Vector]:
    """The loss of one sample with margins `z`, and its slopes; an absent rival (infinite margin) adds nothing."""
    with decimal.localcontext(CONTEXT):
        if name == "polynomial_tail":
            heavy = [ZERO if v == INF else 1 / (1 + Decimal(v)) if v > 0 else 1 - Decimal(v) for v in z]
            return sum(heavy, ZERO), [min(v, Decimal(1)) ** 2 for v in heavy]
        a = [ZERO if v == INF else (-Decimal(v)).exp() for v in z]
        total = sum(a, ZERO)
        if name == "exponential":
            return total, a
        if name in ("logistic", "cross_entropy"):
            return log1p(total), [v / (1 + total) for v in a]
        return sum(map(log1p, a), ZERO), [v / (1 + v) for v in a]


def ratio(a: Decimal, b: Decimal) -> Decimal:
    return ZERO if a == b == 0 else a / b


def sign() -> Rule:
    return lambda g: [Decimal((v > 0) - (v < 0)) for v in g]


def normalised() -> Rule:
    return lambda g: [ratio(v, sum((c * c for c in g), ZERO).sqrt()) for v in g]


def plain() -> Rule:
    return lambda g: g


def adaptive(
    b1: float, b2: float | None, eps: float = 0.0, *, inside_root: bool = False, bias_correction: bool = False
) -> Rule:
    """Adam; RMSProp with `b1 = 0`; AdaGrad with `b2 = None`, which sums the squares."""
    b1_, eps_ = Decimal(b1), Decimal(eps)
    keep, take = (Decimal(1), Decimal(1)) if b2 is None else (Decimal(b2), 1 - Decimal(b2))
    m: Vector = []
    v: Vector = []
    count = 0

    def rule(g: Vector) -> Vector:
        nonlocal m, v, count
        count += 1
        m = [b1_ * a + (1 - b1_) * c for a, c in zip(m or [ZERO] * len(g), g, strict=True)]
        v = [keep * a + take * c * c for a, c in zip(v or [ZERO] * len(g), g, strict=True)]
        mc, vc = (1 - b1_**count, 1 - keep**count) if bias_correction else (1, 1)
        roots = [(c / vc + eps_).sqrt() if inside_root else (c / vc).sqrt() + eps_ for c in v]
        return [ratio(a / mc, r) for a, r in zip(m, roots, strict=True)]

    return rule


@dataclass
class Path:
    """A run: entry `t` is after `t` steps. `path`, `descent`, `second_order` are the gap budget's sums (path: L2)."""

    weights: list[np.ndarray] = field(default_factory=list)
    margin: list[float] = field(default_factory=list)
    log_loss: list[float] = field(default_factory=list)
    log_slope: list[float] = field(default_factory=list)
    path: list[float] = field(default_factory=list)
    descent: list[float] = field(default_factory=list)
    second_order: list[float] = field(default_factory=list)


def dot(a: Vector, b: Vector) -> Decimal:
    return sum((x * y for x, y in zip(a, b, strict=True)), ZERO)


def decimals(values: np.ndarray) -> Vector:
    return [Decimal(float(v)) for v in np.ravel(values)]


def follow(
    dataset: Dataset,
    rule: Rule,
    steps: int,
    step_size: Callable[[int], float],
    loss: str = "logistic",
    w0: np.ndarray | None = None,
    seen: Callable[[int], Sequence[int]] | None = None,
) -> Path:
    """`w_{t+1} = w_t - eta_t rule(g_t)` on the mean loss, from zero or `w0`.

    seen: the points of the mini-batch that the step from `w_t` takes its gradient on.
    """
    with decimal.localcontext(CONTEXT):
        rows = [decimals(row) for row in dataset.margin_vectors]
        rivals = len(rows) // dataset.n
        w = decimals(np.zeros(dataset.weights_shape) if w0 is None else w0)
        run = Path()
        path = descent = second = ZERO
        for t in range(steps + 1):
            z = [dot(row, w) for row in rows]
            samples = [exact_loss(loss, z[i : i + rivals]) for i in range(0, len(z), rivals)]
            mean = sum((value for value, _ in samples), ZERO) / dataset.n
            slopes = [s / dataset.n for _, sample in samples for s in sample]
            run.weights.append(np.array([float(v) for v in w]).reshape(dataset.weights_shape))
            run.margin.append(float(min(z)))
            run.log_loss.append(float(mean.ln()))
            run.log_slope.append(float(sum(slopes, ZERO).ln()))
            run.path.append(float(path))
            run.descent.append(float(descent))
            run.second_order.append(float(second))
            g = [-dot(slopes, list(column)) for column in zip(*rows, strict=True)]
            move_on = g
            if seen is not None:
                batch = seen(t)
                part = [s / len(batch) if i in batch else ZERO for i, (_, sample) in enumerate(samples) for s in sample]
                move_on = [-dot(part, list(column)) for column in zip(*rows, strict=True)]
            eta = Decimal(step_size(t))
            move = [-eta * u for u in rule(move_on)]
            w = [a + b for a, b in zip(w, move, strict=True)]
            path += dot(move, move).sqrt()
            descent -= dot(g, move) / mean
            second += max(dot(row, move) ** 2 for row in rows) / 2
        return run
