"""The fixture `hunted`: hunt an open question for a moment, and write its record. It answers, and never fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from verify.plugin.session import NOTE, SEED_KEY, report_folder

if TYPE_CHECKING:
    from verify.claims.question import Question

COLLECTED = ("QUESTION", "QUESTIONS")
ROUNDS, SIZE = 2, 8
"""Of the hunt in a run of checks, which is to cost next to nothing."""


def items(collector: pytest.Module, name: str, found: Iterable[object]) -> list[pytest.Item] | None:
    """A test of each open question among what a module defines under that name; None where there is none."""
    from verify.claims.question import Question

    questions = [each for each in found if isinstance(each, Question)]
    if not questions:
        return None
    return [
        pytest.Function.from_parent(collector, name=f"{name.lower()}[{each.id}]", callobj=_test_of(each))
        for each in questions
    ]


def _test_of(question: Question) -> Callable[..., None]:
    def test(hunted: Callable[[Question], object]) -> None:
        hunted(question)

    test.__doc__ = question.asks
    return test


@pytest.fixture
def hunted(request: pytest.FixtureRequest) -> Callable[[Question], dict[str, Any]]:
    """Hunt an open question for two rounds; the test passes whatever is found, and the record says what that was.

    A longer hunt's record in the same folder is left as it is. Only a question that cannot be hunted fails.
    """

    def hunt(question: Question) -> dict[str, Any]:
        from reports.hunts import path_of, read_hunt, sentence, write_hunt
        from solvers.errors import InputError
        from verify.trials.hunt_record import Expedition

        folder, seed = report_folder(request.config), request.config.stash[SEED_KEY]
        path = path_of(folder, question.id)
        if path.is_file() and (record := read_hunt(path))["rounds"] > ROUNDS:
            return record
        try:
            expedition = Expedition.of(question, Path(request.node.path), seed=seed, size=SIZE)
            record = expedition.go(
                None, go_on=lambda progress: progress.rounds < ROUNDS, keep=lambda record: None, clock=time.monotonic,
                platform=request.config.getoption("device"),
            )  # fmt: skip
        except InputError as error:
            pytest.fail(f"{question.id}: {error}", pytrace=False)
        write_hunt(folder, record)
        request.node.user_properties.append((NOTE, f"{question.id} is {sentence(record)}"))
        return record

    return hunt
