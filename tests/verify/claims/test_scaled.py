"""What one horizon says on the scale of the budget, on curves made up from the theory of the deficit."""

from dataclasses import replace

import numpy as np
import pytest

from tests.verify.budgeted import curves, unexplained
from verify import laws
from verify.claims.scaled import crowd, ensemble_refutes, levels_off, read, refuted_alone

HALF = laws.power(1 / 2).log_value
SPEED = 0.05


def masks(such: int, of: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(40) < of, np.arange(40) < such


@pytest.mark.parametrize(
    ("such", "of", "expected"),
    [(0, 40, False), (8, 40, False), (15, 40, False), (16, 40, True), (7, 7, False), (8, 8, True)],
)
def test_a_crowd_is_significantly_more_than_a_fifth_of_eight_at_least(such, of, expected):
    assert crowd(*masks(such, of)) is expected


def test_a_lawful_ensemble_is_in_its_regime_and_proven():
    r = read(curves(), HALF, SPEED)
    assert r.proven
    assert not r.frozen
    assert (r.inside, r.judged, r.exact) == (20, 20, 0)
    assert r.regime == "20 of 20 datasets are in their regime"
    assert r.use.all()
    assert not r.pending.any()
    assert r.growth is not None
    assert r.growth.high <= SPEED
    assert r.slope is not None
    assert r.slope.high < 0.1
    assert not ensemble_refutes(r, SPEED)
    assert not levels_off(r)


def test_a_law_that_is_too_fast_is_refuted_by_the_ensemble():
    assert ensemble_refutes(read(curves(), laws.power(0.7).log_value, SPEED), SPEED) == "the law is too fast"


@pytest.mark.parametrize("plateau", [0.2, 0.9], ids=["in the regime", "outside it for ever"])
def test_on_a_plateau_each_dataset_refutes_alone_further_on(plateau):
    now, later = (read(unexplained(curves(plateau=plateau, until=until)), HALF, SPEED) for until in (2e5, 2e6))
    assert now.pending.all()
    assert levels_off(later) == (plateau < 0.5)  # of datasets in their regime
    assert refuted_alone(now, later, np.arange(20)).all()
    lawful = read(curves(until=2e6), HALF, SPEED)
    assert not refuted_alone(now, lawful, np.arange(20)).any()


@pytest.mark.parametrize(("such", "refuted"), [(4, False), (5, False), (6, True), (20, True)])
def test_more_stray_datasets_than_a_twentieth_refute(such, refuted):
    plateau, fine = curves(plateau=0.3, size=30.0), curves()
    some = np.arange(20)[:, None] < such
    mixed = replace(
        fine,
        gap=np.where(some, plateau.gap, fine.gap),
        budget=np.where(some, plateau.budget, fine.budget),
        misaligned=np.where(some, plateau.misaligned, fine.misaligned),
    )
    r = read(mixed, HALF, SPEED)
    assert r.strays is refuted
    assert levels_off(r) is refuted
    why = f"on {such} of 20 datasets the updates are misaligned for good"
    assert ensemble_refutes(r, SPEED) == (why if refuted else "")


def test_weights_that_stand_still_are_frozen():
    assert read(curves(a=1.5), HALF, SPEED).frozen


def test_what_reached_its_floor_is_counted_and_bears_on_no_law():
    c = curves()
    r = read(replace(c, floor=np.where(np.arange(20) < 5, 1.0, c.floor)), HALF, SPEED)
    assert (r.exact, int(r.use.sum())) == (5, 15)


def test_few_datasets_have_no_interval():
    r = read(curves().among(np.arange(20) < 7), HALF, SPEED)
    assert (r.judged, r.growth, r.slope, r.proven) == (7, None, None, False)
    assert not ensemble_refutes(r, SPEED)
