"""Norms, and the reference problems of the theory with their certificates."""

from solvers.certificates import Reference
from solvers.errors import InputError, NonSeparableError, UndecidedError
from solvers.kkt import KKTResidual, kkt_residual
from solvers.max_margin import hard_margin, margins, max_margin, max_margins, normalised_margin
from solvers.norms import NORMS, Norm, norm
from solvers.own_norm import OwnNorm

__all__ = [
    "NORMS",
    "InputError",
    "KKTResidual",
    "NonSeparableError",
    "Norm",
    "OwnNorm",
    "Reference",
    "UndecidedError",
    "hard_margin",
    "kkt_residual",
    "margins",
    "max_margin",
    "max_margins",
    "norm",
    "normalised_margin",
]
