"""The hardest datasets that a hunt has seen: of each size and shape the one that came nearest to refuting a claim."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import solvers
from solvers.errors import BracketError, NonSeparableError, UndecidedError
from verify.datasets.dataset import Dataset

Cell = tuple[int, int, int, int, int]
"""Points, features, classes, halves of a decade by which the L2 margin is below the data's radius, support vectors."""

LARGEST = 96
_STEP = 0.5  # decades of the margin in a cell


@dataclass(frozen=True)
class Hard:
    """A dataset, how near it came, and where it belongs."""

    value: float
    case: Dataset
    cell: Cell

    def to_json(self) -> dict[str, Any]:
        """Plain data; an infinite value is null."""
        value = self.value if math.isfinite(self.value) else None
        return {"value": value, "cell": list(self.cell), "case": self.case.to_json()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Hard:
        """The inverse of `to_json`."""
        value = math.inf if record["value"] is None else float(record["value"])
        n, d, classes, below, support = record["cell"]
        return cls(value, Dataset.from_json(record["case"]), (n, d, classes, below, support))


def cell_of(dataset: Dataset) -> Cell | None:
    """Where a dataset belongs; None where it has none above zero that can be found."""
    try:
        reference = solvers.max_margin(*dataset.problem[:2], "l2", classes=dataset.classes or None)
    except (NonSeparableError, UndecidedError, BracketError):
        return None
    longest = float(np.linalg.norm(dataset.margin_vectors, axis=1).max())
    if not (reference.lower > 0 and longest > 0):  # a margin, or a radius, that is lost in rounding
        return None
    below = round(math.log10(longest / reference.lower) / _STEP)
    return dataset.n, dataset.d, dataset.classes, below, int(np.count_nonzero(reference.support))


def merged(archive: Iterable[Hard], found: Iterable[Hard]) -> tuple[Hard, ...]:
    """Of each cell the hardest, the hardest cell first, and no more than `LARGEST` of them; of equals the earlier."""
    best: dict[Cell, Hard] = {}
    for hard in (*archive, *found):
        if hard.cell not in best or hard.value > best[hard.cell].value:
            best[hard.cell] = hard
    return tuple(sorted(best.values(), key=lambda hard: (-hard.value, hard.cell))[:LARGEST])
