"""A quantity over one size of the problem: its sweeps, their median, and the largest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure as Canvas

from reports import svg
from reports.figures import GAP, TWIN, decade_ticks
from reports.records import replace_file


def draw(
    path: Path,
    values: Float[np.ndarray, " v"],
    curves: Float[np.ndarray, "s v"],
    parameter: str,
    quantity: str,
    title: str,
) -> None:
    """Draw the sweeps on logarithmic axes to an .svg or .png file.

    values: of the parameter, rising and positive. curves: the quantity of each sweep, positive. title: what the figure
    says, for those who do not see it.
    """
    with svg.style("scaling"):
        canvas = Canvas(figsize=(5.6, 3.8), layout="constrained")
        axes = canvas.subplots()
        x = np.log10(values)
        for curve in curves:
            axes.plot(x, np.log10(curve), color=GAP, alpha=0.15, linewidth=0.7)
        axes.plot(x, np.log10(np.median(curves, axis=0)), color=GAP, linewidth=2, marker="o", label="median")
        axes.plot(x, np.log10(curves.max(axis=0)), color=TWIN, linewidth=2, marker="o", label="largest")
        axes.set_xticks(x, [f"{value:g}" for value in values])
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, (low + high) / 2 - 0.6), max(high, (low + high) / 2 + 0.6))  # a decade at least
        decade_ticks(axes.yaxis)
        axes.set_xlabel(parameter)
        axes.set_ylabel(quantity)
        axes.grid(True, color=svg.INK, alpha=0.15, linewidth=0.6)
        axes.legend()
        content = svg.picture(canvas, path.suffix, title)
    replace_file(path, lambda file: file.write(content))
