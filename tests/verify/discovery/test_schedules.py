"""Exponents under schedules of step sizes."""

import numpy as np
import pytest

from tests.verify.discovery.dossiers import STEPS, small
from verify.discovery.schedules import as_far, telling, total
from verify.optimizers import Formula, PowerDecay
from verify.problems.deficit import Curves


@pytest.mark.parametrize("a", [0.3, 0.5, 2 / 3, 1.0])
def test_schedules_travel_as_far(a):
    whole = total(PowerDecay(0.1, 0.5), 1000)
    assert total(as_far(a, 1000, whole, np.inf), 1000) == pytest.approx(whole, rel=0.01)
    assert as_far(a, 1000, whole, 0.001).eta0 == 0.001


def test_step_sizes_of_all_forms_are_summed():
    assert total(0.5, 10) == 5.0
    assert total(Formula("1/(t+1)"), 3) == pytest.approx(1 + 1 / 2 + 1 / 3)


def test_a_bounded_deficit_shows_as_one_over_what_was_travelled():
    for each in small().schedules:
        assert each.in_path is not None
        assert each.in_path.low <= 1.0 <= each.in_path.high + 0.1
        assert each.deficit is not None
        assert abs(each.deficit.value) < 0.2
        assert each.past is None
        assert (each.exact, each.horizon) == (True, None)
        assert each.log_time[-1] == pytest.approx(np.log(STEPS))


def test_datasets_that_have_not_begun_and_those_that_have_arrived_do_not_tell():
    time = np.log(10) * np.linspace(0, 3, 37)
    lawful, arrived, late = np.exp(-time), 0 * time, np.full_like(time, 0.9)
    gap = np.stack([lawful, arrived, late])
    ones, unknown = np.ones(3), np.full(gap.shape, np.nan)
    size = np.exp(time) * np.ones((3, 1))
    found = Curves(time, gap, ones, size, size, unknown, unknown, 1e-10 * ones, ones > 0)
    assert telling(found).tolist() == [True, False, False]
