"""The page of a dossier, in HTML and Markdown."""

import re
from pathlib import Path

import numpy as np
import pytest

from reports.dossier import Conjecture, Curve, write
from tests.verify.discovery.dossiers import small, without_laws

CONJECTURES = [Conjecture("the gap is O(t^-1/2)", "test_mine.py", "verify check test_mine.py")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = small()
    curves = [Curve(each.steps, np.exp(each.log_time), each.gap, each.travelled) for each in found.schedules]
    return write(tmp_path_factory.mktemp("dossier"), "dossier-mine", found.to_dict(), curves, CONJECTURES, "verify <x>")


def test_both_have_all_sections(pages: dict[str, Path]):
    html, markdown = (pages[kind].read_text("utf-8") for kind in ("html", "markdown"))
    titles = re.findall(r"^## (.*)$", markdown, re.MULTILINE)
    assert titles == re.findall(r"<h2 [^>]*>(.*?)</h2>", html)
    assert titles[0] == "The norm that it follows"
    assert titles[-1] == "Conjectures"
    assert "fan2025/sign-gd" in markdown
    assert "fan2025/sign-gd" in html


def test_rows_are_as_long_as_their_headings(pages: dict[str, Path]):
    lines = pages["markdown"].read_text("utf-8").splitlines()
    tables = [i for i, line in enumerate(lines) if set(line) <= set("|- ") and "---" in line]
    assert len(tables) >= 6
    for i in tables:
        columns = lines[i].count("|")
        rows = [lines[i - 1]]
        rows += [line for line in lines[i + 1 :] if line.startswith("|")][:1]
        assert all(line.count("|") - line.count("\\|") == columns for line in rows)


def test_the_page_needs_no_other_file_and_escapes_what_was_typed(pages: dict[str, Path]):
    html = pages["html"].read_text("utf-8")
    assert "verify &lt;x&gt;" in html
    assert "<svg" in html
    assert not re.findall(r'(?:src|href)="(?!data:|#)', html)


def test_without_laws_it_says_why(tmp_path: Path):
    found = without_laws().to_dict()
    told = write(tmp_path, "dossier-none", found, [], [], "verify")["markdown"].read_text("utf-8")
    assert "None is suggested, since it was not shown to follow a norm." in told
