"""The examples come out as they say, so do the guide's conjectures, and one is tried far from this repository."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.verified import failures
from tests.conftest import untyped
from tests.verify import conjecture
from verify import Claim, Dataset
from verify.discovery.tightening import rounded_up
from verify.trials.hunting import hunt
from verify.trials.profiles import PROFILES
from verify.trials.record import record_of
from verify.trials.single import measured
from verify.trials.trial import Trial, try_claim

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
# By file: whether it counts as verified.
EXAMPLES = {
    "half_margin": True,
    "network_sign_gd": True,
    "sign_momentum": True,
    "sign_gd_l2": False,
    "stable_steps": True,
    "weighted_norm": True,
}
VERDICTS = re.compile(r"SUPPORTED|REFUTED|INCONCLUSIVE")


def module_of(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def claim_of(path: Path) -> Claim:
    return module_of(path).CLAIM


def tried(claim: Claim) -> tuple[Trial, list[str]]:
    with untyped():
        trial = try_claim(claim, PROFILES["quick"])
    return trial, failures(record_of(trial, "")[0])


def test_what_is_proposed_from_rows_is_refuted_by_a_case_that_they_did_not_have():
    example = module_of(ROOT / "examples/stable_steps.py")
    assert tuple(rounded_up(each) for each in example.proposed(1)) == example.PROPOSED
    ratios = []
    for a, b in (example.PROPOSED, (example.A, example.B)):
        m = measured(replace(example.CLAIM, quantity=example.first_time(a, b)), example.HUNTED, steps=1, log_time=1.0)
        assert m is not None
        ratios.append(float(example.CLAIM.kind.nearness(m)[0]))
    assert ratios[0] == pytest.approx(1.06, abs=0.005)
    assert ratios[1] == pytest.approx(0.88, abs=0.005)
    assert not hunt(example.CLAIM, examples=12, seed=1).refuted


def test_the_table_has_every_example():
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} == EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_comes_out_as_it_says(name):
    claim = claim_of(ROOT / f"examples/{name}.py")
    trial, found = tried(claim)
    assert [twin.verdict.outcome for twin in trial.twins] == ["REFUTED"] * len(claim.twins)
    if EXAMPLES[name]:
        assert found == []
    else:
        assert trial.verdict.outcome == "REFUTED"
        assert len(found) == 1
        # The counterexample that its story tells.
        assert isinstance(trial.counterexample, Dataset)
        assert repr(trial.counterexample) == "Dataset([[1, 2]], [1])"
        assert "the single point (1, 2)" in (ROOT / f"examples/{name}.py").read_text("utf-8")


def guide() -> list[tuple[str, str]]:
    """The guide's conjectures, and the output that it shows of each."""
    return re.findall(r"```python\n([^`]*?CLAIM = [^`]*?)```.*?```text\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("which", [0, 1], ids=["true", "false"])
def test_the_guide_shows_what_comes_out(tmp_path, which):
    text, shown = guide()[which]
    path = tmp_path / "test_mine.py"
    path.write_text(text, "utf-8")
    trial, found = tried(claim_of(path))
    twins = [twin.verdict.outcome for twin in trial.twins]
    said = [line for line in shown.splitlines() if re.match(r"conjectures/|  false twin", line)]
    assert [VERDICTS.findall(line)[0] for line in said] == [trial.verdict.outcome, *twins]
    assert (trial.verdict.outcome, bool(found)) == [("SUPPORTED", False), ("REFUTED", True)][which]
    counterexamples = [trial.counterexample, *(twin.counterexample for twin in trial.twins)]
    assert set(re.findall(r"Dataset\(.*\)", shown)) == {repr(each) for each in counterexamples if each is not None}


def test_the_guide_has_two_conjectures():
    assert len(guide()) == 2


def test_a_conjecture_in_a_folder_of_its_own(tmp_path):
    """As a user has it: the installed commands in a folder that knows nothing of this repository."""
    commands = Path(sys.executable).parent
    few = conjecture.TRUE.replace("    loss=", "    share=1 / 4,\n    loss=")
    (tmp_path / "test_mine.py").write_text(few, "utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHONPATH"))}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        program, *rest = arguments
        return subprocess.run(
            [str(commands / program), *rest], cwd=tmp_path, env=clean, capture_output=True, text=True, check=False
        )

    done = call("pytest", "test_mine.py", "--profile=quick", "--report-dir=out", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"conjectures/true.*SUPPORTED", done.stdout)
    (record,) = (tmp_path / "out/records").glob("*.json")
    assert json.loads(record.read_text("utf-8"))["verdict"] == "SUPPORTED"
    done = call("verify", "report", "--report-dir", "out")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 supported" in done.stdout
    assert "SignGD maximises the linf margin" in (tmp_path / "out/index.html").read_text("utf-8")
