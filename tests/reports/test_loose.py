"""Where the theory is loose: which rates are told, and in which order."""

import pytest

from reports.loose import loose
from reports.page import write_report
from reports.records import write_record
from tests.reports import samples
from tests.reports.test_exponents import rate

RECORDS = [
    rate("a-little", -0.5, -0.75, [-0.8, -0.7]),
    rate("much", -0.25, -0.56, [-0.6, -0.5]),
    rate("point", -0.25, -0.35),
    rate("lawful", -0.5, -0.51, [-0.53, -0.48]),
    rate("refuted", -0.5, -0.9, [-0.95, -0.85], verdict="REFUTED"),
    rate("tight", -0.5, -0.9, [-0.95, -0.85], kind="tight"),
    rate("ours", -0.5, -0.9, [-0.95, -0.85], read="observed here", promise="upper"),
    rate("vanished", -0.25, None),
]


def test_the_widest_gap_comes_first_by_the_near_end_of_the_interval():
    assert [(each.rate.record["id"], pytest.approx(each.by)) for each in loose(RECORDS)] == [
        ("a/much", 0.25),
        ("a/a-little", 0.2),
        ("a/point", 0.1),
    ]


def test_the_pages_have_the_table(tmp_path):
    for record in RECORDS:
        write_record(tmp_path, record, samples.curves())
    made = write_report(tmp_path)
    page = made["html"].read_text("utf-8")
    assert "3 proved rates that fall faster than proved" in page
    assert page.count("Where the theory is loose") == 1
    table = made["markdown"].read_text("utf-8").partition("## Where the theory is loose")[2].splitlines()
    assert len([line for line in table[:8] if line.startswith("|")]) == 5


def test_where_nothing_is_loose_nothing_is_said(tmp_path):
    write_record(tmp_path, rate("lawful", -0.5, -0.51, [-0.53, -0.48]), samples.curves())
    assert loose([rate("lawful", -0.5, -0.51, [-0.53, -0.48])]) == []
    assert "theory is loose" not in write_report(tmp_path)["html"].read_text("utf-8")
