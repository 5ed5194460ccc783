"""Data of given sizes: they have them, in every norm, and of one seed they are nested."""

import numpy as np
import pytest

import solvers
from solvers.errors import InputError
from verify.discovery.families import ENSEMBLES, MORE_POINTS, Planted, Sizes

ALL = (*ENSEMBLES, *MORE_POINTS)


@pytest.mark.parametrize("ensemble", ALL)
@pytest.mark.parametrize(
    ("norm", "k"), [("l1", 0), ("l2", 0), ("linf", 0), ("l3", 3), ("linf", 3), ("spectral", 2), ("nuclear", 3)]
)
def test_a_dataset_has_the_sizes_that_were_asked_for(ensemble, norm, k):
    geometry = solvers.norm(norm)
    for sizes in (Sizes(12, 6, k, 1.0, 8.0), Sizes(21, 9, k, 0.05, 1.0)):
        made = Planted(ensemble, geometry, 32, 16)(sizes, 3)
        assert (made.n, made.d, made.classes) == (sizes.n, sizes.d, k)
        found = solvers.max_margin(made.x, made.y, norm, classes=k)
        assert found.lower == pytest.approx(sizes.gamma, rel=1e-5)
        vectors = made.margin_vectors.reshape(-1, *made.weights_shape)
        assert max(float(geometry.dual_value(q)) for q in vectors) == pytest.approx(sizes.radius, rel=1e-9)


@pytest.mark.parametrize("ensemble", MORE_POINTS)
def test_added_points_leave_the_others_as_they_are(ensemble):
    planted = Planted(ensemble, solvers.norm("linf"), 64, 6)
    few, many = (planted(Sizes(n, 6, 0, 1.0, 8.0), 1) for n in (8, 64))
    np.testing.assert_array_equal(few.x, many.x[:8])
    copies = len(np.unique(many.signed.round(9), axis=0))
    assert copies == 8 if ensemble == "repeated" else copies > 16


def test_points_inside_support_nothing():
    made = Planted("inside", solvers.norm("l2"), 64, 6)(Sizes(64, 6, 0, 1.0, 8.0), 1)
    found = solvers.max_margin(made.x, made.y, "l2")
    assert (made.signed @ found.weights)[8:].min() > 1.05 * found.lower


def test_another_seed_is_another_dataset_and_the_same_one_the_same():
    planted, sizes = Planted("dense", solvers.norm("l2"), 16, 8), Sizes(16, 8, 0, 1.0, 5.0)
    assert planted(sizes, 1).key == planted(sizes, 1).key != planted(sizes, 2).key


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (Sizes(3, 8, 0, 1.0, 5.0), "too small to be built"),
        (Sizes(16, 4, 3, 1.0, 5.0), "too small to be built"),
        (Sizes(16, 8, 0, 5.0, 5.0), "needs a radius above 5"),
    ],
)
def test_sizes_that_no_data_have(sizes, words):
    with pytest.raises(InputError, match=words):
        Planted("dense", solvers.norm("l2"), 16, 8)(sizes, 0)
