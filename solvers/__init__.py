"""Norms, and the reference problems of the theory with their certificates."""

from solvers.errors import InputError, NonSeparableError
from solvers.norms import NORMS, Norm, norm

__all__ = ["NORMS", "InputError", "NonSeparableError", "Norm", "norm"]
