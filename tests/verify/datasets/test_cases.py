"""Settings beside datasets: keys, plain values, and claims that are tried on settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import hypothesis.strategies as st
import numpy as np
import optax
import pytest
from scipy import stats

from properties.papers import FAN_2025
from reports.records import write_record
from reports.verified import failures
from solvers.errors import InputError
from verify import Claim, Dataset, Order, Outcome, Separation, Setting, Trend, Twin
from verify.claims.judge import judge
from verify.datasets import datasets_of, shown
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Clock, Measurement
from verify.problems.subject import Subject
from verify.trials.profiles import Profile
from verify.trials.record import record_of
from verify.trials.trial import try_claim

TINY = Profile("tiny", 12, 100, 100.0, 1, 20)


@dataclass(frozen=True, kw_only=True)
class Steps(Setting):
    power: float
    grid: tuple[int, ...] = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class PowerOfStep:
    """`h^power` at `h = 1/1, 1/2, ...`."""

    lost: float = 0.0
    name: str = "error"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        cases = [case for case in lab.cases if isinstance(case, Steps)]
        log_time = np.log(np.array(cases[0].grid, float))
        values = np.stack([np.exp(-(case.power - self.lost) * log_time) for case in cases])
        everyone = np.ones(len(cases), bool)
        return Measurement(log_time, values, np.full(len(cases), 1e-12), everyone, cases, clock=Clock.named("1/h"))


def steps() -> st.SearchStrategy[Steps]:
    return st.builds(Steps, power=st.integers(0, 50).map(lambda i: 2 + i / 1000), name=st.just("drawn"))


CLAIM = Claim(
    id="fan2025/steps",
    title="Powers of the step",
    statement="The error is O(h²).",
    source="none",
    paper=FAN_2025,
    kind=Order(1.9, 2.1),
    problem=steps,
    optimizer=optax.identity(),
    optimizer_text="none",
    loss="none",
    norm="none",
    quantity=PowerOfStep(),
    twins=(Twin("one order lost", quantity=PowerOfStep(lost=1.0)),),
    real=(Steps(power=2.0, name="two exactly"),),
)


def measured(values: list[list[float]], floor: float = 0.0) -> Measurement:
    rows = np.array(values, float)
    cases = [Steps(power=1.0) for _ in rows]
    grid = np.log(2.0 ** np.arange(rows.shape[1]))
    return Measurement(grid, rows, np.full(len(rows), floor), np.ones(len(rows), bool), cases, clock=Clock.named("1/h"))


def test_setting_key_and_json():
    one, other = Steps(power=2.0, name="a"), Steps(power=2.0, name="b")
    assert one.key == other.key != Steps(power=2.5).key
    assert one.to_json() == {"setting": {"power": 2.0, "grid": [1, 2, 4, 8, 16]}, "name": "a"}
    assert shown(one.to_json()) == "power=2.0, grid=[1, 2, 4, 8, 16]"
    assert shown(Dataset([[1, 2]], [1]).to_json()) == "Dataset([[1, 2]], [1])"


def test_setting_is_finite():
    with pytest.raises(InputError, match=r"power = nan of a Steps is not finite"):
        Steps(power=float("nan"))


def test_settings_are_no_datasets():
    with pytest.raises(InputError, match="draw datasets"):
        datasets_of([Steps(power=1.0)])


def test_claim_on_settings(tmp_path):
    trial = try_claim(CLAIM, TINY)
    record, curves = record_of(trial, "again")
    assert failures(record) == []
    assert record["time"]["axis"] == "1/h"
    assert record["datasets"]["worst"]["dataset"]["setting"]["power"] <= 2.05
    # Shrinks to the simplest setting.
    assert record["twins"][0]["counterexample"]["setting"]["power"] == 2.0
    assert write_record(tmp_path, record, curves).is_file()


def test_order_in_the_noise_or_unsettled_is_inconclusive():
    noisy = judge(CLAIM, measured([[1e-3, 1e-3 / 4, 1e-3 / 16, 1e-3 / 64]], floor=1e-4))
    assert noisy.outcome is Outcome.INCONCLUSIVE
    moving = judge(CLAIM, measured([[1.0, 0.5, 0.15, 0.02]]))
    assert moving.outcome is Outcome.INCONCLUSIVE


def test_one_case_of_lower_order_refutes():
    good, bad = [1.0, 1 / 4, 1 / 16, 1 / 64], [1.0, 1 / 2, 1 / 4, 1 / 8]
    assert judge(CLAIM, measured([good] * 9)).outcome is Outcome.SUPPORTED
    assert judge(CLAIM, measured([good] * 9 + [bad])).outcome is Outcome.REFUTED


def test_one_settled_case_far_below_refutes_where_others_are_unsettled():
    moving, bad = [1.0, 0.5, 0.15, 0.02], [1.0, 1 / 2, 1 / 4, 1 / 8]
    assert judge(CLAIM, measured([moving] * 3 + [bad])).outcome is Outcome.REFUTED


TREND = replace(CLAIM, kind=Trend(1, resolution=0.1))


def test_trend():
    rng = np.random.default_rng(0)
    noise = 1 + 0.05 * rng.normal(size=(8, 4))
    rising = (noise * [1.0, 1.2, 1.4, 1.6]).tolist()
    assert judge(TREND, measured(rising)).outcome is Outcome.SUPPORTED
    assert judge(TREND, measured(noise.tolist())).outcome is not Outcome.SUPPORTED
    assert judge(replace(TREND, kind=Trend(-1)), measured(rising)).outcome is Outcome.REFUTED
    assert judge(TREND, measured(rising[:2])).outcome is Outcome.INCONCLUSIVE


def test_a_trend_tells_its_least_step_and_its_significance():
    rows = [[1.0, 1.2, 1.5, 1.6], [2.0, 2.6, 2.5, 3.0], [1.0, 1.3, 1.4, 1.7], [1.0, 1.1, 1.3, 1.5]]
    free = judge(TREND, measured(rows)).evidence
    # The median steps are 0.25, 0.15 and 0.225 of the first value.
    assert free.least_step == pytest.approx(0.15)
    assert free.p_value == pytest.approx(stats.page_trend_test(rows).pvalue)
    strict = judge(replace(CLAIM, kind=Trend(1, strict=True)), measured(rows)).evidence
    assert (strict.least_step, strict.p_value) == (pytest.approx(-0.05), None)
    against = judge(replace(CLAIM, kind=Trend(-1, strict=True)), measured(rows)).evidence
    assert against.least_step == pytest.approx(-0.3)


@pytest.mark.parametrize(("kind", "columns"), [(Trend(1), 2), (Trend(1, strict=True), 1)])
def test_a_sweep_too_short_for_a_trend_is_refused(kind, columns):
    with pytest.raises(InputError, match=f"sweep of the error has {columns} columns: a trend is seen in {columns + 1}"):
        judge(replace(CLAIM, kind=kind), measured([[1.0, 2.0][:columns]] * 8))


def test_the_record_of_a_trend_tells_them_too(tmp_path):
    claim = replace(CLAIM, kind=Trend(-1), twins=(), real=())
    record, curves = record_of(try_claim(claim, TINY), "again")
    # From h = 1 to 1/2 it falls by 3/4, from 1/8 to 1/16 by 3/256.
    assert record["observed"]["least_step"] == pytest.approx(3 / 256, rel=0.1)
    assert 0 < record["observed"]["p_value"] < 1e-6
    assert write_record(tmp_path, record, curves).is_file()


def test_strict_trend_needs_every_column():
    claim = replace(CLAIM, kind=Trend(1, strict=True))
    assert judge(claim, measured([[1.0, 1.1, 1.2]])).outcome is Outcome.SUPPORTED
    assert judge(claim, measured([[1.0, 0.9, 1.2]])).outcome is Outcome.REFUTED


def test_flat_sweep_refutes_a_trend():
    flat = judge(replace(CLAIM, kind=Trend(1, resolution=0.1, strict=True)), measured([[1.0, 1.0001, 1.0002]]))
    assert flat.outcome is Outcome.REFUTED


@pytest.mark.parametrize(
    ("last", "outcome"), [(0.1, Outcome.SUPPORTED), (0.19, Outcome.INCONCLUSIVE), (0.3, Outcome.REFUTED)]
)
def test_separation_needs_its_interval(last, outcome):
    claim = replace(CLAIM, kind=Separation(0.2, "error ≤ 0.2"))
    assert judge(claim, measured([[0.05], [last]], floor=0.02)).outcome is outcome


def test_not_a_number_supports_no_separation():
    claim = replace(CLAIM, kind=Separation(0.2, "error ≤ 0.2"))
    assert judge(claim, measured([[0.05], [np.nan], [np.nan]])).outcome is Outcome.INCONCLUSIVE
