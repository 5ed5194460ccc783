"""The soundness run on a few cheap entries: what it counts, keeps, resumes and refuses."""

import json
from pathlib import Path

import hypothesis
import jax.numpy as jnp
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import solvers
from benchmarks.__main__ import main
from benchmarks.soundness import problems, report
from benchmarks.soundness.catalogue import ENTRIES, chosen
from benchmarks.soundness.judging import ERROR, Judge
from benchmarks.soundness.results import Results
from benchmarks.soundness.run import planned, run, wrong
from solvers.errors import InputError
from verify.trials import profiles
from verify.trials.profiles import Profile
from verify.trials.settling import settle
from verify.trials.trial import laboratory

TINY = Profile("quick", 192, 300, 100.0, 0, 4)
CHEAP = "softmax-form"


@pytest.fixture
def soundness(tmp_path, monkeypatch):
    """Calls the command in an empty folder, with a quick profile that is tiny."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "240")
    monkeypatch.setitem(profiles.PROFILES, "quick", TINY)
    app = typer.Typer()
    app.command()(main)
    return lambda *arguments: CliRunner().invoke(app, ["--only", "soundness", *arguments])


def lines() -> list[dict]:
    return [json.loads(line) for line in Path("soundness.jsonl").read_text("utf-8").splitlines()]


def test_true_and_false_entries_are_judged_and_counted(soundness):
    done = soundness("--seeds", "2", "--seed-start", "3", "-k", CHEAP, "--markdown")
    assert done.exit_code == 0, done.output
    found = lines()
    assert [(line["seed"], line["true"], line["outcome"]) for line in found] == [
        (seed, truth, "SUPPORTED" if truth else "REFUTED") for seed in (3, 4) for truth in (True, False)
    ]
    assert "| catalogue | true | 2 | 2 | 0 | 0 | 0 | 0 |" in done.output
    assert "| catalogue | false | 2 | 0 | 2 | 0 | 0 | 0 |" in done.output
    assert "Master seeds 3 to 4; 192 datasets, 300 steps." in done.output
    assert "Wrong verdicts" not in done.output


def test_a_run_goes_on_where_it_was_interrupted(soundness):
    assert soundness("-k", CHEAP).exit_code == 0
    whole = Path("soundness.jsonl").read_text("utf-8")
    Path("soundness.jsonl").write_text(whole[: len(whole) - 40], "utf-8")
    refused = soundness("-k", CHEAP)
    assert refused.exit_code == 2
    assert "soundness.jsonl has results already: give --resume" in refused.stderr
    assert soundness("-k", CHEAP, "--resume").exit_code == 0
    again = lines()
    assert again[0] == json.loads(whole.splitlines()[0])  # not judged again: its seconds are the same
    assert [line["outcome"] for line in again] == ["SUPPORTED", "REFUTED"]


def test_ctrl_c_shows_what_is_done(soundness, monkeypatch):
    judge = Judge.judge

    def interrupted(self, entry, *rest):
        if not entry.true:
            raise KeyboardInterrupt
        return judge(self, entry, *rest)

    monkeypatch.setattr(Judge, "judge", interrupted)
    done = soundness("-k", CHEAP, "--markdown")
    assert done.exit_code == 130
    assert "1 of 2 verdicts are not there yet" in done.output
    assert len(lines()) == 1


def test_an_error_costs_one_verdict(soundness, monkeypatch):
    def fails(claim, profile, *, seed):
        raise FloatingPointError("invalid value")

    monkeypatch.setattr("benchmarks.soundness.judging.laboratory", fails)
    done = soundness("-k", CHEAP, "--markdown")
    assert [(line["outcome"], line["sentence"]) for line in lines()] == [
        (ERROR, "FloatingPointError: invalid value")
    ] * 2
    assert "| softmax-form: vᵀ(diag(s) - ssᵀ)v ≤ 4 (1 - s_c) ‖vvᵀ‖ | 0 | error |" in done.output


def test_a_theorem_is_tried_with_its_twins(soundness):
    done = soundness("--what", "properties", "-k", "fan2025/lemma-2", "--markdown")
    assert done.exit_code == 0, done.output
    assert {line["name"]: [twin["verdict"] for twin in line["twins"]] for line in lines()} == {
        "fan2025/lemma-2": ["REFUTED", "REFUTED"],
        "fan2025/lemma-2-impurity": ["REFUTED"],
    }
    assert "| properties | true | 2 | 2 | 0 | 0 | 0 | 0 |" in done.output
    assert "| twins of properties | false | 3 | 0 | 3 | 0 | 0 | 0 | - |" in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--seeds", "0"], "0 master seeds from 0 on are none: give --seeds 1 or more"),
        (["--profile", "slow"], "There is no profile 'slow': use one of quick, standard, thorough."),
        (["-k", "no-such-entry"], "Nothing of catalogue has 'no-such-entry' in its name: give other words after -k."),
    ],
)
def test_bad_input_gets_a_sentence(soundness, arguments, told):
    done = soundness(*arguments)
    assert done.exit_code == 2
    assert told in done.stderr
    assert not Path("soundness.jsonl").exists()


def test_a_file_of_something_else_is_left_alone(tmp_path):
    path = tmp_path / "other.jsonl"
    path.write_text('{"a": 1}\n', "utf-8")
    with pytest.raises(InputError, match="holds no results of a soundness run"):
        Results(path, resume=True)
    assert path.read_text("utf-8") == '{"a": 1}\n'


def test_entries_of_a_group_share_draws_and_the_verdict_is_a_trials(monkeypatch):
    small, made = Profile("quick", 16, 200, 1.0, 0, 4), []

    def counted(*given, **options):
        made.append(laboratory(*given, **options))
        return made[-1]

    monkeypatch.setattr("benchmarks.soundness.judging.laboratory", counted)
    judge = Judge(ENTRIES)
    found = {entry: judge.judge(entry, small, seed=5) for entry in chosen(ENTRIES, "two-class-margins:")}
    assert len(found) == 2
    assert len(made) == 1
    for entry, line in found.items():
        alone = settle(entry.claim, laboratory(entry.claim, small, seed=5), small.extensions)
        assert (line["outcome"], line["sentence"]) == (alone.outcome, alone.sentence)
        assert line["case"] == alone.worst.to_json()
    judge.judge(entry, small, seed=6)
    assert len(made) == 2


# --- the tables -------------------------------------------------------------------------------------------------------


def line(outcome: str, *, true: bool = True, name: str = "a: b", seed: int = 0, part: str = "catalogue", **more):
    return {"part": part, "name": name, "seed": seed, "true": true, "outcome": outcome, "sentence": "So it is.",
            "kind": "rate", "seconds": 1.0} | more  # fmt: skip


TWINS = [
    {"wrong": "another norm", "verdict": "SUPPORTED", "sentence": "The twin holds."},
    {"wrong": "a faster rate", "verdict": "INCONCLUSIVE", "sentence": "It is open."},
]
REAL = [{"name": "iris", "verdict": "REFUTED", "sentence": "Iris says no."}]


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (line("SUPPORTED"), []),
        (line("REFUTED"), ["false refutation"]),
        (line("INCONCLUSIVE"), []),
        (line("SUPPORTED", true=False), ["false support"]),
        (line("REFUTED", true=False), []),
        (line(ERROR), ["error"]),
        (line("SUPPORTED", true=False, part="power", excess=0.02), []),
        (
            line("SUPPORTED", part="properties", twins=TWINS, real=REAL),
            ["false support of the twin 'another norm'", "false refutation on iris"],
        ),
    ],
)
def test_what_is_wrong(of, words):
    assert list(wrong(of)) == words


def test_tables_of_all_that_can_be():
    plan = planned("catalogue", TINY, [0, 1], CHEAP)
    found = [
        line("REFUTED"),
        line("INCONCLUSIVE", seed=1),
        line("SUPPORTED", true=False, name="a: c"),
        line("SUPPORTED", part="properties", name="p/q", twins=TWINS, real=REAL),
        line("SUPPORTED", true=False, name="power-a: r, t^-0.52", part="power", excess=0.02),
        line("REFUTED", true=False, name="power-a: r, t^-0.7", part="power", excess=0.2),
    ]
    tables = {section.name: section.rows for section in report.sections(plan, found)}
    counts = {(row["what"], row["it is"]): list(row.values())[2:] for row in tables["Soundness, quick"]}
    assert counts["catalogue", "true"] == counts["catalogue, rate", "true"] == [2, 0, 1, 1, 1, 0, 2.0]
    assert counts["catalogue", "false"] == [1, 1, 0, 0, 1, 0, 1.0]
    assert counts["properties", "true"] == [1, 1, 0, 0, 0, 0, 1.0]
    assert counts["twins of properties", "false"] == [2, 1, 0, 1, 1, 0, None]
    assert [list(row.values()) for row in tables["Seed by seed"]] == [[0, 1, 1, 0, 0, 0, 2, 1, 0, 1, 1.0]]
    assert [(row["wrong"], row["said"]) for row in tables["Wrong verdicts"]] == [
        ("false refutation", "So it is."),
        ("false support", "So it is."),
        ("false support of the twin 'another norm'", "The twin holds."),
        ("false refutation on iris", "Iris says no."),
    ]
    assert tables["Open verdicts"] == [{"name": "a: b", "it is": "true", "seeds": "1 of 2", "said": "So it is."}]
    assert [row["twin"] for row in tables["Twins that were not refuted"]] == ["another norm", "a faster rate"]
    assert tables["Power"] == [{"run": "power-a: r", "0.02": "1/0/0", "0.2": "0/0/1"}]


def test_a_run_judges_what_changed(tmp_path):
    plan = planned("catalogue", TINY, [0], CHEAP)
    results = Results(tmp_path / "kept.jsonl", resume=False)
    run(plan, results)
    seen = []
    run(plan, Results(tmp_path / "kept.jsonl", resume=True), tell=seen.append)
    assert seen == []
    (tmp_path / "kept.jsonl").write_text(results.path.read_text("utf-8").replace(plan.tasks[0].mark, "0" * 64), "utf-8")
    run(plan, Results(tmp_path / "kept.jsonl", resume=True), tell=seen.append)
    assert [each["name"] for each in seen] == [plan.tasks[0].name]


def test_a_truth_that_was_mended_needs_no_new_verdict(tmp_path):
    plan = planned("catalogue", TINY, [0], CHEAP)
    results = Results(tmp_path / "kept.jsonl", resume=False)
    for task in plan.tasks:
        results.add(line("SUPPORTED", true=False, name=task.name) | {"profile": "quick", "mark": task.mark})
    assert [each["true"] for each in plan.found(results)] == [True, False]


# --- what is made to mislead ------------------------------------------------------------------------------------------


@hypothesis.settings(max_examples=30, database=None, derandomize=True)
@hypothesis.given(problems.mostly_alike())
def test_multiples_of_signs_have_one_maximiser(dataset):
    if dataset.name == "signs":
        w = solvers.max_margin(dataset.x, dataset.y, "l2").weights
        np.testing.assert_allclose(np.abs(w), np.abs(w).max(), rtol=1e-6)


@pytest.mark.parametrize(
    ("method", "size", "expected"),
    [
        (problems.damped_normalised(1.0), 1.0, [0.3, -0.4]),
        (problems.damped_normalised(1e-6), 1.0, [0.6, -0.8]),
        (problems.sign_and_normalised(), 1.0, [1.6, -1.8]),
        (problems.sign_and_normalised(), 0.0, [0.0, 0.0]),
        (problems.clipped(0.1), 1.0, [0.6, -0.8]),
        (problems.clipped(10.0), 1.0, [0.06, -0.08]),
    ],
)
def test_methods_made_to_mislead(method, size, expected):
    g = size * jnp.array([0.6, -0.8])
    np.testing.assert_allclose(method.update(g, method.init(g))[0], expected, rtol=2e-6)
