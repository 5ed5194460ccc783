"""What is claimed, and when it counts: claims, their kinds, verdicts.

For trials, the command line and whoever states a theorem.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify.claims.claim import Bound, Claim, Limit, Order, Paper, Rate, Separation, Trend, Twin

__all__ = ["Bound", "Claim", "Limit", "Order", "Paper", "Rate", "Separation", "Trend", "Twin"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("verify.claims.claim"), name)
    raise AttributeError(f"module 'verify.claims' has no attribute {name!r}")
