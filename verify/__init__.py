"""Check published theorems on the implicit bias of optimizers, and try hard to refute them.

The names below are loaded when first used, so that the engine runs where only jax and optax are installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify import laws, optimizers, strategies
    from verify.cases import Setting
    from verify.claims import Bound, Claim, Limit, Order, Rate, Separation, Trend, Twin
    from verify.conjectures import conjecture
    from verify.datasets import Dataset
    from verify.evidence import Outcome, Verdict
    from verify.flows import flow
    from verify.identification import drawn, identify
    from verify.realdata import load
    from verify.trajectory import run
    from verify.verdicts import check

__version__ = "0.1.0"

_HOMES = {
    "Bound": "verify.claims",
    "Claim": "verify.claims",
    "Limit": "verify.claims",
    "Order": "verify.claims",
    "Rate": "verify.claims",
    "Separation": "verify.claims",
    "Setting": "verify.cases",
    "Trend": "verify.claims",
    "Twin": "verify.claims",
    "conjecture": "verify.conjectures",
    "Dataset": "verify.datasets",
    "load": "verify.realdata",
    "run": "verify.trajectory",
    "flow": "verify.flows",
    "identify": "verify.identification",
    "drawn": "verify.identification",
    "check": "verify.verdicts",
    "Outcome": "verify.evidence",
    "Verdict": "verify.evidence",
}
_MODULES = ("laws", "optimizers", "strategies")

__all__ = [
    "Bound",
    "Claim",
    "Dataset",
    "Limit",
    "Order",
    "Outcome",
    "Rate",
    "Separation",
    "Setting",
    "Trend",
    "Twin",
    "Verdict",
    "check",
    "conjecture",
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
