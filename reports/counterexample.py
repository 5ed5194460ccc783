"""A counterexample for a reader: where the run on it went, as a figure and in exact numbers."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports import svg, text
from reports.figures import GAP, REAL, TWIN
from reports.records import ReportError, replace_file

_COLOURS = (TWIN, GAP, REAL, "#4f8a3c", "#b5577b", "#7d7d7d")
_FLOOR = 1e-8  # gaps below it are drawn at it: the references are no sharper
_LONGEST = 24  # characters of a fraction that a reader still takes in


def bracket(lower: Fraction | str, upper: Fraction | str) -> str:
    """Rational bounds for a reader: "3", "[14/5, 3]", or as decimals that enclose them where the numbers are long."""
    low, high = Fraction(lower), Fraction(upper)
    if max(len(str(low)), len(str(high))) <= _LONGEST:
        return str(low) if low == high else f"[{low}, {high}]"
    shown = (_rounded(low, math.floor), _rounded(high, math.ceil))
    return f"[{shown[0]}, {shown[1]}]"


def _rounded(value: Fraction, towards: Any) -> str:
    return f"{towards(value * 10**12) / 10**12:.12f}".rstrip("0").rstrip(".")


def figure(
    log_time: Float[np.ndarray, " r"],
    shares: Mapping[str, Float[np.ndarray, " r"]],
    followed: Collection[str],
    *,
    margins: bool,
    flow: bool,
    name: str,
) -> Canvas:
    """The relative gap to each norm's maximal margin along one run, or the values of one quantity.

    shares: by norm the share of the maximal margin, if `margins`; else by name the quantity's values.
    flow: whether the horizontal axis is log t. followed: the norms that are drawn thicker.
    """
    with svg.style(name):
        canvas = Canvas(figsize=(5.6, 3.6), layout="constrained")
        axes = canvas.subplots()
        clock = np.log10(log_time) if flow else log_time / math.log(10)
        for (label, values), colour in zip(shares.items(), _COLOURS, strict=False):
            drawn = np.maximum(1 - values, _FLOOR) if margins else values
            with np.errstate(invalid="ignore", divide="ignore"):
                axes.plot(
                    clock, np.log10(drawn), color=colour, label=label, linewidth=2.6 if label in followed else 1.4
                )
        axes.grid(True, color=svg.INK, alpha=0.15, linewidth=0.6)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: text.power_of_ten(round(value))))
            axis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("log t" if flow else "steps t")
        axes.set_ylabel("1 − share of the maximal margin (10⁻⁸ where less)" if margins else next(iter(shares)))
        canvas.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize=9)
    return canvas


def draw(
    path: Path | str,
    log_time: Float[np.ndarray, " r"],
    shares: Mapping[str, Float[np.ndarray, " r"]],
    refutation: Mapping[str, Any],
    title: str,
    *,
    flow: bool,
) -> None:
    """Draw the run of a record's `refutation` to an .svg or .png file; `title` is its alternative text.

    Raises `ReportError` for another ending.
    """
    path = Path(path)
    if path.suffix not in svg.ENDINGS:
        raise ReportError(f"A figure is an .svg or .png file, not {path.name}: change the ending.")
    margins, followed = bool(refutation["margins"]), refutation["followed"] or ()
    if isinstance(followed, str):  # so it was written once
        followed = (followed,)
    canvas = figure(log_time, shares, followed, margins=margins, flow=flow, name=title)
    with svg.style(title):
        content = svg.picture(canvas, path.suffix, title)
    replace_file(path, lambda file: file.write(content))
