"""What proves that no weights separate the data, what rounding leaves open, and what is told of it."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers import NonSeparableError, UndecidedError, max_margin
from solvers.contradictions import _bounded, _exact, proven
from solvers.problems import pose
from tests.solvers.data import binary, multiclass


def shares(problem, values):
    return np.array(values, float).reshape(problem.table)


@pytest.mark.parametrize(
    ("x", "values", "expected"),
    [
        ([[1.0], [-1.0]], [0.5, 0.5], True),
        ([[1.0], [-3.0]], [0.75, 0.25], True),
        ([[1.0, 1.0], [-1.0, -1.0]], [0.5, 0.5], True),
        ([[1.0, 1e-30], [-1.0, 0.0]], [0.5, 0.5], False),
        ([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], [1 / 3, 1 / 3, 1 / 3], True),
        ([[1.0, 0.0], [0.0, 1.0], [-0.1, -0.1]], [0.1, 0.1, 0.8], True),
        ([[1.0, 2.0], [2.0, 4.0], [-3.0, -6.0]], [0.4, 0.1, 0.5], True),
        ([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], [0.3, 0.3, 0.4], False),
        ([[0.0, 0.0]], [1.0], True),
        ([[1.0, 0.0], [-1.0, 1e-300]], [0.5, 0.5], False),
    ],
)
def test_what_is_proven_by_hand(x, values, expected):
    problem = pose(x, np.ones(len(x), int))
    assert proven(problem, shares(problem, values)) is expected


def test_multipliers_that_are_wrong_in_a_few_digits_are_near_right_ones():
    problem = pose([[1.0, 0.0], [0.0, 1.0], [-0.3, -0.7]], [1, 1, 1])
    right = np.array([0.15, 0.35, 0.5])
    assert proven(problem, right * (1 + np.array([1e-6, -2e-6, 1e-6])))
    assert not proven(problem, np.array([0.5, 0.5, 0.0]))


@settings(max_examples=60)
@given(seed=st.integers(0, 2**20), d=st.integers(1, 6), k=st.sampled_from([0, 3]), power=st.integers(-40, 0))
def test_separable_data_are_never_said_to_be_none(seed, d, k, power):
    """However small the features are in which they differ."""
    rng = np.random.default_rng(seed)
    x, y = multiclass(seed, 12, d + 2, 3) if k else binary(seed, 12, d)
    hidden = np.hstack([rng.normal(size=(len(x), 3)), x * 10.0**power])
    if power > -10:
        assert max_margin(hidden, y).lower > 0
        return
    with contextlib.suppress(UndecidedError):
        assert max_margin(hidden, y).lower > 0


@settings(max_examples=60)
@given(seed=st.integers(0, 2**20), d=st.integers(1, 6), k=st.sampled_from([0, 3]), power=st.integers(-40, 0))
def test_overlapping_data_are_said_not_to_be_separable(seed, d, k, power):
    """In general position, with one feature on a scale of its own, where that is not too small to be seen."""
    rng = np.random.default_rng(seed)
    n = 12 * (d + 1)
    x = rng.normal(size=(n, d)) * np.append(np.ones(d - 1), 10.0**power)
    y = np.arange(n) % k if k else np.where(np.arange(n) % 2, 1, -1)
    with pytest.raises(NonSeparableError if power > -6 else (NonSeparableError, UndecidedError)) as raised:
        max_margin(x, y)
    if isinstance(raised.value, NonSeparableError):
        assert proven(pose(x, y), raised.value.certificate)


def test_both_ways_agree():
    """On as many data vectors as dimensions and one, where both can tell."""
    told = set()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(4, 3))
        multipliers = np.linalg.svd(rows.T)[2][-1]
        multipliers = np.abs(multipliers) / np.abs(multipliers).sum()
        found = _bounded(rows, multipliers), _exact(rows, multipliers)
        assert found[0] is found[1]
        told.add(found[0])
    assert told == {True, False}


@pytest.mark.parametrize("scale", [1e-30, 1e-70, 1e-200])
@pytest.mark.parametrize("name", ["l1", "l2", "linf"])
def test_points_that_differ_below_the_rounding_are_undecided(scale, name):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(20, 6)), rng.normal(size=3)
    y = np.where(x[:, 3:] @ w > 0, 1, -1)
    assert max_margin(x[:, 3:], y, name).lower > 0
    x[:, 3:] *= scale
    with pytest.raises(
        UndecidedError, match=r"undecided at working precision, since it is at most .*: bring the features"
    ):
        max_margin(x, y, name)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (
            [[1.0], [1.0]],
            [1, -1],
            "points 0 and 1 have the same features and different labels.*: drop one of them, or c",
        ),
        ([[0.0], [-0.0], [1.0]], [0, 1, 0], "points 0 and 1 have the same features"),
        ([[1.0, 2.0], [3.0, 1.0], [1.0, 2.0]], [0, 1, 1], "points 0 and 2 have the same features"),
        ([[0.0, 0.0], [1.0, 0.0]], [1, -1], "point 0 has no feature that is not 0: add an intercept column, which"),
        (
            [[1.0], [2.0]],
            [1, -1],
            "points 0, 1 combine to zero: add an intercept column, which separates them, or drop",
        ),
        (
            [[1.0], [2.0], [3.0]],
            [1, -1, 1],
            "no linear rule tells the labels apart, even with an intercept .see points 0, 1, 2.: give",
        ),
        ([[1.0], [2.0], [3.0]], [0, 1, 0], "no linear rule tells the labels apart"),
        ([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]], [1, -1, 1], "no linear rule tells the labels apart"),
        (
            [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [2.0, 9.0]],
            [0, 1, 0, 2],
            "tells classes 0 and 1 apart,.*: leave out one",
        ),
    ],
)
def test_the_remedy_helps(x, y, words):
    x, y = np.array(x), np.array(y)
    with pytest.raises(NonSeparableError, match=words) as raised:
        max_margin(x, y)
    error = raised.value
    assert str(error).endswith(f"since {error.why}: {error.remedy}.")
    assert proven(pose(x, y), error.certificate)
    wider = np.hstack([x, np.ones((len(x), 1))])
    if "add an intercept" in str(error):
        assert max_margin(wider, y).lower > 0
    else:
        with pytest.raises(NonSeparableError):
            max_margin(wider, y)
