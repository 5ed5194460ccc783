"""What is claimed, and when it counts: claims, their kinds, verdicts.

For trials, the command line and whoever states a theorem.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify.claims.claim import Claim, Paper, Twin
    from verify.claims.kinds import Bound, Kind, Limit, Order, Rate, Separation, Trend

_HERE = ("Claim", "Paper", "Twin")

__all__ = ["Bound", "Claim", "Kind", "Limit", "Order", "Paper", "Rate", "Separation", "Trend", "Twin"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'verify.claims' has no attribute {name!r}")
    return getattr(importlib.import_module("verify.claims.claim" if name in _HERE else "verify.claims.kinds"), name)
