"""Tables and the words they are made of."""

from __future__ import annotations

import json
import re

import pytest
from rich.console import Console

from reports import tables, text
from reports.records import ReportError
from tests.reports import samples

RECORDS = [record for record, _ in samples.all_cases()]


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table, split at bars that are not escaped."""
    assert line.startswith("| ")
    assert line.endswith(" |")
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_markdown_is_well_formed():
    lines = tables.markdown(RECORDS).splitlines()
    assert len(lines) == 2 + len(RECORDS)
    assert {len(cells(line)) for line in lines} == {len(tables.HEADINGS)}
    assert cells(lines[0]) == list(tables.HEADINGS)
    assert set(cells(lines[1])) == {"---"}
    for line, record in zip(lines[2:], RECORDS, strict=True):
        assert f"`{record['id']}`" in line
        assert record["verdict"] in cells(line)[1]
        assert not re.search(r"(?<!\\)[<>&]", line)


def test_markdown_of_one_row():
    row = cells(tables.markdown([samples.record()]).splitlines()[2])
    assert row == [
        "SignGD maximises the max-norm margin (`fan2025/signgd-max-norm`)",
        "✓ SUPPORTED",
        "Fan, Schmidt, Thrampoulidis 2025, Theorem 1",
        "t^-1/2 log t",
        r"exponent −0.497 \[−0.531, −0.466\]",
        "–",
        "40 of 48",
        "1 of 1",
        "1.12 at t = 100000 (3 points in 2 dimensions)",
    ]


def test_the_slack_of_a_bound_is_what_is_left_of_it():
    own = samples.record()["observed"] | {"exponent": None, "interval": None, "value": 0.4}
    bound = samples.record(kind="bound", observed=own)
    assert text.slack(bound) == "× 2.5"
    assert text.slack(bound | {"tightness": {"value": 0.8}}) == "× 1.2"
    assert text.slack(bound | {"tightness": {"value": None}}) == "× 2.5"
    assert text.slack(bound | {"tightness": {"value": 0.5, "extremal": {"needed": 0.8}}}) == "× 1.2"
    assert "× 2.5" in tables.markdown([bound])
    for changed in ({"verdict": "REFUTED"}, {"kind": "rate"}, {"observed": own | {"value": 0.0}}):
        assert text.slack(bound | changed) == "–"


def test_bounds_are_told_with_their_constants_the_sharpest_first():
    own = samples.record()["observed"] | {"exponent": None, "interval": None, "value": 0.4}
    case = {"x": [[1.0, 2.0], [0.0, 3.0]], "y": [1, -1]}
    plain = samples.record(id="a/plain", kind="bound", observed=own)
    hunted = samples.record(id="a/hunted", kind="bound", observed=own, tightness={"value": 0.8, "case": case})
    small = {"needed": 0.9, "case": {"x": [[1.0, 0.0]], "y": [1]}, "constant": 0.88, "words": ["It is small."]}
    assert text.nearest(hunted | {"tightness": hunted["tightness"] | {"extremal": small}}) == "(1, 0) +1 (0.88 times)"
    whole = {"extremal": small | {"constant": 0.9}}
    assert text.nearest(hunted | {"tightness": hunted["tightness"] | whole}) == "(1, 0) +1"
    fails = samples.record(id="a/fails", kind="bound", observed=own, verdict="REFUTED")
    assert text.nearest(hunted) == "(1, 2) +1; (0, 3) −1"
    assert text.nearest(plain) == "; ".join(map(" ".join, text.points(plain["datasets"]["worst"]["dataset"])))
    console = Console(width=200)
    with console.capture() as captured:
        console.print(tables.bounds([plain, fails, hunted, *RECORDS]))
    shown = captured.get()
    assert shown.index("a/hunted") < shown.index("a/plain")
    assert "0.8 times that" in shown
    assert "a/fails" not in shown
    assert "3 explicit bounds" in shown


def test_theorems_are_one_row_a_source():
    twice = [samples.record(), samples.record(id="fan2025/other", norm="l2"), samples.record(id="a/b", source="Else")]
    twice[1]["observed"] = {**twice[1]["observed"], "exponent": -0.25}
    twice[1]["verdict"] = "REFUTED"
    lines = tables.markdown_by_source(twice).splitlines()
    assert {len(cells(line)) for line in lines} == {len(tables.BY_SOURCE)}
    assert cells(lines[2]) == [
        "SignGD maximises the max-norm margin, and 1 more",
        "Fan, Schmidt, Thrampoulidis 2025, Theorem 1",
        ", ".join(sorted({twice[0]["norm"], "l2"})),
        "exponents −0.497 to −0.25",
        "2 of 2",
        "1 ✓ SUPPORTED, 1 ✗ REFUTED",
    ]
    assert cells(lines[3])[:2] == ["SignGD maximises the max-norm margin", "Else"]


def test_a_table_by_paper_counts_what_each_has():
    own = samples.record()
    other = samples.record(id="ji2021/x", paper="ji2021", reference={**own["reference"], "key": "ji2021", "year": 2021})
    same = samples.record(id="fan2025/y", source="Else", verdict="REFUTED")
    lines = tables.markdown_by_paper([own, same, other]).splitlines()
    assert {len(cells(line)) for line in lines} == {len(tables.BY_PAPER)}
    assert "2021" in cells(lines[2])[0]
    assert own["reference"]["title"] in cells(lines[3])[0]
    refuted = sum(twin["verdict"] == "REFUTED" for twin in own["twins"])
    assert cells(lines[3])[1:] == ["2", "2", f"{2 * refuted} of {2 * len(own['twins'])}", "1 ✓ SUPPORTED, 1 ✗ REFUTED"]


def test_a_table_goes_between_its_marks():
    document = "a\n<!-- theorems -->\nold\n<!-- /theorems -->\nb\n"
    assert tables.replace_between_marks(document, "| new |\n") == (
        "a\n<!-- theorems -->\n| new |\n<!-- /theorems -->\nb\n"
    )
    with pytest.raises(ReportError, match=r"^The document has no <!-- theorems -->"):
        tables.replace_between_marks("nothing", "")


def test_markdown_text_stays_on_one_line():
    assert tables.escape_markdown("a\nb | *c*\r\n\n`d`") == r"a b \| \*c\* \`d\`"


def test_console_shows_every_claim_and_verdict():
    console = Console(width=400)
    with console.capture() as captured:
        console.print(tables.console(RECORDS))
    shown = captured.get()
    for record in RECORDS:
        (line,) = [line for line in shown.splitlines() if record["id"] in line]
        assert text.verdict(record["verdict"]) in line
    assert "4 supported, 1 refuted, 1 inconclusive; 3 of 5 false twins refuted" in shown


def test_console_without_claims():
    assert tables.console([]).row_count == 0


def test_console_takes_brackets_literally():
    record = samples.record(claimed={"law": "[bold]t^-1[/bold]", "exponent": None})
    console = Console(width=200)
    with console.capture() as captured:
        console.print(tables.console([record]))
    assert "[bold]t^-1[/bold]" in captured.get()


def test_json_holds_the_records_and_their_counts():
    report = json.loads(tables.to_json(RECORDS))
    assert report["claims"] == RECORDS
    assert report["summary"]["claims"] == len(RECORDS)
    assert report["summary"]["versions"] == [
        "jax 0.10.0",
        "numpy 2.4.0",
        "optax 0.2.6",
        "python 3.11.9",
    ]


def test_summary():
    summary = text.summarise(RECORDS)
    counts = (summary.supported, summary.refuted, summary.inconclusive, summary.verified)
    assert counts == (4, 1, 1, 2)
    assert (summary.twins, summary.twins_refuted) == (5, 3)
    assert (summary.papers, summary.datasets) == (6, 48 + 48 + 1 + 12 + 3 + 48)
    assert summary.seconds == pytest.approx(6 * 41.7)


def test_the_newest_record_is_found_across_time_zones():
    early, late = "2026-03-04T05:06:07+02:00", "2026-03-04T04:00:00Z"
    summary = text.summarise([samples.record(created=early), samples.record(created=late)])
    assert summary.created == late


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        (0, "0"),
        (-0.4971, "−0.497"),
        (0.001, "0.001"),
        (9.99e-4, "9.99 × 10⁻⁴"),
        (1e-17, "10⁻¹⁷"),
        (-2e-5, "−2 × 10⁻⁵"),
        (1.5, "1.5"),
        (100000, "100000"),
        (123456.7, "123457"),
        (1e6, "10⁶"),
        (-1e6, "−10⁶"),
        (3e300, "3 × 10³⁰⁰"),
    ],
)
def test_number(value, words):
    assert text.number(value) == words


@pytest.mark.parametrize(
    ("value", "interval", "words"),
    [
        (None, None, "–"),
        (-0.5, None, "−0.5"),
        (-0.497, [-0.531, -0.466], "−0.497 [−0.531, −0.466]"),
        (-1.0, [-1.0003, -0.9997], "−1.00000 [−1.00030, −0.99970]"),
        (0.83, [0.5, 3.1], "0.83 [0.50, 3.10]"),
        (1.0, [1.0, 1.0], "1.000 [1.000, 1.000]"),
        (1e-5, [0, 2e-5], "10⁻⁵ [0, 2 × 10⁻⁵]"),
    ],
)
def test_estimate_shows_the_digits_of_its_interval(value, interval, words):
    assert text.estimate(value, interval) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (41.7, "42 s"), (59.7, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_duration(seconds, words):
    assert text.duration(seconds) == words


def test_points():
    assert text.points({"x": [[1, -2], [0.5, 0]], "y": [1, -1]}) == [("(1, −2)", "+1"), ("(0.5, 0)", "−1")]
    assert text.points({"x": [[1], [2], [3]], "y": [0, 1, 2]})[2] == ("(3)", "class 2")


def test_size():
    assert text.size({"x": [[1]], "y": [1]}) == "1 point in 1 dimension"
    assert text.size({"x": [[1, 2], [3, 4]], "y": [1, -1]}) == "2 points in 2 dimensions"
