"""The quantity stays below an explicit bound, at every recorded time, on every dataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from solvers.errors import InputError
from verify.claims.advice import Advice
from verify.claims.kinds.kind import Kind, nothing, usable
from verify.claims.verdict import Evidence, Finding, Outcome, counted
from verify.problems.quantity import Measurement
from verify.statistics import Interval


@dataclass(frozen=True)
class Bound(Kind):
    """The quantity stays below an explicit bound, at every recorded time, on every dataset.

    upper: from the measurement to the bound, `[b r]`, `[b 1]`, `[r]` or a number; `Measurement.larger_side` where the
    quantity measures both sides. text: the bound as a formula.
    """

    upper: Callable[[Measurement], Float[np.ndarray, "b r"]]
    text: str

    name = "bound"
    units_of_bound = True

    @classmethod
    def constant(cls, value: float, text: str | None = None) -> Bound:
        """The bound that is the same number always; `text` says it in words, where the number does not."""
        return cls(_Constant(value), f"{value:g}" if text is None else text)

    def bounds(self, m: Measurement) -> Float[np.ndarray, "b r"]:
        """The bound on each case at each time. Raises `InputError` where it is of another shape."""
        upper = np.asarray(self.upper(m))
        b, r = m.values.shape
        if upper.shape not in ((), (r,), (b, 1), (1, r), (b, r)):
            shape = f"the shape {upper.shape} on {b} cases at {r} times"
            raise InputError(f"The bound {self.text} has {shape}: give one for each case and time, [b r] or [b 1].")
        return np.broadcast_to(upper, m.values.shape)

    def judge(self, quantity: str, m: Measurement) -> Finding:
        """One violation refutes; a bound that is not a number supports nothing."""
        informative = int(np.count_nonzero(m.judged))
        if not informative:
            return nothing("largest quantity / bound", self.limit, 0, "No dataset could be judged.", m)
        ratio = np.where(m.judged[:, None], self._ratio(m), np.nan)
        undefined = int(np.count_nonzero(m.judged & np.isnan(ratio).any(axis=1)))
        unknown = f"The bound {self.text} is not a number on {counted(undefined)}."
        if np.isnan(ratio).all():
            return nothing("largest quantity / bound", self.limit, informative, unknown, m)
        row, column = np.unravel_index(int(np.nanargmax(ratio)), ratio.shape)
        value, step = float(ratio[row, column]), float(m.log_time[column])
        evidence = Evidence(
            "largest quantity / bound", Interval(value, value, value), self.limit, None, informative,
            int(row), value, step,
        )  # fmt: skip
        when = f"at t = {np.exp(step):.0f}" if step < 50 else f"at t = e^{step:.0f}"
        if value > self.limit:
            sides = f"{m.values[row, column]:.6g} against {self.bounds(m)[row, column]:.6g} on dataset {row}"
            sentence = f"The {quantity} is {value:.4g} times its bound {self.text} {when}: {sides}."
            return Finding(Outcome.REFUTED, sentence, evidence, m)
        if undefined:
            return Finding(Outcome.INCONCLUSIVE, unknown, evidence, m)
        sentence = (
            f"The {quantity} stays below {self.text} at every recorded step on {counted(informative)}; "
            f"it comes nearest, to {value:.3g} of the bound, {when}."
        )
        return Finding(Outcome.SUPPORTED, sentence, evidence, m)

    def alone(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """One violation refutes."""
        return self.nearness(m) > self.limit

    def nearness(self, m: Measurement) -> Float[np.ndarray, " b"]:
        """The largest ratio of the quantity to its bound, where that is a number."""
        ratio = np.where(usable(m)[:, None], self._ratio(m), np.nan)
        some = ~np.isnan(ratio).all(axis=1)
        return np.where(some, np.max(ratio, axis=1, initial=-np.inf, where=~np.isnan(ratio)), np.nan)

    @property
    def limit(self) -> float:
        """The bound, in its own units."""
        return 1.0

    def statistic(self, quantity: str) -> str:
        """The ratio."""
        return f"largest {quantity} / bound"

    def claimed(self) -> tuple[str, float | None]:
        """The bound as a formula."""
        return self.text, None

    def advise(self, finding: Finding) -> Advice:
        """Only a more precise measurement helps."""
        return Advice(1, 1, "The bound is not a number on some cases: its precision has to be mended, not the budget.")

    def measured(self, quantity: str) -> str:
        """The ratio."""
        return f"{quantity} / bound"

    def drawn(self, m: Measurement) -> Float[np.ndarray, "b r"]:
        """What of the quantity is resolved, in units of the bound; NaN where that says nothing or is not positive."""
        upper = self.bounds(m)
        says = np.isfinite(upper) & (upper > 0)
        return np.where(says, np.maximum(self._ratio(m), 0.0), np.nan)

    def _ratio(self, m: Measurement) -> Float[np.ndarray, "b r"]:
        """The resolved quantity over its bound; NaN where one of them is.

        Over a bound that is not positive the ratio means nothing: a violation is infinitely far from it, else it is 0.
        """
        upper, excess = self.bounds(m), m.values - m.floor[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(upper > 0, excess / upper, np.where(excess > upper, np.inf, 0.0))
        return np.where(np.isnan(upper) | np.isnan(excess), np.nan, ratio)

    def law_through(self, m: Measurement, drawn: Float[np.ndarray, "b r"]) -> Float[np.ndarray, " r"] | None:
        """The bound, which is 1 in its own units."""
        return np.ones_like(m.log_time)


@dataclass(frozen=True)
class _Constant:
    """A bound that is the same number always: equal for equal numbers, unlike a function written on the spot."""

    value: float

    def __call__(self, m: Any) -> Float[np.ndarray, "b r"]:
        return np.full(np.shape(m.values), self.value)
