"""The figure "map" of the gallery: one number over a grid of two parameters, in coloured cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from reports import text

Data = dict[str, Any]

_COLOURS = "cividis"  # even in lightness, and the same to colour-blind readers
_DARK, _LIGHT = "#101010", "#f5f5f5"
_CELL = (0.62, 0.46)  # inches


def whole(data: Data) -> Canvas:
    """The map with its scale beside it."""
    columns, rows = len(data["x"]["values"]), len(data["y"]["values"])
    canvas = Canvas(figsize=(_CELL[0] * columns + 1.9, _CELL[1] * rows + 1.1), layout="constrained")
    _draw(canvas.subplots(), canvas, data)
    return canvas


def pieces(data: Data) -> list[tuple[str, Canvas]]:
    """The map alone: it is as wide as its grid."""
    return [(data["z"]["label"], whole(data))]


def problem(data: Data) -> str | None:
    """What a schema cannot say is wrong with a map, or None."""
    columns, rows = len(data["x"]["values"]), len(data["y"]["values"])
    table = data["z"]["values"]
    if len(table) != rows or any(len(row) != columns for row in table):
        return f"has a map that is not a table of {rows} rows of {columns} numbers"
    if not data["z"]["low"] < data["z"]["high"]:
        return "has a map whose scale does not rise"
    return None


def _draw(axes: Axes, canvas: Canvas, data: Data) -> None:
    low, high = data["z"]["low"], data["z"]["high"]
    values = np.array(data["z"]["values"], dtype=float)  # None becomes NaN, and is left white
    rows, columns = values.shape
    edges = np.arange(columns + 1) - 0.5, np.arange(rows + 1) - 0.5
    cells = axes.pcolormesh(*edges, np.ma.masked_invalid(values), cmap=_COLOURS, vmin=low, vmax=high)
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            axes.text(
                column,
                row,
                text.number(float(value), 2),
                ha="center",
                va="center",
                fontsize=9,
                color=_ink(value, low, high),
            )
    for axis, side in ((axes.xaxis, data["x"]), (axes.yaxis, data["y"])):
        axis.set_ticks(range(len(side["values"])), [text.number(value) for value in side["values"]])
        axis.set_label_text(side["label"])
        axis.set_tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = canvas.colorbar(cells, ax=axes, label=data["z"]["label"], pad=0.02)
    bar.outline.set_visible(False)
    assert bar.solids is not None
    bar.solids.set_rasterized(False)  # a page shows no images but its own vectors


def _ink(value: float, low: float, high: float) -> str:
    """Dark numbers on light cells, light ones on dark."""
    red, green, blue, _ = colormaps[_COLOURS](np.clip((value - low) / (high - low), 0, 1))
    return _DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else _LIGHT
