"""What the theorems' files say: their parts, and where each claim comes from."""

import ast
import re
from pathlib import Path

import pytest

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
