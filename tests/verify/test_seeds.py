"""Seeds: the same each time, and others for whatever differs."""

from itertools import combinations

import numpy as np

from verify.seeds import derived_seed, generator

X, Y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 1])


def test_a_seed_depends_on_the_master_seed_and_on_every_axis():
    named = [(0,), (1,), (0, "a"), (1, "a"), (0, "b"), (0, "a", "b"), (0, "b", "a"), (0, "ab")]
    seeds = {axes: derived_seed(*axes) for axes in named}
    assert len(set(seeds.values())) == len(named)
    assert all(derived_seed(*axes) == seed for axes, seed in seeds.items())


def test_random_numbers_depend_on_points_labels_and_purpose():
    given = [(X, Y, "a"), (X + 1, Y, "a"), (X, 1 - Y, "a"), (X, Y, "b"), (X.reshape(2, 3), Y[:2], "a")]
    drawn = [generator(*each).random(4) for each in given]
    assert all((one != other).all() for one, other in combinations(drawn, 2))
    np.testing.assert_array_equal(generator(*given[0]).random(4), drawn[0])
