"""The notebooks of `examples/` as pages: their text, their code, and the outputs that are kept in them."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = "notebooks"


def pages(root: Path) -> dict[str, str | bytes]:
    """The pages and their pictures by path, `notebooks/<name>.md` and `notebooks/<name>-1.png` say."""
    made: dict[str, str | bytes] = {}
    for path in sorted((root / "examples").glob("*.ipynb")):
        notebook = json.loads(path.read_text("utf-8"))
        pictures: list[bytes] = []
        parts = [part for cell in notebook["cells"] for part in _cell(cell, path.stem, pictures)]
        parts.append(f"The notebook is `examples/{path.name}`.")
        made[f"{FOLDER}/{path.stem}.md"] = "\n\n".join(parts) + "\n"
        made |= {f"{FOLDER}/{_picture(path.stem, i)}": content for i, content in enumerate(pictures, 1)}
    return made


def _picture(name: str, number: int) -> str:
    return f"{name}-{number}.png"


def _cell(cell: dict[str, Any], name: str, pictures: list[bytes]) -> Iterator[str]:
    """What a cell puts onto the page; the pictures of its outputs are added to those that there are."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        data = output.get("data", {})
        if "image/png" in data:
            pictures.append(b64decode(data["image/png"]))
            yield f"![What the cell draws]({_picture(name, len(pictures))})"
        elif "text/html" in data:
            # Markdown ends a block of HTML at an empty line.
            yield re.sub(r"\n\s*\n", "\n", "".join(data["text/html"]))
        else:
            yield f"```text\n{''.join(output.get('text') or data['text/plain']).rstrip()}\n```"
