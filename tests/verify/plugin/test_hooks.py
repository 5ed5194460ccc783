"""The pytest plugin, run on conjecture files in a folder of their own."""

import dataclasses
import json
import sys
from pathlib import Path

import pytest

from tests.verify import conjecture
from verify import compiled, sources
from verify.claims import catalogue
from verify.cli import app
from verify.trials import fingerprint, insisting, profiles, shrinking
from verify.trials import trial as trials

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(profiles.PROFILES, "quick", profiles.Profile("quick", 16, 2_000, 1e3, 1, 20))


@pytest.fixture
def check(pytester):
    def run(text: str, *options: str):
        pytester.makepyfile(test_conjecture=text)
        options = ("--profile=quick", "-p", "no:cacheprovider", "-p", "no:randomly", *options)
        return pytester.runpytest_inprocess(*options, no_reraise_ctrlc=True)

    return run


@pytest.fixture(scope="module")
def trial():
    """What trying the true conjecture finds, for the tests of what is done with it."""
    module = {}
    exec(compile(conjecture.TRUE, "conjecture", "exec"), module)
    return trials.try_claim(module["CLAIM"], profiles.Profile("quick", 16, 2_000, 1e3, 1, 20))


@pytest.fixture
def tried(monkeypatch, trial):
    """The ids of the claims that are tried from now on; each finds what the true conjecture does."""
    ids = []

    def attempt(claim, profile, *, seed, **_):
        ids.append(claim.id)
        return dataclasses.replace(trial, claim=dataclasses.replace(trial.claim, id=claim.id), seed=seed)

    monkeypatch.setattr(trials, "try_claim", attempt)
    return ids


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


MOSTLY_LOST = """
from dataclasses import dataclass, replace
import numpy as np
from verify.problems.margins.gap import Gap

@dataclass(frozen=True)
class Kept:
    share: float
    name: str = "relative gap"

    def measure(self, claim, lab):
        m = Gap().measure(claim, lab)
        kept = np.arange(len(m.judged)) < self.share * len(m.judged)
        return replace(m, judged=m.judged & kept, scale=None)
"""


@pytest.mark.parametrize(("share", "outcome"), [(0.4, "failed"), (0.5, "passed")])
def test_a_claim_fails_where_most_cases_are_left_out(check, share, outcome):
    result = check(MOSTLY_LOST + conjecture.TRUE.replace("    real=", f"    quantity=Kept({share}),\n    real="))
    result.assert_outcomes(**{outcome: 1})
    if outcome == "failed":
        result.stdout.fnmatch_lines(["*it is INCONCLUSIVE: Only 7 of 16 cases could be judged*"])


def test_a_run_whose_theorems_are_all_skipped_fails(check):
    skipped = conjecture.TRUE.replace("    theorem(CLAIM)", "    import pytest; pytest.skip('later')")
    result = check(skipped)
    result.assert_outcomes(skipped=1)
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*No theorem reached a verdict*"])


def test_a_run_that_is_interrupted_at_once_says_so(check):
    result = check(conjecture.TRUE.replace("    theorem(CLAIM)", "    raise KeyboardInterrupt\n    theorem(CLAIM)"))
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*No theorem reached a verdict*", "Partial: 0 of 1 claims.*"])


def test_tests_without_theorems_are_left_alone(check):
    result = check("def test_nothing():\n    pass\n")
    result.assert_outcomes(passed=1)
    assert result.ret == 0


def test_what_was_finished_is_kept(check, tried):
    check(conjecture.TRUE).assert_outcomes(passed=1)
    result = check(conjecture.TRUE)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 of 1 theorems have kept their record; --fresh tries them again."])
    assert tried == ["conjectures/true"]


def test_what_was_refuted_is_kept_refuted(check, monkeypatch):
    check(conjecture.FALSE).assert_outcomes(failed=1)
    monkeypatch.setattr(trials, "try_claim", lambda *a, **k: pytest.fail("tried again"))
    result = check(conjecture.FALSE)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*conjectures/false does not count as verified*REFUTED*"])


@pytest.fixture
def command(monkeypatch):
    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["verify", *arguments])
        with pytest.raises(SystemExit) as stopped:
            app.main()
        return int(stopped.value.code or 0)

    return run


