"""All rates at one glance: the exponents that were proved, against those that were observed, with their intervals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markupsafe import escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from reports import latex, svg, text
from reports.figures import GAP, TWIN, Figure
from reports.records import Record, slug

_KINDS = ("rate", "tight")
_COLOURS = {"SUPPORTED": GAP, "REFUTED": TWIN, "INCONCLUSIVE": svg.INK}
_MARKS = {"SUPPORTED": "o", "REFUTED": "X", "INCONCLUSIVE": "D"}
_WIDTH, _ROW, _HEAD, _FRAME = 5.0, 0.052, 0.15, 0.75  # of the canvas, a claim, a law's margin, axis and legend; inches
_NAME = "exponents"


@dataclass(frozen=True)
class Rate:
    """A claimed rate and what was seen of it. observed, interval: None where no exponent could be fitted."""

    record: Record
    law: str
    proved: float
    observed: float | None
    interval: tuple[float, float] | None

    @property
    def side(self) -> str:
        """Where the interval lies: "within" it is the proved exponent, or all of it is "faster" or "slower"."""
        if self.observed is None:
            return "unknown"
        low, high = self.interval or (self.observed, self.observed)
        return "faster" if high < self.proved else "slower" if low > self.proved else "within"


def rates(records: Sequence[Record]) -> list[Rate]:
    """The claimed rates by exponent and law, slow laws first; of one law, the slowest observed first."""
    found = [
        _rate(record) for record in records if record["kind"] in _KINDS and record["claimed"]["exponent"] is not None
    ]
    return sorted(found, key=lambda rate: (*_group(rate), -(rate.observed or 0.0), rate.record["id"]))


def _rate(record: Record) -> Rate:
    claimed, seen = record["claimed"], record["observed"]
    ends = seen["interval"]
    return Rate(record, claimed["law"] or "", claimed["exponent"], seen["exponent"], ends and (ends[0], ends[1]))


def _group(rate: Rate) -> tuple[str, float, str]:
    """What claims are drawn together: those with one law, of one clock."""
    return rate.record["time"]["axis"], -rate.proved, rate.law


def figure(records: Sequence[Record]) -> Figure | None:
    """The rates of a report as one figure, each with a link to its claim; None where no exponent was observed.

    A claim is a row: its interval is a line, what was observed a mark by its verdict. Claims with one law stand
    together, beside a long stroke at the exponent that was proved. Byte for byte the same for the same records.
    """
    found = rates(records)
    if all(rate.observed is None for rate in found):
        return None
    words, alt = _caption(found), _alternative(found)
    with svg.style(_NAME):
        drawn, beyond = _canvas(found)
        element = svg.element(drawn, alt, _NAME)
    if beyond:
        words += f" An arrow: {text.count(beyond, 'interval')} that {'goes' if beyond == 1 else 'go'} on to the left."
    return Figure(_linked(element, found), words, alt)


def _canvas(found: Sequence[Rate]) -> tuple[Canvas, int]:
    """The canvas, and how many intervals go beyond its left edge."""
    groups = [list(members) for _, members in groupby(found, _group)]
    height = _FRAME + len(groups) * 2 * _HEAD + len(found) * _ROW
    drawn = Canvas(figsize=(_WIDTH, height))
    axes = drawn.add_axes((0.29, 0.42 / height, 0.69, 1 - _FRAME / height))
    points = [value for rate in found for value in (rate.proved, rate.observed) if value is not None]
    width = max(max(points) - min(points), 0.5)
    ends = [end for rate in found if rate.interval for end in rate.interval]
    # One interval that is very wide must not press all others together.
    left = max(min(points + ends), min(points) - 0.3 * width) - 0.04 * width
    right = min(max([0.0, *points, *ends]), max(0.0, *points) + 0.3 * width) + 0.04 * width
    top, places, beyond = 0.0, [], 0
    for i, members in enumerate(groups):
        depth = 2 * _HEAD + len(members) * _ROW
        if i % 2 == 0:
            axes.axhspan(top, top + depth, color=svg.INK, alpha=0.045, linewidth=0)
        axes.plot([members[0].proved] * 2, [top + 0.03, top + depth - 0.03], color=svg.INK, linewidth=1.6)
        for j, rate in enumerate(members):
            beyond += _row(axes, rate, top + _HEAD + (j + 0.5) * _ROW, left)
        places.append((top + depth / 2, _law(members[0])))
        top += depth
    axes.set(xlim=(left, right), ylim=(top, 0.0))
    axes.set_yticks([place for place, _ in places], [law for _, law in places], fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=10)
    axes.grid(True, axis="x", color=svg.INK, alpha=0.15, linewidth=0.6)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("exponent", fontsize=10)
    _legend(drawn, found)
    return drawn, beyond


def _law(rate: Rate) -> str:
    """The law, and on a second line what else there is: 1/log t has exponent 0 of t, and -1 of the log t of flows."""
    law, _, more = rate.law.partition(", ")
    flows = "flows" if rate.record["time"]["axis"] == "log t" else ""
    return "\n".join(filter(None, (latex.mathtext(law), ", ".join(filter(None, (more, flows))))))


def _row(axes: Axes, rate: Rate, y: float, left: float) -> bool:
    """Draw one claim; whether its interval goes beyond the left edge."""
    if rate.observed is None:
        return False
    verdict, link = rate.record["verdict"], f"#{_anchor(rate)}"
    colour = _COLOURS[verdict]
    low, high = rate.interval or (rate.observed, rate.observed)
    axes.plot([max(low, left), high], [y, y], color=colour, linewidth=1.1, alpha=0.75, url=link)
    if low < left:
        axes.plot([left], [y], marker="<", color=colour, markersize=3.2, clip_on=False, url=link)
    hollow: dict[str, Any] = {"markerfacecolor": "none"} if verdict == "INCONCLUSIVE" else {}
    axes.plot([rate.observed], [y], marker=_MARKS[verdict], color=colour, markersize=3.6, url=link, **hollow)
    return low < left


def _legend(drawn: Canvas, found: Sequence[Rate]) -> None:
    """What the marks mean, of those verdicts that occur."""
    handles = [Line2D([], [], color=svg.INK, linewidth=1.6, marker="|", markersize=9, linestyle="none", label="proved")]
    for verdict in text.VERDICTS:
        if any(rate.record["verdict"] == verdict and rate.observed is not None for rate in found):
            style: dict[str, Any] = {"markerfacecolor": "none"} if verdict == "INCONCLUSIVE" else {}
            label = "observed" if verdict == "SUPPORTED" else f"observed, {verdict.lower()}"
            mark: dict[str, Any] = {
                "color": _COLOURS[verdict],
                "marker": _MARKS[verdict],
                "markersize": 4.5,
                "linewidth": 1.1,
            }
            handles.append(Line2D([], [], label=label, **mark, **style))
    drawn.legend(
        handles=handles, loc="upper left", ncols=len(handles), fontsize=10, borderaxespad=0.1, handlelength=1.8
    )


def _anchor(rate: Rate) -> str:
    return f"claim-{slug(rate.record['id'])}"


def _linked(element: str, found: Sequence[Rate]) -> str:
    """The element with links that lead to the page's own ids, and say where; a reader may go through them."""
    titles = {_anchor(rate): f"{rate.record['title']}: {_seen(rate)}" for rate in found}
    prefix = re.escape(svg.prefix(_NAME))

    def link(match: re.Match[str]) -> str:
        return f'<a href="#{match[1]}"{match[2]}><title>{escape(titles[match[1]])}</title>'

    linked = re.sub(rf'<a href="#{prefix}(claim-[^"]*)"([^>]*)>', link, element)
    return linked.replace('role="img"', 'role="group"', 1)


def _seen(rate: Rate) -> str:
    return f"proved {text.number(rate.proved)}, observed {text.estimate(rate.observed, rate.interval)}"


def _counts(found: Sequence[Rate]) -> Iterator[str]:
    """How many rates fell how, in words."""
    sides = Counter(rate.side for rate in found)
    words = {
        "within": "the proved exponent lies in the interval",
        "faster": "all of it lies on the fast side",
        "slower": "all of it lies on the slow side, as it may before a factor log t has gone or a constant is reached",
        "unknown": "no exponent could be fitted",
    }
    return (f"for {sides[side]} {told}" for side, told in words.items() if sides[side])


def _caption(found: Sequence[Rate]) -> str:
    head = (
        "Proved against observed. A row is a claimed rate, with the exponent of what was measured over the last decade "
        "and its interval over the datasets; the long stroke is the exponent of the law, of t, or of log t along flows."
    )
    return f"{head} Of {text.count(len(found), 'rate')}: {'; '.join(_counts(found))}. Upper laws allow what is faster."


def _alternative(found: Sequence[Rate]) -> str:
    return f"Exponents of {text.count(len(found), 'rate')}, proved against observed: {'; '.join(_counts(found))}."
