"""The ladder: each law faster than the one before, in its own clock."""

from itertools import pairwise

import numpy as np
import pytest

from tests.verify.discovery.made import claim
from verify import Decay, Rate, Tight, laws
from verify.discovery.ladder import STEP, exponent, growth_of_logarithm, kind_of, ladder, law_of, slowed
from verify.laws import DecayLaw, Law, PathLaw
from verify.optimizers import PowerDecay

FAR = np.array([1e6, 1e7])  # log t, where every power beats every logarithm


@pytest.mark.parametrize(
    "law",
    [laws.power(0.5), laws.power(1 / 3), laws.power(0.5, log=1), laws.power(0.5, log=-1), laws.inverse_log(),
     laws.inverse_log(in_steps=True), laws.path(PowerDecay(0.1, 0.3))],
    ids=str,
)  # fmt: skip
def test_each_rung_is_faster(law):
    rungs = ladder(law)
    assert rungs[0] == law
    # The path of a schedule is summed, and no sum of e^1000000 terms is.
    far = np.log([1e6, 1e7]) if isinstance(law, PathLaw) else FAR
    values = [each.log_value(far) - law.log_value(far) for each in rungs]
    falls = [late - early for early, late in values]
    assert all(a > b for a, b in pairwise(falls))
    assert len({type(each) for each in rungs}) == 1


def test_exponents_are_multiples_of_the_step():
    assert [exponent(law) for law in ladder(laws.power(1 / 3))[1:4]] == [0.35, 0.4, 0.45]
    assert [exponent(law) for law in ladder(laws.power(0.5, log=1))[:3]] == [0.5, 0.5, 0.55]
    assert [exponent(law) for law in ladder(laws.inverse_log())[:2]] == [1.0, 1.0 + STEP]
    assert [exponent(law) for law in ladder(DecayLaw(0.5))[:2]] == [0.5, 0.55]
    assert [exponent(law) for law in ladder(laws.log_squared())[:2]] == [2.0, 2.05]
    assert slowed(laws.power(0.5))[0] == Law(0.55, 1.0)


def test_a_path_law_stays_one():
    steps = PowerDecay(0.1, 0.3)
    assert ladder(laws.path(steps))[1] == PathLaw(1.05, step_size=steps)


def test_a_tight_claim_is_climbed_by_its_upper_law():
    stated = claim(laws.power(0.5), Tight(laws.power(0.3)))
    assert law_of(stated) == laws.power(0.3)
    assert kind_of(stated, laws.power(0.4), 0.1) == Rate(laws.power(0.4), 0.1)
    assert kind_of(stated, DecayLaw(0.4), 0.1) == Decay(DecayLaw(0.4), 0.1)


def test_the_growth_of_a_logarithm():
    assert growth_of_logarithm(np.log([10.0, 1e4])) == pytest.approx(np.log10(4 / 3))
    assert growth_of_logarithm(np.array([1.0, 1e4])) < 2e-4
    assert np.isinf(growth_of_logarithm(np.array([1.0, 2.0])))
