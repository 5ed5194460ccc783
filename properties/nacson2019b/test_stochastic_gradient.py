"""Stochastic gradient descent with a fixed step keeps the loss's rate 1/t and goes to the L2 margin, at any batch size.

Setting: separable binary data, mean logistic loss, `‖x_i‖ ≤ 1`, a constant step size η, here 1; batches of one point.
Algorithm: `w ← w - η ∇ℓ_i(w)`, with a new random order every epoch, or with replacement; and with heavy-ball momentum.
Claim: the mean loss is `O(1/t)`, and `w - ŵ log t` stays bounded, ŵ the hard-margin solution, so that the L2 margin's
gap to the maximal one is `O(1/log t)`, as if all points were seen. The latter is measured where it shows: what a decade
of steps adds to `w = ŵ log t + ρ(t)` is along ŵ.
Reference: Nacson, Srebro, Soudry (2019), on sampling without replacement, read in the abstract; with replacement and
with momentum Wang et al. (2022), as commonly stated.
"""

from dataclasses import dataclass, replace

import numpy as np
import optax

import solvers
from properties.papers import NACSON_2019B
from verify import Limit, Rate, Read, Twin, laws, strategies
from verify.problems.laboratory import Laboratory
from verify.problems.margins import ensembles
from verify.problems.margins.descents import Loss
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject, norm_of

MODERATE = tuple(name for name in strategies.FLAVOURS if not name.startswith("tiny"))

# Support vectors without multiplier have a part of w that grows like log log t.
POSITIVE = tuple(name for name in MODERATE if name != "zero_multiplier")


@dataclass(frozen=True)
class DecadeGap:
    """The relative gap of what a decade of steps adds to the weights: as `w = ŵ log t + ρ`, that is along ŵ."""

    name: str = "relative gap of a decade's steps"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        """From the second decade on, on the grid of the run."""
        run, norm = ensembles.with_weights(subject, lab), norm_of(subject)
        assert run.weights_at is not None
        late = np.flatnonzero(run.time >= 100)
        early = np.searchsorted(run.time, run.time[late] / 10 * (1 - 1e-9))
        references, geometry = lab.references(norm), solvers.norm(norm)
        gaps = []
        for s, w, r in zip(lab.datasets, run.weights_at, references, strict=True):
            steps = w[late] - w[early]
            sizes = np.array([float(geometry.value(step)) for step in steps])
            gaps.append(1 - (steps @ s.signed.T).min(axis=1) / (sizes * r.upper))
        judged = np.array([r.certified for r in references]) & (run.horizon < 0)
        return Measurement(
            np.log(run.time[late]), np.stack(gaps), np.full(len(gaps), 1e-9), judged, lab.datasets,
            np.array([r.lower for r in references]),
        )  # fmt: skip


LOSS = NACSON_2019B.claim(
    "loss",
    "on the loss",
    "SGD with a fixed step on single points: the loss is O(1/t)",
    "SGD with a fixed step on reshuffled single points of separable data: the mean loss is O(1/t).",
    read=Read.SECONDARY,
    kind=Rate(laws.power(1)),
    problem=lambda: strategies.binary(max_points=6, max_features=4, flavours=MODERATE, unit_rows=True),
    optimizer=optax.sgd(1.0),
    optimizer_text="SGD on single points, reshuffled, η = 1",
    loss="logistic",
    sampling="reshuffled",
    batch=1,
    share=3 / 16,
    quantity=Loss(),
    twins=(Twin("the faster rate t^-5/4", kind=Rate(laws.power(5 / 4))),),
)

MARGIN = replace(
    LOSS,
    id="nacson2019b/margin",
    title="SGD with a fixed step on single points maximises the L2 margin",
    statement="SGD with a fixed step on reshuffled single points: w - ŵ log t stays bounded, ŵ of maximal L2 margin.",
    source=f"{NACSON_2019B.short}, on the direction",
    kind=Limit(tolerance=0.1, law=laws.power(1 / 4)),
    problem=lambda: strategies.binary(max_points=6, max_features=4, flavours=POSITIVE, unit_rows=True),
    quantity=DecadeGap(),
    norm="l2",
    twins=(Twin("L-infinity margin for L2 margin", norm="linf"),),
    real=("iris:0-vs-rest",),
)

REPLACED = replace(
    LOSS,
    id="nacson2019b/loss-with-replacement",
    title="The same with replacement",
    statement="SGD with a fixed step on single points that are drawn with replacement: the mean loss is O(1/t).",
    source=f"{NACSON_2019B.short}, after it",
    read=Read.OBSERVED,
    optimizer_text="SGD on single points, with replacement, η = 1",
    sampling="with-replacement",
)

MOMENTUM = replace(
    LOSS,
    id="nacson2019b/loss-momentum",
    title="The same with heavy-ball momentum 0.9",
    statement="SGD with momentum 0.9 on reshuffled single points of separable data: the mean loss is O(1/t).",
    source=f"{NACSON_2019B.short}, after it",
    read=Read.OBSERVED,
    optimizer=optax.sgd(0.1, momentum=0.9),
    optimizer_text="SGD with momentum 0.9 on single points, reshuffled, η = 0.1",
)

CLAIMS = LOSS, MARGIN, REPLACED, MOMENTUM
