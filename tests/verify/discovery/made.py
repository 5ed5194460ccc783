"""Claims about curves of known laws, which nothing has to be run for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from verify import Claim, Rate, Read, Twin, laws
from verify.claims import Paper
from verify.claims.kinds.kind import Kind
from verify.datasets.cases import Setting
from verify.laws import DecayLaw, Law
from verify.problems.deficit import Curves
from verify.problems.quantity import LOG_TIME, STEPS, Measurement
from verify.trials.profiles import Profile

PROFILE = Profile("made", 16, 20_000, 1e4, 0, 8)
PAPER = Paper("made", "Nobody", "Curves", 2030)


@dataclass(frozen=True, kw_only=True)
class Place(Setting):
    """A curve's constant, in hundredths, and how slowly it comes to its law."""

    size: int
    slowness: int


PLACES = st.builds(Place, size=st.integers(20, 500), slowness=st.integers(0, 9))


@dataclass(frozen=True)
class Made:
    """Curves `c law(t) (1 + s / t)`, which wobble by a share; in log time where the law is one of log t.

    budgeted: with the scale of a gap budget, and a path along which the curve falls like 1 / S. plateau: what they end
    at. trend: an exponent that slows a curve by its slowness. early: how
    much larger it is at first, by a share that falls like one over log t in log time, else like t^-1/2.
    """

    law: Law | DecayLaw
    budgeted: bool = False
    plateau: float = 0.0
    trend: float = 0.0
    early: float = 0.0
    wobble: float = 0.01
    name: str = "made curve"

    def measure(self, subject, lab) -> Measurement:
        flow = isinstance(self.law, Law) and not self.law.in_time
        end = lab.log_time if flow else np.log(lab.steps)
        log_time = np.exp(np.linspace(0.0, np.log(end), 120)) if flow else np.linspace(0.7, end, 60)
        size = np.array([[case.size / 100] for case in lab.cases])
        slow = np.array([[float(case.slowness)] for case in lab.cases])
        wobble = 1 + self.wobble * np.sin(3 * log_time + slow)
        if isinstance(self.law, DecayLaw):
            log_values = np.log(size * wobble) - (0.5 + size / 10) * self.law.speed(log_time)
        else:
            early = np.log1p(slow * np.exp(-log_time)) + self.trend * slow * log_time
            early += np.log1p(self.early * slow * np.exp(-np.log(log_time) if flow else -log_time / 2))
            log_values = np.log(size * wobble) + self.law.log_value(log_time) + early
        values = np.exp(np.maximum(log_values, -700.0)) + self.plateau
        one = np.ones(len(lab.cases))
        floor = 0.0 if isinstance(self.law, DecayLaw) else 1e-300
        m = Measurement(
            log_time, values, floor * one, one > 0, lab.cases, one, clock=LOG_TIME if flow else STEPS,
            log_values=log_values if isinstance(self.law, DecayLaw) else None,
        )  # fmt: skip
        if not self.budgeted or isinstance(self.law, DecayLaw):
            return m
        path = np.tile(np.exp(-self.law.log_value(log_time)), (len(one), 1))
        return replace(m, scale=Curves(log_time, values, one, path, path, 2 * values, 0 * path, m.floor, m.judged))


def claim(law: Law | DecayLaw, kind: Kind | None = None, **made) -> Claim:
    """That the curves of a law obey what the kind says of them, by default `t^-1/10`."""
    return PAPER.claim(
        "curve", "page 1", "Curves fall", "Curves fall.", read=Read.DERIVED, kind=kind or Rate(laws.power(0.1)),
        problem=lambda: PLACES, quantity=Made(law, **made), optimizer_text="none",
        twins=(Twin("a plateau", quantity=Made(law, plateau=1.0), shrink=False),),
    )  # fmt: skip
