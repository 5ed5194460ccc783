"""Wide flows in the span of their points against the same flows in all features, and a closed form."""

import math

import numpy as np
import pytest

from verify.datasets.dataset import Dataset
from verify.flows.flow import carry_on, flow
from verify.flows.row_space import row_space

WIDE = 40
FEW = 8  # features: the flow in all of them is then cheap, and its program that of the narrow one


def wide(d, classes=0):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4, d)) / math.sqrt(d)
    return Dataset(x, np.array([0, 1, 2, 1]) if classes else np.array([1, -1, 1, 1]))


@pytest.mark.parametrize("classes", [0, 3])
def test_a_wide_flow_is_that_of_all_features(classes, monkeypatch):
    norms = ("l2", "linf", "l1")
    full = flow(wide(FEW, classes), log_time=100.0, norms=norms)
    monkeypatch.setattr("verify.flows.row_space._WIDE", FEW - 1)
    assert row_space(wide(FEW, classes)) is not None
    narrow = flow(wide(FEW, classes), log_time=100.0, norms=norms)
    assert narrow.weights[0].shape == full.weights[0].shape
    np.testing.assert_allclose(narrow.weights[0], full.weights[0], rtol=0, atol=1e-6 * np.abs(full.weights[0]).max())
    np.testing.assert_allclose(narrow.margin, full.margin, rtol=1e-6)
    for norm in norms:
        np.testing.assert_allclose(narrow.norms[norm], full.norms[norm], rtol=1e-6)


def test_a_single_wide_point_has_a_closed_form_and_what_is_orthogonal_to_it_stays():
    # dw/dt = e^-<w, x> x, so that e^<w, x> grows by ||x||^2 a unit of time.
    x = np.linspace(-1, 2, WIDE)[None]
    still = np.zeros(WIDE)
    still[:2] = x[0, 1], -x[0, 0]
    start = still + 0.3 * x[0] / np.sum(x * x)
    times, (weights,) = carry_on([Dataset(x, [1])], [start], start=1.0, log_time=50.0, loss="exponential")
    exact = np.log(math.exp(0.3) + np.sum(x * x) * (np.exp(times) - math.e))
    np.testing.assert_allclose(weights @ x[0], exact, rtol=1e-6)
    np.testing.assert_allclose(
        weights - np.outer(weights @ x[0], x[0]) / np.sum(x * x), np.tile(still, (len(times), 1))
    )


def test_only_wide_data_are_narrowed():
    data = wide(WIDE)
    span = row_space(data)
    assert span is not None
    np.testing.assert_allclose(span.narrow.x @ span.axes.T, data.x, atol=1e-15)
    np.testing.assert_allclose(span.axes.T @ span.axes, np.eye(4), atol=1e-14)
    assert row_space(Dataset(data.x[:, :30], data.y)) is None
    assert row_space(Dataset(np.tile(data.x, (20, 1)), np.tile(data.y, 20))) is None
