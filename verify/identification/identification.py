"""What was found of the norm that an optimizer follows, and its sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

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


_FALLING, _FALL = 0.03, 0.6  # one that does if it fell at least by this factor within a decade


@dataclass(frozen=True)
class Score:
    """One norm in the ranking; medians are over the datasets, and all ratios are to the certified maximal margin.

    share: normalised margin of the weights, `reached`, or of those gained last, `gained`, whichever is larger.
    fall: gap of `share` to 1, over that a decade earlier. misalignment: of the updates, over the last decade of steps;
    NaN for a weighted norm, which is known at the end only, and past a precision horizon.
    wins, judged: datasets on which the norm is followed and no norm that is told apart from it; datasets that could
    show it.
    """

    norm: str
    share: float
    gained: float
    reached: float
    fall: float
    misalignment: float
    wins: int
    judged: int


@dataclass(frozen=True)
class Phase:
    """A stretch of the run, `log t` from `begin` to `end`, in which most datasets follow one norm."""

    norm: str
    begin: float
    end: float


@dataclass(frozen=True)
class Identification:
    """Which norm's margin an optimizer maximises, as far as its runs show.

    norm: the norm, None where none of those tried fits. ranking: best first.
    confidence: share of the datasets that tell the norm from another one on which it wins; interval: its 95 %
    Clopper-Pearson interval, as if the datasets were drawn at random. NaN where nothing could be told.
    coincide: norms that no dataset tells apart from `norm`. until: log t up to which it was seen.
    phases: where the norm followed changes along the run. later: the norm followed once gradients are far below
    `saturation` (an `eps`), for an optimizer that ends as gradient descent and has not come to it.
    gradients_pass: log t at which the gradients' median size passes `saturation`, None where that was not seen.
    steps: log of the last discrete step. log_time: `[r]`; gaps: by norm, `[b r]`, 1 - share. sentence: all in words.
    """

    norm: str | None
    confidence: float
    interval: tuple[float, float]
    until: float
    coincide: tuple[str, ...]
    ranking: tuple[Score, ...]
    phases: tuple[Phase, ...]
    later: str | None
    saturation: float
    gradients_pass: float | None
    steps: float
    exact: bool
    datasets: int
    log_time: Float[np.ndarray, " r"] = field(repr=False)
    gaps: dict[str, Float[np.ndarray, "b r"]] = field(repr=False)

    @property
    def nearest(self) -> Score:
        """The norm with the largest share of its maximal margin."""
        return max(self.ranking, key=lambda score: score.share)

    @property
    def undecided(self) -> bool:
        """Whether no norm is named, but the nearest one's gap still falls as if it had no floor."""
        return self.norm is None and self.nearest.fall <= _FALL

    @property
    def sentence(self) -> str:
        """All in words."""
        return sentence_of(self)