@pytest.mark.parametrize("text", [conjecture.TRUE, conjecture.FALSE], ids=["true", "false"])
@pytest.mark.parametrize("package", [False, True], ids=["file", "package"])
def test_what_the_command_line_finished_is_kept(command, pytester, monkeypatch, text, package):
    folder = pytester.mkpydir("theorems") if package else pytester.path
    path = folder / "test_conjecture.py"
    path.write_text(f'"""A conjecture."""\n{text}')
    failed = int(text == conjecture.FALSE)
    assert command("check", str(path.relative_to(pytester.path)), "--profile", "quick") == failed
    # What pytest imports is another module.
    del sys.modules["theorems.test_conjecture" if package else "test_conjecture"]
    monkeypatch.setattr(trials, "try_claim", lambda *a, **k: pytest.fail("tried again"))
    result = pytester.runpytest_inprocess("--profile=quick", "-p", "no:cacheprovider", str(path))
    result.assert_outcomes(passed=1 - failed, failed=failed)
    result.stdout.fnmatch_lines(["1 of 1 theorems have kept their record; --fresh tries them again."])
    (record,) = records(pytester).values()
    assert record["docstring"] == "A conjecture."
    assert record["reproduce"].startswith("verify check")


def test_a_twin_is_shrunk_when_it_is_replayed_and_once_only(check, command, pytester, monkeypatch, capsys):
    check(conjecture.TRUE).assert_outcomes(passed=1)
    (record,) = records(pytester).values()
    assert record["twins"][0]["counterexample"] is None
    assert record["twins"][0]["drawn"] is not None
    monkeypatch.delitem(sys.modules, "test_conjecture", raising=False)
    monkeypatch.chdir(pytester.path)
    assert command("replay", "conjectures/true", "--twin", "0", "--steps", "100") == 0
    shrunk = records(pytester)["conjectures__true"]["twins"][0]["counterexample"]
    # Two features at different sizes are the least that tells the norms apart.
    assert shrunk == {"x": [[1.0, 2.0]], "y": [1]}
    assert "Dataset([[1, 2]], [1])" in capsys.readouterr().out
    with monkeypatch.context() as context:
        context.setattr(shrinking, "shrink", lambda *a, **k: pytest.fail("looked for again"))
        assert command("replay", "conjectures/true", "--twin", "0", "--steps", "100") == 0
        check(conjecture.TRUE, "--fresh").assert_outcomes(passed=1)
    assert records(pytester)["conjectures__true"]["twins"][0]["counterexample"] == shrunk
    check(conjecture.TRUE, "--fresh", "--hypothesis-seed=1").assert_outcomes(passed=1)
    assert records(pytester)["conjectures__true"]["twins"][0]["counterexample"] is None


def test_the_command_line_stamps_installed_claims_and_no_larger_trials(command, pytester, monkeypatch, trial):
    name = "fan2025/sign-gd-binary"

    def insist(claim, profile, budget, *, tell, **_):
        if budget > 1:
            tell("Trying more.")
        return dataclasses.replace(trial, claim=dataclasses.replace(trial.claim, id=claim.id))

    monkeypatch.setattr(insisting, "insist", insist)
    assert command("check", name, "--profile", "quick") == 0
    (record,) = records(pytester).values()
    ((claim, home),) = catalogue.located(name)
    assert Path(home.__file__).parent.name == "fan2025"
    assert record["fingerprint"] == fingerprint.fingerprint(claim, home.__file__)
    assert command("check", name, "--profile", "quick", "--budget", "2") == 0
    (larger,) = records(pytester).values()
    assert "fingerprint" not in larger
    assert larger["docstring"] == record["docstring"]


def damage(pytester):
    path = pytester.path / "verify-report/records/conjectures__true.json"
    path.write_text(path.read_text()[:-100])


def another_device(pytester):
    path = pytester.path / "verify-report/records/conjectures__true.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"device": "gpu"}))


@pytest.mark.parametrize(
    ("text", "options", "spoil"),
    [
        (conjecture.TRUE, ["--fresh"], None),
        (conjecture.TRUE, ["--hypothesis-seed=3"], None),
        (conjecture.TRUE.replace("Limit(0.05", "Limit(0.06"), [], None),
        (conjecture.TRUE + "\n# A comment more.\n", [], None),
        (conjecture.TRUE, [], damage),
        (conjecture.TRUE, [], another_device),
        (conjecture.TRUE, [], lambda p: (p.path / "verify-report/curves/conjectures__true.npz").unlink()),
    ],
    ids=["fresh", "seed", "claim edited", "file edited", "record damaged", "other device", "curves lost"],
)
def test_what_differs_is_tried_again(check, pytester, tried, text, options, spoil):
    check(conjecture.TRUE).assert_outcomes(passed=1)
    if spoil:
        spoil(pytester)
    result = check(text, *options)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*kept*")
    assert len(tried) == 2


