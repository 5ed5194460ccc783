"""`python -m docs.generate FOLDER`: the site's source as plain files, for any builder that reads a mkdocs.yml."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from docs.generate.pages import write

ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> str | None:
    """Write the source; what is wrong with the arguments, if anything."""
    if len(arguments) != 1:
        return "python -m docs.generate FOLDER: give the folder to be made."
    if Path(arguments[0]).exists():
        return f"{arguments[0]} is there already: give another folder, or delete it."
    write(ROOT, Path(arguments[0]), ROOT / os.environ.get("REPORT", "verify-report"))
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
