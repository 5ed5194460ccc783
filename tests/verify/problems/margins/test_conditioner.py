"""Quantities along flows: what AdaGrad's and gradient descent's theorems say, on data where it is known."""

import numpy as np
import pytest

from properties.qian2019.test_adagrad import MARGIN, POINT
from properties.soudry2018.test_zero_multiplier import CLAIM as ZERO_MULTIPLIER
from solvers.errors import InputError
from verify.claims.envelopes import log_envelope_ratio
from verify.claims.kinds import Rate
from verify.datasets import Dataset
from verify.flows.dynamics import AdaGrad
from verify.laws import inverse_log
from verify.problems.laboratory import Laboratory
from verify.problems.margins import ensembles
from verify.problems.margins.conditioner import Conditioned, Energy, Settling, Spread
from verify.problems.margins.gap import Direction
from verify.problems.subject import flow_of

BENT = Dataset([[4, 1, -1], [-1, 1, 1]], [1, 1])
POINTS = [Dataset([[1, 2]], [1]), Dataset([[0, -3, 1]], [-1])]


@pytest.fixture(scope="module")
def lab() -> Laboratory:
    return Laboratory([BENT, *POINTS], steps=1000, log_time=1e4)


def test_gap_in_the_conditioner_s_norm(lab):
    own = Conditioned().measure(MARGIN.subject, lab)
    assert own.judged.all()
    assert (own.values[:, -1] < 1e-3).all()
    assert (own.values > -1e-9).all()
    other = Conditioned(power=0.5).measure(MARGIN.subject, lab)
    assert other.judged[0]
    assert other.values[0, -1] > 0.02


def test_powers_that_do_not_matter_are_not_judged(lab):
    """On a point with features of one size every weighted norm has the maximiser along its signs."""
    even = Laboratory([Dataset([[1, -1]], [1])], steps=1000)
    assert not Conditioned(power=0.5).measure(MARGIN.subject, even).judged.any()
    assert Conditioned().measure(MARGIN.subject, even).judged.all()


def test_spread(lab):
    for conditioned in (False, True):
        m = Spread(conditioned).measure(POINT.subject, lab)
        np.testing.assert_array_equal(m.judged, [False, True, True])
        assert (m.values[1:] < 1e-9).all()


@pytest.mark.parametrize("isotropic", [False, True])
def test_a_weight_without_gradient_does_not_matter(isotropic):
    """In the second feature the points cancel, at each step of the first dataset, at the first one of the second."""
    for_ever, at_first = Dataset([[1, 1], [1, -1]], [1, 1]), Dataset([[2, 1], [1, -1]], [1, 1])
    example = Laboratory([for_ever, at_first], steps=1000, log_time=1e3)
    h = ensembles.flow(MARGIN.subject, example).conditioner
    assert np.isinf(h[0][:, 1]).all()
    assert np.isfinite(h[1][-1]).all()
    m = Settling(isotropic).measure(MARGIN.subject, example)
    assert np.isfinite(m.values).all()
    assert m.values[0, -1] < 1e-6
    assert (m.values[1, -1] < 1e-6) == (not isotropic)


def test_direction_of_a_support_vector_without_multiplier():
    """The angle is `log log t / log t` for (1, 0) and (1, 1); `1 / log t` is too fast by the factor that grows."""
    example = Laboratory([Dataset([[1, 0], [1, 1]], [1, 1])], steps=1000, log_time=1e5)
    m = Direction().measure(ZERO_MULTIPLIER.subject, example)
    s = m.log_time[-1]
    assert m.values[0, -1] == pytest.approx(np.log(s) / s, rel=0.1)
    assert isinstance(ZERO_MULTIPLIER.kind, Rate)
    right, wrong = (
        log_envelope_ratio(m.log_time, m.values, law)[0] for law in (ZERO_MULTIPLIER.kind.law, inverse_log())
    )
    assert abs(right) < 0.05 < 0.08 < wrong


def test_bad_input(lab):
    with pytest.raises(InputError, match="its flow has none: give it dynamics"):
        Conditioned().measure(ZERO_MULTIPLIER.subject, lab)
    with pytest.raises(InputError, match="no conditioner to measure"):
        Spread(True).measure(ZERO_MULTIPLIER.subject, lab)
    assert isinstance(flow_of(MARGIN.subject).dynamics, AdaGrad)


def test_adagrad_keeps_its_energy(lab):
    kept, half = (Energy(factor).measure(MARGIN.subject, lab) for factor in (2.0, 1.0))
    assert kept.judged.all()
    assert kept.log_time[0] == pytest.approx(np.log(1000))
    assert (kept.values < 1e-4).all()
    # Nearly all of the loss is gone in the end: half of it stays unaccounted for.
    np.testing.assert_allclose(half.values[:, -1], 0.5, rtol=1e-3)


def test_another_flow_has_no_such_energy(lab):
    with pytest.raises(InputError, match="AdaGrad's energy, but its flow is another"):
        Energy().measure(ZERO_MULTIPLIER.subject, lab)
