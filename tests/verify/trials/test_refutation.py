"""Refutations: where the run went, exact numbers, advice on what is inconclusive, and the hunt for tight cases."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from reports.counterexample import bracket, draw, figure
from reports.records import read_record, read_records, write_record
from solvers.errors import InputError
from tests.verify import conjecture
from verify import Bound, Claim, Dataset, Limit, Outcome, Rate, Twin, laws, strategies
from verify.claims.claim import Paper
from verify.claims.judge import advise, judge
from verify.cli import app, replay
from verify.optimizers import PowerDecay, sign_gd, spectral_descent
from verify.problems.margins.gap import Gap
from verify.problems.quantity import Measurement
from verify.trials.hunting import hunt
from verify.trials.insisting import enlarged, insist
from verify.trials.profiles import Profile
from verify.trials.record import plain_refutation, record_of
from verify.trials.refutation import explain
from verify.trials.trial import try_claim

TINY = Profile("tiny", 8, 100, 100.0, 0, 40)
FALSE = Claim(
    id="conjectures/sign-gd-l2",
    title="SignGD's L2 margin",
    statement="SignGD maximises the L2 margin.",
    source="conjecture",
    paper=Paper("conjectures", "nobody", "notes", 2025),
    kind=Limit(0.04, laws.power(1 / 2)),
    problem=lambda: strategies.binary(max_points=2, max_features=3, flavours=["integers"]),
    optimizer=sign_gd(0.01),
    optimizer_text="SignGD, step 0.01",
    loss="exponential",
    norm="l2",
    twins=(Twin("L1 for L2", norm="l1", shrink=False),),
)


@pytest.fixture(scope="module")
def found():
    refutation = explain(FALSE, Dataset([[1, 2]], [1]), steps=100)
    assert refutation is not None
    return refutation


def test_the_run_is_seen_to_go_to_the_other_norm(found):
    assert found.followed == ("linf",)
    assert "linf margin instead" in found.sentence
    assert [m.norm for m in found.margins] == ["l2", "l1", "linf"]


def test_it_is_confirmed_with_twice_the_steps(found):
    assert found.steps[1] >= 2 * found.steps[0]
    # (1, 1) instead of (1, 2): 3 / sqrt 2 of sqrt 5.
    assert found.values == pytest.approx([1 - 3 / np.sqrt(10)] * 2, abs=1e-12)


def test_exact_margins_prove_that_the_run_falls_short(found):
    low, high, reached = found.margins[0].exact
    assert low**2 <= 5 <= high**2
    assert reached < low
    assert found.margins[2].exact == (3, 3, 3)


def test_a_run_that_goes_where_it_should_follows_nothing_else():
    found = explain(replace(FALSE, norm="linf"), Dataset([[1, 2]], [1]), steps=100)
    assert found is not None
    assert found.values[1] < 1e-9
    assert found.followed == ()


def tied():
    """Two points of the two classes whose margins are one matrix of rank one, and spectral descent on them."""
    claim = replace(FALSE, norm="linf", optimizer=spectral_descent(0.01))
    return claim, Dataset([[1, 2], [-1, -2]], [0, 1], classes=2)


def test_norms_that_tie_are_all_named(capsys):
    claim, case = tied()
    found = explain(claim, case, steps=100)
    assert found is not None
    # On a matrix of rank one the spectral, the nuclear and the Frobenius norm agree.
    assert found.followed == ("l2", "spectral", "nuclear")
    assert "went to the maximiser of the l2, spectral and nuclear margins, which tie, instead" in found.sentence
    assert plain_refutation(found)["followed"] == ["l2", "spectral", "nuclear"]
    replay._tell(claim, found)
    marked = [line for line in capsys.readouterr().out.splitlines() if "← followed" in line]
    assert len(marked) == 3
    assert not any("inf" in line for line in marked)


def test_the_figure_of_norms_that_tie(tmp_path):
    shares = {name: np.linspace(0.1, end, 5) for name, end in (("l1", 0.5), ("l2", 1.0), ("l2.5", 1.0))}

    def widths(followed) -> list[float]:
        canvas = figure(np.arange(1.0, 6.0), shares, followed, margins=True, flow=False, name="a run")
        return [line.get_linewidth() for line in canvas.axes[0].lines]

    assert widths(("l2", "l2.5")) == [1.4, 2.6, 2.6]
    assert widths(()) == [1.4, 1.4, 1.4]
    for followed in (None, ["l2.5"], "l2.5"):
        draw(tmp_path / "run.svg", np.arange(1.0, 6.0), shares, {"margins": [1], "followed": followed}, "a", flow=False)
        # A line, and its sample in the legend.
        assert (tmp_path / "run.svg").read_text().count("stroke-width: 2.6") == 2 * bool(followed)


def test_bound_on_a_gap_is_explained_too():
    bound = replace(FALSE, kind=Bound(lambda m: np.full_like(m.values, 1e-6), "1e-6"), norm="linf")
    found = explain(bound, Dataset([[1, 2]], [1]), steps=100)
    assert found is not None
    assert found.margins[0].norm == "linf"


def test_refuted_claim_carries_its_refutation_into_the_record(tmp_path):
    trial = try_claim(replace(FALSE, optimizer=sign_gd(PowerDecay(1.0, 1 / 2))), Profile("tiny", 32, 2_000, 1e2, 1, 40))
    record, curves = record_of(trial, "again")
    write_record(tmp_path, record, curves)
    written = read_records(tmp_path)[0]["refutation"]
    assert len(written["case"]["setting" if "setting" in written["case"] else "y"]) == 1
    assert written["followed"] == ["linf"]
    assert Fraction(written["margins"][0]["exact"]["reached"]) < Fraction(written["margins"][0]["exact"]["lower"])
    # Above the claim's tolerance, not only above rounding.
    assert min(written["values"]) > 0.04


def test_brackets_for_readers():
    assert bracket("3", "3") == "3"
    assert bracket("14/5", "3") == "[14/5, 3]"
    root = Fraction(2).limit_denominator(1), Fraction(10**30 + 1, 10**30)
    assert bracket(*root[::-1]) == "[1, 2]"


def measured(values: list[list[float]], judged: bool = True) -> Measurement:
    rows = np.array(values)
    log_time = np.linspace(1, np.log(1e5), rows.shape[1])
    data = [Dataset([[1]], [1])] * len(rows)
    return Measurement(log_time, rows, np.full(len(rows), 1e-12), np.full(len(rows), judged), data)


def test_settled_verdicts_need_no_advice():
    verdict = judge(FALSE, measured([[1e-3] * 60]))
    assert verdict.outcome is Outcome.SUPPORTED
    assert advise(verdict) is None


def test_a_limit_that_still_falls_wants_the_steps_its_slope_says():
    log_time = np.linspace(1, np.log(1e5), 120)
    verdict = judge(FALSE, measured([(25 * np.exp(-log_time / 2)).tolist()]))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    advice = advise(verdict)
    assert advice is not None
    # 25 t^-1/2 = 0.04 at t = 4e5, which is four times the horizon; half as much again to be safe.
    assert 4 <= advice.steps <= 8
    assert advice.cases == 1


def test_too_few_cases_want_more_cases():
    rate = replace(FALSE, kind=Rate(laws.power(1 / 2)))
    verdict = judge(rate, measured([np.exp(-np.linspace(1, np.log(1e5), 60) / 2).tolist()] * 2))
    advice = advise(verdict)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert advice is not None
    assert (advice.steps, advice.cases) == (1, 4)


def test_cases_that_cannot_be_judged_are_not_helped_by_a_budget():
    advice = advise(judge(FALSE, measured([[1.0] * 60], judged=False)))
    assert advice is not None
    assert not advice.helps


def test_insisting_settles_what_more_cases_settle():
    few = replace(FALSE, kind=Rate(laws.power(1 / 2)), norm="linf", optimizer=sign_gd(PowerDecay(0.1, a=0.5)))
    few = replace(few, problem=lambda: strategies.binary(max_points=6), twins=())
    said: list[str] = []
    profile = replace(TINY, datasets=4, steps=1000)
    assert try_claim(few, profile).verdict.outcome is Outcome.INCONCLUSIVE
    assert insist(few, profile, budget=1.0).profile.datasets == 4
    trial = insist(few, profile, budget=30.0, tell=said.append)
    assert said
    assert trial.profile.datasets > 4
    assert trial.profile.datasets * trial.profile.steps <= 30 * 4 * 1000


def test_enlarged_profile():
    larger = enlarged(TINY, 3, 2)
    assert (larger.steps, larger.log_time, larger.datasets) == (300, 300.0, 16)


def test_hunt_finds_what_random_draws_miss():
    tight = replace(FALSE, kind=Bound(lambda m: np.full_like(m.values, 0.6), "0.6"), quantity=Gap())
    result = hunt(tight, examples=60, steps=50)
    assert result.case is not None
    assert result.value is not None
    assert result.untargeted is not None
    assert result.value >= result.untargeted > 0
    assert result.judged <= result.examples <= 60
    again = hunt(tight, examples=60, steps=50)
    assert (again.value, again.case.key if again.case else None) == (result.value, result.case.key)


def test_hunt_says_when_it_refutes():
    result = hunt(FALSE, examples=40, steps=50)
    assert result.refuted
    assert result.value > result.limit


def test_hunt_wants_examples():
    with pytest.raises(InputError, match="give 2 or more"):
        hunt(FALSE, examples=1)


def run(capsys, monkeypatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["verify", *arguments])
    with pytest.raises(SystemExit) as stop:
        app.main()
    seen = capsys.readouterr()
    return int(stop.value.code or 0), seen.out, seen.err


def test_replay_and_hunt_on_the_command_line(tmp_path, capsys, monkeypatch):
    path = tmp_path / "test_false.py"
    path.write_text(conjecture.FALSE)
    folder = str(tmp_path / "report")
    code, out, _ = run(capsys, monkeypatch, "check", str(path), "--profile", "quick", "--report-dir", folder)
    assert code == 1
    assert "linf margin instead" in out
    picture = tmp_path / "run.svg"
    options = ("--report-dir", folder, "--steps", "100", "--figure", str(picture))
    code, out, _ = run(capsys, monkeypatch, "replay", "conjectures/false", *options)
    assert code == 0
    assert "certified margins" in out
    assert "<svg" in picture.read_text()
    code, out, _ = run(capsys, monkeypatch, "replay", "conjectures/false", "--twin", "7", "--report-dir", folder)
    assert code == 2
    code, out, _ = run(
        capsys, monkeypatch, "hunt", str(path), "--examples", "10", "--steps", "50", "--report-dir", folder
    )
    assert code == 0
    assert "it fails at 0.05" in out
    assert read_record(tmp_path / "report" / "records" / "conjectures__false.json")["tightness"]["examples"] <= 10


def test_replay_of_nothing(tmp_path, capsys, monkeypatch):
    code, _, err = run(capsys, monkeypatch, "replay", "conjectures/none", "--report-dir", str(tmp_path))
    assert code == 2
    assert "has no record of 'conjectures/none'" in err
