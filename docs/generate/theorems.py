"""A page for each theorem's file, and the exhibits' page, from the claims and from the records of the last run."""

from __future__ import annotations

import ast
import importlib
import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from docs.generate import docstrings
from reports import captions, figures, gallery, svg, text
from reports.mathematics import mathml
from reports.records import Curves, Record, load_curves, read_records, slug

if TYPE_CHECKING:
    from verify.claims.claim import Claim

_Files = dict[str, str | bytes]


@dataclass(frozen=True)
class File:
    """A file of theorems: its path below the root, its docstring and source, and the claims that it defines."""

    path: str
    docstring: str
    source: str
    claims: tuple[Claim, ...]

    @property
    def name(self) -> str:
        """What `pytest -k` selects it by, within its paper."""
        return Path(self.path).stem.removeprefix("test_")

    @property
    def title(self) -> str:
        """What it says, in a sentence."""
        return docstrings.title(self.docstring)

    @property
    def page(self) -> str:
        """Its page's path on the site."""
        return f"theorems/{Path(self.path).parent.name}/{self.name}.md"


@dataclass(frozen=True)
class Finding:
    """What the last run said of a claim: its record, its figure's path if it has one, caption and alternative text."""

    record: Record
    figure: str | None
    caption: str
    alternative: str

    @property
    def twins(self) -> dict[str, Any]:
        """What the record says of the twins, by what is wrong with each: a claim may have changed since."""
        return {twin["wrong"]: twin for twin in self.record["twins"]}


@dataclass(frozen=True)
class Made:
    """Generated files by their path on the site, and where they belong in the navigation."""

    files: _Files
    navigation: list[Any]


def pages(root: Path, report_dir: Path) -> Made:
    """The theorems' pages; with verdicts, numbers and figures where `report_dir` holds records.

    Raises `ReportError` where a record or its curves are damaged.
    """
    files = theorem_files(root)
    findings, made = _findings(report_dir)
    environment = _environment()
    context = {"findings": findings, "run": _run(findings)}
    environment.filters["cells"] = lambda file: _cells(file, findings)
    for file in files:
        made[file.page] = environment.get_template("theorem.md.j2").render(context, file=file)
    grouped = [(paper, list(members)) for paper, members in groupby(files, key=_paper)]
    headings = ["Claims", "False twins", *(["Verdicts"] if findings else [])]
    index = environment.get_template("theorems.md.j2").render(context, papers=grouped, headings=headings)
    made["theorems/index.md"] = index
    navigation = [{paper: [{file.name: file.page} for file in members]} for paper, members in grouped]
    return Made(made, navigation)


def exhibits(report_dir: Path) -> _Files:
    """The page of the experiments' exhibits and their figures; empty where `report_dir` has none."""
    found = gallery.read_exhibits(report_dir)
    if not found:
        return {}
    files: _Files = {f"exhibits/{exhibit['id']}.svg": gallery.standalone(exhibit).encode() for exhibit in found}
    return {"exhibits.md": _environment().get_template("exhibits.md.j2").render(exhibits=found)} | files


def theorem_files(root: Path) -> list[File]:
    """The files below `root`/properties that define claims, by paper; their modules are imported."""
    from verify.claims.catalogue import claims_of

    found = []
    for path in sorted(root.glob("properties/*/test_*.py")):
        source = path.read_text("utf-8")
        relative = path.relative_to(root)
        module = importlib.import_module(".".join(relative.with_suffix("").parts))
        claims = {claim.id: claim for claim in claims_of(module)}
        if not claims:
            continue  # it asks, and has its place on the page of open questions
        docstring = ast.get_docstring(ast.parse(source)) or ""
        found.append(File(relative.as_posix(), docstring, source, tuple(claims.values())))
    return found


def _paper(file: File) -> str:
    """A paper as it is cited, after its folder's first claim."""
    paper = file.claims[0].paper
    authors = paper.authors.split(", ")
    return f"{authors[0]} et al. {paper.year}" if len(authors) > 3 else f"{', '.join(authors)} {paper.year}"


def _cells(file: File, findings: dict[str, Finding]) -> list[str]:
    """The cells of a file's row beside its title."""
    cells = [str(len(file.claims)), str(sum(len(claim.twins) for claim in file.claims))]
    if not findings:
        return cells
    verdicts = [findings[claim.id].record["verdict"] for claim in file.claims if claim.id in findings]
    counted = [(word, verdicts.count(word)) for word in text.VERDICTS if word in verdicts]
    badges = [f'<span class="verdict {word}">{count} {text.verdict(word)}</span>' for word, count in counted]
    return [*cells, " ".join(badges)]


def _findings(report_dir: Path) -> tuple[dict[str, Finding], _Files]:
    findings: dict[str, Finding] = {}
    drawn: _Files = {}
    for record in read_records(report_dir):
        curves = load_curves(report_dir, record)
        alternative = captions.alternative(record, curves)
        path = f"theorems/figures/{slug(record['id'])}.svg"
        if (picture := _picture(record, curves, alternative)) is not None:
            drawn[path] = picture
        shown = Path(path).name if path in drawn else None
        findings[record["id"]] = Finding(record, shown, captions.caption(record, curves), alternative)
    return findings, drawn


def _picture(record: Record, curves: Curves, alternative: str) -> bytes | None:
    with svg.style(record["id"]):
        canvas = figures.canvas(record, curves)
        return canvas and svg.picture(canvas, ".svg", alternative)


def _run(findings: dict[str, Finding]) -> str:
    """The last run in a sentence, "" without one."""
    if not findings:
        return ""
    counts = text.summarise([finding.record for finding in findings.values()])
    return f"{text.headline(counts)} Profile {', '.join(counts.profiles)}; last record {counts.created}."


def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters |= {
        "cell": gallery.cell,
        "claimed": text.claimed,
        "estimate": text.estimate,
        "law": _law,
        "math": mathml,
        "name": lambda given: given if isinstance(given, str) else getattr(given, "name", str(given)),
        "number": text.number,
        "parts": docstrings.parts,
        "plain": _plain,
        "points": text.points,
        "size": text.size,
        "slug": slug,
        "verdict": text.verdict,
    }
    return environment


def _law(kind: Any) -> str:
    """What a kind of claim promises, in a few words."""
    law = getattr(kind, "law", None)
    return str(getattr(kind, "text", "")) or (f"O({law})" if law is not None else "")


def _plain(words: str) -> str:
    """Text for Markdown, in which neither HTML nor Markdown finds anything to interpret."""
    return re.sub(r"[\\`*_\[\]{}#|&<>]", lambda found: f"&#{ord(found[0])};", words)
