"""The average that momentum methods follow is no larger than the gradients that it is made of.

Setting: any sequence of gradients.
Algorithm: `M ← β₁ M + (1-β₁) g` from zero; steepest descent along M in the max norm that is not normalised, whose step
is `‖M‖_sum` in every entry.
Claim: `‖M_t‖ ≤ max_{s≤t} ‖g_s‖` in every norm, here the sum norm: the weights `(1-β₁) β₁^{t-s}` are positive and sum to
less than 1. Methods that are normalised do not see a factor of M; this one does.
Reference: Fan, Schmidt, Thrampoulidis (2025), section 2, for the average; the inequality is derived, by convexity.
"""

import numpy as np
import optax

from properties.papers import FAN_2025
from verify import Bound, Read, Twin, optimizers
from verify.problems.margins.updates import UpdateSize, gradient_sequences
from verify.problems.quantity import Measurement

B1 = 0.9
SUM = optimizers.descend(
    optax.chain(optax.trace(B1), optimizers.scale_by_steepest_direction("linf", normalised=False)), 1.0
)


def sizes(m: Measurement) -> np.ndarray:
    """The sum norms of the gradients, `[b r]`; a sequence that has ended keeps its last one."""
    own = [np.abs(s.x).sum(axis=1) for s in m.data]
    return np.stack([np.pad(each, (0, len(m.log_time) - len(each)), mode="edge") for each in own])


def largest_so_far(m: Measurement) -> np.ndarray:
    return np.maximum.accumulate(sizes(m), axis=1)


CLAIM = FAN_2025.claim(
    "average",
    "section 2, on momentum",
    "A moving average of gradients is no larger than the largest of them",
    "For any gradients: ‖M_t‖_sum ≤ max_{s≤t} ‖g_s‖_sum for M ← β₁ M + (1-β₁) g from zero.",
    read=Read.DERIVED,
    kind=Bound(largest_so_far, "max ‖g_s‖_sum"),
    problem=lambda: gradient_sequences(ratio=1.0),
    optimizer=optimizers.steepest_descent(1.0, "linf", b1=B1, normalised=False),
    optimizer_text=f"steepest descent in the max norm, β₁={B1}, not normalised, η = 1; its gradients are drawn",
    quantity=UpdateSize(),
    twins=(
        Twin("the sum β₁ M + g for the average", optimizer=SUM),
        Twin("the present gradient for the largest", kind=Bound(sizes, "‖g_t‖_sum"), shrink=False),
        Twin("0.99 of the largest", kind=Bound(lambda m: 0.99 * largest_so_far(m), "0.99 of it"), shrink=False),
    ),
    real=("iris:0-vs-rest",),
)