def test_an_edited_engine_keeps_nothing(check, monkeypatch, tried):
    check(conjecture.TRUE).assert_outcomes(passed=1)
    monkeypatch.setattr(sources, "engine", lambda: ["another"])
    check(conjecture.TRUE).assert_outcomes(passed=1)
    assert len(tried) == 2


def test_bad_input_fails_in_one_sentence(check):
    result = check(conjecture.TRUE.replace('loss="exponential"', 'loss="hinge"'))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["conjectures/true: There is no loss 'hinge'*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result = check(conjecture.TRUE, "--device=tpu")
    result.stdout.fnmatch_lines(["conjectures/true: There is no 'tpu' device here*"])


def test_a_run_that_has_not_finished_says_so(check, pytester, tried):
    two = conjecture.TRUE + "\nimport dataclasses\nLATER = dataclasses.replace(CLAIM, id='conjectures/later')\n"
    stops = "\ndef test_later(theorem):\n    raise KeyboardInterrupt\n    theorem(LATER)\n"
    result = check(two + stops)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["Partial: 1 of 2 claims. The same command goes on with the others."])
    assert set(records(pytester)) == {"conjectures__true"}
    result = check(two + stops.replace("    raise KeyboardInterrupt\n", ""), "--fresh")
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("Partial*")


def test_a_seed_that_is_none(check):
    result = check(conjecture.TRUE, "--hypothesis-seed=seven")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--hypothesis-seed is 'seven': give a whole number, or random.*"])


def test_the_seed_is_hypothesis_own(check, pytester, tried):
    check(conjecture.TRUE, "--hypothesis-seed=7").assert_outcomes(passed=1)
    (record,) = records(pytester).values()
    assert record["seed"] == 7
    assert "--hypothesis-seed=7" in record["reproduce"]


def test_a_hunt_is_added_to_new_and_to_kept_records(check, pytester, tried):
    check(conjecture.TRUE).assert_outcomes(passed=1)
    assert "tightness" not in records(pytester)["conjectures__true"]
    check(conjecture.TRUE, "--hunt=6").assert_outcomes(passed=1)
    found = records(pytester)["conjectures__true"]["tightness"]
    assert 1 <= found["judged"] <= found["examples"] <= 6
    assert tried == ["conjectures/true"]


CLAIM_ALONE = conjecture.TRUE.partition("\n\ndef test_")[0]
SEVERAL = """
import dataclasses
CLAIMS = tuple(dataclasses.replace(CLAIM, id=f"conjectures/{name}") for name in ("one", "two"))
del CLAIM
"""
OTHER = "\ndef test_nothing():\n    assert True\n"
METHOD = "\nclass TestIt:\n    CLAIM = CLAIM\n    def test_nothing(self):\n        pass\ndel CLAIM\nCLAIMS = 'none'\n"


@pytest.mark.parametrize(
    ("text", "claims", "tests"),
    [
        (CLAIM_ALONE, ["true"], 1),
        (CLAIM_ALONE.replace("CLAIM = ", "CLAIM: Claim = "), ["true"], 1),
        (CLAIM_ALONE + SEVERAL, ["one", "two"], 2),
        (CLAIM_ALONE + OTHER, ["true"], 2),
        (conjecture.TRUE, ["true"], 1),
        (CLAIM_ALONE + METHOD, [], 1),
    ],
    ids=["alone", "annotated", "several", "beside another test", "with a test of its own", "of a class"],
)
def test_a_modules_claims_are_tried_once_each(check, tried, text, claims, tests):
    result = check(text, "-v")
    result.stdout.fnmatch_lines([f"collect*{tests} item*"])
    assert tried == [f"conjectures/{name}" for name in claims]
    if "def test_" not in text:
        result.stdout.fnmatch_lines([f"*claim*?conjectures/{name}? *" for name in claims])


@pytest.mark.parametrize("line", ["from claims import CLAIM", "from claims import *"])
def test_an_imported_claim_is_not_collected(check, pytester, tried, line):
    pytester.makepyfile(claims=CLAIM_ALONE)
    pytester.syspathinsert()
    check(line + OTHER).assert_outcomes(passed=1)
    assert tried == []


def test_what_went_wrong_and_decided_nothing_is_told_once(check, tried, monkeypatch):
    monkeypatch.setattr(compiled, "notes", ["The cache of compiled programs in here was mended."])
    two = "from dataclasses import replace\nCLAIMS = (CLAIM, replace(CLAIM, id='conjectures/second'))\n"
    result = check(conjecture.TRUE.partition("def ")[0] + two)
    result.assert_outcomes(passed=3)
    assert result.stdout.str().count("in here was mended") == 1
