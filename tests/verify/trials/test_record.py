"""What a record tells of a trial."""

import numpy as np
import pytest

from reports.records import read_records, write_record
from tests.verify.given import POINT, TINY, claim, measured
from verify import optimizers
from verify.claims import Bound, Limit
from verify.claims.judge import judge
from verify.datasets import Dataset
from verify.laws import power
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement
from verify.trials.hunting import Hunt
from verify.trials.record import plain_hunt, record_of
from verify.trials.refutation import explain
from verify.trials.trial import Trial, TwinResult


def trial(kind: Bound, m: Measurement) -> Trial:
    bound = claim(kind=kind)
    return Trial(bound, judge(bound, m), [], [], Laboratory([POINT] * 3, steps=10), TINY, 0, "cpu", 1.0)


def test_a_counterexample_is_shown_with_its_own_value_and_step():
    false = claim(norm="l2", kind=Limit(0.04, power(1 / 2)))
    lab = Laboratory([Dataset([[1, 3]], [1]), POINT], steps=1_000)
    verdict = judge(false, false.measure(lab))
    refutation = explain(false, POINT, steps=100)
    tried = Trial(false, verdict, [], [], lab, TINY, 0, "cpu", 1.0, POINT, refutation)
    worst = record_of(tried, "again")[0]["datasets"]["worst"]
    assert worst["note"] == "case: smallest counterexample found"
    m = false.measure(Laboratory([Dataset(**worst["dataset"])], steps=round(worst["step"])))
    assert m.time[-1] == pytest.approx(worst["step"])
    assert m.values[0, -1] == pytest.approx(worst["value"])


def test_a_counterexample_without_its_run_leaves_the_worst_case_shown():
    m = measured(np.full((3, 57), 2.0))
    one = trial(Bound.constant(1.0), m)
    shrunk = Trial(**vars(one) | {"counterexample": Dataset([[7, 7]], [1])})
    assert record_of(shrunk, "again")[0]["datasets"]["worst"] == record_of(one, "again")[0]["datasets"]["worst"]


def test_a_refuted_twin_shows_a_dataset_as_it_was_drawn_where_none_was_shrunk():
    m = measured(np.full((3, 57), 2.0))
    true, false = claim(kind=Bound.constant(3.0)), claim(kind=Bound.constant(1.0))
    twins = [TwinResult("1 for 3", judge(false, m), None), TwinResult("nothing", judge(true, m), None)]
    tried = Trial(true, judge(true, m), twins, [], Laboratory([POINT] * 3, steps=10), TINY, 0, "cpu", 1.0)
    shown = [twin["drawn"] for twin in record_of(tried, "again")[0]["twins"]]
    assert shown == [{"x": [[1.0, 2.0]], "y": [1]}, None]


def test_an_infinite_violation_is_not_recorded_as_zero(tmp_path):
    record, curves = record_of(trial(Bound.constant(0.0), measured(np.full((3, 57), 0.5))), "again")
    assert record["verdict"] == "REFUTED"
    assert record["datasets"]["worst"]["value"] is None
    record["tightness"] = plain_hunt(Hunt("a ratio", 1.0, np.inf, POINT, 4, 4, np.inf, True))
    write_record(tmp_path, record, curves)
    assert read_records(tmp_path)[0] == record


def test_a_bound_is_drawn_as_it_is_judged():
    record, curves = record_of(trial(Bound.constant(1.0), measured(np.full((3, 57), 1.2), floor=0.3)), "again")
    assert record["verdict"] == "SUPPORTED"
    assert curves["gap"].max() == pytest.approx(record["observed"]["value"])


def test_constants_of_the_optimizer_are_recorded(tmp_path):
    eps = claim(optimizer=optimizers.adam(0.1, eps=1e-3), norm="l2", kind=Limit(0.04, power(1 / 2)))
    lab = Laboratory([Dataset([[1, 3]], [1]), POINT], steps=1_000)
    tried = Trial(eps, judge(eps, eps.measure(lab)), [], [], lab, TINY, 0, "cpu", 1.0)
    record, curves = record_of(tried, "again")
    (constant,) = record["constants"]
    assert 1e-3 / 3 < constant["size"] < 3e-3
    assert (constant["above"], constant["below"], constant["passed"], constant["of"]) == (0, 1, 2, 2)
    assert 1 < constant["step"] < 1_000
    write_record(tmp_path, record, curves)
    assert read_records(tmp_path)[0] == record
    assert "constants" not in record_of(trial(Bound.constant(1.0), measured(np.full((3, 57), 1.2))), "again")[0]
