"""The singular value decomposition of a small matrix as array operations, for compiled and batched programs.

A library's decomposition is one call a matrix, which dominates an optimizer's step. Here the smaller side, of at most
four, is made orthogonal by plane rotations, all of them elementwise operations that a compiler fuses over the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# A numpy array, a jax array or a jax tracer: whatever has `__array_namespace__`.
Array = Any

LARGEST_SIDE = 4
"""Above this the library's decomposition is the faster one."""

# Jacobi sweeps on the Gram matrices of the rows, which is formed anew after each of these passes: the first resolves
# singular values down to the root of the precision, the next ones what is left of the smaller ones.
_SWEEPS = (2, 2, 3)
# Rows that are orthogonal up to an angle have their lengths right up to its square: less will do for these.
_SWEEPS_OF_VALUES = (2, 2, 1)


def small_svd(xp: Any, a: Array) -> tuple[Array, Array, Array]:
    """Factors `u [k r]`, `s [r]`, `vt [r d]` of `a [k d]` with `a = u diag(s) vt`; `min(k, d) <= 4`.

    The entries of `a` must be of order one. Singular values come in no order, and `r` is `min(k, d)` or one more;
    a row of `vt` is zero where its singular value is. Backward stable like LAPACK's: the factors are those of a
    matrix within 1e-15 of `a`, relative to its largest singular value, and the factors that belong to singular
    values above 1e-15 of it are orthonormal to 1e-14 (1e-12 where several that tie are below 1e-8 of it).

    Method: cyclic Jacobi (Golub, Van Loan, Matrix Computations, 4th ed., sections 8.5 and 8.6.3) on the rows' Gram
    matrix. Of each pass only the rotation is kept; rows that it has made nearly orthogonal have a Gram matrix that
    determines small singular values to high relative accuracy (Demmel, Veselić 1992), and so the next pass.
    """
    if a.shape[0] > a.shape[1]:
        u, s, vt = small_svd(xp, a.T)
        return vt.T, s, u.T
    w, rotation = _rows(xp, a), None
    for sweeps in _SWEEPS:
        turn = _diagonalising(xp, w @ w.T, sweeps)
        w = turn @ w
        rotation = turn if rotation is None else turn @ rotation
    s = xp.sqrt(xp.sum(w * w, axis=1))
    vt = w / xp.where(s > 0, s, xp.ones_like(s))[:, None]
    return xp.permute_dims(rotation, (1, 0))[: a.shape[0]], s, vt


def small_singular_values(xp: Any, a: Array) -> Array:
    """The singular values of `small_svd`, in no order, at less cost: as exact, and without the factors."""
    w = _rows(xp, a.T if a.shape[0] > a.shape[1] else a)
    for sweeps in _SWEEPS_OF_VALUES:
        w = _diagonalising(xp, w @ w.T, sweeps) @ w
    return xp.sqrt(xp.sum(w * w, axis=1))


def _rows(xp: Any, a: Array) -> Array:
    """The matrix, with rows of zeros up to a power of two."""
    k = a.shape[0]
    rows = 1 << (k - 1).bit_length()
    return a if rows == k else xp.concat([a, xp.zeros((rows - k, a.shape[1]), dtype=a.dtype)])


def _partner(xp: Any, x: Array, q: int) -> Array:
    """`x[i ^ q]` for every index `i` of the first axis, whose length is a power of two: axes of length two flipped."""
    bits = x.shape[0].bit_length() - 1
    flipped = tuple(bit for bit in range(bits) if q >> (bits - 1 - bit) & 1)
    return xp.reshape(xp.flip(xp.reshape(x, (2,) * bits + x.shape[1:]), axis=flipped), x.shape)


def _diagonalising(xp: Any, gram: Array, sweeps: int) -> Array:
    """A rotation `j` that makes `j gram j^T` nearly diagonal.

    A round turns all disjoint pairs `(i, i ^ q)` at once; the rounds `q = 1 .. rows - 1` meet every pair once.
    """
    index = np.arange(gram.shape[0])
    eye = xp.eye(len(index), dtype=gram.dtype)
    j, diagonal = eye, xp.sum(gram * eye, axis=1)
    for q in [*range(1, len(index))] * sweeps:
        first = xp.asarray(np.where(index < index ^ q, 1, -1), dtype=gram.dtype)
        off = xp.sum(gram * xp.asarray(np.eye(len(index))[index ^ q], dtype=gram.dtype), axis=1)
        off = (off + _partner(xp, off, q)) / 2  # the same for both of a pair, so that the rotation is one
        tangent = _tangent(xp, _partner(xp, diagonal, q) - diagonal, off, first)
        diagonal = diagonal - tangent * off
        cosine = 1 / xp.sqrt(1 + tangent * tangent)
        c, s = cosine[:, None], (cosine * tangent)[:, None]
        half = c * gram - s * _partner(xp, gram, q)
        gram = c.T * half - s.T * _partner(xp, half.T, q).T
        j = c * j - s * _partner(xp, j, q)
    return j


def _tangent(xp: Any, difference: Array, off: Array, first: Array) -> Array:
    """Tangents of the smaller rotations that zero `off`, of opposite sign for the two of a pair; 0 at `off = 0`."""
    cotangent = difference / (2 * xp.where(off != 0, off, xp.ones_like(off)))
    sign = xp.where(cotangent == 0, first, xp.sign(cotangent))
    tangent = sign / (xp.abs(cotangent) + xp.sqrt(1 + cotangent * cotangent))
    return xp.where(off != 0, tangent, xp.zeros_like(off))
