"""Draws that depend on the seed alone.

Hypothesis draws a twentieth of all numbers from the literals of the modules that happen to be imported. The same seed
would then draw other cases in a run of one claim than in a run of all, and after any edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis.internal.conjecture import providers


@contextmanager
def seeded() -> Iterator[None]:
    """While it lasts, hypothesis draws without literals of imported modules."""
    # There is no setting for it, as of hypothesis 6.170. A test tells if these names change.
    kept = providers._get_local_constants
    providers._get_local_constants = providers.Constants  # type: ignore[assignment]
    providers.CONSTANTS_CACHE.cache.clear()
    try:
        yield
    finally:
        providers._get_local_constants = kept
        providers.CONSTANTS_CACHE.cache.clear()
