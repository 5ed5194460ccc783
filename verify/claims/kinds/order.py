"""The error of a numerical method falls like `h^p` as the step size h is halved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from verify import statistics
from verify.claims.advice import Advice
from verify.claims.kinds.kind import Kind, anchored, nothing, usable
from verify.claims.provenance import Promise
from verify.claims.verdict import Evidence, Finding, Outcome
from verify.problems.quantity import Measurement
from verify.statistics import Interval

_SETTLED = 0.1  # largest difference of two successive local orders in the asymptotic regime
_NOISE = 30.0  # an error below this many floors tells nothing of an order


@dataclass(frozen=True)
class Order(Kind):
    """The error falls like `h^p`, `low <= p <= high`, as the step size h is halved.

    The measurement's clock is `1 / h`, coarsest first. variable: what else may stand for h.
    """

    low: float
    high: float
    variable: str = "h"

    name = "order"
    promise = Promise.TIGHT

    def judge(self, quantity: str, m: Measurement) -> Finding:
        """That of every settled case must lie in the band."""
        orders = np.where(m.judged, settled_orders(m), np.nan)
        use = ~np.isnan(orders)
        count, drawn = int(np.count_nonzero(use)), int(np.count_nonzero(m.judged))
        name = f"order in {self.variable}"
        broken = bool(np.any(orders[use] < self.low - _SETTLED))  # one such case refutes, however few have settled
        if not count or (2 * count <= drawn and not broken):
            why = f"Only {count} of {drawn} cases have a settled order: the others are pre-asymptotic or in the noise."
            return nothing(name, self.low, count, why, m)
        order = statistics.median(orders[use])
        middle = (self.low + self.high) / 2
        worst = int(np.nanargmax(np.abs(orders - middle)))
        evidence = Evidence(
            name, order, self.low, Interval(-order.value, -order.high, -order.low), count,
            worst, float(orders[worst]), float(m.log_time[-1]),
        )  # fmt: skip
        low, high = float(np.nanmin(orders)), float(np.nanmax(orders))
        figures = f"the median of {count} cases is {order.value:.3f} [{order.low:.3f}, {order.high:.3f}]"
        figures += f", all from {low:.3f} to {high:.3f}; band [{self.low:g}, {self.high:g}]"
        if low >= self.low and high <= self.high:
            return Finding(Outcome.SUPPORTED, f"The order holds: {figures}.", evidence, m)
        if order.high < self.low or low < self.low - _SETTLED:
            return Finding(Outcome.REFUTED, f"The order is lower: {figures}.", evidence, m)
        return Finding(Outcome.INCONCLUSIVE, f"The order is undecided: {figures}.", evidence, m)

    def alone(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """One order that has settled below the band refutes."""
        return self.nearness(m) > self.limit

    def nearness(self, m: Measurement) -> Float[np.ndarray, " b"]:
        """The settled order with its sign changed."""
        return np.where(usable(m), -settled_orders(m), np.nan)

    @property
    def limit(self) -> float:
        """The band's lower end with its sign changed."""
        return -self.low

    def statistic(self, quantity: str) -> str:
        """What is missing to order 0."""
        return f"order in {self.variable} that is missing to 0"

    def claimed(self) -> tuple[str, float | None]:
        """The band, and its middle."""
        return f"{self.variable}^p with {self.low:g} ≤ p ≤ {self.high:g}", -(self.low + self.high) / 2

    def advise(self, finding: Finding) -> Advice:
        """Finer steps."""
        judged = int(np.count_nonzero(finding.measurement.judged))
        finer = "a finer step size, and data or an eps that leave the asymptotic regime more room"
        told = f"{finding.evidence.informative} of {judged} cases have a settled order"
        return Advice(2, 1, f"{told}: {finer} would tell.")

    def law_through(self, m: Measurement, drawn: Float[np.ndarray, "b r"]) -> Float[np.ndarray, " r"] | None:
        """The middle of the band."""
        return anchored(m, drawn, -(self.low + self.high) / 2 * m.log_time)


def local_orders(m: Measurement) -> Float[np.ndarray, "b q"]:
    """Slopes of `log error` against `log h` between neighbouring levels; NaN next to a level within the noise."""
    seen = np.where(m.values > _NOISE * m.floor[:, None], m.values, np.nan)
    return -np.diff(np.log(seen), axis=1) / np.diff(m.log_time)


def settled_orders(m: Measurement) -> Float[np.ndarray, " b"]:
    """The order on the finest two levels above the noise, where the one before it agrees; else NaN.

    A case whose local orders still move is pre-asymptotic and has no order yet.
    """
    orders = local_orders(m)
    result = np.full(len(orders), np.nan)
    for i, row in enumerate(orders):
        known = np.flatnonzero(~np.isnan(row))
        if len(known) >= 2 and known[-1] == known[-2] + 1 and abs(row[known[-1]] - row[known[-2]]) <= _SETTLED:
            result[i] = row[known[-1]]
    return result
