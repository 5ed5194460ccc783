"""What becomes of an optimizer under mini-batches, and under a rotation of its data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solvers import Reference
from solvers.errors import InputError
from verify.backend import Progress
from verify.datasets.dataset import Dataset
from verify.identification.identify import identify
from verify.losses import Loss
from verify.optimizers.calling import Optimizer
from verify.runs.sampling import CYCLIC, RESHUFFLED, WITH_REPLACEMENT
from verify.runs.simulation import run

SAMPLINGS = (CYCLIC, RESHUFFLED, WITH_REPLACEMENT)
_TURNS_ALONG = 1e-6  # relative difference of weights that is rounding


@dataclass(frozen=True)
class Batched:
    """Runs on mini-batches. norm, settled, sentence: as `verify.identify` found them. share, slope: of the norm of the
    full-batch runs, medians: the normalised margin over the maximal one, and the slope of the deficit; NaN where the
    optimizer cannot be run so, and the sentence says why."""

    sampling: str
    batch: int
    norm: str | None
    settled: bool
    sentence: str
    share: float
    slope: float


@dataclass(frozen=True)
class Rotation:
    """What a rotation of all features does to the weights.

    apart: by how much, relative to their size, the weights of rotated data differ from the rotated weights of the data;
    the largest over the datasets. steps: after so many.
    """

    apart: float
    steps: int

    @property
    def along(self) -> bool:
        """Whether weights turn with the data: the optimizer knows no coordinates."""
        return self.apart <= _TURNS_ALONG

    @property
    def sentence(self) -> str:
        """All in words."""
        after = f"after {self.steps} steps"
        if self.along:
            return f"Weights turn with the data (to {self.apart:.1e} {after}): the optimizer knows no coordinates."
        return (
            f"Weights do not turn with the data ({after} they differ by {self.apart:.2g} of their size): the optimizer "
            "knows the coordinates, and on rotated data its margin is another one."
        )


def batched(
    optimizer: Optimizer,
    datasets: Sequence[Dataset],
    *,
    norm: str,
    references: Mapping[str, list[Reference]],
    loss: Loss,
    steps: int,
    batch: int,
    seed: int,
    progress: Progress | None = None,
) -> tuple[Batched, ...]:
    """Which norm is followed on mini-batches of each kind. references: of the norms that are tried."""
    found = []
    for number, sampling in enumerate(SAMPLINGS):
        try:
            told = identify(
                optimizer, datasets, loss=loss, steps=steps, norms=list(references), references=references,
                sampling=sampling, batch=batch, seed=seed,
            )  # fmt: skip
        except InputError as error:  # of a method that needs all points, to search along a line, say
            found.append(Batched(sampling, batch, None, False, str(error), math.nan, math.nan))
            continue
        own = next(score for score in told.ranking if score.norm == norm)
        found.append(Batched(sampling, batch, told.norm, told.settled, told.sentence, own.share, own.slope))
        if progress:
            progress(number + 1, len(SAMPLINGS))
    return tuple(found)


def rotation(optimizer: Optimizer, datasets: Sequence[Dataset], *, loss: Loss, steps: int, seed: int) -> Rotation:
    """Run on the data and on the data rotated, and compare the weights."""
    rng = np.random.default_rng(seed)
    turns = [np.linalg.qr(rng.normal(size=(s.d, s.d)))[0] for s in datasets]
    turned = [replace(s, x=s.x @ turn) for s, turn in zip(datasets, turns, strict=True)]
    found = run(optimizer, [*datasets, *turned], loss=loss, steps=steps)
    plain, rotated = found.weights[: len(datasets)], found.weights[len(datasets) :]
    apart = [
        float(np.linalg.norm(after - before @ turn) / np.linalg.norm(after))
        for before, after, turn in zip(plain, rotated, turns, strict=True)
        if after.any()
    ]
    return Rotation(max(apart, default=0.0), steps)
