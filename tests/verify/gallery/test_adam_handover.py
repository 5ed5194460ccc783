"""The experiment on the two regimes of Adam, in small."""

import numpy as np
import pytest

from solvers import max_margin, normalised_margin
from solvers.errors import InputError
from verify.gallery import EXPERIMENTS, adam_handover
from verify.gallery.adam_handover import EPSILONS, Parameters

SMALL = Parameters(points=6, features=3, datasets=2, step_size=0.02, b2=0.95, log_time=2000)


@pytest.fixture(scope="module")
def results() -> dict:
    found: dict = {}
    for name, part in adam_handover.parts(SMALL, 0).items():
        found[name] = part(found)
    return found


def test_datasets_tell_the_margins_apart(results):
    for i, draw in enumerate(results["draws"]):
        s = adam_handover.dataset(SMALL, 0, i, draw)
        one, two = max_margin(s.x, s.y, "linf"), max_margin(s.x, s.y, "l2")
        assert one.upper == pytest.approx(1, abs=1e-6)
        assert normalised_margin(one.weights, s.x, s.y, "l2") < 0.91 * two.upper
        assert normalised_margin(two.weights, s.x, s.y, "linf") < 0.91


def test_two_regimes_and_the_step_between_them(results):
    for eps in EPSILONS.values():
        part = results[f"eps {eps:g}"]
        np.testing.assert_allclose(np.log(part["seen"]), np.log(part["predicted"]), atol=0.25)
        l2 = adam_handover._gaps(results, eps, "l2")
        linf = adam_handover._gaps(results, eps, "linf")
        assert (l2 > -1e-9).all()
        assert (linf > -1e-9).all()
        assert (l2[:, -1] < 0.02).all()
        assert (linf[:, -1] > 0.05).all()
    # The smaller eps, the nearer to the L-infinity margin before it takes over.
    nearest = [np.median(adam_handover._gaps(results, eps, "linf"), axis=0).min() for eps in EPSILONS.values()]
    assert nearest[0] > nearest[-1]
    assert nearest[-1] < 0.05


def test_finding(results):
    found = adam_handover.find(SMALL, results)
    assert [row[0] for row in found.rows] == list(EPSILONS)
    assert found.sentences[0].startswith("ε takes over at the predicted step to within a factor 1.")
    marks = [curve for curve in found.drawing["curves"] if curve["series"] == 2]
    assert [m["x"][0] for m in marks] == sorted(m["x"][0] for m in marks)
    assert len(marks) == len(EPSILONS)


def test_it_is_registered_and_checks_its_parameters():
    assert EXPERIMENTS["adam-handover"] is adam_handover.EXPERIMENT
    with pytest.raises(InputError, match="two features"):
        Parameters(features=1)
    with pytest.raises(InputError, match="b1\\^2 < b2"):
        Parameters(b2=0.5)


def test_what_it_shows_has_the_parameters_that_were_given(results):
    assert "β₁ = 0.9," not in adam_handover.EXPERIMENT.with_parameters({"b1": "0.5"}).shows
    found = adam_handover.find(SMALL, results)
    assert f"in the end, the L2 gap {found.rows[0][-1]:.2g}" in found.alternative
