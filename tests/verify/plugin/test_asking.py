"""Open questions in a run of pytest: hunted for a moment, recorded, and never red."""

import json

import pytest

pytest_plugins = ["pytester"]

ASKED = """
import numpy as np
from dataclasses import dataclass
from verify import Bound, Dataset, strategies
from verify.claims import Paper
from verify.claims.question import question
from verify.problems.quantity import Measurement

@dataclass(frozen=True)
class Size:
    name: str = "size"
    def measure(self, subject, lab):
        values = np.array([[np.abs(s.x).max()] for s in lab.datasets])
        b = len(values)
        return Measurement(np.ones(1), values, np.zeros(b), np.ones(b, bool), lab.datasets)

QUESTION = question(
    "size", "Is nothing large?", "Nothing is large: ever.", paper=Paper("me", "Me", "Mine", 2030), where="here",
    refuted="no", kind=Bound.constant(LIMIT), problem=lambda: strategies.binary(max_points=2, max_features=2),
    optimizer_text="none", quantity=Size(), seeds=lambda: (Dataset([[2]], [1]),), admits=lambda s: True, steps=STEPS,
)
"""


@pytest.fixture
def ask(pytester):
    def run(limit: str, steps: str = "5"):
        pytester.makepyfile(test_asked=ASKED.replace("LIMIT", limit).replace("STEPS", steps))
        return pytester.runpytest_inprocess("--profile=quick", "-p", "no:cacheprovider", "-p", "no:randomly")

    return run


@pytest.mark.parametrize(("limit", "answered"), [("1e9", False), ("1.0", True)])
def test_a_question_passes_whatever_is_found(ask, pytester, limit, answered):
    ask(limit).assert_outcomes(passed=1)
    record = json.loads((pytester.path / "verify-report/hunts/open__size.json").read_text())
    assert record["rounds"] == 2
    assert bool(record["answers"]) == answered
    assert not (pytester.path / "verify-report/records").exists()


def test_a_longer_hunts_record_is_left_as_it_is(ask, pytester):
    ask("1e9")
    path = pytester.path / "verify-report/hunts/open__size.json"
    longer = json.dumps(json.loads(path.read_text()) | {"rounds": 50})
    path.write_text(longer)
    ask("1e9").assert_outcomes(passed=1)
    assert path.read_text() == longer


def test_a_question_that_cannot_be_hunted_fails_in_a_sentence(ask):
    result = ask("1e9", steps="0")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*open/size: A run needs at least one step*"])
