"""A refutation that convinces: where the run on a counterexample went, after twice the steps too, in exact numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float

import solvers
from solvers import exact
from solvers.errors import InputError
from verify.backend import Progress
from verify.claims import faults
from verify.claims.claim import Claim
from verify.claims.judge import judge
from verify.claims.verdict import Evidence
from verify.datasets.cases import Case
from verify.datasets.dataset import Dataset
from verify.problems.laboratory import Laboratory
from verify.problems.margins.budgeted_gap import BudgetedGap
from verify.problems.margins.ensembles import last_weights, normalised_margins, usual_norms
from verify.problems.margins.gap import Gap
from verify.problems.quantity import Measurement
from verify.problems.subject import norm_of, with_norm

TWICE = 2.2
"""A factor on the steps that makes a run at least twice as long, wherever its grid ends."""
_FOLLOWED = 0.99  # share of a norm's maximal margin from which on a run is said to go there
_MAXIMAL = 1 - 1e-6  # share at which the maximisers of two norms count as the same


@dataclass(frozen=True)
class Margins:
    """A norm's certified maximal margin on the counterexample, and what of it the run reached.

    share: normalised margin of the last weights over `upper`. exact: rational bounds of the maximal margin and of the
    last weights' normalised margin from above, where the norm and the data's size allow them.
    """

    norm: str
    lower: float
    upper: float
    share: float
    exact: tuple[Fraction, Fraction, Fraction] | None


@dataclass(frozen=True)
class Refutation:
    """What happened on one case that refutes a claim.

    steps: of the run, and of the one that confirmed it. values: the claim's quantity at the end of either.
    evidence: what decides on this case alone, by the first run.
    margins: in the claim's norm first, then in others; empty where the claim is not about a margin.
    followed: the norm whose maximiser the run went to, if one of these; all of them, where their shares tie.
    log_time, shares: curves for a figure, by norm the share of the maximal margin; or by the quantity's name its
    values.
    """

    case: Case
    steps: tuple[float, float]
    values: tuple[float, float]
    evidence: Evidence
    margins: tuple[Margins, ...]
    followed: tuple[str, ...]
    log_time: Float[np.ndarray, " r"]
    shares: Mapping[str, Float[np.ndarray, " r"]]
    sentence: str


def explain(
    claim: Claim,
    case: Case,
    *,
    steps: int,
    log_time: float = 2e3,
    progress: Progress | None = None,
) -> Refutation | None:
    """Run the claim on one case, and on for more than twice the steps; None where its quantity cannot be judged."""
    lab = Laboratory([case], steps=steps, log_time=log_time, progress=progress, scaled=False)
    try:
        first = faults.measured(claim, lab)
        lab.extend(TWICE)
        second = faults.measured(claim, lab)
    except faults.COSTS:
        return None
    if not (first.judged.all() and second.judged.all()):
        return None
    margins, clock, shares = (), second.log_time, {claim.quantity.name: second.values[0]}
    if isinstance(case, Dataset) and isinstance(claim.quantity, Gap | BudgetedGap):
        margins, clock, shares = _margins(claim, case, lab)
    followed = _followed(margins)
    ends = float(first.values[0, -1]), float(second.values[0, -1])
    horizons = _horizon(first), _horizon(second)
    when = _when(first), _when(second)
    sentence = _sentence(claim, when, ends, margins, followed)
    evidence = judge(claim, first, one=True).evidence
    return Refutation(case, horizons, ends, evidence, margins, followed, clock, shares, sentence)


def _horizon(m: Measurement) -> float:
    return float(m.clock.at(float(m.log_time[-1])))


def _when(m: Measurement) -> str:
    return m.clock.when(float(m.log_time[-1]))


def _margins(
    claim: Claim, dataset: Dataset, lab: Laboratory
) -> tuple[tuple[Margins, ...], np.ndarray, dict[str, np.ndarray]]:
    """Maximal margins in the claim's norm and the usual ones, with the shares that the run reached."""
    usual = usual_norms(dataset.binary)
    found, shares, clock = [], {}, np.empty(0)
    for norm in dict.fromkeys(solvers.norm(norm) for norm in (norm_of(claim.subject), *usual)):
        reference = lab.references(norm)[0]
        clock, normalised, _ = normalised_margins(with_norm(claim.subject, norm), lab)
        shares[norm.name] = normalised[0] / reference.upper
        proof = _proof(dataset, reference, last_weights(claim.subject, lab)[0])
        found.append(Margins(norm.name, reference.lower, reference.upper, float(shares[norm.name][-1]), proof))
    return tuple(found), clock, shares


def _proof(
    dataset: Dataset, reference: solvers.Reference, weights: np.ndarray
) -> tuple[Fraction, Fraction, Fraction] | None:
    try:
        witness = exact.rational_witness(dataset.x, dataset.y, reference)
        reached = exact.rational_margin(weights, dataset.x, dataset.y, reference.norm.name)[1]
    except InputError:  # a norm without rational brackets, or a dataset too large for them
        return None
    return witness.lower, witness.upper, reached


def _followed(margins: tuple[Margins, ...]) -> tuple[str, ...]:
    """The norms whose maximal margin the run comes nearest to, if it comes near, and nearer than to the claimed one."""
    if not margins:
        return ()
    claimed, best = margins[0].share, max(m.share for m in margins)
    if best < _FOLLOWED or best - claimed <= 1 - _MAXIMAL:
        return ()
    return tuple(m.norm for m in margins if best - m.share <= 1 - _MAXIMAL)


def _sentence(
    claim: Claim,
    when: tuple[str, str],
    values: tuple[float, float],
    margins: tuple[Margins, ...],
    followed: tuple[str, ...],
) -> str:
    parts = [f"The {claim.quantity.name} is {values[0]:.4g} {when[0]} and {values[1]:.4g} {when[1]}."]
    if margins:
        own = margins[0]
        parts.append(f"The run ends with {own.share:.4f} of the maximal {own.norm} margin {own.upper:.6g}.")
        if own.exact is not None and own.exact[2] < own.exact[0]:
            short = 1 - own.exact[2] / own.exact[0]
            parts.append(f"In exact arithmetic its last weights fall short of it by {float(short):.4g} of it or more.")
        if followed:
            share = next(m.share for m in margins if m.norm == followed[0])
            *others, last = followed
            which = f"{', '.join(others)} and {last} margins, which tie," if others else f"{last} margin"
            parts.append(f"It went to the maximiser of the {which} instead, of which it has {share:.4f}.")
    return " ".join(parts)
