"""A trial as a record of the report's schema."""

from __future__ import annotations

import inspect
import platform
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from verify import statistics
from verify.claims.anatomy import Anatomy, anatomy
from verify.claims.claim import Claim
from verify.claims.curves import curves_of, plotted
from verify.claims.judge import advise
from verify.claims.verdict import Evidence, Outcome
from verify.datasets.cases import Case
from verify.problems.quantity import Measurement
from verify.problems.subject import named
from verify.trials.trial import Trial, TwinResult

if TYPE_CHECKING:
    from verify.trials.hunting import Hunt
    from verify.trials.refutation import Refutation


_PACKAGES = ("jax", "optax", "diffrax", "numpy", "scipy", "cvxpy", "hypothesis", "implicit-bias-verify")


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def plain_case(case: Case | None) -> dict[str, Any] | None:
    """A case as the record's schema wants it, without its name."""
    return None if case is None else {name: value for name, value in case.to_json().items() if name != "name"}


def record_of(trial: Trial, reproduce: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The trial as a record of the report's schema, and its curves."""
    claim, verdict, evidence = trial.claim, trial.verdict, trial.verdict.evidence
    m = verdict.measurement
    record = {
        "schema": 1,
        "id": claim.id,
        "paper": claim.paper.key,
        "title": claim.title,
        "statement": claim.statement,
        "source": claim.source,
        "reference": {
            "key": claim.paper.key,
            "authors": claim.paper.authors,
            "title": claim.paper.title,
            "year": claim.paper.year,
            "arxiv": claim.paper.arxiv,
        },
        "read": str(claim.read),
        "promise": str(claim.promises),
        "kind": claim.kind.name,
        "verdict": str(verdict.outcome),
        "sentence": verdict.sentence,
        "optimizer": claim.subject.text,
        "loss": named(claim.subject.loss) or None,
        "norm": named(claim.subject.norm) or None,
        "quantity": claim.kind.measured(claim.quantity.name),
        "claimed": _claimed(claim),
        "observed": _observed(claim, evidence),
        "datasets": {
            "drawn": len(trial.lab.cases),
            "informative": evidence.informative,
            "flavours": dict(Counter(s.name or "unnamed" for s in trial.lab.cases)),
            "real": [
                {
                    "name": name,
                    "verdict": str(alone.outcome),
                    "sentence": alone.sentence,
                    "last_gap": _finite(alone.measurement.values[0, -1]),
                }
                for name, alone in trial.real
            ],
            "worst": _worst(trial),
        },
        "horizon": _horizon(m),
        "twins": [plain_twin(claim, i, twin) for i, twin in enumerate(trial.twins)],
        "time": {"axis": m.clock.axis, "label": m.clock.label},
        "profile": trial.profile.name,
        "seed": trial.seed,
        "device": trial.device,
        "dtype": "float64",
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
        "seconds": trial.seconds,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "reproduce": reproduce,
        "notes": trial.notes,
    }
    if trial.refutation is not None:
        record["refutation"] = plain_refutation(trial.refutation)
    if m.scale is not None and m.scale.constants:
        record["constants"] = [constant.to_dict() for constant in m.scale.constants]
    if (advice := advise(verdict)) is not None:
        record["settle"] = {"steps": advice.steps, "cases": advice.cases, "sentence": advice.sentence}
    curves = _curves(trial)
    if trial.refutation is not None:
        curves["refutation_time"] = trial.refutation.log_time
        curves |= {f"refutation_{name}": share for name, share in trial.refutation.shares.items()}
    found = anatomy(m)
    if found is not None:
        record["anatomy"] = _anatomy(found, m)
        curves |= {f"part_{name}": median for name, median in found.medians.items()}
    return record, curves


def plain_twin(claim: Claim, place: int, twin: TwinResult) -> dict[str, Any]:
    """The claim's false twin at that place, as the record's schema wants it."""
    return {
        "id": twin.verdict.claim.id,
        "wrong": twin.wrong,
        "verdict": str(twin.verdict.outcome),
        "sentence": twin.verdict.sentence,
        "counterexample": plain_case(twin.counterexample),
        "drawn": plain_case(twin.verdict.worst) if twin.verdict.outcome is Outcome.REFUTED else None,
        "curve": _curve_name(claim, place),
    }


def twin_curves(claim: Claim, place: int, twin: TwinResult) -> dict[str, np.ndarray]:
    """The arrays of that false twin, by the names that they have in the claim's record; none where they are its own."""
    if (name := _curve_name(claim, place)) is None:
        return {}
    time, curves = plotted(twin.verdict)
    return {f"{name}_time": time, name: curves}


def _worst(trial: Trial) -> dict[str, Any] | None:
    """The smallest counterexample, or else the case nearest to one, with the number that decides on it, and when."""
    verdict, found = trial.verdict, trial.refutation
    case, seen = (verdict.worst, verdict.evidence) if found is None else (found.case, found.evidence)
    if case is None or seen.worst_log_time is None:
        return None
    role = "nearest to refuting the claim" if found is None else "smallest counterexample found"
    return {
        "dataset": plain_case(case),
        "value": _finite(seen.worst_value),
        "step": verdict.measurement.clock.at(seen.worst_log_time),
        "note": f"{case.name or 'case'}: {role}",
    }


def stamp(record: dict[str, Any], mark: str | None, home: ModuleType) -> None:
    """Note in a record the claim's fingerprint, and what the module that defines it says of it.

    mark: as `verify.trials.fingerprint` makes it; None where the trial was not the profile's, so that none takes it for
    that.
    """
    if mark is not None:
        record["fingerprint"] = mark
    if (words := inspect.getdoc(home)) is not None:
        record["docstring"] = words


def plain_refutation(found: Refutation) -> dict[str, Any]:
    """A refutation as the record's schema wants it."""
    return {
        "case": plain_case(found.case),
        "steps": list(found.steps),
        "values": [_finite(value) for value in found.values],
        "margins": [
            {
                "norm": m.norm,
                "lower": m.lower,
                "upper": m.upper,
                "share": _finite(m.share),
                "exact": None
                if m.exact is None
                else dict(zip(("lower", "upper", "reached"), map(str, m.exact), strict=True)),
            }
            for m in found.margins
        ],
        "followed": list(found.followed) or None,
        "sentence": found.sentence,
    }


def plain_hunt(found: Hunt) -> dict[str, Any]:
    """What a search found, as the record's schema wants it."""
    return {
        "statistic": found.statistic,
        "limit": found.limit,
        "value": _finite(found.value),
        "case": plain_case(found.case),
        "examples": found.examples,
        "judged": found.judged,
        "untargeted": _finite(found.untargeted),
        "refuted": found.refuted,
    }


def _anatomy(found: Anatomy, m: Measurement) -> dict[str, Any]:
    return {
        "parts": [
            {
                "name": part.name.replace("_", " "),
                "curve": f"part_{part.name}",
                "exponent": None if part.exponent is None else part.exponent.value,
                "interval": _ends(part.exponent),
                "share": part.share,
            }
            for part in found.parts
        ],
        "tightest": {
            "ratio": found.ratio,
            "step": round(float(np.exp(found.log_time))),
            "dataset": m.datasets[found.dataset].name or "unnamed",
        },
    }


def _ends(interval: statistics.Interval | None) -> list[float] | None:
    """An interval's ends; None where it has none."""
    return None if interval is None or np.isnan([interval.low, interval.high]).any() else [interval.low, interval.high]


def _claimed(claim: Claim) -> dict[str, Any]:
    law, exponent = claim.kind.claimed()
    return {"law": law, "exponent": exponent}


def _observed(claim: Claim, evidence: Evidence) -> dict[str, Any]:
    value = evidence.value
    found = {
        "exponent": None if evidence.exponent is None else evidence.exponent.value,
        "interval": None if evidence.exponent is None else [evidence.exponent.low, evidence.exponent.high],
        "statistic": evidence.statistic,
        "value": None if value is None else _finite(value.value),
        "value_interval": None if value is None or value.low == value.high else [value.low, value.high],
        "threshold": evidence.threshold,
    }
    return found | {name: _finite(getattr(evidence, name)) for name in claim.kind.observes}


def _horizon(m: Measurement) -> dict[str, Any]:
    end = float(m.log_time[-1])
    return {"steps": m.clock.at(end), "log_time": m.clock.in_log, "note": m.clock.horizon(end)}


def _curve_name(claim: Claim, i: int) -> str | None:
    """Name of a twin's curve; None where it is the claim's own, and only the law that it is held against differs."""
    same = not claim.kind.units_of_bound and claim.twins[i].changes.keys() == {"kind"}
    return None if same else f"twin_{i}"


def _curves(trial: Trial) -> dict[str, np.ndarray]:
    curves = curves_of(trial.verdict)
    for i, twin in enumerate(trial.twins):
        curves |= twin_curves(trial.claim, i, twin)
    for i, (_, alone) in enumerate(trial.real):
        curves[f"real_{i}_time"], real = plotted(alone)
        curves[f"real_{i}"] = real[0] if len(real) else np.full(len(curves[f"real_{i}_time"]), np.nan)
    return curves
