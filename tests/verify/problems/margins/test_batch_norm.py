"""Batch normalisation of a linear model: gradients against automatic ones, padding, and what is measured."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers.errors import InputError
from verify.datasets import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins.batch_norm import BatchNormDescent, Discrepancy, NormalisedLoss, descend
from verify.problems.subject import Described

METHOD = BatchNormDescent(0.5, 10, size=2.0)
DATA = [Dataset(np.array([[1.0, 0.5, 0.0], [0.2, -1.0, 0.3]]), np.array([1, -1])), Dataset(np.ones((1, 1)), np.ones(1))]


@pytest.mark.parametrize("normalised", [True, False])
def test_steps_follow_the_gradient(normalised):
    x = DATA[0].signed

    def margins(w):
        return x @ w / jnp.sqrt(jnp.mean((x @ w) ** 2))

    def loss(w, g):
        return jnp.mean(jnp.logaddexp(0.0, -(g * margins(w) if normalised else x @ w)))

    w, g = jnp.asarray(x[0] + 2 * x[1]), 1.0
    w = 2.0 * w / jnp.sqrt(jnp.mean((x @ w) ** 2))
    found = descend(BatchNormDescent(0.5, 10, 2.0, normalised), DATA)
    for t in range(1, 11):
        by_w, by_g = jax.grad(loss, (0, 1))(w, g)
        w, g = w - 0.5 * by_w, g - 0.5 * by_g
        at = int(np.flatnonzero(found.steps == t)[0])
        np.testing.assert_allclose(found.margins[0, at], margins(w), rtol=1e-10)
        assert found.log_loss[0, at] == pytest.approx(np.log(loss(w, g)), rel=1e-10)


def test_absent_points_and_features_do_nothing():
    both, alone = descend(METHOD, DATA), descend(METHOD, DATA[1:])
    np.testing.assert_allclose(both.log_loss[1], alone.log_loss[0], rtol=1e-12)
    np.testing.assert_allclose(both.margins[1, :, 0], 1.0)
    assert np.isnan(both.margins[1, :, 1]).all()


def test_discrepancy_is_that_of_all_pairs():
    lab, found = Laboratory(DATA, steps=1), descend(METHOD, DATA)
    measured = Discrepancy(METHOD).measure(Described("descent"), lab)
    a, b = found.margins[0, 1:].T
    np.testing.assert_allclose(measured.values[0], (a - b) ** 2 / 2, rtol=1e-9)
    np.testing.assert_array_equal(measured.values[1], 0)
    np.testing.assert_allclose(np.exp(measured.log_time), found.steps[1:])
    loss = NormalisedLoss(METHOD).measure(Described("descent"), lab)
    np.testing.assert_allclose(loss.values, np.exp(found.log_loss[:, 1:]))


def test_bad_input_is_one_sentence():
    with pytest.raises(InputError, match="is no descent: give eta > 0"):
        BatchNormDescent(0.0, 100)
