"""Maximal margins over `||s * w|| <= 1` against a closed form, another solver, and the plain margins."""

import cvxpy as cp
import numpy as np
import pytest

from solvers import InputError, margins, max_margin, norm
from tests.solvers.data import binary, multiclass


def test_one_point_has_a_closed_form():
    """`max <q, w>` over `||s w||_2 <= 1` is `||q / s||_2`, at `w` proportional to `q / s^2`."""
    x, s = np.array([[3.0, 4.0, 0.0]]), np.array([0.5, 2.0, 7.0])
    reference = max_margin(x, [1], "l2", scale=s)
    assert reference.certified
    assert reference.lower <= np.linalg.norm(x[0] / s) <= reference.upper
    expected = x[0] / s**2
    np.testing.assert_allclose(reference.weights, expected / np.linalg.norm(s * expected), rtol=1e-9)
    # The wrong exponents of s, as a false twin.
    assert not reference.lower <= np.linalg.norm(x[0] * s) <= reference.upper


@pytest.mark.parametrize("name", ["l2", "linf", "l1", "l3"])
@pytest.mark.parametrize("problem", [binary(3, 8, 4), multiclass(4, 7, 3, 3)], ids=["binary", "classes"])
def test_against_cvxpy(name, problem):
    x, y = problem
    kind = norm(name)
    shape = (x.shape[1],) if y.min() < 0 else (y.max() + 1, x.shape[1])
    s = np.exp(np.random.default_rng(0).normal(size=shape))
    reference = max_margin(x, y, kind, scale=s)
    w, level = cp.Variable(shape), cp.Variable()
    if y.min() < 0:
        table = [cp.multiply(y, x @ w)]
    else:
        scores = x @ w.T
        table = [scores[i, y[i]] - scores[i, c] for i in range(len(y)) for c in range(len(s)) if c != y[i]]
    size = kind.expression(cp.multiply(s, w))
    cp.Problem(cp.Maximize(level), [*(level <= entry for entry in table), size <= 1]).solve(solver="CLARABEL")
    assert reference.certified
    assert float(level.value) == pytest.approx(reference.upper, rel=1e-6)
    own = margins(reference.weights, x, y)
    assert float(kind.value(s * reference.weights)) == pytest.approx(1, rel=1e-12)
    assert reference.lower <= own.min() * (1 + 1e-12)
    assert own.min() <= reference.upper * (1 + 1e-12)
    assert reference.multipliers.shape == reference.support.shape == own.shape
    assert np.isfinite(own[reference.support]).all()
    assert reference.support[own == own.min()].all()
    # The plain margin lies elsewhere: a scale that was ignored would be seen.
    assert not reference.lower <= max_margin(x, y, kind).upper <= reference.upper


def test_a_scale_of_ones_changes_nothing():
    x, y = multiclass(1, 9, 4, 3)
    plain, scaled = max_margin(x, y, "l2"), max_margin(x, y, "l2", scale=np.ones((3, 4)))
    assert plain.lower == pytest.approx(scaled.lower, rel=1e-9)
    np.testing.assert_allclose(scaled.weights, plain.weights, atol=1e-7)
    doubled = max_margin(x, y, "l2", scale=np.full((3, 4), 2.0))
    assert doubled.upper == pytest.approx(plain.upper / 2, rel=1e-9)


@pytest.mark.parametrize(
    ("kind", "scale", "sentence"),
    [
        ("l2", [1.0, 2.0], "weights' shape"),
        ("l2", np.zeros((3, 4)), "positive numbers"),
        ("l2", np.full((3, 4), np.inf), "positive numbers"),
        ("spectral", np.ones((3, 4)), "entry-wise"),
    ],
)
def test_bad_scales(kind, scale, sentence):
    x, y = multiclass(1, 9, 4, 3)
    with pytest.raises(InputError, match=sentence):
        max_margin(x, y, kind, scale=scale)
