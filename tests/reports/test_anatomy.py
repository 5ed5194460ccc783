"""The anatomy of a bound: its figure, caption, table, and what a record must hold for it."""

from __future__ import annotations

import copy
import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from reports import anatomy, figures
from reports.page import write_report
from reports.records import ReportError, load_curves, read_records, write_record
from tests.reports import samples
from tests.reports.test_figures import contrast


@pytest.fixture
def case():
    return samples.anatomy_case()


def drawn(case) -> figures.Figure:
    found = anatomy.figure(*case)
    assert found is not None
    return found


def test_deterministic(case):
    first = drawn(case)
    with mpl.rc_context({"font.size": 30, "svg.hashsalt": "other", "hatch.linewidth": 9}):
        assert drawn(case) == first


def test_a_record_without_anatomy_has_no_such_figure():
    assert anatomy.figure(samples.record(), samples.curves()) is None


def test_svg_is_well_formed_and_of_the_pages_ink(case):
    found = drawn(case)
    assert found.svg is not None
    root = ElementTree.fromstring(found.svg)
    title = root.find("title")
    assert root.tag == "svg"
    assert title is not None
    assert title.text == found.alt
    painted = set(re.findall(r"#[0-9a-f]{6}\b", found.svg))
    assert "currentColor" in found.svg
    assert painted
    for colour in painted:
        assert min(contrast(colour, ground) for ground in ("#ffffff", "#12161b")) > 3.5
    main = figures.figure(*case).svg or ""
    assert not set(re.findall(r'\bid="([^"]*)"', main)) & set(re.findall(r'\bid="([^"]*)"', found.svg))


def test_shares_add_up_to_one_and_keep_their_signs(case):
    record, curves = case
    times, parts = anatomy.shares(record, curves)
    assert np.isnan(parts[:, 0]).all()
    np.testing.assert_allclose(parts[:, 1:].sum(axis=0), 1.0)
    assert (parts[1, 1:] < 0).all()
    assert len(times) == parts.shape[1]
    np.testing.assert_allclose(parts[:, -1], [part["share"] for part in record["anatomy"]["parts"]])


def test_the_areas_are_named_where_there_is_room(case):
    words = re.findall(r">([^<>\n]+)</text>", drawn(case).svg or "")
    # Once in the legend, and once on the area if it is thick in the middle of the axis.
    assert [words.count(name) for name in ("misalignment", "log n", "tail")] == [2, 2, 1]
    assert "step t" in words
    assert "100 %" in words


def test_caption_and_alternative_text_say_what_is_seen(case):
    found = drawn(case)
    shares = [part["share"] for part in case[0]["anatomy"]["parts"]]
    assert f"misalignment {100 * shares[0]:.1f} %" in found.caption
    assert f"log n −{-100 * shares[1]:.1f} %" in found.caption
    assert "medians over 16 datasets" in found.caption
    assert "lowers the bound" in found.caption
    assert "0.93, on one of the datasets “zero <columns>” at t = 46" in found.caption
    assert "misalignment" in found.alt
    assert case[0]["title"] in found.alt


def test_nothing_known_is_nothing_drawn(case):
    record, curves = case
    found = drawn((record, curves | {"part_tail": np.full_like(curves["part_tail"], np.nan)}))
    assert found.svg is None
    assert "not known" in found.caption


def test_round_trip(case, tmp_path):
    write_record(tmp_path, *case)
    assert read_records(tmp_path) == [case[0]]
    np.testing.assert_array_equal(load_curves(tmp_path, case[0])["part_log_n"], case[1]["part_log_n"])


def test_the_page_has_a_table_of_the_parts(case, tmp_path):
    write_record(tmp_path, *case)
    paths = write_report(tmp_path)
    page, markdown = paths["html"].read_text("utf-8"), paths["markdown"].read_text("utf-8")
    assert page.count("<figure>") == 2
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th><td>([^<]*)</td><td class="nowrap">([^<]*)</td></tr>', page)
    assert [row[0] for row in rows] == ["misalignment", "log n", "tail"]
    assert [row[1] for row in rows] == ["−0.100 [−0.120, −0.080]", "−0.5", "–"]
    assert "zero &lt;columns&gt;" in page
    assert "| misalignment | −0.10" in markdown


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda r, c: c.pop("part_tail"), "names the array part_tail, which is absent"),
        (lambda r, c: c.update(part_tail=np.zeros(3)), "part_tail has shape"),
        (lambda r, c: r["anatomy"]["parts"][0].update(interval=[1.0, 0.0]), "its lower end is above its upper end"),
        (lambda r, c: r["anatomy"]["parts"][0].update(curve="gap"), "breaks the schema"),
        (lambda r, c: r["anatomy"].update(parts=[]), "breaks the schema"),
        (lambda r, c: r["anatomy"]["tightest"].update(ratio=float("nan")), "cannot be written as JSON"),
    ],
)
def test_what_does_not_fit_is_refused(case, tmp_path, spoil, says):
    record, curves = copy.deepcopy(case)
    spoil(record, curves)
    with pytest.raises(ReportError, match=says):
        write_record(tmp_path, record, curves)
