"""Datasets whose maximal margin is what was asked for, whatever else moves."""

import numpy as np
import pytest

import solvers
from solvers.errors import InputError
from verify.discovery.held import LENGTH, Size, held


@pytest.mark.parametrize(
    ("norm", "matrix"), [("l1", False), ("l2", False), ("linf", False), ("linf", True), ("spectral", True)]
)
def test_the_maximal_margin_is_as_asked_for(norm, matrix):
    sizes = [Size(2, 3, 0.5), Size(8, 4, 0.5), Size(8, 4, 3.0), Size(16, 12, 1.0)]
    found = held(sizes, norm=norm, seed=1, matrix=matrix)
    assert [(s.n, s.d) for s in found] == [(size.n, size.d) for size in sizes]
    assert all(s.binary != matrix for s in found)
    references = solvers.max_margins([s.problem for s in found], norm)
    assert [r.upper for r in references] == pytest.approx([size.gamma for size in sizes], rel=1e-6)


def test_only_the_margin_moves_with_the_margin():
    small, large = held([Size(8, 4, 0.5), Size(8, 4, 3.0)], norm="l2", seed=0)
    moved = large.signed - small.signed
    assert np.abs(moved - moved[0]).max() < 1e-9
    assert np.linalg.norm(moved[0]) == pytest.approx(2.5)


def test_points_of_another_seed_are_others_of_the_same_size():
    first, second = (held([Size(4, 6, 1.0)], norm="l2", seed=seed)[0] for seed in (0, 1))
    assert np.abs(first.x - second.x).max() > 0.1
    assert np.linalg.norm(first.x, axis=1).max() < 2 * LENGTH


@pytest.mark.parametrize("size", [Size(1, 3, 1.0), Size(4, 0, 1.0), Size(4, 3, 0.0), Size(4, 3, float("nan"))])
def test_what_cannot_be_drawn_is_said(size):
    with pytest.raises(InputError, match="cannot be drawn: give two points or more"):
        held([size], norm="l2", seed=0)
