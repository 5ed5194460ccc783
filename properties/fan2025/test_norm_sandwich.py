"""What norms say of maximal margins without any run: their order, two classes, and data whose margin is known.

Setting: separable data with k classes; γ is the maximal margin over `‖W‖ ≤ 1`, W [k, d].
Object: no method, but the maximal margins themselves, in brackets that are certified.
Claim: (i) `‖W‖` falls from the sum norm over entry-wise p-norms, or over the nuclear, Frobenius and spectral norms,
to the max norm, so γ rises: `γ_max ≥ γ ≥ γ_sum`. (ii) With k = 2 only `w = W_0 - W_1` counts, and `W = (w, -w)/2`
has the least norm: γ is `2^(1-1/p)` times the binary one in an entry-wise p-norm, `√2` times in a Schatten norm.
(iii) Points `c_i e_i` on the axes have `γ = 1/‖(1/c_1, .., 1/c_n)‖`. (iv) Points `c e_1, .., c e_k`, each a class, have
`W = (I - J/k)/c` for maximiser in a Schatten norm, so that `γ = c (k-1)^(-1/p)`; in an entry-wise norm the diagonal is
`a/c` and the rest `-b/c`, `a + b = 1`, with `a^(p-1) = (k-1) b^(p-1)`.
Reference: Fan, Schmidt, Thrampoulidis (2025), Lemma 11 for the norms of (i), whose margins follow; the others are
derived: (ii) and (iv) by convexity of the norm, over exchanges of the classes, and (iii) since `c_i w_i ≥ 1` is all
that is asked.
"""

import math
from functools import partial

import numpy as np
from hypothesis import strategies as st

from properties.papers import FAN_2025
from solvers import Norm
from verify import Bound, Dataset, Promise, Read, Twin, strategies
from verify.problems.margins.reference_margins import KnownMargins, OrderedMargins, TwoClassMargins

NORMS = ("l1", "l1.5", "l2", "l3", "linf", "nuclear", "spectral")
ENTRYWISE, SCHATTEN = ("l1", "l1.5", "l2", "l3", "linf"), ("l1", "nuclear", "l2", "spectral", "linf")


def factor(norm: Norm) -> float:
    return math.sqrt(2) if norm.matrix_only else 2 ** (1 - 1 / norm.p)


@st.composite
def on_axes(draw) -> Dataset:
    """Points `c_i e_i` with labels, in any order of the axes."""
    sizes = draw(st.lists(st.integers(1, 9), min_size=1, max_size=6))
    y = np.array(draw(st.lists(st.sampled_from([1, -1]), min_size=len(sizes), max_size=len(sizes))))
    return Dataset(np.diag(np.array(sizes, float)), y, name="on the axes")


@st.composite
def classes_on_axes(draw) -> Dataset:
    """Points `c e_1, .., c e_k` of classes 0 to k - 1, in any order."""
    k, c = draw(st.integers(2, 4)), draw(st.integers(1, 9))
    order = np.array(draw(st.permutations(range(k))))
    return Dataset(c * np.eye(k)[order], order, name="a class an axis", classes=k)


def axes_margin(norm: Norm, dataset: Dataset) -> float:
    return 1 / float(norm.value(1 / np.abs(dataset.x).max(axis=1)))


def classes_margin(norm: Norm, dataset: Dataset) -> float:
    c, k, p = float(dataset.x.max()), dataset.classes, norm.p
    if norm.matrix_only:
        return c * (k - 1) ** (-1 / p)
    ratio = (k - 1) ** (1 / (p - 1)) if p > 1 else np.inf
    a, b = (1.0, 0.0) if np.isinf(ratio) else (ratio / (1 + ratio), 1 / (1 + ratio))
    # The norm of one column, which has one entry a and k - 1 entries b, times that over the k columns.
    column = norm.value(np.array([a, *[b] * (k - 1)]))
    return c / float(column * norm.value(np.ones(k)))


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
    claim(
        "axes-margins",
        "points on the axes",
        "The maximal margin of points on the axes is known",
        "For points c_i e_i, γ = 1/‖(1/c_1, .., 1/c_n)‖ in every entry-wise norm.",
        promise=Promise.TIGHT,
        kind=Bound(lambda m: m.larger_side, "what the references leave open"),
        problem=on_axes,
        norm=ENTRYWISE,
        quantity=KnownMargins(ENTRYWISE, axes_margin),
        twins=(
            Twin("the dual norm", quantity=KnownMargins(("l1",), lambda norm, data: axes_margin(norm.dual, data))),
            Twin("0.01 % more", quantity=KnownMargins(ENTRYWISE, lambda norm, data: 1.0001 * axes_margin(norm, data))),
        ),
    ),
    claim(
        "classes-on-axes-margins",
        "a class an axis",
        "The maximal margin of a class an axis is known",
        "For c e_1, .., c e_k, each a class, γ = c (k-1)^(-1/p) in Schatten norms; in entry-wise ones it is known.",
        promise=Promise.TIGHT,
        kind=Bound(lambda m: m.larger_side, "what the references leave open"),
        problem=classes_on_axes,
        quantity=KnownMargins(NORMS, classes_margin),
        twins=(
            Twin("the dual norm", quantity=KnownMargins(("l1",), lambda norm, data: classes_margin(norm.dual, data))),
            Twin("0.01 % less", quantity=KnownMargins(NORMS, lambda norm, data: 0.9999 * classes_margin(norm, data))),
        ),
    ),
)
