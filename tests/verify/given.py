"""Claims and curves made by hand: no run is needed to judge them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from verify import laws, strategies
from verify.claims import Claim, Limit, Paper
from verify.claims.envelopes import LN10
from verify.datasets import Dataset
from verify.optimizers import sign_gd
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject
from verify.trials.profiles import Profile

LOG_TIME = LN10 * np.arange(4, 61) / 12
POINT = Dataset([[1, 2]], [1])
TINY = Profile("tiny", 16, 1_000, 1e3, 1, 20)

_CLAIM = Claim(
    id="test/claim",
    title="a claim",
    statement="a statement",
    source="nowhere",
    paper=Paper("test", "nobody", "nothing", 2025),
    kind=Limit(1e-3, laws.power(1 / 2)),
    problem=lambda: strategies.binary(max_points=3, max_features=3, flavours=["integers"]),
    optimizer=sign_gd(0.01),
    optimizer_text="SignGD, step 0.01",
    loss="exponential",
    norm="linf",
)


def measured(values: np.ndarray, floor: float = 1e-12, judged: np.ndarray | None = None) -> Measurement:
    """Curves `[b 57]` from a third of a decade to five decades of steps."""
    b = len(values)
    judged = np.ones(b, bool) if judged is None else judged
    chance = np.full(b, 0.3)
    return Measurement(LOG_TIME, values, np.full(b, floor), judged, [POINT] * b, np.ones(b), chance=chance)


def falling(exponent: float, count: int = 16) -> np.ndarray:
    """Curves that fall like a power of the step, with noise."""
    rng = np.random.default_rng(1)
    noise = np.exp(0.1 * rng.normal(size=(count, len(LOG_TIME))))
    return rng.uniform(0.2, 1.0, (count, 1)) * np.exp(-exponent * LOG_TIME) * noise


STILL_FALLING, ARRIVED, STUCK = falling(0.2), falling(1.0), falling(1.0) + 0.05
"""Curves on which `claim()` is inconclusive, supported and refuted."""


@dataclass(frozen=True)
class Given:
    """A quantity that no run is needed for: the laboratory's curves are given, from its horizon say."""

    curves: Callable[[Laboratory], np.ndarray]
    log_time: Callable[[Laboratory], np.ndarray] = lambda lab: LOG_TIME
    name: str = "curve"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        b = len(lab.cases)
        values = np.broadcast_to(self.curves(lab), (b, len(self.log_time(lab)))).copy()
        return Measurement(self.log_time(lab), values, np.full(b, 1e-12), np.ones(b, bool), lab.cases)


def claim(curves: Callable[[Laboratory], np.ndarray] | None = None, **changes: Any) -> Claim:
    """The claim, of given curves where there are any, with changes."""
    return replace(_CLAIM, **({} if curves is None else {"quantity": Given(curves)}), **changes)


def fails_on_one_point(error: Exception) -> Callable[[Laboratory], np.ndarray]:
    """A curve that stands still, of a run that fails on a single point."""

    def curves(lab: Laboratory) -> np.ndarray:
        if any(case.n == 1 for case in lab.datasets):
            raise error
        return np.full((1, 57), 0.3)

    return curves
