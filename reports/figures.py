"""A log-log figure for each claim, with a caption and an alternative text made from its data."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from reports import svg, text
from reports.captions import alternative, caption
from reports.curves import Band, band, decades
from reports.records import Curves, Record, ReportError, load_curves, read_records, replace_file

# Mid tones with a contrast above 3.5 on white and on near-black; dashes and widths tell them apart as well.
GAP, TWIN, REAL = "#3a7fc4", "#d1621a", "#9a62c7"


@dataclass(frozen=True)
class Figure:
    """A claim's figure: an SVG element without size, or None if nothing can be drawn; caption; alt text."""

    svg: str | None
    caption: str
    alt: str


def figure(record: Record, curves: Curves) -> Figure:
    """The figure of one claim, byte for byte the same for the same record and curves.

    The gap's 10-90 % band and median over the datasets, the claimed law, the false twins' medians and the
    real datasets, on logarithmic axes; with `time.axis` "log t" the horizontal axis is log t, again on a
    logarithmic scale. The SVG has no background, and its ink is `currentColor`.
    """
    words, alt = caption(record, curves), alternative(record, curves)
    with svg.style(record["id"]):
        drawn = canvas(record, curves)
        return Figure(drawn and svg.element(drawn, alt, record["id"]), words, alt)


def canvas(record: Record, curves: Curves, label: Callable[[str], str] = str) -> Canvas | None:
    """A claim's figure, to be made and saved within `svg.style`; None if nothing can be drawn.

    `label` makes a label of a text that may have formulas in it.
    """
    if not _drawable(record, curves):
        return None
    drawn, axes = framed()
    draw(axes, record, curves, label)
    axes.set_xlabel(label(record["time"]["label"]))
    axes.set_ylabel(label(record["quantity"]))
    legend(drawn, axes)
    return drawn


def framed() -> tuple[Canvas, Axes]:
    """A canvas with one pair of axes. Its margins are fixed: to lay it out by its text takes as long as to draw it."""
    drawn = Canvas(figsize=(5.0, 3.6))
    return drawn, drawn.add_axes((0.145, 0.135, 0.825, 0.7))


