"""The picture of all rates: proved against observed exponents, each with its interval and a link to its claim."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

from reports import exponents
from reports.records import slug
from tests.reports import samples


def rate(name: str, proved: float, observed: float | None, interval: list[float] | None = None, **fields) -> dict:
    seen = samples.record()["observed"] | {"exponent": observed, "interval": interval}
    law = fields.pop("law", f"t^{proved:g}")
    return samples.record(id=f"a/{name}", claimed={"law": law, "exponent": proved}, observed=seen, **fields)


RECORDS = [
    rate("fast", -0.5, -0.75, [-0.8, -0.7]),
    rate("lawful", -0.5, -0.51, [-0.53, -0.48]),
    rate("slow", -0.5, -0.3, [-0.35, -0.25], verdict="REFUTED"),
    rate("steps", -0.25, -0.25),
    rate("vanished", -0.25, None),
    rate("flow", -1.0, -1.5, [-90.0, -1.2], law="1/log t, and no faster", time={"axis": "log t", "label": "log t"},
         verdict="INCONCLUSIVE", title="a < b"),
    samples.record(id="a/bound", kind="bound"),
]  # fmt: skip


def drawn() -> str:
    found = exponents.figure(RECORDS)
    assert found is not None
    assert found.svg is not None
    return found.svg


def test_rates_by_law_and_the_slowest_first():
    names = [rate.record["id"] for rate in exponents.rates(RECORDS)]
    assert names == ["a/flow", "a/vanished", "a/steps", "a/slow", "a/lawful", "a/fast"]


def test_where_the_interval_lies():
    sides = {rate.record["id"]: rate.side for rate in exponents.rates(RECORDS)}
    assert sides == {
        "a/fast": "faster", "a/lawful": "within", "a/slow": "slower", "a/steps": "within", "a/vanished": "unknown",
        "a/flow": "faster",
    }  # fmt: skip


def test_the_caption_counts_them():
    found = exponents.figure(RECORDS)
    assert found is not None
    for words in (
        "Of 6 rates: for 2 the proved",
        "for 2 all of it lies on the fast",
        "for 1 all of it lies on the slow",
        "for 1 no exponent",
        "1 interval that goes on to the left",
    ):
        assert words in found.caption


def test_each_mark_leads_to_its_claim_and_says_what_it_is():
    root = ElementTree.fromstring(drawn())
    links = {}
    for link in root.iter("a"):
        title = link.find("title")
        assert title is not None
        links[link.attrib["href"]] = title.text or ""
    assert links.keys() == {f"#claim-{slug(r['id'])}" for r in RECORDS} - {"#claim-a__vanished", "#claim-a__bound"}
    assert links["#claim-a__flow"] == "a < b: proved −1, observed −1.50 [−90.00, −1.20]"
    assert root.attrib["role"] == "group"
    ids = {element.attrib["id"] for element in root.iter() if "id" in element.attrib}
    uses = re.findall(r'<use href="#([^"]*)', drawn())
    assert uses
    assert set(uses) <= ids


def test_a_wide_interval_does_not_press_the_others_together():
    """The marks of one law keep their distance, whatever another interval is."""
    mark = r'<a href="#claim-a__{}".*?<use href="#[^"]*" x="([\d.]+)"'
    fast, slow = (re.search(mark.format(name), drawn(), re.DOTALL) for name in ("fast", "slow"))
    assert fast is not None
    assert slow is not None
    assert float(slow[1]) - float(fast[1]) > 40


def test_same_bytes_in_any_style():
    first = drawn()
    with mpl.rc_context({"font.size": 30, "svg.hashsalt": "other"}):
        assert drawn() == first


@pytest.mark.parametrize("records", [[], [samples.record(kind="bound")], [rate("none", -0.5, None)]])
def test_nothing_is_drawn_where_nothing_was_observed(records):
    assert exponents.figure(records) is None
