"""An error while one case is measured costs that case, which is named, and not the claim."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Int, Shaped

from solvers.errors import UndecidedError
from solvers.norms import Norm
from verify.claims.claim import Claim
from verify.datasets.cases import Case
from verify.errors import FlowError, TrajectoryError
from verify.problems.deficit import Curves
from verify.problems.laboratory import Laboratory
from verify.problems.quantity import Measurement

COSTS = (TrajectoryError, FlowError, UndecidedError, ArithmeticError, RuntimeWarning, np.linalg.LinAlgError)
"""Errors that one case may cause where others cause none; numpy's warnings of numbers that are none are such errors."""

_NAMED = 3  # cases, with the reason of each
_LONGEST = 200  # letters of a reason


def measured(claim: Claim, lab: Laboratory) -> Measurement:
    """The claim's quantity on the laboratory's cases; those that it cannot be measured on are named, and not judged.

    Raises the error where all of them cause one, and where several do that do not alone.
    """
    lost: dict[int, str] = lab.once(("faults", claim.id), dict)
    while True:
        kept = [i for i in range(len(lab.cases)) if i not in lost]
        try:
            m = _strictly(claim, _among(lab, kept) if lost else lab)
        except COSTS:
            found = {} if len(kept) == 1 else _faulty(claim, lab, kept)
            if len(found) in (0, len(kept)):
                raise
            lost |= found
        else:
            return _spread(m, kept, lab, lost) if lost else m


def unmeasured(m: Measurement, case: Case, error: Exception) -> Measurement:
    """What is known of a case that cannot be measured, at the times of another measurement: why."""
    row = _rows(m, np.zeros(1, int))
    note = f"it cannot be measured: {_reason(error)}"
    return replace(
        row, values=np.full_like(row.values, np.nan), judged=np.zeros(1, bool), datasets=[case], notes=(note,)
    )


def told_apart(lab: Laboratory, norms: tuple[str | Norm, str | Norm]) -> Bool[np.ndarray, " b"]:
    """As `Laboratory.told_apart`; False where a case's maximal margins cannot be found."""

    def alone(case: Case) -> bool:
        try:
            return bool(Laboratory([case], steps=lab.steps).told_apart(*norms)[0])
        except COSTS:
            return False

    try:
        return lab.told_apart(*norms)
    except COSTS:
        return np.array([alone(case) for case in lab.cases])


def _strictly(claim: Claim, lab: Laboratory) -> Measurement:
    """With numpy's warnings as errors, wherever the claim is tried."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return claim.measure(lab)


def _among(lab: Laboratory, places: Sequence[int]) -> Laboratory:
    """A laboratory of these cases, the same each time, at the horizon of the whole."""
    part = lab.once(("without faults", tuple(places)), lambda: lab.part(places, 1.0)).view()
    part.steps, part.log_time, part.progress = lab.steps, lab.log_time, lab.progress
    return part


def _faulty(claim: Claim, lab: Laboratory, places: Sequence[int]) -> dict[int, str]:
    """Which of these cases, which cause an error together, cause one alone, and which one: half by half."""
    found: dict[int, str] = {}
    middle = len(places) // 2
    for half in (places[:middle], places[middle:]):
        try:
            _strictly(claim, lab.part(half, 1.0))
        except COSTS as error:
            found |= {half[0]: _reason(error)} if len(half) == 1 else _faulty(claim, lab, half)
    return found


def _reason(error: Exception) -> str:
    return textwrap.shorten(f"{type(error).__name__}: {error}".rstrip("."), _LONGEST, placeholder=" ...")


def _spread(m: Measurement, kept: Sequence[int], lab: Laboratory, lost: dict[int, str]) -> Measurement:
    """The measurement of some cases as one of all."""
    places = np.zeros(len(lab.cases), int)  # where nothing was measured, something of the right shape
    places[list(kept)] = np.arange(len(kept))
    absent = sorted(lost)
    whole = _rows(m, places)
    values, judged = whole.values.copy(), whole.judged.copy()
    values[absent], judged[absent] = np.nan, False
    named = [f"case {i} ({lab.cases[i].name or 'unnamed'}) cannot be measured: {lost[i]}" for i in absent[:_NAMED]]
    if len(absent) > _NAMED:
        named.append(f"{len(absent) - _NAMED} more cannot be measured")
    scale = None if whole.scale is None else whole.scale.among(whole.scale.judged & judged)
    return replace(
        whole, values=values, judged=judged, scale=scale, datasets=lab.cases, notes=(*m.notes, "; ".join(named))
    )


def _rows(m: Measurement, places: Int[np.ndarray, " p"]) -> Measurement:
    """The rows of a measurement at these places."""

    def of(rows: Shaped[np.ndarray, "b ..."] | None) -> Shaped[np.ndarray, "p ..."] | None:
        return None if rows is None else rows[places]

    scale = m.scale
    if scale is not None:
        whole = ("log_time", "constants", "sampled")  # which are not a case's own
        each = {name: getattr(scale, name) for name in Curves.__dataclass_fields__ if name not in whole}
        scale = replace(scale, **{name: None if rows is None else rows[places] for name, rows in each.items()})
    return replace(
        m,
        values=m.values[places],
        floor=m.floor[places],
        judged=m.judged[places],
        datasets=[m.datasets[int(i)] for i in places],
        gamma=of(m.gamma),
        bound=of(m.bound),
        parts=None if m.parts is None else {name: part[places] for name, part in m.parts.items()},
        scale=scale,
        chance=of(m.chance),
    )
