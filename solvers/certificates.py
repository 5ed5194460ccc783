"""Certified brackets of the maximal margin: rigorous bounds from any weights and any multipliers.

For weights `w`, `min <q, w> / ||w||` bounds the maximal margin from below; for multipliers on the simplex,
`|| sum lambda q ||_*` bounds it from above, since `min_i <q_i, w> <= <sum lambda q, w>`. Neither trusts the
solver that made them. Rounding errors are bounded by the standard model of floating point arithmetic,
`|fl(<a, b>) - <a, b>| <= (n + 1) eps <|a|, |b|>` (Higham, Accuracy and Stability of Numerical Algorithms,
2002, chapter 3), and the bounds are moved outwards by them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool
from numpy.typing import ArrayLike

from solvers import display
from solvers.errors import BracketError
from solvers.norms import Norm
from solvers.problems import Problem, Table, Weights, pose

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Support = Bool[np.ndarray, "*table"]

_EPS = float(np.finfo(np.float64).eps)
_EPS_LONG = float(np.finfo(np.longdouble).eps)
# Operations beyond the inner products themselves: subtraction of scores, scaling, powers, the final division.
_EXTRA = 16
_CHUNK = 4096  # points whose magnitudes are held at once
_RECHECKED = 1e-9  # relative: far above the rounding of a plain evaluation, far below what a fault would change


@dataclass(frozen=True, eq=False)
class Reference:
    """The maximal normalised margin as a certified bracket, with a maximiser and multipliers as proof.

    norm: of the weights. lower: normalised margin of `weights`, rounded down; never above the maximal margin. upper:
    dual norm of the combination of data vectors by `multipliers`, rounded up; never below it. weights: a maximiser of
    unit norm, `[d]` or `[k d]`. multipliers: non-negative with sum 1, `[n]` or `[n k]` (0 at the true class). support:
    the data vectors whose margin is the minimum within the tolerance, shaped like `multipliers`. unique: True only if
    the maximiser was shown to be the only one, False only if another one was found. solver: who found the weights.
    status: what the solver said.
    """

    norm: Norm
    lower: float
    upper: float
    weights: Weights
    multipliers: Table
    support: Support
    unique: bool | None
    solver: str
    status: str

    @property
    def width(self) -> float:
        """The relative width of the bracket, `(upper - lower) / upper`."""
        return (self.upper - self.lower) / self.upper

    @property
    def certified(self) -> bool:
        """Whether the width is within the one promised for the norm."""
        return self.width <= promise(self.norm)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain data, the norm by name, and whether the bracket is as narrow as was promised.

        Arrays are lists; what numbers JSON has not are told in `solvers.display.plain`.
        """
        return display.plain_fields(self, norm=self.norm.name, width=self.width, certified=self.certified)

    def plot(self, ax: Axes | None = None, *, of: str = "weights") -> Axes:
        """Draw the maximiser's weights, a bar a feature, or the multipliers, a bar a point; give the axes.

        ax: where to draw; by default in a new figure. of: "weights" or "multipliers". Classes stand side by side.
        Raises `InputError` for anything else to plot.
        """
        return display.draw_reference(self, ax, of)

    def _repr_html_(self) -> str:
        told = {True: "the only one", False: "not the only one", None: "perhaps not the only one"}[self.unique]
        rows = [
            ("bracket", f"[{self.lower:.12g}, {self.upper:.12g}]"),
            ("relative width", f"{self.width:.1e}, {'as promised' if self.certified else 'wider than promised'}"),
            ("maximiser", f"of shape {self.weights.shape}, {told}"),
            ("support", f"{int(self.support.sum())} data vectors of {self.support.size}"),
            ("solver", f"{self.solver}: {self.status}"),
        ]
        return display.html(f"The maximal {self.norm.name} margin", rows=rows)


def promise(norm: Norm) -> float:
    """The promised relative width: 1e-9 for l1, l2 and linf, 1e-6 for every other norm."""
    return 1e-9 if norm.polyhedral or norm.p == 2 else 1e-6


def lower_bound(problem: Problem, norm: Norm, weights: Weights) -> float:
    """A rigorous lower bound, in units of `problem.x`, from any non-zero weights."""
    scale = _reach(problem, weights) * (2 if problem.classes else 1)
    size = float(norm.value(weights))
    terms = problem.x.shape[1] + _EXTRA
    scores = problem.scores(weights)
    margin, slack = float(scores.min()), terms * _EPS * scale
    if slack > promise(norm) / 16 * abs(margin):
        # Where long double is double this changes nothing, and the bracket stays as wide as it honestly is. Points
        # that are further than rounding from the least margin cannot have it.
        near = np.flatnonzero((scores <= margin + 2 * slack).reshape(len(scores), -1).any(axis=1))
        margin = float(problem.part(near).scores(weights, np.longdouble).min())
        slack = terms * _EPS_LONG * scale + _EPS * abs(margin)
    # The norm errs either way: what lowers a positive quotient raises a negative one.
    lower = (margin - slack) / size
    return lower - (_norm_error(weights.shape) + 4 * _EPS) * abs(lower)


