"""How close an optimizer's runs come to each norm's maximal margin: a table and a figure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator
from rich.box import SIMPLE_HEAD
from rich.table import Table

from reports import svg, text
from reports.margins import COLOURS
from reports.records import ReportError, replace_file

_FLOOR = -6.0  # decades: gaps below are drawn there


@dataclass(frozen=True)
class Row:
    """One norm: its name; the share of the maximal margin, of the weights or of those gained last, whichever is larger;
    the share's gap to 1 over that a decade earlier; the slope of the deficit; the updates' misalignment; datasets on
    which the norm wins, on which its gap falls, and those that could show it; datasets on which the gap stands still.
    """

    norm: str
    share: float
    fall: float
    slope: float
    misalignment: float
    wins: int
    falls: int
    judged: int
    stands: int


def table(rows: Sequence[Row], share: str = "share of\nmaximum") -> Table:
    """The ranking, for a terminal of 80 columns. share: what the first number is, in a line or two."""
    shown = Table(
        "norm",
        share,
        "gap / a\ndecade\nago",
        "slope\nof the\ndeficit",
        "mis-\naligned",
        "gap\nfalls",
        "stands\nstill",
        "wins",
        padding=(0, 1, 0, 0),
        pad_edge=False,
        box=SIMPLE_HEAD,
    )
    # Names of norms of layers are broken at their blanks.
    shown.columns[0].min_width = max(len(word) for row in rows for word in row.norm.split())
    for row in rows:
        numbers = (_number(row.share, 6), _number(row.fall, 2), _number(row.slope, 2), _number(row.misalignment, 4))
        falls, wins = (f"{n} of {row.judged}" if row.judged else "–" for n in (row.falls, row.wins))
        shown.add_row(row.norm, *numbers, falls, str(row.stands), wins)
    for column in shown.columns[1:]:  # a count that is cut would be another
        column.no_wrap = True
    return shown


def _number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def draw(
    path: Path | str,
    log_time: Float[np.ndarray, " r"],
    gaps: Mapping[str, Float[np.ndarray, "b r"]],
    title: str,
    steps: float,
    quantity: str = "1 − share of the maximal margin",
) -> None:
    """Draw the median gap over the datasets of each norm to an .svg or .png file.

    log_time: log t, all positive. gaps: by norm, 1 - share of the maximal margin; best norm first.
    steps: log of the last discrete step; where times go on, they have a panel of their own, in log t. quantity: what
    the gaps are.
    Raises `ReportError` for another ending.
    """
    path = Path(path)
    if path.suffix not in svg.ENDINGS:
        raise ReportError(f"A figure is an .svg or .png file, not {path.name}: change the ending.")
    discrete = log_time <= steps + 1e-9
    with svg.style("identification"):
        canvas = Canvas(figsize=(8.2 if not discrete.all() else 5.6, 3.8), layout="constrained")
        panels = canvas.subplots(1, 1 if discrete.all() else 2, sharey=True, squeeze=False)[0]
        for panel, part in zip(panels, (discrete, ~discrete), strict=False):
            for (norm, gap), colour in zip(gaps.items(), itertools.cycle(COLOURS), strict=False):
                panel.plot(log_time[part] / math.log(10), _decades(gap[:, part]), color=colour, label=norm)
            panel.grid(True, color=svg.INK, alpha=0.15, linewidth=0.6)
        panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: text.power_of_ten(round(value))))
        panels[0].yaxis.set_major_locator(MaxNLocator(6, integer=True))
        panels[0].xaxis.set_major_formatter(FuncFormatter(lambda value, _: text.power_of_ten(round(value))))
        panels[0].xaxis.set_major_locator(MaxNLocator(6, integer=True))
        panels[0].set_xlabel("steps t")
        # A decade at least, so that its ends are ticks of their own.
        panels[0].set_ylim(bottom=min(panels[0].get_ylim()[0], -1.1), top=0.1)
        floored = any(np.nanmin(_decades(gap)) <= _FLOOR for gap in gaps.values() if np.isfinite(gap).any())
        panels[0].set_ylabel(quantity + (", 10⁻⁶ where less" if floored else ""), fontsize=9)
        if len(panels) > 1:
            panels[1].set_xscale("log")
            panels[1].set_xlabel("log₁₀ t, of the flow")
        canvas.suptitle(title, fontsize=10, x=0.01, ha="left")
        canvas.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper", fontsize=9)
        content = svg.picture(canvas, path.suffix, title)
    replace_file(path, lambda file: file.write(content))


def _decades(gaps: Float[np.ndarray, "b r"]) -> Float[np.ndarray, " r"]:
    """Decimal logarithm of the median over datasets, not below the floor; NaN where nothing was gained."""
    known = np.isfinite(gaps).any(axis=0)
    median = np.full(gaps.shape[1], np.nan)
    median[known] = np.nanmedian(gaps[:, known], axis=0)
    return np.log10(np.where(median > 10**_FLOOR, median, np.where(known, 10**_FLOOR, np.nan)))
