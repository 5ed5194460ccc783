"""The budgeted gap as a quantity, its false twins' bounds, and the statistics of a bound's parts."""

from dataclasses import replace

import numpy as np
import pytest

from properties.papers import FAN_2025
from reports.records import read_records, write_record
from tests.verify import samples
from verify import Bound, Claim, Twin, optimizers, strategies
from verify.claims.anatomy import anatomy
from verify.claims.judge import judge
from verify.claims.verdict import Outcome
from verify.problems.laboratory import Laboratory
from verify.problems.margins import ensembles
from verify.problems.margins.budgeted_gap import BudgetedGap, without
from verify.problems.quantity import Measurement
from verify.trials.profiles import PROFILES
from verify.trials.record import record_of
from verify.trials.trial import Trial, TwinResult

CLAIM = Claim(
    id="test/budget",
    title="t",
    statement="s",
    source="s",
    paper=FAN_2025,
    kind=Bound(lambda m: m.larger_side, "its budget"),
    problem=strategies.binary,
    optimizer=optimizers.sign_gd(optimizers.PowerDecay(0.1, 1 / 2)),
    optimizer_text="SignGD",
    loss="logistic",
    norm="linf",
    quantity=BudgetedGap(),
    twins=(Twin("no log n", kind=Bound(without("log_n"), "less")),),
)


@pytest.fixture(scope="module")
def lab() -> Laboratory:
    return Laboratory([samples.binary(4 + i, 3, seed=i) for i in range(8)], steps=1000)


@pytest.fixture(scope="module")
def measured(lab) -> Measurement:
    return CLAIM.measure(lab)


def curves(parts: dict[str, np.ndarray], values: np.ndarray) -> Measurement:
    b, r = values.shape
    datasets = [samples.binary(3, 2, seed=i) for i in range(b)]
    bound = np.sum(list(parts.values()), axis=0)
    return Measurement(
        np.log(np.geomspace(10, 1e5, r)), values, np.zeros(b), np.ones(b, bool), datasets, None, (), bound, parts
    )


def test_parts_add_up_and_the_claim_is_supported(measured):
    assert measured.parts is not None
    whole = np.sum(list(measured.parts.values()), axis=0)
    spoken = np.isfinite(measured.larger_side)
    np.testing.assert_allclose(whole[spoken], measured.larger_side[spoken], rtol=1e-12)
    assert np.isnan(whole[~spoken]).all()
    assert judge(CLAIM, measured).outcome is Outcome.SUPPORTED
    assert np.all((measured.floor > 0) & (measured.floor < 1e-10))


def test_a_negative_margin_is_no_violation_and_no_support(measured):
    values, bound = measured.values.copy(), measured.larger_side.copy()
    values[0, 0], bound[0, 0] = 100.0, np.inf
    verdict = judge(CLAIM, replace(measured, values=values, bound=bound))
    assert verdict.outcome is Outcome.SUPPORTED
    bound[0, 0] = 99.0
    assert judge(CLAIM, replace(measured, values=values, bound=bound)).outcome is Outcome.REFUTED


def test_leaving_parts_out(measured):
    bare = without("discretisation", "log_n")(measured)
    half = without("discretisation", share=0.5)(measured)
    spoken = np.isfinite(measured.larger_side)
    assert measured.parts is not None
    rest = measured.parts["misalignment"] + measured.parts["tail"]
    np.testing.assert_allclose(bare[spoken], rest[spoken], atol=1e-12)
    np.testing.assert_allclose(
        half[spoken], (measured.larger_side - measured.parts["discretisation"] / 2)[spoken], atol=1e-12
    )
    assert np.isinf(bare[~spoken]).all()
    twin = CLAIM.twin(0)
    every = replace(twin, kind=Bound(without("misalignment", "discretisation", "log_n", "tail"), "nothing"))
    assert judge(every, measured).outcome is Outcome.REFUTED


def test_the_claims_norm_alone_is_recorded_for_a_budget(lab, measured):
    assert set(ensembles.run(CLAIM.subject, lab, budget=True).norms) == {"linf"}
    assert len(ensembles.run(CLAIM.subject, lab).norms) > 1


def test_exponents_and_shares_of_parts():
    t = np.geomspace(10, 1e5, 49)
    level = np.random.default_rng(0).lognormal(0, 0.3, (20, 1))
    parts = {"slow": level * t**-0.25, "fast": -0.1 * level * t**-1.0, "gone": np.zeros((20, 49))}
    found = anatomy(curves(parts, 0.5 * (parts["slow"] + parts["fast"])))
    assert found is not None
    slow, fast, gone = found.parts
    assert slow.exponent is not None
    assert fast.exponent is not None
    assert slow.exponent.value == pytest.approx(-0.25, abs=1e-9)
    assert slow.exponent.low <= -0.25 + 1e-9
    assert slow.exponent.high >= -0.25 - 1e-9
    assert fast.exponent.value == pytest.approx(-1.0, abs=1e-9)
    assert gone.exponent is None
    assert fast.share is not None
    assert fast.share < 0
    assert sum(part.share or 0.0 for part in found.parts) == pytest.approx(1.0)
    assert found.ratio == pytest.approx(0.5)


def test_a_part_that_changes_its_sign_has_no_exponent():
    t = np.geomspace(10, 1e5, 49)
    ones = np.ones((9, 1))
    found = anatomy(curves({"a": ones * t**-0.5, "b": ones * (1e-4 - 1 / t)}, ones * t**-1))
    assert found is not None
    assert found.parts[1].exponent is None


def test_unknown_values_are_left_out_of_the_medians():
    t = np.geomspace(10, 1e5, 49)
    part = np.ones((5, 1)) * t**-0.5
    part[:3, :10] = np.nan
    part[:, 0] = np.nan
    m = curves({"a": part}, np.ones((5, 1)) * t**-1)
    found = anatomy(m)
    assert found is not None
    assert np.isnan(found.medians["a"][0])
    np.testing.assert_allclose(found.medians["a"][1:], t[1:] ** -0.5)
    assert anatomy(replace(m, judged=np.zeros(5, bool))) is None
    assert anatomy(replace(m, parts=None)) is None


def test_the_record_holds_the_anatomy(lab, measured, tmp_path):
    twin = judge(CLAIM.twin(0), measured)
    verdict, twins = judge(CLAIM, measured), [TwinResult("no log n", twin, None)]
    trial = Trial(CLAIM, verdict, twins, [], lab, PROFILES["quick"], seed=0, device="cpu", seconds=1.0)
    record, arrays = record_of(trial, "pytest")
    write_record(tmp_path, record, arrays)
    (read,) = read_records(tmp_path)
    names = [part["name"] for part in read["anatomy"]["parts"]]
    assert names == ["misalignment", "discretisation", "log n", "tail"]
    assert sum(part["share"] for part in read["anatomy"]["parts"]) == pytest.approx(1.0)
    assert read["anatomy"]["tightest"]["ratio"] == pytest.approx(read["observed"]["value"])
    assert {part["curve"] for part in read["anatomy"]["parts"]} <= arrays.keys()
    silent = np.isinf(measured.larger_side)
    assert np.isnan(arrays["gap"][silent]).all()
    assert np.isfinite(arrays["gap"][~silent]).all()
