"""Draw the cases of a claim, the same each time."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import providers

from solvers.errors import InputError
from verify.claims.claim import Claim
from verify.datasets.cases import Case
from verify.datasets.strategies import batches
from verify.seeds import derived_seed

_PRIVATE = ("_get_local_constants", "Constants", "CONSTANTS_CACHE")


@contextmanager
def seeded() -> Iterator[None]:
    """While it lasts, hypothesis draws without literals of imported modules.

    There is no setting for it, so names are used that any release of hypothesis may drop. Without them the same seed
    still draws the same cases, but among the same imported modules only: `drawn_alike` says which holds.
    """
    if not drawn_alike():
        yield
        return
    private: Any = providers
    kept = private._get_local_constants
    private._get_local_constants = private.Constants
    private.CONSTANTS_CACHE.cache.clear()
    try:
        yield
    finally:
        private._get_local_constants = kept
        private.CONSTANTS_CACHE.cache.clear()


def drawn_alike() -> bool:
    """Whether hypothesis has what `seeded` needs, so that draws do not depend on what else was imported."""
    return all(hasattr(providers, name) for name in _PRIVATE) and hasattr(providers.CONSTANTS_CACHE, "cache")


_BATCH = 32


def quiet(max_examples: int, phases: Sequence[Phase] = (Phase.generate, Phase.shrink)) -> settings:
    """Settings of hypothesis for draws that are the same each time, and take as long as they take."""
    return settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        phases=list(phases),
        # A batch of datasets is large on purpose; what is drawn is valid by construction, so nothing is filtered out.
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


def draw(claim: Claim, count: int, seed: int) -> list[Case]:
    """Draw `count` distinct cases from the claim's problem; the same seed gives the same ones."""
    found: dict[Hashable, Case] = {}
    strategy = batches(claim.problem(), min_size=_BATCH, max_size=_BATCH)

    for attempt in range(8):

        @hypothesis.seed(derived_seed(seed, claim.id, f"draw {attempt}"))
        @quiet(max(2, count // _BATCH + 1))
        @hypothesis.given(strategy)
        def collect(batch: list[Case]) -> None:
            for case in batch:
                found.setdefault(case.key, case)

        before = len(found)
        with seeded():
            collect()
        if len(found) >= count:
            return list(found.values())[:count]
        if len(found) == before:
            break
    raise InputError(
        f"The problem of {claim.id} yields only {len(found)} distinct cases, {count} are asked for: widen it."
    )
