"""Trials of many claims on a cluster: their parts, what is kept of them, and records as they become whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from verify.claims.claim import Claim
from verify.cluster.pool import Pool, Task
from verify.trials.parts import Part, Piece, joined, tried
from verify.trials.record import stamp

_FOLDER = "parts"


@dataclass
class _Trial:
    """A claim's trial under way. left: the parts that are not done. pieces: what the others came to."""

    home: ModuleType
    left: list[Part] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)


class Trials:
    """The parts of many trials, and the files of those that are finished.

    report_dir: where the records go; finished parts lie beside them till the record of their claim is written.
    reproduce: gives the command that tries a claim of that id again. fresh: do all parts, those with a file as well.
    done: how many parts are.
    """

    def __init__(self, report_dir: Path, reproduce: Callable[[str], str], *, fresh: bool = False):
        self._report_dir, self._reproduce, self._fresh = report_dir, reproduce, fresh
        self._trials: dict[str, _Trial] = {}
        self._tasks: list[Task] = []
        self._parts: dict[str, Part] = {}
        self.done = 0

    @property
    def left(self) -> int:
        """How many parts are not done, of those that are known."""
        return len(self._parts) - self.done

    def add(self, claim_id: str, home: ModuleType, parts: Iterable[Part]) -> dict[str, Any] | None:
        """Take a claim's trial in; give its record where all of its parts were finished before.

        home: the module that defines the claim.
        """
        trial = self._trials[claim_id] = _Trial(home)
        self._tasks += self._take(trial, parts)
        return self._record(trial)

    def run(self, pool: Pool, watch: Callable[[Sequence[str]], None]) -> Iterator[tuple[dict[str, Any] | None, str]]:
        """Do what is left; give each claim's record as it is whole, or None and why a part came to nothing.

        watch: called with the names of the parts at work, about once a second.
        """
        from reports.records import replace_file

        for done in pool.run(self._tasks, lambda running: watch([task.name for task in running])):
            part = self._parts[done.task.name]
            trial = self._trials[part.claim]
            self.done += 1
            if done.error is not None:
                yield None, done.why
                continue
            replace_file(self._file(part), lambda file, content=done.value: file.write(content))
            self._tasks[:0] = self._note(trial, part, Piece.from_bytes(done.value))
            if (record := self._record(trial)) is not None:
                yield record, ""

    def _take(self, trial: _Trial, parts: Iterable[Part]) -> list[Task]:
        """Take parts in: those that were finished before as they are; give the others as tasks."""
        tasks = []
        for part in parts:
            self._parts[part.name] = part
            trial.left.append(part)
            kept = None if self._fresh else self._kept(part)
            if kept is None:
                tasks.append(Task(part.name, tried, (part,)))
            else:
                self.done += 1
                tasks += self._note(trial, part, kept)
        return tasks

    def _note(self, trial: _Trial, part: Part, piece: Piece) -> list[Task]:
        """Note what a part came to; give the tasks that it asks for."""
        trial.left.remove(part)
        trial.pieces.append(piece)
        return self._take(trial, piece.further)

    def _record(self, trial: _Trial) -> dict[str, Any] | None:
        """The claim's record, which is written, where all parts are done; their files go then."""
        from reports.records import write_record

        if trial.left:
            return None
        part = trial.pieces[0].part
        record, curves = joined(trial.pieces, self._reproduce(part.claim))
        stamp(record, part.mark, trial.home)
        write_record(self._report_dir, record, curves)
        for piece in trial.pieces:
            self._file(piece.part).unlink(missing_ok=True)
        return record

    def _file(self, part: Part) -> Path:
        from reports.records import slug

        return self._report_dir / _FOLDER / f"{slug(part.claim)}-{part.file}.npz"

    def _kept(self, part: Part) -> Piece | None:
        """What a part came to that was finished before; None where there is none, or of another trial."""
        try:
            piece = Piece.from_bytes(self._file(part).read_bytes())
        except (OSError, ValueError):
            return None
        return piece if piece.part == part else None


def costliest_first(
    claims: Iterable[tuple[Claim, ModuleType]], report_dir: Path, profile: str
) -> list[tuple[Claim, ModuleType]]:
    """Claims by the seconds that their trials took before, as records of that profile tell; others as of the mean."""
    from reports.records import ReportError, read_record, slug

    def seconds(claim: Claim) -> float | None:
        try:
            record = read_record(report_dir / "records" / f"{slug(claim.id)}.json")
        except (ReportError, FileNotFoundError):
            return None
        return record["seconds"] if record["profile"] == profile else None

    found = [(seconds(claim), claim, home) for claim, home in claims]
    known = [cost for cost, _, _ in found if cost is not None]
    usual = sum(known) / len(known) if known else 0.0
    return [(c, h) for _, c, h in sorted(found, key=lambda each: -(usual if each[0] is None else each[0]))]
