"""Runs' normalised margins, or what they fall short of the maximal ones: a band over the datasets for each norm."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from reports import svg
from reports.curves import decades, quantiles
from reports.figures import decade_ticks, filled, nothing

COLOURS = (
    "#3a7fc4",
    "#d1621a",
    "#9a62c7",
    "#3b8f5a",
    "#b8414f",
    "#8a7a1f",
    "#5f6b7a",
    "#c45a9d",
    "#2f8f9d",
    "#7a4f2b",
)
"""A colour for each norm; a further one begins again, dashed."""


def draw_margins(
    axes: Axes, log_time: Float[np.ndarray, " r"], margins: Mapping[str, Float[np.ndarray, "b r"]], *, in_log: bool
) -> None:
    """Draw median and 10-90 % band over the datasets of each norm's normalised margins.

    log_time: log t. margins: by norm, NaN where not known. in_log: whether the axis shows log t, as of a flow, rather
    than t; both are logarithmic.
    """
    times = log_time if in_log else np.exp(log_time)
    for number, (norm, curves) in enumerate(margins.items()):
        low, median, high = quantiles(curves)
        _band(axes, times, median, (low, high), norm, number)
    _finish(axes, in_log, "normalised margin")


def draw_gaps(
    axes: Axes,
    log_time: Float[np.ndarray, " r"],
    gaps: Mapping[str, Float[np.ndarray, "b r"]],
    *,
    in_log: bool,
    quantity: str = "relative gap to the maximal margin",
) -> None:
    """Draw the same of the relative gaps to the maximal margins, on a logarithmic axis.

    quantity: what the gaps are, where they are others. Those of zero and below, of margins that are reached exactly,
    are no points of such an axis: lines end there, and bands run down. Where there are no others, the axes say so.
    """
    times = log_time if in_log else np.exp(log_time)
    for number, (norm, curves) in enumerate(gaps.items()):
        low, median, high = quantiles(curves)
        _band(axes, times, decades(median), filled(low, median, high), norm, number)
    _finish(axes, in_log, quantity)
    if any((quantiles(curves) > 0).any() for curves in gaps.values()):
        decade_ticks(axes.yaxis)
    else:
        nothing(axes)


def _band(
    axes: Axes, times: np.ndarray, median: np.ndarray, band: tuple[np.ndarray, np.ndarray], norm: str, number: int
) -> None:
    colour = COLOURS[number % len(COLOURS)]
    style = "-" if number < len(COLOURS) else "--"
    axes.plot(decades(times), median, color=colour, linestyle=style, label=norm)
    axes.fill_between(decades(times), *band, color=colour, alpha=0.2, linewidth=0)


def _finish(axes: Axes, in_log: bool, quantity: str) -> None:
    decade_ticks(axes.xaxis)
    axes.set_xlabel("log t" if in_log else "steps t")
    axes.set_ylabel(quantity)
    axes.grid(True, color=svg.INK, alpha=0.15, linewidth=0.6)
    axes.legend(title="norm")
