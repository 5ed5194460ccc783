"""Canvases as pictures: SVG for a page, for a file beside it or of its own, and PNG, of the same bytes each time."""

from __future__ import annotations

import hashlib
import html
import io
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass

import matplotlib.style
from matplotlib.figure import Figure as Canvas

# Axes, text and the law are drawn in this ink; an SVG says currentColor instead and takes the page's colour.
INK = "#1f2328"
ENDINGS = (".svg", ".png")
_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
}


@dataclass(frozen=True)
class Picture:
    """An SVG element that stands on a page, or in a file beside it of which the page knows the path."""

    element: str
    path: str

    @property
    def alt(self) -> str:
        """Its title, for those who do not see it."""
        found = re.search(r"<title>(.*?)</title>", self.element, re.DOTALL)
        return html.unescape(found[1]) if found else ""

    @property
    def width(self) -> float:
        """In CSS pixels, as drawn; only its ratio to the height counts on a page."""
        return self._size[0]

    @property
    def height(self) -> float:
        """In CSS pixels, as drawn."""
        return self._size[1]

    @property
    def _size(self) -> tuple[float, float]:
        found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', self.element)
        assert found is not None, "matplotlib gives its canvases a box"
        return float(found[1]), float(found[2])


def style(salt: str) -> AbstractContextManager[None]:
    """Matplotlib's defaults and ours, whatever the user's configuration says; `salt` fixes the SVG's ids."""
    return matplotlib.style.context(["default", _STYLE | {"svg.hashsalt": salt}])


def element(canvas: Canvas, title: str, name: str) -> str:
    """A canvas as an SVG element for a page; `name` makes its ids its own."""
    return inline(render(canvas, title), prefix(name))


def prefix(name: str) -> str:
    """What the ids of an element of that name begin with."""
    return f"f{hashlib.sha256(name.encode()).hexdigest()[:8]}-"


def picture(canvas: Canvas, ending: str, title: str) -> bytes:
    """A canvas as a file of one of `ENDINGS`; the SVG follows the reader's colour scheme, the PNG's ground is white."""
    if ending == ".svg":
        return standalone(render(canvas, title)).encode()
    target = io.BytesIO()
    canvas.savefig(target, format="png", dpi=160, facecolor="white", metadata={"Software": None})
    return target.getvalue()


def render(canvas: Canvas, title: str) -> str:
    """A canvas as SVG without ground, date and style rules, its ink `currentColor`, its text text."""
    target = io.StringIO()
    canvas.savefig(target, format="svg", transparent=True, metadata={"Title": title})
    svg = target.getvalue()
    svg = svg[svg.index("<svg") :]
    # The date and the library's address, neither of which a page should hold.
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Matplotlib's only style rule has the selector *: on a page it would reach beyond the figure.
    svg = re.sub(r"\s*<defs>\s*<style.*?</style>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = svg.replace("'DejaVu Sans'", "system-ui, sans-serif")
    return svg.replace(INK, "currentColor").replace("xlink:href", "href")


def inline(svg: str, prefix: str) -> str:
    """An SVG for a page: ids of its own, no namespaces, no size of its own, one picture to a screen reader."""
    svg = re.sub(r'\sxmlns(:xlink)?="[^"]*"', "", svg)
    svg = re.sub(
        r'<svg\b([^>]*?)\s(?:width|height)="[^"]*"([^>]*?)\s(?:width|height)="[^"]*"',
        r'<svg role="img"\1\2',
        svg,
        count=1,
    )
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    return re.sub(r'(url\(|href=")#', rf"\1#{prefix}", svg)


def beside(element: str) -> str:
    """A page's element as a file that the page shows: its ink follows the reader's colour scheme, without a ground."""
    scheme = "<style>svg { color: #1c2127 } @media (prefers-color-scheme: dark) { svg { color: #e4e8ed } }</style>"
    opened = element.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    end = opened.index(">") + 1
    return f"{opened[:end]}{scheme}{opened[end:]}"


def standalone(svg: str) -> str:
    """An SVG file whose ink and ground follow the reader's colour scheme."""
    scheme = (
        "<style>svg { color: #1f2328; background: #ffffff } "
        "@media (prefers-color-scheme: dark) { svg { color: #e6edf3; background: #0d1117 } }</style>"
    )
    end = svg.index(">") + 1
    return f'<?xml version="1.0" encoding="utf-8"?>\n{svg[:end]}{scheme}{svg[end:]}'
