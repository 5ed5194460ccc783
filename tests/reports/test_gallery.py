"""The gallery: exhibits that come back as they went, figures that show what they hold, and their place on the page."""

from __future__ import annotations

import copy
import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from reports import gallery, panels
from reports.figures import GAP, REAL, TWIN
from reports.page import write_report
from reports.records import ReportError, write_record
from reports.svg import INK
from tests.reports import samples
from tests.reports.test_page import Page


def curve(series: int, row: int, column: int, strong: bool = False) -> dict:
    x = [1, 10, 100, 1000]
    y = [0.5 / (1 + series + column) * t**-0.5 for t in x] if row == 0 else [0.1, 0.4, 0.8, 0.9]
    low, high = [0.9 * value for value in y], [1.1 * value for value in y]
    return {"series": series, "row": row, "column": column, "strong": strong, "x": x, "y": y, "low": low, "high": high}


def exhibit(**changes) -> dict:
    return {
        "schema": 1,
        "id": "some-experiment",
        "title": "Some <methods> against some margins",
        "source": "Somebody 2025, Figure 1",
        "shows": "Gaussian clouds, steps t^-1/2.",
        "figure": "panels",
        "drawing": {
            "x": {"label": "steps t", "scale": "log"},
            "rows": [{"label": "relative gap", "scale": "log"}, {"label": "correlation", "scale": "linear"}],
            "columns": ["max-norm", "Frobenius norm"],
            "series": [{"name": "SignGD", "group": 0}, {"name": "Signum", "group": 0}, {"name": "NGD", "group": 1}],
            "curves": [curve(s, r, c, strong=s == c) for s in range(3) for r in range(2) for c in range(2)],
        },
        "caption": "Gaps above, correlations below.",
        "alternative": "Four panels & what they say.",
        "sentences": ["SignGD has a gap of 0.01.", "NGD | another norm."],
        "headings": ["Method", "Gap"],
        "rows": [["SignGD", 0.0123], ["NGD", None]],
        "numbers": {"lower": [1.0], "upper": [1.5]},
        "parameters": {"steps": 1000, "spread": 0.5},
        "seed": 3,
        "device": "cpu",
        "versions": {"jax": "0.10.0"},
        "seconds": 12.5,
        "created": "2026-03-04T05:06:07+00:00",
        "reproduce": "verify gallery some-experiment --seed 3",
    } | changes


def test_round_trip(tmp_path):
    assert gallery.read_exhibits(tmp_path) == []
    paths = gallery.write_exhibit(tmp_path, exhibit())
    assert gallery.read_exhibits(tmp_path) == [exhibit()]
    assert paths["figure"].read_text("utf-8") == gallery.standalone(exhibit())
    assert sorted(path.name for path in (tmp_path / "gallery").iterdir()) == [
        "some-experiment.json",
        "some-experiment.svg",
    ]


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("seconds",), float("nan"), "cannot be written as JSON"),
        (("seed",), "three", r"\$\.seed"),
        (("id",), "../x", r"\$\.id"),
        (("figure",), "pie", r"\$\.figure"),
        (("rows", 0), ["SignGD"], "not as long as its headings"),
        (("drawing", "curves", 1, "y"), [1.0], "different lengths in its curve 1"),
        (("drawing", "curves", 2, "series"), 3, "not there in its curve 2"),
        (("drawing", "curves", 2, "column"), 2, "not there in its curve 2"),
        (("drawing", "rows", 0, "scale"), "cubic", r"rows\[0\]\.scale"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_written(tmp_path, place, value, words):
    broken = copy.deepcopy(exhibit())
    part = broken
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    with pytest.raises(ReportError, match=words):
        gallery.write_exhibit(tmp_path, broken)
    assert not (tmp_path / "gallery").exists()


def test_damaged_files_are_named(tmp_path):
    path = gallery.write_exhibit(tmp_path, exhibit())["numbers"]
    path.rename(path.with_name("other.json"))
    with pytest.raises(ReportError, match="under another name"):
        gallery.read_exhibits(tmp_path)
    path.with_name("other.json").write_text("{")
    with pytest.raises(ReportError, match="not valid JSON"):
        gallery.read_exhibits(tmp_path)


def test_figures_are_the_same_each_time():
    whole, pieces = gallery.standalone(exhibit()), gallery.inline(exhibit())
    with mpl.rc_context({"font.size": 30, "svg.hashsalt": "other", "axes.labelsize": 30}):
        assert gallery.standalone(exhibit()) == whole
        assert gallery.inline(exhibit()) == pieces


def test_figure_follows_the_page_and_needs_nothing_else():
    pieces = gallery.inline(exhibit())
    assert len(pieces) == 3  # the legend and two columns
    ids = [name for svg in pieces for name in re.findall(r'\bid="([^"]*)"', svg)]
    assert len(ids) == len(set(ids))
    for svg in pieces:
        root = ElementTree.fromstring(svg)
        assert "width" not in root.attrib
        assert "http" not in svg
        assert INK not in svg
        assert "currentColor" in svg
        assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) <= {GAP, TWIN, REAL}
        assert set(re.findall(r'(?:url\(|href=")#([^")]*)', svg)) <= set(ids)
    title = ElementTree.fromstring(pieces[0]).find("title")
    assert title is not None
    assert title.text == exhibit()["alternative"]
    assert "prefers-color-scheme: dark" in gallery.standalone(exhibit())


