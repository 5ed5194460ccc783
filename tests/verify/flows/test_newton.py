"""What stands in for Newton's method where there are many weights: the same flows, and which of them when."""

import numpy as np
import pytest

from verify.datasets import Dataset
from verify.flows import solver
from verify.flows.dynamics import AdaGrad
from verify.flows.flow import flow
from verify.flows.newton import root_finder


def test_one_jacobian_a_step_leads_to_the_same_weights(monkeypatch: pytest.MonkeyPatch):
    classes = Dataset([[2.1, 0.3, -0.5], [0.2, 1.7, 0.4], [-0.3, 0.6, 2.2], [1.8, -0.4, 0.1]], [0, 1, 2, 0])
    newton = flow(classes, log_time=1e3)
    monkeypatch.setattr(solver, "root_finder", lambda *shape, **how: "chord")
    chord = flow(classes, log_time=1e3)
    assert (chord.weights[0] != newton.weights[0]).any()
    largest = np.abs(newton.weights[0]).max()
    np.testing.assert_allclose(chord.weights[0], newton.weights[0], rtol=0, atol=1e-8 * largest)
    assert chord.solver_steps[0] == pytest.approx(newton.solver_steps[0], rel=0.1)
    assert chord.rtol == newton.rtol


def test_products_with_the_jacobian_lead_adagrad_to_the_same_weights_and_memory(monkeypatch: pytest.MonkeyPatch):
    """A flow of many weights and few points goes by them; here the Jacobian itself is at hand for comparison."""
    dataset, asked = Dataset([[4, 1, -1], [-1, 1, 1]], [1, 1]), []
    newton = flow(dataset, dynamics=AdaGrad(0.5), log_time=1e4)
    monkeypatch.setattr(solver, "root_finder", lambda *shape, **how: asked.append((shape, how)) or "krylov")
    products = flow(dataset, dynamics=AdaGrad(0.5), log_time=1e4)
    assert asked == [((16, (8,), True), {"large": False})] * 2  # to the hand-over, and from there
    largest = np.abs(newton.weights[0]).max()
    np.testing.assert_allclose(products.weights[0], newton.weights[0], rtol=0, atol=1e-8 * largest)
    np.testing.assert_allclose(products.conditioner[0], newton.conditioner[0], rtol=1e-8)
    assert products.rtol == newton.rtol


def test_which_method_stands_in_for_newtons():
    assert root_finder(64, (32,), False, large=False) == "newton"
    assert root_finder(1024, (112,), False, large=True) == "chord"
    assert root_finder(64, (7136,), False, large=True) == "krylov"
    assert root_finder(64, (7136,), True, large=True) == "krylov"
    assert root_finder(64, (3, 2000), False, large=True) == "krylov"
    assert root_finder(1024, (3, 1000), False, large=True) == "chord"
