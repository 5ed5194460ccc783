"""`verify report`: the page with its figures beside it or within it, and what else it writes and refuses."""

import pytest

from reports.hunts import write_hunt
from reports.records import write_record
from tests.reports import samples
from tests.reports.test_hunts import RECORD
from tests.verify.cli.calling import Caller, one_sentence

FIGURE = "verify-report/figures/fan2025__signgd-max-norm.svg"


@pytest.fixture
def call(untyped_caller, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    write_record(tmp_path / "verify-report", samples.record(), samples.curves())
    return Caller(monkeypatch, capsys)


def test_figures_lie_beside_the_page(call, tmp_path):
    code, out, _ = call("report")
    assert code == 0
    assert out.startswith("1 supported, 0 refuted, 0 inconclusive; 1 of 1 false twins refuted\n")
    assert "html: verify-report/index.html" in out
    assert (tmp_path / FIGURE).is_file()
    assert f'src="{FIGURE.removeprefix("verify-report/")}"' in (tmp_path / "verify-report/index.html").read_text(
        "utf-8"
    )


def test_a_single_file_holds_them(call, tmp_path):
    assert call("report", "--single-file")[0] == 0
    assert not (tmp_path / FIGURE).exists()
    page = (tmp_path / "verify-report/index.html").read_text("utf-8")
    assert "<img" not in page
    assert page.count("<svg") == 2


def test_explicit_bounds_are_printed_where_asked(call, tmp_path):
    observed = samples.record()["observed"] | {"exponent": None, "interval": None, "value": 0.4}
    write_record(tmp_path / "verify-report", samples.record(kind="bound", observed=observed), samples.curves())
    assert "explicit bound" not in call("report")[1]
    code, out, _ = call("report", "--bounds")
    assert code == 0
    assert "1 explicit bound" in out
    assert "times that" in out


def test_a_table_goes_between_the_marks(call, tmp_path):
    (tmp_path / "README.md").write_text("a\n<!-- theorems -->\nold\n<!-- /theorems -->\nb\n")
    assert call("report", "--readme", "README.md")[0] == 0
    text = (tmp_path / "README.md").read_text("utf-8")
    assert text.startswith("a\n<!-- theorems -->\n| Paper |")
    assert text.endswith("<!-- /theorems -->\nb\n")
    assert "old" not in text


def test_a_folder_of_hunts_and_experiments_has_a_page_of_its_own(call, tmp_path):
    for asks, name in (("Is it so?", "open/one"), (None, "test/claim")):
        write_hunt("only", RECORD | {"asks": asks, "id": name, "title": f"The title of {name}"})
    code, out, _ = call("report", "--report-dir", "only", "--bounds")
    assert code == 0
    assert out.splitlines() == [
        "No theorem was checked in this run: the page shows its hunts and experiments.",
        "html: only/index.html",
        "markdown: only/report.md",
    ]
    page, markdown = ((tmp_path / "only" / name).read_text("utf-8") for name in ("index.html", "report.md"))
    for text in (page, markdown):
        assert "it holds 1 open question, 1 hunted claim." in text
        assert "The title of test/claim" in text
        assert "Is it so?" in text
        assert "held on 31 datasets" in text
    assert "<script" not in page
    assert 'href="#overview"' not in page


def test_a_folder_without_records_empties_no_table(call, tmp_path):
    write_hunt("only", RECORD)
    (tmp_path / "README.md").write_text("a\n<!-- theorems -->\nold\n<!-- /theorems -->\n")
    code, _, err = call("report", "--report-dir", "only", "--readme", "README.md")
    assert code == 2
    assert "only holds no records of checks to make a table of for README.md" in one_sentence(err)
    assert "old" in (tmp_path / "README.md").read_text("utf-8")


def test_hunts_of_claims_stand_beside_records(call, tmp_path):
    write_hunt("verify-report", RECORD | {"asks": None, "id": "test/claim", "title": "The title of a hunted claim"})
    assert call("report")[0] == 0
    for name in ("index.html", "report.md"):
        assert "The title of a hunted claim" in (tmp_path / "verify-report" / name).read_text("utf-8")


def test_what_is_not_there_is_one_sentence(call, tmp_path):
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    for arguments, words in (
        (["--readme", "picture.png"], "picture.png is no text in UTF-8"),
        (["--readme", "gone.md"], "gone.md is no file"),
        (["--report-dir", "empty"], "empty holds no records"),
        (["--overview", "a.pdf"], "An overview is an .svg or .png file"),
    ):
        code, _, err = call("report", *arguments)
        assert code == 2
        assert words in one_sentence(err)
