"""What the theorems' files say: their parts, and where each claim comes from."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from properties import conftest
from verify.claims.index import questions, summaries
from verify.claims.provenance import Read

ROOT = Path(__file__).parent.parent
FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "properties").rglob("test_*.py"))
PARTS = ("Setting", "Algorithm|Method|Object", "Claim", "Reference")
CLAIMS = [summary for summary in summaries() if not summary.id.startswith("conjectures/")]


@pytest.mark.parametrize("path", FILES)
def test_a_theorem_has_its_parts_in_order(path: str):
    text = ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8"))) or ""
    found = [match.start() for part in PARTS for match in re.finditer(rf"^({part}): \S", text, re.MULTILINE)]
    assert len(found) == len(PARTS), f"{path} lacks one of {', '.join(PARTS)}, or has it twice"
    assert found == sorted(found)


def test_every_theorem_is_listed():
    listed = {summary.id.partition("/")[0] for summary in CLAIMS} | {each.id.partition("/")[0] for each in questions()}
    assert listed == {Path(path).parts[1] for path in FILES}


@pytest.mark.parametrize("summary", CLAIMS, ids=lambda summary: summary.id)
def test_a_source_is_a_place_and_how_it_was_read_stands_beside(summary):
    assert not re.search("as commonly stated|derived", summary.source)
    assert re.search(r"\b(19|20)\d\d\b", summary.source)
    assert summary.read in {str(read) for read in Read if read is not Read.CONJECTURED}


def test_what_is_not_begun_in_time_is_told(tmp_path):
    """And where nothing was tried at all the run fails."""
    command = [sys.executable, "-m", "pytest", "properties/barrett2021", "-rs", "-p", "no:cacheprovider"]
    command += [f"--report-dir={tmp_path}"]
    environment = os.environ | {"PROPERTIES_UNTIL": "1"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    for said in (
        "No theorem reached a verdict",
        "Partial: 0 of 2 claims",
        "the time given by PROPERTIES_UNTIL is over",
    ):
        assert said in ran.stdout
    assert not [*tmp_path.rglob("*barrett2021*")]


@pytest.mark.parametrize(("until", "order"), [(float("inf"), "zabc"), (6.0, "zcab"), (5.0, "zbca")])
def test_where_time_is_limited_others_come_last_each_time(monkeypatch, until, order):
    items: Any = [SimpleNamespace(path=Path(f"properties/{name}/test_it.py")) for name in "abc"]
    items.append(SimpleNamespace(path=Path("properties/zou2023/test_cnn.py")))
    monkeypatch.setattr(conftest, "_UNTIL", until)
    conftest.pytest_collection_modifyitems(items)
    assert "".join(item.path.parent.name[0] for item in items) == order
