"""Datasets by which lower bounds were published, and a few on which methods are known to fail: what a hunt tries first.

All are binary, with all labels +1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from verify.datasets.dataset import Dataset


def _all_positive(rows: object, name: str) -> Dataset:
    x = np.array(rows, float)
    return Dataset(x, np.ones(len(x), int), name)


def one_against_many(gamma: float, n: int, low: float | None = None) -> Dataset:
    """`(γ, -low)` once and `(γ, √(1-γ²))` n - 1 times; low is γ in Crawshaw and Liu (2026), Lemma 3.1."""
    rows = [(gamma, -(gamma if low is None else low)), *[(gamma, np.sqrt(1 - gamma**2))] * (n - 1)]
    return _all_positive(rows, "one against many")


def two_halves(gamma: float, delta: float) -> Dataset:
    """`(γ, -δ)`, `(γ, √(1-γ²))`: Crawshaw and Liu (2026), Lemma 3.2; with δ = √(1-γ²)/2 Wu et al. (2024), Theorem 3."""
    return _all_positive([(gamma, -delta), (gamma, np.sqrt(1 - gamma**2))], "two halves")


def one_and_copies(n: int) -> Dataset:
    """`(0.1, 0)` once and `(0.2, 0.2)` n - 1 times: Ji and Telgarsky (2021), Theorem 10."""
    return _all_positive([(0.1, 0.0), *[(0.2, 0.2)] * (n - 1)], "one and copies")


def zero_multiplier(gamma: float, second: float) -> Dataset:
    """`(γ, 0)` and `(γ, γ₂)`, a support vector without multiplier: Wu et al. (2025), Theorem 5.3."""
    return _all_positive([(gamma, 0.0), (gamma, second)], "zero multiplier")


def opposite_signs(ratio: float) -> Dataset:
    """`(r, -1)` and `(-1, r)`, whose signs cancel."""
    return _all_positive([(ratio, -1.0), (-1.0, ratio)], "opposite signs")


def lower_bounds(*, features: int = 2) -> Iterator[Dataset]:
    """Members of all families, with columns of zeros up to that many features."""
    found = [
        *[one_against_many(gamma, n) for gamma in (0.02, 0.1) for n in (6, 16)],
        *[one_against_many(gamma, 5, np.sqrt(1 - gamma**2)) for gamma in (0.2, 0.6)],
        *[two_halves(gamma, share * np.sqrt(1 - gamma**2)) for gamma in (0.05, 0.3) for share in (0.1, 0.5)],
        one_and_copies(10),
        zero_multiplier(0.5, 0.25),
        opposite_signs(2.0),
    ]
    for each in found:
        wide = np.zeros((each.n, max(features, each.d)))
        wide[:, : each.d] = each.x
        yield Dataset(wide, each.y, each.name)
