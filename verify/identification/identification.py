"""What was found of the norm that an optimizer follows, and its sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from solvers.display import axes_for, html, plain_fields
from verify.identification.shares import may_level_off
from verify.runs.passing import Constant
from verify.runs.sampling import ALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LARGEST_LOG = 50.0  # beyond e^50 a time is given by its logarithm


def time_of(log_time: float) -> str:
    """A time by its logarithm: "t = 2.2e+04", or "t = e^10000"."""
    return f"t = {math.exp(log_time):.2g}" if log_time < _LARGEST_LOG else f"t = e^{log_time:.6g}"


def on_batches(sampling: str, sentence: str) -> str:
    """A sentence that names the mini-batches of its runs, if these are any."""
    if sampling == str(ALL):
        return sentence
    return f"With {sampling}: {sentence[0].lower()}{sentence[1:]}"


def sentence_of(found: Identification) -> str:
    """What was found, in a few sentences."""
    parts = [on_batches(found.sampling, _verdict(found))]
    if found.norm and found.coincide:
        parts.append(f"{_listed(found.coincide)} cannot be told apart from it on {_data(found)}.")
    if found.norm and len({phase.norm for phase in found.phases}) > 1:
        stretches = [f"{p.norm} from {time_of(p.begin)} to {time_of(p.end)}" for p in found.phases]
        parts.append(f"The norm it follows changes: {', then '.join(stretches)}.")
    parts += [f"{note[0].upper()}{note[1:]}." for note in found.left]
    if not found.moved or not found.ranking[0].judged:
        return " ".join(parts)
    parts += [constant.sentence for constant in found.constants]
    if found.between is not None:
        best = found.between
        parts.append(
            f"In between, at {time_of(best.log_time)}, it came to {best.share:.4f} of the maximal {best.norm} margin, "
            f"and has left it again: {best.last:.4f} in the end."
        )
    if found.later:
        size = f" far below {found.saturation:.2g}" if found.saturation < math.inf else " tiny"
        parts.append(
            f"That is not the end: once gradients are{size} it is gradient descent, and goes to the {found.later} "
            "margin."
        )
    return " ".join(parts)


def _verdict(found: Identification) -> str:
    best = found.ranking[0]
    if not found.moved:
        return f"The weights do not move on {_data(found)}: there is no margin to speak of."
    if found.runs is not None:
        return _verdict_on_model(found, found.runs)
    if not best.judged:
        return f"These norms cannot be told apart on {_data(found)}: their maximisers coincide."
    if found.norm is None:
        return _none(found) if found.settled else _open(found)
    where = f"up to {time_of(found.until)} it comes to {best.share:.4f} of the maximum"
    rivals = [s for s in found.ranking if s is not best and s.norm not in found.coincide]
    next_best = max(rivals, key=lambda score: score.share)
    if found.datasets == 1:
        return (
            f"On this dataset it maximises the {best.norm} margin: {where}, of the next norm, {next_best.norm}, "
            f"{next_best.share:.4f}."
        )
    low, high = found.interval
    return (
        f"It maximises the {best.norm} margin, on {best.falls} of {best.judged} datasets that tell (95 % interval of "
        f"the share {low:.2f} to {high:.2f}): {where} (median), of the next norm, {next_best.norm}, "
        f"{next_best.share:.4f}."
    )


def _verdict_on_model(found: Identification, runs: int) -> str:
    best, until = found.ranking[0], f"up to {time_of(found.until)}"
    if 2 * runs < found.datasets or not runs:
        many = f"only {runs} of {found.datasets} runs" if runs else "no run"
        return f"Not settled yet: {until} {many} can be judged; change the steps, or the start."
    if not best.judged:
        return "These norms cannot be told apart on these runs: their KKT gaps vanish together."
    gap = {score.norm: f"{1 - score.share:.4f}" for score in found.ranking}
    if found.norm:
        rivals = [s for s in found.ranking if s is not best and s.norm not in found.coincide]
        next_best = max(rivals, key=lambda score: score.share).norm
        low, high = found.interval
        share = f"(95 % interval of the share {low:.2f} to {high:.2f})" if runs > 1 else "that can be judged"
        return (
            f"It tends to KKT points of the {best.norm} margin, on {best.falls} of {best.judged} runs {share}: {until} "
            f"the KKT gap comes to {gap[best.norm]} (median), that of the next norm, {next_best}, to {gap[next_best]}."
        )
    near = found.nearest.norm
    if found.settled:
        return (
            f"It tends to KKT points in none of these norms: {until} the KKT gap comes to {gap[near]} in {near}, and "
            "is larger in the others; the gaps stand still."
        )
    if found.rests:
        return (
            f"Not settled: the weights have come to rest, with a KKT gap of {gap[near]} in {near} at least; more steps "
            "tell no more."
        )
    if found.tied:
        what = f"{until} the KKT gap falls in {_listed(found.tied)}, and is not told apart from that in all others"
    else:
        where = "this run" if runs == 1 else "nine tenths of the runs"
        what = f"{until} no KKT gap falls on {where}, nor do all stand still; least is that in {near}, {gap[near]}"
    return f"Not settled yet: {what}; give more steps."


def _none(found: Identification) -> str:
    near = found.nearest
    reached = f"up to {time_of(found.until)} it comes to {near.share:.4f} of the maximal {near.norm} margin"
    return (
        f"It maximises the margin of none of these norms: {reached}, and to less of the others; the gaps stand still."
    )


def _open(found: Identification) -> str:
    if found.rests:
        near = found.nearest
        return (
            f"Not settled: the weights have come to rest, at {near.share:.4f} of the maximal {near.norm} margin at "
            "most; more steps tell no more."
        )
    reached = f"up to {time_of(found.until)}"
    if len(found.tied) > 1:
        what = f"{reached} the gaps in {_listed(found.tied)} all fall"
    elif (score := _lingering(found)) is not None:
        missed = f"{score.misalignment:.2g} of the margin"
        what = f"{reached} the gap in {score.norm} falls, but may level off: updates miss {missed}"
    elif found.tied:
        what = f"{reached} the gap in {found.tied[0]} falls, but it is not told apart from all others"
    else:
        best = found.ranking[0]
        slope = f", where the deficit grows like |w|^{best.slope:.2f}" if math.isfinite(best.slope) else ""
        what = f"{reached} no gap falls on {_nearly(found)}, nor do all stand still; nearest is {best.norm}{slope}"
    more = f"about {time_of(found.telling)} would tell" if found.telling is not None else "give more steps"
    return f"Not settled yet: {what}; {more}."


def _lingering(found: Identification) -> Score | None:
    """The one norm whose gap falls, if it may level off by what the updates miss of the margin."""
    tied = [score for score in found.ranking if score.norm in found.tied]
    return tied[0] if len(tied) == 1 and may_level_off(1 - tied[0].share, tied[0].misalignment) else None


def _nearly(found: Identification) -> str:
    return "this dataset" if found.datasets == 1 else "nine tenths of the datasets"


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _data(found: Identification) -> str:
    return "this dataset" if found.datasets == 1 else "these datasets"


@dataclass(frozen=True)
class Score:
    """One norm in the ranking; medians are over the datasets, and all ratios are to the certified maximal margin.

    share: normalised margin of the weights, `reached`, or of those gained last, `gained`, whichever is larger. Of a
    model, 1 less the KKT gap of the parameters, `reached` likewise, and `gained` that of what they gained.
    fall: gap of `share` to 1, over that a decade earlier. slope: of the logarithm of the deficit, gap times weights'
    norm, against that of the weights' norm, over the last decade: 0 where the margin is maximised, 1 where it is not.
    misalignment: of the updates, over the last decade of steps; of mini-batches that of what thirds of a decade add up
    to, of a model 1 - gained. NaN for a weighted norm, which is known at the end only, and past a precision horizon.
    judged: datasets that tell the norm from some other one. falls: those of them on which the gap falls, with a slope
    below 1/2. wins: those on which no norm that is told apart there may be followed as well. stands: datasets on which
    the gap stood still for two decades.
    """

    norm: str
    share: float
    gained: float
    reached: float
    fall: float
    slope: float
    misalignment: float
    wins: int
    falls: int
    judged: int
    stands: int


@dataclass(frozen=True)
class Phase:
    """A stretch of the run, `log t` from `begin` to `end`, in which most datasets follow one norm."""

    norm: str
    begin: float
    end: float


@dataclass(frozen=True)
class Between:
    """The nearest that a run came to the maximal margin of a norm which it has left since, medians over the datasets.

    share: of that margin, at `log_time`; last: at the end.
    """

    norm: str
    share: float
    log_time: float
    last: float


@dataclass(frozen=True)
class Identification:
    """Which norm's margin an optimizer maximises, as far as its runs show.

    norm: the norm, None where none was found. settled: whether it was found, or that none of those tried is followed.
    ranking: best first. tied: norms that all may be it as yet. telling: log t that would tell, where it is known.
    confidence: share of the datasets that tell the norm from another one on which its gap falls; interval: its 95 %
    Clopper-Pearson interval, as if the datasets were drawn at random. NaN where nothing could be told.
    coincide: norms that no dataset tells apart from `norm`. until: log t up to which it was seen.
    phases: where the norm followed changes along the run of an optimizer that becomes gradient descent. later: the norm
    followed once gradients are far below `saturation` (an `eps`), for one that has not come to it.
    constants: those that are hidden in the optimizer, largest first, and when gradients came below them. between: what
    an optimizer with such a constant came near to before it.
    gradients_pass: log t at which the gradients' median size passes `saturation`, None where that was not seen.
    moved, rests: whether there are weights at the end, and whether they have come to rest, on most datasets.
    steps: log of the last discrete step. log_time: `[r]`; gaps: by norm, `[b r]`, 1 - share. sampling: the batches of
    the runs. sentence: all in words. model: what was trained, if no linear classifier: norms are then those whose KKT
    points the runs approach, gaps KKT gaps, and `datasets` runs, of which `runs` could be judged. left: why the others
    were left out.
    """

    norm: str | None
    settled: bool
    confidence: float
    interval: tuple[float, float]
    until: float
    coincide: tuple[str, ...]
    ranking: tuple[Score, ...]
    tied: tuple[str, ...]
    telling: float | None
    phases: tuple[Phase, ...]
    later: str | None
    saturation: float
    gradients_pass: float | None
    constants: tuple[Constant, ...]
    between: Between | None
    moved: bool
    rests: bool
    steps: float
    exact: bool
    datasets: int
    log_time: Float[np.ndarray, " r"] = field(repr=False)
    gaps: dict[str, Float[np.ndarray, "b r"]] = field(repr=False)
    sampling: str = str(ALL)
    model: str | None = None
    runs: int | None = None
    left: tuple[str, ...] = ()

    @property
    def quantity(self) -> str:
        """What the gaps are."""
        return "KKT gap" if self.model else "relative gap to the maximal margin"

    @property
    def nearest(self) -> Score:
        """The norm with the largest share of its maximal margin."""
        return max(self.ranking, key=lambda score: score.share)

    @property
    def undecided(self) -> bool:
        """Whether more steps may settle what has not been settled: the weights move, and the datasets can tell."""
        return not self.settled and self.moved and not self.rests and self.ranking[0].judged > 0

    @property
    def sentence(self) -> str:
        """All in words."""
        return sentence_of(self)

    def to_dict(self) -> dict[str, Any]:
        """The fields and the sentence as plain data: see `solvers.display.plain` for numbers that JSON has not."""
        return plain_fields(self, sentence=self.sentence)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the relative gaps to the maximal margins, or KKT gaps; median and 10-90 % band; give the axes.

        ax: where to draw; by default in a new figure. The axis shows t, or log t where a flow went on.
        """
        from reports.margins import draw_gaps

        axes = axes_for(ax)
        carried_on = bool(self.log_time[-1] > self.steps + 1e-9)
        known = self.log_time > 0 if carried_on else np.ones(len(self.log_time), bool)
        gaps = {score.norm: self.gaps[score.norm][:, known] for score in self.ranking}
        draw_gaps(axes, self.log_time[known], gaps, in_log=carried_on, quantity=self.quantity)
        return axes

    def _repr_html_(self) -> str:
        question = "KKT points of which margin?" if self.model else "Which margin?"
        found = f"the {self.norm} margin" if self.norm else "none of these norms" if self.settled else "not settled yet"
        rows = [
            (
                s.norm,
                *("–" if math.isnan(x) else f"{x:.{n}f}" for x, n in ((s.share, 6), (s.fall, 2), (s.slope, 2))),
                f"{s.falls} of {s.judged}",
                f"{s.stands}",
            )
            for s in self.ranking
        ]
        columns = _COLUMNS if self.model is None else ("norm", "1 − KKT gap", *_COLUMNS[2:])
        return html(f"{question} {found[0].upper()}{found[1:]}", self.sentence, rows, columns)


_COLUMNS = (
    "norm",
    "share of the maximal margin",
    "gap / that a decade ago",
    "slope of the deficit",
    "gap falls",
    "stands still",
)
