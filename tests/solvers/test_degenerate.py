"""References of data with many tied margins, which the least squares routine does not always solve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers import NonSeparableError, hard_margin, max_margin, norm
from tests.solvers.data import classes, degenerate
from tests.solvers.test_references import check

L2 = norm("l2")
CORNERS = [[1, 1], [-1, 1], [1, -1], [-1, -1]]
# Each corner once more, lifted into a feature of its own: all these support vectors have multiplier 0.
LIFTED = np.vstack([np.hstack([CORNERS, np.zeros((4, 4))]), np.hstack([CORNERS, np.eye(4)])])


@pytest.fixture
def broken_least_squares(monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("Maximum number of iterations reached.")

    monkeypatch.setattr("scipy.optimize.nnls", fail)


@pytest.mark.parametrize("scale", [1, 3, 9, 27, 81])
@pytest.mark.parametrize(("x", "y"), [(CORNERS, [0, 1, 2, 3]), (LIFTED, [0, 1, 2, 3] * 2)], ids=["corners", "lifted"])
def test_the_corners_of_a_square(x, y, scale):
    # W_c = corner c / sqrt(8) has the margin <W_c - W_b, x_c> = 2 / sqrt(8) at neighbours b; the four of them prove it.
    x = scale * np.array(x, dtype=float)
    reference = max_margin(x, y)
    check(reference, x, np.array(y), L2)
    assert reference.lower <= scale / np.sqrt(2) * (1 + 1e-15)
    assert reference.upper >= scale / np.sqrt(2) * (1 - 1e-15)


@settings(max_examples=400)
@given(seed=st.integers(0, 2**20), power=st.integers(-20, 20))
def test_the_width_does_not_depend_on_the_scale(seed, power):
    x, y = degenerate(seed)
    plain, scaled = (max_margin(scale * x, y, classes=classes(y)) for scale in (1.0, 3.0**power))
    assert plain.certified
    assert scaled.certified
    assert scaled.width == pytest.approx(plain.width, abs=1e-11)
    # Both brackets hold the same number, up to the rounding of the scaled features.
    assert scaled.lower <= plain.upper * 3.0**power * (1 + 1e-14)
    assert plain.lower * 3.0**power <= scaled.upper * (1 + 1e-14)


@pytest.mark.usefixtures("broken_least_squares")
def test_the_cone_programme_alone_certifies_degenerate_data():
    solvers = set()
    for seed in range(60):
        x, y = degenerate(seed)
        reference = max_margin(x, y, classes=classes(y))
        check(reference, x, y, L2)
        solvers.add(reference.solver)
    assert "clarabel" in solvers


@pytest.mark.usefixtures("broken_least_squares")
def test_the_cone_programme_alone_shows_that_data_are_not_separable():
    rng = np.random.default_rng(0)
    for k in (0, 2, 3, 4):
        # One point with two labels, among others.
        x = rng.integers(-2, 3, (8, 3)).astype(float)
        y = np.arange(8) % k if k else np.where(np.arange(8) % 2, 1, -1)
        x[1] = x[0]
        with pytest.raises(NonSeparableError, match="have the same features and different labels"):
            max_margin(x, y, classes=k)


@pytest.mark.usefixtures("broken_least_squares")
def test_the_cone_programme_alone_gives_a_consistent_hard_margin():
    binary = [(x, y) for x, y in map(degenerate, range(60)) if y.min() == -1]
    assert len(binary) > 5
    for x, y in binary:
        w, alpha = hard_margin(x, y)
        np.testing.assert_allclose(w, (alpha * y) @ x, rtol=0, atol=1e-9 * np.abs(w).max())
        np.testing.assert_allclose((y * (x @ w))[alpha > 0], 1, atol=1e-9)
