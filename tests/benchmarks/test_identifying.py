"""What the soundness run makes of answers about norms, without asking for any but cheap ones."""

from functools import partial

import pytest

from benchmarks.soundness import identifying
from benchmarks.soundness.identifying import OPEN, RIGHT, UNKNOWN, WRONG, ask, counts, judged, missed, questions
from benchmarks.soundness.judging import ERROR
from benchmarks.soundness.methods import KNOWN, METHODS, NONE, Method
from benchmarks.soundness.results import Results
from benchmarks.soundness.run import planned, run, wrong
from solvers.norms import norm
from verify.identification.drawn import drawn
from verify.identification.identify import identify
from verify.identification.shares import WEIGHTED
from verify.optimizers import sign_gd
from verify.trials.profiles import PROFILES


def line(said: str, method: str = "sign-gd", steps: int = 1_000, seed: int = 0, **more):
    return {"part": "identify", "name": f"{method} at {steps}", "method": method, "steps": steps, "seed": seed,
            "outcome": said, "later": None, "coincide": [], "sentence": "So it is.", "seconds": 1.0} | more  # fmt: skip


@pytest.mark.parametrize(
    ("of", "truth", "verdict"),
    [
        (line("linf"), "linf", RIGHT),
        (line("l3"), "linf", WRONG),
        (line("l3", coincide=["linf"]), "linf", RIGHT),
        (line("linf", later="l2"), "l2", RIGHT),
        (line("linf"), "l2", WRONG),
        (line(NONE), "l2", WRONG),
        (line(NONE, coincide=["l2"]), "l2", WRONG),
        (line(NONE), NONE, RIGHT),
        (line("l2"), NONE, WRONG),
        (line(OPEN), "l2", OPEN),
        (line(ERROR), "l2", ERROR),
        (line(NONE), None, UNKNOWN),
    ],
)
def test_an_answer_is_held_against_the_truth(of, truth, verdict):
    assert judged(of, truth) == verdict


@pytest.mark.parametrize(
    ("longer", "verdict"),
    [
        (line("linf", steps=10_000), WRONG),
        (line(NONE, steps=10_000), UNKNOWN),
        (line(OPEN, steps=10_000), UNKNOWN),
        (line("linf", steps=100), UNKNOWN),
    ],
)
def test_without_a_truth_a_longer_run_contradicts(longer, verdict):
    assert judged(line(NONE), None, [longer]) == verdict


def test_methods_have_known_norms_and_all_of_optax_is_among_them():
    names = [method.name for method in METHODS]
    assert len(set(names)) == len(names)
    assert len(KNOWN) >= 14
    assert {f"optax-{name}" for name in ("adam", "nadam", "lion", "muon", "schedule_free_sgd", "dog", "lbfgs")} <= {
        *names
    }
    assert not {"optax-clip", "optax-scale_by_adam", "optax-lookahead"} & {*names}
    for method in METHODS:
        assert method.truth in (None, NONE, WEIGHTED) or norm(method.truth).name == method.truth


def test_a_million_steps_are_asked_of_the_thorough_profile_alone():
    steps = {name: {question.steps for question in questions(PROFILES[name])} for name in PROFILES}
    assert steps["quick"] == steps["standard"] == {1_000, 10_000, 100_000}
    assert steps["thorough"] == steps["quick"] | {1_000_000}


def test_answers_are_kept_and_gone_on_with(tmp_path, monkeypatch):
    asked = []

    def answer(question, seed):
        asked.append((question.name, seed))
        found = line("l2" if question.steps == 1_000 else "linf", question.method.name, question.steps)
        return {name: value for name, value in found.items() if name not in ("part", "name", "seed")}

    monkeypatch.setattr("benchmarks.soundness.run.ask", answer)
    plan = planned("identify", PROFILES["quick"], [0, 1], "sign-gd")
    told = []
    run(plan, Results(tmp_path / "kept.jsonl", resume=False), tell=told.append)
    assert asked == [(f"sign-gd at 1e{k}", seed) for seed in (0, 1) for k in (3, 4, 5)]
    assert [list(wrong(each)) for each in told[:3]] == [["wrong: l2"], [], []]
    results = Results(tmp_path / "kept.jsonl", resume=True)
    run(plan, results)
    assert len(asked) == 6
    found = plan.found(results)
    assert [(row["steps"], row[RIGHT], row[WRONG]) for row in counts(found)] == [
        (1_000, 0, 2),
        (10_000, 2, 0),
        (100_000, 2, 0),
    ]
    rows = list(missed(found))
    assert [(row["method"], row["seed"], row["said"]) for row in rows] == [("sign-gd", 0, "l2"), ("sign-gd", 1, "l2")]
    assert rows[0]["truth"].startswith("linf: ")


def test_a_cheap_question_is_answered_and_an_error_costs_one_answer(monkeypatch):
    few = drawn(2, seed=3, classes=3)
    monkeypatch.setattr(identifying, "_drawn", lambda seed: (few, {}))
    monkeypatch.setattr(identifying, "identify", partial(identify, norms=("l2", "linf")))
    question = identifying.Question(Method("sign-gd", lambda: sign_gd(0.1), "linf", "so"), 100)
    found = ask(question, 3)
    assert found["outcome"] in (OPEN, "linf")
    assert {score["norm"] for score in found["ranking"]} >= {"l2", "linf"}
    failing = identifying.Question(Method("sign-gd", lambda: 1 / 0, "linf", "so"), 100)
    assert ask(failing, 3)["outcome"] == ERROR
