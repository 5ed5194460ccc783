r"""Text and the table of claims in LaTeX, and the papers in BibTeX.

Formulas become mathematics; in prose, everything that TeX would interpret is escaped. A character that pdfTeX does not
know with its usual fonts becomes its code point in brackets, such as `[U+2603]`: visible, and no error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from matplotlib.mathtext import MathTextParser

from reports import text
from reports.mathematics import Accent, Leaf, Node, Root, Row, Script, pieces
from reports.records import Record

# By the name of their command.
_NAMED = (
    "α alpha β beta γ gamma δ delta ε varepsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu ν nu ξ xi π pi "
    "ρ rho ς varsigma σ sigma τ tau υ upsilon φ varphi χ chi ψ psi ω omega Γ Gamma Δ Delta Θ Theta Λ Lambda "
    "Ξ Xi Π Pi Φ Phi Υ Upsilon Ψ Psi Ω Omega "
    "≤ le ≥ ge ≈ approx ≠ ne ≡ equiv ~ sim · cdot × times ⊙ odot ⊗ otimes ∈ in ∉ notin → to "
    "← leftarrow ↦ mapsto ⇒ Rightarrow ⇔ Leftrightarrow ± pm ∓ mp ∝ propto ≪ ll ≫ gg ⊤ top … dots ∀ forall ∃ exists "
    "∇ nabla Σ sum ∑ sum ∞ infty ∂ partial ∏ prod ∫ int ⟨ langle ⟩ rangle ‖ | ′ prime √ surd "
)
SYMBOLS = {sign: f"\\{name}" for sign, name in re.findall(r"(\S) (\S+) ", _NAMED)}
SYMBOLS |= {"−": "-", "½": r"\frac12", "⅓": r"\frac13", "¼": r"\frac14", "¾": r"\frac34", "{": r"\{", "}": r"\}"}
SYMBOLS |= dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))
_ACCENTS = {"ˆ": "hat", "˜": "tilde", "¯": "bar"}
_FUNCTIONS = frozenset(("log", "ln", "exp", "max", "min", "sup", "inf", "cos", "det"))
_PROSE = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
    "—": "---",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "…": r"\dots{}",
    "\u00a0": "~",
}
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀ", "0123456789+-T", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉ₜᵢⱼₙₖ", "0123456789tijnk", strict=True))
PACKAGES = r"\usepackage{booktabs,longtable,array}"


def escape(words: str) -> str:
    """Prose in which TeX finds nothing to interpret but what this puts there."""
    return "".join(map(_character, words))


def _character(sign: str) -> str:
    if sign in _PROSE:
        return _PROSE[sign]
    if sign in _RAISED or sign in _LOWERED:
        return f"$^{{{_RAISED[sign]}}}$" if sign in _RAISED else f"$_{{{_LOWERED[sign]}}}$"
    if sign in SYMBOLS:
        return f"${SYMBOLS[sign]}$"
    if sign.isspace():
        return " "
    # Latin letters with accents, which every TeX reads from UTF-8.
    known = " " < sign < "\x7f" or (sign.isalpha() and "\xc0" <= sign < "\u0180")
    return sign if known else f"[U+{ord(sign):04X}]"


def typeset(words: str) -> str:
    """Text with its formulas as mathematics; formulas that only spaces part are one."""
    written: list[str] = []
    open_ = False  # whether the last thing written is a formula, still without the sign that ends it
    parts = pieces(words)
    for i, piece in enumerate(parts):
        if isinstance(piece, str):
            if open_ and not piece.strip() and i + 1 < len(parts):
                written.append(" ")
            else:
                written.append("$" * open_ + escape(piece))
                open_ = False
        else:
            written.append("$" * (not open_) + _formula(piece))
            open_ = True
    return "".join(written) + "$" * open_


def mathtext(words: str) -> str:
    """A figure's label with its formulas as mathematics; as it is written where matplotlib cannot read them."""
    written = "".join(p.replace("$", r"\$") if isinstance(p, str) else f"${_formula(p)}$" for p in pieces(words))
    try:
        MathTextParser("path").parse(written)
    except ValueError:
        return words.replace("$", r"\$")
    return written


