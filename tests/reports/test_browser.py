"""The report in a real browser: quiet, no wider than the window, whole links, working filters, print."""

from __future__ import annotations

import base64

import pytest

from reports import gallery
from reports.page import write_report
from reports.records import read_records, write_record
from tests.reports import samples
from tests.reports.browser import NAMES, Browser, executable
from tests.reports.test_gallery import exhibit

pytestmark = pytest.mark.skipif(executable() is None, reason=f"no browser is installed: none of {', '.join(NAMES)}")

WIDE = "Once L ≤ log 2 / n: |m/√v| ≤ √(β₂ (1-β₁)² / ((1-β₂)(β₂-β₁²))) and Σ_{s≥t̄} η_s L_s ≤ exp(-⟨w̃_{y_i} - w̃_c, x_i⟩)."


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The address of a page with every odd case, a bound's anatomy, and a folded dataset."""
    folder = tmp_path_factory.mktemp("report")
    samples.write_all(folder)
    write_record(folder, *samples.anatomy_case())
    record, curves = samples.record(id="fan2025/wide", title=WIDE, statement=WIDE), samples.curves()
    record["datasets"]["worst"]["dataset"] = {"x": [[float(i), 1.0] for i in range(40)], "y": [1] * 40}
    write_record(folder, record, curves)
    gallery.write_exhibit(folder, exhibit())
    return write_report(folder)["html"].as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as one:
        yield one


@pytest.fixture
def opened(browser, page):
    browser.media()
    browser.size(1400)
    browser.open(page)
    return browser


SHOWN = "Array.from(document.querySelectorAll('article.claim:not([hidden])'), (a) => a.dataset.claim).sort()"
ROWS = (
    "Array.from(document.querySelectorAll('tr[data-claim]'))"
    ".filter((r) => r.checkVisibility()).map((r) => r.dataset.claim).sort()"
)


def choose(browser: Browser, field: str, value: str) -> list[str]:
    """Set one filter as a reader does; the claims that are shown."""
    browser.evaluate(
        f"(() => {{ const field = document.forms.filters.elements.{field}; field.value = {value!r};"
        "field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    return browser.evaluate(SHOWN)


def test_the_page_is_quiet(opened):
    assert opened.evaluate("document.forms.filters.hidden") is False  # the script ran, so the policy allows it
    assert opened.messages == []


@pytest.mark.parametrize("width", [360, 768, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_no_wider_than_the_window(opened, width, scheme):
    opened.media(scheme)
    opened.size(width)
    # What is far below is laid out only when it is near, unless it is told to be.
    opened.evaluate("document.querySelectorAll('.claim').forEach((c) => { c.style.contentVisibility = 'visible'; })")
    opened.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    spilled = (
        "Array.from(document.querySelectorAll('main *')).filter((e) => !e.closest('.scroll, pre, svg')"
        f" && e.getBoundingClientRect().right > {width} + 1).map((e) => e.outerHTML.slice(0, 80))"
    )
    assert opened.evaluate(spilled) == []


def test_internal_links_have_targets(opened):
    targets = opened.evaluate("Array.from(document.querySelectorAll('a[href]'), (a) => a.getAttribute('href'))")
    assert len(targets) > 10
    assert all(target.startswith("#") for target in targets)
    # Links inside a picture have no hash of their own.
    there = "(a) => document.getElementById(a.getAttribute('href').slice(1))"
    assert opened.evaluate(f"Array.from(document.querySelectorAll('a[href]')).every({there})")


def test_filters(opened, page):
    records = read_records(page.removeprefix("file://").rpartition("/")[0])
    everything = sorted(record["id"].replace("/", "__") for record in records)

    def those(wanted) -> list[str]:
        return sorted(record["id"].replace("/", "__") for record in records if wanted(record))

    assert opened.evaluate(SHOWN) == everything
    assert choose(opened, "verdict", "REFUTED") == those(lambda r: r["verdict"] == "REFUTED") != []
    assert choose(opened, "kind", "rate") == []
    assert opened.evaluate("document.querySelector('output').textContent") == f"0 of {len(records)} claims"
    assert opened.evaluate("document.querySelectorAll('.theorem:not([hidden])').length") == 0
    opened.evaluate("document.querySelector('.filters button').click()")
    assert opened.evaluate(SHOWN) == opened.evaluate(ROWS) == everything
    assert choose(opened, "paper", "fan2025") == those(lambda r: r["paper"] == "fan2025") == opened.evaluate(ROWS)
    assert opened.evaluate("document.querySelectorAll('#matrix tbody:not([hidden])').length") == 1
    assert "fan2025__signgd-max-norm" in choose(opened, "words", "t^-1/2")
    assert choose(opened, "words", "BUDGET  gap") == ["fan2025__budget"]
    opened.evaluate("document.querySelector('.filters button').click()")
    unverified = choose(opened, "verdict", "unverified")
    assert set(unverified) > set(those(lambda r: r["verdict"] != "SUPPORTED"))


def test_a_link_to_a_hidden_claim_shows_it(opened):
    assert "soudry2018__gradient-flow" not in choose(opened, "paper", "fan2025")
    opened.evaluate("new Promise((done) => { addEventListener('hashchange', () => setTimeout(done)); "
                    "location.hash = '#claim-soudry2018__gradient-flow'; })")  # fmt: skip
    assert "soudry2018__gradient-flow" in opened.evaluate(SHOWN)
    place = "document.getElementById('claim-soudry2018__gradient-flow').getBoundingClientRect().top"
    assert abs(opened.evaluate(place)) < 900


def test_figures_have_names(opened):
    assert opened.evaluate("document.querySelectorAll('figure svg, figure img').length") > 3
    nameless = "document.querySelectorAll('svg:not([role]), svg:not(:has(> title)), img:not([alt])').length"
    assert opened.evaluate(nameless) == 0


def test_figures_beside_the_page_are_loaded_when_they_are_near(opened):
    # A picture that was not found is complete too, but has no width.
    far = "Array.from(document.images).filter((i) => !i.complete).length"
    assert opened.evaluate("document.images.length") > 3
    loaded = (
        "Promise.all(Array.from(document.images, (i) => { i.loading = 'eager'; return i.decode(); }))"
        ".then(() => Array.from(document.images).filter((i) => i.naturalWidth > 0).length)"
    )
    assert opened.evaluate(loaded) == opened.evaluate("document.images.length")
    assert opened.evaluate(far) == 0
    assert opened.messages == []


def test_mathematics_is_drawn(opened):
    """A browser without MathML would put an exponent on the line of its base."""
    raised = (
        "Array.from(document.querySelectorAll('.statement msup')).filter((m) => m.checkVisibility())"
        ".map((m) => m.children[0].getBoundingClientRect().bottom - m.children[1].getBoundingClientRect().bottom)"
    )
    found = opened.evaluate(raised)
    assert found
    assert min(found) > 1


def test_dark_and_light_differ(opened):
    grounds = []
    for scheme in ("light", "dark"):
        opened.media(scheme)
        grounds.append(opened.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(18, 22, 27)"]


def test_print(opened):
    opened.media(medium="print")
    assert opened.evaluate("document.forms.filters.checkVisibility()") is False
    assert opened.evaluate("getComputedStyle(document.querySelector('article figure img')).breakInside") == "avoid"
    opened.media()
    assert opened.evaluate("document.querySelectorAll('details:not([open])').length") > 0
    pdf = base64.b64decode(opened.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert pdf.startswith(b"%PDF")
    assert opened.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    assert pdf.count(b"/Type /Page\n") > 3
