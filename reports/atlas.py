"""The figure "atlas" of the gallery: proved exponents against surviving ones, by method and schedule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from reports import svg
from reports.figures import GAP

Data = dict[str, Any]

_APART = 0.17  # between the claims of one cell, in rows
_EDGE = 0.05  # beyond the largest and the smallest exponent


def whole(data: Data) -> Canvas:
    """All panels side by side."""
    rows, columns = len(data["rows"]), len(data["columns"])
    canvas = Canvas(figsize=(1.75 * columns + 2.1, 0.27 * rows + 1.0), layout="constrained")
    panels = canvas.subplots(1, columns, sharex=True, sharey=True, squeeze=False)[0]
    for column, axes in enumerate(panels):
        _draw(axes, data, column)
    canvas.legend(handles=_handles(), loc="outside lower center", ncols=3, fontsize=9)
    return canvas


def pieces(data: Data) -> list[tuple[str, Canvas]]:
    """The whole figure: its rows are named once."""
    return [("Atlas", whole(data))]


def problem(data: Data) -> str | None:
    """What a schema cannot say is wrong with an atlas, or None."""
    if any(mark["row"] >= len(data["rows"]) or mark["column"] >= len(data["columns"]) for mark in data["marks"]):
        return "has an atlas with a mark in a row or column that is not there"
    return None


def _draw(axes: Axes, data: Data, column: int) -> None:
    cells: dict[int, list[Data]] = defaultdict(list)
    for mark in data["marks"]:
        if mark["column"] == column:
            cells[mark["row"]].append(mark)
    low, high = _limits(data["marks"])
    for row in range(0, len(data["rows"]), 2):
        axes.axhspan(row - 0.5, row + 0.5, color=svg.INK, alpha=0.045, linewidth=0)
    for row, marks in cells.items():
        for i, mark in enumerate(marks):
            _one(axes, mark, row + _APART * (i - (len(marks) - 1) / 2), high)
    axes.set(xlim=(low, high), ylim=(len(data["rows"]) - 0.5, -0.5))
    axes.set_yticks(range(len(data["rows"])), data["rows"], fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=9)
    axes.grid(True, axis="x", color=svg.INK, alpha=0.15, linewidth=0.6)
    axes.spines["left"].set_visible(False)
    axes.set_title(data["columns"][column], fontsize=10, loc="left")
    axes.set_xlabel("exponent of 1/t", fontsize=9)


def _one(axes: Axes, mark: Data, y: float, right: float) -> None:
    high = right if mark["high"] is None else min(mark["high"], right)
    axes.plot([mark["low"], high], [y, y], color=GAP, linewidth=1.1, alpha=0.75)
    axes.plot([mark["survives"]], [y], marker="o", color=GAP, markersize=3.4)
    axes.plot([mark["proved"]] * 2, [y - 0.3, y + 0.3], color=svg.INK, linewidth=1.6, solid_capstyle="butt")


def _limits(marks: Sequence[Data]) -> tuple[float, float]:
    ends = [mark[name] for mark in marks for name in ("proved", "survives", "low", "high") if mark[name] is not None]
    return min(ends) - _EDGE, max(ends) + _EDGE


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], color=svg.INK, linewidth=1.6, marker="|", markersize=9, linestyle="none", label="proved"),
        Line2D([], [], color=GAP, marker="o", markersize=4, linewidth=1.1, label="survives, with its interval"),
    ]
