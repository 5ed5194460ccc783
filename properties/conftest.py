"""Papers whose claims take a second or two come first, so that a first run soon shows a verdict; then those whose
claims take longest, so that no process is busy with one of them when all others are done."""

from __future__ import annotations

import pytest

_QUICK = ("barrett2021", "crawshaw2026", "chen2025")
_LONG = ("zou2023", "lyu2020")


def _turn(item: pytest.Item) -> int:
    paper = item.path.parent.name
    return 0 if paper in _QUICK else 1 if paper in _LONG else 2


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort them so, and else in the order in which they came."""
    items.sort(key=_turn)
