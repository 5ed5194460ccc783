"""KKT residuals and gaps of models: closed forms, runs that come near, and what has none."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from solvers import InputError, Layered, kkt_gap, max_margin, normalised_margin
from tests.verify.samples import binary, classes
from verify import Dataset
from verify.losses import loss
from verify.models import Model, two_layer
from verify.runs.stationarity import (
    kkt_gap_of_model,
    kkt_of_model,
    log_gradients_of_model,
    margins_and_gradients,
)

ONE = Dataset([[1.0]], [1])
NEURON = two_layer(1)
LINEAR = Model("linear", lambda key, d, k: jnp.ones(d if k == 1 else (k, d)), lambda w, x: x @ w.T, 1)


def test_one_neuron_in_closed_form():
    """`a w^2 >= 1`: in l2 at `w^2 = 2 a^2`, in linf and the maximum of both layers' norms at `w = a`."""
    at = {"first": np.array([[np.sqrt(2.0)]]), "last": np.ones(1)}
    even = {"first": np.ones((1, 1)), "last": np.ones(1)}
    assert kkt_of_model(NEURON, at, ONE).total < 1e-9
    assert kkt_gap_of_model(NEURON, at, ONE) == pytest.approx(0, abs=1e-6)
    for norm in ("linf", Layered("spectral")):
        assert kkt_gap_of_model(NEURON, even, ONE, norm) == pytest.approx(0, abs=1e-6)
        assert kkt_gap_of_model(NEURON, at, ONE, norm) == pytest.approx(1 - 3 / (2 + np.sqrt(2.0)), abs=1e-6)


@pytest.mark.parametrize("data", [binary(5, 3), classes(6, 4, 3)], ids=["binary", "classes"])
def test_of_a_linear_model_the_gap_is_that_of_the_margin(data: Dataset):
    best = max_margin(data.x, data.y, "l2", classes=data.classes)
    w = best.weights + 0.1 * np.random.default_rng(0).normal(size=best.weights.shape)
    found = 1 - normalised_margin(w, data.x, data.y, "l2") / best.lower
    assert found > 1e-3
    assert kkt_gap_of_model(LINEAR, w, data) == pytest.approx(found, abs=1e-6)
    z, slopes = margins_and_gradients(LINEAR.at(data.d, data.classes or 1), w.reshape(1, -1), data)
    np.testing.assert_allclose(z[0], data.margin_vectors @ w.ravel())
    np.testing.assert_allclose(slopes[0], data.margin_vectors)
    assert kkt_gap(w.ravel(), slopes[0], z[0], 1) == pytest.approx(found, abs=1e-6)


def test_what_has_no_kkt_points_is_told():
    even = {"first": np.ones((1, 1)), "last": np.ones(1)}
    with pytest.raises(InputError, match="no degree of homogeneity, and its margins no KKT points"):
        kkt_of_model(replace(NEURON, degree=None), even, ONE)
    with pytest.raises(InputError, match="of weights that separate the data"):
        kkt_gap_of_model(NEURON, even | {"last": -np.ones(1)}, ONE)


def test_sizes_of_gradients_are_known_beyond_the_range_of_numbers():
    """Of `e^-(a w^2)` at `a = w = c` they are `2 c^2 e^-c^3` and `c^2 e^-c^3`."""
    for c in (1.0, 20.0):
        (size,) = log_gradients_of_model(NEURON.at(1, 1), np.full((1, 2), c), ONE, loss("exponential"))
        assert size == pytest.approx(2 * np.log(c) - c**3 + np.log(5 / 2) / 2)
