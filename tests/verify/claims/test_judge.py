"""Verdicts on curves made by hand: each kind of claim is supported, refuted and left open where it must be."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.verify.given import LOG_TIME, POINT, claim, falling, measured
from verify import laws
from verify.claims.envelopes import LN10, levels_off
from verify.claims.judge import Verdict, check, judge, refutes_alone
from verify.claims.kinds import Bound, Limit, Order, Rate, Separation, Trend
from verify.claims.verdict import Outcome
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject

RATE = claim(kind=Rate(laws.power(1 / 2)))


@pytest.mark.parametrize(
    ("exponent", "outcome"),
    [(0.5, "SUPPORTED"), (0.9, "SUPPORTED"), (0.25, "REFUTED"), (0.0, "REFUTED")],
)
def test_rate(exponent, outcome):
    verdict = judge(RATE, measured(falling(exponent)))
    assert verdict.outcome == outcome
    assert verdict.evidence.informative == 16
    assert abs(verdict.evidence.exponent.value + exponent) < 0.05
    assert verdict.worst is POINT


def test_rate_is_open_on_too_few_datasets():
    assert judge(RATE, measured(falling(0.5, count=5))).outcome is Outcome.INCONCLUSIVE


def test_rate_is_open_where_all_curves_reached_the_reference():
    verdict = judge(RATE, measured(falling(0.5) * 1e-12, floor=1e-9))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.evidence.exactly_reached == 16


def test_few_datasets_that_break_a_rate_leave_it_open_until_they_are_run_longer():
    values = falling(0.5)
    values[[2, 5]] = 0.3
    verdict = judge(RATE, measured(values))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.evidence.alone == 2
    assert verdict.evidence.worst in (2, 5)
    assert "on 2 of 16 datasets" in verdict.sentence


@pytest.mark.parametrize(
    "curve",
    [
        np.exp(-0.5 * np.minimum(LOG_TIME, np.log(1.5e4))),  # stands still for less than two decades
        np.where(np.log(3e4) > LOG_TIME, 0.3, 0.3 * (np.exp(LOG_TIME) / 3e4) ** -1.5),  # falls again at the end
        np.full(len(LOG_TIME), 1e-11),  # below what its reference resolves
    ],
)
def test_one_dataset_does_not_refute_a_rate_before_it_has_done_so_twice(curve):
    values = falling(0.5)
    values[4] = curve
    assert judge(RATE, measured(values)).outcome is Outcome.SUPPORTED


def test_datasets_that_are_not_judged_do_not_count():
    values = np.concatenate([falling(0.5), falling(0.0)])
    judged = np.arange(32) < 16
    assert judge(RATE, measured(values, judged=judged)).outcome is Outcome.SUPPORTED
    assert judge(RATE, measured(values, judged=~judged)).outcome is Outcome.REFUTED


def test_growth_that_dies_down_is_no_refutation():
    step = np.where(LOG_TIME[-1] - LN10 * 0.9 < LOG_TIME, 10**0.3, 1.0)  # one step up, lawful before and after
    assert judge(RATE, measured(falling(0.5) * step)).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        (falling(1.0), "SUPPORTED"),
        (falling(1.0) + 0.05, "REFUTED"),
        (falling(0.2), "INCONCLUSIVE"),
        (0.1 * falling(-0.1), "REFUTED"),
    ],
)
def test_limit(values, outcome):
    claim = replace(RATE, kind=Limit(tolerance=1e-3, law=laws.power(1 / 2)))
    assert judge(claim, measured(values)).outcome == outcome


def test_one_dataset_that_stops_falling_refutes_a_limit():
    claim = replace(RATE, kind=Limit(tolerance=1e-3, law=laws.power(1 / 2)))
    values = falling(1.0)
    values[3] += 0.05
    verdict = judge(claim, measured(values))
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.evidence.worst == 3


def test_bound_falls_by_one_violation_larger_than_the_floor():
    claim = replace(RATE, kind=Bound(lambda m: 1 / m.time + 0 * m.n, "1/t"))
    lawful = np.tile(0.5 / np.exp(LOG_TIME), (3, 1))
    assert judge(claim, measured(lawful)).outcome is Outcome.SUPPORTED
    broken = lawful.copy()
    broken[1, 20] *= 2.1
    verdict = judge(claim, measured(broken))
    assert verdict.outcome is Outcome.REFUTED
    assert (verdict.evidence.worst, verdict.evidence.worst_log_time) == (1, LOG_TIME[20])
    np.testing.assert_array_equal(refutes_alone(claim, measured(broken)), [False, True, False])
    assert judge(claim, measured(broken, floor=0.1)).outcome is Outcome.SUPPORTED


@pytest.mark.parametrize(("bound", "outcome"), [(np.nan, "INCONCLUSIVE"), (-1.0, "REFUTED"), (0.0, "REFUTED")])
def test_a_bound_that_is_no_positive_number_hides_nothing(bound, outcome):
    claim = replace(RATE, kind=Bound(lambda m: np.full_like(m.values, bound), "odd"))
    assert judge(claim, measured(falling(0.5, count=3))).outcome == outcome


def test_nothing_judged_is_never_supported():
    nothing = np.zeros(16, bool)
    for kind in (Rate(laws.power(0.5)), Limit(1.0, laws.power(0.5)), Bound(lambda m: 1e9 + 0 * m.values, "1e9")):
        verdict = judge(replace(RATE, kind=kind), measured(falling(0.5), judged=nothing))
        assert verdict.outcome is Outcome.INCONCLUSIVE


KINDS = {
    "rate": (Rate(laws.power(1 / 2)), falling(0.5), falling(0.0)),
    "limit": (Limit(1e-3, laws.power(1 / 2)), falling(1.0), falling(1.0) + 0.05),
    "bound": (Bound(lambda m: 1e3 + 0 * m.values, "1000"), falling(0.5), falling(0.5) + 1e4),
    "order": (Order(0.4, 0.6, "1/t"), np.tile(np.exp(-0.5 * LOG_TIME), (16, 1)), falling(0.0) * 0 + 1),
    "trend": (Trend(1), np.tile(1 + LOG_TIME, (16, 1)), np.tile(1 / LOG_TIME, (16, 1))),
    "separation": (Separation(0.1, "≤ 0.1"), falling(1.0), falling(0.0)),
}


@dataclass(frozen=True)
class Given:
    """Curves that were measured before, of which the first `kept` could be judged."""

    values: np.ndarray
    kept: int
    all_or_none: bool = False

    name = "curve"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        m = measured(self.values, judged=np.arange(len(self.values)) < self.kept)
        return replace(m, notes=("the others went astray",), all_or_none=self.all_or_none)


@pytest.mark.parametrize("name", KINDS)
def test_a_claim_of_any_kind_is_not_supported_where_most_cases_are_left_out(name):
    kind, lawful, lawless = KINDS[name]

    def outcomes(values: np.ndarray, all_or_none: bool) -> list[str]:
        quantities = [Given(values, kept, all_or_none) for kept in (16, 8, 7)]
        return [check(replace(RATE, kind=kind, quantity=each), [POINT] * 16).outcome for each in quantities]

    # A rate needs eight datasets in any case.
    few = "INCONCLUSIVE" if name == "rate" else "REFUTED"
    assert outcomes(lawful, False) == ["SUPPORTED", "SUPPORTED", "INCONCLUSIVE"]
    assert outcomes(lawless, False) == ["REFUTED", "REFUTED", few]
    assert outcomes(lawful, True) == ["SUPPORTED", "SUPPORTED", "INCONCLUSIVE"]
    assert outcomes(lawless, True) == ["REFUTED", "REFUTED", "INCONCLUSIVE"]


@pytest.mark.parametrize("name", KINDS)
def test_a_case_whose_curve_is_no_number_somewhere_is_left_out_whatever_the_kind(name):
    kind, lawful, lawless = KINDS[name]

    def verdict(values: np.ndarray, lost: int) -> Verdict:
        values = values.copy()
        values[:lost, 30] = np.nan
        return judge(replace(RATE, kind=kind), measured(values))

    assert verdict(lawful, 8).outcome is Outcome.SUPPORTED
    assert verdict(lawful, 9).outcome is Outcome.INCONCLUSIVE
    assert verdict(lawless, 1).outcome is Outcome.REFUTED
    one = verdict(lawful, 1)
    assert one.measurement.notes == ("1 dataset left out, whose curve is not a number somewhere",)
    assert one.evidence.informative == 15
    values = lawless.copy()
    values[:, 30] = np.nan
    assert not refutes_alone(replace(RATE, kind=kind), measured(values)).any()


def test_what_was_left_out_is_told():
    claim = replace(RATE, kind=KINDS["limit"][0], quantity=Given(falling(1.0), 7))
    verdict = check(claim, [POINT] * 16)
    assert verdict.sentence.startswith("Only 7 of 16 cases could be judged (the others went astray); on these: The")
    none = check(replace(claim, quantity=Given(falling(1.0), 7, all_or_none=True)), [POINT] * 16)
    assert not none.measurement.judged.any()
    assert none.measurement.notes[-1] == "none is judged, since only 7 of 16 runs could be"


def test_cases_that_the_claim_is_not_about_are_not_left_out():
    claim = replace(RATE, kind=KINDS["limit"][0])
    among = np.arange(16) < 2
    verdict = judge(claim, measured(falling(1.0)), among)
    assert verdict.outcome is Outcome.SUPPORTED
    assert verdict.evidence.informative == 2
    few = judge(claim, measured(falling(1.0), judged=np.arange(16) < 7), among)
    assert few.outcome is Outcome.INCONCLUSIVE


def test_levels_off():
    values = np.stack([falling(0.0, 1)[0] * 0 + 0.3, 0.3 + np.exp(-LOG_TIME), np.exp(-0.1 * LOG_TIME)])
    np.testing.assert_array_equal(levels_off(measured(values), laws.power(0.5)), [True, True, False])


def test_a_single_dataset_needs_two_decades_of_growth_to_refute():
    lawful = measured(np.exp(-0.5 * LOG_TIME)[None, :])
    late = measured((np.exp(-0.5 * np.minimum(LOG_TIME, np.log(1.5e4))))[None, :])
    stuck = measured(np.full((1, len(LOG_TIME)), 0.3))
    outcomes = [judge(RATE, m, one=True).outcome for m in (lawful, late, stuck)]
    assert outcomes == [Outcome.SUPPORTED, Outcome.INCONCLUSIVE, Outcome.REFUTED]


def test_check_end_to_end_on_one_point():
    claim = replace(RATE, norm="l2", kind=Limit(1e-3, laws.power(1 / 2)))
    verdict = check(claim, [POINT], steps=1000)
    # SignGD goes to (1, 1), of L2 margin 3/sqrt 2, where sqrt 5 is possible.
    assert verdict.outcome is Outcome.REFUTED
    np.testing.assert_allclose(verdict.measurement.values[0, -1], 1 - 3 / np.sqrt(10), rtol=1e-9)
    assert check(replace(claim, norm="linf"), [POINT], steps=1000).outcome is Outcome.SUPPORTED


def test_every_outcome_has_its_sentence():
    assert all(outcome.meaning.endswith(".") for outcome in Outcome)
