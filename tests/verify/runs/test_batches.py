"""Batches: what padding adds, how datasets are grouped, and gradients on padded data."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from tests.verify import samples
from tests.verify.samples import binary, classes
from verify.datasets import Dataset
from verify.losses import loss
from verify.optimizers.homogeneity import Homogeneity
from verify.runs.batches import Batch, alone, group, group_points, pad, points
from verify.runs.engine import Method, gradient, start
from verify.runs.linear import linear_margins, linear_reach


def row(batch: Batch, i: int = 0) -> Batch:
    return jax.tree.map(lambda values: jnp.asarray(values[i]), batch)


def test_padding_of_binary_data():
    dataset = Dataset([[1, 2], [0, -3], [0, 4]], [1, -1, 1])
    batch = pad([dataset, binary(5, 4)], (5, 4, 0))
    np.testing.assert_array_equal(batch.x[0, :, :2], [[1, 2], [0, 3], [0, 4], [1, 2], [0, 3]])
    assert not batch.x[0, :, 2:].any()
    np.testing.assert_allclose(batch.weight, [[1 / 3] * 3 + [0] * 2, [1 / 5] * 5])
    np.testing.assert_array_equal(batch.real, [[True, True, False, False], [True] * 4])
    assert batch.label.shape == (2, 5, 0)
    assert batch.rivals.shape == (2, 5, 1)
    assert batch.rivals.all()


def test_padding_of_classes():
    dataset = Dataset([[1, 0], [2, 0], [3, 0]], [1, 0, 2])
    batch = pad([dataset], (4, 3, 4))
    np.testing.assert_array_equal(batch.label[0].argmax(axis=1), [1, 0, 2, 1])
    np.testing.assert_array_equal(batch.rivals[0], [[1, 0, 1, 0], [0, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 0]])
    np.testing.assert_array_equal(batch.real[0, :, 0], [True, True, True, False])
    # No sample has the second feature, and the third is padding.
    np.testing.assert_array_equal(batch.touched[0], [[True, False, False]] * 3 + [[False] * 3])
    assert pad([dataset], (4, 3, 4), np.float32).x.dtype == np.float32


def test_groups_are_few_shapes_and_keep_the_order():
    datasets = [binary(6, 3), classes(6, 4, 3), binary(17, 3), binary(16, 16), binary(70, 3), classes(9, 17, 5)]
    assert group(datasets) == {
        (16, 8, 0): [0],
        (16, 8, 4): [1],
        (32, 8, 0): [2],
        (16, 16, 0): [3],
        (70, 3, 0): [4],
        (16, 32, 8): [5],
    }
    assert group(datasets, pad_weights=False) == {
        (16, 3, 0): [0],
        (16, 4, 3): [1],
        (32, 3, 0): [2],
        (16, 16, 0): [3],
        (70, 3, 0): [4],
        (16, 17, 5): [5],
    }


def test_equal_shapes_stay_unpadded_unless_they_are_tiny():
    assert group([binary(20, 3), binary(20, 3, seed=1)]) == {(20, 3, 0): [0, 1]}
    assert group([binary(6, 3), binary(6, 3, seed=1)]) == {(16, 8, 0): [0, 1]}


@pytest.mark.parametrize("shape", [(7, 4, 3), (16, 16, 4)], ids=["own shape", "padded"])
def test_multiclass_gradient_is_that_of_the_naive_cross_entropy(shape: tuple[int, int, int]):
    dataset = classes(7, 4, 3)
    w = np.random.default_rng(0).normal(size=(3, 4))
    naive = jax.grad(
        lambda w: jnp.mean(optax.softmax_cross_entropy_with_integer_labels(jnp.asarray(dataset.x) @ w.T, dataset.y))
    )(jnp.asarray(w))
    g = gradient(loss("cross_entropy"), jnp.pad(w, ((0, shape[2] - 3), (0, shape[1] - 4))), row(pad([dataset], shape)))
    direction = np.asarray(jnp.exp(g.log_scale) * g.direction)
    np.testing.assert_allclose(direction[:3, :4], naive, rtol=1e-12, atol=1e-15)
    assert not direction[3:].any()
    assert not direction[:, 4:].any()


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_two_classes_are_the_binary_problem(scale: float):
    """The weights' difference plays the binary part; each class has the gradient with its own sign."""
    plain = binary(6, 3)
    two = Dataset(plain.x, plain.y, classes=2)
    w = scale * np.random.default_rng(1).normal(size=(2, 3))
    for name in ("exponential", "cross_entropy", "pairwise_logistic", "polynomial_tail"):
        one = gradient(loss(name), jnp.asarray(w[1] - w[0]), row(pad([plain], (6, 3, 0))))
        both = gradient(loss(name), jnp.asarray(w), row(pad([two], (6, 3, 2))))
        assert float(both.log_scale) == pytest.approx(float(one.log_scale), rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(both.direction, [-one.direction, one.direction], rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("dataset", [binary(6, 3), classes(7, 4, 3)], ids=["binary", "classes"])
def test_reach_is_the_sum_of_absolute_contributions(dataset: Dataset):
    shape = (16, 16, 4 if dataset.classes else 0)
    data = row(pad([dataset], shape))
    w = jnp.asarray(np.random.default_rng(2).normal(size=data.real.shape) * data.real)
    slopes, scale = loss("logistic").scaled_slopes(linear_margins(w, data))
    reach = jnp.exp(scale) * linear_reach(data.weight[:, None] * slopes, data)
    weights = tuple(map(slice, dataset.weights_shape))
    z = dataset.margin_vectors @ np.asarray(w[weights]).ravel()
    z = z.reshape(dataset.n, -1)
    p = np.exp(-z) / (1 + np.exp(-z).sum(axis=1, keepdims=True)) / dataset.n
    want = np.abs(p.reshape(-1, 1) * dataset.margin_vectors).sum(axis=0).reshape(dataset.weights_shape)
    np.testing.assert_allclose(reach[weights], want, rtol=1e-12)
    assert float(jnp.sum(reach)) == pytest.approx(want.sum(), rel=1e-12)


@pytest.mark.parametrize("dataset", [binary(70, 3), classes(70, 4, 3)], ids=["binary", "classes"])
def test_a_dataset_alone_shares_its_features_and_has_the_same_gradients(dataset: Dataset):
    shared, copied = alone(dataset), pad([dataset], (dataset.n, dataset.d, dataset.classes))
    assert np.shares_memory(shared.x, dataset.x)
    assert not np.shares_memory(copied.x, dataset.x)
    assert alone(dataset, np.float32).x.dtype == np.float32
    w = jnp.asarray(np.random.default_rng(0).normal(size=dataset.weights_shape))
    one, other = (gradient(loss("logistic"), w, row(batch)) for batch in (shared, copied))
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("dataset", [binary(6, 3), classes(7, 4, 3)], ids=["binary", "classes"])
@pytest.mark.parametrize("padding", [0, 9])
def test_what_a_gradient_is_at_least_is_never_above_what_it_is(dataset: Dataset, padding: int):
    """Equal slopes of 1 in all margins, nothing cancelled: of binary data exactly, with classes from below."""
    n, d, k = dataset.n + padding, dataset.d + padding, dataset.classes and dataset.classes + padding
    data = row(pad([dataset], (n, d, k)))
    method = Method(lambda *_: None, loss("logistic"), (), Homogeneity(True, None), False)
    least = float(start(method, data, jnp.zeros(data.real.shape)).reach)
    slopes = jnp.where(data.rivals, data.weight[:, None], 0)
    exact = float(jnp.min(jnp.where(data.touched, linear_reach(slopes, data), jnp.inf)))
    assert 0 < least <= exact * (1 + 1e-12)
    if not k:
        assert least == pytest.approx(exact, rel=1e-12)


def test_the_samples_of_these_tests_are_separable():
    for dataset in (samples.with_zero_columns(binary(6, 3)), binary(20, 5, seed=3), binary(4, 2)):
        w = np.linalg.lstsq(dataset.signed, np.ones(dataset.n), rcond=None)[0]
        for _ in range(10_000):  # the perceptron ends on separable data
            wrong = dataset.signed @ w <= 0
            if not wrong.any():
                break
            w = w + dataset.signed[wrong.argmax()]
        assert (dataset.signed @ w > 0).all()


def test_points_of_models_keep_their_features_and_labels():
    few, more = binary(3, 2), binary(9, 2)
    batch = points([few, more], 16, 5)
    np.testing.assert_array_equal(batch.x[0, :3], few.x)
    np.testing.assert_array_equal(batch.x[0, 3:6], few.x)
    np.testing.assert_array_equal(batch.label[1, :9, 0], more.y)
    np.testing.assert_array_equal(batch.weight[0], [1 / 3] * 3 + [0] * 13)
    assert batch.real.shape == (2, 5)
    assert points([classes(6, 4, 3)], 8, 7).label.shape == (1, 8, 3)


def test_groups_of_points_are_padded_in_their_number_alone():
    datasets = [binary(6, 3), classes(6, 4, 3), binary(17, 3), binary(5, 3), binary(70, 3)]
    assert group_points(datasets) == {(8, 3, 0): [0, 3], (8, 4, 3): [1], (32, 3, 0): [2], (70, 3, 0): [4]}
    assert group_points([binary(50, 3), binary(50, 3, seed=1)]) == {(50, 3, 0): [0, 1]}
