"""Wide flows in the span of their points against the same flows in all features, and a closed form."""

import math

import numpy as np

from solvers import norm
from verify.datasets.dataset import Dataset
from verify.flows.flow import carry_on, flow
from verify.flows.row_space import row_space
from verify.flows.solver import Path, Start

WIDE = 40
FEW = 8  # features: the flow in all of them is then cheap, and its program that of the narrow one


def wide(d):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4, d)) / math.sqrt(d)
    return Dataset(x, np.array([1, -1, 1, 1]))


def test_a_wide_flow_is_that_of_all_features(monkeypatch):
    norms = ("l2", "linf", "l1")
    full = flow(wide(FEW), log_time=100.0, norms=norms)
    monkeypatch.setattr("verify.flows.row_space._WIDE", FEW - 1)
    assert row_space(wide(FEW)) is not None
    narrow = flow(wide(FEW), log_time=100.0, norms=norms)
    assert narrow.weights[0].shape == full.weights[0].shape
    np.testing.assert_allclose(narrow.weights[0], full.weights[0], rtol=0, atol=1e-6 * np.abs(full.weights[0]).max())
    np.testing.assert_allclose(narrow.margin, full.margin, rtol=1e-6)
    for name in norms:
        np.testing.assert_allclose(narrow.norms[name], full.norms[name], rtol=1e-6)


def test_a_single_wide_point_has_a_closed_form_and_what_is_orthogonal_to_it_stays():
    # dw/dt = e^-<w, x> x, so that e^<w, x> grows by ||x||^2 a unit of time.
    x = np.linspace(-1, 2, WIDE)[None]
    still = np.zeros(WIDE)
    still[:2] = x[0, 1], -x[0, 0]
    start = still + 0.3 * x[0] / np.sum(x * x)
    times, (weights,) = carry_on([Dataset(x, np.array([1]))], [start], start=1.0, log_time=50.0, loss="exponential")
    exact = np.log(math.exp(0.3) + np.sum(x * x) * (np.exp(times) - math.e))
    np.testing.assert_allclose(weights @ x[0], exact, rtol=1e-6)
    moved = weights - np.outer(weights @ x[0], x[0]) / np.sum(x * x)
    np.testing.assert_allclose(moved, np.tile(still, (len(times), 1)), rtol=0, atol=1e-12)


def test_the_rows_of_a_matrix_enter_the_span_and_leave_it():
    x, w = wide(WIDE).x, np.random.default_rng(6).normal(size=(3, WIDE))
    span = row_space(Dataset(x, np.array([0, 1, 2, 1])))
    assert span is not None
    start = Start(w)
    inside = span.enter(start).weights
    np.testing.assert_allclose(span.narrow.x @ inside.T, x @ w.T, atol=1e-14)
    none = np.zeros(0)
    path = Path(np.stack([inside, 2 * inside]), none, none, none, none, 1, 1e-8)
    left = span.leave(path, start, (norm("spectral"),))
    np.testing.assert_allclose(left.weights[0], w, atol=1e-14)
    np.testing.assert_allclose(left.weights[1] @ x.T, 2 * w @ x.T, atol=1e-14)
    np.testing.assert_allclose(left.norms[:, 0], [np.linalg.norm(v, 2) for v in left.weights])


def test_only_wide_data_are_narrowed():
    data = wide(WIDE)
    span = row_space(data)
    assert span is not None
    np.testing.assert_allclose(span.narrow.x @ span.axes.T, data.x, atol=1e-15)
    np.testing.assert_allclose(span.axes.T @ span.axes, np.eye(4), atol=1e-14)
    assert row_space(Dataset(data.x[:, :30], data.y)) is None
    assert row_space(Dataset(np.tile(data.x, (20, 1)), np.tile(data.y, 20))) is None
