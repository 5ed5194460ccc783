"""Norms by row and by column: against the definitions, their duals, and the check that any own norm passes."""

import numpy as np
import pytest

from solvers import max_margin
from solvers.errors import InputError
from solvers.grouped import grouped
from solvers.own_norm import check_own_norm

NORMS = [(by, outer) for by in ("row", "column") for outer in ("max", "sum")]


@pytest.mark.parametrize(("by", "outer"), NORMS)
def test_its_parts_are_those_of_one_norm(by, outer):
    check_own_norm(grouped(by, outer), (3, 4))
    sizes = np.linalg.norm(np.arange(12.0).reshape(3, 4), axis=1 if by == "row" else 0)
    wanted = sizes.max() if outer == "max" else sizes.sum()
    assert grouped(by, outer).value(np.arange(12.0).reshape(3, 4)) == pytest.approx(wanted)


def test_the_same_norm_each_time():
    assert grouped("row", "max") is grouped("row", "max")
    assert grouped("row", "max").name == "row-max"


def test_a_vector_is_one_row():
    w = np.array([3.0, 4.0])
    assert grouped("row", "max").value(w) == grouped("row", "sum").value(w) == 5.0
    np.testing.assert_allclose(grouped("row", "max").direction(w), [0.6, 0.8])


def test_sizes_neither_overflow_nor_underflow():
    for scale in (1e200, 1e-200):
        assert grouped("row", "sum").value(scale * np.eye(2)) == pytest.approx(2 * scale)


def test_a_margin_in_it_is_certified():
    """Three unit vectors, a class each: by symmetry the rows of the best weights are those of one-against-the-rest."""
    found = max_margin(np.eye(3), np.arange(3), grouped("row", "max"))
    assert found.certified
    best = np.eye(3) - (1 - np.eye(3)) / 2
    assert found.lower == pytest.approx(1.5 / np.linalg.norm(best[0]), rel=1e-6)


def test_bad_input_is_one_sentence(untyped_caller):
    with pytest.raises(InputError, match="There is no norm by 'diagonal' and 'max'"):
        grouped("diagonal", "max")  # type: ignore[arg-type] - the wrong word is what is tried
