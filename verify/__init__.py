"""Check published theorems on the implicit bias of optimizers, and try hard to refute them.

The names below are loaded when first used, so that the engine runs where only jax and optax are installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify import laws, optimizers, strategies
    from verify.claims import Bound, Claim, Limit, Rate, Twin
    from verify.datasets import Dataset
    from verify.flow import flow
    from verify.identification import drawn, identify
    from verify.realdata import load
    from verify.trajectory import run
    from verify.verdicts import Outcome, Verdict, check

__version__ = "0.1.0"

_HOMES = {
    "Bound": "verify.claims",
    "Claim": "verify.claims",
    "Limit": "verify.claims",
    "Rate": "verify.claims",
    "Twin": "verify.claims",
    "Dataset": "verify.datasets",
    "load": "verify.realdata",
    "run": "verify.trajectory",
    "flow": "verify.flow",
    "identify": "verify.identification",
    "drawn": "verify.identification",
    "check": "verify.verdicts",
    "Outcome": "verify.verdicts",
    "Verdict": "verify.verdicts",
}
_MODULES = ("laws", "optimizers", "strategies")

__all__ = [
    "Bound",
    "Claim",
    "Dataset",
    "Limit",
    "Outcome",
    "Rate",
    "Twin",
    "Verdict",
    "check",
    "drawn",
    "flow",
    "identify",
    "laws",
    "load",
    "optimizers",
    "run",
    "strategies",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"verify.{name}")
    raise AttributeError(f"module 'verify' has no attribute {name!r}")
