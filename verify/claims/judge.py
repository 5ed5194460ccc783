"""Verdicts: what the measured curves say about a claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool

from solvers.display import axes_for, html, plain
from verify.backend import working_on
from verify.claims import faults
from verify.claims.advice import Advice
from verify.claims.claim import Claim
from verify.claims.curves import curves_of, plotted
from verify.claims.index import summary_of
from verify.claims.kinds.kind import usable
from verify.claims.verdict import Finding, Outcome, counted
from verify.datasets.cases import Case
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Verdict(Finding):
    """The outcome of checking a claim, with its evidence."""

    claim: Claim

    @classmethod
    def on(cls, claim: Claim, finding: Finding) -> Verdict:
        """A finding as the verdict on a claim."""
        return cls(finding.outcome, finding.sentence, finding.evidence, finding.measurement, claim)

    def to_dict(self) -> dict[str, Any]:
        """Outcome, sentence, evidence, the claim in words, the cases and the curves, as plain data.

        curves: of the cases that bear on the verdict, `time [r]` and `gap [b r]`, and `law` and `allowed` `[r]` where
        the kind has them. See `solvers.display.plain` for numbers that JSON has not.
        """
        m = self.measurement
        return {
            "outcome": str(self.outcome),
            "sentence": self.sentence,
            "evidence": plain(self.evidence),
            "claim": {name: value for name, value in asdict(summary_of(self.claim)).items() if name != "file"},
            "cases": [plain(case.to_json()) for case in m.datasets],
            "judged": plain(m.judged),
            "notes": list(m.notes),
            "clock": m.clock.axis,
            "curves": plain(curves_of(self)),
        }

    def plot(self, ax: Axes | None = None, *, twins: Sequence[Verdict] = ()) -> Axes:
        """Draw the band of the curves, the law and the curve that the gap budget allows; give the axes.

        ax: where to draw; by default in a new figure. twins: verdicts on false twins, whose medians are drawn beside.
        """
        from reports.figures import draw_verdict

        curves, names = curves_of(self), [f"twin_{i}" for i in range(len(twins))]
        for name, twin in zip(names, twins, strict=True):
            curves[f"{name}_time"], curves[name] = plotted(twin)
        kind, clock = self.claim.kind, self.measurement.clock
        axes = axes_for(ax)
        draw_verdict(axes, curves, kind.claimed()[0], names)
        axes.set_xlabel(clock.label)
        axes.set_ylabel(kind.measured(self.claim.quantity.name))
        axes.set_title(f"{self.claim.title}\n{self.outcome}", fontsize="medium")
        return axes

    def _repr_html_(self) -> str:
        seen, claim = self.evidence, self.claim
        rows = [
            ("claim", claim.id),
            ("source", claim.source),
            ("kind", f"{claim.kind.name}: {claim.kind.claimed()[0]}"),
        ]
        if seen.value is not None:
            value = seen.value
            rows.append((seen.statistic, f"{value.value:.4g} [{value.low:.4g}, {value.high:.4g}]"))
            rows.append(("threshold", f"{seen.threshold:.4g}"))
        rows.append(("informative", f"{seen.informative} of {len(self.measurement.judged)} cases"))
        return html(f"{self.outcome}: {claim.title}", self.sentence, rows)


def check(
    claim: Claim,
    datasets: Sequence[Case] | Laboratory,
    *,
    steps: int = 100_000,
    log_time: float = 1e4,
    platform: str | None = None,
) -> Verdict:
    """Check a claim on datasets or settings: measure, judge, and word the outcome.

    datasets: a list, or a laboratory whose runs are shared. Those that stand still are run to ten times the horizon.
    One that cannot be measured is left out, and named in the notes.
    steps, log_time: the horizon, for a list. platform: where to run, "cpu" or "gpu".
    Raises `InputError` on bad input, `NonSeparableError` where the data have no margin, and where none can be measured
    `TrajectoryError` at NaN, or the error that all have.
    """
    lab = datasets
    if not isinstance(lab, Laboratory):
        lab = Laboratory(lab, steps=steps, log_time=log_time)
    with working_on(platform):
        return measured(claim, lab)


def measured(
    claim: Claim,
    lab: Laboratory,
    among: Bool[np.ndarray, " b"] | None = None,
    *,
    farther: float = 10.0,
    one: bool = False,
) -> Verdict:
    """The verdict at the laboratory's horizon, once suspects were run to so many times it; see `judge`."""
    m = faults.measured(claim, lab)
    verdict = judge(claim, m, among, one=one)
    if verdict.outcome is not Outcome.INCONCLUSIVE or not verdict.evidence.alone:
        return verdict
    # Gaps fall in steps, and a run may stand still for two decades before the next one.
    places = np.flatnonzero(claim.kind.suspects(verdict.measurement))
    later = faults.measured(claim, lab.part(places, farther))
    found = claim.kind.resolve(claim.quantity.name, verdict.measurement, places, later)
    # What the claim is about is some of the cases; that fewer than half of all could be judged is told of all.
    judged = m.judged & (found.measurement.judged | ~verdict.measurement.judged)
    return capped(Verdict.on(claim, found), replace(m, judged=judged))


