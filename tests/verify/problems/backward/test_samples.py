"""Settings of methods on small losses."""

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.errors import InputError
from verify.problems.backward.samples import LOSSES
from verify.problems.backward.settings import MOST_BATCHES, AdamSetting, MomentumSetting, problem_of, settings

GOOD = {"loss": "bilinear", "beta": 0.5, "rho": 0.8, "eps": 0.1}


@pytest.mark.parametrize("loss", LOSSES)
def test_data_and_start_fit_the_loss(loss):
    setting = AdamSetting(**(GOOD | {"loss": loss, "order": (0, 1, 2), "seed": 3}))
    data, start = problem_of(setting, MOST_BATCHES)
    leaves = jax.tree.leaves(data)
    assert all(len(leaf) == MOST_BATCHES for leaf in leaves)
    np.testing.assert_array_equal(leaves[0][3], leaves[0][0])
    copies = np.broadcast_to(start, (MOST_BATCHES, len(start)))
    assert np.isfinite(float(LOSSES[loss].total(copies, data)))
    again, _ = problem_of(setting)
    np.testing.assert_array_equal(jax.tree.leaves(again)[0], leaves[0][:3])


@pytest.mark.usefixtures("untyped_caller")  # the type checker draws random numbers itself
@given(st.sampled_from(["bilinear", "tanh"]).flatmap(settings))
def test_drawn_settings_tell_the_decays_apart(setting):
    assert abs(setting.beta - setting.rho) >= 0.24
    assert set(setting.order) == set(range(setting.batches))
    assert setting.to_json()["setting"]["loss"] == setting.loss


def test_orders_are_drawn_by_the_seed():
    setting = AdamSetting(**(GOOD | {"order": (0, 1, 2), "sampling": "reshuffled", "seed": 3}))
    order = setting.drawn_order(300)
    np.testing.assert_array_equal(order, setting.drawn_order(300))
    other = AdamSetting(**(GOOD | {"order": (0, 1, 2), "sampling": "reshuffled", "seed": 4}))
    assert np.any(order != other.drawn_order(300))
    assert not setting.repeats
    assert AdamSetting(**(GOOD | {"order": (0, 1, 2)})).repeats


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"loss": "hinge"}, "no loss 'hinge'"),
        ({"beta": 1.0}, "beta and rho"),
        ({"eps": -1.0}, "eps >= 0"),
        ({"time": 0.0}, "must be positive"),
        ({"order": (0, 2)}, "must name all batches"),
        ({"order": (0, 1, 2, 3, 4)}, "4 at most"),
        ({"sampling": "at random"}, "no sampling 'at random'"),
    ],
)
def test_bad_settings(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        AdamSetting(**(GOOD | changes))


def test_bad_momentum():
    with pytest.raises(InputError, match=r"must lie in \[0, 1\)"):
        MomentumSetting(loss="tanh", beta=1.0)
