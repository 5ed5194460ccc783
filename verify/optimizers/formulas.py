"""Step sizes as a formula in t that is written as text, and read without being run as Python."""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from solvers.errors import InputError
from verify import backend as backend

_LONGEST = 200  # characters, so that no formula nests deeply
_SEEN = (0, 1, 10, 1_000, 100_000)  # steps at which a formula must give numbers

_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
# By name: the function, and how many arguments it has.
_FUNCTIONS: Mapping[str, tuple[Callable[..., Any], int]] = {
    "sqrt": (jnp.sqrt, 1),
    "exp": (jnp.exp, 1),
    "log": (jnp.log, 1),
    "cos": (jnp.cos, 1),
    "sin": (jnp.sin, 1),
    "abs": (jnp.abs, 1),
    "floor": (jnp.floor, 1),
    "min": (jnp.minimum, 2),
    "max": (jnp.maximum, 2),
}
ALLOWED = f"t, numbers, pi, + - * / // % **, brackets, {', '.join(_FUNCTIONS)}, and a if t < b else c"
"""What a formula may hold, in words."""


@dataclass(frozen=True)
class Formula:
    """Step sizes by a formula in t, written as text.

    Rule: `eta_t = text`, with `t = 0, 1, ...` the steps taken.

    text: of t, numbers and pi; `+`, `-`, `*`, `/`, `//`, `%`, `**` and brackets; sqrt, exp, log, cos, sin, abs and
    floor of one argument, min and max of two; and `a if t < b else c`. It is taken apart, never run as Python. Called
    with the steps taken, an array of any shape, it gives the step sizes in the same shape, in float64.

    Raises `InputError` for a text that holds anything else, is longer than 200 characters, or gives no finite number at
    some of the steps 0, 1, 10, 1000 and 100000.

    Example: steps that are constant at first.

        >>> import jax.numpy as jnp
        >>> from verify.optimizers import Formula
        >>> print(Formula("0.5 if t < 2 else 0.5 * (t - 1)**-0.5")(jnp.arange(5)).round(4))
        [0.5    0.5    0.5    0.3536 0.2887]

    Reference: Robbins, Monro 1951, A stochastic approximation method, Annals of Mathematical Statistics 22.
    """

    text: str

    def __post_init__(self) -> None:
        tree = _parsed(self.text)
        for t in _SEEN:
            value = _number(self.text, tree, float(t))
            if not math.isfinite(value):
                raise InputError(
                    f"The formula {_short(self.text)} is {value} at t = {t}: give one that is finite, of t + 1 say."
                )

    def __call__(self, count: ArrayLike) -> Array:
        t = jnp.asarray(count, jnp.float64)
        return jnp.broadcast_to(_value(_parsed(self.text), t), t.shape)


def formula_or_number(text: str) -> Formula | float | int | tuple[float, ...]:
    """What a text stands for: a formula where it has t in it, else a number, or several in brackets, with commas.

    A number is whole where it is written with whole numbers and without a quotient. Raises `InputError` as `Formula`
    does.
    """
    tree = _parsed(text)
    if isinstance(tree, ast.Tuple | ast.List):
        return tuple(_finite(text, part) for part in tree.elts)
    if any(isinstance(node, ast.Name) and node.id == "t" for node in ast.walk(tree)):
        return Formula(text)
    value = _finite(text, tree)
    written = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    whole = all(isinstance(each, int) for each in written) and "/" not in text and value.is_integer()
    return int(value) if whole else value


def _finite(text: str, tree: ast.expr) -> float:
    value = _number(text, tree, math.nan)
    if not math.isfinite(value):
        raise InputError(f"{_short(text)} is no finite number: write one, or a formula of t.")
    return value


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def _parsed(text: str) -> ast.expr:
    """The formula's tree. Raises `InputError` where the text is too long, or no expression."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise InputError(f"A formula is a text of at most {_LONGEST} characters, not {_short(str(text))}: shorten it.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that run into words
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f"{_short(text)} is no formula: write it of {ALLOWED}.") from None


def _number(text: str, tree: ast.expr, t: float) -> float:
    """The value at one t. Raises `InputError` for what a formula may not hold, and where there is none."""
    try:
        value = np.asarray(_value(tree, np.float64(t)))
    except _NotAllowed as error:
        raise InputError(f"The formula {_short(text)} holds {error}: write it of {ALLOWED}.") from None
    return float(value)


class _NotAllowed(ValueError):
    """What of a formula is none of its parts."""


def _value(node: ast.expr, t: Any) -> Any:
    """The value of a tree, by numbers of float64 alone: their overflow is infinity, which no formula may be."""
    match node:
        case ast.Constant(value=bool() | complex()):
            raise _NotAllowed(f"{node.value}")
        case ast.Constant(value=int() | float() as value):
            return np.float64(_float(value))
        case ast.Name(id="t"):
            return t
        case ast.Name(id="pi"):
            return np.float64(np.pi)
        case ast.UnaryOp() if type(node.op) in _UNARY:
            return _UNARY[type(node.op)](_value(node.operand, t))
        case ast.BinOp() if type(node.op) in _BINARY:
            with np.errstate(all="ignore"):
                return _BINARY[type(node.op)](_value(node.left, t), _value(node.right, t))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if (
            len(args) == _FUNCTIONS.get(name, (None, 0))[1]
        ):
            return _FUNCTIONS[name][0](*(_value(each, t) for each in args))
        case ast.IfExp(test=ast.Compare(left=left, ops=[sign], comparators=[right])) if type(sign) in _COMPARED:
            chosen = _COMPARED[type(sign)](_value(left, t), _value(right, t))
            return jnp.where(chosen, _value(node.body, t), _value(node.orelse, t))
    raise _NotAllowed(_short(ast.unparse(node)))


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number beyond the range
        return math.inf
