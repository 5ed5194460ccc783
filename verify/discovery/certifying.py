"""A refutation, or a tight case, as a certificate for strangers: rational numbers, and a checker that needs no more."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction
from typing import Any

import numpy as np

import solvers
from solvers import exact
from solvers.errors import InputError
from verify.claims import faults
from verify.claims.claim import Claim
from verify.claims.index import summary_of
from verify.claims.kinds import Bound
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset
from verify.discovery.check_certificate import FORMAT, TIGHT, Wrong, digest, replayed
from verify.problems.laboratory import Laboratory
from verify.problems.margins.budgeted_gap import BudgetedGap
from verify.problems.margins.ensembles import last_weights
from verify.problems.margins.gap import Gap
from verify.problems.subject import Run, loss_of, norm_of
from verify.runs.simulation import run
from verify.trials.refutation import TWICE

_WORDS = ("id", "title", "statement", "source", "about", "loss", "norm", "quantity", "law")


def certify(claim: Claim, case: Case, *, steps: int = 5_000, log_time: float = 2e3, wrong: str = "") -> dict[str, Any]:
    """The certificate that a claim's run misses the maximal margin of a dataset, and by how much after twice the steps.

    wrong: of a false twin, what is false of it; the other words are those of the claim that it is made from.
    What is proved is told in `verify.discovery.check_certificate`, which checks it.
    Raises `InputError` for a claim about no margin in l1, l2 or linf, for data that are too large, and where the run
    comes as near to the maximal margin as is known of it.
    """
    if not isinstance(claim.quantity, Gap | BudgetedGap) or not isinstance(case, Dataset):
        raise InputError(
            f"{claim.id} is about no maximal margin of a dataset, and only these are certified: replay it."
        )
    name, witness = _proved(claim, case)
    lab = Laboratory([case], steps=steps, log_time=log_time, scaled=False)
    runs = [_run(claim, lab, case, name, witness)]
    lab.extend(TWICE)
    runs.append(_run(claim, lab, case, name, witness))
    kept = Fraction(runs[1]["short"]) / _most(runs[0], case, name, witness)
    return _with_replay(_head(claim, case, name, witness, wrong) | {"format": FORMAT, "runs": runs, "kept": str(kept)})


def certify_tight(claim: Claim, case: Case, *, steps: int = 5_000) -> dict[str, Any]:
    """The certificate of how near the gap of a claim's run comes to its explicit bound on a dataset, up to those steps.

    What is proved is told in `verify.discovery.check_certificate`, which checks it.
    Raises `InputError` for a claim that bounds no gap of a run in l1, l2 or linf, for data that are too large, and
    where the run cannot be judged.
    """
    gap, it = claim.quantity, claim.subject
    known = isinstance(gap, Gap | BudgetedGap) and isinstance(it, Run) and it.model is None and it.how.full
    if not (known and isinstance(claim.kind, Bound) and isinstance(case, Dataset)):
        raise InputError(
            f"{claim.id} bounds no gap to a maximal margin by a formula, and only such tight cases are certified: "
            "hunt it."
        )
    assert isinstance(it, Run)
    name, witness = _proved(claim, case)
    step, value = _nearest(claim, claim.kind, case, steps)
    found = run(it.optimizer, case, loss=loss_of(it), steps=step, norms=[name])
    low, high = exact.rational_margin(found.weights[0], case.x, case.y, name)
    relative = isinstance(gap, Gap) and gap.relative
    unit = (witness.upper, witness.lower) if relative else (Fraction(1), Fraction(1))
    between = [(witness.lower - high) / unit[0], (witness.upper - low) / unit[1]]
    told = {
        "format": TIGHT,
        "relative": relative,
        "run": {
            "steps": step,
            "weights": [str(Fraction(v)) for v in np.ravel(found.weights[0]).tolist()],
            "reached": [str(low), str(high)],
            "gap": [str(each) for each in between],
        },
        "bound": {"text": claim.kind.text, "value": str(value)},
        "share": [str(each / value) for each in between],
    }
    return _with_replay(_head(claim, case, name, witness) | told)


def _with_replay(certificate: dict[str, Any]) -> dict[str, Any]:
    """With whether the steps of the claim's words, replayed by the checker, give its weights.

    Not of other methods, nor of a false twin that has other steps than the words.
    """
    try:
        replayed(certificate)
    except (Wrong, ArithmeticError):
        return certificate | {"replayed": False}
    return certificate | {"replayed": True}


def _nearest(claim: Claim, kind: Bound, case: Dataset, steps: int) -> tuple[int, Fraction]:
    """The recorded step at which the run is nearest to the bound, and the bound's value there."""
    m = faults.measured(claim, Laboratory([case], steps=steps, log_time=1.0, scaled=False))
    upper, values = kind.bounds(m)[0], m.values[0] - m.floor[0]
    says = np.isfinite(upper) & (upper > 0) & np.isfinite(values)
    if not (m.judged[0] and says.any()):
        raise InputError(f"The run of {claim.id} cannot be judged on this dataset: try other --steps.")
    at = int(np.argmax(np.where(says, values / np.where(says, upper, 1.0), -np.inf)))
    return round(m.clock.at(float(m.log_time[at]))), Fraction(float(upper[at]))


