"""KKT residuals: zero at certified maximal margins and in closed forms, in every norm; not zero anywhere else."""

import numpy as np
import pytest

from solvers import InputError, max_margin
from solvers import norm as norm_of
from solvers.kkt import kkt_residual, margin_bound, polish

X = np.array([[1.0, 0.5, -0.2], [0.3, 1.0, 0.4], [2.0, 1.1, 1.3]])
Y = np.ones(3, int)


def at(w: np.ndarray, norm: str = "l2", **changes):
    return kkt_residual(w, X, X @ w, 1, norm, **changes)


@pytest.mark.parametrize(
    ("norm", "tolerance"), [("l2", 1e-9), ("l1", 1e-6), ("linf", 1e-6), ("l1.5", 1e-3), ("l3", 1e-3)]
)
def test_zero_at_a_certified_maximal_margin(norm, tolerance):
    assert at(max_margin(X, Y, norm).weights, norm).total < tolerance


@pytest.mark.parametrize("norm", ["l1", "l1.5", "l2", "l3", "linf"])
def test_not_zero_elsewhere(norm):
    assert at(np.array([1.0, 2.0, 3.0]), norm).total > 0.1
    other = "linf" if norm in ("l1", "l1.5", "l2") else "l2"
    assert at(max_margin(X, Y, other).weights, norm).total > 0.01


def test_weights_of_the_norm():
    scale = np.array([1.0, 3.0, 0.5])
    w = max_margin(X, Y, "l2", scale=scale).weights
    assert at(w, scale=scale).total < 1e-9
    assert at(w).total > 0.1


@pytest.mark.parametrize("factor", [1e-3, 1e4])
def test_it_is_free_of_scale(factor):
    w = np.array([1.0, 0.2, 0.7])
    for norm in ("l2", "l3", "linf"):
        a, b = at(w, norm), at(factor * w, norm)
        assert b.total == pytest.approx(a.total, rel=1e-5)
        assert b.slackness == pytest.approx(a.slackness, rel=1e-3, abs=1e-6)


def test_the_multipliers_are_those_of_the_reference():
    reference = max_margin(X, Y)
    found = at(reference.weights)
    np.testing.assert_allclose(found.multipliers @ X, reference.weights / np.linalg.norm(reference.weights), atol=1e-9)
    assert found.cosine == pytest.approx(1)
    assert found.multipliers.min() >= 0


def _product(theta: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Margins and gradients of `f = a (w x)^2`, one neuron of one feature: degree 3."""
    w, a = theta
    return a * (w * x) ** 2, np.stack([2 * a * w * x**2, (w * x) ** 2], axis=1)


def test_one_quadratic_neuron_in_closed_form():
    """`min w^2 + a^2` subject to `a w^2 >= 1` has `w^2 = 2 a^2`; the second point's margin is four times that."""
    x = np.array([1.0, 2.0])
    theta = np.array([np.sqrt(2.0), 1.0])
    margins, gradients = _product(theta, x)
    found = kkt_residual(theta, gradients, margins, 3)
    assert found.total < 1e-12
    assert found.multipliers[1] == 0
    margins, gradients = _product(np.array([1.0, 1.0]), x)
    assert kkt_residual([1.0, 1.0], gradients, margins, 3).total == pytest.approx(1 / np.sqrt(10), rel=0.02)
    assert kkt_residual([1.0, 1.0], gradients[:1], margins[:1], 3).stationarity == pytest.approx(1 / np.sqrt(10))


def test_slackness_counts_multipliers_of_inactive_margins():
    """Weights along the second point alone are stationary with its multiplier, and not complementary."""
    x = np.array([[1.0, 0.0], [1.0, 1.0]])
    found = kkt_residual(x[1], x, x @ x[1], 1)
    assert found.total > 0.3
    assert kkt_residual(x[1], x[1:], (x @ x[1])[1:], 1).total < 1e-12


def test_polish_reaches_the_kkt_point_of_a_neuron():
    x = np.array([1.0, 2.0])
    found = polish([1.0, 0.5], lambda v: _product(v, x)[0], lambda v: _product(v, x)[1], 3)
    np.testing.assert_allclose(found, [2 ** (1 / 3) * 2 ** (-1 / 6), 2 ** (-1 / 3)], rtol=1e-6)
    weighted = polish([1.0, 0.5], lambda v: _product(v, x)[0], lambda v: _product(v, x)[1], 3, scale=[1.0, 2.0])
    assert weighted[0] ** 2 == pytest.approx(2 * (2 * weighted[1]) ** 2, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"theta": np.zeros(3)}, "zero"),
        ({"theta": [-1.0, -1.0, -1.0], "margins": [-1.0] * 3}, "separate"),
        ({"margins": [1.0]}, "shapes"),
        ({"margins": [np.nan] * 3}, "finite"),
        ({"norm": "spectral"}, "entry-wise"),
        ({"scale": [1.0, 0.0, 1.0]}, "scale"),
    ],
)
def test_bad_input_is_named(change, sentence):
    arguments = {"theta": [1.0, 0.2, 0.7], "gradients": X, "margins": X @ [1.0, 0.2, 0.7], "degree": 1, **change}
    with pytest.raises(InputError, match=sentence):
        kkt_residual(**arguments)


@pytest.mark.parametrize("name", ["l1", "l2", "linf", "l3"])
@pytest.mark.parametrize("size", [(3, 4), (40, 110)], ids=["a form that is kept", "a form of its own"])
def test_the_bound_of_a_margin_is_the_margin(name: str, size: tuple[int, int]):
    x = np.random.default_rng(0).normal(size=size)
    best = max_margin(x, np.ones(len(x), dtype=int), name)
    for factor in (1.0, 1e-3):
        assert margin_bound(factor * x, norm_of(name)) == pytest.approx(factor * best.lower, rel=1e-5)
