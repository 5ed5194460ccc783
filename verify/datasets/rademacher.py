"""Scaled Rademacher data: every point has one absolute value in all of its features."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from solvers.errors import InputError
from verify.datasets.dataset import Dataset
from verify.datasets.flavours import Draw

_SIZES = (1.0, 2.0, 0.5, 3.0)
_FEWEST = 4


def scaled_rademacher(*, max_points: int = 8, max_features: int = 8) -> st.SearchStrategy[Dataset]:
    """Binary datasets with `|x_i[j]| = a_i` for all j, separable by their first feature.

    They have four points and features at least: with fewer the maximal margins of most norms are in one direction.
    Raises `InputError` where fewer are allowed.
    """
    if min(max_points, max_features) < _FEWEST:
        raise InputError(
            f"{max_points} points of {max_features} features are too few: allow {_FEWEST} or more of each."
        )
    return _drawn(max_points, max_features)


@st.composite
def _drawn(draw: Draw, max_points: int, max_features: int) -> Dataset:
    n, d = draw(st.integers(_FEWEST, max_points)), draw(st.integers(_FEWEST, max_features))
    signs = draw(
        st.lists(st.lists(st.sampled_from((1.0, -1.0)), min_size=d - 1, max_size=d - 1), min_size=n, max_size=n)
    )
    sizes = draw(st.lists(st.sampled_from(_SIZES), min_size=n, max_size=n))
    y = np.array(draw(st.lists(st.sampled_from((1, -1)), min_size=n, max_size=n)))
    signed = np.array(sizes)[:, None] * np.column_stack([np.ones(n), np.array(signs).reshape(n, d - 1)])
    return Dataset(y[:, None] * signed, y, "scaled Rademacher")
