"""Homogeneous networks: declared degrees hold, what breaks them is refused, padding changes nothing."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from verify.datasets import Dataset
from verify.models.activations import IDENTITY, QUADRATIC, RELU, SQUARED_RELU
from verify.problems.networks.network import check_homogeneous, linear, three_layer, two_layer

NETWORKS = [linear(), *(build(2, a) for build in (two_layer, three_layer) for a in (RELU, SQUARED_RELU, QUADRATIC))]
NETWORKS += [three_layer(2, SQUARED_RELU, IDENTITY), three_layer(2, IDENTITY, RELU)]
CLASSES = [two_layer(2, classes=3), three_layer(2, SQUARED_RELU, IDENTITY, classes=3)]


@pytest.mark.parametrize("network", NETWORKS + CLASSES, ids=lambda n: n.name)
def test_declared_degrees_hold(network):
    check_homogeneous(network, 3)
    with pytest.raises(InputError, match="not homogeneous of degree"):
        check_homogeneous(replace(network, degree=network.degree + 1), 3)


def test_degrees():
    assert [n.degree for n in NETWORKS] == [1, 2, 3, 3, 3, 7, 7, 4, 3]
    assert [n.smooth for n in NETWORKS[-2:]] == [True, False]


def test_a_bias_is_refused():
    biased = replace(two_layer(2), output=lambda parts, x: two_layer(2).output(parts, x) + parts["last"][0])
    with pytest.raises(InputError, match="biases"):
        check_homogeneous(biased, 2)


def test_no_neurons_are_refused():
    with pytest.raises(InputError, match="width"):
        two_layer(0)


@pytest.mark.parametrize("network", NETWORKS + CLASSES, ids=lambda n: n.name)
def test_padding_changes_no_output_and_comes_off_again(network):
    dataset = Dataset([[1, 2], [2, -1], [1, 1]], [0, 1, 2] if network.classes else [1, -1, 1])
    x = np.pad(dataset.x, ((0, 0), (0, 2)))
    alone, padded = network.start(dataset, 2, 1.0), network.start(dataset, 4, 1.0)
    np.testing.assert_allclose(
        network.margins(alone, dataset.x, dataset.y), network.margins(padded, x, dataset.y), rtol=1e-12
    )
    np.testing.assert_array_equal(network.own(padded, 2, 4), alone)
    assert network.size(2) == len(alone)


def test_margins_are_those_against_every_wrong_class():
    network, dataset = CLASSES[0], Dataset([[1, 2], [2, -1], [1, 1], [0, 1]], [2, 0, 1, 2])
    theta = network.start(dataset, 2, 1.0)
    outputs = np.asarray(network.output(network.parts(theta, 2), dataset.x))
    found = np.asarray(network.margins(theta, dataset.x, dataset.y.astype(float)))
    expected = [sorted(row[own] - np.delete(row, own)) for row, own in zip(outputs, dataset.y, strict=True)]
    np.testing.assert_allclose(np.sort(found, axis=1), expected, rtol=1e-12)


@pytest.mark.parametrize("classes", [-1, 1])
def test_one_class_is_refused(classes):
    with pytest.raises(InputError, match=f"has {classes} classes: give 0 for labels"):
        two_layer(2, classes=classes)


def test_start_weights_come_from_the_data():
    a, b = Dataset([[1, 2]], [1]), Dataset([[1, 3]], [1])
    net = two_layer(3)
    np.testing.assert_array_equal(net.start(a, 2, 1.0), net.start(a, 2, 1.0))
    assert np.abs(net.start(a, 2, 1.0) - net.start(b, 2, 1.0)).max() > 0.1
    assert np.abs(net.start(a, 2, 1.0) - net.start(a, 2, 1.0, seed=1)).max() > 0.1
