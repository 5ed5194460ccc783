"""Pictures of a canvas: SVG for a page and for a file, PNG, each the same whatever the user's style is."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure as Canvas

from reports import svg


def canvas() -> Canvas:
    drawn = Canvas(figsize=(2, 1))
    axes = drawn.add_subplot()
    axes.plot([1, 2], [3, 5])
    axes.set_title("t < 1 & more")
    return drawn


@pytest.mark.parametrize("ending", svg.ENDINGS)
def test_same_bytes_in_any_style(ending):
    def file() -> bytes:
        with svg.style("salt"):
            return svg.picture(canvas(), ending, "title")

    first = file()
    with mpl.rc_context({"font.size": 30, "svg.hashsalt": "other", "savefig.dpi": 10}):
        assert file() == first


def test_an_element_has_ids_of_its_own_and_no_size():
    with svg.style("salt"):
        one, other = (svg.element(canvas(), "a < b", name) for name in ("one", "other"))
    root = ElementTree.fromstring(one)
    assert root.tag == "svg"
    assert not {"width", "height"} & root.attrib.keys()
    ids = [set(re.findall(r'\bid="([^"]*)"', element)) for element in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert set(re.findall(r'(?:url\(|href=")#([^")]*)', one)) <= ids[0]


def test_ink_and_ground_follow_the_reader():
    with svg.style("salt"):
        page, file = svg.element(canvas(), "title", "name"), svg.picture(canvas(), ".svg", "title").decode()
    assert svg.INK not in page
    assert "currentColor" in page
    assert "prefers-color-scheme: dark" in file
    assert file.startswith("<?xml")
    assert "t &lt; 1 &amp; more" in page
