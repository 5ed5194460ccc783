"""What the kinds have in common that are about the cases of which another kind's statement holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from solvers.errors import InputError
from verify.claims.kinds.bound import Bound
from verify.claims.kinds.kind import Kind
from verify.claims.kinds.separation import Separation
from verify.problems.quantity import Measurement


@dataclass(frozen=True)
class OfEach(Kind):
    """How often, or whether at all, a statement holds that each case keeps or breaks; no case refutes it alone.

    each: the statement, a `Bound` or a `Separation`. Raises `InputError` for another kind.
    """

    each: Bound | Separation

    def __post_init__(self) -> None:
        if not isinstance(self.each, Bound | Separation):
            raise InputError(
                f"{self.each!r} is not judged case by case: give {type(self).__name__} a Bound or a Separation."
            )

    def alone(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """None."""
        return np.zeros(len(m.values), bool)

    def nearness(self, m: Measurement) -> Float[np.ndarray, " b"]:
        """How near each comes to breaking the statement, and the limit where it does."""
        return np.minimum(self.each.nearness(m), self.limit)

    def kept(self, m: Measurement) -> Bool[np.ndarray, " b"]:
        """Those that keep the statement."""
        return self.each.kept(m)

    @property
    def limit(self) -> float:
        """The statement's."""
        return self.each.limit

    def measured(self, quantity: str) -> str:
        """The statement's."""
        return self.each.measured(quantity)

    def drawn(self, m: Measurement) -> Float[np.ndarray, "b r"]:
        """The statement's."""
        return self.each.drawn(m)

    def law_through(self, m: Measurement, drawn: Float[np.ndarray, "b r"]) -> Float[np.ndarray, " r"] | None:
        """The statement's."""
        return self.each.law_through(m, drawn)
