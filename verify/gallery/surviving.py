"""The laws that survive of all installed rates: a part for each claim, as `verify sharpen` finds it.

A part is computed again where its claim's file has changed, or the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solvers.errors import InputError
from verify import sources
from verify.claims.catalogue import located_claims
from verify.claims.claim import Claim
from verify.claims.kinds import Rate
from verify.claims.provenance import Read
from verify.discovery.ladder import law_of
from verify.discovery.sharpening import sharpen
from verify.gallery.experiment import Part, Results
from verify.laws import PathLaw
from verify.trials.profiles import PROFILES, Profile

_NOT_PROVED = (Read.OBSERVED, Read.CONJECTURED)


@dataclass(frozen=True)
class Parameters:
    """How hard each claim is tried: datasets, steps, and log time of flows. only: the first part of the claims' ids."""

    datasets: int = PROFILES["quick"].datasets
    steps: int = PROFILES["quick"].steps
    log_time: float = PROFILES["quick"].log_time
    resolution: float = 0.08
    only: str = ""

    def __post_init__(self) -> None:
        if self.datasets < 2 or self.steps < 100 or not self.log_time > 0 or not self.resolution > 0:
            raise InputError(
                f"The atlas needs 2 datasets, 100 steps, and a positive log time and resolution, not {self}: choose "
                "them so."
            )

    @property
    def profile(self) -> Profile:
        """The same as a profile."""
        quick = PROFILES["quick"]
        return Profile("atlas", self.datasets, self.steps, self.log_time, quick.extensions, quick.shrinking)


@dataclass(frozen=True)
class Surviving:
    """A part: one claim's surviving law. mark: of the file that defines the claim."""

    claim: Claim
    parameters: Parameters
    seed: int
    mark: str

    def __call__(self, _: Results) -> dict[str, Any]:
        """What was found, with what the atlas needs of the claim."""
        p = self.parameters
        found = sharpen(self.claim, profile=p.profile, seed=self.seed, resolution=p.resolution, examples=0)
        return found.to_dict() | {
            "title": self.claim.title,
            "source": self.claim.source,
            "about": self.claim.subject.text,
            "in_steps": _law(self.claim).in_time,
        }


def parts(p: Parameters, seed: int) -> dict[str, Part]:
    """The claims that state a proved rate, by id."""
    found = {}
    for name, (claim, module) in located_claims().items():
        if name.startswith(p.only) and _states_a_rate(claim):
            found[name] = Surviving(claim, p, seed, sources.digest(Path(str(module.__file__))))
    if not found:
        raise InputError(f"No claim whose id begins with {p.only!r} states a proved rate: see `verify list`.")
    return found


def _law(claim: Claim) -> Any:
    assert isinstance(claim.kind, Rate)
    return claim.kind.law


def _states_a_rate(claim: Claim) -> bool:
    if not isinstance(claim.kind, Rate) or claim.read in _NOT_PROVED or isinstance(claim.kind.law, PathLaw):
        return False
    try:
        law_of(claim)
    except InputError:
        return False
    return True
