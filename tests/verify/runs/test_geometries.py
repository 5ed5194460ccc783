"""Methods in the geometry of an l_q norm: against gradient descent where q is 2, and by hand."""

import numpy as np
import pytest

from solvers.errors import InputError
from verify.datasets import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins.descents import path
from verify.runs.descent import Constant, Descent, OverLoss
from verify.runs.geometries import InNorm, accelerated, dual_map, mirrored, steepest

DATA = [Dataset([[0.6, 0.8], [1.0, 0.0], [0.0, -0.5]], [1, 1, -1]), Dataset([[0.5, 0.0]], [1])]
LAB = Laboratory(DATA, steps=30)


@pytest.mark.parametrize("q", [1.1, 1.5, 2.0])
def test_the_dual_map_is_the_gradient_of_half_the_squared_dual_norm(q):
    p, v = q / (q - 1), np.array([[3.0, -1.0, 0.5], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
    size, found = np.linalg.norm(v, p, axis=1), dual_map(v, q)
    np.testing.assert_allclose(np.sum(v * found, axis=1), size**2)
    np.testing.assert_allclose(np.linalg.norm(found, q, axis=1), size)
    np.testing.assert_allclose(dual_map(1e-200 * v, q), 1e-200 * found)


@pytest.mark.parametrize("way", [steepest, mirrored])
def test_in_the_euclidean_norm_both_are_gradient_descent(way):
    for own, usual in (
        (InNorm(way, 2.0, 30, 0.7), Descent(OverLoss(0.7), 30, "exponential")),
        (InNorm(way, 2.0, 30, 0.7, over_loss=False), Descent(Constant(0.7), 30, "exponential")),
    ):
        one, other = path(own, LAB), path(usual, LAB)
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-12)
        np.testing.assert_allclose(one.log_steps, other.log_steps, atol=1e-12)
        np.testing.assert_array_equal(one.gamma, other.gamma)


def test_margins_are_those_of_its_own_norm():
    own = path(InNorm(steepest, 1.5, 30), LAB)
    assert own.exponent == 1.5
    np.testing.assert_allclose(own.gamma[:, 0], [r.lower for r in LAB.references("l1.5")])
    assert own.gamma[0, 0] < path(Descent(OverLoss(1.0), 30), LAB).gamma[0, 0]


def test_on_one_point_all_go_straight_to_the_maximal_margin():
    """Gradients are the point, (1, 2), whose image is (s, 4 s) for q = 3/2, p = 3, `s = 9^(-1/3)`."""
    lab = Laboratory([Dataset([[1.0, 2.0]], [1])], steps=4)
    image = np.array([1.0, 4.0]) * 9 ** (-1 / 3)
    for way, lengths in (
        (steepest, [0.5, 1.0, 1.5, 2.0]),
        (accelerated, [0.25, 0.75, 1.5, 2.5]),
        (mirrored, [1, 2, 3, 4]),
    ):
        own = path(InNorm(way, 1.5, 4, 1.0 if way is mirrored else None), lab)
        np.testing.assert_allclose(own.weights[0, 1:], np.outer(lengths, image))


def test_the_accelerated_method_follows_averages_of_gradients():
    """Written out for two steps on two points, in the Euclidean norm."""
    x = np.array([[1.0, 0.0], [0.0, 0.5]])
    softmax = lambda w: np.exp(-x @ w) / np.exp(-x @ w).sum()  # noqa: E731 - a formula, once
    first = softmax(np.zeros(2)) @ x
    w1 = 0.5 * first
    average = softmax(w1) @ x
    w2 = w1 + average / 3 + 2 * average / 3
    got = path(InNorm(accelerated, 2.0, 2), Laboratory([Dataset(x, [1, 1])], steps=2)).weights[0]
    np.testing.assert_allclose(got, [np.zeros(2), w1, w2])


def test_norms_and_steps_that_cannot_be_are_refused():
    for q in (1.0, 2.5):
        with pytest.raises(InputError, match=f"exponent of the norm is {q}"):
            InNorm(steepest, q)
    with pytest.raises(InputError, match="step size is -1"):
        InNorm(steepest, 1.5, eta=-1.0)
