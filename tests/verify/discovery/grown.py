"""Claims about quantities that depend on the problem by known exponents, which nothing has to be run for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from verify import Bound, Claim, Rate, Read, laws, strategies
from verify.claims import Paper
from verify.claims.kinds.kind import Kind
from verify.datasets.dataset import Dataset
from verify.problems.quantity import Measurement

PAPER = Paper("grown", "Nobody", "Sizes", 2030)


def sizes(dataset: Dataset, gamma: float) -> dict[str, float]:
    """What the exponents are of. gamma: the maximal margin, which is known from how the data were built."""
    radius = float(np.linalg.norm(dataset.margin_vectors, axis=1).max())
    return {"n": dataset.n, "d": dataset.d, "k": dataset.classes or 2, "gamma": gamma, "radius": radius}


@dataclass(frozen=True)
class Grown:
    """`c n^a ... t^-1/2`, with constants that differ from one dataset to the next.

    exponents: by size. logarithm: whether a factor ln n is there too. floor: of every value. by: the data whose
    exponents these are, by name; others do not depend on anything. wobble: of the constants, as a share.
    """

    exponents: Mapping[str, float] = field(hash=False)
    logarithm: bool = False
    floor: float = 0.0
    by: str = ""
    wobble: float = 0.05
    wrong: Callable[[int], bool] = field(default=lambda n: False, hash=False)
    name: str = "grown quantity"

    def measure(self, subject, lab) -> Measurement:
        log_time = np.linspace(1.0, np.log(lab.steps), 30)
        # Solving for margins is what takes time here.
        of_margins = "gamma" in self.exponents
        gamma = np.array([r.lower for r in lab.references("l2")]) if of_margins else np.ones(len(lab.cases))
        rng = np.random.default_rng(0)
        level = np.array(
            [
                np.prod([size**p for size, p in self._powers(s, g)]) * np.exp(self.wobble * rng.standard_normal())
                for s, g in zip(lab.datasets, gamma, strict=True)
            ]
        )
        judged = np.array([not self.wrong(s.n) for s in lab.datasets])
        values = level[:, None] * np.exp(-log_time / 2)[None, :]
        bound = 30 * gamma[:, None] ** -1 * (1 + np.log([[s.n] for s in lab.datasets])) * np.exp(-log_time / 2)[None, :]
        return Measurement(
            log_time, values, np.full(len(values), self.floor), judged, lab.datasets, gamma, bound=bound
        )  # fmt: skip

    def _powers(self, dataset: Dataset, gamma: float) -> list[tuple[float, float]]:
        if self.by and dataset.name != self.by:
            return []
        own = [(sizes(dataset, gamma)[name], p) for name, p in self.exponents.items()]
        return [*own, (np.log(dataset.n), 1.0)] if self.logarithm else own


def claim(exponents: Mapping[str, float], kind: Kind | None = None, *, multiclass: bool = False, **grown) -> Claim:
    """That a quantity of these exponents falls like t^-1/2, or what the kind says."""
    return PAPER.claim(
        "size", "page 1", "It grows", "It grows.", read=Read.DERIVED, kind=kind or Rate(laws.power(0.5)),
        problem=strategies.multiclass if multiclass else strategies.binary, quantity=Grown(exponents, **grown),
        optimizer_text="none", norm="l2",
    )  # fmt: skip


def bounded(exponents: Mapping[str, float], **grown) -> Claim:
    """The same below `30 (1 + ln n) / γ t^-1/2`."""
    return claim(exponents, Bound(lambda m: m.larger_side, "30 (1 + ln n)/(γ √t)"), **grown)
