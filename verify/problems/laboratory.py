"""Cases with what was found out about them so far, so that a claim and its twins share it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Bool

import solvers
from solvers import Norm, Reference, max_margins
from solvers.certificates import recheck
from verify.backend import Progress
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset, datasets_of

T = TypeVar("T")


class Laboratory:
    """A fixed list of cases, which most quantities need to be datasets; what is asked of it twice is computed once.

    steps: the horizon of discrete runs. log_time: the horizon of flows, as `log t`. norms: those in which more than the
    first of the claims will ask for runs, so that one run serves them all. scaled: whether gaps get the scale of their
    budget, which costs a run about as much again; without it runs are recorded in all usual norms.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        *,
        steps: int,
        log_time: float = 1e4,
        norms: Sequence[str | Norm] = (),
        progress: Progress | None = None,
        scaled: bool = True,
    ):
        self.cases = list(cases)
        self.steps, self.log_time = steps, log_time
        self.norms, self.progress, self.scaled = tuple(norms), progress, scaled
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes, made when the key is first asked for. key: what it depends on beside the cases."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    @property
    def datasets(self) -> list[Dataset]:
        """The cases, where they are datasets; raises `InputError` if one is a setting."""
        return datasets_of(self.cases)

    def references(self, norm: str | Norm) -> list[Reference]:
        """Maximal margins of all datasets in a norm, held against the weights and multipliers that prove them."""
        norm = solvers.norm(norm)
        return self.once(("references", norm), lambda: self._solved(norm))

    def _solved(self, norm: Norm) -> list[Reference]:
        found = max_margins([s.problem for s in self.datasets], norm)
        for i, (dataset, reference) in enumerate(zip(self.datasets, found, strict=True)):
            recheck(reference, *dataset.problem, label=f"Dataset {i}: ")
        return found

    def told_apart(self, followed: str | Norm, claimed: str | Norm, share: float = 0.05) -> Bool[np.ndarray, " b"]:
        """Datasets on which the maximiser of one norm misses at least that share of another norm's margin.

        Where a maximiser is not unique, the one that the solver returned is meant.
        """
        pairs = zip(self.datasets, self.references(followed), self.references(claimed), strict=True)
        reached = [solvers.normalised_margin(a.weights, s.x, s.y, claimed) / b.upper for s, a, b in pairs]
        return np.array(reached) <= 1 - share

    def view(self) -> Laboratory:
        """The same laboratory with a horizon of its own, which starts as this one's."""
        return copy.copy(self)

    def part(self, places: Sequence[int] | np.ndarray, factor: float) -> Laboratory:
        """A new laboratory of some of the datasets, with `factor` times the horizon."""
        return Laboratory(
            [self.cases[int(i)] for i in places],
            steps=int(np.ceil(self.steps * factor)),
            log_time=self.log_time * factor,
            norms=self.norms,
            progress=self.progress,
            scaled=self.scaled,
        )

    def extend(self, factor: float) -> None:
        """Move the horizon: `factor` times the steps, and `factor` times the log time of flows."""
        self.steps = int(np.ceil(self.steps * factor))
        self.log_time *= factor
