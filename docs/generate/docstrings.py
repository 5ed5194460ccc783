"""A theorem's docstring as HTML: its labelled parts, its formulas as MathML."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup, escape

from reports.mathematics import mathml

# What begins a part of a theorem, at the beginning of a line or of a sentence.
_LABEL = re.compile(
    r"(?:^|(?<=\. ))(Settings?|Algorithms?|Claims?|References?|Assumptions?|Constants|Data|Definitions?|Note): ",
    re.MULTILINE,
)
_CODE = re.compile(r"[A-Za-z_][\w/]*(\.\w+)+|--?[a-z][\w-]*|[a-z]+_[a-z_]+")  # dotted names, options, identifiers


_SHORT = 30  # characters of a formula that stays on one line


@dataclass(frozen=True)
class Part:
    """A labelled part of a docstring, "" without label: its paragraphs, ready for a page."""

    label: str
    paragraphs: list[Markup]


def title(docstring: str) -> str:
    """The first paragraph, on one line and without its full stop."""
    return " ".join(docstring.split("\n\n")[0].split()).rstrip(".")


def parts(docstring: str) -> list[Part]:
    """What comes after the first paragraph, in its order."""
    found: list[Part] = []
    for block in docstring.split("\n\n")[1:]:
        if all(line.startswith("    ") for line in block.splitlines()):
            _last(found).paragraphs.append(_formulas(block))
            continue
        starts = [match.start() for match in _LABEL.finditer(block)]
        pieces = [block[i:j] for i, j in zip([0, *starts], [*starts, len(block)], strict=True)]
        for piece in filter(str.strip, pieces):
            label = _LABEL.match(piece)  # which begins the piece, if it has one
            # Only a label begins a part; a paragraph without one after the reference is a remark.
            if label or not found or found[-1].label.startswith("Reference"):
                found.append(Part(label[1] if label else "", []))
            if words := piece[label.end() if label else 0 :].strip():
                found[-1].paragraphs.append(Markup("<p>%s</p>") % prose(" ".join(words.split())))
    return found


def _last(found: list[Part]) -> Part:
    if not found:
        found.append(Part("", []))
    return found[-1]


def prose(words: str) -> Markup:
    """Text with formulas, in backticks or not; a backticked text that is no formula is code."""
    pieces = re.split(r"`([^`]*)`", words)
    return Markup("").join(_backticked(piece) if i % 2 else mathml(piece) for i, piece in enumerate(pieces))


def _backticked(words: str) -> Markup:
    shown = mathml(words)
    if _CODE.fullmatch(words) or "<math" not in shown:
        return Markup("<code>%s</code>") % escape(words)
    # A formula of some length may break, a short one may not.
    return Markup('<span class="nowrap">%s</span>') % shown if len(words) <= _SHORT else shown


def _formulas(block: str) -> Markup:
    """Indented lines, which keep their breaks and wide spaces."""
    lines = [prose(re.sub(" {2,}", "\u2003", line.strip())) for line in block.splitlines()]
    return Markup('<div class="formulas">%s</div>') % Markup("\n").join(lines)
