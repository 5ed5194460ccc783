"""Papers whose claims take a second or two come first, so that a first run soon shows a verdict."""

from __future__ import annotations

import pytest

_QUICK = ("barrett2021", "crawshaw2026", "chen2025")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them first, in the order in which they came."""
    items.sort(key=lambda item: item.path.parent.name not in _QUICK)
