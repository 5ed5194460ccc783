"""What mkdocs calls: it adds the generated pages to the site, and lets none ask the network for anything."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parents[2]))  # mkdocs loads this file by its path

REPORT = "REPORT"  # environment variable: folder of the run whose findings are shown
_generated: dict[str, str | bytes] = {}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the pages, and put them where they belong in the navigation."""
    from docs.generate import commands, notebooks, schema, theorems

    root = Path(config.config_file_path).parent
    report_dir = root / os.environ.get(REPORT, "verify-report")
    made = theorems.pages(root, report_dir)
    exhibits = theorems.exhibits(report_dir)
    _generated.clear()
    _generated.update({"command-line.md": commands.page(), "reference/records.md": schema.page()} | made.files)
    _generated.update(exhibits)
    shown_notebooks = notebooks.pages(root)
    _generated.update(shown_notebooks)
    navigation: list[Any] = config.nav or []
    for section in navigation:
        if "Guide" in section:
            section["Guide"].append("command-line.md")
            section["Guide"].append({"Notebooks": [path for path in shown_notebooks if path.endswith(".md")]})
        if "Reference" in section:
            section["Reference"].append("reference/records.md")
    shown: list[Any] = [{"All theorems": "theorems/index.md"}, *(["exhibits.md"] if exhibits else [])]
    navigation.append({"Theorems": shown + made.navigation})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what was generated to the site's files."""
    for path, content in _generated.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_post_build(config: MkDocsConfig) -> None:
    """Raise `PluginError` if a page would load anything from elsewhere."""
    from docs.generate.outside import outside

    if found := outside(Path(config.site_dir)):
        raise PluginError(f"The site must not need the network, but {found[0]}, and {len(found) - 1} more.")
