"""The figure "panels" of the gallery: a grid of panels that share their series, for a file or for a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from reports import text
from reports.figures import GAP, REAL, TWIN
from reports.svg import INK

Data = dict[str, Any]

_COLOURS = (GAP, TWIN, REAL)
_LONG = 20  # characters of a name, from which on two do not fit side by side in a legend
_DASHES = ("solid", (0, (5, 2)), (0, (1, 1.4)), (0, (5, 1.5, 1, 1.5)))


def whole(data: Data) -> Canvas:
    """All panels on one canvas, the legend below them."""
    rows, columns = len(data["rows"]), len(data["columns"])
    canvas = Canvas(figsize=(3.3 * columns + 0.5, 2.5 * rows + 0.9), layout="constrained")
    grid = canvas.subplots(rows, columns, squeeze=False)
    for column in range(columns):
        _draw_column(list(grid[:, column]), data, column, labelled=column == 0)
    canvas.legend(handles=_handles(data), loc="outside lower center", ncols=4, fontsize=9, handlelength=3)
    return canvas


def pieces(data: Data) -> list[tuple[str, Canvas]]:
    """The legend, and each column of panels by its title: a page can put them side by side or below each other."""
    handles = _handles(data)
    columns = 1 if max((len(str(handle.get_label())) for handle in handles), default=0) > _LONG else 2
    legend = Canvas(figsize=(4.4, 0.24 * -(-len(handles) // columns) + 0.1))
    legend.legend(handles=handles, loc="center", ncols=columns, fontsize=10, handlelength=3)
    named = [("Legend", legend)]
    quantities = ", ".join(row["label"] for row in data["rows"])
    for column, title in enumerate(data["columns"]):
        canvas = Canvas(figsize=(3.9, 2.6 * len(data["rows"]) + 0.2), layout="constrained")
        axes = canvas.subplots(len(data["rows"]), 1, squeeze=False)
        _draw_column(list(axes[:, 0]), data, column, labelled=True)
        named.append((f"{title}: {quantities}", canvas))
    return named


def _draw_column(column_axes: Sequence[Axes], data: Data, column: int, labelled: bool) -> None:
    for row, axes in enumerate(column_axes):
        for curve in data["curves"]:
            if (curve["row"], curve["column"]) == (row, column):
                _draw(axes, curve, data)
        _scale(axes, data["x"]["scale"], data["rows"][row]["scale"])
        axes.set_xlim(*_limits(data["curves"], ("x",), data["x"]["scale"]))
        in_row = [curve for curve in data["curves"] if curve["row"] == row]
        axes.set_ylim(*_limits(in_row, ("low", "y", "high"), data["rows"][row]["scale"]))
        axes.tick_params(labelbottom=axes is column_axes[-1])
        axes.grid(True, which="major", color=INK, alpha=0.15, linewidth=0.6)
        if labelled:
            axes.set_ylabel(data["rows"][row]["label"])
        else:
            axes.tick_params(labelleft=False)
    column_axes[0].set_title(data["columns"][column], fontsize=10, loc="left")
    column_axes[-1].set_xlabel(data["x"]["label"])


def _draw(axes: Axes, curve: Data, data: Data) -> None:
    """A curve; a value that a logarithmic axis cannot show is left out of it."""
    style = _style_of(data, curve["series"])
    log = data["rows"][curve["row"]]["scale"] == "log"
    y, low, high = (_shown(curve[name], log) for name in ("y", "low", "high"))
    x = np.array(curve["x"], dtype=float)
    if curve["strong"] and not np.array_equal(low, high, equal_nan=True):
        axes.fill_between(x, low, high, color=style["color"], alpha=0.15, linewidth=0)
    axes.plot(x, y, linewidth=2.2 if curve["strong"] else 1.1, **style)


def _shown(values: Sequence[float | None], log: bool) -> np.ndarray:
    numbers = np.array(values, dtype=float)  # None becomes NaN
    return np.where(numbers > 0, numbers, np.nan) if log else numbers


def _limits(curves: Sequence[Data], names: Sequence[str], scale: str) -> tuple[float, float]:
    """The range of these columns over the curves, with a little room: panels in a row or column then agree."""
    log = scale == "log"
    values = np.concatenate([_shown(curve[name], log) for curve in curves for name in names] or [np.zeros(0)])
    values = values[np.isfinite(values)]
    if not values.size:
        return (0.1, 1.0) if log else (0.0, 1.0)
    ends = np.array([values.min(), values.max()])
    low, high = (np.log10(ends) if log else ends).tolist()
    room = 0.04 * (high - low) or 0.5
    low, high = low - room, high + room
    return (10**low, 10**high) if log else (low, high)


def _scale(axes: Axes, x: str, y: str) -> None:
    for axis, scale in ((axes.xaxis, x), (axes.yaxis, y)):
        if scale == "log":
            (axes.set_xscale if axis is axes.xaxis else axes.set_yscale)("log")
            axis.set_major_locator(LogLocator(numticks=7))
            # In Unicode, so that an SVG holds plain text in the page's font.
            axis.set_major_formatter(FuncFormatter(lambda value, _: text.power_of_ten(round(np.log10(value)))))
            axis.set_minor_formatter(NullFormatter())


def _style_of(data: Data, index: int) -> dict[str, Any]:
    series = data["series"]
    group = series[index]["group"]
    member = sum(other["group"] == group for other in series[:index])
    return {"color": _COLOURS[group % len(_COLOURS)], "linestyle": _DASHES[member % len(_DASHES)]}


def _handles(data: Data) -> list[Line2D]:
    names = [series["name"] for series in data["series"]]
    return [Line2D([], [], label=name, linewidth=1.8, **_style_of(data, index)) for index, name in enumerate(names)]
