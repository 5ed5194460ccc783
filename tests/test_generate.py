"""The site's source as plain files: what another builder needs is all there, and nothing in it is run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.generate import pages, questions
from docs.generate.__main__ import main
from verify.claims import index

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "source"
    pages.write(ROOT, folder, folder / "no-report")
    return folder


@pytest.fixture(scope="module")
def config(source) -> dict[str, Any]:
    return yaml.safe_load((source / "mkdocs.yml").read_text("utf-8"))


def listed(navigation: Any) -> list[str]:
    """The pages of a navigation, in their order."""
    if isinstance(navigation, str):
        return [navigation]
    items = navigation.values() if isinstance(navigation, dict) else navigation
    return [page for item in items for page in listed(item)]


def test_every_page_is_in_the_navigation_and_there(source, config):
    shown = listed(config["nav"])
    assert len(shown) == len(set(shown))
    assert sorted(shown) == sorted(str(path.relative_to(source / "docs")) for path in (source / "docs").rglob("*.md"))
    assert {"story.md", "command-line.md", "theorems/index.md", "notebooks/sharpen_a_rate.md"} <= set(shown)


def test_it_needs_no_hook_and_no_snippet(source, config):
    assert "hooks" not in config
    assert not [each for each in config["markdown_extensions"] if "snippets" in each]
    assert not [path for path in (source / "docs").rglob("*.md") if "--8<--" in path.read_text("utf-8")]
    assert "CLAIM = conjecture(" in (source / "docs/conjecture.md").read_text("utf-8")
    assert not list((source / "docs").rglob("*.py"))


def test_pictures_of_its_pages_are_there(source):
    for page in (source / "docs").rglob("*.md"):
        for link in re.findall(r"!\[[^]]*\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / link).is_file(), (page, link)


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    assert "is there already" in str(main([str(tmp_path)]))
    assert "give the folder" in str(main([]))
    assert list(tmp_path.iterdir()) == []


def test_the_page_of_open_questions_is_that_of_the_kept_records_and_has_all():
    page = (ROOT / questions.PAGE).read_text("utf-8")
    assert page == questions.page(), "run python -m docs.generate.questions"
    assert all(f"`{each.id}`" in page for each in index.questions())
