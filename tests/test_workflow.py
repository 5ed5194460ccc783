"""The workflow that a user copies: its steps are commands as they are, and none is skipped where a claim fails."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

import verify
from tests.test_docs import parse

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    return yaml.safe_load((ROOT / "examples/check-conjectures.yml").read_text("utf-8"))


@pytest.fixture(scope="module")
def steps(workflow) -> list[dict[str, Any]]:
    return workflow["jobs"]["conjectures"]["steps"]


def test_it_runs_on_every_push(workflow):
    assert "push" in workflow[True]  # YAML's `on`


def test_its_commands_have_these_options(steps):
    commands = [shlex.split(step["run"]) for step in steps if "run" in step]
    assert [words[0] for words in commands] == ["pip", "pytest", "verify", "cat"]
    assert commands[0][-1] == f"implicit-bias-verify=={verify.__version__}"
    parse(commands[2][1:])
    folder = commands[2][commands[2].index("--report-dir") + 1]
    assert f"--report-dir={folder}" in commands[1]
    assert commands[3][1] == f"{folder}/summary.md"
    assert steps[-1]["with"]["path"] == folder


def test_pytest_knows_its_options(steps, request):
    (command,) = [shlex.split(step["run"]) for step in steps if step.get("run", "").startswith("pytest")]
    options = [word.partition("=")[0] for word in command if word.startswith("--")]
    assert options == ["--profile", "--report-dir"]
    for name in options:
        request.config.getoption(name)  # raises for one that is not known


def test_the_report_is_made_where_a_claim_has_failed(steps):
    tried = next(i for i, step in enumerate(steps) if step.get("run", "").startswith("pytest"))
    assert all(step["if"] == "always()" for step in steps[tried + 1 :])
    assert "if" not in steps[tried]
