"""Whether the maximiser of a margin is the only one."""

from __future__ import annotations

from solvers.norms import Norm
from solvers.problems import Problem, Table, Weights


def unique(problem: Problem, norm: Norm, weights: Weights, multipliers: Table) -> bool | None:
    """True if the maximiser was shown to be unique, False if another was found, None if neither.

    In a strictly convex norm the maximiser of a positive margin is unique.
    """
    return True if norm.strictly_convex else None