def _formula(node: Node) -> str:
    match node:
        case Row(parts):
            return " ".join(map(_formula, parts))
        case Leaf("word", word):
            return f"\\{word}" if word in _FUNCTIONS else f"\\mathrm{{{word}}}"
        case Leaf(_, sign):
            return SYMBOLS.get(sign, sign)
        case Script(base, below, above):
            scripts = f"_{{{_formula(below)}}}" if below is not None else ""
            written = _formula(base) if isinstance(base, Leaf) else f"{{{_formula(base)}}}"
            return written + scripts + (f"^{{{_formula(above)}}}" if above is not None else "")
        case Accent(letter, mark):
            return f"\\{_ACCENTS[mark]}{{{_formula(letter)}}}"
        case Root(inside):
            return f"\\sqrt{{{_formula(inside)}}}"


# --- the table of claims --------------------------------------------------------------------------------------------

_COLUMNS = (("Claim", 0.27), ("Source", 0.2), ("Claimed", 0.12), ("Observed", 0.2), ("Twins", 0.05), ("Verdict", 0.1))


def claims_table(records: Sequence[Record]) -> str:
    """The claims as a longtable with booktabs' rules, to be put into a document by `\\input`."""
    widths = "".join(f"L{{{width}\\linewidth}}" for _, width in _COLUMNS)
    heads = " & ".join(name for name, _ in _COLUMNS)
    summary = text.summarise(records)
    lines = [
        "% Claims and their verdicts: \\input this file into a document whose preamble has",
        f"%   {PACKAGES}",
        "% and put the papers, which references.bib holds, at its end.",
        r"\begingroup\footnotesize\setlength{\tabcolsep}{3pt}",
        r"\newcolumntype{L}[1]{>{\raggedright\arraybackslash}p{#1}}",
        rf"\begin{{longtable}}{{@{{}}{widths}@{{}}}}",
        rf"\caption{{{_caption(summary)}}}\\",
        rf"\toprule {heads} \\ \midrule \endfirsthead",
        rf"\toprule {heads} \\ \midrule \endhead",
        r"\bottomrule \endfoot",
        *map(_row, records),
        r"\end{longtable}",
        r"\endgroup",
    ]
    return "\n".join(lines) + "\n"


def _caption(summary: text.Summary) -> str:
    return escape(f"{text.headline(summary)} Profile {', '.join(summary.profiles)}.")


def _row(record: Record) -> str:
    cited = f"~\\cite{{{citation_key(record)}}}" if "reference" in record else ""
    cells = (
        typeset(record["title"]),
        escape(record["source"]) + cited,
        typeset(text.claimed(record)),
        typeset(text.observed(record)),
        escape(text.twins(record)),
        escape(record["verdict"].lower()),
    )
    # A bracket at the start of a row would be an argument of the row before it.
    return f"{{}}{' & '.join(cells)} \\\\ \\addlinespace"


# --- the papers -----------------------------------------------------------------------------------------------------


def citation_key(record: Record) -> str:
    """The paper's key, with what BibTeX allows in it."""
    return re.sub(r"[^A-Za-z0-9.:+-]", "-", record["reference"]["key"])


def bibliography(records: Sequence[Record]) -> str:
    """The papers of the claims in BibTeX, each once, by key; of two versions the newest record's."""
    newest = sorted((r for r in records if "reference" in r), key=lambda record: text.instant(record["created"]))
    papers = {citation_key(record): record["reference"] for record in newest}
    return "\n".join(_entry(key, papers[key]) for key in sorted(papers))


def _entry(key: str, paper: Record) -> str:
    names = [name.strip() for name in re.split(r",|\band\b|(?=\bet al)", paper["authors"]) if name.strip()]
    authors = " and ".join("others" if name.startswith("et al") else escape(name) for name in names)
    fields = {"author": authors, "title": f"{{{escape(paper['title'])}}}", "year": str(paper["year"])}
    if paper.get("arxiv"):
        fields |= {"eprint": escape(paper["arxiv"]), "archiveprefix": "arXiv"}
    body = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@misc{{{key},\n{body}}}\n"
