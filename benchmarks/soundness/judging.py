"""The verdict on an entry, and the trial of a claim of `properties`, as lines of the file of results."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

from hypothesis.errors import HypothesisDeprecationWarning

from benchmarks.soundness.entry import Entry
from solvers.norms import Norm
from verify.backend import Progress
from verify.claims.claim import Claim
from verify.claims.judge import Verdict
from verify.problems.laboratory import Laboratory
from verify.trials.profiles import Profile
from verify.trials.record import record_of
from verify.trials.settling import settle
from verify.trials.trial import laboratory, try_claim

ERROR = "ERROR"
"""The outcome of what raised an error in place of a verdict."""


class Judge:
    """Judges entries as a trial judges its claim: on the drawn cases, the horizon moved, refutations confirmed.

    Without twins, real data and counterexamples, which have no bearing on that. The laboratory of a group is kept
    while its entries follow each other, so that they share references and runs. norms: by group, those of its entries.
    """

    def __init__(self, entries: tuple[Entry, ...]):
        self._norms: dict[str, tuple[str | Norm, ...]] = {}
        for entry in entries:
            known = self._norms.get(entry.group, ())
            self._norms[entry.group] = tuple(dict.fromkeys((*known, *entry.claim.norms)))
        self._kept: tuple[Any, Laboratory] | None = None

    def judge(self, entry: Entry, profile: Profile, seed: int, progress: Progress | None = None) -> dict[str, Any]:
        """The verdict as a line: outcome, sentence, seconds, and of a wrong one the nearest case."""

        def attempt() -> dict[str, Any]:
            lab = self._laboratory(entry, profile, seed)
            lab.progress = progress
            verdict = settle(entry.claim, lab, profile.extensions)
            return {"outcome": str(verdict.outcome), "sentence": verdict.sentence} | _evidence(verdict)

        return timed(attempt) | {"true": entry.true, "kind": entry.claim.kind.name, "why": entry.why}

    def _laboratory(self, entry: Entry, profile: Profile, seed: int) -> Laboratory:
        key = (entry.group, profile, seed)
        if self._kept is None or self._kept[0] != key:
            self._kept = None  # before the next one is made: both are large
            lab = laboratory(entry.claim, profile, seed=seed)
            lab.norms = self._norms[entry.group]
            self._kept = key, lab
        return self._kept[1].view()


def tried(
    claim: Claim, profile: Profile, seed: int, progress: Callable[[str, int, int], None] | None = None
) -> dict[str, Any]:
    """A claim of `properties` with its twins and real data, as pytest tries it: read from the trial's record."""

    def attempt() -> dict[str, Any]:
        record, _ = record_of(try_claim(claim, profile, seed=seed, progress=progress, shrink_twins=False), "")
        return {
            "outcome": record["verdict"],
            "sentence": record["sentence"],
            "twins": [{name: twin[name] for name in ("wrong", "verdict", "sentence")} for twin in record["twins"]],
            "real": [
                {name: real[name] for name in ("name", "verdict", "sentence")} for real in record["datasets"]["real"]
            ],
        }

    return timed(attempt) | {"true": True, "kind": claim.kind.name}


def timed(attempt: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What it finds with its seconds and warnings; an error of whatever kind is a finding too: it costs this one."""
    begun = time.perf_counter()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        # A worker of a cluster has threads of its own that take random numbers while hypothesis draws.
        warnings.filterwarnings("ignore", "Do not use the `random` module", HypothesisDeprecationWarning)
        try:
            found = attempt()
        except Exception as error:
            found = {"outcome": ERROR, "sentence": f"{type(error).__name__}: {error}"}
    warned = list(dict.fromkeys(str(each.message) for each in seen))
    return found | {"seconds": time.perf_counter() - begun} | ({"warnings": warned} if warned else {})


def _evidence(verdict: Verdict) -> dict[str, Any]:
    case = verdict.worst
    notes = list(verdict.measurement.notes)
    steps = verdict.measurement.clock.at(float(verdict.measurement.log_time[-1]))
    return {"horizon": steps, "notes": notes} | ({} if case is None else {"case": case.to_json()})
