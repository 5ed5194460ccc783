"""Why steepest flow's smoothed margin never falls, in any norm: one inequality at any parameters.

Setting: a network of degree D in its parameters θ (two layers of squared ReLU, D = 3), binary data, the sum L of
exponential losses, below 1; any norm: entry-wise ones, and the largest of norms of the layers.
Object: no method, but any parameters: random ones that separate the data, and what some steps of descent make of them,
scaled to losses of about `e^-1` to `e^-100`.
Claim: `‖∇ log L‖_* ‖θ‖ ≥ D log(1/L)`. Steepest flow raises `log log(1/L)` by `‖∇ log L‖_*² / log(1/L)` in a time in
which `D log ‖θ‖` rises by no more than `D ‖∇ log L‖_* / ‖θ‖`, so that `log(1/L)/‖θ‖^D` never falls.
Reference: Tsilivis, Gronich, Kempe, Vardi (2024), in the proof of Theorem 3.1; derived.
"""

from functools import partial

import numpy as np

from properties.gronich2026.test_networks import points
from properties.images import pooled
from properties.papers import TSILIVIS_2024
from solvers import Layered
from solvers.layered import flat_norm
from verify import Bound, Promise, Read, Twin
from verify.models import two_layer
from verify.problems.networks.lemmas import ModelLemma, Parameters, Sides

NETWORK = two_layer(8)
NORMS = ("l1", "l2", "linf", Layered("l2"), Layered("spectral", "linf"))


def steep(at: Parameters, norms=NORMS, excess: float = 0.0, dual: bool = True) -> Sides:
    sides = {}
    for spec in norms:
        norm = flat_norm(spec, at.model.shapes)
        slope = norm.dual_value if dual else norm.value
        sizes = [float(slope(g)) * float(norm.value(w)) for g, w in zip(at.descent, at.flat, strict=True)]
        sides[str(spec)] = ((at.degree + excess) * at.log_inverse, np.array(sizes))
    return sides


def lemma(**wrong) -> ModelLemma:
    return ModelLemma("D log 1/L", partial(steep, **wrong), NETWORK)


CLAIM = TSILIVIS_2024.claim(
    "steepness",
    "proof of Theorem 3.1",
    "The log loss is steep enough for the margin to rise, in any norm",
    "At any θ with L < 1 and in any norm, ‖∇ log L‖_* ‖θ‖ ≥ D log(1/L).",
    read=Read.DERIVED,
    promise=Promise.LOWER,
    kind=Bound(lambda m: m.larger_side, "‖∇ log L‖_* ‖θ‖"),
    problem=points,
    optimizer_text="none: the lemma is about any parameters",
    loss="exponential",
    norm=tuple(map(str, NORMS)),
    quantity=lemma(),
    twins=(
        Twin("D + 0.1 for D", quantity=lemma(excess=0.1, norms=("l2",)), shrink=False),
        Twin("the L-infinity norm of the gradient", quantity=lemma(dual=False, norms=("linf",)), shrink=False),
    ),
    share=1 / 4,
    real=("digits:classes=1,0,limit=8",),
    prepare=pooled,
)
