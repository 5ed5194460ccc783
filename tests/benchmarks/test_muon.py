"""The datasets on which Newton-Schulz steps reach no more than they promise, and the tables' rows."""

import numpy as np
import pytest

import solvers
from benchmarks.muon import METHODS, promised, shares
from properties.ours.test_newton_schulz import built, worst

MUON = METHODS["5 x quintic (Muon)"]


@pytest.mark.parametrize("values", [2, 3, 4])
@pytest.mark.parametrize("name", ["5 x cubic", "5 x quintic (Muon)"])
def test_equal_shares_of_the_outer_classes_are_the_multipliers_of_the_maximal_margin(name: str, values: int):
    data = built(METHODS[name], values, angle=0.3)
    rivals = np.eye(values + 1)[1:] - np.eye(values + 1)[0]
    gradient = np.mean([np.outer(z, x) for z, x in zip(rivals, data.x[1:], strict=True)], axis=0)
    spectrum = np.linalg.svd(gradient)[1]
    np.testing.assert_allclose(spectrum / spectrum[0], worst(METHODS[name], values), rtol=1e-9)
    gamma = solvers.max_margin(data.x, data.y, "spectral")
    assert gamma.lower == pytest.approx(spectrum.sum(), rel=1e-5)


def test_rows_hold_brackets_and_shares():
    assert promised("none: normalised GD", (1, 2)) == {
        "steps": "none: normalised GD",
        "rank 1": "1.000 to 1.000",
        "rank 2": "0.827 to 0.828",
    }
    data = [built(MUON, 2)]
    assert 0.5 < shares(MUON, data, 300, rest=np.inf)[0] < 0.9
    assert np.isnan(shares(MUON, data, 300, rest=0.0)).all()
