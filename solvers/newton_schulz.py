"""How much of a steepest direction is left where a polar factor is approximated by a few Newton-Schulz steps.

From `X = G / ||G||_F` a step is `X -> a X + b (X X^T) X + c (X X^T)^2 X`. It keeps the singular vectors and acts on
each singular value by the odd polynomial `a s + b s^3 + c s^5`; let `f` be what all steps make of one. For
`G = P S Q^T` with singular values `s`, of which the squares add up to 1, the result is `U = P f(S) Q^T`, and

    <G, U> / (||G||_* ||U||) = sum_i s_i f(s_i) / (sum_i s_i max_i f(s_i)),

with the nuclear norm of `G` and the spectral norm of `U`: 1 for the polar factor. The least such ratio over all spectra
of at most r values is a number of the polynomials and of r alone, the *alignment*. It is bracketed here.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from solvers.errors import InputError

Steps = tuple[tuple[float, float, float], ...]
"""The coefficients `a, b, c` of each step."""
Values = Float[np.ndarray, "..."]

_BOXED = 3  # singular values up to which spectra are searched box by box
_EDGES = np.concatenate([[0.0], np.geomspace(1e-6, np.sqrt(0.5), 24)])
_MOST = 2_000_000  # boxes
_CELLS = np.concatenate([[0.0], np.geomspace(1e-8, 1.0, 8_000)])
_DRAWN, _KEPT, _NEAR = 4000, 60, 15  # spectra of the search for a bad one
_GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Alignment:
    """A bracket of the least alignment over the spectra of a rank.

    lower, upper: its ends, up to rounding. spectrum: the singular values whose alignment is `upper`, largest first.
    """

    lower: float
    upper: float
    spectrum: tuple[float, ...]


def after(steps: Sequence[Sequence[float]], s: Values) -> Values:
    """What the steps make of singular values between 0 and 1."""
    for step in steps:
        s = _polynomial(step, s)
    return s


def _polynomial(step: Sequence[float], s: Any) -> Any:
    a, b, c = step
    return s * (a + s * s * (b + c * s * s))


def aligned(steps: Sequence[Sequence[float]], spectra: Float[np.ndarray, "... r"]) -> Float[np.ndarray, "..."]:
    """`<G, U> / (||G||_* ||U||)` of matrices with these singular values; their scale is of no account."""
    s = np.abs(spectra) / np.linalg.norm(spectra, axis=-1, keepdims=True)
    f = after(steps, s)
    return np.asarray(np.sum(s * f, axis=-1) / (np.sum(s, axis=-1) * np.max(np.abs(f), axis=-1)))


def alignment(steps: Sequence[Sequence[float]], rank: int, width: float = 2e-3) -> Alignment:
    """The least alignment over all spectra of at most `rank` singular values.

    steps: the coefficients `(a, b, c)` of each step; none leave the matrix as it is. width: of the bracket, relative,
    up to rank 3, where boxes of spectra are split until each is above all but `width` of the least that was found
    (branch and bound; a polynomial's image of an interval is exact). Above, `lower` is the bound of Lagrangian duality
    for the constraint that the squares add up to 1, and `upper` is of the worst spectrum that a search found: nothing
    is promised of their distance.

    Raises `InputError` for a rank below 1, a width that is not between 0 and 1, and for steps that make singular values
    between 0 and 1 negative, of which nothing can be promised.
    """
    if not isinstance(rank, int | np.integer) or rank < 1:
        raise InputError(f"The rank is {rank}: give a whole number of singular values, at least one.")
    if not 0 < width < 1:
        raise InputError(f"The width is {width:g}: give a part of the bracket between 0 and 1, such as 0.002.")
    if np.ndim(steps) not in (1, 2) or any(np.shape(step) != (3,) or not np.isfinite(step).all() for step in steps):
        raise InputError(f"The Newton-Schulz steps are {steps!r}: give three finite coefficients for each.")
    chosen: Steps = tuple((float(a), float(b), float(c)) for a, b, c in steps)
    if not _image(chosen, np.zeros(1), np.ones(1))[0] >= 0 or not after(chosen, np.ones(1)) > 0:
        raise InputError("These Newton-Schulz steps turn singular values around: give coefficients that keep them > 0.")
    return _alignment(chosen, rank, width)


@functools.cache
def _alignment(steps: Steps, rank: int, width: float) -> Alignment:
    if rank == 1:
        return Alignment(1.0, 1.0, (1.0,))
    if rank <= _BOXED:
        spectrum = _boxed(steps, rank, width)
        upper = float(aligned(steps, spectrum))
        return Alignment((1 - width) * upper, upper, tuple(map(float, spectrum)))
    spectrum = _searched(steps, rank, _boxed(steps, _BOXED, width))
    upper = float(aligned(steps, spectrum))
    return Alignment(_dual(steps, rank, upper, width), upper, tuple(map(float, spectrum)))


def _image(steps: Steps, low: Values, high: Values) -> tuple[Values, Values]:
    """The images of intervals: those of a continuous function are intervals again, with its extrema for ends."""
    for a, b, c in steps:
        ends = _polynomial((a, b, c), low), _polynomial((a, b, c), high)
        below, above = np.minimum(*ends), np.maximum(*ends)
        for square in np.roots(np.trim_zeros([5 * c, 3 * b, a], "f")):
            if square.imag == 0 and square.real > 0:
                for turn in (np.sqrt(square.real), -np.sqrt(square.real)):
                    within = (low <= turn) & (turn <= high)
                    value = _polynomial((a, b, c), turn)
                    below, above = (
                        np.where(within, f(kept, value), kept) for f, kept in ((np.minimum, below), (np.maximum, above))
                    )
        low, high = below, above
    return low, high


def _boxed(steps: Steps, rank: int, width: float) -> Float[np.ndarray, " r"]:
    """A spectrum, largest value first, below which no other is aligned by more than `width`, relative.

    A box holds intervals of all values but the largest, which follows from them.
    """
    places = np.stack([axis.ravel() for axis in np.meshgrid(*[np.arange(len(_EDGES) - 1)] * (rank - 1))], axis=1)
    places = places[np.all(np.diff(places, axis=1) <= 0, axis=1)]
    low, high = _EDGES[places], _EDGES[places + 1]
    worst, least, count = np.eye(rank)[0], 1.0, 0
    while len(low):
        if (count := count + len(low)) > _MOST:
            raise InputError(f"A width of {width:g} asks for more than {_MOST} boxes of spectra: give a larger one.")
        found = _completed((low + high) / 2)
        values = aligned(steps, found)
        if values.min() < least:
            least, worst = float(values.min()), found[np.argmin(values)]
        bound, spread = _bound(steps, low, high)
        kept = bound < (1 - width) * least
        low, high = _halved(low[kept], high[kept], spread[kept])
    return -np.sort(-worst)


def _completed(smaller: Float[np.ndarray, "m s"]) -> Float[np.ndarray, "m r"]:
    """Spectra of which all values but the largest are given."""
    largest = np.sqrt(np.maximum(1 - np.sum(smaller**2, axis=1), 0))
    return np.column_stack([largest, smaller])


def _bound(steps: Steps, low: Values, high: Values) -> tuple[Values, Values]:
    """What the alignment is at least in each box, infinite in empty ones; and how much each value's part varies."""
    least, most = _completed(high), _completed(low)
    empty = (np.sum(low**2, axis=1) > 1) | (most[:, 0] < low.max(axis=1))
    bottom = np.column_stack([np.maximum(least[:, 0], low.max(axis=1)), low])
    top = np.column_stack([most[:, 0], high])
    f_low, f_high = _image(steps, bottom, top)
    bound = np.sum(bottom * f_low, axis=1) / (np.sum(top, axis=1) * np.max(f_high, axis=1))
    return np.where(empty, np.inf, bound), (high - low) + (f_high - f_low)[:, 1:] * high


def _halved(low: Values, high: Values, spread: Values) -> tuple[Values, Values]:
    """Both halves of each box, cut along the value whose part varies most."""
    rows, cut = np.arange(len(low)), np.argmax(spread, axis=1)
    middle = (low[rows, cut] + high[rows, cut]) / 2
    left, right = high.copy(), low.copy()
    left[rows, cut] = right[rows, cut] = middle
    return np.concatenate([low, right]), np.concatenate([left, high])


def _searched(steps: Steps, rank: int, known: Float[np.ndarray, " k"]) -> Float[np.ndarray, " r"]:
    """The worst spectrum found: three different values, each any number of times, or one that is known."""
    rng = np.random.default_rng(rank)
    first = ((rank - 1) ** rng.random(_DRAWN)).astype(int)
    second = ((rank - first) ** rng.random(_DRAWN)).astype(int)
    times = np.stack([first, second, rank - first - second], axis=1)
    logs = np.log(10.0) * rng.uniform(-3, 0, (_DRAWN, 3))
    for spread in 0.5 ** np.arange(25):
        best = np.argsort(_repeated(steps, logs, times))[:_KEPT]
        near = np.repeat(logs[best], _NEAR, axis=0)
        logs = np.concatenate([logs[best], near + spread * rng.normal(size=near.shape)])
        times = np.concatenate([times[best], np.repeat(times[best], _NEAR, axis=0)])
    i = np.argmin(_repeated(steps, logs, times))
    found = np.repeat(np.exp(logs[i] - logs[i].max(where=times[i] > 0, initial=-np.inf)), times[i])
    found = found / np.linalg.norm(found)
    worst = np.concatenate([known, np.zeros(rank - len(known))])
    return -np.sort(-(found if aligned(steps, found) < aligned(steps, worst) else worst))


def _repeated(steps: Steps, logs: Float[np.ndarray, "m 3"], times: Int[np.ndarray, "m 3"]) -> Float[np.ndarray, " m"]:
    """The alignment of spectra of three values, by their logarithms, and how many times they occur."""
    s = np.where(times > 0, np.exp(logs - logs.max(axis=1, keepdims=True)), 0.0)
    s /= np.sqrt(np.sum(times * s**2, axis=1, keepdims=True))
    f = after(steps, s)
    return np.sum(times * s * f, axis=1) / (np.sum(times * s, axis=1) * f.max(axis=1))


def _dual(steps: Steps, rank: int, upper: float, width: float) -> float:
    """A lower bound of the alignment, from caps of `max f` that are `width / 2` apart."""
    low, high = _CELLS[:-1], _CELLS[1:]
    f_low, f_high = _image(steps, low, high)
    top, bottom = f_high.max(), f_low[high >= 1 / np.sqrt(rank)].min()
    if bottom <= 0:
        return 0.0
    caps = np.geomspace(bottom, top, 2 + int(np.log(top / bottom) / (width / 2)))
    bound = upper
    for below, cap in zip(caps[-2::-1], caps[:0:-1], strict=True):
        within = f_low <= cap
        cells = low[within], high[within], f_low[within], f_high[within] >= below
        if _holds(bound, cap, rank, *cells):
            continue
        least = 0.0
        while bound - least > width / 4 * bound:
            middle = (least + bound) / 2
            least, bound = (middle, bound) if _holds(middle, cap, rank, *cells) else (least, middle)
        bound = least
    return bound


def _holds(
    rho: float, cap: float, rank: int, low: Values, high: Values, f_low: Values, attaining: Bool[np.ndarray, "..."]
) -> bool:
    """Whether `sum_i s_i (f(s_i) - rho cap) >= 0` on all spectra of which one value attains the cap, by duality.

    For any `m >= 0` the sum is at least `m + sum_i min [s (f(s) - rho cap) - m s^2]`, which is concave in m; on a cell
    the bracket is concave in s once f is replaced by its least value there, so that its ends tell.
    """
    if not attaining.any():
        return True
    excess = f_low - rho * cap

    ends = (low * excess, low**2), (high * excess, high**2)

    def of(m):
        terms = np.minimum(*(linear - m * square for linear, square in ends))
        return m + (rank - 1) * terms.min() + terms[attaining].min()

    first, last = 0.0, 8.0
    left, right = last - _GOLDEN * last, _GOLDEN * last
    at_left, at_right = of(left), of(right)
    for _ in range(40):
        if max(at_left, at_right) >= 0:
            return True
        if at_left > at_right:
            last, right, at_right = right, left, at_left
            at_left = of(left := last - _GOLDEN * (last - first))
        else:
            first, left, at_left = left, right, at_right
            at_right = of(right := first + _GOLDEN * (last - first))
    return False
