"""An identification in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.identification import Identification

_LARGEST_LOG = 50.0  # beyond e^50 a time is given by its logarithm


def time_of(log_time: float) -> str:
    """A time by its logarithm: "t = 2.2e+04", or "t = e^10000"."""
    return f"t = {math.exp(log_time):.2g}" if log_time < _LARGEST_LOG else f"t = e^{log_time:.6g}"


def sentence_of(found: Identification) -> str:
    """What was found, in a few sentences."""
    parts = [_verdict(found)]
    if found.norm and found.coincide:
        parts.append(f"{_listed(found.coincide)} cannot be told apart from it on {_data(found)}.")
    if len({phase.norm for phase in found.phases}) > 1:
        stretches = [f"{p.norm} from {time_of(p.begin)} to {time_of(p.end)}" for p in found.phases]
        parts.append(f"The norm it follows changes: {', then '.join(stretches)}.")
    if found.gradients_pass is not None:
        parts.append(f"Gradients fall below {found.saturation:.2g} at {time_of(found.gradients_pass)}.")
    if found.later:
        size = f" far below {found.saturation:.2g}" if found.saturation < math.inf else " tiny"
        parts.append(
            f"That is not the end: once gradients are{size} it is gradient descent, and goes to the {found.later} "
            "margin."
        )
    return " ".join(parts)


def _verdict(found: Identification) -> str:
    best = found.ranking[0]
    where = f"up to {time_of(found.until)} it comes to {best.share:.4f} of the maximum"
    if not best.judged:
        return f"These norms cannot be told apart on {_data(found)}: their maximisers coincide."
    share = f"{best.wins} of {best.judged}"
    if found.norm is None:
        near = found.nearest
        reached = f"up to {time_of(found.until)} it comes to {near.share:.4f} of the maximal {near.norm} margin"
        if found.undecided:
            return f"Not settled yet: {reached}, the nearest of these, and what is left still falls: give more steps."
        return f"It maximises the margin of none of these norms: {reached}, and to less of the others."
    rivals = [s for s in found.ranking if s is not best and s.norm not in found.coincide]
    next_best = max(rivals, key=lambda score: score.share)
    if found.datasets == 1:
        return (
            f"On this dataset it maximises the {best.norm} margin: {where}, of the next norm, {next_best.norm}, "
            f"{next_best.share:.4f}."
        )
    low, high = found.interval
    return (
        f"It maximises the {best.norm} margin, on {share} datasets that tell (95 % interval of the share "
        f"{low:.2f} to {high:.2f}): {where} (median), of the next norm, {next_best.norm}, {next_best.share:.4f}."
    )


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _data(found: Identification) -> str:
    return "this dataset" if found.datasets == 1 else "these datasets"