def legend(drawn: Canvas, axes: Axes) -> None:
    """Put the legend above the axes, which make room for its rows."""
    handles, labels = axes.get_legend_handles_labels()
    place = {"loc": "upper left", "bbox_to_anchor": (0.01, 1.0), "borderaxespad": 0.1}
    drawn.legend(handles, labels, ncols=2, fontsize=9.5, handlelength=2.6, **place)
    left, bottom, width, _ = axes.get_position().bounds
    axes.set_position((left, bottom, width, 0.945 - 0.06 * -(-len(labels) // 2) - bottom))


def overview(
    report_dir: Path | str,
    path: Path | str,
    ids: Sequence[str] | None = None,
    columns: int = 3,
    limit: int = 9,
) -> str:
    """Draw several claims as small multiples into one `.svg` or `.png` file, for a README; give its alternative text.

    report_dir: folder of the run. path: file to write; the SVG follows the reader's light or dark scheme, the PNG has a
    white ground. ids: the claims, in this order; else the first `limit` claims that have curves to draw. columns:
    panels in a row.

    Raises `ReportError` for an unknown id or another file type, and where there is nothing to draw.
    """
    path = Path(path)
    if path.suffix not in svg.ENDINGS:
        raise ReportError(f"An overview is an .svg or .png file, not {path.name}: change the ending.")
    records = {record["id"]: record for record in read_records(report_dir)}
    unknown = [name for name in ids or () if name not in records]
    if unknown:
        raise ReportError(f"{report_dir} has no record of {', '.join(unknown)}: check those claims first.")
    pairs = [(r, load_curves(report_dir, r)) for r in ([records[name] for name in ids] if ids else records.values())]
    pairs = [pair for pair in pairs if ids or _drawable(*pair)][: None if ids else limit]
    if not pairs:
        raise ReportError(f"{report_dir} has no curves to draw: run `make verify` first.")
    alt = f"{len(pairs)} small figures, one for each claim. " + " ".join(
        f"{record['title']}: {record['verdict']}." for record, _ in pairs
    )
    with svg.style("overview"):
        content = svg.picture(_panels(pairs, min(columns, len(pairs))), path.suffix, alt)
    replace_file(path, lambda file: file.write(content))
    return alt


def draw(axes: Axes, record: Record, curves: Curves, label: Callable[[str], str] = str) -> None:
    """Draw a record's band, law, twins and real datasets, labelled, in decades: 2 stands for 10².

    Logarithms on plain axes know no smallest or largest number, unlike a logarithmic scale.
    """
    twins = [twin["curve"] for twin in record["twins"] if twin["curve"] is not None]
    _draw(axes, curves, record["claimed"]["law"] or "", twins, len(record["datasets"]["real"]), label)


def draw_verdict(axes: Axes, curves: Curves, law: str, twins: Sequence[str] = ()) -> None:
    """Draw the curves of a verdict as those of a record are drawn, with a legend. law: the claimed one in words.

    twins: the names of their arrays. Where no axis of decades can show any of the curves, the axes say so.
    """
    bands = [band(curves, name) for name in ("gap", *twins)]
    if any(one is not None and one.drawable for one in bands):
        _draw(axes, curves, law, twins, 0, str)
        axes.legend()
    else:
        nothing(axes)


def nothing(axes: Axes) -> None:
    """Say on empty axes why there is nothing to see."""
    words = "Nothing known is above zero,\nso that a logarithmic axis has nothing to show."
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center")


def _draw(axes: Axes, curves: Curves, law: str, twins: Sequence[str], real: int, label: Callable[[str], str]) -> None:
    gap = band(curves)
    if gap is not None and gap.drawable:
        _draw_band(axes, gap)
    if gap is not None and "law" in curves:
        name = label(f"law {textwrap.shorten(law, 28, placeholder='…')}".strip())
        claimed = curves["law"][curves["time"] > 0]
        _line(axes, gap.times, claimed, color=svg.INK, linestyle=(0, (5, 3)), linewidth=1.2, label=name)
    if gap is not None and "allowed" in curves:
        allowed = curves["allowed"][curves["time"] > 0]
        _line(
            axes, gap.times, allowed, color=svg.INK, linewidth=0.9, alpha=0.6, label=label("allowed by the gap budget")
        )
    for index, twin in enumerate(twins):
        wrong = band(curves, twin)
        if wrong is not None and wrong.drawable:
            style = (0, (6, 2, 1, 2)) if index == 0 else (0, (1, 1.5))
            name = "false twin" if index == 0 else f"false twin {index + 1}"
            _line(axes, wrong.times, wrong.median, color=TWIN, linestyle=style, linewidth=1.6, label=name)
    name = "real datasets"
    for index in range(real):
        alone = band(curves, f"real_{index}")
        if alone is not None and alone.drawable:
            _line(axes, alone.times, alone.median, color=REAL, linewidth=0.8, label=name)
            name = "_nolegend_"
    _ticks(axes)


def _draw_band(axes: Axes, gap: Band) -> None:
    if gap.datasets > 1:
        label = "10–90 % of datasets"
        foot, high = filled(gap.low, gap.median, gap.high)
        axes.fill_between(decades(gap.times), foot, high, color=GAP, alpha=0.25, linewidth=0, label=label)
    label = "median of datasets" if gap.datasets > 1 else "the dataset"
    _line(axes, gap.times, gap.median, color=GAP, linewidth=2, label=label)


def filled(low: np.ndarray, median: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Foot and head of a band of quantiles `[r]`, in decades.

    A quantile of zero is below any logarithmic axis: the band then goes to a decade below the data.
    """
    low, median, high = decades(low), decades(median), decades(high)
    shown = np.isfinite(high)
    floor = np.nanmin([low, median, high]) - 1 if shown.any() else np.nan
    return np.where(np.isnan(low) & shown, floor, low), high


def _line(axes: Axes, times: np.ndarray, values: np.ndarray, **style: Any) -> None:
    """A line in decades; a value whose neighbours cannot be shown is a dot."""
    x, y = decades(times), decades(values)
    axes.plot(x, y, **style)
    alone = np.isfinite(y) & ~np.isfinite(np.append(y[1:], np.nan)) & ~np.isfinite(np.append(np.nan, y[:-1]))
    if alone.any():
        axes.plot(x[alone], y[alone], ".", color=style["color"], label="_nolegend_")


def _ticks(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        decade_ticks(axis)
    axes.grid(True, which="major", color=svg.INK, alpha=0.15, linewidth=0.6)


def decade_ticks(axis: Axis) -> None:
    """Label whole decades, two at least, in Unicode: an SVG then holds plain text in the page's font."""
    low, high = axis.get_view_interval()
    if np.floor(high) - np.ceil(low) < 1:
        low, high = np.floor(low), np.floor(low) + max(1, np.ceil(high) - np.floor(low))
        axis.set_view_interval(low, high, ignore=True)
    axis.set_major_locator(MaxNLocator(6, integer=True))
    axis.set_major_formatter(FuncFormatter(lambda value, _: text.power_of_ten(round(value))))
    if high - low <= 4:  # more of them say less, and cost time
        minor = np.log10(np.arange(2, 10)) + np.arange(np.floor(low), np.ceil(high))[:, None]
        axis.set_minor_locator(FixedLocator(minor[(low <= minor) & (minor <= high)].tolist()))


def _drawable(record: Record, curves: Curves) -> bool:
    names = ["gap", *(f"real_{i}" for i in range(len(record["datasets"]["real"])))]
    bands = [band(curves, name) for name in names + [twin["curve"] for twin in record["twins"] if twin["curve"]]]
    return any(one is not None and one.drawable for one in bands)


def _panels(pairs: Sequence[tuple[Record, Curves]], columns: int) -> Canvas:
    count = -(-len(pairs) // columns)
    drawn = Canvas(figsize=(3.1 * columns, 2.75 * count + 0.3), layout="constrained")
    grid = drawn.subplots(count, columns, squeeze=False)
    entries = {}
    for axes in grid.flat[len(pairs) :]:
        axes.set_axis_off()
    for axes, (record, curves) in zip(grid.flat, pairs, strict=False):
        draw(axes, record, curves)
        title = "\n".join(textwrap.wrap(record["title"], 32, max_lines=2, placeholder=" …"))
        axes.set_title(f"{title}\n{text.verdict(record['verdict'])}", fontsize=9, loc="left")
        axes.set_xlabel(record["time"]["label"], fontsize=8.5)
        axes.set_ylabel(record["quantity"], fontsize=8.5)
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            common = {"law": "claimed law", "the": "median of datasets"}.get(label.split()[0], label)
            entries.setdefault(common, handle)
    drawn.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=3, fontsize=9)
    return drawn
