"""A claim's trial from the draw to the record: reproducible, refuting what is false, with small counterexamples."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from reports.records import load_curves, read_records, write_record
from reports.verified import failures
from solvers.errors import InputError
from tests.verify import given
from verify import laws, optimizers, strategies
from verify.claims.claim import Claim, Paper, Twin
from verify.claims.kinds import Bound, Limit, Rate
from verify.claims.verdict import Outcome
from verify.datasets import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins.gap import Gap
from verify.problems.margins.residual import Residual
from verify.problems.margins.updates import UpdateSize, gradient_sequences
from verify.problems.quantity import Measurement
from verify.problems.subject import Subject
from verify.seeds import derived_seed
from verify.trials.drawing import draw
from verify.trials.profiles import PROFILES, Profile
from verify.trials.record import record_of
from verify.trials.settling import settle
from verify.trials.shrinking import shrink
from verify.trials.trial import laboratory, try_claim

TINY = Profile("quick", 48, 2_000, 1e3, 1, 40)

CLAIM = Claim(
    id="test/sign-gd",
    title="SignGD's L-infinity margin",
    statement="SignGD maximises the L-infinity margin.",
    source="nowhere",
    paper=Paper("test", "nobody", "nothing", 2025),
    kind=Limit(0.05, laws.power(1 / 2)),
    problem=lambda: strategies.binary(max_points=3, max_features=3, flavours=["integers"]),
    optimizer=optimizers.sign_gd(optimizers.PowerDecay(1.0, 1 / 2)),
    optimizer_text="SignGD, steps t^-1/2",
    loss="exponential",
    norm="linf",
    twins=(Twin("L2 for L-infinity", norm="l2"),),
)
FALSE = replace(CLAIM, norm="l2", twins=(Twin("L1 for L2", norm="l1"),))


@pytest.fixture(scope="module")
def trial():
    return try_claim(CLAIM, TINY)


def test_a_true_claim_is_supported_and_its_twin_refuted(trial):
    record, _ = record_of(trial, "again")
    assert record["verdict"] == "SUPPORTED"
    assert [twin["verdict"] for twin in record["twins"]] == ["REFUTED"]
    assert failures(record) == []


def test_the_twin_shrinks_to_one_point_of_small_integers(trial):
    smallest = trial.twins[0].counterexample
    assert smallest is not None
    assert smallest.n == 1
    assert smallest.d <= 3
    assert np.abs(smallest.x).max() <= 2


def test_the_thorough_profile_alone_draws_the_larger_cases():
    wide = replace(CLAIM, larger=lambda: strategies.binary(max_points=9, max_features=3, flavours=["integers"]))
    small, same, large, none = (
        laboratory(claim, replace(TINY, larger=larger)).cases
        for claim, larger in ((CLAIM, False), (wide, False), (wide, True), (CLAIM, True))
    )
    assert len({len(cases) for cases in (small, same, large, none)}) == 1
    assert [case.key for case in small] == [case.key for case in same] == [case.key for case in none]
    assert max(case.n for case in small) <= 3 < max(case.n for case in large)
    assert try_claim(wide, replace(TINY, datasets=8, larger=True)).claim == wide
    assert [name for name, profile in PROFILES.items() if profile.larger] == ["thorough"]


def test_a_false_claim_is_refuted_with_its_counterexample():
    trial = try_claim(FALSE, TINY)
    record, _ = record_of(trial, "again")
    assert record["verdict"] == "REFUTED"
    assert trial.counterexample is not None
    assert trial.counterexample.n == 1
    assert any("it is REFUTED" in reason for reason in failures(record))


def test_the_same_seed_gives_the_same_trial_and_another_one_other_data(trial):
    again = try_claim(CLAIM, TINY)
    assert [repr(s) for s in again.lab.datasets] == [repr(s) for s in trial.lab.datasets]
    np.testing.assert_array_equal(again.verdict.measurement.values, trial.verdict.measurement.values)
    assert again.verdict.sentence == trial.verdict.sentence
    other = draw(CLAIM, 16, seed=1)
    assert [repr(s) for s in other] != [repr(s) for s in trial.lab.datasets]


def test_seeds_depend_on_every_axis():
    assert len({derived_seed(0, "a", "b"), derived_seed(1, "a", "b"), derived_seed(0, "a", "c"), derived_seed(0)}) == 4


def test_drawn_datasets_are_distinct():
    drawn = draw(CLAIM, 40, seed=0)
    assert len(drawn) == 40
    assert len({(s.x.tobytes(), s.x.shape, s.y.tobytes()) for s in drawn}) == 40


def test_a_problem_too_narrow_is_refused():
    narrow = replace(CLAIM, problem=lambda: strategies.binary(max_points=1, max_features=1, flavours=["single"]))
    with pytest.raises(InputError, match="distinct cases"):
        draw(narrow, 200, seed=0)


def test_record_passes_the_schema_and_comes_back(trial, tmp_path):
    record, curves = record_of(trial, "again")
    write_record(tmp_path, record, curves)
    (read,) = read_records(tmp_path)
    assert read == record
    back = load_curves(tmp_path, read)
    np.testing.assert_array_equal(back["gap"], curves["gap"])
    assert back["twin_0"].shape[1] == back["twin_0_time"].size


def test_failures_name_every_reason(trial):
    record, _ = record_of(trial, "again")
    real = {"name": "iris", "verdict": "REFUTED", "sentence": "no", "last_gap": None}
    broken = record | {
        "verdict": "INCONCLUSIVE",
        "twins": [record["twins"][0] | {"verdict": "SUPPORTED"}],
        "datasets": record["datasets"] | {"real": [real]},
    }
    assert len(failures(broken)) == 3
    assert any("no false twin" in reason for reason in failures(record | {"twins": []}))


def test_shrinking_finds_nothing_where_nothing_refutes():
    assert shrink(CLAIM, TINY, seed=0) is None


def test_real_data_are_judged_alone():
    trial = try_claim(replace(CLAIM, real=("iris:0-vs-rest",)), replace(TINY, shrinking=1))
    ((name, verdict),) = trial.real
    assert name == "iris:0-vs-rest"
    assert verdict.measurement.values.shape[0] == 1


def test_twins_are_judged_where_the_norms_are_told_apart():
    lab = Laboratory([Dataset([[1, 2]], [1]), Dataset([[1]], [1]), Dataset([[1, 1]], [-1])], steps=10)
    np.testing.assert_array_equal(lab.told_apart("linf", "l2"), [True, False, False])


@dataclass(frozen=True)
class MostlyLost:
    """A gap of 0 that could be judged on the first cases only."""

    kept: int
    name: str = "gap"

    def measure(self, subject: Subject, lab: Laboratory) -> Measurement:
        b = len(lab.datasets)
        values = np.zeros((b, 60))
        judged = np.arange(b) < self.kept
        return Measurement(np.linspace(1, 10, 60), values, np.zeros(b), judged, lab.datasets, notes=("lost",))


@pytest.mark.parametrize(("kept", "outcome"), [(3, Outcome.INCONCLUSIVE), (4, Outcome.SUPPORTED)])
def test_a_claim_is_not_supported_where_most_cases_are_left_out(kept, outcome):
    claim = replace(CLAIM, quantity=MostlyLost(kept), twins=())
    trial = try_claim(claim, replace(TINY, datasets=8))
    assert trial.verdict.outcome is outcome
    if outcome is Outcome.INCONCLUSIVE:
        assert "Only 3 of 8 cases could be judged (lost)" in trial.verdict.sentence
        assert "5 of 8 cases were left out" in record_of(trial, "again")[0]["settle"]["sentence"]


def test_residual_of_one_point():
    claim = replace(CLAIM, quantity=Residual(), flow=True, kind=Limit(1e-6, laws.inverse_log()))
    lab = Laboratory([Dataset([[2]], [1])], steps=10, log_time=200.0)
    m = claim.measure(lab)
    assert m.values[0, -1] < 1e-7
    wrong = replace(claim, quantity=Residual(step_factor=2.0))
    # |log 2| / |x|, over |w_hat| = 1 / |x|.
    np.testing.assert_allclose(wrong.measure(lab).values[0, -1], np.log(2), rtol=1e-6)


def test_update_size_of_one_gradient():
    # The first update of Adam is (1 - b1) / sqrt(1 - b2), whatever the gradient.
    bound = Bound(lambda m: 2.0 + 0 * m.values, "2")
    claim = replace(CLAIM, quantity=UpdateSize(), optimizer=optimizers.adam(1.0, 0.9, 0.99), kind=bound)
    m = claim.measure(Laboratory([Dataset([[3, 0], [3, 0]], [1, 1])], steps=1))
    second = (0.1 + 0.09) / np.sqrt(0.01 + 0.0099)
    np.testing.assert_allclose(m.values, [[1.0, second]], rtol=1e-12)


def test_gradient_sequences_reach_every_kind():
    claim = replace(CLAIM, problem=gradient_sequences)
    kinds = {s.name for s in draw(claim, 64, seed=0)}
    assert kinds == {"jumps", "geometric", "burst"}


def test_one_false_dataset_among_lawful_ones_refutes_a_rate():
    rate = replace(
        CLAIM,
        norm="l2",
        kind=Rate(laws.power(1 / 2, log=1)),
        optimizer=optimizers.normalised_gd(optimizers.PowerDecay(0.1, 1 / 2)),
    )
    data = draw(replace(CLAIM, problem=lambda: strategies.binary(max_points=6, max_features=4)), 32, seed=0)
    lab = Laboratory(data, steps=20_000)
    assert settle(rate, lab, extensions=0).outcome is Outcome.SUPPORTED
    # The same curves, but for one dataset whose gap stands still, at the horizon and beyond it.
    stuck = replace(rate, quantity=_Stuck())
    verdict = settle(stuck, lab, extensions=0)
    assert verdict.outcome is Outcome.REFUTED
    assert "1 at ten times it" in verdict.sentence
    # Standing still at the horizon only refutes nothing.
    late = settle(replace(rate, quantity=_Stuck(until=30_000.0)), lab, extensions=0)
    assert late.outcome is Outcome.SUPPORTED
    assert "none at ten times it" in late.sentence
    # Nor does it support anything where most datasets are left out.
    few = settle(replace(rate, quantity=_Stuck(until=30_000.0, kept=15)), lab, extensions=0)
    assert few.outcome is Outcome.INCONCLUSIVE
    assert few.sentence.startswith("Only 15 of 32 cases could be judged; on these: The law holds")
    # Where it cannot be seen whether the dataset moves on it is left out, which is told.
    lost = settle(replace(rate, quantity=_Stuck(until=30_000.0, furthest=20_000.0)), lab, extensions=0)
    assert lost.outcome is Outcome.SUPPORTED
    assert "none at ten times it, where 1 of them cannot be judged and is left out" in lost.sentence
    assert np.count_nonzero(lost.measurement.judged) == np.count_nonzero(late.measurement.judged) - 1
    # With it, half of the datasets are left out.
    most = settle(replace(rate, quantity=_Stuck(until=30_000.0, furthest=20_000.0, kept=16)), lab, extensions=0)
    assert most.outcome is Outcome.INCONCLUSIVE
    assert most.sentence.startswith("Only 15 of 32 cases could be judged")


@dataclass(frozen=True)
class _Stuck:
    """The relative gap, but 0.3 on the dataset whose own gap is the largest at the horizon, up to a step.

    kept: on how many datasets it could be judged, those with the largest gaps. furthest: the last horizon at which any
    can.
    """

    until: float = np.inf
    furthest: float = np.inf
    kept: int = 32
    name: str = "relative gap"

    def measure(self, claim, lab):
        m = Gap().measure(claim, lab)
        values = m.values.copy()
        i = int(np.argmax(values[:, -1]))
        values[i] = 0.3 / np.maximum(m.time / self.until, 1)
        kept = np.argsort(np.argsort(-m.values[:, -1])) < self.kept
        judged = m.judged & kept & (m.time[-1] <= self.furthest * 1.5)
        return replace(m, values=values, judged=judged, scale=None)  # its budget is not that of these values


def test_a_device_that_is_not_there_is_refused_before_anything_is_measured():
    measured = []

    def curves(lab: Laboratory) -> np.ndarray:
        measured.append(lab)
        return np.zeros((1, 57))

    with pytest.raises(InputError, match="no 'tpu' device"):
        try_claim(given.claim(curves), TINY, platform="tpu")
    assert not measured
