"""Exponents of what moves, where they are known."""

import numpy as np
import pytest

from tests.verify.discovery.dossiers import small
from verify.discovery import moving
from verify.discovery.moving import DEFICIT, REACH
from verify.problems.deficit import Curves


def test_a_made_up_exponent_is_found():
    values = (4.0, 8.0, 16.0)
    noise = np.random.default_rng(0).uniform(0.9, 1.1, (6, 1))
    found = moving._fitted("n", DEFICIT, values, noise * np.array(values) ** 1.5)
    assert found.exponent is not None
    assert found.exponent.value == pytest.approx(1.5)
    assert found.replicates == 6


def test_replicates_of_which_nothing_is_known_are_not_counted():
    known = np.array([[1.0, 2.0, np.nan], [np.nan, np.nan, 3.0], [np.nan, 2.0, 4.0]])
    found = moving._fitted("n", DEFICIT, (1, 2, 4), known)
    assert found.exponent is None
    assert found.replicates == 2
    assert found.medians == (1.0, 2.0, 3.5)


def test_the_reach_is_where_half_of_the_margin_is_had_for_good():
    path = np.array([[1.0, 2.0, 4.0, 8.0, 16.0]] * 3)
    gap = np.array([[1.0, 0.8, 0.2, 0.1, 0.1], [1.0, 0.2, 0.8, 0.2, 0.1], [1.0, 0.9, 0.9, 0.9, 0.8]])
    unknown = np.full(gap.shape, np.nan)
    c = Curves(np.log(path[0]), gap, np.ones(3), path, path, unknown, unknown, np.full(3, 1e-9), np.ones(3, bool))
    found = moving.reach(c)
    assert found[:2] == pytest.approx([2 * np.sqrt(2), 4 * np.sqrt(2)])
    assert np.isnan(found[2])


def test_a_larger_margin_is_reached_sooner():
    found = {(each.parameter, each.quantity): each for each in small().dependences}
    assert set(found) == {(name, quantity) for name in ("n", "gamma") for quantity in (REACH, DEFICIT)}
    exponent = found["gamma", REACH].exponent
    assert exponent is not None
    assert exponent.high < -0.5
