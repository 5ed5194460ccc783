"""Norms, and the reference problems of the theory with their certificates.

The names below are loaded when first used, so that what asks for an error or a norm does not wait for the solvers.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvers.certificates import Reference
    from solvers.errors import BracketError, InputError, NonSeparableError, UndecidedError
    from solvers.kkt import KKTResidual, kkt_gap, kkt_residual
    from solvers.layered import Layered
    from solvers.norms import NORMS, Norm, norm
    from solvers.own_norm import OwnNorm
    from solvers.references import hard_margin, margins, max_margin, max_margins, normalised_margin

_HOMES = {
    "BracketError": "errors",
    "InputError": "errors",
    "KKTResidual": "kkt",
    "Layered": "layered",
    "NORMS": "norms",
    "NonSeparableError": "errors",
    "Norm": "norms",
    "OwnNorm": "own_norm",
    "Reference": "certificates",
    "UndecidedError": "errors",
    "hard_margin": "references",
    "kkt_gap": "kkt",
    "kkt_residual": "kkt",
    "margins": "references",
    "max_margin": "references",
    "max_margins": "references",
    "norm": "norms",
    "normalised_margin": "references",
}

__all__ = [
    "NORMS",
    "BracketError",
    "InputError",
    "KKTResidual",
    "Layered",
    "NonSeparableError",
    "Norm",
    "OwnNorm",
    "Reference",
    "UndecidedError",
    "hard_margin",
    "kkt_gap",
    "kkt_residual",
    "margins",
    "max_margin",
    "max_margins",
    "norm",
    "normalised_margin",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'solvers' has no attribute {name!r}")
    return getattr(importlib.import_module(f"solvers.{_HOMES[name]}"), name)
