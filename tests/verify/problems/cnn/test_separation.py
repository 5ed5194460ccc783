"""What is judged of the CNN's runs: amounts over tolerances, looks that count, how often a promise is broken."""

from dataclasses import replace

import numpy as np
import pytest

from solvers.errors import InputError
from verify import Dataset, HighProbability, Outcome, Separation
from verify.problems.cnn import runs as cnn_runs
from verify.problems.cnn.runs import ADAM, GD, SHARES, STEPS, CnnRuns, Seen, Way
from verify.problems.cnn.separation import SINCE, FeatureSigns, SeparationShortfall, Stuck, _kept, _worst
from verify.problems.cnn.settings import CnnSetting
from verify.problems.laboratory import Laboratory
from verify.problems.subject import Described

SETTING = CnnSetting(n=6, s=500, alpha=0.1, noise=0.75, m=16)
CNN = Described("methods on a two-layer CNN")
LAB = Laboratory([SETTING, SETTING], steps=10)
LOOKS = len(SHARES)


def seen(
    error: float,
    *,
    half: float = 0.0,
    wrong: float = 0.0,
    gradient: float = 1e-4,
    size: float = 10.0,
    rows: int = 1,
) -> Seen:
    """The same at all looks."""
    return Seen(*(np.full((rows, LOOKS), value) for value in (error, half, wrong, gradient, -1.0, size)))


def at(found: Seen, name: str, look: int, value: float) -> Seen:
    changed = getattr(found, name).copy()
    changed[:, look] = value
    return found._replace(**{name: changed})


PLAIN = SeparationShortfall()


def shortfall(failing: Seen, learning: Seen, quantity: SeparationShortfall = PLAIN) -> float:
    value, half = _worst(quantity.amounts(_kept(failing), learning))
    return float(value[0, -1] + half[0, -1])


@pytest.mark.parametrize(
    ("failing", "learning", "expected"),
    [
        (seen(0.5), seen(0.05), 1.0),
        (seen(0.4), seen(0.0), 2.0),
        (seen(1.0), seen(0.1, half=0.05), 3.0),
        (seen(1.0, wrong=1), seen(0.0), 2.0),
        (seen(1.0), seen(0.0, gradient=0.03), 3.0),
    ],
)
def test_amounts_are_over_their_tolerances(failing, learning, expected):
    assert shortfall(failing, learning) == pytest.approx(expected)


def test_what_fails_must_fail_at_all_later_looks():
    early = at(seen(1.0), "error", SINCE - 1, 0.0)
    late = at(seen(1.0), "error", SINCE + 1, 0.0)
    assert shortfall(early, seen(0.0)) <= 1
    assert shortfall(late, seen(0.0)) == pytest.approx(10)
    # Of what learns only its end counts.
    assert shortfall(seen(1.0), at(seen(0.0), "error", LOOKS - 2, 1.0)) <= 1
    assert shortfall(seen(1.0), at(seen(0.0), "error", LOOKS - 1, 1.0)) == pytest.approx(20)


def test_gradients_are_not_asked_of_adamw():
    wild = seen(1.0, gradient=50.0), seen(0.0, gradient=50.0)
    adamw = SeparationShortfall(fails=Way("adamw"), learns=Way("adamw", batch=2))
    assert shortfall(*wild, adamw) <= 1
    assert shortfall(*wild) == pytest.approx(5000)


@pytest.mark.parametrize(
    ("failing", "learning", "expected"),
    [
        (seen(1.0, wrong=3, size=0.005), seen(0.0), 0.5),
        (seen(1.0, wrong=3, size=0.02), seen(0.0), 2.0),
        (at(seen(1.0, size=0.0), "size", SINCE, 0.02), seen(0.0), 2.0),
        (at(seen(1.0, size=0.0), "size", SINCE - 1, 0.02), seen(0.0), 0.0),
        (seen(1.0, size=0.0), seen(0.1), 2.0),
        (seen(1.0, size=0.0), seen(0.0, wrong=1), 2.0),
        (seen(1.0, size=0.0, gradient=50.0), seen(0.0, gradient=50.0), 0.0),
    ],
)
def test_a_way_that_is_stuck_has_no_margins_and_the_other_fits(failing, learning, expected):
    apart = Stuck(fails=Way("adam", strong=True), learns=Way("adamw"))
    assert shortfall(failing, learning, apart) == pytest.approx(expected)


def told(broken: int, unsure: int = 0) -> SeparationShortfall:
    """The quantity, of 40 runs of which so many generalise where they should fail, or may do so."""
    error, half = np.ones(40), np.zeros(40)
    error[:broken] = 0.0
    error[broken : broken + unsure], half[broken : broken + unsure] = 0.45, 0.02

    class Told(SeparationShortfall):
        def seen(self, lab, settings, way, shares=SHARES):
            assert len(settings) == 40
            if way == GD:
                return Seen(*(side[:, : len(shares)] for side in seen(0.0, rows=40)))
            repeated = {name: np.repeat(a[:, None], LOOKS, 1) for name, a in (("error", error), ("half", half))}
            return seen(1.0, rows=40)._replace(**repeated)

    return Told()


