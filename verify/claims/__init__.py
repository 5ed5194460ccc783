"""What is claimed, and when it counts: claims, their kinds, verdicts.

For trials, the command line and whoever states a theorem.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify.claims.claim import Claim, Paper, Twin
    from verify.claims.kinds import (
        Bound,
        Decay,
        Exists,
        HighProbability,
        Kind,
        Limit,
        Order,
        Rate,
        Separation,
        Tight,
        Trend,
    )
    from verify.claims.provenance import Promise, Read

_HOMES = {"Claim": "claim", "Paper": "claim", "Twin": "claim", "Promise": "provenance", "Read": "provenance"}

__all__ = [
    "Bound",
    "Claim",
    "Decay",
    "Exists",
    "HighProbability",
    "Kind",
    "Limit",
    "Order",
    "Paper",
    "Promise",
    "Rate",
    "Read",
    "Separation",
    "Tight",
    "Trend",
    "Twin",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'verify.claims' has no attribute {name!r}")
    return getattr(importlib.import_module(f"verify.claims.{_HOMES.get(name, 'kinds')}"), name)