def _proved(claim: Claim, case: Dataset) -> tuple[str, exact.Witness]:
    """The norm's name, and a proof of the maximal margin in rational numbers."""
    norm = norm_of(claim.subject)
    reference = solvers.max_margin(case.x, case.y, norm=norm, classes=case.classes or None)
    return solvers.norm(norm).name, exact.rational_witness(case.x, case.y, reference)


def _head(claim: Claim, case: Dataset, name: str, witness: exact.Witness, wrong: str = "") -> dict[str, Any]:
    """What all certificates have: the claim's words, the data, and both sides of the maximal margin's bracket."""
    words = {key: value for key, value in asdict(summary_of(claim)).items() if key in _WORDS}
    words |= {"norm": name, "false twin": wrong}
    return {
        "claim": words,
        "digest": digest(words),
        "norm": name,
        "data": {
            "x": [[str(Fraction(v)) for v in row] for row in case.x.tolist()],
            "y": case.y.tolist(),
            "classes": case.classes,
        },
        "lower": str(witness.lower),
        "upper": str(witness.upper),
        "witness": [str(v) for v in witness.weights],
        "multipliers": [str(v) for v in witness.multipliers],
    }


def _run(claim: Claim, lab: Laboratory, case: Dataset, name: str, witness: exact.Witness) -> dict[str, Any]:
    m = faults.measured(claim, lab)
    if not m.judged.all():
        raise InputError(f"The run of {claim.id} cannot be judged on this dataset: try other --steps.")
    weights = last_weights(claim.subject, lab)[0]
    reached = exact.rational_margin(weights, case.x, case.y, name)[1]
    horizon = m.clock.at(float(m.log_time[-1]))
    if reached >= witness.lower:
        raise InputError(
            f"After {horizon:g} steps the run has the maximal margin, as far as is known, and nothing is refuted: "
            "try other --steps."
        )
    return {
        "steps": horizon,
        "weights": [str(Fraction(v)) for v in np.ravel(weights).tolist()],
        "reached": str(reached),
        "short": str(1 - reached / (witness.lower if reached > 0 else witness.upper)),
    }


def _most(run: dict[str, Any], case: Dataset, name: str, witness: exact.Witness) -> Fraction:
    """What the weights of a run fall short by at the most, as a share of the maximal margin."""
    weights = np.array([float(Fraction(v)) for v in run["weights"]]).reshape(case.weights_shape)
    least = exact.rational_margin(weights, case.x, case.y, name)[0]
    return 1 - least / (witness.upper if least > 0 else witness.lower)
