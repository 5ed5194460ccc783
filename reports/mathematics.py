"""Mathematics in plain text, found and read: `t^-1/2`, `‖∇L(W)‖_*`, `√(β₂ (1-β₁)²)`; written as MathML.

Prose and formulas are mixed without marks, so this errs on the side of prose: a formula is a stretch without spaces
(but for those inside `^(...)`, `_{...}` and `√(...)`) whose every token is known and of which one cannot be a word: a
Greek letter, a script, a letter by itself. Numbers and operators between spaces are formulas beside a formula only.
Whatever cannot be read stays as it is written. A line may break wherever the text has a space.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup, escape

# These are no English words, and formulas by themselves.
_ALWAYS = frozenset(("log", "ln", "exp", "argmax", "argmin"))
# These are formulas before a formula only: the min of x, but min x.
_LIMITS = frozenset(("max", "min", "sup", "inf"))
FUNCTIONS = _ALWAYS | _LIMITS | {"sign", "diag", "mean", "margin", "tr", "rank", "det", "cos"}
_HELD = '<span class="formula">'
_PROSE = frozenset(("a", "A", "I", "w/o", "n/a", "N/A", "I/O", "A/B"))
_SIGNS = "+-−=≤≥<>≈≠~·×/⊙∈→←↦⇒±∝≪≫*,:⊤…"
_OPEN, _CLOSE, _BARS = "([{⟨", ")]}⟩", "‖|"
_PLAIN = "∇Σ∞∂∏∫"  # symbols that no style slants
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀ", "0123456789+−T", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉ₜᵢⱼₙₖ", "0123456789tijnk", strict=True))
_ACCENTS = {"\u0302": "ˆ", "\u0303": "˜", "\u0304": "¯"}
_LETTER = "[A-Za-zΑ-ΡΤ-Ωα-ω]"
_TOKENS = re.compile(
    rf"(?P<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?|[½⅓¼¾])|(?P<letters>{_LETTER}[\u0302-\u0304]?(?:{_LETTER}[\u0302-\u0304]?)*)"
    rf"|(?P<raised>[{''.join(_SUPERSCRIPTS)}]+)|(?P<lowered>[{''.join(_SUBSCRIPTS)}]+)"
    rf"|(?P<script>[\^_])|(?P<root>√)|(?P<plain>[{_PLAIN}])|(?P<prime>')"
    rf"|(?P<fence>[{re.escape(_OPEN + _CLOSE + _BARS)}])|(?P<sign>[{re.escape(_SIGNS)}])|(?P<space>\s+)"
)
# What a script without brackets takes: a signed number or fraction, a letter or a short word, or a sign.
_BARE = {
    "^": re.compile(rf"[+\-−]?(?:[\d./]*\d|[½⅓¼¾]|{_LETTER}(?![A-Za-z]))"),
    "_": re.compile(rf"\*|∞|\d+|{_LETTER}+'?"),
}


@dataclass(frozen=True)
class Leaf:
    """A token: a "letter", "number", "word" (upright), "symbol" (upright), "sign" or "fence"."""

    kind: str
    text: str


@dataclass(frozen=True)
class Row:
    """Parts beside each other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Script:
    """A base with what is below and above it, or one of these."""

    base: Node
    below: Node | None
    above: Node | None


@dataclass(frozen=True)
class Accent:
    """A letter below a mark, which is a hat, a tilde or a bar: one of "ˆ˜¯"."""

    letter: Leaf
    mark: str


@dataclass(frozen=True)
class Root:
    """A square root."""

    inside: Node


Node = Leaf | Row | Script | Accent | Root


def pieces(words: str) -> list[str | Node]:
    """The text as stretches of prose and the formulas between them, in their order; spaces are prose."""
    found: list[str | Node] = []
    for lead, node, core, tail in _settled([_chunk(raw) for raw in _stretches(words)]):
        for piece in (lead, core if node is None else node, tail):
            if isinstance(piece, str) and found and isinstance(found[-1], str):
                found[-1] += piece
            elif piece != "":
                found.append(piece)
    return found


@lru_cache(4096)  # a page says most things twice
def mathml(words: str) -> Markup:
    """The text for a page: escaped, each of its formulas a `<math>` element.

    Brackets and punctuation that touch a formula are held to it in a `<span class="formula">`: no line ends between.
    """
    written: list[str] = []
    before = ""  # prose that is not yet written: the next formula may take its end
    for piece in pieces(words):
        if isinstance(piece, str):
            tail = piece[: len(piece) - len(piece.lstrip(_CLOSE + ".,;:!?’”"))] if written else ""
            if tail:
                written[-1] = _held(written[-1], "", tail)
            before = piece[len(tail) :]
        else:
            lead = before[len(before.rstrip(_OPEN + "‘“")) :]
            written.append(str(escape(before.removesuffix(lead))))
            written.append(_held(f"<math>{_element(piece)}</math>", lead, ""))
            before = ""
    return Markup("".join(written) + str(escape(before)))


