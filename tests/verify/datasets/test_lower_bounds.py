"""The families of published lower bounds: separable, with the margins that the papers state."""

import numpy as np
import pytest

import solvers
from verify.datasets.lower_bounds import lower_bounds, one_against_many, one_and_copies, opposite_signs, two_halves


@pytest.mark.parametrize("dataset", list(lower_bounds()), ids=lambda dataset: f"{dataset.name}-{dataset.n}")
def test_each_is_separable(dataset):
    assert solvers.max_margin(dataset.x, dataset.y, "l2").lower > 0


@pytest.mark.parametrize("gamma", [0.05, 0.2])
def test_margins_and_radii_are_as_stated(gamma):
    for dataset in (one_against_many(gamma, 6), two_halves(gamma, 0.5)):
        assert np.linalg.norm(dataset.x, axis=1).max() <= 1 + 1e-12
        assert solvers.max_margin(dataset.x, dataset.y, "l2").lower >= gamma * (1 - 1e-9)


def test_the_margin_of_one_and_copies_is_that_of_the_one():
    found = solvers.max_margin(one_and_copies(10).x, np.ones(10, int), "l2")
    assert found.lower == pytest.approx(0.1)
    assert found.support.tolist() == [True] + [False] * 9


def test_opposite_signs_cancel_in_signs_only():
    x = opposite_signs(2.0).x
    assert np.sign(x).sum(axis=0).tolist() == [0, 0]
    assert x.sum(axis=0).tolist() == [1, 1]


def test_columns_are_added():
    assert {dataset.d for dataset in lower_bounds(features=4)} == {4}
