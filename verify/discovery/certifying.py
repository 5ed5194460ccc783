"""A refutation as a certificate for strangers: rational numbers, and a checker that needs this program for nothing."""

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
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset
from verify.discovery.check_certificate import FORMAT, digest
from verify.problems.laboratory import Laboratory
from verify.problems.margins.budgeted_gap import BudgetedGap
from verify.problems.margins.ensembles import last_weights
from verify.problems.margins.gap import Gap
from verify.problems.subject import norm_of
from verify.trials.refutation import TWICE

_WORDS = ("id", "title", "statement", "source", "about", "loss", "norm", "quantity", "law")


def certify(claim: Claim, case: Case, *, steps: int = 5_000, log_time: float = 2e3) -> dict[str, Any]:
    """The certificate that a claim's run misses the maximal margin of a dataset, and by how much after twice the steps.

    What is proved is told in `verify.discovery.check_certificate`, which checks it.
    Raises `InputError` for a claim about no margin in l1, l2 or linf, for data that are too large, and where the run
    comes as near to the maximal margin as is known of it.
    """
    if not isinstance(claim.quantity, Gap | BudgetedGap) or not isinstance(case, Dataset):
        raise InputError(
            f"{claim.id} is about no maximal margin of a dataset, and only these are certified: replay it."
        )
    name = solvers.norm(norm_of(claim.subject)).name
    reference = solvers.max_margin(case.x, case.y, norm=norm_of(claim.subject), classes=case.classes or None)
    witness = exact.rational_witness(case.x, case.y, reference)
    lab = Laboratory([case], steps=steps, log_time=log_time, scaled=False)
    runs = [_run(claim, lab, case, name, witness.lower)]
    lab.extend(TWICE)
    runs.append(_run(claim, lab, case, name, witness.lower))
    kept = Fraction(runs[1]["short"]) / _most(runs[0], case, name, witness.upper)
    words = {key: value for key, value in asdict(summary_of(claim)).items() if key in _WORDS}
    return {
        "format": FORMAT,
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
        "runs": runs,
        "kept": str(kept),
    }


def _run(claim: Claim, lab: Laboratory, case: Dataset, name: str, lower: Fraction) -> dict[str, Any]:
    m = faults.measured(claim, lab)
    if not m.judged.all():
        raise InputError(f"The run of {claim.id} cannot be judged on this dataset: try other --steps.")
    weights = last_weights(claim.subject, lab)[0]
    reached = exact.rational_margin(weights, case.x, case.y, name)[1]
    horizon = m.clock.at(float(m.log_time[-1]))
    if reached >= lower:
        raise InputError(
            f"After {horizon:g} steps the run has the maximal margin, as far as is known, and nothing is refuted: "
            "try other --steps."
        )
    return {
        "steps": horizon,
        "weights": [str(Fraction(v)) for v in np.ravel(weights).tolist()],
        "reached": str(reached),
        "short": str(1 - reached / lower),
    }


def _most(run: dict[str, Any], case: Dataset, name: str, upper: Fraction) -> Fraction:
    """What the weights of a run fall short by at the most, as a share of the maximal margin."""
    weights = np.array([float(Fraction(v)) for v in run["weights"]]).reshape(case.weights_shape)
    return 1 - exact.rational_margin(weights, case.x, case.y, name)[0] / upper
