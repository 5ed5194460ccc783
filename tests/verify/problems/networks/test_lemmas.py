"""Lemmas at arbitrary parameters: what parameters they are, and what is measured there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvers import InputError
from verify import Dataset
from verify.models import Model, three_layer, two_layer
from verify.problems.laboratory import Laboratory
from verify.problems.networks.lemmas import ModelLemma, arbitrary_parameters
from verify.problems.subject import Described

DATA = [Dataset([[1.0, 0.2], [-0.5, 0.8], [-0.3, -1.0]], [1, -1, 1]), Dataset([[1.0, 0.0]], [-1])]
MODEL = two_layer(4)
NONE = Described("none")


@pytest.fixture(scope="module")
def found():
    return arbitrary_parameters(MODEL, DATA[0])


def test_they_separate_the_data_with_a_loss_below_one_at_all_sizes(found):
    assert found.flat.shape == (128, 12)
    assert (found.margins > 0).all()
    assert (found.log_inverse >= 1 - 1e-9).all()
    assert found.log_inverse.max() > 100
    again = arbitrary_parameters(MODEL, DATA[0])
    assert again is not None
    np.testing.assert_array_equal(found.flat, again.flat)


def test_loss_and_descent_are_those_of_the_summed_loss(found):
    shaped = MODEL.at(2, 1)
    x, y = jnp.asarray(DATA[0].x), jnp.asarray(DATA[0].y)

    def log_loss(flat):
        return jax.nn.logsumexp(-y * shaped.outputs(flat, x)[:, 0])

    few = found.flat[::40]
    np.testing.assert_allclose(found.log_inverse[::40], [-log_loss(jnp.asarray(w)) for w in few], rtol=1e-10)
    slopes = np.stack([-jax.grad(log_loss)(jnp.asarray(w)) for w in few])
    np.testing.assert_allclose(found.descent[::40], slopes, rtol=1e-8, atol=1e-8)


def test_descent_brings_half_of_them_nearer_to_a_critical_direction(found):
    cosine = np.sum(found.flat * found.descent, axis=1)
    cosine /= np.linalg.norm(found.flat, axis=1) * np.linalg.norm(found.descent, axis=1)
    random, descended = cosine.reshape(4, 2, 16)[2].tolist()
    assert np.median(descended) > 0.9 > np.median(random)


def test_layers_are_the_parts_of_a_vector():
    at = arbitrary_parameters(three_layer(2), DATA[0])
    assert at is not None
    parts = at.layers(at.flat)
    assert {name: part.shape[1] for name, part in parts.items()} == {"first": 4, "inner": 4, "last": 2}
    np.testing.assert_array_equal(np.concatenate([parts[name] for name, _ in at.model.layers], axis=1), at.flat)


def test_the_part_nearest_to_failing_is_measured_and_lost_data_are_told():
    sides = {
        "far": lambda at: (at.log_inverse, 9 + at.log_inverse),
        "near": lambda at: (at.log_inverse, at.log_inverse),
    }
    lemma = ModelLemma("x", lambda at: {name: each(at) for name, each in sides.items()}, MODEL)
    dead = Dataset([[1.0, 0.0], [1.0, 0.0]], [1, -1])
    m = lemma.measure(NONE, Laboratory([*DATA, dead], steps=1))
    np.testing.assert_array_equal(m.judged, [True, True, False])
    np.testing.assert_array_equal(m.larger_side[:2], m.values[:2])
    assert m.notes == ("datasets that no drawn parameters separate: 1",)


def test_a_model_needs_a_degree():
    free = Model("free", lambda key, d, k: {"w": jnp.ones(d)}, lambda p, x: x @ p["w"])
    with pytest.raises(InputError, match=r"free has no degree of homogeneity, .* declare degree="):
        arbitrary_parameters(free, DATA[0])