def _reach(problem: Problem, weights: Weights) -> float:
    """The largest `sum_j |x_ij| |w_j|`, which bounds the rounding errors of the margins."""
    x, size = problem.x, np.abs(weights).T
    return max(float((np.abs(x[at : at + _CHUNK]) @ size).max()) for at in range(0, len(x), _CHUNK))


def upper_bound(problem: Problem, norm: Norm, multipliers: Table) -> float:
    """A rigorous upper bound, in units of `problem.x`, from any non-negative, non-zero multipliers."""
    used = np.flatnonzero(multipliers if not problem.classes else multipliers.any(axis=1))
    part = problem.part(used)
    kept = multipliers[used]
    spread = _spread(norm, part.magnitude(kept))
    terms = kept.size + _EXTRA
    total = math.fsum(kept.ravel().tolist()) * (1 - 2 * _EPS)
    value, slack = float(norm.dual_value(part.combine(kept))), terms * _EPS * spread
    if slack > promise(norm) / 16 * value:
        combined = part.combine(kept, np.longdouble).astype(np.float64)
        value, slack = float(norm.dual_value(combined)), terms * _EPS_LONG * spread
    return (value * (1 + _norm_error(problem.shape)) + slack) / total * (1 + 4 * _EPS)


def _spread(norm: Norm, magnitude: Weights) -> float:
    """A bound on the dual norm of whatever has entries of these sizes at most."""
    if norm.kind != "own":
        return float(norm.dual_value(magnitude))
    # An own norm may grow when an entry shrinks: the sum over single entries is a bound in any case.
    units = np.eye(magnitude.size).reshape(-1, *magnitude.shape)
    return float(magnitude.ravel() @ [float(norm.dual_value(unit)) for unit in units])


def _norm_error(shape: tuple[int, ...]) -> float:
    """A bound on the relative rounding error of a norm's value, its singular values included."""
    return (math.prod(shape) + 10 * max(shape) + _EXTRA) * _EPS


def support(problem: Problem, norm: Norm, weights: Weights) -> Support:
    """The data vectors whose margin exceeds the least one by no more than the tolerance.

    The tolerance is 10 times the promised width, relative to the least margin, and no less than the rounding.
    """
    scores = problem.scores(weights)
    least = float(scores.min())
    rounding = 16 * _EPS * _reach(problem, weights)
    return scores <= least + max(10 * promise(norm) * abs(least), rounding)


def recheck(reference: Reference, x: ArrayLike, y: ArrayLike, classes: int | None = None, *, label: str = "") -> None:
    """Hold a reference of the data `x [n d]`, `y [n]` against its own weights and multipliers, by the definitions.

    classes: as for `solvers.max_margin`. label: what the message begins with, "Dataset 3: " say.

    Raises `BracketError` where they prove another bracket.
    """
    problem, norm = pose(x, y, classes=classes), reference.norm
    w, multipliers = reference.weights, reference.multipliers
    reach = _reach(problem, w) * (2 if problem.classes else 1)
    size, total = float(norm.value(w)), float(multipliers.sum())
    proven = float(problem.scores(w).min()) / size, float(norm.dual_value(problem.combine(multipliers))) / total
    said = math.ldexp(reference.lower, -problem.exponent), math.ldexp(reference.upper, -problem.exponent)
    spread = _spread(norm, problem.magnitude(multipliers))
    terms = multipliers.size + problem.x.shape[1] + _EXTRA
    rounding = terms * _EPS * reach / size, terms * _EPS * spread / total
    apart = (abs(a - b) > _RECHECKED * abs(b) + slack for a, b, slack in zip(said, proven, rounding, strict=True))
    if any(apart) or not np.isfinite([*said, *proven]).all():
        shown = [f"{math.ldexp(bound, problem.exponent):.12g}" for bound in (*said, *proven)]
        raise BracketError(
            f"{label}The maximal {norm.name} margin is said to lie in [{shown[0]}, {shown[1]}], but the weights and "
            f"multipliers beside it prove [{shown[2]}, {shown[3]}]: look for the fault in solvers, not in a theorem."
        )
