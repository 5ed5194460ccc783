"""Changed datasets keep what a hunt relies on."""

import numpy as np

from verify.datasets import Dataset
from verify.datasets.mutations import mutated

BINARY = Dataset([[1.0, 2.0], [3.0, -1.0], [-1.0, -2.0]], [1, 1, -1])
CLASSES = Dataset([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 2.0]], [0, 1, 2, 2])


def test_features_and_classes_stay():
    rng = np.random.default_rng(0)
    for start in (BINARY, CLASSES):
        changed = [mutated(start, rng) for _ in range(200)]
        assert {(each.d, each.classes) for each in changed} == {(start.d, start.classes)}
        assert {each.n for each in changed} >= {start.n - 1, start.n, start.n + 1}
        assert all(set(each.y.tolist()) == set(start.y.tolist()) for each in changed)
        assert len({each.key for each in changed}) > 150


def test_points_never_become_more_than_allowed():
    rng, many = np.random.default_rng(1), Dataset(np.ones((24, 1)), np.ones(24, int))
    assert max(mutated(many, rng).n for _ in range(100)) == 24


def test_the_dataset_itself_is_left_as_it_is():
    before = BINARY.x.copy()
    mutated(BINARY, np.random.default_rng(2))
    np.testing.assert_array_equal(BINARY.x, before)