def test_panels_show_their_curves():
    grid = panels.whole(exhibit()["drawing"]).axes
    assert len(grid) == 4
    for number, axes in enumerate(grid):
        row, column = divmod(number, 2)
        expected = [c for c in exhibit()["drawing"]["curves"] if (c["row"], c["column"]) == (row, column)]
        for line, wanted in zip(axes.get_lines(), expected, strict=True):
            np.testing.assert_allclose(np.asarray(line.get_xydata()), np.column_stack([wanted["x"], wanted["y"]]))
            assert (line.get_linewidth() > 2) == wanted["strong"]
        assert len(axes.collections) == sum(c["strong"] for c in expected)
        assert axes.get_xlim() == grid[0].get_xlim()
        assert axes.get_ylim() == grid[2 * row].get_ylim()
    styles = {(line.get_color(), line.get_linestyle()) for line in grid[0].get_lines()}
    assert len(styles) == 3
    assert [axes.get_title(loc="left") for axes in grid] == ["max-norm", "Frobenius norm", "", ""]


def test_what_a_logarithmic_axis_cannot_show_is_left_out():
    drawing = copy.deepcopy(exhibit()["drawing"])
    drawing["curves"][0]["y"] = [0.1, 0.0, -1e-17, None]
    line = panels.whole(drawing).axes[0].get_lines()[0]
    np.testing.assert_equal(line.get_ydata(), [0.1, np.nan, np.nan, np.nan])
    for shown in drawing["curves"]:
        shown |= {name: [None] * 4 for name in ("y", "low", "high")}
    assert gallery.standalone(exhibit(drawing=drawing))


def test_on_the_page_and_in_markdown(tmp_path):
    write_record(tmp_path, samples.record(), samples.curves())
    without = write_report(tmp_path, single_file=True)
    plain = Page(without["html"].read_text("utf-8"))
    assert "gallery" not in plain.values("id")
    gallery.write_exhibit(tmp_path, exhibit())
    written = write_report(tmp_path, single_file=True)
    source = written["html"].read_text("utf-8")
    page = Page(source)
    assert page.open == []
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {"gallery", "exhibit-some-experiment"} <= set(ids)
    assert [tag for tag, _ in page.elements].count("svg") == [tag for tag, _ in plain.elements].count("svg") + 3
    assert not re.search(r"https?:|@import|url\((?!#)|<methods>", source)
    for words in (
        *exhibit()["sentences"],
        exhibit()["title"],
        "steps t−1/2",
        "0.0123",
        "steps 1000, spread 0.5, seed 3",
    ):
        assert words in page.text
    markdown = written["markdown"].read_text("utf-8")
    assert "\n| Method | Gap |\n| --- | --- |\n| SignGD | 0.0123 |\n| NGD | – |\n" in markdown
    assert r"NGD \| another norm." in markdown
    before = [path.read_bytes() for path in written.values()]
    assert [path.read_bytes() for path in write_report(tmp_path, single_file=True).values()] == before


def map_exhibit(**z) -> dict:
    values = {"label": "test error", "low": 0.0, "high": 1.0, "values": [[0.0, 0.25, None], [0.5, 0.9, 1.0]]}
    sides = {"x": {"label": "α", "values": [0.0, 0.3, 0.6]}, "y": {"label": "s", "values": [16, 128]}}
    return exhibit(figure="map", drawing=sides | {"z": values | z})


def test_a_map_shows_its_numbers(tmp_path):
    paths = gallery.write_exhibit(tmp_path, map_exhibit())
    picture = paths["figure"].read_text("utf-8")
    for shown in ("0.25", "0.9", "128", "test error", "α"):
        assert shown in picture
    assert "<image" not in picture
    assert len(gallery.inline(map_exhibit())) == 1


@pytest.mark.parametrize(
    ("z", "message"),
    [
        ({"values": [[0.0, 0.25], [0.5, 0.9]]}, "not a table of 2 rows of 3 numbers"),
        ({"values": [[0.0, 0.25, 1.0]]}, "not a table of 2 rows"),
        ({"high": 0.0}, "does not rise"),
    ],
)
def test_a_bad_map_is_refused(tmp_path, z, message):
    with pytest.raises(ReportError, match=message):
        gallery.write_exhibit(tmp_path, map_exhibit(**z))
