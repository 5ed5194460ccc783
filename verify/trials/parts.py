"""A claim's trial in parts that do not need each other, and the record that they come to: that of the whole trial.

One part is the claim itself, on drawn and real data, with its own smallest counterexample, and the twins that differ in
kind or norm only, since these share its run. Every other twin is a part, on the same draws. The smallest counterexample
of a refuted twin, most of a trial's time, is a part that is known once its twin is refuted.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from verify.trials.profiles import Profile
from verify.trials.record import plain_case, plain_twin, record_of, twin_curves
from verify.trials.shrinking import can_shrink, enough, shrink
from verify.trials.trial import TwinResult, try_claim, try_twin
from verify.trials.whereabouts import Whereabouts, at_work, home_of

if TYPE_CHECKING:
    from types import ModuleType

    from verify.claims.claim import Claim

_OF_THE_RUN = {"kind", "norm"}
"""What a twin may change and still be judged on the claim's run."""
_JSON = "_record"
_AFTER = ("real_", "refutation_", "part_")
"""How the arrays begin that stand after the twins' in a record."""


@dataclass(frozen=True)
class Part:
    """A part of a claim's trial, as plain data.

    claim: its id. home: the module that defines it, or the path of a file. mark: its fingerprint. of: `claim` with some
    of its twins, `twin`, or `smallest`, the smallest counterexample of a twin. twins: their places. violated: the log
    time of the worst case of the twin's refutation.
    """

    claim: str
    home: str
    mark: str
    profile: Profile
    seed: int
    platform: str | None
    of: str
    twins: tuple[int, ...]
    violated: float | None = None

    @property
    def name(self) -> str:
        """What it is, in words."""
        if self.of == "claim":
            return self.claim
        return f"{self.claim}, {'twin' if self.of == 'twin' else 'smallest counterexample of twin'} {self.twins[0]}"

    @property
    def file(self) -> str:
        """The name of its file among those of its claim."""
        return "-".join([self.of, *(map(str, self.twins) if self.of != "claim" else ())])


@dataclass(frozen=True)
class Piece:
    """What a part comes to. record: a part of the claim's. twins: by place, those of the twins that were tried.

    curves: arrays of the record. further: the parts that its refutations ask for. seconds: those it took.
    """

    part: Part
    record: dict[str, Any]
    twins: dict[int, dict[str, Any]]
    curves: dict[str, np.ndarray]
    further: tuple[Part, ...]
    seconds: float

    def to_bytes(self) -> bytes:
        """As the content of a file, which is the same wherever it was made."""
        plain = asdict(self)
        del plain["curves"]
        text = json.dumps(plain, default=lambda value: value.tolist())
        file = io.BytesIO()
        np.savez_compressed(file, allow_pickle=False, **{_JSON: np.array(text)}, **self.curves)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Piece:
        """The piece of a file's content; raises `ValueError` where it is none."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                curves = {name: file[name] for name in file.files}
            plain = json.loads(str(curves.pop(_JSON)))
            twins = {int(place): twin for place, twin in plain["twins"].items()}
            further = tuple(_part(each) for each in plain["further"])
            return cls(_part(plain["part"]), plain["record"], twins, curves, further, plain["seconds"])
        except (zipfile.BadZipFile, EOFError, KeyError, TypeError) as error:
            raise ValueError(f"it is no piece of a trial ({error})") from error


def _part(plain: dict[str, Any]) -> Part:
    return Part(**plain | {"profile": Profile(**plain["profile"]), "twins": tuple(plain["twins"])})


def parts_of(
    claim: Claim, home: ModuleType, mark: str, profile: Profile, *, seed: int, platform: str | None, file: bool = False
) -> list[Part]:
    """The parts of a claim's trial that are known before it begins.

    home: the module that defines it. mark: its fingerprint. file: find the module by its path, and not by its name.
    """
    own = tuple(i for i, twin in enumerate(claim.twins) if twin.changes.keys() <= _OF_THE_RUN)
    first = Part(claim.id, home_of(home, file=file), mark, profile, seed, platform, "claim", own)
    others = [i for i in range(len(claim.twins)) if i not in own]
    return [first, *(replace(first, of="twin", twins=(i,)) for i in others)]


def tried(part: Part) -> bytes:
    """What a part comes to, as `Piece.to_bytes` makes it; raises what a trial of the claim raises.

    Raises `Refused` where the claim is another one here, and `InputError` where it is not here at all.
    """
    begun = time.perf_counter()
    claim = Whereabouts(part.claim, part.home, part.mark).found()
    with at_work(part.platform):
        piece = _done(claim, part)
    return replace(piece, seconds=time.perf_counter() - begun).to_bytes()


def _done(claim: Claim, part: Part) -> Piece:
    if part.of == "smallest":
        return _smallest(claim, part)
    if part.of == "twin":
        found = try_twin(claim, part.twins[0], part.profile, seed=part.seed, platform=part.platform)
        return _piece(claim, part, {}, {}, [found])
    trial = try_claim(claim, part.profile, seed=part.seed, platform=part.platform, shrink_twins=False, twins=part.twins)
    record, curves = record_of(replace(trial, twins=[]), "")
    return _piece(claim, part, record, curves, trial.twins)


def _smallest(claim: Claim, part: Part) -> Piece:
    (place,), twin = part.twins, claim.twin(part.twins[0])
    case = shrink(twin, part.profile, part.seed, most_steps=enough(twin, part.violated))
    return Piece(part, {}, {place: {"counterexample": plain_case(case)}}, {}, (), 0.0)


def _piece(
    claim: Claim, part: Part, record: dict[str, Any], curves: dict[str, np.ndarray], found: Sequence[TwinResult]
) -> Piece:
    twins, further = {}, []
    for place, twin in zip(part.twins, found, strict=True):
        twins[place] = plain_twin(claim, place, twin)
        curves = curves | twin_curves(claim, place, twin)
        if claim.twins[place].shrink and can_shrink(twin.verdict):
            worst = twin.verdict.evidence.worst_log_time
            violated = None if worst is None else float(worst)
            further.append(replace(part, of="smallest", twins=(place,), violated=violated))
    return Piece(part, record, twins, curves, tuple(further), 0.0)


def joined(pieces: Iterable[Piece], reproduce: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The record of a claim and its curves, of all pieces of its trial; as `verify.trials.record.record_of`."""
    pieces = list(pieces)
    (whole,) = (piece for piece in pieces if piece.part.of == "claim")
    twins: dict[int, dict[str, Any]] = {}
    for piece in sorted(pieces, key=lambda piece: piece.part.of == "smallest"):
        for place, twin in piece.twins.items():
            twins[place] = twins.get(place, {}) | twin
    curves = {name: curve for piece in pieces for name, curve in piece.curves.items()}
    ordered = sorted(curves, key=lambda name: (name.startswith(_AFTER), _place(name)))
    changes = {
        "twins": [twins[place] for place in sorted(twins)],
        "seconds": sum(piece.seconds for piece in pieces),
        "reproduce": reproduce,
    }
    return whole.record | changes, {name: curves[name] for name in ordered}


def _place(curve: str) -> int:
    """The place of the twin whose array that is; -1 of another array."""
    return int(curve.split("_")[1]) if curve.startswith("twin_") else -1
