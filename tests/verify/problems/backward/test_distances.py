"""Quantities of order: what they measure, on which settings, and that they tell false equations apart."""

import numpy as np
import pytest

from properties.cattaneo2024.test_order import CLAIMS
from solvers.errors import InputError
from verify import Dataset
from verify.claims.kinds.order import settled_orders
from verify.problems.backward.bias import BiasLimit, Penalty, table
from verify.problems.backward.distances import FullBatchEquation, ModifiedEquation, MomentumEquation, coarsest, levels
from verify.problems.backward.modified_equation import Wording
from verify.problems.backward.settings import AdamSetting, MomentumSetting
from verify.problems.laboratory import Laboratory

CLAIM = CLAIMS[0]


def adam(seed: int = 0, **changes) -> AdamSetting:
    return AdamSetting(**({"loss": "bilinear", "seed": seed, "beta": 0.2, "rho": 0.6, "eps": 0.3} | changes))


def laboratory(*cases) -> Laboratory:
    return Laboratory(cases, steps=1)


def test_levels_double_from_twenty_memories():
    assert coarsest(0.5, 0.9, 0.2) == 200
    assert levels(50) == [50, 100, 200, 400, 800]
    assert levels(coarsest(0.5, 0.9, span=40), 4) == [400, 1600, 6400]


def test_orders_of_true_and_false_equations():
    lab = laboratory(adam(order=(0, 1, 2)), adam(1))
    for quantity, order in (
        (ModifiedEquation(), 2.0),
        (ModifiedEquation(Wording(correction=0.0)), 1.0),
        (ModifiedEquation(Wording(correction=-1.0)), 1.0),
        (ModifiedEquation(outside=True), 2.0),
    ):
        m = quantity.measure(CLAIM.subject, lab)
        assert m.clock.axis == "1/h"
        np.testing.assert_allclose(settled_orders(m), order, atol=0.1)
        assert np.all(30 * m.floor[:, None] < m.values)


@pytest.mark.parametrize("sampling", ["reshuffled", "with replacement"])
def test_orders_of_true_and_false_carried_equations(sampling):
    lab = laboratory(*(adam(i, loss="least-squares", order=(0, 1, 2), sampling=sampling, rho=0.9) for i in range(4)))
    for wording, order in (
        (Wording(), 2.0),
        (Wording(correction=0.0), 1.0),
        (Wording(correction=-1.0), 1.0),
        (Wording(past=0.0), 1.0),
        (Wording(bars=0.0), 1.0),
    ):
        m = ModifiedEquation(wording, carried=True, span=40, factor=4).measure(CLAIM.subject, lab)
        np.testing.assert_allclose(np.exp(m.log_time), [400, 1600, 6400])
        np.testing.assert_allclose(np.nanmedian(settled_orders(m)), order, atol=0.1)


def test_the_published_form_holds_on_drawn_orders_too():
    lab = laboratory(*(adam(i, order=(0, 1, 2), sampling="reshuffled") for i in range(2)))
    np.testing.assert_allclose(settled_orders(ModifiedEquation().measure(CLAIM.subject, lab)), 2.0, atol=0.1)


def test_a_setting_is_measured_alike_alone_and_among_others():
    cases = [adam(i, order=(0, 1, 2)) for i in range(3)]
    among = ModifiedEquation().measure(CLAIM.subject, laboratory(*cases)).values
    alone = ModifiedEquation().measure(CLAIM.subject, laboratory(cases[2])).values
    np.testing.assert_allclose(alone[0], among[2], rtol=1e-8)


def test_share_judges_the_first_settings():
    m = ModifiedEquation(share=0.5).measure(CLAIM.subject, laboratory(*(adam(i) for i in range(4))))
    assert m.judged.tolist() == [True, True, False, False]
    assert np.isfinite(m.values).all()


def test_settings_of_another_kind_are_refused():
    for wrong in (Dataset([[1, 2]], [1]), MomentumSetting(loss="bilinear", beta=0.5)):
        with pytest.raises(InputError, match="tried on a AdamSetting only"):
            FullBatchEquation().measure(CLAIM.subject, laboratory(wrong))


def test_gradients_near_zero_are_not_judged():
    lab = laboratory(adam(eps=1e-12, time=0.1), adam(eps=1e-12, time=3.0))
    m = FullBatchEquation((1.0, 1.0, 1.0, 0.0), least=0.1).measure(CLAIM.subject, lab)
    assert m.judged.tolist() == [True, False]
    assert "near to zero" in m.notes[0]


def test_eps_must_stand_on_the_methods_side_of_the_root():
    lab = laboratory(adam(), adam(1))
    for quantity in (ModifiedEquation, FullBatchEquation):
        right, wrong = (quantity(outside=True, moved=moved).measure(CLAIM.subject, lab) for moved in (False, True))
        np.testing.assert_allclose(settled_orders(right), 2, atol=0.1)
        np.testing.assert_allclose(settled_orders(wrong), 0, atol=0.1)


def test_heavy_ball_needs_its_burn_in():
    lab = laboratory(MomentumSetting(loss="logistic", beta=0.8, time=0.1))
    assert settled_orders(MomentumEquation().measure(CLAIM.subject, lab))[0] == pytest.approx(2, abs=0.1)
    assert settled_orders(MomentumEquation(burn_in=0.0).measure(CLAIM.subject, lab))[0] == pytest.approx(1, abs=0.1)


def test_bias_limits_are_of_order_one_in_eps():
    lab = laboratory(adam(loss="tanh"), adam(loss="tanh", seed=5))
    for limit in (BiasLimit(False, 1.0, 1.0), BiasLimit(True, 1.0, 0.0)):
        m = limit.measure(CLAIM.subject, lab)
        np.testing.assert_allclose(settled_orders(m), 1.0, atol=0.01)
    wrong = BiasLimit(False, 1.0, 0.0).measure(CLAIM.subject, lab)
    assert np.all(wrong.values[:, -1] > 0.1)


def test_penalty_follows_the_table():
    assert [table(first, large) for first in (True, False) for large in (False, True)] == [1, 1, -1, 1]
    cases = [adam(eps=1e-12, time=0.1, beta=b, rho=r) for b, r in ((0.2, 0.6), (0.6, 0.2))]
    m = Penalty(table, 0.1).measure(CLAIM.subject, laboratory(*cases))
    assert np.all(m.values[:, -1] + m.floor < 0)
    always = Penalty(lambda first, large: 1, 0.1).measure(CLAIM.subject, laboratory(*cases))
    assert always.values[0, -1] > 0 > always.values[1, -1]
