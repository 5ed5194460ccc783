"""The atlas on a page: its figure at the top, its table in the gallery."""

import pytest

from reports import atlas, gallery
from reports.page import write_report
from reports.records import ReportError, write_record
from tests.reports import samples
from tests.reports.test_gallery import exhibit

MARK = {
    "claim": "fan2025/sign-gd-binary",
    "title": "SignGD: proved t^-1/2 log t, survives t^-1/2",
    "row": 0,
    "column": 1,
    "proved": 0.5,
    "survives": 0.55,
    "low": 0.46,
    "high": 0.6,
}
DRAWING = {
    "rows": ["SignGD", "Adam"],
    "columns": ["steps t^-0.3", "steps t^-1/2"],
    "marks": [MARK, MARK | {"row": 1, "column": 0, "proved": 0.15, "survives": 0.7, "low": 0.68, "high": None}],
}


def made(**changes) -> dict:
    return exhibit(id="atlas", figure="atlas", drawing=DRAWING | changes)


def test_a_panel_has_a_stroke_and_a_mark_for_each_claim():
    canvas = atlas.whole(DRAWING)
    left, right = canvas.axes
    assert [axes.get_title(loc="left") for axes in (left, right)] == DRAWING["columns"]
    assert [tick.get_text() for tick in left.get_yticklabels()] == DRAWING["rows"]
    (interval, mark, stroke) = right.lines
    assert list(interval.get_xdata()) == [0.46, 0.6]
    assert list(mark.get_xdata()) == [0.55]
    assert list(stroke.get_xdata()) == [0.5, 0.5]
    # An interval without an end goes to the edge.
    assert left.lines[0].get_xdata()[1] == left.get_xlim()[1]


def test_it_stands_once_at_the_top_of_the_page(tmp_path):
    write_record(tmp_path, samples.record(), samples.curves())
    gallery.write_exhibit(tmp_path, made())
    page = write_report(tmp_path)["html"].read_text("utf-8")
    assert page.count("figures/exhibit-atlas-0.svg") == 1
    assert page.index('id="atlas"') < page.index('id="overview"') < page.index('id="exhibit-atlas"')
    assert 'href="#exhibit-atlas"' in page


def test_a_mark_in_no_row_is_told(tmp_path):
    with pytest.raises(ReportError, match="a mark in a row or column that is not there"):
        gallery.write_exhibit(tmp_path, made(marks=[MARK | {"row": 2}]))