def _held(formula: str, lead: str, tail: str) -> str:
    """A formula, with what may not be parted from it."""
    if not lead + tail:
        return formula
    inside = formula.removeprefix(_HELD).removesuffix("</span>") if formula.startswith(_HELD) else formula
    return f"{_HELD}{escape(lead)}{inside}{escape(tail)}</span>"


# --- where formulas are ---------------------------------------------------------------------------------------------

_Chunk = tuple[str, Node | None, str, str]  # what stands before the core, the formula if it may be one, core, after it


def _stretches(words: str) -> Iterator[str]:
    """The text cut at its spaces, but for those in the brackets of a script or a root; spaces are stretches as well."""
    start = 0
    while start < len(words):
        end, space = start, words[start].isspace()
        while end < len(words) and words[end].isspace() == space:
            group = None if space else re.match(r"[\^_√][({]", words[end : end + 2])
            end = (_closing(words, end + 1) if group else None) or end
            end += 1
        yield words[start:end]
        start = end


def _closing(words: str, start: int) -> int | None:
    """The index of the bracket that closes the one at `start`; None without one."""
    depth = 0
    for i in range(start, len(words)):
        depth += (words[i] in _OPEN) - (words[i] in _CLOSE)
        if depth == 0:
            return i
    return None


def _opened(words: str) -> bool:
    """Whether the bracket that ends the text is opened in it."""
    depth = 0
    for sign in reversed(words):
        depth += (sign in _CLOSE) - (sign in _OPEN)
        if depth == 0:
            return True
    return False


def _chunk(raw: str) -> _Chunk:
    """Punctuation and brackets without partner split off, and what is left read as a formula, if it can be."""
    tail = re.search(r"[.,;:!?]*$", raw)
    core = raw[: tail.start()] if tail else raw
    lead = ""
    while core and core[0] in _OPEN and _closing(core, 0) is None:
        lead, core = lead + core[0], core[1:]
    while core and core[-1] in _CLOSE and not _opened(core):
        core = core[:-1]
    after = raw[len(lead) + len(core) :]
    decomposed = unicodedata.normalize("NFD", core)
    readable = core and not core.isspace() and core not in _PROSE and not re.search("[A-Za-z]{2}-[A-Za-z]{2}", core)
    return lead, _read(decomposed) if readable else None, core, after


def _settled(chunks: list[_Chunk]) -> Iterator[_Chunk]:
    """Formulas stay, and so do numbers and signs that belong to one; the rest is prose."""
    words = [i for i, chunk in enumerate(chunks) if not chunk[2].isspace() or chunk[0] or chunk[3]]
    weights = [_weight(chunks[i][1]) for i in words]
    joined = [not re.search(r"[.,;:!?]", chunks[i][3]) for i in words]  # to the next one

    def beside(k: int, kinds: tuple[str, ...], either: bool = True) -> bool:
        after = k + 1 < len(words) and joined[k] and weights[k + 1] in kinds
        return after or (either and k > 0 and joined[k - 1] and weights[k - 1] in kinds)

    for _ in range(4):  # a number beside a sign beside a formula, from both sides
        for k, weight in enumerate(weights):
            if (
                (weight == "sign" and beside(k, ("formula",)))
                or (weight == "number" and beside(k, ("linked",)))
                or (weight in ("number", "function") and beside(k, ("formula",), either=False))
            ):
                weights[k] = "linked" if weight == "sign" else "formula"
    kept = {words[k] for k, weight in enumerate(weights) if weight in ("formula", "linked")}
    for i, (lead, node, core, after) in enumerate(chunks):
        yield lead, node if i in kept else None, core, after


def _weight(node: Node | None) -> str:
    """What a stretch is by itself: "formula", "function", "number", "sign", or "prose"."""
    if node is None:
        return "prose"
    leaves = list(_leaves(node))
    kinds = {leaf.kind for leaf in leaves}
    if "letter" in kinds or "symbol" in kinds or not isinstance(node, Row):
        return "formula"
    if any(isinstance(part, Script | Root) for part in node.parts) or any(leaf.text in _ALWAYS for leaf in leaves):
        return "formula"
    if "word" in kinds:
        return ("function" if leaves[0].text in _LIMITS else "prose") if len(leaves) == 1 else "formula"
    return "number" if "number" in kinds else "sign"


def _leaves(node: Node | None) -> Iterator[Leaf]:
    match node:
        case Leaf():
            yield node
        case Row(parts):
            for part in parts:
                yield from _leaves(part)
        case Script(base, below, above):
            for part in (base, below, above):
                yield from _leaves(part)
        case Accent(letter):
            yield letter
        case Root(inside):
            yield from _leaves(inside)


# --- what formulas say ----------------------------------------------------------------------------------------------


class _Unreadable(Exception):
    """A text that is no formula."""


def _read(words: str) -> Row | None:
    try:
        return _row(words)
    except _Unreadable:
        return None


