"""The brackets hold in exact arithmetic, and for any weights and multipliers whatever."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers import BracketError, max_margin, norm
from solvers.certificates import lower_bound, recheck, upper_bound
from solvers.problems import pose
from solvers.programs import Candidate, linear, vertices
from tests.solvers.data import binary, multiclass, thin


def exact_bounds(x, y, weights, multipliers):
    """Least margin of the weights, and combination of the data vectors, in rational arithmetic."""
    number = np.vectorize(Fraction, otypes=[object])
    x, w, lam = number(x), number(weights), number(multipliers)
    if lam.ndim == 1:
        return min(y * (x @ w)), (y * lam) @ x / sum(lam)
    n, k = lam.shape
    scores = x @ w.T
    gaps = [scores[i, y[i]] - scores[i, c] for i in range(n) for c in range(k) if c != y[i]]
    total = np.full(w.shape, Fraction(0))
    for i in range(n):
        for c in range(k):
            total[y[i]] = total[y[i]] + lam[i, c] * x[i]
            total[c] = total[c] - lam[i, c] * x[i]
    return min(gaps), total / lam.sum()


def inside(lower, upper, x, y, weights, multipliers, name):
    """Whether the bounds lie outwards of the exact ones; l2 norms are compared by their squares."""
    least, combined = exact_bounds(x, y, weights, multipliers)
    w = [abs(Fraction(float(v))) for v in weights.ravel()]
    g = [abs(v) for v in combined.ravel()]
    low, up = Fraction(lower), Fraction(upper)
    if name == "l2":
        # Both sides keep their sign when squared as v |v|.
        return low * abs(low) * sum(v * v for v in w) <= least * abs(least) and sum(v * v for v in g) <= up * up
    size, dual = (max(w), sum(g)) if name == "linf" else (sum(w), max(g))
    return low * size <= least and dual <= up


@pytest.mark.parametrize("name", ["l1", "l2", "linf"])
@pytest.mark.parametrize(
    "dataset",
    [binary(0, 6, 3), multiclass(1, 6, 3, 3), thin(2, 8, 4, 1e-6), thin(3, 8, 4, 1e-9)],
    ids=["binary", "multiclass", "thin", "thinner"],
)
def test_references_hold_in_exact_arithmetic(name, dataset):
    x, y = dataset
    r = max_margin(x, y, name)
    assert inside(r.lower, r.upper, x, y, r.weights, r.multipliers, name)


@pytest.mark.parametrize("name", ["l1", "l2", "linf"])
@given(seed=st.integers(0, 2**20), classes=st.sampled_from([0, 3]), decades=st.integers(0, 12))
def test_any_weights_and_multipliers_give_valid_bounds(name, seed, classes, decades):
    rng = np.random.default_rng(seed)
    x, y = multiclass(seed, 5, 3, 3) if classes else binary(seed, 5, 3)
    # Columns of different sizes make for cancellation.
    x = x * 10.0 ** (-decades * np.arange(3))
    problem = pose(x, y)
    weights = rng.normal(size=problem.shape)
    multipliers = problem.scatter(problem.constraints, rng.random(len(problem.constraints)))
    lower = lower_bound(problem, norm(name), weights)
    upper = upper_bound(problem, norm(name), multipliers)
    assert lower <= upper
    assert inside(lower, upper, problem.x, y, weights, multipliers, name)


@pytest.mark.parametrize("name", ["l1", "linf"])
def test_vertices_remove_the_errors_of_a_simplex_solution(name):
    x, y = binary(4, 12, 5)
    kind, rows = norm(name), y[:, None] * x
    problem = pose(x, y)
    (found,) = linear([rows], kind)
    rng = np.random.default_rng(0)
    noise = 1 + 1e-9 * rng.normal(size=5), 1 + 1e-9 * rng.normal(size=12)
    blurred = Candidate(found.weights * noise[0], found.multipliers * noise[1], "highs", "optimal")

    def width(candidate):
        upper = upper_bound(problem, kind, candidate.multipliers)
        return 1 - lower_bound(problem, kind, candidate.weights) / upper

    assert width(blurred) > 1e-10
    for candidate in vertices(rows, blurred, kind):
        assert width(candidate) < 1e-12


@pytest.mark.parametrize("name", ["l1", "l2", "linf", "spectral", "l1.5"])
def test_a_bracket_that_its_weights_and_multipliers_do_not_prove_is_named(name):
    classes = [[[4, 1], [-1, 1], [0, -2]], [0, 1, 2]]
    for x, y in ([[[3, -1], [1, 2]], [1, -1]], classes):
        if name == "spectral" and y[1] < 0:
            continue
        good = max_margin(x, y, name)
        recheck(good, x, y)
        recheck(max_margin(np.multiply(x, 1e-200), y, name), np.multiply(x, 1e-200), y)
        for wrong in ({"lower": 0.999 * good.lower}, {"upper": 1.001 * good.upper}, {"weights": good.weights[::-1]}):
            with pytest.raises(BracketError, match=f"Dataset 3: The maximal {name} margin is said to lie in"):
                recheck(replace(good, **wrong), x, y, label="Dataset 3: ")
