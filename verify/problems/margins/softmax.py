"""Softmax probabilities with a direction of the logits, drawn as datasets of two rows, and their quadratic form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float

from verify.datasets.dataset import Dataset
from verify.datasets.flavours import Draw
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject

if TYPE_CHECKING:
    from verify.problems.laboratory import Laboratory


_ROUNDING = 1e-13  # of sums of at most some dozens of positive terms


def softmax_directions(most: int = 6, largest: int = 40) -> st.SearchStrategy[Dataset]:
    """Datasets of two rows: `k <= most` logits, integers up to `largest`, and a direction `v` of small integers.

    In one of four a class has nearly all of the probability, the next one has the rest but for logits of `-2 largest`,
    and `v` is one against the other: there the form comes nearest to its bounds. The labels mean nothing.
    """
    return _directions(most, largest)


@st.composite
def _directions(draw: Draw, most: int, largest: int) -> Any:
    k = draw(st.integers(2, most))
    row = lambda size: draw(st.lists(st.integers(-size, size), min_size=k, max_size=k))  # noqa: E731 - used twice below
    if draw(st.sampled_from([False, False, False, True])):
        rest = [0] * (k - 2)
        rows = [[0, -draw(st.integers(min(5, largest), largest)), *(-2 * largest for _ in rest)], [1, -1, *rest]]
    else:
        rows = [row(draw(st.sampled_from([1, 4, largest]))), row(draw(st.sampled_from([1, 3])))]
    return Dataset(np.array(rows, float), np.array([1, 1]), f"{k} classes")


@dataclass(frozen=True)
class SoftmaxForm:
    """A form in the probabilities `s` and the direction `v` against its bound, for every class `c`.

    sides: from `s`, `1 - s` and `v`, `[k]` each, to the smaller side, a number, and the larger one, `[k]` by class.
    """

    sides: Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[float, np.ndarray]]
    name: str = field(default="quadratic form")

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """One column a class; of the two rows of a dataset the first are logits, the second is the direction."""
        k = max(s.d for s in lab.datasets)
        values, bound = np.full((2, len(lab.datasets), k), np.nan)
        for i, dataset in enumerate(lab.datasets):
            logits, v = dataset.x
            s, others = probabilities(logits)
            smaller, larger = self.sides(s, others, v)
            # Classes that a dataset has not repeat its last one.
            values[i], bound[i] = smaller, np.pad(larger, (0, k - dataset.d), mode="edge")
        judged = np.ones(len(lab.datasets), bool)
        floor = _ROUNDING * values.max(axis=1)
        return Measurement(np.log(np.arange(1, k + 1)), values, floor, judged, lab.datasets, bound=bound)


def probabilities(
    logits: Float[np.ndarray, " k"],
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """`s = softmax(logits)` and `1 - s`, both to rounding."""
    e = np.exp(logits - logits.max())
    apart = ~np.eye(len(e), dtype=bool)
    return e / e.sum(), (apart @ e) / e.sum()


def variance(s: Float[np.ndarray, " k"], v: Float[np.ndarray, " k"]) -> float:
    """`v' (diag(s) - s s') v = sum_{i<j} s_i s_j (v_i - v_j)^2`, without cancellation."""
    return float(np.sum(np.outer(s, s) * (v[:, None] - v[None, :]) ** 2) / 2)
