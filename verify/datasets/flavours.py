"""The table of dataset flavours that `verify.strategies` draws from, each separable by construction.

Binary data are built around an integer separator `w`: points are oriented by the sign of `<w, x>`, and a
point on the plane is moved off it by one unit. For `k` classes the separator's rows are distinct sign vectors
`W_c`; they have one length, so `<W_c, W_c> > <W_b, W_c>`, and a point `x` of class `c` that is not classified
strictly is moved to `x + t W_c` with an integer `t` that does it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from jaxtyping import Float, Int

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn as Draw
else:
    # DrawFn is a protocol that no runtime type checker can test for.
    Draw = Callable[..., Any]

# Features are integers of at most this size before any repair.
ENTRY = st.integers(-3, 3)
LABEL = st.sampled_from([1, -1])
# Entries drawn one by one in a dataset: batches must stay below hypothesis' limit of 8 KiB of choices.
MOST_ENTRIES = 128
# Sign vectors differ in their first features only, when there are more features than this.
_CODE_BITS = 16
# Far points in these units have a relative margin of 1e-3.
_FAR = 1000.0
# The separator's margin on Gaussian points is at least this.
_SLACK = 0.01

Points = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Limits:
    """The largest sizes to draw; `classes` holds the numbers of classes allowed, `(0,)` for binary labels."""

    points: int
    features: int
    classes: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.points} points and {self.features} features"


@dataclass(frozen=True)
class Flavour:
    """One kind of dataset.

    `least(k)` gives the smallest sizes `(n, d)` for `k` classes (0: binary), and `build(draw, limits, k)`
    the points `x [n, d]` with labels `y [n]`.
    """

    name: str
    about: str
    least: Callable[[int], tuple[int, int]]
    build: Callable[[Draw, Limits, int], Points]

    def fits(self, limits: Limits, k: int) -> bool:
        """Whether the limits have room for this flavour with `k` classes."""
        points, features = self.least(k)
        return points <= limits.points and features <= limits.features


def fewest_points(k: int) -> int:
    """One point, or one for each class."""
    return max(1, k)


def fewest_features(k: int) -> int:
    """The fewest features in which `k` distinct sign vectors exist."""
    return max(1, math.ceil(math.log2(k))) if k else 1


def scores(
    x: Float[np.ndarray, "n d"], y: Int[np.ndarray, " n"], separator: Float[np.ndarray, "*weights"]
) -> Float[np.ndarray, " n"]:
    """The separator's margin of each point, `[n]`: `y_i <w, x_i>`, or the least over the wrong classes."""
    if separator.ndim == 1:
        return y * (x @ separator)
    products = x @ separator.T
    each = np.arange(len(x))
    right = products[each, y]
    products[each, y] = -np.inf
    return right - products.max(axis=1)


# --- the base: integer points around a separator -----------------------------------------------------------


@dataclass(frozen=True)
class _Base:
    x: np.ndarray
    y: np.ndarray
    separator: np.ndarray

    @property
    def points(self) -> Points:
        return self.x, self.y


