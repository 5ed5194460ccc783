"""A norm of the user's own, and the check that its parts belong to one norm.

The certificates of a maximal margin are as good as the norm's value and dual value. So before a margin problem is
posed in an own norm, its parts are held against each other on arrays of the weights' shape.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from solvers.errors import InputError
from solvers.norms import Array, Norm, floating, norm

if TYPE_CHECKING:
    import cvxpy as cp

_SAMPLES = 4
# Value, dual value and direction are arithmetic; the dual value is also held against a cone programme's.
_ARITHMETIC = 1e-9
_PROGRAMME = 1e-5


@dataclass(frozen=True, init=False, eq=False, repr=False)
class OwnNorm(Norm):
    """A norm given by its functions; it stands wherever a norm's name may stand.

    name: for tables and reports; not that of a norm of the library.
    value, dual_value: from an array namespace `xp` (numpy's or jax's) and an array to a scalar. Written with `xp`
    alone and without branches on the data, they serve numpy arrays and compiled programs alike. The weights are `[d]`,
    or `[k d]` with classes, for any d: of a dataset, or of one that was padded with zero columns, which must change
    nothing. A rounding error each per operation is assumed, so no sum may cancel.
    expression: from a cvxpy expression to a convex one.
    direction: from `xp` and `g` to a maximiser of `<g, u>` over the unit ball, and to 0 at `g = 0`; for optimizers that
    follow the norm, otherwise it may be left out.
    strictly_convex: whether the unit ball is strictly convex, so that the maximiser of a margin is unique.

    The weighted norm `sqrt(sum_j j w_j^2)`, for binary data:

        def scale(xp, w):
            return xp.arange(1, w.shape[-1] + 1)

        OwnNorm(
            "weighted-l2",
            value=lambda xp, w: xp.sqrt(xp.sum(scale(xp, w) * w**2)),
            dual_value=lambda xp, g: xp.sqrt(xp.sum(g**2 / scale(xp, g))),
            expression=lambda w: cp.norm(cp.multiply(np.sqrt(np.arange(1, w.size + 1)), w)),
        )

    Raises `InputError` for a name that is taken or has other characters than letters, digits, '.', '_' and '-'.
    """

    _name: str
    _value: Callable[[Any, Array], Array]
    _dual_value: Callable[[Any, Array], Array]
    _expression: Callable[[Any], Any]
    _direction: Callable[[Any, Array], Array] | None
    _strictly_convex: bool

    def __init__(
        self,
        name: str,
        *,
        value: Callable[[Any, Array], Array],
        dual_value: Callable[[Any, Array], Array],
        expression: Callable[[Any], Any],
        direction: Callable[[Any, Array], Array] | None = None,
        strictly_convex: bool = False,
    ):
        _check_name(name)
        # Norm is frozen. Its exponent is not a number here, and whatever computes with one has to refuse.
        parts = {"kind": "own", "p": math.nan, "_name": name, "_value": value, "_dual_value": dual_value}
        parts |= {"_expression": expression, "_direction": direction, "_strictly_convex": strictly_convex}
        for part, given in parts.items():
            object.__setattr__(self, part, given)

    def __eq__(self, other: object) -> bool:
        """Two own norms are the same only if they are one object: functions cannot be compared."""
        return self is other

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<OwnNorm {self.name}>"

    @property
    def name(self) -> str:
        """For tables and reports."""
        return self._name

    @property
    def strictly_convex(self) -> bool:
        """Whether the unit ball was said to be strictly convex."""
        return self._strictly_convex

    @property
    def dual(self) -> Norm:
        """Unknown: raises `InputError`, since of the dual norm only the value was given."""
        raise InputError(f"Of the dual of the norm {self.name} only the value is known: use dual_value.")

    def value(self, w: Array, *, inline: bool = False) -> Array:
        """The norm of one array of weights."""
        return self._value(*floating(w))

    def dual_value(self, g: Array, *, inline: bool = False) -> Array:
        """The dual norm of one array."""
        return self._dual_value(*floating(g))

    def direction(self, g: Array, *, inline: bool = False) -> Array:
        """A maximiser of `<g, u>` over the unit ball, as it was given. Raises `InputError` where none was."""
        if self._direction is None:
            raise InputError(f"The norm {self.name} has no steepest direction: give OwnNorm a direction.")
        return self._direction(*floating(g))

    def expression(self, w: cp.Expression) -> cp.Expression:
        """The norm as a convex expression."""
        return self._expression(w)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise InputError(f"The norm's name {name!r} has other characters than letters, digits, '.', '_' and '-'.")
    try:
        norm(name)
    except InputError:
        return
    raise InputError(f"There is a norm {name!r} in the library: give the own norm another name.")


@functools.cache
def check_own_norm(own: OwnNorm, shape: tuple[int, ...]) -> None:
    """Hold the parts of an own norm against each other on random arrays of a shape.

    Raises `InputError` with the first that fails: a scalar value; homogeneity, padding and the triangle inequality;
    the direction; the dual value against the largest `<g, w>` over the unit ball of the expression, and of the value.
    """
    rng = np.random.default_rng(0)
    arrays = list(rng.normal(size=(_SAMPLES, *shape)) * 10.0 ** rng.uniform(-1, 1, size=(_SAMPLES, *shape)))
    axes = ", ".join(map(str, shape))
    for g, w in zip(arrays, np.roll(arrays, 1, axis=0), strict=True):
        _require(all(np.shape(part(g)) == () for part in (own.value, own.dual_value)), own, axes, "has no scalar value")
        size, dual = float(own.value(w)), float(own.dual_value(g))
        _require(0 < size < math.inf and 0 < dual < math.inf, own, axes, "has a value that is not positive and finite")
        _require(_near(float(own.value(-2 * w)), 2 * size), own, axes, "is not homogeneous: ||-2 w|| is not 2 ||w||")
        padded = np.pad(w, (0, 1))
        _require(_near(float(own.value(padded)), size), own, axes, "is changed by padding with zeros")
        both = float(own.value(w + g))
        _require(both <= (size + float(own.value(g))) * (1 + _ARITHMETIC), own, axes, "fails the triangle inequality")
        if own._direction is not None:
            u = np.asarray(own.direction(g))
            attained = u.shape == g.shape and _near(float(np.sum(u * g)), dual)
            _require(
                attained and own.value(u) <= 1 + _ARITHMETIC, own, axes, "has a direction that is not the steepest"
            )
    if own._direction is not None:
        _require(not np.asarray(own.direction(np.zeros(shape))).any(), own, axes, "has a direction at 0 that is not 0")
    for g in arrays[:2]:
        _check_dual(own, g, axes)


def _check_dual(own: OwnNorm, g: np.ndarray, axes: str) -> None:
    """The dual value against the solution of the programme that defines it."""
    import cvxpy as cp

    from solvers.programs import solve

    w = cp.Variable(g.shape)
    ball: Any = own.expression(w) <= 1
    problem = cp.Problem(cp.Maximize(cp.sum(cp.multiply(g, w))), [ball])
    status = solve(problem, solver="CLARABEL")
    _require(problem.value is not None, own, axes, f"has an expression with which CLARABEL fails ({status})")
    largest, dual = float(cast(float, problem.value)), float(own.dual_value(g))
    wrong = f"has a dual value {dual:.6g} where its expression's is {largest:.6g}"
    _require(_near(largest, dual, _PROGRAMME), own, axes, wrong)
    _require(_near(float(own.value(np.asarray(w.value))), 1.0, _PROGRAMME), own, axes, "and its expression differ")


def _near(a: float, b: float, tolerance: float = _ARITHMETIC) -> bool:
    return abs(a - b) <= tolerance * abs(b)


def _require(holds: Any, own: OwnNorm, axes: str, fault: str) -> None:
    if not bool(holds):
        raise InputError(f"The own norm {own.name} {fault}, on arrays of shape ({axes}): correct its functions.")