def test_runs_that_break_the_promise_are_counted_at_each_look():
    broken, unsure = told(3, 2).broken(LAB, [SETTING] * 40)
    assert broken.shape == unsure.shape == (40, LOOKS - SINCE)
    assert broken.sum(axis=0).tolist() == [3] * (LOOKS - SINCE)
    assert unsure.sum(axis=0).tolist() == [2] * (LOOKS - SINCE)


@pytest.mark.parametrize(
    ("broken", "unsure", "outcome"),
    [
        (0, 0, Outcome.SUPPORTED),
        (1, 0, Outcome.SUPPORTED),
        (0, 1, Outcome.SUPPORTED),
        (2, 0, Outcome.INCONCLUSIVE),
        (1, 1, Outcome.INCONCLUSIVE),
        (12, 0, Outcome.INCONCLUSIVE),
        (15, 0, Outcome.REFUTED),
        (13, 20, Outcome.INCONCLUSIVE),
        (14, 20, Outcome.REFUTED),
    ],
)
def test_the_promise_is_held_against_a_probability_of_one_over_n(broken, unsure, outcome):
    kind = HighProbability(Separation(1.0, "small"))
    m = told(broken, unsure).measure(CNN, Laboratory([SETTING] * 40, steps=10))
    np.testing.assert_array_equal(m.chance, np.full(40, 1 / 6))
    found = kind.judge("shortfall", m)
    assert found.outcome is outcome
    assert f"{broken} of 40 cases" in found.sentence
    assert "the theorem allows 0.167" in found.sentence


def test_settings_that_are_not_tried_have_no_probability():
    lab = Laboratory([SETTING, SETTING, SETTING], steps=10)
    quantity = CnnRuns(first=2, n=8)
    m = quantity.measured(lab, np.zeros((2, 3)), np.zeros(2), (), np.arange(3.0))
    np.testing.assert_array_equal(m.chance, [1 / 8, 1 / 8, np.nan])


def test_runs_from_the_start_to_the_verdict_in_small():
    setting = CnnSetting(n=4, s=330, alpha=0.1, noise=0.7, m=8, b1=0.0, b2=0.0)
    lab = Laboratory([setting], steps=10)
    found = SeparationShortfall().measure(CNN, lab)
    assert found.values[0, -1] < 1
    turned = SeparationShortfall(fails=GD, learns=ADAM).measure(CNN, lab)
    assert turned.values[0, -1] > 5
    signs = FeatureSigns().measure(CNN, lab)
    assert signs.values[0, -1] < 0


def test_large_runs_go_in_groups_of_like_steps_that_fit_into_memory(monkeypatch):
    small, large = replace(SETTING, n=4), replace(SETTING, s=2000)  # s sigma_p of 17 and 34
    runs = CnnRuns(finest=17.0)
    assert [runs.steps([one], ADAM) for one in (small, large)] == [STEPS, 2 * STEPS]
    assert runs.step_size(large, ADAM) == runs.step_size(small, ADAM) / 2
    assert runs.step_size(large, GD) == runs.step_size(small, GD)
    assert CnnRuns().steps([large], ADAM) == STEPS
    mixed = [SETTING, large, small, SETTING]
    assert runs.side_by_side(mixed) == [[2, 0, 3], [1]]
    monkeypatch.setattr(cnn_runs, "_WEIGHTS", 2 * SETTING.m * SETTING.n * SETTING.s * 2)
    assert runs.side_by_side(mixed) == [[2, 0], [3], [1]]
    assert CnnRuns().side_by_side(mixed) == [[2, 0], [3], [1]]


def test_groups_show_what_the_runs_together_show(monkeypatch):
    drawn = [CnnSetting(n=n, s=s, alpha=0.5, noise=0.7, m=4, seed=n) for n, s in ((6, 9), (4, 16), (6, 12))]
    runs = CnnRuns(count=60)
    together = runs.seen(Laboratory(drawn, steps=10), drawn, ADAM)
    monkeypatch.setattr(cnn_runs, "_WEIGHTS", 1)
    apart = runs.seen(Laboratory(drawn, steps=10), drawn, ADAM)
    for one, other in zip(apart, together, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_quantities_want_settings():
    lab = Laboratory([Dataset(np.array([[1.0, 2.0]]), np.array([1]))], steps=10)
    with pytest.raises(InputError, match="on settings of the network"):
        SeparationShortfall().settings(lab)


def test_twins_replace_what_they_say():
    (other,) = CnnRuns(s=16, n=8, alpha=0.5, first=1).settings(LAB)
    assert (other.s, other.n, other.alpha, other.m) == (16, 8, 0.5, SETTING.m)
    assert CnnRuns(dense=True).model(SETTING).width == 500
    assert CnnRuns(decay=3.0).job(SETTING, ADAM).lam == pytest.approx(3 * SETTING.decay)
    assert CnnRuns().job(SETTING, Way("adamw")).lam == SETTING.lam
    strong = CnnRuns(count=300).job(SETTING, Way("adam", strong=True))
    assert (strong.lam, strong.eps) == (SETTING.lam, pytest.approx(SETTING.lam / 100))
    assert CnnRuns(travel=6.0).job(SETTING, ADAM).eta == pytest.approx(6 / STEPS)
    assert CnnRuns().job(SETTING, Way("adam", (0.5, 0.5), 2)).batch == 2
    assert CnnRuns().job(SETTING, Way("adam", (0.5, 0.6))).b2 == 0.6
