"""A soundness run: what is planned, judged in order, and gone on with where it was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.soundness.catalogue import ENTRIES, POWER, chosen, has
from benchmarks.soundness.entry import Entry
from benchmarks.soundness.identifying import WRONG, Question, ask, judged, mark, questions, truth_of
from benchmarks.soundness.judging import Judge, tried
from benchmarks.soundness.results import Line, Results
from solvers.errors import InputError
from verify.claims.claim import Claim
from verify.trials.fingerprint import fingerprint
from verify.trials.profiles import Profile


class Part(StrEnum):
    """What a verdict is of."""

    CATALOGUE = "catalogue"
    POWER = "power"
    PROPERTIES = "properties"
    IDENTIFY = "identify"


_Subject = Entry | Claim | Question
_Named = tuple[Part, str, str, _Subject]


class Task(NamedTuple):
    """A verdict that is wanted. mark: changes with whatever it depends on."""

    part: Part
    name: str
    seed: int
    mark: str
    subject: _Subject


@dataclass(frozen=True)
class Plan:
    """The verdicts that are wanted, of one profile, seed by seed."""

    profile: Profile
    tasks: tuple[Task, ...]

    def found(self, results: Results) -> list[Line]:
        """The lines of those that are there; the truth is as the catalogue has it now."""
        found = []
        for task in self.tasks:
            line = results.find(task.part, task.name, self.profile.name, task.seed, task.mark)
            if line is not None:
                truth = {"true": task.subject.true, "why": task.subject.why} if isinstance(task.subject, Entry) else {}
                found.append(line | truth)
        return found


def planned(what: str, profile: Profile, seeds: Sequence[int], words: str) -> Plan:
    """The verdicts on what has all the words in its name.

    what: "catalogue", "properties", "both" of these, or "identify". Raises `InputError` where there is none.
    """
    named: list[_Named] = [*_of_catalogue(words)] if what in ("catalogue", "both") else []
    if what in ("properties", "both"):
        named += [*_of_properties(words)]
    if what == "identify":
        asked = [question for question in questions(profile) if has(question.name, words)]
        named += [(Part.IDENTIFY, question.name, mark(), question) for question in asked]
    if not named:
        raise InputError(f"Nothing of {what} has {words!r} in its name: give other words after -k.")
    return Plan(profile, tuple(Task(part, name, seed, mark, it) for seed in seeds for part, name, mark, it in named))


def _of_catalogue(words: str) -> Iterator[_Named]:
    # The way of judging is all that a verdict depends on beside the claim itself.
    home = Path(__file__).with_name("judging.py")
    for part, entries in ((Part.CATALOGUE, ENTRIES), (Part.POWER, POWER)):
        for entry in chosen(entries, words):
            yield part, entry.name, fingerprint(entry.claim, home), entry


def _of_properties(words: str) -> Iterator[_Named]:
    import properties
    from verify.claims.catalogue import located_in

    for name, (claim, home) in located_in(properties).items():
        if has(name, words):
            yield Part.PROPERTIES, name, fingerprint(claim, str(home.__file__)), claim


def run(
    plan: Plan,
    results: Results,
    *,
    show: Callable[[str, int, int], None] = lambda what, done, total: None,
    tell: Callable[[Line], None] = lambda line: None,
) -> None:
    """Judge what is planned and not there yet; each verdict is in the file before the next one is begun.

    show: told what is judged, and how many of how many are done. tell: gets each new line.
    """
    judge, left, total = Judge((*ENTRIES, *POWER)), missing(plan, results), len(plan.tasks)
    for done, task in enumerate(left, start=total - len(left)):
        show(f"seed {task.seed}, {task.name}", done, total)
        line = verdict(task, judge, plan.profile)
        results.add(line)
        tell(line)


def missing(plan: Plan, results: Results) -> list[Task]:
    """What is planned and not there yet, in its order."""
    return [t for t in plan.tasks if results.find(t.part, t.name, plan.profile.name, t.seed, t.mark) is None]


def verdict(task: Task, judge: Judge, profile: Profile) -> Line:
    """The verdict as a line of the file of results. judge: of entries; those of one run follow each other."""
    if isinstance(task.subject, Entry):
        found = judge.judge(task.subject, profile, task.seed)
    elif isinstance(task.subject, Question):
        found = ask(task.subject, task.seed)
    else:
        found = tried(task.subject, profile, task.seed)
    line = {"part": str(task.part), "name": task.name, "profile": profile.name, "seed": task.seed}
    line |= {"mark": task.mark} | found
    if isinstance(task.subject, Entry) and task.subject.excess is not None:
        line["excess"] = task.subject.excess
    return line


def wrong(line: Line) -> Iterable[str]:
    """What of a line is wrong, in words."""
    outcome: Any = line["outcome"]
    if outcome == "ERROR":
        yield "error"
    elif line["part"] == Part.IDENTIFY:
        if judged(line, truth_of(line)) == WRONG:
            yield f"wrong: {line['outcome']}"
    elif line["part"] != Part.POWER and outcome == ("REFUTED" if line["true"] else "SUPPORTED"):
        yield "false refutation" if line["true"] else "false support"
    for twin in line.get("twins", ()):
        if twin["verdict"] == "SUPPORTED":
            yield f"false support of the twin {twin['wrong']!r}"
    for real in line.get("real", ()):
        if real["verdict"] == "REFUTED":
            yield f"false refutation on {real['name']}"
