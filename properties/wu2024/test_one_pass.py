"""One pass of stochastic gradient descent with steps of any size: how often its weights are wrong.

Setting: a distribution of points `‖x‖ ≤ 1` with labels, of maximal L2 margin γ: here the points of a dataset, each as
likely as the other; the logistic loss.
Algorithm: `w ← w - η ∇l(y ⟨x, w⟩)` from `w_0 = 0` with a fresh point in each step, η any positive number: 1 and 100.
Claim: for each t, with a probability of at least 1 - δ, the average over the first t weights of the probability that
`y ⟨x, w_k⟩ ≤ 0` is at most `4 (√2 + 2 ln q + η)/q + 36 ln(1/δ)/t`, `q = γ² η t`. Here t is 2000, δ 0.15.
Reference: Wu, Bartlett, Telgarsky, Yu (2024), Theorem 4. It is silent where q is below 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from properties.papers import WU_2024
from verify import Bound, HighProbability, Read, Twin, strategies
from verify.datasets import scaled_to_unit_rows
from verify.problems.margins.descents import gamma
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject
from verify.runs.descent import stacked
from verify.seeds import generator

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory

STEPS, CHANCE = 2000, 0.15
SIZES = (1.0, 100.0)


def mistakes(lab: Laboratory, eta: float) -> np.ndarray:
    """The average over the weights before each of the first t steps of the share of points that they miss, `[b r]`."""
    x, absent = stacked(lab.datasets)
    drawn = np.array(
        [
            generator(s.x, s.y, f"one pass of {eta} on case {i}").integers(s.n, size=STEPS)
            for i, s in enumerate(lab.datasets)
        ]
    )
    here, w = np.arange(len(x)), np.zeros((len(x), x.shape[2]))
    missed = np.zeros((len(x), STEPS))
    for t in range(STEPS):
        z = np.einsum("bnd,bd->bn", x, w)
        missed[:, t] = np.sum((z <= 0) & ~absent, axis=1) / np.sum(~absent, axis=1)
        point = drawn[:, t]
        w = w + eta * np.exp(-np.logaddexp(0.0, z[here, point]))[:, None] * x[here, point]
    return np.cumsum(missed, axis=1) / np.arange(1.0, STEPS + 1)


@dataclass(frozen=True)
class Mistakes:
    """At the last step, and from the second on for those who look; the larger side is infinite before the last."""

    eta: float
    power: float = 1.0
    name: str = "average share of mistakes"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """Each case is one draw of all samples."""
        values = lab.once(("one pass", self.eta), lambda: mistakes(lab, self.eta))[:, 1:]
        t, margin = np.arange(2.0, STEPS + 1), gamma(lab)[:, None]
        q = margin**2 * self.eta * t
        with np.errstate(divide="ignore"):
            first = 4 * (np.sqrt(2) + 2 * np.log(q) + self.eta) / q
        bound = (first + 36 * np.log(1 / CHANCE) / t) / t ** (self.power - 1)
        bound = np.where((t == STEPS) & (q >= 1), bound, np.inf)
        return Measurement(
            np.log(t),
            values,
            np.zeros(len(values)),
            np.isfinite(bound[:, -1]),
            lab.datasets,
            margin[:, 0],
            bound=bound,
            chance=np.full(len(values), CHANCE),
        )


def claim(eta: float):
    return WU_2024.claim(
        f"one-pass-{eta:g}",
        "Theorem 4",
        f"One pass of SGD, η = {eta:g}: mistakes of at most 4 (√2 + 2 ln q + η)/q + 36 ln(1/δ)/t",
        f"SGD with η = {eta:g}: with probability 1 - δ the mean error is at most 4 (√2 + 2 ln q + η)/q + 36 ln(1/δ)/t.",
        read=Read.PAPER,
        kind=HighProbability(Bound(lambda m: m.larger_side, "4 (√2 + 2 ln q + η)/q + 36 ln(1/δ)/t")),
        problem=lambda: strategies.binary(unit_rows=True),
        optimizer_text=f"one pass of stochastic gradient descent, η = {eta:g}",
        loss="logistic",
        quantity=Mistakes(eta),
        twins=(Twin("the rate 1/t²", quantity=Mistakes(eta, 2.0), shrink=False),),
        real=("iris:0-vs-rest",),
        prepare=scaled_to_unit_rows,
    )


CLAIMS = tuple(map(claim, SIZES))
