"""Mini-batches and rotations."""

import numpy as np
import optax
import pytest

import solvers
from tests.verify.discovery.dossiers import small
from verify import Dataset, optimizers
from verify.discovery.behaviour import Rotation, batched, rotation
from verify.losses import loss
from verify.optimizers import PowerDecay

DATA = [Dataset(np.array([[1.0, 2.0, 0.5], [-1.0, 1.0, 3.0]]), np.array([1, -1]))]


@pytest.mark.parametrize(("make", "along"), [(optimizers.normalised_gd, True), (optimizers.sign_gd, False)])
def test_methods_of_coordinates_are_told_from_those_of_none(make, along):
    found = rotation(make(PowerDecay(0.1, 0.5)), DATA, loss=loss("logistic"), steps=50, seed=0)
    assert found.along is along
    assert ("knows no coordinates" in found.sentence) is along


def test_weights_that_differ_by_rounding_turn_along():
    assert Rotation(1e-12, 10).along
    assert not Rotation(1e-3, 10).along


def test_a_method_that_cannot_be_run_on_mini_batches_is_told():
    references = {norm: solvers.max_margins([s.problem for s in DATA], norm) for norm in ("l2", "linf")}
    told = batched(
        optax.lbfgs(), DATA, norm="l2", references=references, loss=loss("logistic"), steps=50, batch=1, seed=0
    )
    assert [each.sampling for each in told] == ["cyclic", "reshuffled", "with-replacement"]
    assert all("give it full batches" in each.sentence and np.isnan(each.share) for each in told)


def test_mini_batches_are_looked_at():
    (found,) = small().batches
    assert (found.sampling, found.batch) == ("cyclic", 2)
    assert 0 < found.share < 1
    assert found.sentence
