"""The pages that are made rather than written, and the whole of the site's source as plain files.

`python -m docs.generate FOLDER` writes that source: Markdown, pictures, and a `mkdocs.yml` without hooks and snippets.
Any builder that reads these builds the site from it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from docs.generate import commands, notebooks, schema, theorems

_SNIPPET = re.compile(r'^--8<-- "(.*)"$', re.MULTILINE)


@dataclass(frozen=True)
class Pages:
    """Files by their paths below the site's source, and the site's navigation with them."""

    files: Mapping[str, str | bytes]
    navigation: list[Any]


def pages(root: Path, report_dir: Path, navigation: list[Any]) -> Pages:
    """Make the pages of theorems, notebooks, command line, record format and exhibits.

    root: the checkout. report_dir: the run whose findings are shown. navigation: that of the written pages.
    """
    made, exhibits, shown = theorems.pages(root, report_dir), theorems.exhibits(report_dir), notebooks.pages(root)
    own = {"command-line.md": commands.page(), "reference/records.md": schema.page()}
    sections = {name: list(items) for section in navigation for name, items in section.items()}
    sections["Guide"] += ["command-line.md", {"Notebooks": [path for path in shown if path.endswith(".md")]}]
    sections["Reference"].append("reference/records.md")
    listed = [{"All theorems": "theorems/index.md"}, *(["exhibits.md"] if exhibits else [])]
    sections["Theorems"] = listed + made.navigation
    return Pages(own | made.files | exhibits | shown, [{name: items} for name, items in sections.items()])


def write(root: Path, folder: Path, report_dir: Path) -> None:
    """Write the site's source into a folder, with a `mkdocs.yml` that needs neither hook nor snippet.

    Raises `FileExistsError` where the folder is there already.
    """
    config = yaml.safe_load((root / "mkdocs.yml").read_text("utf-8"))
    made = pages(root, report_dir, config["nav"])
    source = folder / "docs"
    shutil.copytree(root / "docs", source, ignore=shutil.ignore_patterns("generate", "__pycache__"))
    for path, content in made.files.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(content.encode() if isinstance(content, str) else content)
    for page in source.rglob("*.md"):
        words = page.read_text("utf-8")
        page.write_text(_SNIPPET.sub(lambda found: (root / found[1]).read_text("utf-8").rstrip(), words), "utf-8")
    (folder / "mkdocs.yml").write_text(
        yaml.safe_dump(_plain(config, root, made.navigation), allow_unicode=True), "utf-8"
    )


def _plain(config: dict[str, Any], root: Path, navigation: list[Any]) -> dict[str, Any]:
    """The configuration for written files: nothing in it is run, and the code that is documented stays where it is."""
    left = {name: value for name, value in config.items() if name not in ("hooks", "exclude_docs")}
    plugins = [_at(root, each) if "mkdocstrings" in each else each for each in config["plugins"]]
    extensions = [each for each in config["markdown_extensions"] if "pymdownx.snippets" not in each]
    return left | {"nav": navigation, "plugins": plugins, "markdown_extensions": extensions}


def _at(root: Path, plugin: dict[str, Any]) -> dict[str, Any]:
    handlers = plugin["mkdocstrings"]["handlers"]
    moved = handlers | {"python": handlers["python"] | {"paths": [str(root)]}}
    return {"mkdocstrings": plugin["mkdocstrings"] | {"handlers": moved}}
