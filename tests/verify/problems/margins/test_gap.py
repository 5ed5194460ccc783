"""The gap over the path, beside the gap itself."""

from dataclasses import replace

import numpy as np
import pytest

from tests.verify.given import POINT
from verify import optimizers
from verify.optimizers import PowerDecay
from verify.problems.laboratory import Laboratory
from verify.problems.margins.gap import Gap, PathGap
from verify.problems.subject import Run

STEPS = PowerDecay(0.5, 1 / 2)
SIGN = Run(optimizers.sign_gd(STEPS), "SignGD", "exponential", "linf")


def test_weights_that_go_straight_have_no_gap_over_their_path():
    m = PathGap(STEPS).measure(SIGN, Laboratory([POINT], steps=100))
    np.testing.assert_allclose(m.values, 0, atol=1e-12)
    assert m.judged.all()
    # Of half of the path the margin would be twice as large.
    half = PathGap(PowerDecay(0.25, 1 / 2)).measure(SIGN, Laboratory([POINT], steps=100))
    assert half.values[0, -1] == pytest.approx(-3)


def test_a_run_that_stands_still_has_a_gap_over_its_path():
    still = replace(SIGN, optimizer=optimizers.sign_gd(PowerDecay(0.5, 20.0)))
    lab = Laboratory([POINT], steps=1000)
    assert Gap().measure(still, lab).values[0, -1] == pytest.approx(0, abs=1e-12)
    assert PathGap(STEPS).measure(still, lab).values[0, -1] > 0.9 * 3
