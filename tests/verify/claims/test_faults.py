"""Errors while one case is measured: they cost that case, whatever else is measured with it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from reports.records import read_records, write_record
from solvers.errors import InputError, UndecidedError
from tests.verify.given import ARRIVED, POINT, TINY, Given, claim, fails_on_one_point
from verify import Dataset, laws, optimizers
from verify.claims import Rate, Twin, faults
from verify.claims.judge import check
from verify.claims.verdict import Outcome
from verify.errors import FlowError, TrajectoryError
from verify.problems.laboratory import Laboratory
from verify.problems.margins.gap import Gap
from verify.trials.record import record_of
from verify.trials.trial import try_claim

ODD = Dataset([[1, 2], [2, 1]], [1, 1], name="odd")


def warns() -> float:
    """What numpy warns of, while it goes on with a NaN."""
    return float((np.zeros(1) / np.zeros(1))[0])


def raises(error: Exception) -> Callable[[], float]:
    def fail() -> float:
        raise error

    return fail


FAULTS = {
    "numpy": warns,
    "run": raises(TrajectoryError("no number")),
    "flow": raises(FlowError("no step")),
    "solver": raises(UndecidedError("no margin")),
    "algebra": raises(np.linalg.LinAlgError("no inverse")),
    "overflow": raises(OverflowError("too large")),
}


def curves(fault: Callable[[], float], seen: list[int] | None = None) -> Callable[[Laboratory], np.ndarray]:
    """Curves that have arrived, and the fault where an odd dataset is among the cases."""

    def measured(lab: Laboratory) -> np.ndarray:
        if seen is not None:
            seen.append(len(lab.cases))
        if ODD in lab.cases:
            fault()
        return ARRIVED[: len(lab.cases)]

    return measured


@pytest.mark.parametrize("name", FAULTS)
def test_the_case_is_named_and_the_others_are_judged(name):
    lab = Laboratory([POINT] * 5 + [ODD] + [POINT] * 9 + [ODD], steps=100)
    verdict = check(claim(curves(FAULTS[name])), lab)
    m = verdict.measurement
    assert np.flatnonzero(~m.judged).tolist() == [5, 15]
    assert np.isnan(m.values[[5, 15]]).all()
    np.testing.assert_array_equal(m.values[m.judged], ARRIVED[:14])
    assert list(m.datasets) == lab.cases
    assert verdict.outcome is Outcome.SUPPORTED
    (note,) = m.notes
    assert re.match(r"case 5 \(odd\) cannot be measured: \w+: .*; case 15 \(odd\) cannot be measured: ", note)


def test_what_is_wrong_with_the_claim_is_no_fault_of_a_case():
    with pytest.raises(InputError, match="needs a norm"):
        check(claim(curves(raises(InputError("it needs a norm")))), [POINT, ODD])
    with pytest.raises(IndexError):
        check(claim(curves(raises(IndexError("a mistake in the quantity")))), [POINT, ODD])


def test_an_error_of_all_cases_is_raised():
    with pytest.raises(TrajectoryError, match="no number"):
        check(claim(curves(FAULTS["run"])), [ODD, ODD, ODD])


def test_an_error_of_many_that_none_has_alone_is_raised():
    def together(lab: Laboratory) -> np.ndarray:
        if len(lab.cases) > 3:
            raise TrajectoryError("too many")
        return ARRIVED[: len(lab.cases)]

    with pytest.raises(TrajectoryError, match="too many"):
        check(claim(together), [POINT] * 4)


def test_it_is_looked_for_once_and_the_horizon_stays_the_laboratory_s():
    seen: list[int] = []
    lab = Laboratory([POINT] * 7 + [ODD], steps=100)
    false = claim(curves(FAULTS["run"], seen))
    faults.measured(false, lab)
    assert seen == [8, 4, 4, 2, 2, 1, 1, 7]
    horizons: list[int] = []
    moved = claim(lambda lab: horizons.append(lab.steps) or curves(FAULTS["run"])(lab))
    faults.measured(moved, lab)
    lab.extend(3.0)
    del horizons[:-1]
    faults.measured(moved, lab)
    assert horizons == [100, 300]


@dataclass(frozen=True)
class FaultyGap(Gap):
    def measure(self, subject, lab):
        if ODD in lab.cases:
            raise TrajectoryError("no number")
        return super().measure(subject, lab)


def test_what_a_budget_says_of_the_others_stays_as_it_is():
    """A rate on the scale of a gap budget, with and without a case that cannot be measured."""
    good = [Dataset([[1, k], [k, 2]], [1, 1]) for k in (-3, -2, 2, 3)]
    rate = claim(
        kind=Rate(laws.power(1 / 2)), optimizer=optimizers.sign_gd(optimizers.PowerDecay(0.1, 1 / 2)), quantity=Gap()
    )
    alone = check(rate, good, steps=300)
    beside = check(replace(rate, quantity=FaultyGap()), [*good, ODD], steps=300)
    assert (beside.outcome, beside.sentence) == (alone.outcome, alone.sentence)
    assert beside.measurement.scale is not None
    assert beside.measurement.scale.judged.tolist() == [True, True, True, True, False]


def test_norms_are_told_apart_where_margins_are_found(monkeypatch):
    original = Laboratory.references

    def references(self, norm):
        if ODD in self.cases:
            raise UndecidedError("no margin")
        return original(self, norm)

    monkeypatch.setattr(Laboratory, "references", references)
    lab = Laboratory([POINT, ODD, Dataset([[1, 1]], [1])], steps=1)
    np.testing.assert_array_equal(faults.told_apart(lab, ("linf", "l2")), [True, False, False])


@pytest.mark.parametrize("error", [TrajectoryError("no number"), RuntimeWarning("invalid value")])
def test_a_trial_goes_on_to_its_record(error, tmp_path):
    """A drawn case, a twin's and a real dataset that cannot be measured."""
    one = Dataset([[3, 4]], [1], name="one point")
    twin = Twin("it is small", quantity=Given(fails_on_one_point(error)), shrink=False)
    trial = try_claim(claim(fails_on_one_point(error), twins=(twin,), real=(one,)), TINY)
    assert trial.verdict.outcome is Outcome.REFUTED
    assert any("cannot be measured" in note for note in trial.notes)
    ((name, alone),) = trial.real
    assert (name, alone.outcome) == ("one point", Outcome.INCONCLUSIVE)
    assert f"it cannot be measured: {type(error).__name__}: {error}" in alone.measurement.notes
    record, drawn = record_of(trial, "pytest")
    write_record(tmp_path, record, drawn)
    assert read_records(tmp_path)[0]["notes"] == trial.notes
