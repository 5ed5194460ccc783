"""The norms of the theory: value, dual value and steepest direction, for numpy and jax arrays alike.

A norm is defined once. The array's own namespace does the arithmetic, so that one text serves numpy arrays,
jax arrays and jax tracers: nothing here branches on the data, and everything passes through `jit` and `vmap`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from solvers.errors import InputError
from solvers.polar import LARGEST_SIDE, small_singular_values, small_svd

if TYPE_CHECKING:
    import cvxpy as cp

# A numpy array, a jax array or a jax tracer: whatever has `__array_namespace__`.
Array = Any

_ALIASES = {
    "max": ("entrywise", math.inf),
    "linf": ("entrywise", math.inf),
    "sum": ("entrywise", 1.0),
    "frobenius": ("entrywise", 2.0),
    "nuclear": ("schatten", 1.0),
    "spectral": ("schatten", math.inf),
    "schatteninf": ("schatten", math.inf),
}
_PATTERN = re.compile(r"(l|schatten)(\d+(?:\.\d*)?(?:e[+-]?\d+)?)")
_KNOWN = "l1, l2, linf, l<p>, max, sum, frobenius, nuclear, spectral or schatten<p>, with p >= 1"


@dataclass(frozen=True)
class Norm:
    """A norm on arrays: entry-wise p, or Schatten p (the p-norm of a matrix's singular values).

    The kind "own" is that of `solvers.own_norm.OwnNorm`, a norm of other form, given by its functions.

    All axes of an array are reduced; a batch is the caller's `vmap`. The Schatten 2-norm is stored as what it
    is, the entry-wise 2-norm (Frobenius).

    `inline` is for callers inside a compiled function: singular values of a matrix whose smaller side is at most 4
    are then computed by array operations (`solvers.polar`), two to three times faster there than the library's call
    for every matrix, and far slower anywhere else. The results agree as those of two backward stable methods do.

    Raises `InputError` for p below 1 or not a number.
    """

    kind: Literal["entrywise", "schatten", "own"]
    p: float

    def __post_init__(self) -> None:
        if not self.p >= 1:
            raise InputError(
                f"The {self.kind} p-norm needs p >= 1, not p = {self.p!r}: below 1 it is no norm, so take 1 or more."
            )
        object.__setattr__(self, "p", float(self.p))
        if self.p == 2:
            object.__setattr__(self, "kind", "entrywise")

    @property
    def name(self) -> str:
        """The canonical name, which `norm` parses: `l1.5`, `linf`, `nuclear`, `schatten1.5`, `spectral`."""
        digits = f"{self.p:g}" if float(f"{self.p:g}") == self.p else repr(self.p)
        if self.kind == "entrywise":
            return f"l{digits}"
        return {1.0: "nuclear", math.inf: "spectral"}.get(self.p, f"schatten{digits}")

    def __str__(self) -> str:
        return self.name

    @property
    def matrix_only(self) -> bool:
        """Whether the norm is defined for matrices only."""
        return self.kind == "schatten"

    @property
    def strictly_convex(self) -> bool:
        """Whether the unit ball is strictly convex, so that the maximiser of a positive margin is unique."""
        return 1 < self.p < math.inf

    @property
    def polyhedral(self) -> bool:
        """Whether the unit ball is a polytope, so that its margin problem is a linear programme."""
        return self.kind == "entrywise" and not self.strictly_convex

    @property
    def dual(self) -> Norm:
        """The dual norm, `max <g, u>` over the unit ball: exponent q with 1/p + 1/q = 1, up to rounding."""
        return Norm(self.kind, _conjugate(self.p))

    def value(self, w: Array, *, inline: bool = False) -> Array:
        """The norm of `w`, a scalar of its array type; it overflows or underflows only if its value does."""
        xp, w = floating(w)
        return _power_norm(xp, self._spectrum(xp, w, inline), self.p)

    def dual_value(self, g: Array, *, inline: bool = False) -> Array:
        """The dual norm of `g`."""
        return self.dual.value(g, inline=inline)

    def direction(self, g: Array, *, inline: bool = False) -> Array:
        """The steepest direction: a maximiser `u` of `<g, u>` over `||u|| <= 1`, shaped like `g`; 0 at g = 0.

        Entry-wise: `sign(g)` for linf (with sign(0) = 0), one signed entry for l1 (the first of the largest),
        else `sign(g) |g|^(q-1) / ||g||_q^(q-1)`. Schatten: the same rule on the singular values without those
        below `max(shape) * eps` of the largest one, that is, for the spectral norm the polar factor `U V^T`,
        and for the nuclear norm `u_1 v_1^T`.
        """
        xp, g = floating(g)
        if self.kind == "entrywise":
            return _power_direction(xp, g, self.p)
        scaled = self._matrix(g) / _scale(xp, xp.abs(g))
        if inline and min(g.shape) <= LARGEST_SIDE:
            u, s, vt = small_svd(xp, scaled)
        else:
            u, s, vt = xp.linalg.svd(scaled, full_matrices=False)
        # Singular values that are rounding would count: fully for the spectral norm, by their root for p = 3.
        s = xp.where(s > max(g.shape) * xp.finfo(s.dtype).eps * xp.max(s), s, xp.zeros_like(s))
        return (u * _power_direction(xp, s, self.p)[None, :]) @ vt

    def expression(self, w: cp.Expression) -> cp.Expression:
        """The norm of a cvxpy expression as a convex expression.

        Raises `InputError` for a Schatten norm of a vector.
        """
        import cvxpy as cp

        if self.kind == "entrywise":
            # cvxpy's matrix norms are operator norms: norm(W, "inf") is a row sum.
            return cp.pnorm(cp.vec(w, order="F"), cast(Any, self.p))
        self._matrix(w)
        if self.p == 1:
            return cp.normNuc(w)
        if self.p == math.inf:
            return cp.sigma_max(w)
        return _schatten_expression(w, self.p)

    def _matrix(self, w: Any) -> Any:
        if len(w.shape) != 2:
            raise InputError(
                f"The {self.name} norm needs a matrix but was given an array with {len(w.shape)} axes: "
                "pass a matrix, or use an entry-wise norm."
            )
        return w

    def _spectrum(self, xp: Any, w: Array, inline: bool) -> Array:
        """The numbers whose p-norm is the norm: the entries, or the singular values."""
        if self.kind == "entrywise":
            return w
        scale = _scale(xp, xp.abs(self._matrix(w)))
        if inline and min(w.shape) <= LARGEST_SIDE:
            return scale * small_singular_values(xp, w / scale)
        return scale * xp.linalg.svd(w / scale, full_matrices=False, compute_uv=False)


def norm(spec: str | Norm) -> Norm:
    """The norm that `spec` names: `l1`, `l2`, `linf`, `l<p>`, `max`, `sum`, `frobenius`, `nuclear`,
    `spectral`, `schatten<p>`, or a `Norm` itself.

    Raises `InputError` for an unknown name (with the known forms) and for p < 1.
    """
    if isinstance(spec, Norm):
        return spec
    if isinstance(spec, str):
        if spec in _ALIASES:
            return Norm(*_ALIASES[spec])  # pyright: ignore[reportArgumentType]  # the table holds both literals
        if match := _PATTERN.fullmatch(spec):
            return Norm("entrywise" if match[1] == "l" else "schatten", float(match[2]))
    raise InputError(f"Unknown norm {spec!r}: use {_KNOWN}.")


def _conjugate(p: float) -> float:
    if p == 1:
        return math.inf
    return 1.0 if p == math.inf else p / (p - 1)


def floating(w: Array) -> tuple[Any, Array]:
    """The namespace of `w`, and `w` as a floating point array."""
    if not hasattr(w, "__array_namespace__"):
        raise InputError(f"A norm needs an array but was given a {type(w).__name__}: convert it with numpy.asarray.")
    xp = w.__array_namespace__()
    return xp, w if xp.isdtype(w.dtype, "real floating") else xp.astype(w, float)


def _scale(xp: Any, magnitude: Array) -> Array:
    """The largest magnitude, or 1 where that is zero or not finite, so that dividing by it is harmless."""
    top = xp.max(magnitude, initial=0.0)
    return xp.where((top > 0) & xp.isfinite(top), top, xp.ones_like(top))


def _power_norm(xp: Any, w: Array, p: float) -> Array:
    magnitude = xp.abs(w)
    if p == math.inf:
        return xp.max(magnitude, initial=0.0)
    if p == 1:
        return xp.sum(magnitude)
    scale = _scale(xp, magnitude)
    ratio = magnitude / scale
    if p == 2:
        return scale * xp.sqrt(xp.sum(ratio * ratio))
    return scale * xp.sum(ratio**p) ** (1 / p)


def _power_direction(xp: Any, g: Array, p: float) -> Array:
    if p == math.inf:
        return xp.sign(g)
    magnitude = xp.abs(g)
    if p == 1:
        first = xp.reshape(xp.arange(g.size) == xp.argmax(magnitude), g.shape)
        return xp.where(first, xp.sign(g), xp.zeros_like(g))
    ratio = magnitude / _scale(xp, magnitude)
    q = _conjugate(p)
    total = xp.sum(ratio**q)
    # total >= 1 unless g is zero, and then the numerator is zero as well.
    return xp.sign(g) * ratio ** (q - 1) / xp.where(total > 0, total, xp.ones_like(total)) ** (1 / p)


def _schatten_expression(w: cp.Expression, p: float) -> cp.Expression:
    """Least `pnorm(s, p)` over ordered `s >= 0` that dominate the singular values in every partial sum.

    By Ky Fan's theorem such an `s` weakly majorises the singular values, and p-norms respect that order.
    """
    import cvxpy as cp
    from cvxpy.transforms.partial_optimize import partial_optimize

    rows, cols = w.shape
    rank = min(rows, cols)
    bound = cp.Variable(rank, nonneg=True)
    # The dilation's eigenvalues are the singular values, their negatives and zeros.
    dilation = cp.bmat([[np.zeros((rows, rows)), w], [w.T, np.zeros((cols, cols))]])
    dominated = [cp.lambda_sum_largest(dilation, j) <= cp.sum(bound[:j]) for j in range(1, rank)]
    ordered = [bound[:-1] >= bound[1:]] if rank > 1 else []
    constraints: list[cp.Constraint] = [*ordered, *dominated, cp.normNuc(w) <= cp.sum(bound)]
    return partial_optimize(
        cp.Problem(cp.Minimize(cp.pnorm(bound, cast(Any, p))), constraints),
        opt_vars=[bound],
        dont_opt_vars=w.variables(),
    )


NORMS: tuple[Norm, ...] = tuple(
    map(norm, ("l1", "l1.5", "l2", "l3", "linf", "nuclear", "schatten1.5", "schatten3", "spectral"))
)
