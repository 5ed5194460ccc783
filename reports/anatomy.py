"""The anatomy of a bound: which share of it each of its parts has over time, beside the quantity that it bounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter

from reports import svg, text
from reports.curves import Band, band, decades, last
from reports.figures import GAP, REAL, TWIN, Figure, decade_ticks, framed, legend
from reports.records import Curves, Record

# Beside the mid tones of the other figures one more of their contrast; names on the areas tell them apart as well.
_COLOURS = (TWIN, GAP, REAL, "#2f8f6b")
_ROOM = 0.12  # the share that an area needs to bear its name


def figure(record: Record, curves: Curves) -> Figure | None:
    """The stacked shares of a bound's parts over log t, and the quantity's median as a share of the bound.

    Shares are of the summed medians, and add up to 1: what lies below zero lowers the bound. None without an anatomy;
    byte for byte the same for the same record and curves.
    """
    if "anatomy" not in record:
        return None
    parts, gap = shares(record, curves)[1], band(curves)
    words, alt = _caption(record, parts, gap), _alternative(record, parts)
    name = f"{record['id']} anatomy"
    with svg.style(name):
        drawn = canvas(record, curves)
        return Figure(drawn and svg.element(drawn, alt, name), words, alt)


def canvas(record: Record, curves: Curves, label: Callable[[str], str] = str) -> Canvas | None:
    """A bound's figure, as `figures.canvas` makes a claim's; None if nothing can be drawn."""
    if "anatomy" not in record:
        return None
    times, parts = shares(record, curves)
    if not np.isfinite(parts).any():
        return None
    (drawn, axes), gap = framed(), band(curves)
    _stack(axes, decades(times), parts, [label(part["name"]) for part in record["anatomy"]["parts"]])
    if gap is not None and gap.drawable:
        name = label(f"{record['quantity']}, median" if gap.datasets > 1 else record["quantity"])
        axes.plot(decades(gap.times), gap.median, color=svg.INK, linewidth=2, label=name)
    axes.axhline(0, color=svg.INK, linewidth=0.8)
    axes.margins(x=0)
    axes.set_xlabel(label(record["time"]["label"]))
    axes.set_ylabel("share of the bound")
    decade_ticks(axes.xaxis)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: text.percent(value, 0)))
    legend(drawn, axes)
    return drawn


def shares(record: Record, curves: Curves) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "parts r"]]:
    """The times above zero, and the parts' medians over their sum; NaN where that is not known or not above zero."""
    kept = curves["time"] > 0
    medians = np.stack([curves[part["curve"]][kept] for part in record["anatomy"]["parts"]])
    whole = medians.sum(axis=0)
    return curves["time"][kept], np.where(whole > 0, medians / np.where(whole > 0, whole, 1.0), np.nan)


def _stack(axes: Axes, x: np.ndarray, parts: np.ndarray, names: list[str]) -> None:
    """Areas upwards from zero for what raises the bound, downwards for what lowers it; named where there is room."""
    # A time whose shares are not known lacks those of all parts: nothing is drawn there, whatever stands for them here.
    top, bottom = np.zeros(x.size), np.zeros(x.size)
    for i, (part, name) in enumerate(zip(parts, names, strict=True)):
        colour, label = _COLOURS[i % len(_COLOURS)], name
        for base, side in ((top, np.maximum(part, 0.0)), (bottom, np.minimum(part, 0.0))):
            if not np.any(np.nan_to_num(side)):
                continue
            faint = f"{colour}80"
            axes.fill_between(x, base, base + side, facecolor=faint, edgecolor=colour, linewidth=0.6, label=label)
            widest = int(np.argmax(np.abs(np.nan_to_num(np.where(_inner(x), side, 0.0)))))
            if abs(side[widest]) > _ROOM:
                place = (x[widest], base[widest] + side[widest] / 2)
                axes.annotate(name, place, ha="center", va="center", fontsize=9)
            base += np.nan_to_num(side)
            label = "_nolegend_"


def _inner(x: np.ndarray) -> np.ndarray:
    """The times in the middle of the axis, where a name is not cut off."""
    width = x[-1] - x[0]
    return (x >= x[0] + 0.2 * width) & (x <= x[-1] - 0.2 * width)


def _ends(record: Record, parts: np.ndarray) -> str:
    """The parts with their last known shares, the largest first."""
    named = [(part["name"], last(share)) for part, share in zip(record["anatomy"]["parts"], parts, strict=True)]
    known = sorted(((share, name) for name, share in named if share is not None), reverse=True)
    return ", ".join(f"{name} {text.percent(share)}" for share, name in known)


def _caption(record: Record, parts: np.ndarray, gap: Band | None) -> str:
    ends, tightest = _ends(record, parts), record["anatomy"]["tightest"]
    if not ends:
        return "The anatomy of the bound: its parts are not known at any recorded time."
    over = f"medians over {text.count(gap.datasets, 'dataset')}" if gap is not None and gap.datasets > 1 else "parts"
    sentences = [f"What the bound is made of: its {over}, as shares of their sum. At the end: {ends}."]
    if (parts < 0).any():
        sentences.append("What lies below zero lowers the bound.")
    if gap is not None and gap.drawable and (end := last(gap.median)) is not None:
        sentences.append(f"Line: the {record['quantity']}, which ends at {text.number(end)}.")
    sentences.append(
        f"The largest of all is {text.number(tightest['ratio'])}, on one of the datasets "
        f"“{tightest['dataset']}” at {text.when(record, tightest['step'])}."
    )
    return " ".join(sentences)


def _alternative(record: Record, parts: np.ndarray) -> str:
    ends = _ends(record, parts)
    head = f"Shares of the parts of the bound against {record['time']['label']} for {record['title']}"
    return f"{head}, at the end {ends}." if ends else f"{head}: nothing to draw."
