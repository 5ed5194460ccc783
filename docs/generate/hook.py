"""What mkdocs calls: it adds the generated pages to the site, and lets none ask the network for anything."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parents[2]))  # mkdocs loads this file by its path

REPORT = "REPORT"  # environment variable: folder of the run whose findings are shown
_generated: dict[str, str | bytes] = {}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make the pages, and put them where they belong in the navigation."""
    from docs.generate.pages import pages

    root = Path(config.config_file_path).parent
    made = pages(root, root / os.environ.get(REPORT, "verify-report"), config.nav or [])
    _generated.clear()
    _generated.update(made.files)
    config.nav = made.navigation
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
