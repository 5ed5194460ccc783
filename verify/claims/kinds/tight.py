"""The quantity falls like a law, and not faster."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from solvers.errors import InputError
from verify.claims import envelopes
from verify.claims.kinds.rate import Rate
from verify.claims.provenance import Promise
from verify.claims.verdict import Finding, Outcome
from verify.problems.quantity import Measurement
from verify.statistics import binomial_interval

_LEVEL = 0.95  # of the interval of the share


@dataclass(frozen=True)
class Tight(Rate):
    """The quantity falls at least as fast as the law, as a `Rate`, and on many datasets not faster.

    share: of the datasets, on which it must not fall faster than the law divided by `t^resolution` (in the law's clock)
    and by `(log t)^logs`. A dataset that reached the limit exactly has fallen faster. A single dataset is held to the
    upper law only.
    """

    share: float = 0.5
    logs: float = 0.0

    name = "tight"
    promise = Promise.TIGHT

    def __post_init__(self):
        super().__post_init__()
        if not 0 < self.share <= 1:
            raise InputError(f"The share of a tight rate is {self.share}: give a part of the datasets, at most 1.")
        if self.logs < 0:
            raise InputError(f"The power of log t of a tight rate is {self.logs}: give 0 or more.")

    def judge(self, quantity: str, m: Measurement) -> Finding:
        """The upper law first; where it holds, the lower one on enough datasets."""
        return self._with_lower(super().judge(quantity, m), m)

    def resolve(self, quantity: str, m: Measurement, places: Int[np.ndarray, " p"], later: Measurement) -> Finding:
        """The same once suspects were run to ten times the horizon."""
        return self._with_lower(super().resolve(quantity, m, places, later), m)

    def slow(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """Judged datasets on which the quantity does not fall faster than the lower law, over the last decade."""
        return m.judged & (self._fall(m) >= -self._allowed(m))

    def _fall(self, m: Measurement) -> Float[np.ndarray, " b"]:
        """`log10` of the growth of quantity / law over the last decade; minus infinity at the floor."""
        grown = envelopes.paired_growth(m.log_time, np.maximum(m.values, 10 * m.floor[:, None]), self.law)
        late, _ = envelopes.windows(self.law.log_clock(m.log_time))
        open_ = envelopes.unresolved(np.nan_to_num(m.values, nan=np.inf), m.floor, late)
        return np.where(open_ & ~np.isnan(grown), grown, -np.inf)

    def _allowed(self, m: Measurement) -> float:
        """How far quantity / law may fall in a decade: by the resolution, and by the powers of log t."""
        clock = self.law.log_clock(m.log_time)
        end = m.log_time[-1]
        before = float(m.log_time[np.searchsorted(clock, clock[-1] - envelopes.LN10 - 1e-9)])
        return self.resolution + self.logs * float(np.log10(end / max(before, 1.0)))

    def _with_lower(self, upper: Finding, m: Measurement) -> Finding:
        if upper.outcome is not Outcome.SUPPORTED:
            return upper
        judged, slow = int(np.count_nonzero(m.judged)), int(np.count_nonzero(self.slow(m)))
        low, high = binomial_interval(slow, judged, _LEVEL)
        figures = f"on {slow} of {judged} datasets it falls no faster, a share of {low:.2f} to {high:.2f}"
        told = f"{upper.sentence.rstrip('.')}; {figures}, where {self.share:g} is claimed."
        if low >= self.share:
            return replace(upper, sentence=told)
        if high < self.share:
            return replace(upper, outcome=Outcome.REFUTED, sentence=f"The law is not tight: {told}")
        return replace(upper, outcome=Outcome.INCONCLUSIVE, sentence=f"It is open whether the law is tight: {told}")

    def claimed(self) -> tuple[str, float | None]:
        """The law, of both sides."""
        law, exponent = super().claimed()
        return f"{law}, and no faster", exponent
