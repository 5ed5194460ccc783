"""A hunt in rounds from and to its record, by which it can be gone on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from solvers.errors import InputError
from verify.claims.claim import Claim
from verify.claims.question import Question
from verify.datasets.dataset import Dataset
from verify.trials import fingerprint as fingerprints
from verify.trials.archive import Hard
from verify.trials.long_hunt import Ground, Progress, follow

_COUNTED = ("fingerprint", "steps", "log_time", "seed", "rounds", "cases", "judged", "seconds", "created")


@dataclass(frozen=True)
class Expedition:
    """A question, or a claim, that is hunted in rounds. home: the file that defines it."""

    target: Question | Claim
    ground: Ground
    home: Path

    @classmethod
    def of(cls, target: Question | Claim, home: Path, **changes: Any) -> Expedition:
        """With a question's own horizon, datasets and limits, unless they are changed; see `Ground`.

        Raises `InputError` where steps are given to a question of flows.
        """
        if isinstance(target, Question):
            if target.flows and changes.get("steps") is not None:
                raise InputError(f"{target.id} is of flows, which take no steps: leave --steps away.")
            ground = Ground(target.claim, target.admits, target.seeds(), target.steps, target.log_time)
        else:
            ground = Ground(target)
        return cls(target, replace(ground, **changes), home)

    def resumed(self, record: Mapping[str, Any] | None) -> tuple[Expedition, Progress]:
        """Where to go on. After another horizon, or changes of the program, what was found is tried again first."""
        if record is None:
            return self, Progress()
        if self._continues(record):
            return self, Progress.from_json(record)
        found = [Hard.from_json(each).case for each in (*record["answers"], *record["archive"])]
        known: Sequence[Dataset] = [*self.ground.given, *found]
        return replace(self, ground=replace(self.ground, given=known)), Progress()

    def _continues(self, record: Mapping[str, Any]) -> bool:
        return self._mark() == tuple(record[name] for name in ("fingerprint", "steps", "log_time", "seed"))

    def earlier(self, record: Mapping[str, Any] | None) -> tuple[float, list[dict[str, Any]]]:
        """The seconds of a hunt that goes on; and the hunts before it: what they were, and how much they did."""
        if record is None:
            return 0.0, []
        known = list(record.get("earlier", []))
        if self._continues(record):
            return float(record["seconds"]), known
        return 0.0, [*known, {name: record[name] for name in _COUNTED}]

    def go(
        self,
        record: Mapping[str, Any] | None,
        *,
        go_on: Callable[[Progress], bool],
        keep: Callable[[dict[str, Any]], object],
        clock: Callable[[], float],
        platform: str | None = None,
    ) -> dict[str, Any]:
        """Hunt on from a record as a `Pursuit` does; give the last of the records kept."""
        pursuit = Pursuit(self, record, go_on=go_on, clock=clock)
        follow(
            pursuit.expedition.ground,
            pursuit.progress,
            go_on=lambda _: pursuit.goes_on(),
            keep=lambda progress: keep(pursuit.note(progress)),
            platform=platform,
        )
        return pursuit.record()

    def record(self, progress: Progress, seconds: float, earlier: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """The record of what was done, of the schema of `reports.hunts`."""
        target, claim = self.target, self.ground.claim
        asked = target if isinstance(target, Question) else None
        mark, steps, log_time, seed = self._mark()
        return {
            "schema": 1,
            "id": claim.id,
            "asks": asked and asked.asks,
            "title": claim.title,
            "statement": claim.statement,
            "source": claim.source,
            "refuted": asked.refuted if asked else "",
            "known": asked.known if asked else "",
            "about": claim.subject.text,
            "law": claim.kind.claimed()[0],
            "statistic": claim.kind.statistic(claim.quantity.name),
            "limit": claim.kind.limit,
            "horizon": f"log t = {log_time:g}" if asked and asked.flows else f"{steps} steps",
            "steps": steps,
            "log_time": log_time,
            "seed": seed,
            "fingerprint": mark,
            **progress.to_json(),
            "seconds": round(seconds, 3),
            "earlier": [dict(each) for each in earlier],
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def _mark(self) -> tuple[str, int, float, int]:
        ground = self.ground
        return fingerprints.fingerprint(ground.claim, self.home), ground.steps, ground.log_time, ground.seed


class Pursuit:
    """An expedition under way, from a record: a round at least, and more as long as `go_on` says so of what was done.

    expedition: with what is to be tried again first. progress: what was done so far.
    """

    def __init__(
        self,
        expedition: Expedition,
        record: Mapping[str, Any] | None,
        *,
        go_on: Callable[[Progress], bool],
        clock: Callable[[], float],
    ):
        self.expedition, self.progress = expedition.resumed(record)
        self._go_on, self._clock, self._first = go_on, clock, self.progress.rounds
        self._before, self._earlier = expedition.earlier(record)
        self._begun = clock()

    def goes_on(self) -> bool:
        """Whether there is to be one more round."""
        return self._go_on(self.progress) or self.progress.rounds == self._first

    def note(self, progress: Progress) -> dict[str, Any]:
        """Note what was done by the end of one more round; give the record."""
        self.progress = progress
        return self.record()

    def record(self) -> dict[str, Any]:
        """The record of what was done so far."""
        return self.expedition.record(self.progress, self._before + self._clock() - self._begun, self._earlier)
