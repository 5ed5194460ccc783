"""Check published theorems on the implicit bias of optimizers, and try hard to refute them.

The names below are loaded when first used, so that the engine runs where only jax and optax are installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from verify import moved

if TYPE_CHECKING:
    from verify import laws, losses, optimizers
    from verify.claims.claim import Claim, Twin
    from verify.claims.conjectures import conjecture
    from verify.claims.judge import Verdict, check
    from verify.claims.kinds import Bound, Decay, Exists, HighProbability, Limit, Order, Rate, Separation, Tight, Trend
    from verify.claims.provenance import Promise, Read
    from verify.claims.verdict import Outcome
    from verify.datasets import strategies
    from verify.datasets.cases import Setting
    from verify.datasets.dataset import Dataset
    from verify.datasets.real import load
    from verify.discovery.attaining import attain, attained
    from verify.discovery.dependence import scaling
    from verify.discovery.sharpening import sharpen
    from verify.discovery.stating import sharper
    from verify.discovery.tightening import tighten
    from verify.flows import dynamics
    from verify.flows.flow import flow
    from verify.identification.drawn import drawn
    from verify.identification.identify import identify
    from verify.progress import progress_bar
    from verify.runs.simulation import run

__version__ = "0.2.0"

moved.install()

_HOMES = {
    "Bound": "verify.claims.kinds",
    "Claim": "verify.claims.claim",
    "Decay": "verify.claims.kinds",
    "Exists": "verify.claims.kinds",
    "HighProbability": "verify.claims.kinds",
    "Limit": "verify.claims.kinds",
    "Order": "verify.claims.kinds",
    "Promise": "verify.claims.provenance",
    "Rate": "verify.claims.kinds",
    "Read": "verify.claims.provenance",
    "Separation": "verify.claims.kinds",
    "Setting": "verify.datasets.cases",
    "Tight": "verify.claims.kinds",
    "Trend": "verify.claims.kinds",
    "Twin": "verify.claims.claim",
    "conjecture": "verify.claims.conjectures",
    "Dataset": "verify.datasets.dataset",
    "load": "verify.datasets.real",
    "progress_bar": "verify.progress",
    "attain": "verify.discovery.attaining",
    "attained": "verify.discovery.attaining",
    "scaling": "verify.discovery.dependence",
    "sharpen": "verify.discovery.sharpening",
    "sharper": "verify.discovery.stating",
    "tighten": "verify.discovery.tightening",
    "run": "verify.runs.simulation",
    "flow": "verify.flows.flow",
    "identify": "verify.identification.identify",
    "drawn": "verify.identification.drawn",
    "check": "verify.claims.judge",
    "Outcome": "verify.claims.verdict",
    "Verdict": "verify.claims.judge",
}
_MODULES = {
    "dynamics": "verify.flows.dynamics",
    "laws": "verify.laws",
    "losses": "verify.losses",
    "optimizers": "verify.optimizers",
    "strategies": "verify.datasets.strategies",
}

__all__ = [
    "Bound",
    "Claim",
    "Dataset",
    "Decay",
    "Exists",
    "HighProbability",
    "Limit",
    "Order",
    "Outcome",
    "Promise",
    "Rate",
    "Read",
    "Separation",
    "Setting",
    "Tight",
    "Trend",
    "Twin",
    "Verdict",
    "attain",
    "attained",
    "check",
    "conjecture",
    "drawn",
    "dynamics",
    "flow",
    "identify",
    "laws",
    "load",
    "losses",
    "optimizers",
    "progress_bar",
    "run",
    "scaling",
    "sharpen",
    "sharper",
    "strategies",
    "tighten",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    raise AttributeError(f"module 'verify' has no attribute {name!r}")