def _row(words: str, inner: bool = False) -> Row:
    """The formula that the whole text is; an `inner` one is in brackets or a script. Raises `_Unreadable`."""
    parts: list[Node] = []
    position = 0
    while position < len(words):
        token = _TOKENS.match(words, position)
        if token is None:
            raise _Unreadable
        kind, text, start = str(token.lastgroup), token[0], position
        position = token.end()
        if kind == "letters":
            parts += _letters(text, words[:start], words[position:], inner)
        elif kind == "script":
            group, position = _group(words, position, _BARE[text])
            _attach(parts, group, above=text == "^")
        elif kind in ("raised", "lowered"):
            table = _SUPERSCRIPTS if kind == "raised" else _SUBSCRIPTS
            _attach(parts, _row("".join(table[c] for c in text), inner=True), above=kind == "raised")
        elif kind == "prime":
            if re.match(r"[^\W_]", words[position:]):
                raise _Unreadable  # an apostrophe
            _attach(parts, Leaf("sign", "′"), above=True)
        elif kind == "root":
            group, position = _group(words, position, re.compile(rf"\d+|{_LETTER}(?![A-Za-z])"))
            parts.append(Root(group))
        elif kind != "space":
            name = {"plain": "symbol"}.get(kind, kind)
            parts.append(Leaf(name, text.replace("-", "−") if kind == "sign" else text))
    return Row(tuple(parts))


def _group(words: str, position: int, bare: re.Pattern[str]) -> tuple[Node, int]:
    """What a script or root at `position` takes, without its brackets, and where it ends."""
    if words[position : position + 1] in ("(", "{"):
        end = _closing(words, position)
        if end is None or not words[position + 1 : end].strip():
            raise _Unreadable
        return _row(words[position + 1 : end], inner=True), end + 1
    found = bare.match(words, position)
    if found is None:
        raise _Unreadable
    name = re.fullmatch(r"[A-Za-z]{3,}", found[0])
    return Leaf("word", found[0]) if name else _row(found[0], inner=True), found.end()


def _attach(parts: list[Node], group: Node, above: bool) -> None:
    """Make the last part the base of a script, of which it may have the other one already."""
    if not parts or (isinstance(parts[-1], Leaf) and parts[-1].kind == "sign"):
        raise _Unreadable
    base = parts.pop()
    if isinstance(base, Script) and above and base.above is None:
        parts.append(Script(base.base, base.below, group))
    elif isinstance(base, Script) and not above and base.below is None:
        parts.append(Script(base.base, group, base.above))
    else:
        parts.append(Script(base, None, group) if above else Script(base, group, None))


def _letters(text: str, before: str, after: str, inner: bool) -> list[Node]:
    """A function's name, or a product of letters where it cannot be a word. Raises `_Unreadable`."""
    if text in FUNCTIONS:
        return [Leaf("word", text)]
    letters = re.findall(rf"{_LETTER}[\u0302-\u0304]?", text)
    if re.match(r"\d" if len(letters) == 1 else r"[\d_]", after):
        raise _Unreadable  # a name such as L2 or learning_rate
    product = (
        (inner and len(letters) == 2)
        or any(ord(letter[0]) > 0x7F or len(letter) > 1 for letter in letters)
        or re.match(rf"[{''.join(_SUPERSCRIPTS)}]", after)
        or re.fullmatch("[a-z][A-Z]", text)
        or (re.search(r"\d$", before) and re.fullmatch("[A-Z]{2,3}", text))
    )
    if len(letters) > 1 and (not product or re.search("[A-Za-z]{4}", text)):
        raise _Unreadable
    return [
        Accent(Leaf("letter", letter[0]), _ACCENTS[letter[1]]) if len(letter) > 1 else Leaf("letter", letter)
        for letter in letters
    ]


# --- MathML ---------------------------------------------------------------------------------------------------------

_TAGS: dict[str, Callable[[str], str]] = {
    "letter": lambda text: f"<mi>{text}</mi>",
    "word": lambda text: f"<mi>{text}</mi>",
    "symbol": lambda text: f'<mi mathvariant="normal">{text}</mi>',
    "number": lambda text: f"<mn>{text}</mn>",
    "sign": lambda text: f"<mo>{text}</mo>",
    "fence": lambda text: f'<mo stretchy="false">{text}</mo>',
}


def _element(node: Node) -> str:
    match node:
        case Row((Leaf("sign", text),)):
            return f'<mo lspace="0" rspace="0">{escape(text)}</mo>'  # the text has spaces around it
        case Row((part,)):
            return _element(part)
        case Row(parts):
            return f"<mrow>{''.join(map(_element, parts))}</mrow>"
        case Leaf(kind, text):
            return _TAGS[kind](str(escape(text)))
        case Script(base, None, above) if above is not None:
            return f"<msup>{_element(base)}{_element(above)}</msup>"
        case Script(base, below, None) if below is not None:
            return f"<msub>{_element(base)}{_element(below)}</msub>"
        case Script(base, below, above) if below is not None and above is not None:
            return f"<msubsup>{_element(base)}{_element(below)}{_element(above)}</msubsup>"
        case Accent(letter, mark):
            return f'<mover accent="true">{_element(letter)}<mo>{mark}</mo></mover>'
        case Root(inside):
            return f"<msqrt>{_element(inside)}</msqrt>"
        case _:
            raise AssertionError(node)