def _base(
    draw: Draw,
    k: int,
    *,
    points: int,
    features: int,
    fewest: int = 1,
    wide: bool = False,
    largest: int = 3,
    adjacent: bool = False,
    placed: int = 0,
) -> _Base:
    """Integer points: `n <= points` (`n < d` if `wide`) and `fewest <= d <= features`.

    A binary separator has entries up to `largest`. With `adjacent` the separators of classes 0 and 1 differ
    in feature 0 only, and those of the other classes in some other feature.
    The caller adds points of `placed` classes (or any, binary), which then need none here.
    """
    least = max(0, fewest_points(k) - placed)
    d = draw(st.integers(max(fewest, fewest_features(k), least + 1 if wide else 1), features))
    most = max(least, min(points, d - 1 if wide else points, MOST_ENTRIES // d))
    row = st.tuples(*[ENTRY] * d)
    if k == 0:
        separator = _separator(draw, d, largest)
        rows = draw(st.lists(row, min_size=least, max_size=most))
        return _oriented(np.array(rows, dtype=float).reshape(len(rows), d), separator)
    separator = _sign_vectors(draw, k, d, adjacent=adjacent)
    # A label is drawn for every point, then overruled in the first ones: so fewer classes, while shrinking,
    # read the same choices.
    drawn = draw(st.lists(st.tuples(st.integers(0, k - 1), row), min_size=least, max_size=most))
    labels = [*range(placed, k), *(label for label, _ in drawn[least:])]
    rows = np.array([row for _, row in drawn], dtype=float).reshape(len(drawn), d)
    return _classified(rows, np.array(labels, dtype=int), separator)


def _separator(draw: Draw, d: int, largest: int) -> np.ndarray:
    """Small integers, not all zero."""
    w = np.array(draw(st.tuples(*[st.integers(-largest, largest)] * d)), dtype=float)
    if not w.any():
        w[0] = 1.0
    return w


def _sign_vectors(draw: Draw, k: int, d: int, *, adjacent: bool = False) -> np.ndarray:
    """`k` distinct sign vectors, `[k, d]`: codes in arithmetic progression, with an odd step modulo 2^d."""
    bits = min(d, _CODE_BITS)
    offset = draw(st.integers(0, 2**bits - 1))
    if adjacent:
        return code_signs(offset ^ np.arange(k), d)
    step = 2 * draw(st.integers(0, 2 ** (bits - 1) - 1)) + 1
    return code_signs((offset + step * np.arange(k)) % 2**bits, d)


def code_signs(codes: Int[np.ndarray, " k"], d: int) -> Float[np.ndarray, "k d"]:
    """The codes' binary digits as signs, lowest first: 0 is +1."""
    return 1.0 - 2.0 * ((codes[:, None] >> np.minimum(np.arange(d), _CODE_BITS)) & 1)


def _oriented(x: np.ndarray, w: np.ndarray) -> _Base:
    """Labels by the sign of `<w, x>`; a point on the plane moves by one along a feature that `w` uses."""
    x[x @ w == 0.0, np.flatnonzero(w)[0]] += 1.0
    return _Base(x, np.where(x @ w > 0.0, 1, -1), w)


def _classified(x: np.ndarray, y: np.ndarray, separator: np.ndarray, level: float | np.ndarray = 1.0) -> _Base:
    """Points moved along their class's sign vector until their margin is at least `level`."""
    rows = separator[y]
    needed = steps(x, y, separator, rows, level)
    return _Base(x + needed[:, None] * rows, y, separator)


def steps(
    x: Float[np.ndarray, "n d"],
    y: Int[np.ndarray, " n"],
    separator: Float[np.ndarray, "*weights"],
    rows: Float[np.ndarray, "n d"],
    level: float | Float[np.ndarray, " n"],
) -> Float[np.ndarray, " n"]:
    """Integers `t >= 0` with which `x + t rows` has the separator's margin at least `level`.

    A unit step raises every margin of a point by at least the least margin of its row.
    """
    shortfall = np.maximum(level - scores(x, y, separator), 0.0)
    return np.ceil(shortfall / scores(rows, y, separator))


# --- the flavours ------------------------------------------------------------------------------------------


def _integers(draw: Draw, limits: Limits, k: int) -> Points:
    return _base(draw, k, points=limits.points, features=limits.features).points


def _single(draw: Draw, limits: Limits, k: int) -> Points:
    return _base(draw, k, points=fewest_points(k), features=limits.features).points


def _wide(draw: Draw, limits: Limits, k: int) -> Points:
    return _base(draw, k, points=limits.points, features=limits.features, wide=True).points


def _duplicated(draw: Draw, limits: Limits, k: int) -> Points:
    x, y = _base(draw, k, points=limits.points - 1, features=limits.features).points
    copies = draw(st.lists(st.integers(0, len(x) - 1), min_size=1, max_size=limits.points - len(x)))
    return np.vstack([x, x[copies]]), np.concatenate([y, y[copies]])


def _zero_columns(draw: Draw, limits: Limits, k: int) -> Points:
    x, y = _base(draw, k, points=limits.points, features=limits.features - 1).points
    places = draw(st.lists(st.integers(0, x.shape[1]), min_size=1, max_size=limits.features - x.shape[1]))
    return np.insert(x, sorted(places), 0.0, axis=1), y


def _near_margin(draw: Draw, limits: Limits, k: int) -> Points:
    """Each point once more, stretched by `1 + 2^-e`: the copies of support vectors just miss the support.

    That holds for every norm, since stretching a point stretches its margins.
    """
    x, y = _base(draw, k, points=limits.points // 2, features=limits.features).points
    stretch = 1.0 + 0.5 ** draw(st.integers(4, 10))
    return np.vstack([x, stretch * x]), np.concatenate([y, y])


def _zero_multiplier(draw: Draw, limits: Limits, k: int) -> Points:
    """Each point once more, lifted into a new feature (one for each class) that the first copy does not use.

    For every entry-wise p-norm with 1 < p < infinity the maximiser does not use the new features, so a lifted
    support vector is a support vector; stationarity in the new features forces its multiplier to zero.
    Example: (1, 0) and (1, 1), both labelled +1.
    """
    new = fewest_points(k)
    x, y = _base(draw, k, points=limits.points // 2, features=limits.features - new).points
    heights = draw(st.tuples(*[st.integers(1, 3)] * len(x)))
    lifted = np.zeros((len(x), new))
    lifted[np.arange(len(x)), y if k else 0] = np.array(heights) * (1 if k else y)
    flat = np.hstack([x, np.zeros_like(lifted)])
    return np.vstack([flat, np.hstack([x, lifted])]), np.concatenate([y, y])


def _tiny_margin(draw: Draw, limits: Limits, k: int) -> Points:
    """Two far points of different labels, nearly equal: the margin is about 1e-3 of the largest data vector.

    The half sum of the pair's two margin vectors bounds the maximal margin by its dual norm;
    here the pair is `N u + w`, `N u - w` with the separator `w` and an orthogonal `u`.
    """
    if k:
        return _tiny_multiclass(draw, limits, k)
    base = _base(draw, k, points=limits.points - 2, features=limits.features, fewest=2, largest=1, placed=2)
    w, d = base.separator, base.separator.size
    i = int(np.flatnonzero(w)[0])
    j = (i + draw(st.integers(1, d - 1))) % d
    u = np.zeros(d)
    u[i], u[j] = -w[j], w[i]
    far = np.round(_FAR * np.linalg.norm(w) / np.linalg.norm(u)) * u
    return np.vstack([far + w, far - w, base.x]), np.concatenate([[1, -1], base.y])


def _tiny_multiclass(draw: Draw, limits: Limits, k: int) -> Points:
    """Classes 0 and 1 have separators that differ in one feature only, hence tie on what they share."""
    base = _base(draw, k, points=limits.points - 2, features=limits.features, fewest=2, adjacent=True, placed=2)
    shared = base.separator[0].copy()
    shared[0] = 0.0
    step = base.separator[0] - shared
    far = np.round(_FAR / np.linalg.norm(shared)) * shared
    return np.vstack([far + step, far - step, base.x]), np.concatenate([[0, 1], base.y])


def _gaussian(draw: Draw, limits: Limits, k: int) -> Points:
    """Standard normal features from a seed, rounded to few decimals now and then (integers are simplest)."""
    d = draw(st.integers(fewest_features(k), limits.features))
    n = draw(st.integers(fewest_points(k), limits.points))
    decimals = draw(st.integers(0, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.standard_normal((n, d))
    if decimals < 4:
        x = np.round(x, decimals) + 0.0
    if k:
        y = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
        return _classified(x, y, _sign_vectors(draw, k, d), _SLACK).points
    w = rng.choice([-1.0, 1.0], d)
    side = np.where(x @ w < 0.0, -1, 1)
    weak = np.abs(x @ w) < _SLACK
    return x + np.outer(weak * side, w), side


def _linf_unique(draw: Draw, limits: Limits, k: int) -> Points:
    return _pinned(draw, limits, k, free=False)


def _linf_nonunique(draw: Draw, limits: Limits, k: int) -> Points:
    return _pinned(draw, limits, k, free=True)


def _pinned(draw: Draw, limits: Limits, k: int, *, free: bool) -> Points:
    """Data whose L-infinity maximiser is known: the signs that a few pinning points dictate.

    All other points are moved until their margins reach that of the pinning points. With `free` one more
    feature is zero in the pinning points and so small in the others that its weight does not matter.
    """
    d = draw(st.integers(max(1, k), limits.features - free))
    signs = np.array(draw(st.tuples(*[LABEL] * d)), dtype=float)
    pins, separator = _class_pins(signs, k) if k else _binary_pin(draw, signs)
    most = max(0, min(limits.points, MOST_ENTRIES // d) - len(pins))
    label = st.integers(0, k - 1) if k else LABEL
    pin_labels = list(range(k)) if k else [draw(label)]
    rest = draw(st.lists(st.tuples(label, st.tuples(*[ENTRY] * (d + free))), max_size=most))
    y = np.array([*pin_labels, *(c for c, _ in rest)])
    x = np.zeros((len(y), d + free))
    x[: len(pins), :d] = pins if k else pin_labels[0] * pins
    x[len(pins) :] = np.array([row for _, row in rest]).reshape(len(rest), d + free)

    level = scores(x[: len(pins), :d], y[: len(pins)], separator).min()
    room = (2.0 if k else 1.0) * np.abs(x[:, d:]).sum(axis=1)
    towards = pins[y] if k else np.outer(y, separator)
    x[:, :d] += steps(x[:, :d], y, separator, towards, level + room)[:, None] * towards
    return x, y


def _binary_pin(draw: Draw, signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A point `q` has margin `||q||_1` at `w = sign(q)`, and less at every other `w` of L-infinity norm 1."""
    sizes = draw(st.tuples(*[st.integers(1, 3)] * len(signs)))
    return (signs * sizes)[None, :], signs


def _class_pins(signs: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """A point for each class, using features of its own only, all of one L1 norm `a`.

    Its margin is at most `2 a`, reached only where row `W_c` has the point's signs and the other rows have
    the opposite ones; the features are dealt out to the classes, so that all points reach it at once.
    """
    owner = np.arange(len(signs)) % k
    own = owner == np.arange(k)[:, None]
    pins = signs * own
    counts = own.sum(axis=1)
    pins[np.arange(k), np.arange(k)] *= 1 + counts.max() - counts
    return pins, signs * np.where(own, 1.0, -1.0)


def _flavour(
    name: str,
    about: str,
    build: Callable[[Draw, Limits, int], Points],
    points: Callable[[int], int] = fewest_points,
    features: Callable[[int], int] = fewest_features,
) -> Flavour:
    return Flavour(name, about, lambda k: (points(k), features(k)), build)


_TABLE = (
    _flavour("integers", "small integers", _integers),
    _flavour("gaussian", "standard normal features, labelled with margin at least 0.01", _gaussian),
    _flavour("duplicated", "some points more than once", _duplicated, points=lambda k: fewest_points(k) + 1),
    _flavour(
        "zero_columns",
        "features that are zero in every point",
        _zero_columns,
        features=lambda k: fewest_features(k) + 1,
    ),
    _flavour(
        "near_margin",
        "points that miss the support by a factor 1 + 2^-4 down to 1 + 2^-10, in every norm",
        _near_margin,
        points=lambda k: 2 * fewest_points(k),
    ),
    _flavour(
        "tiny_margin",
        "an L2 margin of about 1e-3 of the largest margin vector, or less",
        _tiny_margin,
        points=lambda k: max(2, k),
        features=lambda k: max(2, fewest_features(k)),
    ),
    _flavour(
        "zero_multiplier",
        "support vectors with multiplier zero, in L2 and every entry-wise p-norm with 1 < p < infinity",
        _zero_multiplier,
        points=lambda k: 2 * fewest_points(k),
        features=lambda k: fewest_features(k) + fewest_points(k),
    ),
    _flavour("wide", "more features than points", _wide, features=lambda k: fewest_points(k) + 1),
    _flavour("single", "one point (binary), or one point of each class", _single),
    _flavour("linf_unique", "a unique L-infinity maximiser", _linf_unique, features=fewest_points),
    _flavour("linf_nonunique", "many L-infinity maximisers", _linf_nonunique, features=lambda k: fewest_points(k) + 1),
)

FLAVOURS: dict[str, Flavour] = {flavour.name: flavour for flavour in _TABLE}
"""The flavours, by name; each has its `description`."""
