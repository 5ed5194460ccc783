"""The pytest plugin, run on conjecture files in a folder of their own."""

import json

import pytest

from tests.verify import conjecture
from verify import theorem

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(theorem.PROFILES, "quick", theorem.Profile("quick", 16, 2_000, 1e3, 1, 20))


@pytest.fixture
def check(pytester):
    def run(text: str, *options: str):
        pytester.makepyfile(test_conjecture=text)
        return pytester.runpytest_inprocess("--profile=quick", "-p", "no:cacheprovider", "-p", "no:randomly", *options)

    return run


def records(pytester):
    return {
        path.stem: json.loads(path.read_text()) for path in (pytester.path / "verify-report/records").glob("*.json")
    }


def test_a_true_conjecture_passes_and_leaves_its_record(check, pytester):
    result = check(conjecture.TRUE)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*conjectures/true*SUPPORTED*"])
    (record,) = records(pytester).values()
    assert record["verdict"] == "SUPPORTED"
    assert record["profile"] == "quick"
    assert (pytester.path / "verify-report/curves/conjectures__true.npz").is_file()


def test_a_false_conjecture_fails_with_what_was_seen(check):
    result = check(conjecture.FALSE)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*conjectures/false does not count as verified*REFUTED*",
            "*claimed:*",
            "*observed:*",
            "*dataset:*smallest counterexample*",
            "*again:*pytest*",
        ]
    )


def test_a_claim_without_twin_fails(check):
    result = check(conjecture.NO_TWIN)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*names no false twin*"])


def test_a_twin_that_stands_fails_the_claim(check):
    result = check(conjecture.TRUE_TWIN)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*was not refuted but is SUPPORTED*"])


def test_a_run_whose_theorems_are_all_skipped_fails(check):
    skipped = conjecture.TRUE.replace("    theorem(CLAIM)", "    import pytest; pytest.skip('later')")
    result = check(skipped)
    result.assert_outcomes(skipped=1)
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*No theorem reached a verdict*"])


def test_tests_without_theorems_are_left_alone(check):
    result = check("def test_nothing():\n    pass\n")
    result.assert_outcomes(passed=1)
    assert result.ret == 0


def test_resume_keeps_what_was_finished(check, pytester, monkeypatch):
    check(conjecture.TRUE).assert_outcomes(passed=1)
    monkeypatch.setattr(theorem, "try_claim", lambda *a, **k: pytest.fail("tried again"))
    check(conjecture.TRUE, "--resume").assert_outcomes(passed=1)
    check(conjecture.TRUE, "--resume", "--hypothesis-seed=3").assert_outcomes(failed=1)


def test_the_seed_is_hypothesis_own(check, pytester):
    check(conjecture.TRUE, "--hypothesis-seed=7").assert_outcomes(passed=1)
    (record,) = records(pytester).values()
    assert record["seed"] == 7
    assert "--hypothesis-seed=7" in record["reproduce"]
