"""What norms say of maximal margins without any run: their order, and two classes against labels +1/-1.

Setting: separable data with k classes; γ is the maximal margin over `‖W‖ ≤ 1`, W [k, d].
Object: no method, but the maximal margins themselves, in brackets that are certified.
Claim: (i) `‖W‖` falls from the sum norm over entry-wise p-norms, or over the nuclear, Frobenius and spectral norms,
to the max norm, so γ rises: `γ_max ≥ γ ≥ γ_sum`. (ii) With k = 2 only `w = W_0 - W_1` counts, and `W = (w, -w)/2`
has the least norm: γ is `2^(1-1/p)` times the binary one in an entry-wise p-norm, `√2` times in a Schatten norm.
Reference: Fan, Schmidt, Thrampoulidis (2025), Lemma 11 for the norms of (i), whose margins follow; (ii) is derived, by
convexity of the norm.
"""

import math
from functools import partial

from properties.papers import FAN_2025
from solvers import Norm
from verify import Bound, Promise, Read, Twin, strategies
from verify.problems.margins.reference_margins import OrderedMargins, TwoClassMargins

NORMS = ("l1", "l1.5", "l2", "l3", "linf", "nuclear", "spectral")
ENTRYWISE, SCHATTEN = ("l1", "l1.5", "l2", "l3", "linf"), ("l1", "nuclear", "l2", "spectral", "linf")


def factor(norm: Norm) -> float:
    return math.sqrt(2) if norm.matrix_only else 2 ** (1 - 1 / norm.p)


claim = partial(
    FAN_2025.claim, read=Read.DERIVED, optimizer_text="none: about maximal margins alone", norm=NORMS, share=1 / 4
)

CLAIMS = (
    claim(
        "norm-sandwich",
        "after Lemma 11",
        "The maximal margin falls as the norm grows",
        "Of a larger norm the maximal margin is smaller: max norm ≥ any entry-wise or Schatten norm ≥ sum norm.",
        kind=Bound(lambda m: m.larger_side, "1"),
        problem=strategies.multiclass,
        quantity=OrderedMargins((ENTRYWISE, SCHATTEN)),
        twins=(
            Twin("max and sum norm exchanged", quantity=OrderedMargins((ENTRYWISE[::-1],))),
            Twin("the spectral norm for the max norm", quantity=OrderedMargins((("l1", "l3", "spectral"),))),
        ),
    ),
    claim(
        "two-class-margins",
        "two classes",
        "Maximal margins of two classes are multiples of binary ones",
        "With two classes γ is 2^(1-1/p) times that of labels +1/-1 in an entry-wise p-norm, √2 in a Schatten norm.",
        promise=Promise.TIGHT,
        kind=Bound(lambda m: m.larger_side, "what the references leave open"),
        problem=lambda: strategies.multiclass(max_classes=2),
        quantity=TwoClassMargins(NORMS, factor),
        twins=(
            Twin("√2 in every norm", quantity=TwoClassMargins(NORMS, lambda norm: math.sqrt(2))),
            Twin("the binary margin itself", quantity=TwoClassMargins(NORMS, lambda norm: 1.0)),
        ),
    ),
)
