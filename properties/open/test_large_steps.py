"""Whether the time that gradient descent of large steps needs is free of the step size in three dimensions and more.

Setting: separable binary data in three or four dimensions, n points `‖x_i‖ ≤ 1`, maximal L2 margin γ; the mean logistic
loss L, steps `η ≥ max{n, (32/γ²) log(256/γ²)}`.
Algorithm: `w ← w - η ∇L(w)` from `w_0 = 0`, with η of 10², 10⁴ and 10⁶ times what is allowed in the plane. With the
least η of the plane's theorem the time may be several times as long, and falls at once with longer steps.
Claim: conjectured: the first time that `L ≤ 1/(8 η)` is at most `2 + 4 n/γ + 4/γ²`, as it is in the plane with larger
constants and a logarithm, whatever η is. The perceptron, to which steps without end lead, may need `n/γ²`.
Reference: asked after Crawshaw, Liu (2026), who prove it for two dimensions (Theorem 2.1), leave more of them open, and
see no growth in experiments.
"""

import numpy as np

from properties.crawshaw2026.test_two_dimensions import low
from properties.open.test_leave_one_out import wide
from properties.papers import CRAWSHAW_2026
from verify import Bound, Dataset, strategies
from verify.claims.question import question
from verify.datasets.dataset import scaled_to_unit_rows
from verify.datasets.lower_bounds import lower_bounds
from verify.problems.margins.descents import FirstPassage
from verify.runs.descent import ByData, Descent, Path

LENGTH = 1100
METHODS = tuple(
    Descent(ByData(lambda g, n, f=f: f * np.maximum(n, 32 / g**2 * np.log(256 / g**2))), LENGTH)
    for f in (1e2, 1e4, 1e6)
)


def longest(path: Path) -> np.ndarray:
    return 2 + 4 * path.count / path.gamma + 4 / path.gamma**2


def belongs(dataset: Dataset) -> bool:
    """Of rank three or more, with a margin from which the conjectured time is not past the end of the runs."""
    rank = int(np.linalg.matrix_rank(dataset.x))
    return dataset.n <= 16 and rank >= 3 and dataset.d <= 4 and wide(dataset)


def lifted() -> tuple[Dataset, ...]:
    """Published lower bounds, each with a shorter point in a dimension of its own."""
    found = []
    for each in lower_bounds(features=3):
        x = np.vstack([each.x, [each.x[0, 0], 0.0, 0.5]])
        found.append(Dataset(x, np.append(each.y, 1), each.name))
    return tuple(found)


QUESTIONS = (
    question(
        "large-steps",
        "Is the time to L ≤ 1/(8η) free of η in three dimensions and more?",
        "For large η, L ≤ 1/(8η) comes after at most 2 + 4n/γ + 4/γ² steps: in any dimension, whatever η is.",
        paper=CRAWSHAW_2026,
        where="on dimensions above two",
        refuted="a time of n/γ + 1/γ² is not enough in all dimensions, with these constants",
        kind=Bound(lambda m: m.larger_side, "2 + 4n/γ + 4/γ²"),
        problem=lambda: strategies.binary(unit_rows=True, max_features=4, max_points=8),
        optimizer_text="gradient descent from zero, η of 10² to 10⁶ times the plane's least",
        loss="logistic",
        quantity=FirstPassage("first time that L ≤ 1/(8η)", low, longest, METHODS),
        prepare=scaled_to_unit_rows,
        seeds=lifted,
        admits=belongs,
        steps=LENGTH,
    ),
)
