"""What the pages of a folder would load from elsewhere: scripts, styles, fonts, pictures, frames."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

# The attributes by which an element loads something by itself; a link that is clicked on loads nothing.
_LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "audio": "src",
    "video": "src",
    "embed": "src",
    "object": "data",
    "link": "href",
    "image": "href",
    "use": "href",
}
_SCHEME = re.compile(r"\s*(https?:|//)", re.IGNORECASE)
_IN_STYLE = re.compile(r"(?:url\(|@import)\s*['\"]?\s*(?:https?:)?//[^)\s'\"]*", re.IGNORECASE)
# Relations of a link that name a page rather than load one.
_NAMES = {"canonical", "next", "prev", "alternate"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        address = values.get(_LOADS.get(tag, ""), "")
        if _SCHEME.match(address) and not (tag == "link" and values.get("rel") in _NAMES):
            self.found.append(f"<{tag}> loads {address}")
        self.found += [f"a style loads {each}" for each in _IN_STYLE.findall(values.get("style", ""))]


def outside(folder: Path) -> list[str]:
    """One sentence for each thing that a page, style or picture below the folder loads from another place."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".html", ".svg"):
            reader = _Reader()
            text = path.read_text("utf-8")
            reader.feed(text)
            reader.close()
            inner = re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL)
            styles = [f"a style loads {each}" for block in inner for each in _IN_STYLE.findall(block)]
            found += [f"{path.relative_to(folder)}: {each}" for each in reader.found + styles]
        elif path.suffix == ".css":
            found += [
                f"{path.relative_to(folder)}: loads {each}" for each in _IN_STYLE.findall(path.read_text("utf-8"))
            ]
    return found
