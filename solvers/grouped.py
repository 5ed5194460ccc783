"""Norms of a matrix by its rows or columns: the largest of their L2 norms, or the sum of them."""

from __future__ import annotations

import functools
from typing import Any, Literal

from solvers.errors import InputError
from solvers.norms import Array
from solvers.own_norm import OwnNorm

Group = Literal["row", "column"]
Outer = Literal["max", "sum"]


def _sizes(xp: Any, w: Array, by: Group) -> Array:
    """The L2 norms of the rows or columns, `[groups 1]` or `[1 groups]`; a vector is one row."""
    matrix = w if len(w.shape) == 2 else xp.reshape(w, (1, -1))
    top = xp.max(xp.abs(matrix))
    scale = xp.where(top > 0, top, xp.ones_like(top))
    return scale * xp.sqrt(xp.sum((matrix / scale) ** 2, axis=1 if by == "row" else 0, keepdims=True))


def _direction(xp: Any, g: Array, by: Group, outer: Outer) -> Array:
    sizes = _sizes(xp, g, by)
    unit = (g if len(g.shape) == 2 else xp.reshape(g, (1, -1))) / xp.where(sizes > 0, sizes, xp.ones_like(sizes))
    if outer == "sum":
        first = xp.reshape(xp.arange(sizes.size) == xp.argmax(sizes), sizes.shape)
        unit = xp.where(first, unit, xp.zeros_like(unit))
    return xp.reshape(unit, g.shape)


def _expression(w: Any, by: Group, outer: Outer) -> Any:
    import cvxpy as cp

    if w.ndim < 2:
        w = cp.reshape(w, (1, w.size), order="C")
    sizes = cp.norm(w, 2, axis=1 if by == "row" else 0)
    return cp.max(sizes) if outer == "max" else cp.sum(sizes)


@functools.cache
def grouped(by: Group, outer: Outer) -> OwnNorm:
    """The norm of a matrix `[k d]` by its rows or columns: the largest of their L2 norms, or the sum of them.

    With rows and "max" it is the (2, inf) norm, whose dual sums the rows' norms, (2, 1), and whose steepest direction
    normalises each row. Weights `[d]` are one row. The same norm each time, so that it may be compared.

    Raises `InputError` for another group or sum.

    Example: each row of the direction has norm 1.

        >>> import numpy as np
        >>> from solvers.grouped import grouped
        >>> norm = grouped("row", "max")
        >>> print(norm.value(np.array([[3.0, 4.0], [0.0, 1.0]])), norm.dual_value(np.array([[3.0, 4.0], [0.0, 1.0]])))
        5.0 6.0
        >>> print(norm.direction(np.array([[3.0, 4.0], [0.0, 1.0]])))
        [[0.6 0.8]
         [0.  1. ]]
    """
    if by not in ("row", "column") or outer not in ("max", "sum"):
        raise InputError(f"There is no norm by {by!r} and {outer!r}: give 'row' or 'column', and 'max' or 'sum'.")

    def value(xp: Any, w: Array, how: Outer = outer) -> Array:
        return xp.max(_sizes(xp, w, by)) if how == "max" else xp.sum(_sizes(xp, w, by))

    return OwnNorm(
        f"{by}-{outer}",
        value=value,
        dual_value=lambda xp, g: value(xp, g, "sum" if outer == "max" else "max"),
        expression=lambda w: _expression(w, by, outer),
        direction=lambda xp, g: _direction(xp, g, by, outer),
    )
