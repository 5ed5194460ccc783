"""The report page: every claim once, nothing from outside, nothing interpreted, and the same bytes each time."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib import resources
from xml.etree import ElementTree

import pytest

from reports import text
from reports.matrix import theorems
from reports.page import write_report
from reports.records import ReportError, read_records, slug, write_record
from reports.verified import is_verified
from tests.reports import samples
from tests.reports.test_figures import contrast
from tests.reports.test_mathematics import essence

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """The elements of a page, and whether every tag is closed in order."""

    def __init__(self, source: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.records: list[dict] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text += data

    def values(self, name: str) -> list[str]:
        return [value for _, attrs in self.elements if (value := attrs.get(name)) is not None]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    samples.write_all(folder)
    return write_report(folder, single_file=True)


@pytest.fixture(scope="module")
def page(report):
    made = Page(report["html"].read_text("utf-8"))
    made.records = read_records(report["html"].parent)
    return made


def test_every_claim_has_one_section_and_one_row(page):
    claims = [f"claim-{slug(record['id'])}" for record, _ in samples.all_cases()]
    assert sorted(attrs["id"] for tag, attrs in page.elements if tag == "article") == sorted(claims)
    rows = [attrs["data-claim"] for tag, attrs in page.elements if tag == "tr" and "data-claim" in attrs]
    assert sorted(f"claim-{row}" for row in rows) == sorted(claims)
    assert {f"#{claim}" for claim in claims} <= set(page.values("href"))


def test_every_claim_and_theorem_has_a_link_to_be_sent(page):
    places = [attrs["id"] for tag, attrs in page.elements if tag == "article" or attrs.get("class") == "theorem"]
    links = [attrs["href"] for tag, attrs in page.elements if tag == "a" and attrs.get("class") == "link"]
    assert links == [f"#{place}" for place in places]


def test_the_page_begins_with_the_picture_of_the_exponents(page):
    ids = page.values("id")
    places = [attrs.get("class") for tag, attrs in page.elements if tag in ("figure", "table")]
    assert places[:2] == ["exponents", "matrix"]
    linked = [href for href in page.values("href") if href.startswith("#claim-")]
    # Of log t first, then of t.
    assert list(dict.fromkeys(linked))[:2] == ["#claim-soudry2018__gradient-flow", "#claim-fan2025__signgd-max-norm"]
    assert len(ids) == len(set(ids))


def test_figures_lie_beside_the_page_and_are_loaded_when_near(tmp_path, report):
    samples.write_all(tmp_path)
    page = Page(write_report(tmp_path)["html"].read_text("utf-8"))
    images = [attrs for tag, attrs in page.elements if tag == "img"]
    assert len(images) == 4
    for image in images:
        path = tmp_path / str(image["src"])
        assert path.parent == tmp_path / "figures"
        element = path.read_text("utf-8")
        root = ElementTree.fromstring(element)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        title = root.find("{*}title")
        assert title is not None
        assert title.text == image["alt"]
        assert "prefers-color-scheme: dark" in element
        width, height = (float(size) for size in root.attrib["viewBox"].split()[2:])
        assert (int(image["width"] or 0), int(image["height"] or 0)) == (round(width), round(height))
        assert image["loading"] == "lazy"
    assert len({image["src"] for image in images}) == 4
    # The picture that it begins with, and nothing else, stands in the page.
    assert [tag for tag, _ in page.elements].count("svg") == 1
    whole = sum((tmp_path / str(image["src"])).stat().st_size for image in images)
    assert tmp_path.joinpath("index.html").stat().st_size < report["html"].stat().st_size - 0.9 * whole


def test_links_and_labels_resolve(page):
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    references = [href[1:] for href in page.values("href") if href.startswith("#")]
    references += page.values("aria-labelledby")
    assert set(references) <= set(ids)
    assert len(references) > 10


def test_tags_are_closed(page):
    assert page.open == []


def test_nothing_is_loaded(report, page):
    assert {href for href in page.values("href") if not href.startswith("#")} == {"data:,"}
    assert page.values("src") == []
    source = report["html"].read_text("utf-8")
    assert not re.search(r"https?:|@import|url\((?!#)", source)
    assert {"img", "iframe", "object", "b", "i"}.isdisjoint(tag for tag, _ in page.elements)


def test_the_policy_allows_one_script_by_its_hash(report, page):
    source = report["html"].read_text("utf-8")
    (script,) = re.findall(r"<script>(.*?)</script>", source, re.DOTALL)
    (policy,) = [attrs["content"] for tag, attrs in page.elements if attrs.get("http-equiv")]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    expected = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert rules["script-src"] == f"'sha256-{expected}'"
    assert rules["default-src"] == "'none'"
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)


def test_the_matrix_has_a_row_for_each_theorem(page):
    sections = [attrs["id"] for tag, attrs in page.elements if tag == "section" and attrs.get("class") == "theorem"]
    rows = [attrs["data-theorem"] for tag, attrs in page.elements if tag == "tr" and "data-theorem" in attrs]
    assert rows == sections == [theorem.anchor for theorem in theorems(page.records)]


def test_what_filters_need_is_told(page):
    told = {a["data-claim"]: a for tag, a in page.elements if tag == "article"}
    for record in page.records:
        claim = told[slug(record["id"])]
        assert (claim["data-paper"], claim["data-kind"]) == (record["paper"], record["kind"])
        assert claim["data-verdict"] == record["verdict"]
        assert claim["data-verified"] == ("yes" if is_verified(record) else "no")
    assert {attrs["data-claim"] for tag, attrs in page.elements if tag == "tr" and "data-claim" in attrs} == told.keys()


def test_without_scripts_all_is_shown_but_the_filters(page):
    assert [attrs["id"] for _, attrs in page.elements if "hidden" in attrs] == ["filters"]


def test_mathematics_is_typeset(page):
    kinds = [tag for tag, _ in page.elements]
    assert kinds.count("math") > 20
    assert {"msup", "mi", "mn", "mo"} <= set(kinds)


def test_records_are_text_not_markup(page):
    record, _ = samples.refuted_case()
    for words in (record["title"], record["statement"], record["source"], record["twins"][0]["sentence"]):
        assert essence(words) in essence(page.text)


def test_everything_of_a_record_is_told(page):
    record = samples.record()
    told = [
        record["source"],
        record["sentence"],
        record["reproduce"],
        "SignGD, step sizes t−0.5",
        record["twins"][0]["wrong"],
        record["twins"][0]["sentence"],
        "(1, 2) ↦ +1",
        record["datasets"]["real"][1]["name"],
        "Largest envelope ratio: 1.12 at t = 100000.",
        "48 drawn, 40 informative: integers 20, ties 12",
        "exponent −0.497 [−0.531, −0.466]",
        "envelope ratio E 0.83 [0.74, 0.91], threshold 1.26",
        "seed 20250, cpu, float64",
        "arXiv:2502.04664",
        *record["notes"],
    ]
    for words in told:
        assert essence(words) in essence(page.text), words


def test_refutations_advice_and_hunts_are_told(tmp_path):
    case = {"x": [[7, 8]], "y": [1]}
    record = samples.record(
        verdict="REFUTED",
        refutation={
            "case": case,
            "steps": [1e5, 1e6],
            "values": [0.3, None],
            "margins": [],
            "followed": None,
            "sentence": "On the point (7, 8) it goes elsewhere.",
        },
        constants=[
            {"size": 1e-8, "above": 0, "below": 1, "step": None, "passed": 0, "of": 8, "sentence": "An eps is hidden."}
        ],
        settle={"steps": 10, "cases": 1, "sentence": "Ten times the steps would tell."},
        tightness={
            "statistic": "gap",
            "limit": 2.0,
            "value": 1.75,
            "case": case,
            "examples": 321,
            "judged": 300,
            "untargeted": None,
            "refuted": False,
            "extremal": {"needed": 0.9, "case": case, "constant": 0.88, "words": ["It was made smaller."]},
        },
    )
    write_record(tmp_path, record, samples.curves())
    words = essence(Page(write_report(tmp_path)["html"].read_text("utf-8")).text)
    for told in (
        "On the point (7, 8) it goes elsewhere.",
        "Ten times the steps would tell.",
        "Hidden constant: An eps is hidden.",
        "Of 321 cases",
        "is 1.75; ",
        "Of the bound 0.9 times is needed at least. It was made smaller.",
    ):
        assert essence(told) in words
    assert words.count(essence("(7, 8) ↦ +1")) == 3


def test_formulas_are_found_as_they_are_written(page):
    """Typeset, "t^-1/2" would be found by no search for it."""
    (words,) = [a["data-words"] for _, a in page.elements if a.get("id") == "claim-fan2025__signgd-max-norm"]
    for each in (samples.record()["statement"], samples.record()["title"], "t^-1/2 log t"):
        assert each in words


def test_verdicts_are_told_in_words(page):
    badges = re.findall(r"[✓✗?] (?:SUPPORTED|REFUTED|INCONCLUSIVE)", page.text)
    records = [record for record, _ in samples.all_cases()]
    badge_count = sum(2 + len(record["twins"]) + len(record["datasets"]["real"]) for record in records)
    assert len(badges) == badge_count


def test_figures_are_inline(page):
    assert [tag for tag, _ in page.elements].count("svg") == 4 + 1
    assert [tag for tag, _ in page.elements].count("figure") == len(samples.all_cases()) + 1


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast_of_text(scheme):
    css = resources.files("reports").joinpath("templates", "report.css").read_text("utf-8")
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", css.split(":root {")[scheme + 1]))
    for name in ("ink", "soft", "link", "supported", "refuted", "inconclusive"):
        for ground in ("ground", "panel"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def test_same_bytes_again(tmp_path, report):
    samples.write_all(tmp_path)
    for kind, path in write_report(tmp_path, single_file=True).items():
        assert path.read_bytes() == report[kind].read_bytes()


def test_markdown_and_json(report):
    words = report["markdown"].read_text("utf-8")
    for record, _ in samples.all_cases():
        assert words.count(f"\n`{record['id']}`, ") == 1
        assert words.count(f"\n{record['reproduce']}\n") >= 1
    assert not re.search(r"(?<!\\)<", re.sub(r"```.*?```", "", words, flags=re.DOTALL))
    folder = report["json"].parent
    assert json.loads(report["json"].read_text("utf-8"))["claims"] == read_records(folder)


def test_a_large_dataset_is_folded(tmp_path):
    record = samples.record()
    data = {"x": [[float(i), 1.0] for i in range(13)], "y": [1] * 13}
    record["datasets"]["worst"]["dataset"] = data
    write_record(tmp_path, record, samples.curves())
    page = Page(write_report(tmp_path)["html"].read_text("utf-8"))
    assert [tag for tag, _ in page.elements].count("details") == 1
    assert "13 points in 2 dimensions" in page.text


def test_no_records(tmp_path):
    with pytest.raises(ReportError, match="run `make verify` first"):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_headline():
    record = samples.record()
    assert text.headline(text.summarise([record])) == (
        "1 claim from 1 paper on 48 datasets: 1 supported, 0 refuted, 0 inconclusive. "
        "1 of 1 false twins refuted; 1 of 1 claim verified."
    )
