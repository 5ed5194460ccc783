"""What a kind of claim must know: when a measurement supports or refutes it, and how it is shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int

from solvers.errors import InputError
from verify.claims.advice import Advice
from verify.claims.provenance import Promise
from verify.claims.verdict import Evidence, Finding, Outcome
from verify.laws import Law
from verify.problems.quantity import Measurement


class Kind(ABC):
    """A kind of claim. Another one is a subclass in a file of its own; claims, trials and the report take it as it is.

    Cases that are not judged, and cases with a NaN, bear on nothing. `nearness` exceeds `limit` on the cases that are
    `alone`, and on no others.
    """

    name: ClassVar[str]
    """In records, `rate` say."""
    promise: ClassVar[Promise] = Promise.UPPER
    """What a claim of this kind promises, unless it says something else."""
    extends: ClassVar[bool] = False
    """Whether a longer horizon may tell more: it is then moved while the verdict is inconclusive."""
    observes: ClassVar[tuple[str, ...]] = ()
    """Further fields of the evidence that a record shows."""
    units_of_bound: ClassVar[bool] = False
    """Whether `drawn` depends on the kind; else it is what was measured."""

    @abstractmethod
    def judge(self, quantity: str, m: Measurement) -> Finding:
        """What the curves of the quantity of that name say."""

    @abstractmethod
    def alone(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """Which cases refute a claim by themselves."""

    @abstractmethod
    def nearness(self, m: Measurement) -> Float[np.ndarray, " b"]:
        """How near each case comes to refuting the claim: above `limit` it does; NaN where nothing can be said."""

    @property
    @abstractmethod
    def limit(self) -> float:
        """The nearness that the claim allows at most."""

    @abstractmethod
    def statistic(self, quantity: str) -> str:
        """What `nearness` is, in a few words."""

    @abstractmethod
    def claimed(self) -> tuple[str, float | None]:
        """The law as a formula, and its exponent in its own clock, if it has one."""

    @abstractmethod
    def advise(self, finding: Finding) -> Advice:
        """What would settle an inconclusive finding."""

    def wait(self, m: Measurement) -> float:
        """By which factor to move the horizon where the verdict is inconclusive."""
        return 2.0

    def kept(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """Cases that certainly keep what is claimed of each of them; of those that do not, some are undecided."""
        return self.nearness(m) <= self.limit

    def suspects(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """Cases that are to be run to ten times the horizon before anything can be said of an ensemble."""
        return np.zeros(len(m.values), bool)

    def resolve(self, quantity: str, m: Measurement, places: Int[np.ndarray, " p"], later: Measurement) -> Finding:
        """The finding once the suspects, which are at these places, were measured at ten times the horizon."""
        return self.judge(quantity, m)

    def judge_one(self, quantity: str, m: Measurement) -> Finding:
        """The finding on a single case, such as a real dataset, which is no ensemble."""
        return self.judge(quantity, m)

    def measured(self, quantity: str) -> str:
        """What is drawn, in a few words."""
        return quantity

    def drawn(self, m: Measurement) -> Float[np.ndarray, "b r"]:
        """The curves as they are drawn."""
        return m.values

    def bears(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """The cases whose curves are drawn."""
        return m.judged

    def law_through(self, m: Measurement, drawn: Float[np.ndarray, "b r"]) -> Float[np.ndarray, " r"] | None:
        """The claimed law, through the middle of the drawn curves where it hides a constant; None without a law."""
        return None

    def allowed(self, m: Measurement) -> Float[np.ndarray, " r"] | None:
        """The law with the constant that a gap budget gives it, over the cases' median; None without a budget."""
        return None


def check_law(law: object) -> None:
    """Raise `InputError` if that is no law."""
    if not isinstance(law, Law):
        raise InputError(f"{law!r} is no law: give one of verify.laws, such as laws.power(1 / 2).")


def usable(m: Measurement) -> Bool[np.ndarray, " b"]:
    """Cases that bear on a claim: judged ones without a NaN."""
    return m.judged & ~np.isnan(m.values).any(axis=1)


def nothing(statistic: str, threshold: float, count: int, sentence: str, m: Measurement) -> Finding:
    """An inconclusive finding without a number."""
    evidence = Evidence(statistic, None, threshold, None, count, None, None, None)
    return Finding(Outcome.INCONCLUSIVE, sentence, evidence, m)


def anchored(m: Measurement, drawn: Float[np.ndarray, "b r"], log_shape: Float[np.ndarray, " r"]):
    """`e^log_shape` through the median of the drawn curves in the middle of the times; None if that is not positive."""
    anchor = len(m.log_time) // 2
    middle = drawn[:, anchor][drawn[:, anchor] > 0]
    if not len(middle):
        return None
    return np.exp(np.clip(log_shape - log_shape[anchor], -600, 600)) * np.median(middle)


def without_lost(
    m: Measurement, places: Int[np.ndarray, " p"], later: Measurement, told: str
) -> tuple[Measurement, str]:
    """The measurement with a note of what ten times the horizon told, and the note.

    Cases at these places that cannot be judged so far on are left out: of them nothing more will be known.
    """
    judged = m.judged.copy()
    if lost := int(np.count_nonzero(~later.judged)):
        judged[places[~later.judged]] = False
        told += f", where {lost} of them cannot be judged and {'is' if lost == 1 else 'are'} left out"
    return replace(m, judged=judged, notes=(*m.notes, told)), told
