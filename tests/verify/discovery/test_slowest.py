"""The slowest case: found, with a proof of its margin where it has one."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import strategies as st

from tests.verify.discovery import grown
from tests.verify.discovery.made import Made, Place, claim
from verify import Dataset, Rate, laws
from verify.discovery.slowest import Slowness, slowest
from verify.problems.laboratory import Laboratory

EFFORT = {"seed": 0, "steps": 2_000, "log_time": 1e3}


@pytest.mark.parametrize("budgeted", [False, True], ids=["by envelopes", "with a budget"])
def test_the_hunt_climbs_to_the_slowest_curve(budgeted):
    found = slowest(claim(laws.power(0.5), trend=0.02, budgeted=budgeted), laws.power(0.5), examples=40, **EFFORT)
    assert isinstance(found.case, Place)
    assert found.case.slowness >= 8
    assert found.growth == pytest.approx(0.02 * found.case.slowness, abs=0.02)
    assert found.later == pytest.approx(found.growth, abs=0.02)
    assert found.witness is None
    assert not found.refuted


def test_a_curve_that_levels_off_refutes():
    found = slowest(claim(laws.power(0.5), plateau=0.5), laws.power(0.5), examples=4, **EFFORT)
    assert found.refuted


def test_datasets_before_their_regime_say_nothing():
    law = laws.power(0.01)
    lab = Laboratory([Place(size=500, slowness=0), Place(size=20, slowness=0)], steps=2_000)
    m = Made(law, budgeted=True).measure(None, lab)
    assert list(np.isnan(Slowness(law).nearness(m))) == [True, False]
    assert not Slowness(law).alone(m)[0]


def test_a_dataset_comes_with_a_rational_proof():
    from verify import conjecture, strategies
    from verify.optimizers import PowerDecay, sign_gd

    asked = conjecture(
        "one", "One: point.", optimizer=sign_gd(PowerDecay(0.1, 0.5)), norm="linf", kind=Rate(laws.power(0.5)),
        twins=(), problem=lambda: strategies.binary(max_points=2, max_features=2, flavours=["integers"]),
    )  # fmt: skip
    found = slowest(asked, laws.power(0.5), examples=30, seed=0, steps=200, log_time=10.0)
    assert isinstance(found.case, Dataset)
    assert found.witness is not None
    assert np.all(found.case.x == np.round(found.case.x))  # what all draws have in common is kept
    told = found.to_dict()["witness"]
    assert told["norm"] == "linf"
    assert found.witness.lower <= found.witness.upper
    assert all(isinstance(v, str) for v in told["weights"])


ROUGH = np.array([[1.31, 0.77], [0.58, 2.43], [1.17, 1.29]])


@dataclass(frozen=True)
class OfWholeNumbers(grown.Grown):
    """Falls like t^-1/2, or not at all, and like t^-3/10 on data of whole numbers."""

    falls: bool = True

    def measure(self, subject, lab):
        m = super().measure(subject, lab)
        whole = np.array([[np.all(each.x == np.round(each.x))] for each in lab.datasets])
        return replace(m, values=np.exp(np.where(whole, -0.3, -0.5 * self.falls) * m.log_time))


def rough(most: int = 99, *, falls: bool = True):
    def made(more: int) -> Dataset:
        return Dataset(ROUGH + more / 1000, [1, 1, 1])

    asked = grown.claim({"n": 0.0}, Rate(laws.power(0.55)))
    return replace(asked, problem=lambda: st.integers(0, most).map(made), quantity=OfWholeNumbers({}, falls=falls))


def test_the_slowest_dataset_is_made_smaller():
    made = grown.claim({"n": 0.0}, Rate(laws.power(0.55)), wobble=0.0)  # all fall like t^-1/2
    found = slowest(made, laws.power(0.55), examples=10, **EFFORT)
    assert isinstance(found.case, Dataset)
    assert found.first is None or found.first.n * found.first.d > found.case.n * found.case.d  # pyright: ignore[reportAttributeAccessIssue]
    assert (found.case.n, found.case.d) == (1, 1)
    assert found.growth == pytest.approx(0.05, abs=0.01)


def test_where_a_smaller_one_grows_faster_both_are_told():
    found = slowest(rough(), laws.power(0.55), examples=10, **EFFORT)
    assert isinstance(found.case, Dataset)
    assert np.all(found.case.x == np.round(found.case.x))
    assert found.first is not None
    assert found.drawn == pytest.approx(0.05, abs=0.01)
    assert found.growth == pytest.approx(5 * found.drawn)
    assert found.to_dict()["first"]["growth"] == found.drawn
    assert not found.refuted


def test_it_is_not_made_one_that_refutes_where_the_drawn_one_does_not(monkeypatch):
    def alone(kind, m):
        return np.array([np.all(each.x == np.round(each.x)) for each in m.data])

    monkeypatch.setattr(Slowness, "alone", alone)
    found = slowest(rough(), laws.power(0.55), examples=10, **EFFORT)
    assert isinstance(found.case, Dataset)
    assert found.first is not None
    assert not np.all(found.case.x == np.round(found.case.x))


def test_a_refutation_is_one_by_what_is_drawn():
    found = slowest(rough(falls=False), laws.power(0.5), examples=10, **EFFORT)
    assert found.refuted
    assert isinstance(found.case, Dataset)
    assert (found.case.x.shape, found.first) == (ROUGH.shape, None)
    assert np.ptp(found.case.x - ROUGH) < 1e-12


def test_of_a_problem_of_few_datasets_all_that_can_be_seen_is_kept():
    found = slowest(rough(most=1), laws.power(0.55), examples=4, **EFFORT)
    assert isinstance(found.case, Dataset)
    assert (found.case.n, found.case.d) == (3, 2)