def judge(
    claim: Claim, measurement: Measurement, among: Bool[np.ndarray, " b"] | None = None, *, one: bool = False
) -> Verdict:
    """The verdict on measured curves; with `among`, on those of the cases that the claim is about.

    one: of a single case, which is no ensemble.
    A case whose curve is not a number somewhere is not judged. Where fewer than half of all cases could be judged the
    claim is not supported (see `capped`), and a measurement that is `all_or_none` refutes nothing either.
    """
    m = whole = _of_numbers(measurement)
    if m.all_or_none and _few(m):
        note = f"none is judged, since only {np.count_nonzero(m.judged)} of {len(m.judged)} runs could be"
        m = replace(m, judged=np.zeros(len(m.judged), bool), notes=(*m.notes, note))
    if among is not None:
        m = replace(m, judged=m.judged & among)
    found = (claim.kind.judge_one if one else claim.kind.judge)(claim.quantity.name, m)
    return capped(Verdict.on(claim, found), whole)


def _of_numbers(m: Measurement) -> Measurement:
    """The measurement without the cases whose curve is not a number somewhere, as a note tells."""
    lost = int(np.count_nonzero(m.judged & ~usable(m)))
    note = f"{counted(lost)} left out, whose curve is not a number somewhere"
    return replace(m, judged=usable(m), notes=(*m.notes, note)) if lost else m


def capped(verdict: Verdict, measurement: Measurement) -> Verdict:
    """The verdict, but not SUPPORTED if fewer than half of the measurement's cases could be judged.

    A claim is of all cases, and one that was left out may break it. That the claim fails on one that was judged no
    other case can change, so that a refutation stands.
    """
    if verdict.outcome is not Outcome.SUPPORTED or not _few(measurement):
        return verdict
    judged, drawn = np.count_nonzero(measurement.judged), len(measurement.judged)
    why = f" ({'; '.join(measurement.notes)})" if measurement.notes else ""
    sentence = f"Only {judged} of {drawn} cases could be judged{why}; on these: {verdict.sentence}"
    return replace(verdict, outcome=Outcome.INCONCLUSIVE, sentence=sentence)


def _few(m: Measurement) -> bool:
    return 2 * int(np.count_nonzero(m.judged)) < len(m.judged)


def refutes_alone(claim: Claim, m: Measurement) -> Bool[np.ndarray, " b"]:
    """Which cases refute the claim by themselves."""
    return claim.kind.alone(m)


def advise(verdict: Verdict) -> Advice | None:
    """What would settle the verdict; None where it is settled."""
    if verdict.outcome is not Outcome.INCONCLUSIVE:
        return None
    m = verdict.measurement
    drawn, judged = len(m.judged), int(np.count_nonzero(m.judged))
    if not judged:
        why = f" ({'; '.join(m.notes)})" if m.notes else ""
        return Advice(1, 1, f"None of the {drawn} cases could be judged{why}: draw others, in the claim's problem.")
    if _few(m):
        left = f"{drawn - judged} of {drawn} cases were left out"
        return Advice(1, 1, f"{left}: widen what can be judged, or draw others.")
    return verdict.claim.kind.advise(verdict)
