"""Papers whose claims take a second or two come first, so that a first run soon shows a verdict; then those whose
claims take longest, so that no process is busy with one of them when all others are done."""

from __future__ import annotations

import os
import time
from math import isfinite

import pytest

_QUICK = ("barrett2021", "crawshaw2026", "chen2025")
_LONG = ("zou2023", "lyu2020")


_UNTIL = float(os.environ.get("PROPERTIES_UNTIL", "inf"))
"""Seconds since 1970 after which no claim is begun, as `time.time` has them; what is left is reported as skipped."""


def _turn(item: pytest.Item) -> int:
    paper = item.path.parent.name
    return 0 if paper in _QUICK else 1 if paper in _LONG else 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort them so, and else in the order in which they came; where time is limited, from another one on each time."""
    if isfinite(_UNTIL) and items:
        first = int(_UNTIL) % len(items)
        items[:] = items[first:] + items[:first]
    items.sort(key=_turn)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin nothing after the time that is given, so that a slow machine ends in time and says what it left."""
    if time.time() > _UNTIL:  # never without PROPERTIES_UNTIL; continuous integration tries others the next time
        pytest.skip("not tried: the time given by PROPERTIES_UNTIL is over")
