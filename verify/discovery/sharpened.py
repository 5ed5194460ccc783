"""What a search for the fastest law came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.display import html, plain
from verify.claims.claim import Claim
from verify.claims.judge import Verdict
from verify.claims.verdict import Outcome
from verify.datasets.cases import Case
from verify.discovery.ladder import exponent
from verify.discovery.slowest import Slowest
from verify.laws import DecayLaw, Law


@dataclass(frozen=True)
class Refuted:
    """A law that the fresh draws refute. datasets: on which the quantity fell behind it, of those that tell."""

    law: Law | DecayLaw
    sentence: str
    datasets: int
    of: int


@dataclass(frozen=True)
class Sharpened:
    """What a search for the fastest law came to.

    claim: the one that was sharpened, and proved: its law. verdict: on that law, at the claim's own resolution, on the
    draws of the search; where it is REFUTED nothing was searched, and `counterexample` is the smallest one, if one
    dataset suffices. law: the fastest that is SUPPORTED on fresh draws, None where none is; judged: its verdict.
    refuted: the first law above it that these draws refute; None where the ladder has none.
    interval: of the exponent in the law's clock, if the truth is a power: at least what the judge lets pass below the
    survivor, less what the exponent fell by from one decade to the next; at most that of the refuted law. wide: the
    same, if a factor of log t, or of 1 / log t, may stand beside the power. logarithms: whether such factors can be
    told at this horizon, in words; empty for laws that have none.
    slowest: what a hunt for the slowest dataset found; None where it was not asked for. tried: laws that were held
    against data, here or there. seeds: of the draws, by what they were for.
    """

    claim: Claim
    proved: Law | DecayLaw
    verdict: Verdict
    counterexample: Case | None
    law: Law | DecayLaw | None
    judged: Verdict | None
    refuted: Refuted | None
    interval: tuple[float, float] | None
    wide: tuple[float, float] | None
    logarithms: str
    slowest: Slowest | None
    tried: int
    resolution: float
    seeds: dict[str, int]

    @property
    def sharper(self) -> bool:
        """Whether a law faster than the proved one survived."""
        return self.law is not None and self.law != self.proved and not self.hunted

    @property
    def hunted(self) -> bool:
        """Whether the hunt found a dataset that refutes the law which the draws support."""
        return self.slowest is not None and self.slowest.refuted

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        name = self.claim.id
        if self.verdict.outcome is Outcome.REFUTED:
            return f"{name} is itself refuted: {self.verdict.sentence}"
        if self.law is None or self.interval is None:
            return f"Of {name} no law survives on fresh draws, so that nothing is said: {self.verdict.sentence}"
        if self.hunted:
            return f"{name} states {self.proved}; {self.law} survives the draws, and one dataset of a hunt refutes it."
        faster = f"{self.law} survives" if self.sharper else "no faster law of the ladder survives"
        return f"{name} states {self.proved}; {faster}, exponent {ends(self.interval)}."

    def to_dict(self) -> dict[str, Any]:
        """Everything but the claim's curves, as plain data; see `solvers.display.plain` for what JSON has not."""
        told = {
            "claim": self.claim.id,
            "sentence": self.sentence,
            "proved": {"law": str(self.proved), "exponent": exponent(self.proved)},
            "outcome": str(self.verdict.outcome),
            "verdict": self.verdict.sentence,
            "counterexample": None if self.counterexample is None else self.counterexample.to_json(),
            "survives": None
            if self.law is None or self.judged is None
            else {"law": str(self.law), "exponent": exponent(self.law), "sentence": self.judged.sentence},
            "interval": None if self.interval is None else list(self.interval),
            "wide": None if self.wide is None else list(self.wide),
            "refuted": None
            if self.refuted is None
            else {
                "law": str(self.refuted.law),
                "sentence": self.refuted.sentence,
                "datasets": self.refuted.datasets,
                "of": self.refuted.of,
            },
            "logarithms": self.logarithms,
            "slowest": None if self.slowest is None else self.slowest.to_dict(),
            "tried": self.tried,
            "resolution": self.resolution,
            "seeds": self.seeds,
        }
        return plain(told)

    def _repr_html_(self) -> str:
        rows = [("proved", str(self.proved)), ("survives", str(self.law) if self.law else "none")]
        if self.refuted is not None:
            rows.append(("refuted", f"{self.refuted.law}, on {self.refuted.datasets} of {self.refuted.of} datasets"))
        rows += [("logarithms", self.logarithms)] if self.logarithms else []
        rows.append(("laws tried", str(self.tried)))
        return html(self.claim.title, self.sentence, rows)


def ends(interval: tuple[float, float]) -> str:
    """An interval of exponents in words."""
    low, high = interval
    return f"[{low:.3g}, {high:.3g}]" if np.isfinite(high) else f"[{low:.3g}, ∞)"
