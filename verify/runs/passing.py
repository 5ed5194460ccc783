"""When the gradients of runs fall below the constants that are hidden in their optimizer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from verify.datasets.dataset import Dataset
from verify.optimizers.calling import Optimizer
from verify.optimizers.constants import Change, hidden_changes
from verify.runs.trajectory import Trajectories


@dataclass(frozen=True)
class Constant:
    """A constant that is hidden in an optimizer, and runs that come to it or do not.

    size: of a gradient's entries, to a factor of about three. above, below: the powers of the gradient's size that
    updates follow on its two sides (see `Change`). log_time: log t from which on the gradients of the median run have
    been below it; None where half of the runs have not come so far, or that is not known. passed: how many of the
    runs have; datasets: how many there are. until: log t of their end.
    """

    size: float
    above: int
    below: int
    log_time: float | None
    passed: int
    datasets: int
    until: float

    @property
    def sentence(self) -> str:
        """All in words."""
        told = Change(self.size, self.above, self.below).told
        return (
            f"A constant of about {self.size:.2g} (to a factor of 3) is hidden in the optimizer: {told}. {self._when}"
        )

    @property
    def _when(self) -> str:
        if self.log_time is None:
            rest = "" if self.datasets == 1 else f" on {self.datasets - self.passed} of {self.datasets} datasets"
            end = f"t = {math.exp(self.until):.2g}"
            return f"Up to {end} gradients are still above it{rest}: nothing is seen of what happens for ever."
        if self.log_time <= 0:
            return "Gradients are below it from the start."
        middle = "" if self.datasets == 1 else " (median)"
        return f"Gradients are below it from t = {math.exp(self.log_time):.2g} on{middle}."

    def to_dict(self) -> dict[str, Any]:
        """The constant as plain data, with the step in place of its logarithm, and the sentence."""
        return {
            "size": self.size,
            "above": self.above,
            "below": self.below,
            "step": None if self.log_time is None else math.exp(self.log_time),
            "passed": self.passed,
            "of": self.datasets,
            "sentence": self.sentence,
        }


def log_gradients(found: Trajectories, datasets: Sequence[Dataset]) -> Float[np.ndarray, "b r"]:
    """Logarithms of the size of the gradients' entries: the mean slope times the root mean square of the features.

    Where points pull against each other their gradient is smaller than that.
    """
    size = np.array([np.sqrt(np.mean(s.x**2)) for s in datasets])
    return found.log_slope + np.log(size)[:, None]


def below_from(
    log_time: Float[np.ndarray, " r"], log_sizes: Float[np.ndarray, "b r"], size: float
) -> Float[np.ndarray, " b"]:
    """Log t from which on the sizes have been below one, 0 where they always were, infinite where they are not yet.

    What comes after a precision horizon, NaN, is taken to be as small as what was before: gradients underflow there.
    """
    above = log_sizes >= math.log(size)
    last = np.where(above.any(axis=1), above.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1), -1)
    later = np.append(log_time[1:], np.inf)
    return np.where(last < 0, 0.0, later[np.maximum(last, 0)])


def passed(
    changes: Iterable[Change], log_time: Float[np.ndarray, " r"], log_sizes: Float[np.ndarray, "b r"]
) -> tuple[Constant, ...]:
    """The constants, largest first, with what runs of gradients of these sizes, as logarithms, make of them."""
    found: list[Constant] = []
    for change in changes:
        since = below_from(log_time, log_sizes, change.size)
        median = float(np.quantile(since, 0.5, method="higher"))
        many = int(np.count_nonzero(np.isfinite(since)))
        found.append(
            Constant(
                change.size, change.above, change.below, median if math.isfinite(median) else None, many,
                len(since), float(log_time[-1]),
            )
        )  # fmt: skip
    return tuple(found)


def constants_of(optimizer: Optimizer, found: Trajectories, datasets: Sequence[Dataset]) -> tuple[Constant, ...]:
    """The constants that are hidden in the optimizer of these runs; none where they are exact, being scale-free."""
    if found.exact:
        return ()
    changes = hidden_changes(optimizer, not datasets[0].binary)
    return passed(changes, np.log(found.time), log_gradients(found, datasets))
